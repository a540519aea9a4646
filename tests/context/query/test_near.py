"""Places by the index and by distance: every page is what going through all of them gives."""

import random
from typing import Any

import pytest
from shapely import Point

from tamamo.context.model.entity import LOCATION, Entity
from tamamo.context.query import geoq, plan, request
from tamamo.kernel import geo
from tamamo.kernel.database import Pool

from .test_plan import A, CoreTerms, insert, place


def near(lon: float, lat: float, metres: float, **more: str) -> dict[str, str]:
    return {
        "type": "A",
        "georel": f"near;maxDistance=={metres}",
        "geometry": "Point",
        "coordinates": f"[{lon},{lat}]",
        **more,
    }


def line(*positions: tuple[float, float]) -> dict[str, Any]:
    value = {"type": "LineString", "coordinates": [list(position) for position in positions]}
    return {"type": "GeoProperty", "value": value}


def around(lon: float, lat: float, spread: float, count: int, seed: int) -> list[Entity]:
    """Return points, lines and pairs of points around a place."""
    chance = random.Random(seed)

    def position() -> tuple[float, float]:
        east = lon + chance.uniform(-spread, spread)
        return (east + 180) % 360 - 180, max(-90, min(90, lat + chance.uniform(-spread, spread)))

    made = []
    for number in range(count):
        kind = chance.randrange(5)
        if kind == 0:
            instances = [line(position(), position())]
        elif kind == 1:
            instances = [place(*position()), {**place(*position()), "datasetId": "urn:d:1"}]
        else:
            instances = [place(*position())]
        made.append(Entity(f"urn:x:{seed}:{number:03}", [A], {LOCATION: instances}))
    return made


@pytest.mark.parametrize("few", [0, 3, 1_000])
async def test_every_page_of_an_area_is_right(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(plan, "FEW", few)
    corners = [(134.0, 34.3, 0.05), (179.99, -17.0, 0.05), (20.0, 89.9, 0.3), (0.0, 0.0, 0.0001)]
    entities = [
        entity
        for seed, (lon, lat, spread) in enumerate(corners)
        for entity in around(lon, lat, spread, 60, seed)
    ]
    terms, seen = CoreTerms(), 0
    async with pool.connection() as connection:
        await insert(connection, "default", entities)
        for lon, lat, spread in corners:
            for share in (0.1, 0.5, 1, 4):
                metres = share * spread * 111_000
                for page in ({"limit": "5"}, {"limit": "7", "offset": "4", "count": "true"}):
                    asked = request.read(near(lon, lat, metres, **page), terms)
                    assert asked.geo is not None
                    found = [e.id for e in entities if geoq.matches(asked.geo, e)]
                    start, stop = asked.page.offset, asked.page.offset + asked.page.limit
                    result = await plan.run(connection, "default", asked)
                    assert [row.id for row in result.rows] == sorted(found)[start:stop]
                    assert result.more == (len(found) > stop)
                    assert result.total == (len(found) if asked.page.count else None)
                    seen += len(result.rows)
    assert seen > 100


async def test_what_lies_on_the_edge_is_found_in_the_database_too(pool: Pool) -> None:
    """The distance of PostgreSQL may round otherwise: it must not lose what Python finds."""
    chance, reference = random.Random(3), Point(134.05, 34.35)
    entities = []
    for number in range(200):
        offset = 10 ** chance.uniform(-9, -1)
        where = place(134.05 + chance.choice([-1, 1]) * offset, 34.35 + chance.choice([0, offset]))
        entities.append(Entity(f"urn:x:{number:03}", [A], {LOCATION: [where]}))
    terms = CoreTerms()
    async with pool.connection() as connection:
        await insert(connection, "default", entities)
        for entity in entities:
            target = geo.stored(entity.attrs[LOCATION][0]["value"])
            assert target is not None
            metres = geo.distance_m(target, reference)
            asked = request.read(near(134.05, 34.35, metres, id=entity.id), terms)
            result = await plan.run(connection, "default", asked)
            assert [row.id for row in result.rows] == [entity.id]


def _kinds(entity: Entity) -> list[str]:
    return [instance["value"]["type"] for instance in entity.attrs[LOCATION]]


async def test_a_page_near_a_place_is_not_more_than_was_asked(pool: Pool) -> None:
    """Points are tested for their distance in the database: the page is soon full."""
    everything = around(134.0, 34.3, 0.05, 500, 1)
    points = [e for e in everything if _kinds(e) == ["Point"]]
    fetched = 0
    async with pool.connection() as connection:
        await insert(connection, "default", points)
        execute = connection.execute

        async def counting(*arguments: Any, **options: Any) -> Any:
            nonlocal fetched
            cursor = await execute(*arguments, **options)
            fetched += cursor.rowcount
            return cursor

        connection.execute = counting  # type: ignore[method-assign]
        asked = request.read(near(134.0, 34.3, 2_000, limit="5"), CoreTerms())
        result = await plan.run(connection, "default", asked)
    assert len(result.rows) == 5
    assert result.more
    assert fetched <= 5 + 2
