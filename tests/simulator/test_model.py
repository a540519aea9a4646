import math
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamamo.simulator import hydrology, weather
from tamamo.simulator.city import GAUGES, RAIN
from tamamo.simulator.hydrology import SEEPAGE, Storage, advance
from tamamo.simulator.model import City, Sensor, sensor
from tamamo.simulator.weather import TIME_SCALE, Storm

NOON = datetime(2026, 6, 26, 3, tzinfo=UTC)
GAUGE = GAUGES[0]
rains = st.floats(0, 120)


@given(st.lists(st.tuples(rains, st.floats(0.01, 12)), max_size=20), st.sampled_from(GAUGES))
def test_no_water_is_made_or_lost(steps, gauge):
    storage = hydrology.resting(gauge)
    before = storage.quick + storage.slow
    fell = ran_off = lost = 0.0
    for rain, hours in steps:
        step = advance(gauge, storage, rain, hours)
        storage = step.storage
        fell += rain * hours
        ran_off += step.outflow
        lost += step.lost
    kept = storage.quick + storage.slow - before
    assert math.isclose(fell, kept + ran_off + lost, abs_tol=1e-6)
    assert ran_off >= -1e-9


@given(rains, st.floats(0.1, 10), st.integers(2, 50))
def test_the_length_of_the_steps_does_not_matter(rain, hours, parts):
    once = advance(GAUGE, Storage(3, 5), rain, hours).storage
    storage = Storage(3, 5)
    for _ in range(parts):
        storage = advance(GAUGE, storage, rain, hours / parts).storage
    assert math.isclose(once.quick, storage.quick, rel_tol=1e-9, abs_tol=1e-9)
    assert math.isclose(once.slow, storage.slow, rel_tol=1e-9, abs_tol=1e-9)


def test_rain_raises_the_river_step_by_step_and_it_falls_afterwards():
    storage = hydrology.resting(GAUGE)
    levels = []
    for hour in range(48):
        levels.append(hydrology.stage(GAUGE, storage, -5))
        storage = advance(GAUGE, storage, 30 if hour < 6 else 0, 1).storage
    assert levels[:7] == sorted(levels[:7])
    assert levels[6:] == sorted(levels[6:], reverse=True)
    assert levels[6] > 5 * levels[0]


def test_long_steady_rain_runs_off_as_it_falls():
    storage = Storage()
    for _ in range(1000):
        storage = advance(GAUGE, storage, 10, 1).storage
    share = GAUGE.runoff + (1 - GAUGE.runoff) * SEEPAGE
    assert hydrology.discharge(GAUGE, storage) == pytest.approx(10 * share * GAUGE.area / 3.6)


@given(st.floats(-2, 3), st.floats(-2, 3), st.floats(0, 60))
def test_the_sea_holds_the_mouth_up_and_nothing_upstream(low, high, quick):
    low, high = sorted((low, high))
    mouth = next(g for g in GAUGES if g.tidal > 0)
    upstream = next(g for g in GAUGES if g.tidal == 0)
    storage = Storage(quick, 3)
    assert hydrology.stage(mouth, storage, high) >= hydrology.stage(mouth, storage, low)
    assert hydrology.stage(upstream, storage, high) == hydrology.stage(upstream, storage, low)


def test_two_tides_a_day_within_takamatsus_range():
    levels = [weather.tide(NOON + timedelta(minutes=10 * n)) for n in range(30 * 144)]
    assert -1.6 < min(levels) < -0.9
    assert 0.9 < max(levels) < 1.6
    turns = sum(a < b > c for a, b, c in zip(levels, levels[1:], levels[2:], strict=False))
    assert 50 <= turns <= 60


def test_a_storm_rises_peaks_and_ends():
    storm = Storm(NOON, peak_hours=3)
    minutes = [storm.strength(NOON + timedelta(minutes=n / 4)) for n in range(-4, 80)]
    peak = minutes.index(max(minutes))
    assert max(minutes) == pytest.approx(1, abs=0.01)
    assert (peak - 4) / 4 * TIME_SCALE / 60 == pytest.approx(3, abs=0.3)
    assert minutes[:peak] == sorted(minutes[:peak])
    assert minutes[peak:] == sorted(minutes[peak:], reverse=True)
    assert minutes[0] == minutes[-1] == 0
    assert not storm.over(NOON + timedelta(minutes=14))
    assert storm.over(NOON + timedelta(minutes=15))


