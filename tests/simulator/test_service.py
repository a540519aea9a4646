import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tamamo.context.broker import open_broker
from tamamo.context.model.entity import DEFAULT_TENANT
from tamamo.feeds import counting
from tamamo.feeds.coordinator import Coordinator
from tamamo.feeds.status import FeedStatuses
from tamamo.kernel.time import to_text
from tamamo.simulator import entities, service, things
from tamamo.simulator.city import GAUGES
from tamamo.simulator.weather import Storm

KINDS = (
    "FloodMonitoring", "WeatherObserved", "SeaConditions", "Simulation", "WeatherForecast",
    "Device", "EvacuationShelter", "RoadSegment", "Camera",
)  # fmt: skip
NOON = datetime(2026, 6, 26, 3, tzinfo=UTC)


class Finished(BaseException):
    pass


class FakeClock:
    def __init__(self, start=NOON, length=timedelta(minutes=2)):
        self.time, self.end = start, start + length

    def now(self):
        return self.time

    async def sleep(self, seconds):
        self.time += timedelta(seconds=seconds)
        if self.time > self.end:
            raise Finished
        await asyncio.sleep(0)


@pytest.fixture
async def broker(settings):
    async with open_broker(settings) as opened:
        yield opened


async def simulate(broker, clock, seed=1, feed="simulator"):
    found = {one.declaration.id: one for one in await service.feeds(broker, clock, seed)}
    statuses = FeedStatuses(broker.pool)
    coordinator = Coordinator([], statuses, broker.observations.record, clock)
    with pytest.raises(Finished):
        await coordinator.run_feed(found[feed])


async def once(broker, clock, seed=1):
    """Run every source of the first town once."""
    statuses = FeedStatuses(broker.pool)
    coordinator = Coordinator([], statuses, broker.observations.record, clock)
    for feed in await service.feeds(broker, clock, seed):
        await statuses.declare(feed.declaration)
        assert await coordinator.attempt(feed) is None


async def gauge_series(broker, slug, end):
    level = (await broker.contexts.resolve(DEFAULT_TENANT, None)).expand_term("currentLevel")
    return await broker.temporal.series(
        DEFAULT_TENANT, entities.gauge_id(slug), level, NOON - timedelta(days=3), end
    )


async def test_the_first_start_brings_48_hours_and_then_lives(broker):
    clock = FakeClock()
    await simulate(broker, clock)
    points = await gauge_series(broker, "gobo", clock.end + timedelta(hours=1))
    past = [p for p in points if p.at < NOON]
    assert len(past) == 48 * 6 - 1
    live = [p.at for p in points if p.at >= NOON]
    assert live[0] == NOON
    assert all(b - a == timedelta(seconds=30) for a, b in pairwise(live[1:]))
    (status,) = await FeedStatuses(broker.pool).all()
    assert (status.id, status.state(clock.end)) == ("simulator", "ok")


async def test_everything_says_that_it_is_simulated(broker):
    await once(broker, FakeClock())
    terms = await broker.contexts.resolve(DEFAULT_TENANT, None)
    found = 0
    for kind in KINDS:
        for entity in await broker.temporal.state_at(
            DEFAULT_TENANT, terms.expand_type(kind), NOON + timedelta(days=1000)
        ):
            found += 1
            assert entity.attrs[terms.expand_term("simulated")][0]["value"] is True
            assert entity.attrs[terms.expand_term("dataProvider")][0]["value"] == "Tamamo 模擬"
            if kind != "Simulation":
                assert entity.attrs[terms.expand_term("name")][0]["value"].endswith("（模擬）")
    # One unit was moved: the place it stood at is still there.
    gauges = len(GAUGES) + len(things.UNITS) + 1 + len(things.UNDERPASSES)
    others = 4 + 1 + 1 + 4 + len(things.UNITS) + len(things.SHELTERS)
    assert found == gauges + others + len(things.ROADS) + len(things.CAMERAS)


async def test_ten_sources_of_nine_kinds_are_told_by_name(broker):
    clock = FakeClock()
    await once(broker, clock)
    found = await counting.sources(broker.pool, DEFAULT_TENANT, clock.now())
    assert counting.count(found) == counting.Counts(0, 0, 10, 9)
    assert all(one.name_ja.endswith("（模擬）") for one in found)
    assert {one.state for one in found} == {"ok"}


