"""Writes of one entity that concern other sources too (clauses 5.6.1 to 5.6.6, 5.6.11 to 5.6.19).

One layer before the handlers of all these operations: it splits the body, asks the sources for
their parts, all at once, then has the handler write the rest here, and joins the answers. The
parts done here are one transaction. What a source did stays done when something else fails:
the answer says what was done and what was not.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import wraps
from typing import Any, Final

from starlette.responses import Response

from tamamo.context import http
from tamamo.context.distribution import outcome as outcomes
from tamamo.context.distribution.caller import Caller
from tamamo.context.distribution.client import Request, together
from tamamo.context.distribution.limits import within
from tamamo.context.distribution.naming import Translation
from tamamo.context.distribution.outcome import Outcome, Verdict
from tamamo.context.distribution.source import Source
from tamamo.context.distribution.split import (
    Part,
    Share,
    Split,
    Subject,
    concerned,
    cut,
    split,
    types_asked,
)
from tamamo.context.errors import BadRequestData, LdContextNotAvailable, ResourceNotFound
from tamamo.context.http import Exchange, Handler
from tamamo.context.model.entity import Entity
from tamamo.context.query import typeq
from tamamo.kernel.errors import Forbidden, Problem
from tamamo.kernel.time import now


class Kind(Enum):
    """How an operation is split."""

    #: A whole entity that is not there yet.
    CREATE = "create"
    #: A whole entity in the place of another.
    REPLACE = "replace"
    #: Attributes of an entity.
    FRAGMENT = "fragment"
    #: One attribute of an entity.
    ATTRIBUTE = "attribute"
    #: All of an entity.
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """An operation as the layer sees it.

    operation: its name of 4.20. read: what it is about; raises what is wrong with the request.
    path: below /ngsi-ld/v1, in the names for a source. passed: parameters that sources get as
    well, beside `type`. by_attribute: whether its 207 is an UpdateResult. success: its answer when
    all is done, from the exchange, the entity's id and whether one was created. past: whether it
    is about temporal evolutions.
    """

    operation: str
    kind: Kind
    method: str
    read: Callable[[Exchange], Subject]
    path: Callable[[Exchange, Subject, Translation], str]
    success: Callable[[Exchange, str, bool], Response]
    passed: frozenset[str] = frozenset()
    by_attribute: bool = False
    past: bool = False


@dataclass(slots=True)
class Plan:
    """What is asked of whom. here: the exchange of the rest, None when nothing is left.

    attrs: IRIs of the rest's attributes. lenient: whether it is no error when what is written to is
    not here.
    """

    shares: list[Share]
    here: Exchange | None = None
    attrs: tuple[str, ...] = ()
    lenient: bool = False


def layered(handler: Handler, distribute: Handler) -> Handler:
    """Return the handler before which `distribute` stands, where other sources are concerned.

    Without registrations in the tenant, or with local=true, it is the handler itself: nothing is
    awaited and nothing looked up in the database for it. Whoever may not write everything writes
    only what is here: what a source holds is for its own rights, which nobody here can know.
    """

    @wraps(handler)
    def run(exchange: Exchange) -> Awaitable[Response]:
        if not exchange.broker.distribution.concerns(exchange.tenant, exchange.params):
            return handler(exchange)
        if not exchange.access.write.everything:
            _require_here(exchange)
            return handler(exchange)
        return distribute(exchange)

    return run


def _require_here(exchange: Exchange) -> None:
    """Raise Forbidden for a write to what another source holds."""
    body = exchange.body
    named = [exchange.path.get("id"), *(body if isinstance(body, list) else [body])]
    ids = [one.get("id", one.get("@id")) if isinstance(one, dict) else one for one in named]
    for source in exchange.broker.distribution.directory.of(exchange.tenant):
        for entity_id in ids:
            if source.proxied and isinstance(entity_id, str) and source.has(entity_id):
                raise Forbidden(f"{entity_id} is held by another source, at which you may write it")


def distributed(handler: Handler, write: Write) -> Handler:
    """Return the handler of a write that goes to other sources too where some are concerned."""
    return layered(handler, lambda exchange: _distribute(exchange, handler, write))


async def _distribute(exchange: Exchange, handler: Handler, write: Write) -> Response:
    subject = write.read(exchange)
    caller = await exchange.broker.distribution.caller(
        exchange.tenant, exchange.terms, exchange.request.headers
    )
    sources = [
        source
        for source in _sources_of(exchange, subject, past=write.past)
        if source.proxied or takes(caller, source, write.operation)
    ]
    subject = await _with_types(exchange, write.kind, subject, sources)
    plan = _plan(exchange, write, subject, sources)
    if not plan.shares:
        return await handler(exchange)
    asked = (_ask(exchange, caller, write, subject, share) for share in plan.shares)
    found = await together(asked)
    found += await _write_here(plan, handler)
    return _answer(exchange, write, subject, found)


def sources_of_tenant(exchange: Exchange, *, past: bool) -> list[Source]:
    """Return the sources a write may concern at all: not expired, not auxiliary.

    Of temporal evolutions are those registered for times past (5.9.1), and those that name the
    operations on them themselves.
    """
    moment = now()
    return [
        source
        for source in exchange.broker.distribution.directory.of(exchange.tenant)
        if source.mode != "auxiliary"
        and (source.temporal == past or (past and _names_the_past(source)))
        and (source.expires_at is None or source.expires_at > moment)
    ]


def _sources_of(exchange: Exchange, subject: Subject, *, past: bool) -> list[Source]:
    """Return the sources that may have something of the entity, whatever its types."""
    selector = exchange.params.get("type")
    asked = None if selector is None else typeq.parse(selector, exchange.terms)
    return [
        source
        for source in sources_of_tenant(exchange, past=past)
        if source.has(subject.id)
        and (asked is None or _may_meet(source, subject, asked))
        and within(source, exchange.body, exchange.terms)
    ]


def _names_the_past(source: Source) -> bool:
    return any(name.endswith("Temporal") for name in source.operations)


def _may_meet(source: Source, subject: Subject, asked: typeq.Node) -> bool:
    """Whether the types a source is registered for can meet the request's selector."""
    return any(
        not info.entities
        or any(
            known.has_id(subject.id)
            and typeq.matches(asked, Entity("", sorted(known.types), {}, []))
            for known in info.entities
        )
        for info in source.infos
    )


