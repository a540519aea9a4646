"""Rows of some gauges for a wall that is already open: read alone, so that it is quick."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from tamamo.context.model.entity import Entity
from tamamo.context.query.logic import One
from tamamo.context.query.paging import Page
from tamamo.context.query.plan import Query, Selector
from tamamo.kernel import time
from tamamo.web.portal import gauges as reading
from tamamo.web.portal.access import BrokerSource
from tamamo.web.portal.city import Source
from tamamo.web.portal.gauges import GAUGE_TYPE
from tamamo.web.wall.look import rates_of
from tamamo.web.wall.rising import Rising, ranked

#: More gauges than this at once: the page takes the whole view.
MOST: Final = 60
_LONGEST: Final = 512


def read_ids(texts: Sequence[str]) -> dict[str, list[str]]:
    """Return tenant → entity ids of parameters `tenant|id`; those that cannot be are left out."""
    found: dict[str, list[str]] = defaultdict(list)
    for text in texts[:MOST]:
        tenant, _, entity_id = text.partition("|")
        if entity_id and len(entity_id) <= _LONGEST and "\0" not in entity_id:
            found[tenant].append(entity_id)
    return found


async def rows(source: Source, wanted: dict[str, list[str]]) -> tuple[Rising, ...]:
    """Return these gauges, as far as a town's wall shows them."""
    holders = [
        one
        for one in (source, *source.neighbours)
        if isinstance(one, BrokerSource) and one.tenant in wanted
    ]
    as_of = source.clock or time.now()
    groups = await asyncio.gather(*(_entities(one, wanted[one.tenant]) for one in holders))
    gauges = [
        reading.gauge_of(entity, as_of, None, holder.owner)
        for holder, group in zip(holders, groups, strict=True)
        for entity in group
    ]
    rates = await rates_of(source, gauges, as_of)
    return ranked([Rising(gauge, rates.get(gauge.key)) for gauge in gauges])


async def _entities(holder: BrokerSource, ids: Iterable[str]) -> list[Entity]:
    chosen = tuple(dict.fromkeys(ids))
    query = Query((Selector(ids=chosen, types=One(GAUGE_TYPE)),), page=Page(len(chosen)))
    result = await holder.broker.entities.query(holder.tenant, query)
    return [row.entity() for row in result.rows]