async def test_a_storm_is_warned_of_and_the_warning_lifted_after_a_restart_too(broker):
    start = NOON + timedelta(minutes=1)
    terms = await broker.contexts.resolve(DEFAULT_TENANT, None)
    await simulate(broker, FakeClock(length=timedelta(seconds=4)))
    wish = entities.control(terms, Storm(start, peak_hours=1))
    await broker.observations.record(DEFAULT_TENANT, [wish])
    await simulate(broker, FakeClock(start, timedelta(minutes=1)), feed="sim_warnings")

    async def in_force():
        found = {}
        for code in ("10", "03", "43"):
            entity_id = f"urn:ngsi-ld:WeatherAlert:jma:3720100:{code}"
            alert = await broker.entities.find(DEFAULT_TENANT, entity_id)
            if alert is not None:
                found[code] = alert.attrs[terms.expand_term("status")][0]["value"]
        return found

    assert (await in_force())["43"] == "issued"
    later = FakeClock(start + timedelta(minutes=10), timedelta(seconds=10))
    await simulate(broker, later, feed="sim_warnings")
    assert "issued" not in (await in_force()).values()


async def test_a_second_start_fills_the_gap_and_repeats_nothing(broker):
    clock = FakeClock(length=timedelta(minutes=1))
    await simulate(broker, clock)
    before = await gauge_series(broker, "gobo", NOON + timedelta(days=1))
    later = FakeClock(NOON + timedelta(hours=2), timedelta(minutes=1))
    await simulate(broker, later)
    after = await gauge_series(broker, "gobo", NOON + timedelta(days=1))
    assert after[: len(before)] == before
    gap = [p.at for p in after[len(before) :] if p.at < NOON + timedelta(hours=2)]
    assert gap == [NOON + timedelta(minutes=10 * n) for n in range(1, 12)]


async def test_a_storm_asked_for_on_the_page_comes_and_clears_the_wish(broker):
    await simulate(broker, FakeClock(length=timedelta(seconds=4)))
    terms = await broker.contexts.resolve(DEFAULT_TENANT, None)
    start = NOON + timedelta(minutes=1)
    wish = entities.control(terms, Storm(start, peak_hours=1))
    await broker.observations.record(DEFAULT_TENANT, [wish])
    clock = FakeClock(start, timedelta(minutes=30))
    await simulate(broker, clock)
    points = await gauge_series(broker, "gobo", clock.end + timedelta(hours=1))
    gobo = next(g for g in GAUGES if g.slug == "gobo")
    levels = [p.value for p in points if p.at >= start]
    assert max(levels) > gobo.start
    assert levels[-1] < gobo.start
    rising = [p.at for p in points if start < p.at < start + timedelta(minutes=3)]
    assert rising[1] - rising[0] == timedelta(seconds=5)
    control = await broker.entities.find(DEFAULT_TENANT, entities.CONTROL_ID)
    assert entities.storm_of(control, terms) is None


async def test_a_troubled_gauge_is_missing_and_comes_back(broker):
    terms = await broker.contexts.resolve(DEFAULT_TENANT, None)
    troubled = next(g.slug for g in GAUGES if g.troubled)
    status = terms.expand_term("currentLevelStatus")
    hour = NOON.replace(minute=0)
    await simulate(broker, FakeClock(hour, timedelta(minutes=14)), seed=2)
    seen = await broker.temporal.series(
        DEFAULT_TENANT, entities.gauge_id(troubled), status, hour, hour + timedelta(hours=1)
    )
    words = [p.value for p in seen]
    assert words.count("missing") >= 3
    assert words == ["missing"] * (len(words) - 1) + ["ok"]
    levels = await gauge_series(broker, troubled, hour + timedelta(hours=1))
    missing = {p.at for p in seen if p.value == "missing"}
    assert missing
    assert not missing & {p.at for p in levels}


@pytest.mark.parametrize(
    "wish",
    [
        None,
        "now",
        {},
        {"startedAt": None},
        {"startedAt": "soon"},
        {"startedAt": 5},
        {"startedAt": "2026-06-26T03:00:00"},
        {"startedAt": "2026-06-26T03:00:00Z", "peakHours": "x"},
    ],
)
async def test_a_wish_that_makes_no_sense_is_no_storm(broker, wish):
    terms = await broker.contexts.resolve(DEFAULT_TENANT, None)
    entity = entities.control(terms)
    entity.attrs[terms.expand_term("storm")][0]["value"] = wish
    assert entities.storm_of(entity, terms) is None


async def test_peak_hours_are_kept_within_reason(broker):
    terms = await broker.contexts.resolve(DEFAULT_TENANT, None)
    for asked, kept in ((0, 3.0), (1e9, 24.0), (0.01, 0.5), (2, 2.0)):
        entity = entities.control(terms)
        wish = {"startedAt": to_text(NOON), "peakHours": asked}
        entity.attrs[terms.expand_term("storm")][0]["value"] = wish
        assert entities.storm_of(entity, terms) == Storm(NOON, kept)
