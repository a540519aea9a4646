"""Query Entities over several sources (clause 5.7.2).

Each source is asked for everything that matches; what this broker holds is read page by page.
The answer is in order of ids, so that pages neither overlap nor leave gaps while nothing changes.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from tamamo.context.distribution import asking
from tamamo.context.distribution.asked import Asked, is_wide, read_asked
from tamamo.context.distribution.caller import Caller
from tamamo.context.distribution.choice import Choice, Part
from tamamo.context.distribution.client import Reply, Request, has_same_names
from tamamo.context.distribution.receive import read_entities
from tamamo.context.distribution.retrieve import (
    asked_attributes,
    combine,
    warn_of_loops,
    without_proxied,
)
from tamamo.context.distribution.source import Source
from tamamo.context.distribution.warnings import NO_ANSWER, Warnings
from tamamo.context.entities import store
from tamamo.context.errors import BadRequestData, TooManyResults
from tamamo.context.http import Exchange
from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import CORE_VOCABULARY, Entity
from tamamo.context.model.represent import View
from tamamo.context.query import geoq, plan, q, scopeq
from tamamo.context.query.paging import Page
from tamamo.context.query.text import ENTITY_TIMES
from tamamo.context.registrations.matching import (
    Wanted,
    as_entity,
    scopes_of,
    space_matches,
)

#: Entities asked for at once.
PAGE: Final = 1_000
#: Entities taken from one source for one query.
MAX_ENTITIES: Final = 10_000
#: How far into a result a page can be.
MAX_WINDOW: Final = 20_000
#: How a source says that it gives no such page.
_NO_SUCH_PAGE: Final = frozenset({400, 403})


@dataclass(slots=True)
class Found:
    """A page: its entities, whether there are more, how many in all (when asked)."""

    entities: list[Entity]
    more: bool
    total: int | None


_BySource = dict[str, list[tuple[Source, Entity]]]


async def answer(exchange: Exchange, query: plan.Query, view: View) -> Found | None:
    """Return a page of what this broker and the sources know; None when no source is concerned.

    query: the request's parameters or body, read. What went wrong at sources goes to the answer's
    headers. Raises BadRequestData for an order, TooManyResults for a page too far behind.
    """
    source = exchange.params if exchange.body is None else exchange.body
    if is_wide(source):
        return None
    return await _query(exchange, read_asked(exchange, query), view)


async def _query(exchange: Exchange, asked: Asked, view: View) -> Found | None:
    distribution = exchange.broker.distribution
    caller = await distribution.caller(exchange.tenant, exchange.terms, exchange.request.headers)
    choice = _choose(exchange, caller, asked, view)
    if not choice:
        return None
    if asked.query.ordering is not None:
        raise BadRequestData(
            "orderBy: needs local=true, as other sources have such entities too", field="orderBy"
        )
    warnings = Warnings()
    warn_of_loops(choice, caller, warnings)
    remote = await _ask_all(exchange, caller, choice.parts, asked, warnings)
    warnings.note(exchange.echo)
    return await _page(exchange, asked, choice, remote)


def _choose(exchange: Exchange, caller: Caller, asked: Asked, view: View) -> Choice:
    attrs = asked_attributes(view)
    if asked.split and attrs:
        attrs |= asked.wanted.attributes
    return exchange.broker.distribution.choose(
        caller,
        asking.QUERY,
        asked.query.selectors,
        attrs,
        accepts=lambda source: may_have(source, asked.wanted),
    )


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


async def _ask_all(
    exchange: Exchange,
    caller: Caller,
    parts: Sequence[Part],
    asked: Asked,
    warnings: Warnings,
) -> _BySource:
    """Return what the sources have, by entity id, the versions in the order of the parts."""
    reader = _SourceReader(exchange, caller, asked, warnings)
    found: _BySource = defaultdict(list)
    for part, entities in zip(
        parts, await asyncio.gather(*(reader.read(part) for part in parts)), strict=True
    ):
        for entity in entities:
            found[entity.id].append((part.source, entity))
    return found


@dataclass(slots=True)
class _SourceReader:
    """Reads everything that sources have for one query."""

    exchange: Exchange
    caller: Caller
    asked: Asked
    warnings: Warnings

    async def read(self, part: Part) -> list[Entity]:
        """Return the entities of one source, page after page."""
        found: dict[str, Entity] = {}
        limit: int | None = PAGE
        received = 0
        while received < MAX_ENTITIES:
            reply = await self._ask(part, limit, received)
            if limit is not None and reply.status in _NO_SUCH_PAGE and not received:
                limit = None  # it gives smaller pages: then of its own size
                continue
            answer = await read_entities(
                reply, self.caller, self.exchange.broker.contexts, self.warnings
            )
            found |= {one.id: one for one in answer.entities if self._is_meant(part, one)}
            received += answer.count
            if not answer.count or not _goes_on(reply, answer.count, limit):
                break
        else:
            text = f"{part.source.id}: more than {MAX_ENTITIES} entities, the rest is left out"
            self.warnings.add(NO_ANSWER, self.caller.alias, text)
        return list(found.values())

    async def _ask(self, part: Part, limit: int | None, offset: int) -> Reply:
        page = {} if limit is None else {"limit": str(limit)}
        if offset:
            page["offset"] = str(offset)

        def make(terms: TermMap) -> Request:
            return asking.request(self._widened(part), terms, self._filters(part, terms), page)

        client = self.exchange.broker.distribution.client
        return await client.ask(self.caller, part.source, make)

    def _tests_q(self, part: Part) -> bool:
        """Whether q cannot be put to the source, as it has other names for things."""
        asked = self.asked
        other = not has_same_names(self.caller, part.source)
        return asked.query.q is not None and not asked.split and other

    def _widened(self, part: Part) -> Part:
        if part.attrs and self._tests_q(part):
            return replace(part, attrs=part.attrs | self.asked.wanted.attributes)
        return part

    def _filters(self, part: Part, terms: TermMap) -> dict[str, str]:
        if self.asked.split:
            return {}
        filters = dict(self.asked.filters)
        if not has_same_names(self.caller, part.source):
            for name in ("q", "expandValues", "jsonKeys"):
                filters.pop(name, None)
            if self.asked.query.geo is not None:
                filters["geoproperty"] = terms.compact_iri(self.asked.query.geo.geoproperty)
        return filters

    def _is_meant(self, part: Part, entity: Entity) -> bool:
        if not asking.matches_selectors(part.selectors, entity.id, entity.types):
            return False
        condition = self.asked.query.q
        return condition is None or not self._tests_q(part) or q.matches(condition, entity)


def _goes_on(reply: Reply, count: int, limit: int | None) -> bool:
    """Whether a source has more behind a page."""
    return count == limit or 'rel="next"' in reply.headers.get("Link", "")


async def _page(exchange: Exchange, asked: Asked, choice: Choice, remote: _BySource) -> Found:
    """Return the page of what is held here and what came from elsewhere, in order of ids."""
    page, service, tenant = asked.query.page, exchange.broker.entities, exchange.tenant
    end = page.offset + page.limit
    if end > MAX_WINDOW:
        raise TooManyResults(
            f"offset: at most {MAX_WINDOW} entities where other sources are asked too",
            field="offset",
        )
    width = end + 1 + (len(remote) if asked.split else 0)
    result = await service.query(tenant, replace(asked.query, page=Page(width, 0, page.count)))
    local = {row.id: store.living(row.entity()) for row in result.rows}
    mine = await service.find_many(tenant, list(remote)) if asked.split else local
    merged = {
        entity_id: entity
        for entity_id, versions in remote.items()
        if (entity := combine(mine.get(entity_id), versions, choice.parts)) is not None
        and (not asked.split or _meets(asked.query, entity))
    }
    total = None
    if result.total is not None:
        again = await _count_again(exchange, asked.query, list(remote))
        total = result.total - again + len(merged)
    sources = [part.source for part in choice.parts]
    for entity_id, entity in local.items():
        if entity_id not in remote and (own := without_proxied(entity, sources)) is not None:
            merged[entity_id] = own
    ids = sorted(merged)
    return Found([merged[name] for name in ids[page.offset : end]], len(ids) > end, total)


def _meets(query: plan.Query, entity: Entity) -> bool:
    """Whether an entity put together passes the filters, which nobody has applied yet."""
    attrs = set(query.attrs)
    return (
        (not attrs or not attrs.isdisjoint(entity.attrs) or not attrs.isdisjoint(ENTITY_TIMES))
        and (query.q is None or q.matches(query.q, entity))
        and (query.scope is None or scopeq.matches(query.scope, entity))
        and (query.geo is None or geoq.matches(query.geo, entity))
    )


async def _count_again(exchange: Exchange, query: plan.Query, ids: list[str]) -> int:
    """Return how many of these entities are held here and match too."""
    known = set(ids)
    selectors = []
    for one in query.selectors:
        both = tuple(name for name in one.ids if name in known) if one.ids else tuple(ids)
        if both:
            selectors.append(replace(one, ids=both))
    if not selectors:
        return 0
    counting = replace(query, selectors=tuple(selectors), page=Page(0, 0, count=True))
    return (await exchange.broker.entities.query(exchange.tenant, counting)).total or 0
