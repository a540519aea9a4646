"""What a gauge's reading means: its stage against the gauge's own thresholds, and its freshness.

Pure functions. The stages are facts about thresholds (at or above, or not); they are not the
alert levels that authorities issue, and no text here calls them warnings.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

#: A reading older than this is no current value at all: it counts as missing.
SILENT_AFTER = timedelta(hours=24)
#: A gauge's clock may run ahead of ours by this much before its reading counts as an error.
CLOCK_TOLERANCE = timedelta(minutes=10)


class Stage(IntEnum):
    """How far up its own thresholds a gauge stands. The digit is shown with word and shape."""

    BELOW = 0
    STARTED = 1
    DANGER = 2
    FLOOD = 3


class State(StrEnum):
    """The four states a value can be in."""

    NORMAL = "normal"
    LATE = "late"
    MISSING = "missing"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """A gauge's levels in metres; each may be unknown."""

    start: float | None = None
    alert: float | None = None
    danger: float | None = None


def stage_of(level: float, thresholds: Thresholds) -> Stage:
    """Return the highest threshold the level is at or above."""
    if thresholds.danger is not None and level >= thresholds.danger:
        return Stage.FLOOD
    if thresholds.alert is not None and level >= thresholds.alert:
        return Stage.DANGER
    if thresholds.start is not None and level >= thresholds.start:
        return Stage.STARTED
    return Stage.BELOW


def next_threshold(level: float, thresholds: Thresholds) -> float | None:
    """Return the lowest threshold above the level, in metres; None when there is none."""
    above = [
        limit
        for limit in (thresholds.start, thresholds.alert, thresholds.danger)
        if limit is not None and limit > level
    ]
    return min(above, default=None)


def state_of(
    level: object,
    observed_at: datetime | None,
    as_of: datetime,
    interval: timedelta,
    reported_missing: bool = False,
) -> State:
    """Return the state of a reading as seen at `as_of`.

    level: the value as stored; None when the gauge never had one. interval: how often the gauge
    is expected to report; late means older than twice that. reported_missing: the source itself
    said that its newest reading is missing (欠測).
    """
    if reported_missing or level is None:
        return State.MISSING
    if not isinstance(level, int | float) or isinstance(level, bool) or not math.isfinite(level):
        return State.ERROR
    if observed_at is None or observed_at > as_of + CLOCK_TOLERANCE:
        return State.ERROR
    age = as_of - observed_at
    if age > SILENT_AFTER:
        return State.MISSING
    return State.LATE if age > 2 * interval else State.NORMAL
