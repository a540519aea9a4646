"""The periods of an aggregation, and how they lie on the hours that are rolled up (4.5.19.1)."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tamamo.context.query import temporalq
from tamamo.context.query.temporalq import Aggregation
from tamamo.context.query.text import bind
from tamamo.kernel.time import to_text

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: More hours than this that belong to two periods each are not looked up one by one.
_MOST_CUTS: Final = 2_000


class Periods:
    """The periods of a request: which one a moment falls in, and its start and end."""

    def __init__(self, aggregation: Aggregation, start: datetime, end: datetime) -> None:
        self.step = aggregation.period if isinstance(aggregation.period, timedelta) else None
        self.start, self.end = start, end
        #: Starts and ends of calendar periods, and of the only one there is.
        self.bounds: list[tuple[datetime, datetime]] = (
            [] if self.step else list(temporalq.periods(aggregation, start, end))
        )
        self._ends = dict(self.bounds)
        self._texts: dict[datetime, str] = {}

    def column(self, time: str, params: dict[str, Any]) -> str:
        """Return the SQL that numbers the periods by their start."""
        if self.step is not None:
            step, start = bind(params, self.step), bind(params, self.start)
            return f"date_bin({step}::interval, {time}, {start}::timestamptz)"
        starts = bind(params, [low for low, _ in self.bounds])
        return f"({starts}::timestamptz[])[width_bucket({time}, {starts}::timestamptz[])]"

    def texts(self, start: datetime) -> list[str]:
        """Return start and end of the period that begins at `start`."""
        end = self._ends[start] if self.step is None else start + self.step
        return [self._text(start), self._text(end)]

    def _text(self, moment: datetime) -> str:
        # The end of one period is the start of the next.
        found = self._texts.get(moment)
        if found is None:
            found = self._texts[moment] = to_text(moment)
        return found

    def unit(self, until: datetime, end: datetime | None) -> timedelta:
        """Return the longest unit that is rolled up and fits the periods, a day or an hour.

        A day only where all bounds before `until` are midnights (UTC). end: what the range of the
        request ends with, None when it is open.
        """
        starts = [low for low, _ in self.bounds] or [self.start]
        bounds = [moment for moment in [*starts, end or until] if moment < until]
        fits = self.step is None or not self.step % DAY
        return DAY if fits and all(_is_whole(moment, DAY) for moment in bounds) else HOUR

    def is_each(self, unit: timedelta) -> bool:
        """Whether each period is exactly one unit."""
        return self.step == unit and _is_whole(self.start, unit)

    def cuts(self, until: datetime, end: datetime | None) -> list[datetime] | None:
        """Return the hours before `until` that may not lie in one period as a whole.

        None when there are so many that reading the instances is better. end: as for `unit`.
        """
        moments = [low for low, _ in self.bounds]
        if self.step is not None:
            if not self.step % HOUR and _is_whole(self.start, HOUR):
                moments = [self.start]
            elif self.step < 2 * HOUR:
                return None
            else:
                count = (min(self.end, until) - self.start) // self.step + 2
                if count > _MOST_CUTS:
                    return None
                moments = [self.start + self.step * n for n in range(count)]
        if end is not None:
            moments.append(end)
        found = {
            moment - (moment - _EPOCH) % HOUR
            for moment in moments
            if moment < until and not _is_whole(moment, HOUR)
        }
        return sorted(found) if len(found) <= _MOST_CUTS else None


def _is_whole(moment: datetime, unit: timedelta) -> bool:
    return not (moment - _EPOCH) % unit
