"""Queries for entities that use an entity map (clauses 5.7.2.4, 5.14.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tamamo.context.distribution import query as distributed
from tamamo.context.distribution.asked import is_split as asked_split
from tamamo.context.distribution.reader import SourceMaps
from tamamo.context.distribution.warnings import WARNING_HEADER
from tamamo.context.entities import store
from tamamo.context.entitymaps.asking import HEADER, Asked, location_of
from tamamo.context.entitymaps.service import LOCAL, MAX_ENTRIES, EntityMap, Entry, Sources
from tamamo.context.entitymaps.walking import Fitting, MapPage, everything, rank, walk
from tamamo.context.http import Exchange
from tamamo.context.model.entity import Entity
from tamamo.context.query import plan
from tamamo.context.query.paging import Page

#: Entities that are put in order in memory at most.
_SORTED: Final = plan.MAX_SORTED


@dataclass(frozen=True, slots=True)
class Used:
    """The entity map of a request; fresh: made for it (201, table 6.4.3.2-3)."""

    map: EntityMap
    fresh: bool

    @property
    def headers(self) -> dict[str, str]:
        """What says which map it was."""
        return {HEADER: location_of(self.map.id)}

    @property
    def status(self) -> int:
        """The status of an answer to a query."""
        return 201 if self.fresh else 200


async def use(exchange: Exchange, asked: Asked, wanted: plan.Query) -> Used:
    """Return the map the request names, or a new one for its query where it is gone (5.7.2.4)."""
    maps, tenant = exchange.broker.entity_maps, exchange.tenant
    known = await maps.find(tenant, asked.reference) if asked.reference else None
    if known is not None:
        return Used(known, fresh=False)
    return Used(await create(exchange, asked, wanted), fresh=True)


async def create(exchange: Exchange, asked: Asked, wanted: plan.Query) -> EntityMap:
    """Make a map of the candidates of a query (5.14.4). Raises TooManyResults."""
    linked = SourceMaps()
    found = await _candidates(exchange, wanted, linked)
    maps = exchange.broker.entity_maps
    return await maps.create(exchange.tenant, found, asked.lifetime, linked.made)


async def query(exchange: Exchange, used: Used, wanted: plan.Query) -> MapPage[Entity]:
    """Return a page of the entities in the map that fit the query."""
    maps, tenant = exchange.broker.entity_maps, exchange.tenant

    linked = SourceMaps(used.map.linked)

    async def match(entries: Sequence[Entry]) -> Fitting[Entity]:
        return await _match(exchange, wanted, entries, linked)

    async def names(entries: Sequence[Entry]) -> Fitting[Any]:
        if _is_elsewhere(entries):
            return await match(entries)
        among = tuple(entry.entity_id for entry in entries)
        narrowed = replace(wanted, among=among, ordering=None)
        ids = await exchange.broker.entities.find_ids(tenant, narrowed, len(among))
        return Fitting(dict.fromkeys(ids))

    if wanted.ordering is None:
        page = await walk(maps, tenant, used.map, wanted.page, match, names=names)
    else:
        found = await everything(maps, tenant, used.map, match, _SORTED)
        page = rank(wanted.ordering.sort(found), wanted.page)
    if linked.made:
        await maps.link(tenant, used.map.id, linked.made)
    return page


async def _candidates(exchange: Exchange, wanted: plan.Query, linked: SourceMaps) -> Sources:
    """Return the entities the query may be about. Of split entities only ids and types are known.

    Whether they fit as a whole is seen when they are put together, page by page (5.5.9.3).
    """
    here = wanted
    if is_split(exchange):
        here = replace(wanted, attrs=(), q=None, scope=None, geo=None)
    ids = await exchange.broker.entities.find_ids(exchange.tenant, here, MAX_ENTRIES + 1)
    return together(ids, await distributed.collect(exchange, wanted, linked))


def together(here: Sequence[str], elsewhere: Mapping[str, Sequence[str]]) -> Sources:
    """Return where entities are held, in order of ids. elsewhere: by entity id, the sources."""
    held: dict[str, list[str]] = {entity_id: [LOCAL] for entity_id in here}
    for entity_id, sources in elsewhere.items():
        held.setdefault(entity_id, []).extend(sources)
    return dict(sorted(held.items()))


async def _match(
    exchange: Exchange, wanted: plan.Query, entries: Sequence[Entry], linked: SourceMaps
) -> Fitting[Entity]:
    if _is_elsewhere(entries):
        held = {entry.entity_id: entry.sources for entry in entries}
        found = await distributed.match(exchange, wanted, held, linked)
        # A source that did not answer says nothing of what it holds.
        return Fitting(found, sure=WARNING_HEADER not in exchange.echo)
    among = tuple(entry.entity_id for entry in entries)
    narrowed = replace(wanted, among=among, ordering=None, page=Page(len(among)))
    result = await exchange.broker.entities.query(exchange.tenant, narrowed)
    return Fitting({row.id: store.living(row.entity()) for row in result.rows})


def _is_elsewhere(entries: Sequence[Entry]) -> bool:
    """Whether some of them are held at other sources."""
    return any(set(entry.sources) - {LOCAL} for entry in entries)


def is_split(exchange: Exchange) -> bool:
    """Whether entities may be spread over sources; does not apply with local=true (5.2.23)."""
    return asked_split(exchange) and not exchange.flag("local")
