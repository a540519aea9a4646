"""Outreach events: what each channel brought, what is planned, and whether campaigns show. Pure.

The effect is an association: of the town's monthly rise above the nation's with the days on which
the town took applications outside the city hall. The nation's own rise (the My Number points) is
taken off; what else the town did at the same time is not.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from tamamo.plan.values.courses import Point
from tamamo.plan.values.model import fiscal_year_of, real_or_all

CHANNELS: Final = ("shopping", "company", "community", "other")
#: Intervals of the series needed before an effect is said at all.
FEWEST: Final = 8
#: Resamples of the interval's bootstrap, and the seed that makes it the same each time.
_RESAMPLES, _SEED = 2000, 20210201
_MONTH = 30.4375  # days


@dataclass(frozen=True, slots=True)
class Event:
    """An event. days: on how many days it was held; applications: None where nobody counted.

    simulated: invented, for a demonstration.
    """

    channel: str
    venue: str
    status: str
    start: date
    end: date
    days: int
    applications: int | None
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Channel:
    """What a channel brought in a year. uncounted: events held without a count.

    simulated: whether the events are invented.
    """

    channel: str
    days: int
    applications: int
    venues: tuple[str, ...]
    uncounted: int
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """Points of the rate per campaign day, with its 95 % interval, over so many intervals."""

    slope: float
    low: float
    high: float
    intervals: int

    @property
    def shows(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def event_of(record: Mapping[str, Any]) -> Event | None:
    """Return a record of the register as an event, None where day or channel is missing."""
    try:
        start = date.fromisoformat(str(record.get("startDate")))
        end = date.fromisoformat(str(record.get("endDate") or start))
    except ValueError:
        return None
    channel = record.get("channel")
    if channel not in CHANNELS:
        return None
    days, counted = record.get("days"), record.get("applications")
    return Event(
        str(channel),
        str(record.get("venue") or ""),
        str(record.get("status") or ""),
        start,
        end,
        int(days) if days else (end - start).days + 1,
        None if counted is None else int(counted),
        record.get("simulated") is True,
    )


def channels(events: Iterable[Event], year: int) -> list[Channel]:
    """Return what each channel brought in a fiscal year, in the order of the report.

    Simulated events count only where the year has no real one.
    """
    held = real_or_all(e for e in events if e.status == "held" and _year(e) == year)
    found = []
    for channel in CHANNELS:
        mine = [e for e in held if e.channel == channel]
        if mine:
            found.append(
                Channel(
                    channel,
                    sum(e.days for e in mine),
                    sum(e.applications or 0 for e in mine),
                    tuple(dict.fromkeys(e.venue for e in mine)),
                    sum(e.applications is None for e in mine),
                    any(e.simulated for e in mine),
                )
            )
    return found


def _year(event: Event) -> int:
    return fiscal_year_of(event.start + timedelta(days=1))


def years(events: Iterable[Event]) -> list[int]:
    """Return the fiscal years in which something was held."""
    return sorted({_year(event) for event in events if event.status == "held"})


def planned(events: Iterable[Event], today: date, weeks: int = 6) -> list[Event]:
    """Return what is planned for the next weeks, the soonest first."""
    until = today + timedelta(weeks=weeks)
    coming = (e for e in events if e.status == "planned" and e.end >= today and e.start <= until)
    return sorted(coming, key=lambda event: (event.start, event.venue))


def effect(
    ours: Sequence[Point], nation: Sequence[Point], events: Sequence[Event]
) -> Effect | None:
    """Return how the town's monthly rise above the nation's goes with days of outreach.

    Ordinary least squares over the intervals between published days; the interval by a percentile
    bootstrap of whole intervals. Intervals over which the population changes are left out. None
    where there are fewer than FEWEST, or all have equally many days.
    """
    rises = _rises(ours, nation)
    held = [event for event in events if event.status == "held"]
    if len(rises) < FEWEST:
        return None
    import numpy as np  # noqa: PLC0415 - only pages of this project reckon

    months = np.array([(end - start).days / _MONTH for start, end, _ in rises])
    y = np.array([rise for _, _, rise in rises]) / months
    x = np.array([_days_within(held, start, end) for start, end, _ in rises]) / months
    if np.ptp(x) == 0:
        return None
    chosen = np.random.default_rng(_SEED).integers(0, len(x), (_RESAMPLES, len(x)))
    xs, ys = x[chosen], y[chosen]
    spread = xs - xs.mean(axis=1, keepdims=True)
    squares = (spread**2).sum(axis=1)
    usable = squares > 0
    slopes = (spread * ys).sum(axis=1)[usable] / squares[usable]
    low, high = np.percentile(slopes, [2.5, 97.5])
    centred = x - x.mean()
    slope = float((centred * y).sum() / (centred**2).sum())
    return Effect(slope, float(low), float(high), len(rises))


def decimals(width: float) -> int:
    """Return the decimals with which an interval so wide is written: two figures of its width."""
    return 3 if width <= 0 else min(6, max(3, 2 - math.ceil(math.log10(width))))


def _rises(ours: Sequence[Point], nation: Sequence[Point]) -> list[tuple[date, date, float]]:
    """Return by how many points the town rose more than the nation, between published days."""
    others = {point.at: point for point in nation}
    both = [(point, others[point.at]) for point in ours if point.at in others]
    found = []
    for (a, b), (c, d) in pairwise(both):
        if a.whole_at == c.whole_at and b.whole_at == d.whole_at:
            rise = (c.exact - a.exact) - (d.exact - b.exact)
            found.append((a.at, c.at, float(rise)))
    return found


def _days_within(events: Sequence[Event], start: date, end: date) -> float:
    """Return the days of events after start up to end; of one that reaches over, its part."""
    total = Decimal(0)
    for event in events:
        first, last = max(event.start, start + timedelta(days=1)), min(event.end, end)
        overlap = (last - first).days + 1
        if overlap > 0:
            total += Decimal(event.days) * overlap / ((event.end - event.start).days + 1)
    return float(total)
