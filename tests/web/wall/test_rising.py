"""Rates, times ahead and the order of gauges: pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tamamo.web.portal.gauges import Gauge, gauge_of
from tamamo.web.portal.level import Stage
from tamamo.web.wall.rising import Rising, ranked, rate_of
from tests.web.city_data import gauge

NOW = datetime(2026, 6, 26, 3, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def _gauge(level: float | None, station: str = "1", late: bool = False) -> Gauge:
    """Thresholds 0.91, 1.36, 1.91."""
    at = NOW - timedelta(hours=3) if late else NOW
    return gauge_of(gauge(station, f"橋{station}", level, at), NOW)


def test_a_steady_rise_is_its_slope() -> None:
    points = [(NOW - n * QUARTER, 1.0 - n * 0.1) for n in range(5)]
    assert rate_of(points) == pytest.approx(0.4)


def test_one_wild_reading_of_five_does_not_move_the_rate() -> None:
    points = [(NOW - n * QUARTER, 1.0 - n * 0.1) for n in range(5)]
    points[2] = (points[2][0], 9.0)
    assert rate_of(points) == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize("points", [[], [(NOW, 1.0)], [(NOW, 1.0), (NOW, 1.0)],
                                    [(NOW, 1.0), (NOW - timedelta(seconds=20), 0.5)]])  # fmt: skip
def test_without_two_readings_apart_there_is_no_rate(points: list[tuple[datetime, float]]) -> None:
    assert rate_of(points) is None


def test_the_target_is_the_danger_level_then_the_flood_level() -> None:
    assert Rising(_gauge(0.5)).target is Stage.DANGER
    assert Rising(_gauge(1.0)).target is Stage.DANGER
    assert Rising(_gauge(1.36)).target is Stage.FLOOD
    assert Rising(_gauge(2.5)).room == pytest.approx(-0.59)
    assert Rising(_gauge(None)).room is None


def test_the_time_ahead_is_room_over_rate() -> None:
    assert Rising(_gauge(0.96), 0.4).eta == timedelta(hours=1)
    assert Rising(_gauge(0.96), 0.0).eta is None
    assert Rising(_gauge(0.96), -0.4).eta is None
    assert Rising(_gauge(0.96), None).eta is None
    assert Rising(_gauge(0.96), 0.03).eta is None  # more than six hours say nothing
    assert Rising(_gauge(2.5), 0.4).eta is None  # it is above everything


def test_the_most_pressing_comes_first() -> None:
    flood = Rising(_gauge(2.0, "flood"))
    flood_late = Rising(_gauge(2.0, "flood-late", late=True))
    danger = Rising(_gauge(1.4, "danger"), 0.0)
    soon = Rising(_gauge(0.95, "soon"), 0.8)
    near = Rising(_gauge(1.3, "near"), 0.0)
    falling = Rising(_gauge(1.3, "falling"), -0.5)
    low = Rising(_gauge(0.1, "low"), 0.1)
    gone = Rising(_gauge(None, "gone"))
    everything = [gone, low, falling, near, soon, danger, flood_late, flood]
    names = [one.gauge.key for one in ranked(everything)]
    assert names == ["flood", "flood-late", "danger", "soon", "falling", "near", "low", "gone"]
    assert names == [one.gauge.key for one in sorted(everything, key=lambda one: one.rank)]


def test_ranks_compare_as_texts_whatever_the_room() -> None:
    thresholds = _gauge(0.0).thresholds
    rooms = [-500.0, -1.5, -0.2, 0.0, 0.004, 3.0, 12.0, 250.0, 5000.0]
    ranks = [
        Rising(replace(_gauge(2.0), level=2.0, thresholds=replace(thresholds, alert=None,
               danger=2.0 + room, start=None))).rank
        for room in rooms if room > 0
    ]  # fmt: skip
    assert ranks == sorted(ranks)
