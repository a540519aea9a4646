"""The demo's portable units: three, at three places, and one of them was moved."""

from datetime import timedelta

import pytest

from tamamo.context.broker import open_broker
from tamamo.context.model.entity import DEFAULT_TENANT, DEFAULT_VOCABULARY
from tamamo.feeds.units import listing, moving
from tamamo.kernel.database import transaction
from tamamo.simulator import portable, things
from tests.simulator.test_service import NOON

LEVEL = DEFAULT_VOCABULARY + "currentLevel"


@pytest.fixture
async def broker(settings):
    async with open_broker(settings) as opened:
        yield opened


@pytest.fixture
async def units(broker):
    return portable.Units(broker, await broker.contexts.resolve(DEFAULT_TENANT, None), 1)


async def report(broker, units, at):
    """Let the units report once."""
    raw = portable.Raw(at, None, await units.standing(at, None))
    await broker.observations.record(DEFAULT_TENANT, list(units.read(raw)))


async def measured(broker, place):
    """Return the moments of a place's readings."""
    series = await broker.temporal.series(
        DEFAULT_TENANT, place.id, LEVEL, NOON - timedelta(days=3), NOON + timedelta(hours=1)
    )
    return [point.at for point in series]


async def test_one_was_moved_and_both_places_have_their_past(broker, units):
    await report(broker, units, NOON)
    async with transaction(broker.pool) as connection:
        stays = await listing(connection, DEFAULT_TENANT)
    assert [one.unit for one in stays if one.to_at is None] == [f"sim-unit-{n}" for n in (1, 2, 3)]
    moved = NOON - portable.MOVED
    former, present = map(portable.place_of, (portable.FORMER, things.UNITS[0]))
    assert max(await measured(broker, former)) < moved
    assert min(await measured(broker, present)) == moved
    assert max(await measured(broker, present)) == NOON
    found = await broker.entities.find(DEFAULT_TENANT, former.id)
    status = found.attrs[DEFAULT_VOCABULARY + "currentLevelStatus"]
    assert status[0]["value"] == "withdrawn"
    device = await broker.entities.find(DEFAULT_TENANT, "urn:ngsi-ld:Device:sim-unit-1")
    asset = device.attrs[DEFAULT_VOCABULARY + "controlledAsset"]
    assert asset[0]["object"] == present.id


async def test_one_that_somebody_moves_measures_there_from_then_on(broker, units):
    await report(broker, units, NOON)
    place = moving.Place("kawaramachi", "瓦町地下道（模擬）", "Kawaramachi", 134.052, 34.338)
    at = NOON + timedelta(minutes=5)
    await moving.move(
        broker, "user:1", DEFAULT_TENANT, "sim-unit-2", place=place, at=at, present=at
    )
    await report(broker, units, at)
    assert await measured(broker, place) == [at]
    assert max(await measured(broker, portable.place_of(things.UNITS[1]))) == NOON


async def test_a_second_start_brings_no_second_past(broker, units):
    await report(broker, units, NOON)
    before = await measured(broker, portable.place_of(portable.FORMER))
    again = portable.Units(broker, await broker.contexts.resolve(DEFAULT_TENANT, None), 1)
    await report(broker, again, NOON + timedelta(minutes=1))
    assert await measured(broker, portable.place_of(portable.FORMER)) == before
