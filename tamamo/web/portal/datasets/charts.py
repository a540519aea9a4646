"""The chart of a dataset whose rows have a time: drawn by the server, with a sentence and a table.

Where several rows have the same time, the chart shows their sum of what is counted (whole numbers)
and their mean of what is measured; it says which.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import fmean
from typing import Any, Final
from urllib.parse import urlencode

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tamamo.publishing.datasets import Field, RowsQuery
from tamamo.web.portal.datasets.entry import Subject
from tamamo.web.portal.datasets.units import sign

WIDTH: Final = 720
HEIGHT: Final = 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 72, 16, 12, 30
#: The newest rows a chart is made of.
MOST: Final = 2_000
#: Points of the table under the chart.
_TOLD: Final = 50
_TIMES: Final = frozenset({"date", "moment", "month", "year"})
_FEWEST: Final = 3


@dataclass(frozen=True, slots=True)
class Chart:
    """Coordinates in a drawing of WIDTH by HEIGHT. how: "", "sum" or "mean" of rows of a time."""

    label: str
    unit: str
    line: str
    dots: Sequence[tuple[float, float]]
    rows: Sequence[tuple[float, str]]
    columns: Sequence[tuple[float, str]]
    table: Sequence[tuple[str, str]]
    choices: Sequence[tuple[str, str, bool]]
    sentence: str
    how: str
    cut: bool
    width: int = WIDTH
    height: int = HEIGHT


async def read(subject: Subject) -> Chart | None:
    """Return the chart an address asks for (`y`: of which column); None where there is none."""
    fields = subject.fields
    time = _time(fields)
    measured = [one for one in fields if one.kind in {"integer", "number"} and not one.role]
    if time is None or not measured or subject.dataset.kind == "live":
        return None
    value = next((one for one in measured if one.name == subject.given.get("y")), measured[0])
    query = RowsQuery(sort=(f"-{time.name}",), limit=MOST)
    page = await subject.rows(query)
    found = [(row.values.get(time.name), row.values.get(value.name)) for row in page.rows]
    points, how = gathered(found, value.kind)
    if len(points) < _FEWEST:
        return None
    cut = (page.total or 0) > len(page.rows)
    return _drawn(points, how, value, measured, cut=cut)


def _time(fields: Sequence[Field]) -> Field | None:
    """Return the column that says when: named so, or a time that is part of the key."""
    times = [one for one in fields if one.kind in _TIMES]
    for role in ("time", "key"):
        if found := next((one for one in times if one.role == role), None):
            return found
    return None


def gathered(
    found: Sequence[tuple[Any, Any]], kind: str
) -> tuple[list[tuple[datetime, str, float]], str]:
    """Return (moment, its text, value) in order of time, and how several of a time were joined."""
    by_time: dict[str, list[float]] = {}
    for moment, value in found:
        if moment is not None and isinstance(value, int | float) and not isinstance(value, bool):
            by_time.setdefault(str(moment), []).append(float(value))
    several = any(len(values) > 1 for values in by_time.values())
    how = ("sum" if kind == "integer" else "mean") if several else ""
    join = fmean if how == "mean" else sum
    points = [
        (read_moment, text, float(join(values)))
        for text, values in by_time.items()
        if (read_moment := moment_of(text)) is not None
    ]
    return sorted(points), how


def moment_of(text: str) -> datetime | None:
    """Return when a year, a month, a day or a moment begins (UTC where it names no zone)."""
    padded = {4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text), text)
    try:
        moment = datetime.fromisoformat(padded)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _drawn(
    points: list[tuple[datetime, str, float]],
    how: str,
    value: Field,
    measured: Sequence[Field],
    *,
    cut: bool,
) -> Chart:
    language = get_language() or "ja"
    low, high = span_of([worth for _moment, _text, worth in points])
    start, end = points[0][0], points[-1][0]
    span = (end - start).total_seconds() or 1.0

    def x(moment: datetime) -> float:
        part = (moment - start).total_seconds() / span
        return round(_LEFT + part * (WIDTH - _LEFT - _RIGHT), 1)

    def y(worth: float) -> float:
        return round(_TOP + (high - worth) / (high - low) * (HEIGHT - _TOP - _BOTTOM), 1)

    places = [(x(moment), y(worth)) for moment, _text, worth in points]
    marked = [points[0], points[len(points) // 2], points[-1]]
    label = value.label.in_(language) or value.name
    return Chart(
        label=label,
        unit=sign(value.unit),
        line=" ".join(f"{left},{top}" for left, top in places),
        dots=places if len(places) <= 60 else (),
        rows=[(y(worth), amount(worth)) for worth in (low, (low + high) / 2, high)],
        columns=[(x(moment), text[:10]) for moment, text, _worth in marked],
        table=[(text, amount(worth)) for _moment, text, worth in reversed(points[-_TOLD:])],
        choices=[
            (one.label.in_(language) or one.name, f"?{urlencode({'y': one.name})}#chart",
             one.name == value.name)
            for one in measured[:12]
        ],
        sentence=_sentence(points, label, sign(value.unit)),
        how=how,
        cut=cut,
    )  # fmt: skip


def span_of(values: Sequence[float]) -> tuple[float, float]:
    """Return what the axis goes from and to: from 0, or close around values that differ little."""
    low, high = min(values), max(values)
    if low > (high - low) * 2:
        margin = (high - low) * 0.2 or high * 0.1
        return max(low - margin, 0.0), high + margin
    low, high = min(low, 0.0), max(high, 0.0)
    return low, high if high > low else low + 1.0


def _sentence(points: Sequence[tuple[datetime, str, float]], label: str, unit: str) -> str:
    first, last = points[0], points[-1]
    lowest = min(points, key=lambda one: one[2])
    highest = max(points, key=lambda one: one[2])
    text = _(
        "%(label)s: %(first)s at %(start)s, %(last)s at %(end)s; lowest %(low)s (%(low_at)s),"
        " highest %(high)s (%(high_at)s)."
    )
    return text % {
        "label": label,
        "start": first[1],
        "end": last[1],
        "first": _with(first[2], unit),
        "last": _with(last[2], unit),
        "low": _with(lowest[2], unit),
        "low_at": lowest[1],
        "high": _with(highest[2], unit),
        "high_at": highest[1],
    }


def _with(worth: float, unit: str) -> str:
    return f"{amount(worth)} {unit}".strip()


def amount(worth: float) -> str:
    """Return a number with groups of three digits and no more decimals than it has, up to 2."""
    text = f"{worth:,.2f}".rstrip("0").rstrip(".")
    return text.replace("-", "−")
