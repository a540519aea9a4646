"""Temporal queries that use an entity map (clauses 5.7.4.4, 5.14.5)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from tamamo.context.distribution import temporal as distributed
from tamamo.context.distribution.warnings import WARNING_HEADER
from tamamo.context.entitymaps.asking import Asked
from tamamo.context.entitymaps.querying import Used, is_split, together
from tamamo.context.entitymaps.service import LOCAL, MAX_ENTRIES, EntityMap, Entry
from tamamo.context.entitymaps.walking import Fitting, MapPage, everything, rank, walk
from tamamo.context.http import Exchange
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
    wide = replace(wanted, query=replace(query, ordering=None, page=Page(MAX_ENTRIES + 1)))
    ids = await reading.find_ids(exchange.broker.pool, exchange.tenant, wide)
    held = together(ids, await distributed.collect(exchange, wanted))
    return await exchange.broker.entity_maps.create(exchange.tenant, held, lifetime)


async def query(exchange: Exchange, used: Used, wanted: Wanted) -> MapPage[str]:
    """Return a page of the ids in the map whose evolutions fit the query."""
    maps, tenant, asked = exchange.broker.entity_maps, exchange.tenant, wanted.query

    async def match(entries: Sequence[Entry]) -> Fitting[str]:
        narrowed = only(wanted, [entry.entity_id for entry in entries])
        if not any(set(entry.sources) - {LOCAL} for entry in entries):
            found = await reading.find_ids(exchange.broker.pool, tenant, narrowed)
            return Fitting({entity_id: entity_id for entity_id in found})
        answer = await read(exchange, narrowed)
        # A source that did not answer says nothing of what it holds.
        sure = WARNING_HEADER not in exchange.echo
        return Fitting({one.id: one.id for one in answer.evolutions}, sure)

    if asked.ordering is None or not asked.ordering.terms[0].descending:
        return await walk(maps, tenant, used.map, asked.page, match)
    found = await everything(maps, tenant, used.map, match, MAX_ENTRIES)
    return rank(sorted(found, reverse=True), asked.page)


def only(wanted: Wanted, ids: Sequence[str]) -> Wanted:
    """Return the query for these entities alone, all on one page, in order of ids."""
    query = wanted.query
    selectors = tuple(
        replace(one, ids=tuple(name for name in ids if not one.ids or name in one.ids))
        for one in query.selectors
    )
    meant = tuple(one for one in selectors if one.ids) or selectors[:1]
    narrowed = replace(query, selectors=meant, among=tuple(ids), page=Page(len(ids)))
    return replace(wanted, query=narrowed)


async def read(exchange: Exchange, wanted: Wanted) -> reading.Answer:
    """Return the evolutions as all who know of them tell them."""
    if exchange.broker.distribution.concerns(exchange.tenant, exchange.params):
        answer = await distributed.query(exchange, wanted)
        if answer is not None:
            return answer
    return await reading.query(exchange.broker.pool, exchange.tenant, wanted)
