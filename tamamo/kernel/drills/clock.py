"""The clock of a drill: started, stopped, made faster. Pure: moments come from outside."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Clock:
    """How late it is in a drill.

    position: seconds of the drill at the moment `anchored_at` of other clocks. speed: how many
    times as fast it has gone since then; 0: it stands. length: seconds after which it stands;
    0: it has no end.
    """

    begins_at: datetime
    position: float = 0.0
    anchored_at: datetime | None = None
    speed: float = 0.0
    length: float = 0.0

    def position_at(self, moment: datetime) -> float:
        """Return the seconds of the drill at a moment of other clocks, not before the anchor."""
        gone = 0.0
        if self.anchored_at is not None:
            gone = max((moment - self.anchored_at).total_seconds(), 0.0) * self.speed
        position = self.position + gone
        return min(position, self.length) if self.length else position

    def now(self, moment: datetime) -> datetime:
        """Return what the drill's clock shows at a moment of other clocks."""
        return self.shows(self.position_at(moment))

    def shows(self, position: float) -> datetime:
        """Return what the clock shows at a position."""
        return self.begins_at + timedelta(seconds=position)


@dataclass(frozen=True, slots=True)
class Turn:
    """From `noted_at` on the clock stood at `position` and went at `speed`."""

    noted_at: datetime
    position: float
    speed: float


def position_of(turns: Sequence[Turn], moment: datetime, length: float = 0.0) -> float:
    """Return how late it was in the drill at a moment of other clocks, by all turns of its clock.

    turns: the oldest first. Before the first one the drill had not begun: 0.
    """
    found = bisect_right([turn.noted_at for turn in turns], moment) - 1
    if found < 0:
        return 0.0
    turn = turns[found]
    position = turn.position + (moment - turn.noted_at).total_seconds() * turn.speed
    return min(position, length) if length else position
