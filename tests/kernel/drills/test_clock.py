from datetime import UTC, datetime, timedelta

import pytest

from tamamo.kernel.drills import Clock
from tamamo.kernel.drills.clock import Turn, position_of

NIGHT = datetime(2004, 8, 30, 9, 0, tzinfo=UTC)
REAL = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return REAL + timedelta(seconds=seconds)


def test_it_stands_until_it_is_started() -> None:
    assert Clock(NIGHT).now(later(500)) == NIGHT


def test_it_goes_on_from_its_anchor_at_its_speed() -> None:
    clock = Clock(NIGHT, position=120, anchored_at=REAL, speed=60)
    assert clock.now(later(10)) == NIGHT + timedelta(seconds=720)


def test_it_stops_at_the_end_of_the_script() -> None:
    clock = Clock(NIGHT, 0, REAL, 60, length=600)
    assert clock.position_at(later(9)) == 540
    assert clock.position_at(later(11)) == 600


def test_a_moment_before_the_anchor_is_the_anchor() -> None:
    # A process whose clock is behind the database's must not play backwards.
    assert Clock(NIGHT, 120, REAL, 60).position_at(later(-5)) == 120


TURNS = (
    Turn(REAL, 0.0, 60.0),  # started, a minute a second
    Turn(later(10), 600.0, 0.0),  # paused
    Turn(later(100), 600.0, 10.0),  # slower
)


@pytest.mark.parametrize(
    ("moment", "position"),
    [(-1, 0), (0, 0), (5, 300), (10, 600), (99, 600), (100, 600), (110, 700), (1000, 900)],
)
def test_a_moment_is_told_in_the_drills_time_whatever_the_clock_did(
    moment: float, position: float
) -> None:
    assert position_of(TURNS, later(moment), length=900) == position
