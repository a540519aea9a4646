"""Geo-queries (4.10) through real tables, against a plain model: every relation, entities without a
place, with one, with several by datasetId, with another GeoProperty; pages, counts, few and many.
"""

import asyncio
import math
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely.geometry import box, mapping, shape

from tamamo.context.entities import service
from tamamo.context.entities.service import EntityService
from tamamo.context.model.entity import LOCATION, Entity
from tamamo.context.query import geoq, plan, typeq
from tamamo.context.query.paging import Page
from tamamo.kernel import geo
from tamamo.kernel.database import open_pool
from tests.conftest import _fresh_database

from .conftest import VOCABULARY, Terms

OTHER = VOCABULARY + "area"
KINDS = [VOCABULARY + "A", VOCABULARY + "B"]
RELATIONS = ["within", "contains", "intersects", "equals", "disjoint", "overlaps"]

grid = st.integers(0, 6)
points = st.tuples(grid, grid).map(lambda p: {"type": "Point", "coordinates": list(p)})
boxes = st.tuples(grid, grid, st.integers(1, 4), st.integers(1, 4)).map(
    lambda b: as_json(box(b[0], b[1], b[0] + b[2], b[1] + b[3]))
)
lines = st.tuples(grid, grid, st.integers(1, 4)).map(
    lambda at: {"type": "LineString", "coordinates": [[at[0], at[1]], [at[0] + at[2], at[1] + 1]]}
)
#: Where plain degrees go wrong: by the poles and where the longitude jumps.
EDGES = [[180, 3], [-180, 3], [179.99, 3], [-179.99, 3], [0, 89.99], [180, 89.99], [0, -90]]
references = st.one_of(
    points,
    boxes,
    lines,
    st.sampled_from(EDGES).map(lambda at: {"type": "Point", "coordinates": at}),
)


def as_json(shaped: Any) -> dict[str, Any]:
    found = mapping(shaped)
    return {
        "type": found["type"],
        "coordinates": [[list(at) for at in ring] for ring in found["coordinates"]],
    }


def some_place(chance: random.Random) -> dict[str, Any]:
    x, y = chance.randint(0, 6), chance.randint(0, 6)
    match chance.randrange(6):
        case 0:
            return {"type": "Point", "coordinates": chance.choice(EDGES)}
        case 1:
            return as_json(box(x, y, x + chance.randint(1, 4), y + chance.randint(1, 4)))
        case 2:
            return {"type": "LineString", "coordinates": [[x, y], [x + 2, y + 1]]}
        case 3:
            return {"type": "MultiPoint", "coordinates": [[x, y], [x + 1, y + 2]]}
        case _:
            return {"type": "Point", "coordinates": [x, y]}


def some_world() -> list[Entity]:
    """Two hundred entities of all sorts, the same each time."""
    chance = random.Random(4_10)

    def geo_instances(count: int) -> list[dict[str, Any]]:
        return [
            {"type": "GeoProperty", "value": some_place(chance)}
            | ({"datasetId": f"urn:x:{number}"} if number else {})
            for number in range(count)
        ]

    world = []
    for number in range(200):
        attrs: dict[str, list[dict[str, Any]]] = {}
        if count := chance.choice([0, 1, 1, 1, 2, 3]):
            attrs[LOCATION] = geo_instances(count)
        if chance.random() < 0.3:
            attrs[OTHER] = geo_instances(chance.choice([1, 2]))
        elif chance.random() < 0.2:  # looks like a place and is none, or does not even look so
            value = chance.choice([some_place(chance), 7, {"type": "Point"}, ["a"]])
            attrs[OTHER] = [{"type": "Property", "value": value}]
        elif chance.random() < 0.1:
            attrs[OTHER] = [{"type": "Relationship", "object": "urn:x:1"}]
        types = chance.choice([KINDS[:1], KINDS[:1], KINDS[1:], KINDS, KINDS[::-1]])
        world.append(Entity(f"urn:x:{number:03}", types, attrs))
    return world


class Stored:
    """The world in a database, asked through the service."""

    def __init__(self, runner: asyncio.Runner, entities: EntityService) -> None:
        self.world = {entity.id: entity for entity in some_world()}
        self._runner, self._entities = runner, entities
        runner.run(self._create())

    async def _create(self) -> None:
        await self._entities.run([service.creation("default", one) for one in some_world()])

    def ask(self, query: plan.Query) -> plan.Result:
        return self._runner.run(self._entities.query("default", query))


