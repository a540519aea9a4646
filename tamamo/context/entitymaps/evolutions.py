"""Temporal queries that use an entity map (clauses 5.7.4.4, 5.14.5)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from tamamo.context.entitymaps.asking import Asked
from tamamo.context.entitymaps.querying import Used, is_split
from tamamo.context.entitymaps.service import LOCAL, MAX_ENTRIES, EntityMap, Entry
from tamamo.context.entitymaps.walking import Fitting, MapPage, everything, rank, walk
from tamamo.context.http import Exchange
from tamamo.context.query import plan
from tamamo.context.query.paging import Page
from tamamo.context.temporal import reading
from tamamo.context.temporal.request import Wanted


async def use(exchange: Exchange, asked: Asked, wanted: Wanted) -> Used:
    """Return the map the request names, or a new one for its query where it is gone (5.7.4.4)."""
    maps, tenant = exchange.broker.entity_maps, exchange.tenant
    known = await maps.find(tenant, asked.reference) if asked.reference else None
    if known is not None:
        return Used(known, fresh=False)
    return Used(await create(exchange, asked.lifetime, wanted), fresh=True)


async def create(exchange: Exchange, lifetime: timedelta | None, wanted: Wanted) -> EntityMap:
    """Make a map of the candidates of a temporal query (5.14.5). Raises TooManyResults."""
    query = wanted.query
    if is_split(exchange):
        query = replace(query, q=None, scope=None, geo=None)
    ids = await _find(exchange, wanted, replace(query, ordering=None, page=Page(MAX_ENTRIES + 1)))
    held = dict.fromkeys(ids, (LOCAL,))
    return await exchange.broker.entity_maps.create(exchange.tenant, held, lifetime)


async def query(exchange: Exchange, used: Used, wanted: Wanted) -> MapPage[str]:
    """Return a page of the ids in the map whose evolutions fit the query."""
    maps, tenant, asked = exchange.broker.entity_maps, exchange.tenant, wanted.query

    async def match(entries: Sequence[Entry]) -> Fitting[str]:
        among = tuple(entry.entity_id for entry in entries)
        narrowed = replace(asked, among=among, ordering=None, page=Page(len(among)))
        return Fitting({id_: id_ for id_ in await _find(exchange, wanted, narrowed)})

    if asked.ordering is None or not asked.ordering.terms[0].descending:
        return await walk(maps, tenant, used.map, asked.page, match)
    found = await everything(maps, tenant, used.map, match, MAX_ENTRIES)
    return rank(sorted(found, reverse=True), asked.page)


def only(wanted: Wanted, ids: Sequence[str]) -> Wanted:
    """Return the query for these entities alone, all on one page."""
    return replace(wanted, query=replace(wanted.query, among=tuple(ids), page=Page(len(ids))))


async def _find(exchange: Exchange, wanted: Wanted, query: plan.Query) -> list[str]:
    narrowed = replace(wanted, query=query)
    return await reading.find_ids(exchange.broker.pool, exchange.tenant, narrowed)
