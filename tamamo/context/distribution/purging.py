"""Purge Entities where other sources are concerned too (clause 5.6.21).

What is here goes first, then the sources are asked, each for exactly what it is registered for: a
purge that meant more than its registration would delete what is none of our business. Where the
parameters of a purge cannot say it, the source is not asked and the answer says so.
"""

from collections.abc import Iterable
from typing import Final

from starlette.responses import Response

from tamamo.context import http
from tamamo.context.distribution import asking
from tamamo.context.distribution import outcome as outcomes
from tamamo.context.distribution.asked import read_asked
from tamamo.context.distribution.caller import Caller
from tamamo.context.distribution.choice import Part, choose
from tamamo.context.distribution.client import Request, has_same_names, together
from tamamo.context.distribution.outcome import Outcome
from tamamo.context.distribution.provision import layered, not_asked, sources_of_tenant, takes
from tamamo.context.distribution.source import Source
from tamamo.context.errors import BadRequestData, LdContextNotAvailable, OperationNotSupported
from tamamo.context.http import Exchange, Handler
from tamamo.context.jsonld import TermMap
from tamamo.context.model.values import NGSI_NULL
from tamamo.context.query import geoq, plan, projection, request
from tamamo.context.query.plan import Selector
from tamamo.context.registrations.matching import matches

_PURGE: Final = "purgeEntity"
#: Filters in which attributes are named in the client's own words.
_NAMING: Final = ("q", "expandValues", "jsonKeys")


def distributed(handler: Handler) -> Handler:
    """Return the handler of a purge that goes to other sources too where some are concerned."""
    return layered(handler, lambda exchange: _distribute(exchange, handler))


async def _distribute(exchange: Exchange, handler: Handler) -> Response:
    query = request.read(exchange.params, exchange.terms)
    caller = await exchange.broker.distribution.caller(
        exchange.tenant, exchange.terms, exchange.request.headers
    )
    found = _sources(exchange, query)
    response = await handler(exchange)
    asks = []
    failed: list[tuple[str, Outcome]] = []
    for source, parts in found:
        if not source.proxied and not takes(caller, source, _PURGE):
            continue
        refused = not_asked(caller, source, (), _PURGE) or _cannot_be_said(source, query, caller)
        if refused is not None:
            failed.append((NGSI_NULL, refused))
            continue
        asks += [
            _ask(exchange, caller, query, part, selector)
            for part in parts
            for selector in part.selectors
        ]
    for answered in await together(asks):
        failed += [(entity_id, outcome) for entity_id, outcome in answered if outcome.failed]
    if not failed:
        return response
    return http.plain(exchange, outcomes.batch_result(failed), 207)


def _sources(exchange: Exchange, query: plan.Query) -> list[tuple[Source, tuple[Part, ...]]]:
    """Return the sources that match the query, with what they are to be asked for."""
    wanted = read_asked(exchange, query).wanted
    nobody = Caller(exchange.tenant, exchange.terms, "")
    found = []
    for source in sources_of_tenant(exchange, past=False):
        choice = choose([source], nobody, tuple(source.operations), query.selectors)
        if choice.parts and matches(source.document, wanted):
            found.append((source, choice.parts))
    return found


def _cannot_be_said(source: Source, query: plan.Query, caller: Caller) -> Outcome | None:
    """Return why no purge can be said that means what was asked and keeps to the registration."""
    why = None
    patterns = {one.id_pattern.source for one in query.selectors if one.id_pattern and not one.ids}
    registered = {
        known.pattern.source for info in source.infos for known in info.entities if known.pattern
    }
    if patterns and registered - patterns:
        why = "idPattern and the pattern registered cannot be asked for together"
    elif source.datasets:
        why = "it is registered for some datasetIds only"
    elif not has_same_names(caller, source) and query.q is not None:
        why = "the filters cannot be said in the names of its @context"
    if why is None:
        return None
    problem = OperationNotSupported(f"Not asked of {source.id}: {why}")
    return Outcome(source, problems=[problem])


async def _ask(
    exchange: Exchange, caller: Caller, query: plan.Query, part: Part, selector: Selector
) -> list[tuple[str, Outcome]]:
    client = exchange.broker.distribution.client
    about = selector.ids or (NGSI_NULL,)
    try:
        terms = await client.terms_for(caller, part.source)
    except (LdContextNotAvailable, BadRequestData) as problem:
        outcome = outcomes.no_context(part.source, problem)
        return [(entity_id, outcome) for entity_id in about]
    params = _params(exchange, query, part, selector, terms)
    if params is None:
        return []
    reply = await client.send(
        caller, part.source, Request("DELETE", "/entities", params, None, terms)
    )
    return [(entity_id, outcomes.away(reply)) for entity_id in about]


def _params(
    exchange: Exchange, query: plan.Query, part: Part, selector: Selector, terms: TermMap
) -> dict[str, str] | None:
    """Return the parameters of a purge; None when there is nothing to delete at the source."""
    params: dict[str, str] = {}
    if selector.types is not None:
        params["type"] = asking.type_text(selector.types, terms)
    if selector.ids:
        params["id"] = ",".join(selector.ids)
    if selector.id_pattern is not None:
        params["idPattern"] = selector.id_pattern.source
    if query.attrs:
        params["attrs"] = _names(query.attrs, terms)
    given = exchange.params
    params |= {
        name: given[name] for name in (*_NAMING, "scopeQ", *geoq.PARAMETERS) if name in given
    }
    if query.geo is not None and "geoproperty" in given:
        params["geoproperty"] = terms.compact_iri(query.geo.geoproperty)
    limits = _limits(exchange, part.attrs, terms)
    return None if limits is None else params | limits


def _limits(
    exchange: Exchange, registered: frozenset[str], terms: TermMap
) -> dict[str, str] | None:
    """Return drop or keep, so that only attributes registered go; None when none are to go."""
    drop, keep = (
        frozenset(projection.parse_attrs(exchange.params[name], exchange.terms, name))
        if name in exchange.params
        else None
        for name in ("drop", "keep")
    )
    if not registered:
        if drop is not None:
            return {"drop": _names(drop, terms)}
        return {} if keep is None else {"keep": _names(keep, terms)}
    gone = registered if drop is None else registered & drop
    if keep is not None:
        gone -= keep
    return {"drop": _names(gone, terms)} if gone else None


def _names(attrs: Iterable[str], terms: TermMap) -> str:
    return ",".join(sorted(terms.compact_iri(attr) for attr in attrs))