async def _with_types(
    exchange: Exchange, kind: Kind, subject: Subject, sources: Sequence[Source]
) -> Subject:
    """Return the subject with the types it has here too, where its sources depend on them."""
    if not depends_on_types(kind, subject, sources):
        return subject
    entity = await exchange.broker.entities.find(exchange.tenant, subject.id)
    return subject if entity is None else also_of(subject, entity.types)


def depends_on_types(kind: Kind, subject: Subject, sources: Sequence[Source]) -> bool:
    """Whether it matters which types the entity has that a request does not say.

    A fragment says at most those it adds.
    """
    if subject.types and kind is not Kind.FRAGMENT:
        return False
    nameless = Subject(subject.id)
    return any(types_asked(source, nameless) for source in sources)


def also_of(subject: Subject, types: Sequence[str]) -> Subject:
    """Return the subject as one of these types too."""
    return replace(subject, types=tuple(dict.fromkeys((*types, *subject.types))))


def _plan(exchange: Exchange, write: Write, subject: Subject, sources: Sequence[Source]) -> Plan:
    if write.kind is Kind.DELETE:
        shares = [Share(source, Part(True, {})) for source in concerned(subject, sources)]
        return Plan(shares, exchange, lenient=any(share.source.proxied for share in shares))
    found = split(subject, sources)
    proxied = any(share.source.proxied for share in found.shares)
    here, lenient = rest_here(write.kind, exchange.body, subject, found)
    if not here:
        return Plan(found.shares)
    rest = exchange
    if proxied and write.kind is not Kind.ATTRIBUTE:
        rest = replace(exchange, body=cut(exchange.body, found.rest, exchange.terms))
    return Plan(found.shares, rest, tuple(found.rest.attrs), lenient)


#: Members by which a fragment changes an entity itself.
_HEAD: Final = frozenset({"type", "@type", "scope", "expiresAt"})


