"""Courses of rates over time, and what they show: who passed whom, and when. Pure.

A rate is compared as the fraction it is, never as printed: 25.155 % is more than 25.154 %, though
both are printed 25.2 %.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from tamamo.plan.figures import round_half_up
from tamamo.plan.values.model import Kept


@dataclass(frozen=True, slots=True)
class Point:
    """A rate on a day: part of whole, as of whole_at; only the value where no parts are known."""

    at: date
    value: Decimal
    part: Decimal | None = None
    whole: Decimal | None = None
    whole_at: date | None = None

    @property
    def exact(self) -> Fraction:
        """The rate in percent, unrounded."""
        if self.part is None or not self.whole:
            return Fraction(self.value)
        return Fraction(self.part) * 100 / Fraction(self.whole)

    @property
    def unrounded(self) -> Decimal:
        """The rate in percent to six decimals, to draw and to write down."""
        if self.part is None or not self.whole:
            return self.value
        return round_half_up(self.part * 100 / self.whole, 6)


@dataclass(frozen=True, slots=True)
class Crossing:
    """The first day on which one rate is above the other (above), or no longer, and both then."""

    at: date
    above: bool
    ours: Point
    theirs: Point


@dataclass(frozen=True, slots=True)
class Break:
    """A day from which another population is counted from: the steps on both sides differ."""

    at: date
    before: date
    after: date


def by_area(values: Iterable[Kept]) -> dict[str, list[Point]]:
    """Return the points of each area, the oldest first."""
    found: dict[str, list[Point]] = defaultdict(list)
    for kept in sorted(values, key=lambda one: one.at):
        found[kept.area].append(Point(kept.at, kept.value, kept.part, kept.whole, kept.whole_at))
    return found


def summed(members: Sequence[Sequence[Point]]) -> list[Point]:
    """Return the rate of several areas together, of the days on which all of them are known."""
    by_day: dict[date, list[Point]] = defaultdict(list)
    for points in members:
        for point in points:
            by_day[point.at].append(point)
    found = []
    for day, points in sorted(by_day.items()):
        parts = [point.part for point in points if point.part is not None]
        wholes = [point.whole for point in points if point.whole is not None]
        if not (len(points) == len(parts) == len(wholes) == len(members)) or not sum(wholes):
            continue
        part, whole = sum(parts, Decimal(0)), sum(wholes, Decimal(0))
        value = round_half_up(part * 100 / whole, 1)
        found.append(Point(day, value, part, whole, points[0].whole_at))
    return found


def crossings(ours: Sequence[Point], theirs: Sequence[Point]) -> list[Crossing]:
    """Return the days on which our rate came above theirs, or fell to it or below, in order."""
    others = {point.at: point for point in theirs}
    found: list[Crossing] = []
    above: bool | None = None
    for point in ours:
        other = others.get(point.at)
        if other is None:
            continue
        now = point.exact > other.exact
        if above is not None and now != above:
            found.append(Crossing(point.at, now, point, other))
        above = now
    return found


def breaks(points: Sequence[Point]) -> list[Break]:
    """Return where the day of the population changes."""
    return [
        Break(now.at, before.whole_at, now.whole_at)
        for before, now in pairwise(points)
        if before.whole_at and now.whole_at and before.whole_at != now.whole_at
    ]


def told_apart(first: Point, second: Point) -> tuple[str, str]:
    """Return both rates with one decimal, or three or six where it takes them to differ."""
    for decimals in (1, 3, 6):
        texts = [f"{round_half_up(_decimal(p.exact), decimals)}" for p in (first, second)]
        if texts[0] != texts[1]:
            break
    return texts[0], texts[1]


def _decimal(fraction: Fraction) -> Decimal:
    return Decimal(fraction.numerator) / Decimal(fraction.denominator)
