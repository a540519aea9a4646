"""Recording readings on a real PostgreSQL: repeats, late ones, metadata, one transaction."""

import asyncio
import csv
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tamamo.context.errors import BadRequestData
from tamamo.context.model.entity import DEFAULT_VOCABULARY, LOCATION, Entity
from tamamo.context.observations import ObservationService, Recorded
from tamamo.context.temporal.partitions import Partitions
from tamamo.context.temporal.service import TemporalService
from tamamo.context.tenants import Tenants
from tamamo.kernel.database import Pool, transaction

LEVEL = DEFAULT_VOCABULARY + "currentLevel"
NAME = DEFAULT_VOCABULARY + "name"
GAUGE = DEFAULT_VOCABULARY + "FloodMonitoring"
ID = "urn:ngsi-ld:FloodMonitoring:1"


def gauge(
    at: str | None = None, level: float = 1.0, name: str | None = None, **more: Any
) -> Entity:
    entity = Entity(more.get("id", ID), [GAUGE])
    if at is not None:
        entity.attrs[LEVEL] = [
            {"type": "Property", "value": level, "unitCode": "MTR", "observedAt": at}
        ]
    if name is not None:
        entity.attrs[NAME] = [{"type": "Property", "value": name}]
    return entity


@pytest.fixture
def observations(pool: Pool) -> ObservationService:
    return ObservationService(pool, Partitions(pool), Tenants(pool))


