"""What is within reach is the same in SQL, in Python, and whatever is asked about it."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from tamamo.context.access import narrowed
from tamamo.context.access.seen import seen_by
from tamamo.context.broker import Broker, open_broker
from tamamo.context.entities.service import creation
from tamamo.context.entities.write import Mutation
from tamamo.context.jsonld.resolve import default_map
from tamamo.context.model.entity import LOCATION, Entity
from tamamo.context.query import plan, request
from tamamo.context.query.paging import Page
from tamamo.kernel.identity import EVERYTHING, NOTHING, Access, Part, Reach
from tamamo.kernel.settings import Settings

TERMS = default_map().terms
TYPES = [TERMS.expand_type(name) for name in ("A", "B", "C")]
ATTRS = [TERMS.expand_term(name) for name in ("x", "y", "z")]
START = datetime(2026, 1, 1, tzinfo=UTC)
TIMES = {"createdAt", "modifiedAt"}
PARTS = [
    Part(frozenset(types) if types else None, attrs, scopes, frozenset(but))
    for types, attrs, scopes, but in product(
        ((), TYPES[:1], TYPES[:2]),
        (None, frozenset(ATTRS[:1]), frozenset({ATTRS[1], LOCATION})),
        (None, ("/n",), ("s/1", "/n/2")),
        ((), TYPES[1:2]),
    )
]
REACHES = [NOTHING, EVERYTHING, *(Reach((part,)) for part in PARTS)]
REACHES += [Reach(tuple(random.Random(n).sample(PARTS, 3))) for n in range(40)]


def entity(number: int) -> Entity:
    """Make the nth of all kinds of entities."""
    chance = random.Random(number)
    types = chance.sample(TYPES, chance.choice((1, 1, 2)))
    scopes = chance.sample(["/n", "n/2", "/n/2/a", "/s/1", "/northern"], chance.choice((0, 1, 2)))
    at = (START + timedelta(hours=number)).isoformat().replace("+00:00", "Z")
    attrs: dict[str, Any] = {
        name: [{"type": "Property", "value": number % 7, "observedAt": at}]
        for name in chance.sample(ATTRS, chance.randint(1, 3))
    }
    if chance.random() < 0.7:
        place = {"type": "Point", "coordinates": [134 + number / 1000, 34.3]}
        attrs[LOCATION] = [{"type": "GeoProperty", "value": place}]
    return Entity(f"urn:e:{number:03}", types, attrs, scopes)


@pytest.fixture
async def broker(settings: Settings) -> AsyncIterator[Broker]:
    async with open_broker(settings) as opened:
        await opened.entities.run([creation("default", entity(number)) for number in range(120)])
        yield opened


def seen(broker: Broker, reach: Reach) -> Broker:
    return seen_by(broker, Access("default", read=reach), "somebody")


async def everything(broker: Broker) -> list[Entity]:
    found = await broker.entities.query("default", plan.Query(page=Page(1000)))
    return [row.entity() for row in found.rows]


async def test_all_that_is_within_reach_and_nothing_else(broker: Broker) -> None:
    whole = await everything(broker)
    sizes = set()
    for reach in REACHES:
        expected = [one for item in whole if (one := narrowed(reach, item)) is not None]
        view = seen(broker, reach)
        assert await everything(view) == expected, reach
        ids = [item.id for item in whole]
        found = await view.entities.find_many("default", ids)
        assert [found[name] for name in sorted(found)] == expected
        counted = await view.entities.query("default", plan.Query(page=Page(0, count=True)))
        assert counted.total == len(expected)
        assert await view.entities.find_ids("default", plan.Query(), 1000) == [
            one.id for one in expected
        ]
        sizes.add(len(expected))
    assert {0, len(whole)} < sizes and len(sizes) > 10


ASKED = [
    {"type": "A"},
    {"type": "A,B", "limit": "5", "offset": "3", "count": "true"},
    {"type": "(A;B),C"},
    {"q": "x>3"},
    {"q": "!y", "type": "A"},
    {"q": "x;z", "count": "true"},
    {"attrs": "x"},
    {"scopeQ": "/n/#", "type": "A,B,C"},
    {"type": "A,B", "orderBy": "y;desc"},
    {"type": "A", "orderBy": "x"},
    {"georel": "near;maxDistance==9000", "geometry": "Point", "coordinates": "[134.05,34.3]"},
    {"georel": "near;maxDistance==9000", "geometry": "Point", "coordinates": "[134.05,34.3]",
     "type": "A", "count": "true"},
]  # fmt: skip


@pytest.mark.parametrize("asked", ASKED, ids=str)
async def test_a_query_is_about_what_is_within_reach_alone(
    broker: Broker, asked: dict[str, str]
) -> None:
    """It gives what it would give if there were nothing else in the tenant."""
    whole = await everything(broker)
    for number, reach in enumerate(REACHES[::4]):
        mine = f"only {number}"
        within = [one for item in whole if (one := narrowed(reach, item)) is not None]
        await broker.entities.run([_in(mine, one) for one in within])
        query = request.read({"local": "true", **asked}, TERMS)
        alone = await broker.entities.query(mine, query)
        among = await seen(broker, reach).entities.query("default", query)
        assert [(row.id, _untimed(row.attrs)) for row in among.rows] == [
            (row.id, _untimed(row.attrs)) for row in alone.rows
        ]
        assert (among.total, among.more) == (alone.total, alone.more)


def _in(tenant: str, one: Entity) -> Mutation:
    """Return the mutation that puts a copy of an entity into another tenant."""
    attrs = {name: [dict(item) for item in items] for name, items in one.attrs.items()}
    return creation(tenant, Entity(one.id, one.types, attrs, one.scopes))


def _untimed(attrs: dict[str, Any]) -> dict[str, Any]:
    """Return attributes without the times at which they were written."""
    return {
        name: [{k: v for k, v in item.items() if k not in TIMES} for item in items]
        for name, items in attrs.items()
    }


async def test_types_and_attributes_are_those_within_reach(broker: Broker) -> None:
    whole = await everything(broker)
    for reach in REACHES:
        within = [one for item in whole if (one := narrowed(reach, item)) is not None]
        discovery = seen(broker, reach).discovery
        types = sorted({name for one in within for name in one.types})
        assert await discovery.types("default") == types
        attrs = sorted({name for one in within for name in one.attrs})
        assert sorted(await discovery.attributes("default")) == attrs
        for name in types:
            assert (await discovery.type_info("default", name)).entity_count == sum(
                name in one.types for one in within
            )


async def test_history_is_that_of_what_is_within_reach(broker: Broker) -> None:
    whole = await everything(broker)
    end = START + timedelta(days=30)
    for reach in REACHES:
        temporal = seen(broker, reach).temporal
        shown = {one.id: one for item in whole if (one := narrowed(reach, item)) is not None}
        for attr in ATTRS:
            ids = [item.id for item in whole]
            found = await temporal.many_series("default", ids, attr, START, end)
            assert {name for name, points in found.items() if points} == {
                one.id for one in shown.values() if attr in one.attrs
            }
        for name in TYPES:
            then = await temporal.state_at("default", name, end)
            assert {(one.id, *sorted(one.attrs)) for one in then} == {
                (one.id, *sorted(one.attrs))
                for one in shown.values()
                if name in one.types and one.attrs
            }


async def test_nothing_is_written_through_it(broker: Broker) -> None:
    view = seen(broker, Reach((Part(frozenset(TYPES)),)))
    async with view.pool.connection() as connection:
        for statement in (
            "delete from entity",
            "update entity set type = ''",
            "with gone as (delete from entity returning 1) select * from gone",
            "insert into entity_map (tenant, id, size, expires_at) select id, id, 1, now()"
            " from entity",
        ):
            with pytest.raises(Exception, match=r"syntax error|data-modifying"):
                await connection.execute(statement)
            await connection._connection.rollback()  # type: ignore[attr-defined]
    assert len(await everything(broker)) == 120