def test_rain_depends_on_nothing_but_place_time_and_seed():
    def field(seed):
        times = (NOON + timedelta(hours=n) for n in range(200))
        return [weather.rain(RAIN[0].longitude, RAIN[0].latitude, at, seed) for at in times]

    assert field(1) == field(1)
    assert field(1) != field(2)
    assert min(field(1)) == 0
    assert 0.05 < sum(rain > 0 for rain in field(1)) / 200 < 0.5


def run(seed, storm=None, minutes=40, step=5):
    city = City(NOON, seed)
    reports = []
    for second in range(step, minutes * 60 + 1, step):
        city.advance(NOON + timedelta(seconds=second), storm)
        reports.append({g.slug: city.report(g, storm) for g in GAUGES})
    return city, reports


def test_the_same_seed_tells_the_same_story():
    storm = Storm(NOON + timedelta(minutes=1))
    first, second, other = (run(seed, storm, minutes=3)[1] for seed in (7, 7, 8))
    assert first == second
    assert first != other


def test_a_storm_reaches_every_stage_and_passes():
    city, storm = City(NOON, 1), Storm(NOON)
    peaks = dict.fromkeys((gauge.slug for gauge in GAUGES), 0.0)
    for second in range(5, 40 * 60, 5):
        city.advance(NOON + timedelta(seconds=second), storm)
        for gauge in GAUGES:
            peaks[gauge.slug] = max(peaks[gauge.slug], city.level(gauge, storm))
    flooded = [g.slug for g in GAUGES if peaks[g.slug] >= g.danger]
    alerted = [g.slug for g in GAUGES if g.alert <= peaks[g.slug] < g.danger]
    assert 3 <= len(flooded) <= 7
    assert len(alerted) >= 5
    assert len(flooded) + len(alerted) < len(GAUGES)
    assert not city.stormy
    assert all(city.level(gauge, storm) < gauge.alert for gauge in GAUGES)


def test_time_runs_faster_only_while_the_storm_and_its_water_are_there():
    city = City(NOON, 1)
    storm = Storm(NOON + timedelta(minutes=1))
    city.advance(NOON + timedelta(seconds=59), storm)
    assert not city.stormy
    city.advance(NOON + timedelta(minutes=4), storm)
    assert city.stormy
    city.advance(NOON + timedelta(minutes=5), None)  # stopped by hand: the water is still there
    assert city.stormy
    city.advance(NOON + timedelta(minutes=40), None)
    assert not city.stormy


def test_calm_weather_stays_below_every_alert():
    city = City(NOON, 1889)
    for hour in range(1, 24 * 30):
        city.advance(NOON + timedelta(hours=hour))
        for gauge in GAUGES:
            assert city.level(gauge) < gauge.alert, (gauge.slug, hour)


def test_the_past_is_not_simulated_again():
    city = City(NOON, 1)
    city.advance(NOON - timedelta(hours=1))
    assert city.at == NOON


def test_a_troubled_sensor_shows_every_state_and_the_others_work():
    troubled = next(g for g in GAUGES if g.troubled)
    times = [NOON + timedelta(minutes=n / 2) for n in range(2 * 60 * 24)]
    states = [sensor(troubled, at, 1) for at in times]
    assert set(states) == set(Sensor)
    assert 0.55 < states.count(Sensor.OK) / len(states) < 0.9
    # Silent for long enough to be late: more than twice the reporting interval.
    assert "silent" * 9 in "".join(states)
    steady = replace(troubled, troubled=False)
    assert {sensor(steady, at, 1) for at in times} == {Sensor.OK}


def test_thresholds_rise_and_places_lie_in_takamatsu():
    for gauge in GAUGES:
        assert 0 < gauge.start < gauge.alert < gauge.danger
        assert 133.9 < gauge.longitude < 134.2
        assert 34.1 < gauge.latitude < 34.4
    assert len({g.slug for g in GAUGES}) == len(GAUGES) >= 12


def test_memory_stays_flat_over_a_day_of_ticks():
    city = City(NOON, 1)
    tracemalloc.start()
    try:
        used = []
        for tick in range(6000):
            city.advance(NOON + timedelta(seconds=15 * tick))
            for gauge in GAUGES:
                city.report(gauge)
            if tick in (1000, 5999):
                used.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert used[1] - used[0] < 50_000
