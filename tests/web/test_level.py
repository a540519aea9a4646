"""Stages and states of a reading."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamamo.web.portal.level import Stage, State, Thresholds, next_threshold, stage_of, state_of

NOW = datetime(2026, 6, 26, 0, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ALL = Thresholds(start=1.0, alert=2.0, danger=3.0)


@pytest.mark.parametrize(
    ("level", "stage"),
    [
        (0.99, Stage.BELOW),
        (1.0, Stage.STARTED),
        (1.99, Stage.STARTED),
        (2.0, Stage.DANGER),
        (3.0, Stage.FLOOD),
        (9.0, Stage.FLOOD),
        (-4.0, Stage.BELOW),
    ],
)
def test_a_level_at_a_threshold_has_reached_it(level: float, stage: Stage) -> None:
    assert stage_of(level, ALL) is stage


def test_a_threshold_that_is_absent_is_skipped() -> None:
    without = Thresholds(start=1.0, danger=3.0)
    assert stage_of(2.5, without) is Stage.STARTED
    assert stage_of(3.0, without) is Stage.FLOOD
    assert stage_of(99.0, Thresholds()) is Stage.BELOW


@given(
    level=st.floats(-100, 100),
    limits=st.tuples(*[st.none() | st.floats(-50, 50)] * 3),
)
def test_the_next_threshold_is_the_least_above(
    level: float, limits: tuple[float | None, float | None, float | None]
) -> None:
    found = next_threshold(level, Thresholds(*limits))
    above = [limit for limit in limits if limit is not None and limit > level]
    assert found == (min(above) if above else None)


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (timedelta(0), State.NORMAL),
        (2 * HOUR, State.NORMAL),
        (2 * HOUR + timedelta(seconds=1), State.LATE),
        (timedelta(hours=24), State.LATE),
        (timedelta(hours=24, seconds=1), State.MISSING),
        (-timedelta(minutes=10), State.NORMAL),
        (-timedelta(minutes=11), State.ERROR),
    ],
)
def test_the_age_of_a_reading_decides(age: timedelta, state: State) -> None:
    assert state_of(1.2, NOW - age, NOW, HOUR) is state


@pytest.mark.parametrize("level", ["***", "1.2", True, float("nan"), float("inf"), {"v": 1}])
def test_what_is_no_number_is_an_error_and_never_a_level(level: object) -> None:
    assert state_of(level, NOW, NOW, HOUR) is State.ERROR


def test_no_level_and_a_reported_gap_are_missing() -> None:
    assert state_of(None, None, NOW, HOUR) is State.MISSING
    assert state_of(1.2, NOW, NOW, HOUR, reported_missing=True) is State.MISSING


def test_a_level_without_a_time_is_an_error() -> None:
    assert state_of(1.2, None, NOW, HOUR) is State.ERROR
