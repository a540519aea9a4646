"""A portable unit is moved: its history stays with the places it stood at."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tamamo.context.broker import Broker, open_broker
from tamamo.context.model.entity import DEFAULT_VOCABULARY, Entity
from tamamo.feeds.units import listing
from tamamo.feeds.units.moving import Place, move
from tamamo.kernel.database import transaction
from tamamo.kernel.identity.errors import InvalidInput
from tamamo.kernel.settings import Settings
from tamamo.kernel.time import now, to_text

LEVEL = DEFAULT_VOCABULARY + "currentLevel"
STATUS = DEFAULT_VOCABULARY + "currentLevelStatus"
POND = Place("pond", "溜池", "Pond", 134.05, 34.30, {"alertLevel": 1.5})
UNDERPASS = Place("underpass", "地下道", "Underpass", 134.06, 34.33)
NOW = now().replace(microsecond=0)


@pytest.fixture
async def broker(settings: Settings) -> AsyncIterator[Broker]:
    async with open_broker(msgspec.structs.replace(settings, open=True)) as opened:
        yield opened


def ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


async def measured(broker: Broker, place: Place, hours: float, level: float) -> None:
    instance = {"type": "Property", "value": level, "observedAt": to_text(ago(hours))}
    kind = [DEFAULT_VOCABULARY + "FloodMonitoring"]
    await broker.observations.record("default", [Entity(place.id, kind, {LEVEL: [instance]})])


async def levels(broker: Broker, place: Place) -> list[float]:
    async with transaction(broker.pool) as db:
        rows = await db.execute(
            "select number from attribute_history where entity_id = %s and attr = %s"
            " and deleted_at is null order by at",
            (place.id, LEVEL),
        )
        return [row[0] for row in await rows.fetchall()]


async def status(broker: Broker, place: Place) -> str:
    found = await broker.entities.find("default", place.id)
    assert found is not None
    return str(found.attrs[STATUS][0]["value"])


async def test_history_stays_with_the_place(broker: Broker) -> None:
    await move(broker, "user:1", "default", "u1", place=POND, at=ago(9))
    await measured(broker, POND, 8, 0.5)
    moved = await move(broker, "user:1", "default", "u1", place=UNDERPASS, at=ago(5))
    await measured(broker, UNDERPASS, 4, 0.1)
    assert moved.before is not None
    assert (moved.before.place, moved.carried) == (POND.id, 0)
    assert await levels(broker, POND) == [0.5]
    assert await levels(broker, UNDERPASS) == [0.1]
    assert (await status(broker, POND), await status(broker, UNDERPASS)) == ("withdrawn", "ok")
    device = await broker.entities.find("default", "urn:ngsi-ld:Device:u1")
    assert device is not None
    asset = device.attrs[DEFAULT_VOCABULARY + "controlledAsset"]
    assert [one["object"] for one in asset] == [UNDERPASS.id]
    async with transaction(broker.pool) as db:
        found = [(one.place, one.from_at, one.to_at) for one in await listing(db, "default")]
        rows = await db.execute("select actor, action, object from audit_event order by seq")
        assert (await rows.fetchall())[-1] == ("user:1", "unit.move", "unit:u1")
    assert found == [(UNDERPASS.id, ago(5), None), (POND.id, ago(9), ago(5))]


async def test_a_move_noted_late_carries_over_what_came_since(broker: Broker) -> None:
    await move(broker, "user:1", "default", "u1", place=POND, at=ago(9))
    for hours, level in ((8, 0.5), (4, 0.1), (3, 0.2)):
        await measured(broker, POND, hours, level)
    moved = await move(broker, "user:1", "default", "u1", place=UNDERPASS, at=ago(5))
    assert moved.carried == 2
    assert await levels(broker, POND) == [0.5]
    assert await levels(broker, UNDERPASS) == [0.1, 0.2]
    assert await status(broker, POND) == "withdrawn"


async def test_another_units_readings_are_left_alone(broker: Broker) -> None:
    await move(broker, "user:1", "default", "u1", place=POND, at=ago(9))
    await move(broker, "user:1", "default", "u2", place=POND, at=ago(4))
    await measured(broker, POND, 3, 0.7)
    moved = await move(broker, "user:1", "default", "u1", place=UNDERPASS, at=ago(5))
    assert moved.carried == 0
    assert await levels(broker, POND) == [0.7]


async def test_taken_away_and_back(broker: Broker) -> None:
    await move(broker, "user:1", "default", "u1", place=POND, at=ago(9))
    await move(broker, "user:1", "default", "u1", place=None, at=ago(5))
    assert await status(broker, POND) == "withdrawn"
    await move(broker, "user:1", "default", "u1", place=POND, at=ago(2))
    assert await status(broker, POND) == "ok"


@pytest.mark.parametrize(
    ("place", "at", "field"),
    [
        (POND, ago(1), "place"),
        (UNDERPASS, ago(9), "at"),
        (UNDERPASS, ago(10), "at"),
        (UNDERPASS, NOW + timedelta(hours=1), "at"),
        (UNDERPASS, datetime(1899, 1, 1, tzinfo=UTC), "at"),
    ],
)
async def test_moves_that_cannot_be(broker: Broker, place: Place, at: datetime, field: str) -> None:
    await move(broker, "user:1", "default", "u1", place=POND, at=ago(9))
    with pytest.raises(InvalidInput) as refused:
        await move(broker, "user:1", "default", "u1", place=place, at=at)
    assert refused.value.extra["field"] == field