async def rows(pool: Pool, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    async with transaction(pool) as connection:
        return await (await connection.execute(statement, values)).fetchall()


async def state(pool: Pool) -> dict[str, Any]:
    ((attrs,),) = await rows(pool, "select attrs from entity where id = %s", ID)
    return dict(attrs)


async def test_a_repeat_is_counted_and_not_stored(
    pool: Pool, observations: ObservationService
) -> None:
    first = await observations.record("default", [gauge("2026-06-01T00:00:00Z", 1.2)])
    again = await observations.record(
        "default", [gauge("2026-06-01T00:00:00Z", 9.9), gauge("2026-06-01T00:10:00Z", 1.3)]
    )
    assert first == Recorded(stored=1, created=1)
    assert again == Recorded(stored=1, repeated=1)
    history = await rows(
        pool, "select number from attribute_history where attr = %s order by at", LEVEL
    )
    assert history == [(1.2,), (1.3,)]
    assert (await state(pool))[LEVEL][0]["value"] == 1.3


async def test_the_same_reading_twice_in_one_call_is_one(
    pool: Pool, observations: ObservationService
) -> None:
    reading = gauge("2026-06-01T00:00:00Z", 1.2)
    recorded = await observations.record("default", [reading, reading, reading])
    assert recorded == Recorded(stored=1, repeated=2, created=1)


async def test_one_moment_written_in_two_ways_is_one_reading(
    observations: ObservationService,
) -> None:
    await observations.record("default", [gauge("2026-06-01T00:00:00Z")])
    recorded = await observations.record("default", [gauge("2026-06-01T00:00:00.000Z")])
    assert recorded == Recorded(repeated=1)


async def test_a_late_reading_goes_to_the_history_only(
    pool: Pool, observations: ObservationService
) -> None:
    await observations.record("default", [gauge("2026-06-01T02:00:00Z", 2.0)])
    before = await state(pool)
    recorded = await observations.record("default", [gauge("2026-06-01T01:00:00Z", 1.0)])
    assert recorded == Recorded(stored=1, late=1)
    assert await state(pool) == before
    assert await rows(pool, "select count(*) from outbox") == [(1,)]
    assert await rows(pool, "select number from attribute_history order by at") == [(1.0,), (2.0,)]


async def test_readings_of_one_call_are_taken_in_order_of_time(
    pool: Pool, observations: ObservationService
) -> None:
    hours = [3, 1, 2]
    recorded = await observations.record(
        "default", [gauge(f"2026-06-01T0{hour}:00:00Z", hour) for hour in hours]
    )
    assert recorded == Recorded(stored=3, created=1)
    assert (await state(pool))[LEVEL][0]["value"] == 3
    assert await rows(pool, "select operation from outbox") == [("create",)]


async def test_metadata_is_written_only_when_it_differs(
    pool: Pool, observations: ObservationService
) -> None:
    first = await observations.record("default", [gauge("2026-06-01T00:00:00Z", name="牛堂")])
    same = await observations.record("default", [gauge("2026-06-01T00:10:00Z", name="牛堂")])
    other = await observations.record("default", [gauge(name="牛堂橋")])
    assert (first.metadata, same.metadata, other) == (1, 0, Recorded(metadata=1))
    names = await rows(
        pool, "select instance ->> 'value' from attribute_history where attr = %s order by at", NAME
    )
    assert names == [("牛堂",), ("牛堂橋",)]
    changed = await rows(pool, "select changed from outbox order by seq")
    assert changed == [([NAME, LEVEL],), ([LEVEL],), ([NAME],)]


async def test_an_instance_keeps_its_creation_time(
    pool: Pool, observations: ObservationService
) -> None:
    await observations.record("default", [gauge("2026-06-01T00:00:00Z")])
    created = (await state(pool))[LEVEL][0]["createdAt"]
    await asyncio.sleep(0.002)
    await observations.record("default", [gauge("2026-06-01T00:10:00Z")])
    instance = (await state(pool))[LEVEL][0]
    assert instance["createdAt"] == created
    assert instance["modifiedAt"] > created


async def test_datasets_are_different_readings(
    pool: Pool, observations: ObservationService
) -> None:
    other = gauge("2026-06-01T00:00:00Z", 5.0)
    other.attrs[LEVEL][0]["datasetId"] = "urn:ngsi-ld:Dataset:forecast"
    recorded = await observations.record("default", [gauge("2026-06-01T00:00:00Z", 1.0), other])
    assert recorded == Recorded(stored=2, created=1)
    assert [i["value"] for i in (await state(pool))[LEVEL]] == [1.0, 5.0]


async def test_a_tenant_is_made_by_its_first_reading(
    pool: Pool, observations: ObservationService
) -> None:
    await observations.record("miki", [gauge("2026-06-01T00:00:00Z")])
    assert await rows(pool, "select name from tenant order by name") == [("default",), ("miki",)]
    assert await rows(pool, "select tenant from entity") == [("miki",)]


@pytest.mark.parametrize("text", ["yesterday", "2026-06-01T00:00:00", "1899-12-30T00:00:00Z"])
async def test_an_unusable_time_stores_nothing(
    pool: Pool, observations: ObservationService, text: str
) -> None:
    with pytest.raises(BadRequestData, match=text[:4]):
        await observations.record("default", [gauge("2026-06-01T00:00:00Z"), gauge(text)])
    assert await rows(pool, "select count(*) from attribute_history") == [(0,)]
    assert await rows(pool, "select count(*) from entity") == [(0,)]


async def test_two_feeds_at_once_store_each_reading_once(pool: Pool) -> None:
    readings = [
        gauge(f"2026-06-01T{hour:02}:00:00Z", hour, id=f"urn:ngsi-ld:FloodMonitoring:{n}")
        for n in range(20)
        for hour in range(24)
    ]
    results = await asyncio.gather(
        *(
            ObservationService(pool, Partitions(pool), Tenants(pool)).record(
                "default", readings[part:]
            )
            for part in (0, 100, 200)
        )
    )
    total = sum(results, Recorded())
    assert total.stored == len(readings)
    assert total.created == 20
    assert await rows(pool, "select count(*) from attribute_history") == [(len(readings),)]


async def test_the_recorded_month_of_the_river(
    pool: Pool, observations: ObservationService, shared_data: Path
) -> None:
    """The recording's known counts, and its time: far below the 5 s of a whole replay."""
    source = shared_data / "river" / "kagawa_crisis_waterlevel_2026-06.csv"
    with source.open(encoding="utf-8") as lines:
        readings = [_from_row(row) for row in csv.DictReader(lines)]
    started = time.perf_counter()
    recorded = await observations.record("default", readings)
    assert time.perf_counter() - started < 4
    assert (recorded.stored, recorded.repeated, recorded.created) == (5488, 392, 89)
    assert await observations.record("default", readings) == Recorded(repeated=5880)
    months = await rows(
        pool, "select tableoid::regclass::text, count(*) from attribute_history group by 1"
    )
    assert dict(months)["attribute_history_2026_06"] > 5000

    at = datetime(2026, 6, 26, 8, 0, tzinfo=UTC)
    then = await TemporalService(pool).state_at("default", GAUGE, at)
    assert len(then) == 89
    assert all(entity.attrs[NAME][0]["value"] for entity in then)
    assert all(entity.attrs[LOCATION] for entity in then)
    observed = [e.attrs[LEVEL][0]["observedAt"] for e in then if LEVEL in e.attrs]
    assert max(observed) <= "2026-06-26T08:00:00Z"


def _from_row(row: dict[str, str]) -> Entity:
    at = datetime.fromisoformat(row["obs_time"]).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    entity = gauge(
        at, float(row["level_m"]), row["name"], id=f"urn:ngsi-ld:FloodMonitoring:{row['code']}"
    )
    entity.attrs[LOCATION] = [
        {
            "type": "GeoProperty",
            "value": {"type": "Point", "coordinates": [float(row["lon"]), float(row["lat"])]},
        }
    ]
    return entity