@pytest.fixture(scope="module")
def stored(cluster_dsn: str) -> Iterator[Stored]:
    with _fresh_database(cluster_dsn) as dsn, asyncio.Runner() as runner:
        opening = open_pool(dsn, 2)
        pool = runner.run(opening.__aenter__())
        yield Stored(runner, EntityService(pool))
        runner.run(opening.__aexit__(None, None, None))


def places(entity: Entity, name: str) -> list[dict[str, Any]]:
    """The places of the entity's GeoProperty, one an instance."""
    found = entity.attrs.get(name, [])
    return [one["value"] for one in found if one["type"] == "GeoProperty"]


def metres(one: dict[str, Any], other: dict[str, Any]) -> float:
    """The distance by the haversine formula where both are points, else by the kernel's own."""
    if not one["type"] == other["type"] == "Point":
        return geo.distance_m(shape(one), shape(other))
    (lon1, lat1), (lon2, lat2) = (map(math.radians, place["coordinates"]) for place in (one, other))
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6_371_008.8 * math.asin(min(1.0, math.sqrt(half)))


def holds(georel: str, reference: dict[str, Any], place: dict[str, Any]) -> bool:
    word, _, limit = georel.partition("==")
    if word == "near;maxDistance":
        return metres(place, reference) <= float(limit)
    if word == "near;minDistance":
        return metres(place, reference) > float(limit)
    return bool(getattr(shape(place), georel)(shape(reference)))


def is_clear(georel: str, reference: dict[str, Any], place: dict[str, Any]) -> bool:
    """Whether the distance is no matter of the last digits."""
    _, _, limit = georel.partition("==")
    return not limit or abs(metres(place, reference) - float(limit)) > 1


nearness = st.builds(
    lambda word, distance: f"near;{word}=={distance}",
    st.sampled_from(["maxDistance", "minDistance"]),
    st.one_of(st.integers(1, 900_000), st.sampled_from([3_000, 2_300_000, 19_000_000, 30_000_000])),
)


@settings(max_examples=120, deadline=None)
@given(
    georel=st.one_of(st.sampled_from(RELATIONS), nearness, nearness),
    reference=references,
    name=st.sampled_from(["location", "location", "location", "area"]),
    kind=st.sampled_from([None, *KINDS, "|".join(KINDS)]),
    page=st.builds(Page, st.integers(1, 30), st.integers(0, 20), st.booleans()),
    few=st.sampled_from([0, 3, 1_000]),
)
@example("near;maxDistance==3000", {"type": "Point", "coordinates": [180, 3]}, "location", None,
         Page(30), 3)  # fmt: skip
def test_the_database_and_the_model_agree(
    stored: Stored,
    terms: Terms,
    georel: str,
    reference: dict[str, Any],
    name: str,
    kind: str | None,
    page: Page,
    few: int,
) -> None:
    iri = LOCATION if name == "location" else OTHER
    parsed = geoq.parse(
        georel,
        reference["type"],
        reference["coordinates"],
        None if name == "location" else name,
        terms=terms,
    )
    assert parsed is not None
    types = None if kind is None else typeq.parse(kind, terms)
    query = plan.Query((plan.Selector(types=types),), geo=parsed, page=page)
    held = {entity.id: places(entity, iri) for entity in stored.world.values()}
    unclear = {
        one
        for one, found in held.items()
        if any(not is_clear(georel, reference, place) for place in found)
    }
    wanted = set(KINDS if kind is None else kind.split("|"))
    expected = [
        one
        for one, found in sorted(held.items())
        if wanted & set(stored.world[one].types)
        and any(holds(georel, reference, place) for place in found)
    ]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(plan, "FEW", few)
        result = stored.ask(query)
        everything = stored.ask(plan.Query(query.selectors, geo=parsed, page=Page(1000)))
    assert {row.id for row in everything.rows} ^ set(expected) <= unclear
    if not unclear:
        assert [row.id for row in result.rows] == expected[page.offset : page.offset + page.limit]
        assert result.more == (len(expected) > page.offset + page.limit)
        assert result.total == (len(expected) if page.count else None)
