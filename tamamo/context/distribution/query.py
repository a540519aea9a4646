"""Query Entities over several sources (clause 5.7.2).

Each source is asked for everything that matches; what this broker holds is read page by page.
The answer is in order of ids, so that pages neither overlap nor leave gaps while nothing changes.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tamamo.context.distribution import asking
from tamamo.context.distribution.asked import Asked, is_wide, read_asked
from tamamo.context.distribution.caller import Caller
from tamamo.context.distribution.choice import Choice
from tamamo.context.distribution.reader import SourceMaps, SourceReader
from tamamo.context.distribution.retrieve import (
    asked_attributes,
    combine,
    warn_of_loops,
    without_proxied,
)
from tamamo.context.distribution.source import Source
from tamamo.context.distribution.warnings import Warnings
from tamamo.context.entities import store
from tamamo.context.errors import BadRequestData, TooManyResults
from tamamo.context.http import Exchange
from tamamo.context.model.entity import CORE_VOCABULARY, Entity
from tamamo.context.query import geoq, plan, q, scopeq
from tamamo.context.query.paging import Page
from tamamo.context.query.plan import Selector
from tamamo.context.query.text import ENTITY_TIMES
from tamamo.context.registrations.matching import (
    Wanted,
    as_entity,
    scopes_of,
    space_matches,
)

#: How far into a result a page can be.
MAX_WINDOW: Final = 20_000


@dataclass(slots=True)
class Found:
    """A page: its entities, whether there are more, how many in all (when asked)."""

    entities: list[Entity]
    more: bool
    total: int | None


_BySource = dict[str, list[tuple[Source, Entity]]]


async def answer(exchange: Exchange, query: plan.Query) -> Found | None:
    """Return a page of what this broker and the sources know; None when no source is concerned.

    query: the request's parameters or body, read. What went wrong at sources goes to the answer's
    headers. Raises BadRequestData for an order, TooManyResults for a page too far behind.
    """
    if is_wide(exchange.params if exchange.body is None else exchange.body):
        return None
    asked = read_asked(exchange, query)
    choice, remote = await _ask_all(exchange, asked)
    return await _page(exchange, asked, choice, remote) if choice else None


async def collect(
    exchange: Exchange, query: plan.Query, maps: SourceMaps | None = None
) -> dict[str, list[str]]:
    """Return which entities other sources have for a query: entity id → registration ids.

    Of split entities these are candidates: no filter has been applied. What went wrong at sources
    goes to the answer's headers. maps: takes the entity maps that sources make of it.
    """
    distribution = exchange.broker.distribution
    source = exchange.params if exchange.body is None else exchange.body
    if not distribution.concerns(exchange.tenant, exchange.params) or is_wide(source):
        return {}
    _, remote = await _ask_all(exchange, read_asked(exchange, query), maps=maps)
    return {
        entity_id: list(dict.fromkeys(source.id for source, _ in versions))
        for entity_id, versions in remote.items()
    }


async def match(
    exchange: Exchange,
    query: plan.Query,
    held: Mapping[str, Collection[str]],
    maps: SourceMaps | None = None,
) -> dict[str, Entity]:
    """Return those of some entities that fit a query now, put together from all who have them.

    held: entity id → the registrations whose sources have it (others are not asked); names that
    are no registration's are passed over. maps: the entity maps of the sources.
    """
    asked = read_asked(exchange, replace(query, ordering=None))
    known = {source.id for source in exchange.broker.distribution.directory.of(exchange.tenant)}
    allowed = known & {name for names in held.values() for name in names}
    away = [entity_id for entity_id, names in held.items() if not known.isdisjoint(names)]
    choice, remote = await _ask_all(exchange, asked, away, allowed, maps)
    page = Page(len(held))
    only = replace(asked.query, among=tuple(held), page=page)
    result = await exchange.broker.entities.query(exchange.tenant, only)
    local = {row.id: store.living(row.entity()) for row in result.rows}
    return await _merged(exchange, asked, choice, remote, local)


async def _ask_all(
    exchange: Exchange,
    asked: Asked,
    ids: Sequence[str] | None = None,
    allowed: Collection[str] | None = None,
    maps: SourceMaps | None = None,
) -> tuple[Choice, _BySource]:
    """Return who was asked and what they have by entity id, versions in the order of the parts.

    ids: the only entities to ask for. allowed: the only registrations.
    """
    distribution = exchange.broker.distribution
    if not distribution.concerns(exchange.tenant, exchange.params):
        return Choice(), {}
    caller = await distribution.caller(exchange.tenant, exchange.terms, exchange.request.headers)
    choice = _choose(exchange, caller, asked, ids, allowed)
    if choice and asked.query.ordering is not None:
        raise BadRequestData(
            "orderBy: needs local=true, as other sources have such entities too", field="orderBy"
        )
    if choice and asked.query.page.offset + asked.query.page.limit > MAX_WINDOW:
        raise TooManyResults(
            f"offset: at most {MAX_WINDOW} entities where other sources are asked too",
            field="offset",
        )
    warnings = Warnings()
    warn_of_loops(choice, caller, warnings)
    reader = SourceReader(exchange, caller, asked, warnings, maps)
    read = await asyncio.gather(*(reader.read(part) for part in choice.parts))
    found: _BySource = defaultdict(list)
    for part, entities in zip(choice.parts, read, strict=True):
        for entity in entities:
            found[entity.id].append((part.source, entity))
    warnings.note(exchange.echo)
    return choice, found


def _choose(
    exchange: Exchange,
    caller: Caller,
    asked: Asked,
    ids: Sequence[str] | None,
    allowed: Collection[str] | None,
) -> Choice:
    attrs = asked_attributes(asked.query.projection)
    if asked.split and attrs:
        attrs |= asked.wanted.attributes
    selectors = asked.query.selectors
    return exchange.broker.distribution.choose(
        caller,
        asking.QUERY,
        selectors if ids is None else _among(selectors, ids),
        attrs,
        accepts=lambda source: (
            (allowed is None or source.id in allowed) and may_have(source, asked.wanted)
        ),
    )


def _among(selectors: Iterable[Selector], ids: Sequence[str]) -> list[Selector]:
    """Return the selectors for these entities alone."""
    known = set(ids)
    found = []
    for one in selectors:
        both = tuple(name for name in one.ids if name in known) if one.ids else tuple(ids)
        if both:
            found.append(replace(one, ids=both))
    return found


def may_have(source: Source, wanted: Wanted) -> bool:
    """Whether a source may have what the query is about, as far as its registration says (5.12)."""
    document, query = source.document, wanted.entities
    scope = query.scope if "scope" in document else None
    if source.datasets and wanted.datasets and source.datasets.isdisjoint(wanted.datasets):
        return False
    if query.geo is not None:
        space = query.geo.geoproperty.removeprefix(CORE_VOCABULARY)
        if space in document and not space_matches(document, query.geo, wanted.terms):
            return False
    if scope is not None and not scopeq.matches_scopes(scope, scopes_of(document)):
        return False
    return wanted.csf is None or q.matches(wanted.csf, as_entity(document, wanted.terms))


async def _page(exchange: Exchange, asked: Asked, choice: Choice, remote: _BySource) -> Found:
    """Return the page of what is held here and what came from elsewhere, in order of ids."""
    page, service, tenant = asked.query.page, exchange.broker.entities, exchange.tenant
    end = page.offset + page.limit
    width = end + 1 + (len(remote) if asked.split else 0)
    result = await service.query(tenant, replace(asked.query, page=Page(width, 0, page.count)))
    local = {row.id: store.living(row.entity()) for row in result.rows}
    merged = await _merged(exchange, asked, choice, remote, local)
    theirs = [entity_id for entity_id in merged if entity_id in remote]
    total = None
    if result.total is not None:
        again = replace(asked.query, among=tuple(remote), page=Page(0, 0, count=True))
        counted = await service.query(tenant, again)
        total = result.total - (counted.total or 0) + len(theirs)
    ids = sorted(merged)
    return Found([merged[name] for name in ids[page.offset : end]], len(ids) > end, total)


async def _merged(
    exchange: Exchange,
    asked: Asked,
    choice: Choice,
    remote: _BySource,
    local: Mapping[str, Entity],
) -> dict[str, Entity]:
    """Return what is held here and what came from elsewhere together, as far as it matches.

    local: what is held here and matches by itself.
    """
    mine = local
    if asked.split and remote:
        # What does not match by itself may match with what others know of it.
        mine = await exchange.broker.entities.find_many(exchange.tenant, list(remote))
    merged = {
        entity_id: entity
        for entity_id, versions in remote.items()
        if (entity := combine(mine.get(entity_id), versions, choice.parts)) is not None
        and (not asked.split or _meets(asked.query, entity))
    }
    sources = [part.source for part in choice.parts]
    for entity_id, entity in local.items():
        if entity_id not in remote and (own := without_proxied(entity, sources)) is not None:
            merged[entity_id] = own
    return merged


def _meets(query: plan.Query, entity: Entity) -> bool:
    """Whether an entity put together passes the filters, which nobody has applied yet."""
    attrs = set(query.attrs)
    return (
        (not attrs or not attrs.isdisjoint(entity.attrs) or not attrs.isdisjoint(ENTITY_TIMES))
        and (query.q is None or q.matches(query.q, entity))
        and (query.scope is None or scopeq.matches(query.scope, entity))
        and (query.geo is None or geoq.matches(query.geo, entity))
    )
