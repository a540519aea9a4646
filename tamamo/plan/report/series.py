"""What is known of an indicator over time: lines to draw, their table, and what they show in words.

Used by the report and by the page of comparison.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tamamo.plan.figures import round_half_up
from tamamo.plan.model import Text
from tamamo.plan.report.document import Cell, Chart, Grid, Line
from tamamo.plan.values.courses import Crossing, Point, breaks, crossings, told_apart


@dataclass(frozen=True, slots=True)
class Course:
    """One area's points, the oldest first; of a sequence of courses the first is the town's own."""

    code: str
    name: Text
    points: list[Point]

    def within(self, start: date, end: date) -> "Course":
        """Return the course from start to end, both included."""
        return Course(self.code, self.name, [p for p in self.points if start <= p.at <= end])


@dataclass(frozen=True, slots=True)
class SeriesData:
    """An indicator's courses, the town's first and the benchmark's second, and their source.

    simulated: whether any value is invented.
    """

    courses: list[Course]
    unit: Text
    source: Text
    simulated: bool = False


def day_text(day: date, language: str) -> str:
    """Return a date as the language writes it."""
    if language == "ja":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {day:%b} {day.year}"


def chart(title: str, data: SeriesData, start: date, end: date, language: str) -> Chart | None:
    """Return the chart of the days from start to end, both included; None without two of them."""
    courses = [course.within(start, end) for course in data.courses]
    days = sorted({point.at for course in courses for point in course.points})
    if len(days) < 2 or not courses[0].points:  # one point is no course
        return None
    lines = [Line(c.name.pick(language), [(p.at, p.unrounded) for p in c.points]) for c in courses]
    sentence = " ".join(sentences(courses, language))
    return Chart(
        title,
        data.unit.pick(language),
        lines,
        sentence,
        grid(title, courses, data.unit.pick(language), language),
        simulated=data.simulated,
        breaks=tuple(one.at for one in breaks(courses[0].points)),
    )


def sentences(courses: Sequence[Course], language: str) -> list[str]:
    """Say when the first course came above the second, or below, where both ended, and breaks."""
    said = [*passed(courses[:2], language), _end(courses, language)]
    return [*said, *breaks_told(courses[0], language)]


def passed(courses: Sequence[Course], language: str) -> list[str]:
    """Say on which days the first course came above each other one, or below, in their order."""
    found = [
        (crossing.at, _passed(crossing, courses[0].name, other.name, language))
        for other in courses[1:]
        for crossing in crossings(courses[0].points, other.points)
    ]
    return [text for _, text in sorted(found, key=lambda one: one[0])]


def _passed(crossing: Crossing, ours: Text, theirs: Text, language: str) -> str:
    first, second = told_apart(crossing.ours, crossing.theirs)
    name, rival = ours.pick(language), theirs.pick(language)
    day = day_text(crossing.at, language)
    if language == "ja":
        verb = "を上回りました" if crossing.above else "以下になりました"
        return f"{day}、{name}は{first}%となり、{rival}の{second}%{verb}。"
    verb = "came above" if crossing.above else "was no longer above"
    return f"On {day}, {name} with {first}% {verb} {rival} with {second}%."


def _end(courses: Sequence[Course], language: str) -> str:
    last = max(course.points[-1].at for course in courses if course.points)
    ends = [
        f"{course.name.pick(language)} {course.points[-1].value}%"
        for course in courses
        if course.points and course.points[-1].at == last
    ]
    if language == "ja":
        return f"{day_text(last, language)}は、{'、'.join(ends)}。"
    return f"{day_text(last, language)}: {', '.join(ends)}."


def breaks_told(course: Course, language: str) -> list[str]:
    """Say from which days on another population is counted."""
    pattern = "{at}から、{after}の人口で数えています（それまでは{before}）。"
    if language != "ja":
        pattern = "From {at} on, the residents of {after} are counted (before that, {before})."
    return [
        pattern.format(
            at=day_text(one.at, language),
            after=day_text(one.after, language),
            before=day_text(one.before, language),
        )
        for one in breaks(course.points)
    ]


def grid(title: str, courses: Sequence[Course], unit: str, language: str) -> Grid:
    """Return the table of the courses, a row a day."""
    first = "基準日" if language == "ja" else "Date"
    known = [{point.at: point for point in course.points} for course in courses]
    days = sorted({day for points in known for day in points})
    heads = (Cell(f"{course.name.pick(language)} ({unit})", numeric=True) for course in courses)
    return Grid(
        title,
        [Cell(first), *heads],
        [
            [Cell(day_text(day, language), day), *(_value(points.get(day)) for points in known)]
            for day in days
        ],
        name="series",
    )


def _value(point: Point | None) -> Cell:
    if point is None:
        return Cell("—", numeric=True)
    rounded: Decimal = round_half_up(point.unrounded, 1)
    return Cell(f"{rounded}", rounded, numeric=True)
