"""The rows of a live dataset, as whoever asks may see its entities now."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from tamamo.context.access.seen import seen_by
from tamamo.context.broker import Broker
from tamamo.context.entities import store as entities
from tamamo.context.model.entity import Entity, Instance
from tamamo.context.query import plan
from tamamo.context.query.logic import One
from tamamo.context.query.paging import Page
from tamamo.context.query.plan import Query, Selector
from tamamo.kernel.database import searching
from tamamo.publishing.datasets.live.declaration import Live, LiveColumn, function_of
from tamamo.publishing.datasets.rights import Sight

#: The most rows that are looked through for a filter, a word or an order.
MOST: Final = 100_000
_MEMBERS: Final = ("value", "object", "vocab", "valueList", "json")
_LANGUAGES: Final = ("ja", "en")


async def page(broker: Broker, sight: Sight, live: Live, limit: int, offset: int) -> list[Any]:
    """Return rows in the order of their ids, without anything else asked; and one more."""
    if live.function:
        found = await _made(broker, sight, live)
        return found[offset : offset + limit + 1]
    query = Query((Selector(types=One(live.type)),), page=Page(limit + 1, offset))
    seen = seen_by(broker, sight.access, sight.subject)
    result = await seen.entities.query(sight.town, query)
    return [row_of(live.columns, entities.living(row.entity())) for row in result.rows]


async def count(broker: Broker, sight: Sight, live: Live) -> int:
    """Return how many rows there are."""
    if live.function:
        return len(await _made(broker, sight, live))
    query = Query((Selector(types=One(live.type)),), page=Page(0, 0, count=True))
    seen = seen_by(broker, sight.access, sight.subject)
    return (await seen.entities.query(sight.town, query)).total or 0


async def every(broker: Broker, sight: Sight, live: Live) -> AsyncIterator[dict[str, Any]]:
    """Yield all rows in the order of their ids, at most MOST."""
    if live.function:
        for row in (await _made(broker, sight, live))[:MOST]:
            yield row
        return
    seen = seen_by(broker, sight.access, sight.subject)
    query, left = Query((Selector(types=One(live.type)),)), MOST
    async with searching(seen.pool) as connection:
        async for found in plan.scan(connection, sight.town, query):
            yield row_of(live.columns, entities.living(found.entity()))
            left -= 1
            if not left:
                return


async def _made(broker: Broker, sight: Sight, live: Live) -> list[dict[str, Any]]:
    names = [column.name for column in live.columns]
    seen = seen_by(broker, sight.access, sight.subject)
    rows: Sequence[Mapping[str, Any]] = await function_of(live.function)(seen, sight.town)
    return [{name: row.get(name) for name in names} for row in rows]


def row_of(columns: Sequence[LiveColumn], entity: Entity) -> dict[str, Any]:
    """Return what the columns show of an entity."""
    return {column.name: _cell(column, entity) for column in columns}


def _cell(column: LiveColumn, entity: Entity) -> Any:
    if column.shows == "id":
        return entity.id
    instances = entity.attrs.get(column.iri)
    if not instances:
        return entity.id.rpartition(":")[2] if column.role == "key" else None
    instance = instances[0]
    if column.shows == "observed_at":
        return instance.get("observedAt")
    value = _value(instance)
    if column.shows in ("longitude", "latitude"):
        if not isinstance(value, dict) or value.get("type") != "Point":
            return None
        return value["coordinates"][column.shows == "latitude"]
    if column.member:
        value = value.get(column.member) if isinstance(value, dict) else None
    return _scalar(value)


def _value(instance: Instance) -> Any:
    words = instance.get("languageMap")
    if isinstance(words, dict):
        return next((words[one] for one in _LANGUAGES if one in words), None)
    return next((instance[member] for member in _MEMBERS if member in instance), None)


def _scalar(value: Any) -> Any:
    if isinstance(value, list):
        return "、".join(str(one) for one in value if not isinstance(one, dict | list))
    return None if isinstance(value, dict) else value
