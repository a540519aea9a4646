"""What a report knows of an indicator over time: lines to draw, and the sentence about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tamamo.plan.figures import round_half_up
from tamamo.plan.model import Text
from tamamo.plan.report.document import Cell, Chart, Grid, Line


@dataclass(frozen=True, slots=True)
class Course:
    """One area's values over time, unrounded; the first of a sequence is the town itself."""

    name: Text
    points: list[tuple[date, Decimal]]


@dataclass(frozen=True, slots=True)
class SeriesData:
    """An indicator's courses, the town's first and the benchmark's second, and their source."""

    courses: list[Course]
    unit: Text
    source: Text
    sentence: Text


def day_text(day: date, language: str) -> str:
    """Return a date as the language writes it."""
    if language == "ja":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {day:%b} {day.year}"


def chart(title: str, data: SeriesData, start: date, end: date, language: str) -> Chart | None:
    """Return the chart of the days from start to end, both included; None without two of them."""
    courses = [
        Line(c.name.pick(language), [(d, v) for d, v in c.points if start <= d <= end])
        for c in data.courses
    ]
    days = sorted({day for line in courses for day, _ in line.points})
    if len(days) < 2:  # one point is no course
        return None
    unit = data.unit.pick(language)
    return Chart(
        title, unit, courses, data.sentence.pick(language), _grid(title, courses, days, language)
    )


def _grid(title: str, lines: Sequence[Line], days: Sequence[date], language: str) -> Grid:
    first = "基準日" if language == "ja" else "Date"
    values = [dict(line.points) for line in lines]
    return Grid(
        title,
        [Cell(first), *(Cell(f"{line.name} (%)", numeric=True) for line in lines)],
        [
            [Cell(day_text(day, language), day), *(_value(known.get(day)) for known in values)]
            for day in days
        ],
        name="series",
    )


def _value(value: Decimal | None) -> Cell:
    if value is None:
        return Cell("—", numeric=True)
    rounded = round_half_up(value, 1)
    return Cell(f"{rounded}", rounded, numeric=True)
