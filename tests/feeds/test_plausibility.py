import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamamo.context.model.entity import DEFAULT_VOCABULARY as VOCABULARY
from tamamo.context.model.entity import Entity
from tamamo.context.observations import ObservationService
from tamamo.context.temporal.partitions import Partitions
from tamamo.context.tenants import Tenants
from tamamo.feeds.plausibility import (
    Judge,
    Limit,
    Trace,
    is_suspect,
    judge,
    limits,
    reason_of,
)
from tamamo.feeds.readers.river import Reading, read
from tamamo.kernel.time import to_text

START = datetime(2026, 6, 26, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LEVEL = VOCABULARY + "currentLevel"
RIVER = limits()[(VOCABULARY + "FloodMonitoring", LEVEL)]
TIDE = limits()[(VOCABULARY + "SeaConditions", VOCABULARY + "waterLevel")]
RAIN = limits()[(VOCABULARY + "WeatherObserved", VOCABULARY + "precipitation")]


def verdicts(limit, values, step=10 * MINUTE):
    trace, found = Trace(), []
    for number, value in enumerate(values):
        reason, trace = judge(limit, trace, START + number * step, value)
        found.append(reason)
    return found


def test_a_jump_of_nine_metres_for_one_reading_is_doubted_alone():
    assert verdicts(RIVER, [1.2, 1.3, 10.3, 1.3, 1.4]) == [None, None, "jump", None, None]


def test_a_real_step_is_believed_with_its_second_reading():
    assert verdicts(RIVER, [1.2, 4.9, 5.1, 5.3]) == [None, "jump", None, None]


def test_readings_that_jump_about_are_never_believed():
    assert verdicts(RIVER, [1, 9, 1, 9, 20, 30, 1]) == [
        None, "jump", None, "jump", "jump", "jump", None
    ]  # fmt: skip


def test_the_fastest_rise_on_record_is_believed():
    # Toga river, 28 July 2008: 1.34 m in ten minutes.
    assert set(verdicts(RIVER, [0.5, 1.84, 2.4])) == {None}


def test_after_a_long_silence_another_level_is_no_jump():
    assert verdicts(RIVER, [0.5, 5.5], timedelta(hours=2)) == [None, None]


def test_a_value_out_of_range_is_doubted_and_remembered_by_nobody():
    assert verdicts(RIVER, [1.2, 9999, 1.2]) == [None, "out_of_range", None]
    assert verdicts(RAIN, [-3, 500, 12]) == ["out_of_range", "out_of_range", None]


def test_a_tide_gauge_that_stands_still_is_stuck_until_it_moves():
    found = verdicts(TIDE, [0.5] * 20 + [0.6])
    assert found[:18] == [None] * 18
    assert found[18:] == ["stuck", "stuck", None]


def test_days_without_rain_are_not_stuck():
    assert set(verdicts(RAIN, [0] * 200)) == {None}
    assert verdicts(RAIN, [2.5] * 40)[-1] == "stuck"


def test_a_dry_river_may_stand_still_for_two_days():
    assert set(verdicts(RIVER, [0.31] * 48, timedelta(hours=1))) == {None}


def test_out_of_order_and_twice_the_same_change_nothing():
    _, trace = judge(RIVER, Trace(), START, 1.0)
    for at in (START, START - MINUTE):
        assert judge(RIVER, trace, at, 9.0) == (None, trace)
        assert judge(RIVER, trace, at, 9999.0) == ("out_of_range", trace)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(-50, 1500), max_size=60))
def test_whatever_comes_a_value_close_to_the_last_believed_is_believed(values):
    trace = Trace()
    for number, value in enumerate([1.0, *values, 1.0]):
        at = START + number * MINUTE
        reason, after = judge(RIVER, trace, at, value)
        if reason == "jump":
            assert trace.good_at is not None
            assert abs(value - trace.good) > RIVER.step
        trace = after


def test_every_limit_is_of_one_type_and_attribute():
    assert len({(one.type, one.attribute) for one in limits().values()}) == len(limits())
    assert all(one.lowest < one.highest for one in limits().values())
    assert isinstance(RIVER, Limit)


def gauge(at, value, entity_id="urn:ngsi-ld:FloodMonitoring:1", **members):
    instance = {"type": "Property", "value": value, "observedAt": at, **members}
    return Entity(entity_id, [VOCABULARY + "FloodMonitoring"], {LEVEL: [instance]})


def levels(entities):
    return [(i["value"], reason_of(i)) for e in entities for i in e.attrs[LEVEL]]


@pytest.fixture
def observations(pool):
    return ObservationService(pool, Partitions(pool), Tenants(pool))


async def test_values_are_marked_refused_and_kept_as_they_came(pool, observations):
    watch = Judge(pool, lambda: START + 60 * MINUTE)
    moments = [to_text(START + n * 10 * MINUTE) for n in range(4)]
    came = [
        gauge(moments[2], 1.3),
        gauge(moments[0], 1.2),
        gauge(moments[1], 10.2),  # nine metres, out of order
        gauge(moments[3], math.nan),
        gauge("2026-06-27T00:30:00Z", 1.3),  # a clock a day ahead
        gauge("2026-06-26T00:30:00", 1.3),  # no zone
        gauge("1899-12-31T00:00:00Z", 1.3),
    ]
    judged = await watch.judged("default", came)
    assert levels(judged.entities) == [(1.3, ""), (1.2, ""), (10.2, "jump")]
    assert judged.suspects == 1
    codes = [reject.reason.code for reject in judged.rejects]
    assert codes == ["not_finite", "in_future", "no_zone", "too_early"]
    recorded = await observations.record("default", judged.entities)
    assert recorded.stored == 3
    again = await observations.record("default", judged.entities)
    assert (again.stored, again.repeated) == (0, 3)


async def test_another_process_knows_what_went_before(pool, observations):
    before = Judge(pool, lambda: START + 60 * MINUTE)
    first = await before.judged("default", [gauge(to_text(START), 1.2)])
    await observations.record("default", first.entities)
    after = Judge(pool, lambda: START + 60 * MINUTE)
    judged = await after.judged("default", [gauge(to_text(START + 10 * MINUTE), 10.3)])
    assert levels(judged.entities) == [(10.3, "jump")]
    assert is_suspect(judged.entities[0].attrs[LEVEL][0])
    # Another town's gauge of the same id is another gauge.
    other = await after.judged("ayagawa", [gauge(to_text(START + 10 * MINUTE), 10.3)])
    assert levels(other.entities) == [(10.3, "")]


async def test_what_has_no_limits_passes(pool):
    watch = Judge(pool, lambda: START)
    name = Entity("urn:x", ["T"], {"n": [{"type": "Property", "value": "架空橋"}]})
    judged = await watch.judged("default", [name])
    assert judged.entities == [name]
    assert not judged.rejects


def test_no_reading_of_a_real_month_is_doubted(shared_data):
    file = shared_data / "river" / "kagawa_crisis_waterlevel_2026-06.csv"
    readings = [one for one in read(file) if isinstance(one, Reading) and one.level is not None]
    traces, doubted = {}, []
    for one in sorted(readings, key=lambda one: one.observed_at):
        reason, traces[one.code] = judge(
            RIVER, traces.get(one.code, Trace()), one.observed_at, one.level
        )
        doubted += [one] if reason else []
    assert len(readings) > 5_000
    assert doubted == []
