"""A gauge's last 48 hours: gaps, thinning, a table, and one sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tamamo.web.portal.gauges import Gauge
from tamamo.web.portal.level import Stage, State, next_threshold, stage_of
from tamamo.web.portal.names import local_name
from tamamo.web.portal.words import day_and_time, metres, stage_word

Point = tuple[datetime, float]
#: More points than this are not visible in a chart: each bucket then keeps its highest.
MAX_POINTS = 1000
#: The table shows the last reading of each such step.
TABLE_STEP = timedelta(minutes=10)


def usual_interval(points: Sequence[Point], fallback: timedelta) -> timedelta:
    """Return the median time between readings; the fallback with fewer than three."""
    if len(points) < 3:
        return fallback
    gaps = [(later[0] - earlier[0]).total_seconds() for earlier, later in pairwise(points)]
    return timedelta(seconds=max(median(gaps), 1.0))


def with_gaps(points: Sequence[Point], interval: timedelta) -> list[tuple[datetime, float | None]]:
    """Return the points with a None between two that lie more than twice the interval apart."""
    shown: list[tuple[datetime, float | None]] = []
    for moment, level in points:
        if shown and moment - shown[-1][0] > 2 * interval:
            shown.append((shown[-1][0] + interval, None))
        shown.append((moment, level))
    return shown


def thinned(points: Sequence[Point], limit: int = MAX_POINTS) -> list[Point]:
    """Return at most about `limit` points, the highest of each equal stretch of time."""
    if len(points) <= limit:
        return list(points)
    start = points[0][0]
    width = (points[-1][0] - start) / limit
    highest: dict[int, Point] = {}
    for point in points:
        bucket = int((point[0] - start) / width)
        if bucket not in highest or point[1] > highest[bucket][1]:
            highest[bucket] = point
    return sorted(highest.values())


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table."""

    moment: datetime
    level: float
    stage: Stage


def table(points: Sequence[Point], gauge: Gauge) -> list[Row]:
    """Return the last reading of each ten minutes, newest first."""
    last: dict[int, Point] = {}
    for moment, level in points:
        last[int(moment.timestamp() // TABLE_STEP.total_seconds())] = (moment, level)
    return [
        Row(moment, level, stage_of(level, gauge.thresholds))
        for moment, level in sorted(last.values(), reverse=True)
    ]


def sentence(gauge: Gauge, points: Sequence[Point]) -> str:
    """Return the chart in one or two sentences, in the language of the page."""
    parts = [_now(gauge)]
    if gauge.change is not None:
        parts.append(_trend(gauge.change))
    if points:
        moment, level = max(points, key=lambda point: point[1])
        values = {"level": metres(level), "when": day_and_time(moment)}
        parts.append(_("Highest in the last 48 hours: %(level)s m (%(when)s).") % values)
    else:
        parts.append(_("There are no readings in the last 48 hours."))
    return ("" if get_language() == "ja" else " ").join(parts)


def _now(gauge: Gauge) -> str:
    if gauge.shown_level is None or gauge.observed_at is None:
        return {
            State.ERROR: _("%(name)s sends values that cannot be used."),
        }.get(gauge.state, _("%(name)s has no current reading.")) % {"name": local_name(gauge)}
    level = gauge.shown_level
    values = {
        "name": local_name(gauge),
        "when": day_and_time(gauge.observed_at),
        "level": metres(level),
    }
    stage = stage_of(level, gauge.thresholds)
    limits = gauge.thresholds
    reached = {
        Stage.FLOOD: limits.danger,
        Stage.DANGER: limits.alert,
        Stage.STARTED: limits.start,
    }.get(stage)
    if stage >= Stage.DANGER and reached is not None:
        values |= {
            "limit": stage_word(stage),
            "limit_level": metres(reached),
            "over": metres(level - reached),
        }
        if values["over"] == "0.00":
            return _("At %(when)s %(name)s stood at its %(limit)s of %(limit_level)s m.") % values
        return (
            _(
                "At %(when)s %(name)s stood at %(level)s m, %(over)s m above its %(limit)s of "
                "%(limit_level)s m."
            )
            % values
        )
    following = next_threshold(level, limits)
    if following is None:
        return _("At %(when)s %(name)s stood at %(level)s m.") % values
    word = stage_word(stage_of(following, limits))
    values |= {"limit": word, "limit_level": metres(following), "under": metres(following - level)}
    return (
        _(
            "At %(when)s %(name)s stood at %(level)s m, %(under)s m below its %(limit)s of "
            "%(limit_level)s m."
        )
        % values
    )


def _trend(change: float) -> str:
    values = {"change": metres(abs(change))}
    if abs(change) < 0.005:
        return _("It has not changed in the last hour.")
    if change > 0:
        return _("It rose by %(change)s m in the last hour.") % values
    return _("It fell by %(change)s m in the last hour.") % values
