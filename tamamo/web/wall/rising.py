"""How near a gauge is to its threshold and how fast it rises: pure, and an estimate of our own.

The rate goes over the last hour: the reading now and the newest ones before four marks of it. It is
the median of the slopes between all pairs (Theil 1950, Sen 1968), so that one bad reading of five
does not move it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from statistics import median
from typing import Final

from tamamo.web.portal.gauges import Gauge
from tamamo.web.portal.level import Stage, State

Point = tuple[datetime, float]

#: Before the reading now: how far back a mark lies, and how much older its reading may be.
MARKS: Final = (
    (timedelta(minutes=15), timedelta(minutes=15)),
    (timedelta(minutes=30), timedelta(minutes=15)),
    (timedelta(minutes=45), timedelta(minutes=15)),
    (timedelta(minutes=60), timedelta(minutes=60)),
)
#: Two readings closer than this say more of the sensor than of the river.
CLOSEST: Final = timedelta(minutes=1)
#: Below this a level stands, in metres an hour.
STILL: Final = 0.02
#: Farther ahead no rate of the last hour says anything.
FARTHEST: Final = timedelta(hours=6)
_HOUR: Final = 3600.0


def rate_of(points: Sequence[Point]) -> float | None:
    """Return metres an hour; None with fewer than two readings apart."""
    slopes = [
        (later[1] - earlier[1]) / ((later[0] - earlier[0]).total_seconds() / _HOUR)
        for earlier, later in combinations(sorted(set(points)), 2)
        if later[0] - earlier[0] >= CLOSEST
    ]
    return median(slopes) if slopes else None


@dataclass(frozen=True, slots=True)
class Rising:
    """A gauge with its rate, in metres an hour; None where nothing is known of the last hour."""

    gauge: Gauge
    rate: float | None = None

    @property
    def target(self) -> Stage | None:
        """The threshold it is measured against: the next at or above the danger level."""
        level, limits = self.gauge.shown_level, self.gauge.thresholds
        if level is None:
            return None
        if limits.alert is not None and level < limits.alert:
            return Stage.DANGER
        return Stage.FLOOD if limits.danger is not None else None

    @property
    def room(self) -> float | None:
        """Metres left to the target; less than 0 above the flood level."""
        level, limits = self.gauge.shown_level, self.gauge.thresholds
        limit = {Stage.DANGER: limits.alert, Stage.FLOOD: limits.danger}.get(
            self.target or Stage.BELOW
        )
        return None if level is None or limit is None else limit - level

    @property
    def eta(self) -> timedelta | None:
        """When the target would be reached at this rate; None where it is not on its way there."""
        if self.room is None or self.rate is None or self.room <= 0 or self.rate < STILL:
            return None
        ahead = timedelta(hours=min(self.room / self.rate, 1000.0))
        return ahead if ahead <= FARTHEST else None

    @property
    def direction(self) -> int:
        """1: rises; -1: falls; 0: stands, or nothing is known."""
        if self.rate is None or abs(self.rate) < STILL:
            return 0
        return 1 if self.rate > 0 else -1

    @property
    def speed(self) -> float | None:
        """The rate without its direction."""
        return None if self.rate is None else abs(self.rate)

    @property
    def rank(self) -> str:
        """Sort key, the most pressing first, as a text that scripts compare too.

        Those at or above their danger level by stage, the timely before the late; of equals the
        one with the least room an hour from now if it goes on rising as it does.
        """
        stage = self.gauge.stage
        if stage is None:
            return f"5:{self.gauge.state}:{self.gauge.key}"
        group = {Stage.FLOOD: 0, Stage.DANGER: 1}.get(stage, 2)
        late = self.gauge.state is State.LATE
        if self.room is None:
            return f"{group}:{late:d}:9999.999:{self.gauge.key}"
        room = min(max(self.room - max(self.rate or 0.0, 0.0), -999.0), 8999.0)
        return f"{group}:{late:d}:{room + 1000:08.3f}:{self.gauge.key}"


def ranked(gauges: Sequence[Rising]) -> tuple[Rising, ...]:
    """Return gauges, the most pressing first."""
    return tuple(sorted(gauges, key=lambda one: one.rank))