def rest_here(
    kind: Kind, body: Mapping[str, Any] | None, subject: Subject, found: Split
) -> tuple[bool, bool]:
    """Return whether something is left to write here, and whether it may be missing here."""
    rest = found.rest
    proxied = any(share.source.proxied for share in found.shares)
    if kind is Kind.ATTRIBUTE:
        return bool(rest.attrs), proxied
    if kind is Kind.REPLACE:
        return bool(rest), bool(found.shares)
    if rest.attrs or (rest.whole and not subject.attrs):
        return True, False
    # All attributes are elsewhere. What a fragment says of the entity itself counts here too.
    return kind is Kind.FRAGMENT and rest.whole and not _HEAD.isdisjoint(body or ()), True


async def _ask(
    exchange: Exchange, caller: Caller, write: Write, subject: Subject, share: Share
) -> Outcome:
    """Ask a source for its part."""
    source, attrs = share.source, tuple(share.part.attrs)
    refused = not_asked(caller, source, attrs, write.operation)
    if refused is not None:
        return refused
    try:
        terms = await exchange.broker.distribution.client.terms_for(caller, source)
    except (LdContextNotAvailable, BadRequestData) as problem:
        return outcomes.no_context(source, problem, attrs)
    names = Translation(exchange.terms, terms, source.conformance)
    request = Request(
        write.method,
        write.path(exchange, subject, names),
        _params(exchange, write.passed, source, subject, names),
        _body(exchange, write, share, names),
        terms,
    )
    reply = await exchange.broker.distribution.client.send(caller, source, request)
    return outcomes.away(reply, attrs)


def not_asked(
    caller: Caller, source: Source, attrs: Sequence[str], *operations: str
) -> Outcome | None:
    """Return why a source cannot be asked, although what is written to is there; None if it can."""
    if source.operations.isdisjoint(operations):
        return outcomes.not_supported(source, operations[0], attrs)
    if _goes_round(caller, source):
        return outcomes.loop(source, attrs)
    return None


def takes(caller: Caller, source: Source, *operations: str) -> bool:
    """Whether a source is to be asked for one of these operations."""
    return not source.operations.isdisjoint(operations) and not _goes_round(caller, source)


def _goes_round(caller: Caller, source: Source) -> bool:
    """Whether the request came through this source, or through this broker (6.3.18)."""
    return caller.goes_round or source.alias in caller.met


def _params(
    exchange: Exchange,
    passed: frozenset[str],
    source: Source,
    subject: Subject,
    names: Translation,
) -> dict[str, str]:
    """Return the parameters for a source; types that keep it to what is registered (4.3.6.1)."""
    params = {name: text for name, text in exchange.params.items() if name in passed}
    registered = "|".join(names.iri(iri) for iri in types_asked(source, subject))
    asked = exchange.params.get("type")
    if asked is not None:
        given = names.types(asked)
        params["type"] = f"({given});({registered})" if registered else given
    elif registered:
        params["type"] = registered
    return params


def _body(exchange: Exchange, write: Write, share: Share, names: Translation) -> Any:
    if exchange.body is None:
        return None
    if write.kind is Kind.ATTRIBUTE:
        return names.instance(exchange.body)
    return names.entity(cut(exchange.body, share.part, exchange.terms))


async def _write_here(plan: Plan, handler: Handler) -> list[Outcome]:
    if plan.here is None:
        return []
    try:
        return [outcomes.here(await handler(plan.here), plan.attrs)]
    except ResourceNotFound as problem:
        return [] if plan.lenient else [outcomes.failed_here(problem, plan.attrs)]
    except Problem as problem:
        return [outcomes.failed_here(problem, plan.attrs)]


def _answer(
    exchange: Exchange, write: Write, subject: Subject, found: Sequence[Outcome]
) -> Response:
    if outcomes.judge(found) is Verdict.DONE:
        created = any(one.created for one in found)
        return write.success(exchange, subject.id, created)
    if write.by_attribute:
        return http.plain(exchange, outcomes.update_result(found), 207)
    result = outcomes.batch_result((subject.id, one) for one in found)
    response = http.plain(exchange, result, 207)
    if write.kind is Kind.CREATE:
        response.headers["Location"] = write.success(exchange, subject.id, True).headers["Location"]
    return response
