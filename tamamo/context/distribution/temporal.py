"""Retrieve and Query Temporal Evolution over several sources (clauses 5.7.3, 5.7.4)."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tamamo.context.distribution import asking, evolutions
from tamamo.context.distribution.asked import Asked, is_wide, read_asked
from tamamo.context.distribution.caller import Caller
from tamamo.context.distribution.choice import Choice, Part
from tamamo.context.distribution.client import Reply, Request, has_same_names, segment
from tamamo.context.distribution.evolutions import Piece, Whole
from tamamo.context.distribution.query import may_have
from tamamo.context.distribution.receive import read_entities
from tamamo.context.distribution.retrieve import warn_of_loops
from tamamo.context.distribution.source import Source
from tamamo.context.distribution.warnings import NO_ANSWER, Warnings
from tamamo.context.errors import ResourceNotFound, TooManyResults
from tamamo.context.http import Exchange
from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import Entity
from tamamo.context.query import geoq, plan, q, scopeq
from tamamo.context.query.paging import Page
from tamamo.context.query.plan import Selector
from tamamo.context.registrations.matching import interval_matches
from tamamo.context.temporal import reading
from tamamo.context.temporal.reading import Answer
from tamamo.context.temporal.request import LARGEST_PAGE, TIMES, Wanted

RETRIEVE: Final = ("retrieveTemporal",)
QUERY: Final = ("queryTemporal",)
#: Entities asked for at once, taken from one source, and before the end of a page.
PAGE: Final = 100
MAX_ENTITIES: Final = 2_000
MAX_WINDOW: Final = 2_000
#: Whoever understands it gives as many instances at once as it can.
_ALL: Final = {"Prefer": f"temporal-page={LARGEST_PAGE}"}


async def retrieve(exchange: Exchange, entity_id: str, wanted: Wanted) -> Answer | None:
    """Return the evolution of an entity as all who know of it tell it; None: nobody else does.

    Raises ResourceNotFound.
    """
    sources = await _Sources.of(exchange, wanted, [Selector((entity_id,))], RETRIEVE, None)
    if not sources.choice:
        return None
    detailed = evolutions.raw(wanted) if wanted.aggregation is not None else wanted
    local, pieces = await asyncio.gather(
        _retrieve_here(exchange, entity_id, detailed), sources.read_all()
    )
    sources.warnings.note(exchange.echo)
    here = [] if local is None else [_piece(local, entity_id, sources)]
    found = [*here, *pieces.get(entity_id, ())]
    if not found:
        raise ResourceNotFound(f"Nothing is known of the evolution of {entity_id}")
    return _answer([evolutions.join(_in_order(found), wanted)], wanted)


async def query(exchange: Exchange, wanted: Wanted) -> Answer | None:
    """Return a page of evolutions as all who know of them tell them; None: nobody else does."""
    asked_in = exchange.params if exchange.body is None else exchange.body
    if is_wide(asked_in):
        return None
    asked = read_asked(exchange, wanted.query)
    sources = await _Sources.of(exchange, wanted, wanted.query.selectors, QUERY, asked)
    if not sources.choice:
        return None
    remote = await sources.read_all()
    sources.warnings.note(exchange.echo)
    return await _page(exchange, wanted, asked, sources, remote)


async def collect(exchange: Exchange, wanted: Wanted) -> dict[str, list[str]]:
    """Return which evolutions other sources tell of: entity id → registration ids.

    Of split entities these are candidates: no filter has been applied.
    """
    asked_in = exchange.params if exchange.body is None else exchange.body
    distribution = exchange.broker.distribution
    if not distribution.concerns(exchange.tenant, exchange.params) or is_wide(asked_in):
        return {}
    asked = read_asked(exchange, wanted.query)
    sources = await _Sources.of(exchange, wanted, wanted.query.selectors, QUERY, asked)
    remote = await sources.read_all()
    sources.warnings.note(exchange.echo)
    return {
        entity_id: list(dict.fromkeys(p.source.id for p in pieces if p.source is not None))
        for entity_id, pieces in remote.items()
    }


@dataclass(slots=True)
class _Sources:
    """The sources of one request for evolutions."""

    exchange: Exchange
    wanted: Wanted
    caller: Caller
    choice: Choice
    asked: Asked | None
    warnings: Warnings

    @classmethod
    async def of(
        cls,
        exchange: Exchange,
        wanted: Wanted,
        selectors: Sequence[Selector],
        operations: Sequence[str],
        asked: Asked | None,
    ) -> "_Sources":
        """Choose the sources. asked: for a query."""
        distribution = exchange.broker.distribution
        caller = await distribution.caller(
            exchange.tenant, exchange.terms, exchange.request.headers
        )

        def accepts(source: Source) -> bool:
            in_time = not source.temporal or interval_matches(source.document, wanted.times)
            return in_time and (asked is None or may_have(source, asked.wanted))

        attrs = set(wanted.attrs or ())
        if asked is not None and asked.split and attrs:
            attrs |= asked.wanted.attributes
        choice = distribution.choose(
            caller, operations, selectors, attrs, past=True, accepts=accepts
        )
        warnings = Warnings()
        warn_of_loops(choice, caller, warnings)
        return cls(exchange, wanted, caller, choice, asked, warnings)

    async def read_all(self) -> dict[str, list[Piece]]:
        """Return what all sources tell, by entity id."""
        found: dict[str, list[Piece]] = defaultdict(list)
        for pieces in await asyncio.gather(*(self._read(part) for part in self.choice.parts)):
            for piece in pieces:
                found[piece.evolution.id].append(piece)
        return found

    async def _read(self, part: Part) -> list[Piece]:
        found: dict[str, Piece] = {}
        received = 0
        while received < MAX_ENTITIES:
            reply = await self._ask(part, received)
            answer = await read_entities(
                reply, self.caller, self.exchange.broker.contexts, self.warnings, temporal=True
            )
            for entity in answer.entities:
                if asking.matches_selectors(part.selectors, entity.id, entity.types):
                    found[entity.id] = evolutions.read_piece(entity, reply, self.wanted)
            received += answer.count
            if part.operation in RETRIEVE or not answer.count or not _goes_on(reply, answer.count):
                return list(found.values())
        text = f"{part.source.id}: more than {MAX_ENTITIES} entities, the rest is left out"
        self.warnings.add(NO_ANSWER, self.caller.alias, text)
        return list(found.values())

    async def _ask(self, part: Part, offset: int) -> Reply:
        def make(terms: TermMap) -> Request:
            params = asking.selection(part, terms) | {"options": "sysAttrs"} | self._times()
            path = "/temporal/entities"
            if part.operation in RETRIEVE:
                path += f"/{segment(part.selectors[0].ids[0])}"
                params = {name: params[name] for name in params if name not in {"id", "type"}}
            else:
                params |= self._filters(part, terms) | {"limit": str(PAGE)}
                if offset:
                    params["offset"] = str(offset)
            return Request("GET", path, params, None, terms, _ALL)

        client = self.exchange.broker.distribution.client
        return await client.ask(self.caller, part.source, make)

    def _times(self) -> dict[str, str]:
        body = self.exchange.body
        given: Mapping[str, Any] = self.exchange.params if body is None else body["temporalQ"]
        return {name: str(given[name]) for name in TIMES if name in given}

    def _filters(self, part: Part, terms: TermMap) -> dict[str, str]:
        if self.asked is None or self.asked.split or not self.caller.reach.everything:
            return {}
        filters = dict(self.asked.filters)
        if not has_same_names(self.caller, part.source):
            # q in other names is left to what comes together; the source may tell more than fits.
            for name in ("q", "expandValues", "jsonKeys"):
                filters.pop(name, None)
            if self.wanted.query.geo is not None:
                filters["geoproperty"] = terms.compact_iri(self.wanted.query.geo.geoproperty)
        return filters


def _goes_on(reply: Reply, count: int) -> bool:
    return count >= PAGE or 'rel="next"' in reply.headers.get("Link", "")


async def _retrieve_here(exchange: Exchange, entity_id: str, wanted: Wanted) -> Answer | None:
    try:
        return await reading.retrieve(exchange.broker.pool, exchange.tenant, entity_id, wanted)
    except ResourceNotFound:
        return None


def _piece(answer: Answer, entity_id: str, sources: _Sources) -> Piece:
    """Return what this broker tells of an entity, without what only proxied sources may tell."""
    head = next(one for one in answer.evolutions if one.id == entity_id)
    series = answer.series.get(entity_id, {})
    for part in sources.choice.parts:
        if part.source.proxied:
            for info in part.source.infos:
                if info.has(head.id, head.types):
                    series = {
                        attr: found
                        for attr, found in series.items()
                        if info.attrs and attr not in info.attrs
                    }
    edge = None
    if answer.cut is not None:
        edge = answer.cut.oldest if sources.wanted.backwards else answer.cut.newest
    return Piece(head, series, edge)


def _in_order(pieces: Sequence[Piece]) -> list[Piece]:
    """Return the pieces with those of auxiliary sources at the end (4.3.6.2)."""
    return sorted(pieces, key=lambda one: one.source is not None and one.source.mode == "auxiliary")


async def _page(
    exchange: Exchange,
    wanted: Wanted,
    asked: Asked,
    sources: _Sources,
    remote: Mapping[str, Sequence[Piece]],
) -> Answer:
    """Return the page of what is held here and what came from elsewhere, in order of ids."""
    page, pool, tenant = wanted.query.page, exchange.broker.pool, exchange.tenant
    end = page.offset + page.limit
    if end > MAX_WINDOW:
        raise TooManyResults(
            f"offset: at most {MAX_WINDOW} entities where other sources are asked too",
            field="offset",
        )
    width = end + 1 + (len(remote) if asked.split else 0)
    here = await reading.find_ids(pool, tenant, _with(wanted, page=Page(width), ordering=None))
    theirs = await _accepted(exchange, wanted, asked, sources, remote)
    local_only = [entity_id for entity_id in here if entity_id not in remote]
    ids = sorted({*theirs, *local_only})
    if wanted.query.ordering is not None and wanted.query.ordering.terms[0].descending:
        ids.reverse()
    chosen = ids[page.offset : end]
    wholes = [theirs[name] for name in chosen if name in theirs]
    own = [name for name in chosen if name not in theirs]
    wholes += await _wholes(exchange, wanted, sources, own, remote)
    wholes.sort(key=lambda whole: chosen.index(whole.evolution.id))
    answer = _answer(wholes, wanted)
    answer.more = len(ids) > end
    if page.count:
        counted = await reading.query(pool, tenant, _with(wanted, page=Page(0, 0, count=True)))
        again = await reading.query(
            pool, tenant, _with(wanted, among=tuple(remote), page=Page(0, 0, count=True))
        )
        answer.total = (counted.total or 0) - (again.total or 0) + len(theirs)
    return answer


async def _accepted(
    exchange: Exchange,
    wanted: Wanted,
    asked: Asked,
    sources: _Sources,
    remote: Mapping[str, Sequence[Piece]],
) -> dict[str, Whole]:
    """Return the evolutions that others tell of, put together, as far as they match."""
    local = wanted
    if asked.split:
        local = _with(wanted, q=None, geo=None, scope=None, attrs=())
    wholes = await _wholes(exchange, local, sources, list(remote), remote)
    return {
        whole.evolution.id: whole
        for whole in wholes
        if not asked.split or _meets(wanted.query, whole)
    }


async def _wholes(
    exchange: Exchange,
    wanted: Wanted,
    sources: _Sources,
    ids: Sequence[str],
    remote: Mapping[str, Sequence[Piece]],
) -> list[Whole]:
    if not ids:
        return []
    detailed = evolutions.raw(wanted) if wanted.aggregation is not None else wanted
    only = _with(detailed, among=tuple(ids), page=Page(len(ids)), ordering=None)
    answer = await reading.query(exchange.broker.pool, exchange.tenant, only)
    known = {one.id for one in answer.evolutions}
    found = []
    for entity_id in ids:
        here = [_piece(answer, entity_id, sources)] if entity_id in known else []
        pieces = _in_order([*here, *remote.get(entity_id, ())])
        if pieces:
            found.append(evolutions.join(pieces, wanted))
    return found


def _with(wanted: Wanted, **changes: Any) -> Wanted:
    return replace(wanted, query=replace(wanted.query, **changes))


def _meets(query: plan.Query, whole: Whole) -> bool:
    """Whether an evolution passes the filters, which nobody has applied yet (5.7.4.4)."""
    attrs = {attr: [one.instance for one in found] for attr, found in whole.series.items()}
    head = whole.evolution
    entity = Entity(head.id, head.types, attrs, head.scopes)
    return (
        (not query.attrs or not set(query.attrs).isdisjoint(attrs))
        and (query.q is None or q.matches(query.q, entity))
        and (query.scope is None or scopeq.matches(query.scope, entity))
        and (query.geo is None or geoq.matches(query.geo, entity))
    )


def _answer(wholes: Sequence[Whole], wanted: Wanted) -> Answer:
    answer = Answer([whole.evolution for whole in wholes])
    if wanted.aggregation is not None:
        answer.aggregated = evolutions.aggregate(wholes, wanted)
        return answer
    answer.cut = evolutions.shorten(wholes, wanted)
    answer.series = {whole.evolution.id: whole.series for whole in wholes}
    return answer
