"""What feeds and pages of the process read: series, buckets, the state at a moment."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tamamo.context.entities import write
from tamamo.context.entities.write import Change, Mutation
from tamamo.context.model.entity import DEFAULT_VOCABULARY, Entity
from tamamo.context.observations import ObservationService
from tamamo.context.temporal.partitions import Partitions
from tamamo.context.temporal.service import Bucket, TemporalService
from tamamo.context.tenants import Tenants
from tamamo.kernel.database import Pool, transaction
from tamamo.kernel.time import to_text

LEVEL = DEFAULT_VOCABULARY + "currentLevel"
NAME = DEFAULT_VOCABULARY + "name"
GAUGE = DEFAULT_VOCABULARY + "FloodMonitoring"
JUNE = datetime(2026, 6, 1, tzinfo=UTC)


def gauge(hour: int | None, level: float = 0, name: str | None = None, **more: Any) -> Entity:
    attrs: dict[str, Any] = {}
    if hour is not None:
        at = to_text(JUNE + timedelta(hours=hour))
        attrs[LEVEL] = [{"type": "Property", "value": level, "observedAt": at}]
    if name is not None:
        attrs[NAME] = [{"type": "Property", "value": name}]
    return Entity(more.get("id", "urn:x:1"), more.get("types", [GAUGE]), attrs)


@pytest.fixture
def feed(pool: Pool) -> ObservationService:
    return ObservationService(pool, Partitions(pool), Tenants(pool))


@pytest.fixture
def history(pool: Pool) -> TemporalService:
    return TemporalService(pool)


async def test_a_series_is_half_open_and_oldest_first(
    feed: ObservationService, history: TemporalService
) -> None:
    await feed.record("default", [gauge(hour, hour) for hour in (3, 0, 2, 1)])
    points = await history.series("default", "urn:x:1", LEVEL, JUNE, JUNE + timedelta(hours=3))
    assert [(p.value, p.at) for p in points] == [
        (hour, JUNE + timedelta(hours=hour)) for hour in range(3)
    ]
    newest = await history.series(
        "default", "urn:x:1", LEVEL, JUNE, JUNE + timedelta(hours=9), limit=2
    )
    assert [p.value for p in newest] == [2, 3]


async def test_series_of_several_entities(
    feed: ObservationService, history: TemporalService
) -> None:
    await feed.record("default", [gauge(0, 1), gauge(0, 2, id="urn:x:2")])
    found = await history.many_series(
        "default", ["urn:x:1", "urn:x:2", "urn:x:3"], LEVEL, JUNE, JUNE + timedelta(days=1)
    )
    assert {k: [p.value for p in v] for k, v in found.items()} == {
        "urn:x:1": [1],
        "urn:x:2": [2],
        "urn:x:3": [],
    }


async def test_buckets(feed: ObservationService, history: TemporalService) -> None:
    await feed.record("default", [gauge(hour, hour) for hour in (0, 1, 4)])
    found = await history.buckets(
        "default", ["urn:x:1"], LEVEL, JUNE, JUNE + timedelta(days=1), step=timedelta(hours=2)
    )
    assert found["urn:x:1"] == [
        Bucket(JUNE, 2, 0.0, 1.0, 0.5),
        Bucket(JUNE + timedelta(hours=4), 1, 4.0, 4.0, 4.0),
    ]


async def levels_at(history: TemporalService, at: datetime) -> dict[str, Any]:
    found = await history.state_at("default", GAUGE, at)
    return {
        e.id: (
            e.attrs[LEVEL][0]["value"] if LEVEL in e.attrs else None,
            e.attrs[NAME][0]["value"] if NAME in e.attrs else None,
        )
        for e in found
    }


async def test_the_state_at_a_moment(feed: ObservationService, history: TemporalService) -> None:
    """The reading then; the name although it was loaded long after."""
    await feed.record("default", [gauge(hour, hour, "牛堂") for hour in (1, 3)])
    await feed.record("default", [gauge(9, 9, "春日川", id="urn:x:2")])
    at = {hour: await levels_at(history, JUNE + timedelta(hours=hour)) for hour in (0, 1, 2, 5, 9)}
    later = {"urn:x:2": (None, "春日川")}
    assert at[0] == {"urn:x:1": (None, "牛堂"), **later}
    assert at[1] == at[2] == {"urn:x:1": (1, "牛堂"), **later}
    assert at[5] == {"urn:x:1": (3, "牛堂"), **later}
    assert at[9] == {"urn:x:1": (3, "牛堂"), "urn:x:2": (9, "春日川")}


async def test_names_change_with_the_times(
    pool: Pool, feed: ObservationService, history: TemporalService
) -> None:
    await feed.record("default", [gauge(0, 1, "旧")])
    await feed.record("default", [gauge(None, name="新")])
    async with transaction(pool) as connection:
        await connection.execute(
            "update attribute_history set at = %s where attr = %s and instance ->> 'value' = '新'",
            [JUNE + timedelta(days=2), NAME],
        )
        await connection.execute(
            "update attribute_history set at = %s where attr = %s and instance ->> 'value' = '旧'",
            [JUNE - timedelta(days=2), NAME],
        )
    names = {day: await levels_at(history, JUNE + timedelta(days=day)) for day in (-3, -1, 1, 3)}
    assert {day: found["urn:x:1"][1] for day, found in names.items()} == {
        -3: "旧",
        -1: "旧",
        1: "旧",
        3: "新",
    }


async def test_deleted_entities_and_attributes_are_absent(
    pool: Pool, feed: ObservationService, history: TemporalService
) -> None:
    await feed.record("default", [gauge(0, 1, "牛堂"), gauge(0, 2, id="urn:x:2")])
    await write.run(pool, [Mutation("default", "urn:x:2", lambda before, now: Change(None))])
    assert set(await levels_at(history, JUNE + timedelta(hours=1))) == {"urn:x:1", "urn:x:2"}
    assert set(await levels_at(history, datetime.now(UTC) + timedelta(days=1))) == {"urn:x:1"}


async def test_the_newest_of_each_dataset(
    feed: ObservationService, history: TemporalService
) -> None:
    entities = [gauge(hour, hour) for hour in range(3)]
    for entity in entities[:2]:
        measured = entity.attrs[LEVEL][0]
        entity.attrs[LEVEL].append({**measured, "datasetId": "urn:d:1"})
    await feed.record("default", entities)
    (found,) = await history.state_at("default", GAUGE, JUNE + timedelta(days=1))
    assert {i.get("datasetId"): i["value"] for i in found.attrs[LEVEL]} == {None: 2, "urn:d:1": 1}


async def test_an_entity_of_several_types_is_found_by_each(
    feed: ObservationService, history: TemporalService
) -> None:
    await feed.record("default", [gauge(0, 1, types=["urn:t:Sensor", GAUGE])])
    for kind in (GAUGE, "urn:t:Sensor"):
        assert len(await history.state_at("default", kind, JUNE + timedelta(days=1))) == 1
