from datetime import UTC, datetime, timedelta

import pytest

from tamamo.simulator import things
from tamamo.simulator.weather import Storm

NOON = datetime(2026, 6, 26, 3, tzinfo=UTC)
STORM = Storm(NOON, peak_hours=3)
PEAK = NOON + timedelta(minutes=3)


def test_in_calm_weather_nothing_is_closed_or_flooded():
    for one in things.UNDERPASSES:
        assert things.depth(one, NOON, 1, None) == 0
    assert {things.shelter_state(one, NOON, None) for one in things.SHELTERS} == {("closed", 0)}
    assert all(things.passages(road, NOON, 1, None) > 0 for road in things.ROADS)
    assert all(things.unit_level(one, NOON, 1, None) < 0.6 for one in things.UNITS)
    assert things.warning(NOON, None) == 0


def test_a_storm_floods_an_underpass_and_closes_its_road():
    moments = [PEAK + timedelta(seconds=10 * n) for n in range(12)]
    deep = {
        u.slug: max(things.depth(u, at, 1, STORM) for at in moments) for u in things.UNDERPASSES
    }
    closed = {slug for slug, depth in deep.items() if depth >= things.UNDERPASS_LEVELS[1]}
    assert closed
    for road in things.ROADS:
        counts = [things.passages(road, at, 1, STORM) for at in moments]
        assert (min(counts) == 0) is (road.through in closed)
    assert max(things.unit_level(one, PEAK, 1, STORM) for one in things.UNITS) > 0.9


def test_shelters_open_fill_and_close_again():
    states = [
        {
            things.shelter_state(one, NOON + timedelta(minutes=m), STORM)[0]
            for one in things.SHELTERS
        }
        for m in (0, 2, 8, 16)
    ]
    assert states == [{"closed"}, {"open"}, {"open", "full"}, {"closed"}]
    for one in things.SHELTERS:
        for minute in range(16):
            _, people = things.shelter_state(one, NOON + timedelta(minutes=minute), STORM)
            assert 0 <= people <= one.capacity


def test_warnings_rise_step_by_step_and_end():
    levels = [things.warning(NOON + timedelta(seconds=5 * n), STORM) for n in range(200)]
    steps = [b for a, b in zip([None, *levels], levels, strict=False) if a != b]
    assert steps == [0, 2, 3, 4, 3, 2, 0]


@pytest.mark.parametrize("hours", range(0, 24, 3))
def test_batteries_are_shares(hours):
    for one in things.UNITS:
        assert 0 < things.battery(one, NOON + timedelta(hours=hours)) <= 1


def test_every_place_has_an_english_name():
    places = (*things.UNDERPASSES, *things.UNITS, *things.SHELTERS, *things.ROADS, *things.CAMERAS)
    assert {one.slug for one in places} == set(things.ENGLISH)
