"""Who is on duty when. Pure: rosters, changes of them and moments in, people and gaps out.

A roster has weekly shifts in Japan's time. A shift that goes past midnight belongs to the day on
which it begins; public holidays (国民の祝日に関する法律) may have shifts of their own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

from tamamo.kernel.time import JST

_DAY: Final = timedelta(days=1)
#: The longest a shift can be: from a time to the same time of the next day.
_LONGEST: Final = timedelta(days=1)
MOST_SHIFTS: Final = 60


class Holidays(StrEnum):
    """What a public holiday is to a shift."""

    #: As any other day of the week.
    SAME = "same"
    #: The shift is left out.
    WITHOUT = "without"
    #: The shift is on every public holiday too.
    ALSO = "also"


class Rotation(StrEnum):
    """How the people of a shift take turns."""

    #: All of them are on duty.
    ALL = "all"
    #: One a day, one after the other; one a week, weeks beginning on Monday.
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Shift:
    """A time of the week at which people are on duty.

    days: 0 for Monday to 6. begins, ends: in Japan; the same or an earlier end is on the next day.
    people: contacts. since: the day from which turns are counted and from which it holds.
    """

    name: str
    days: frozenset[int]
    begins: time
    ends: time
    people: tuple[str, ...]
    holidays: Holidays = Holidays.SAME
    rotation: Rotation = Rotation.ALL
    since: date = date(2020, 1, 6)
    until: date | None = None

    def falls_on(self, day: date) -> bool:
        """Whether it begins on a day."""
        if day < self.since or (self.until is not None and day > self.until):
            return False
        if self.holidays is not Holidays.SAME and is_holiday(day):
            return self.holidays is Holidays.ALSO
        return day.weekday() in self.days

    def on_duty(self, day: date) -> tuple[str, ...]:
        """Return whose turn it is when it begins on a day."""
        if self.rotation is Rotation.ALL or not self.people:
            return self.people
        gone = (day - self.since).days
        if self.rotation is Rotation.WEEK:
            gone = (_monday(day) - _monday(self.since)).days // 7
        return (self.people[gone % len(self.people)],)

    def span(self, day: date) -> tuple[datetime, datetime]:
        """Return from when to when it is that begins on a day."""
        begins = datetime.combine(day, self.begins, JST)
        last = day if self.ends > self.begins else day + _DAY
        return begins, datetime.combine(last, self.ends, JST)


@dataclass(frozen=True, slots=True)
class Roster:
    """A duty roster."""

    id: str
    name: str
    shifts: tuple[Shift, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """For a time, `present` is on duty and `absent` is not; either may be nobody."""

    begins: datetime
    ends: datetime
    absent: str | None
    present: str | None
    id: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Duty:
    """A stretch of time in which the same people are on duty; none: a gap."""

    begins: datetime
    ends: datetime
    people: tuple[str, ...]


def on_duty(roster: Roster, changes: Iterable[Change], moment: datetime) -> tuple[str, ...]:
    """Return who is on duty at a moment, in the order of the roster."""
    day = moment.astimezone(JST).date()
    found: list[str] = []
    for shift in roster.shifts:
        for start in (day - _DAY, day):
            if shift.falls_on(start):
                begins, ends = shift.span(start)
                if begins <= moment < ends:
                    found += shift.on_duty(start)
    for change in changes:
        if change.begins <= moment < change.ends:
            if change.absent is not None:
                found = [one for one in found if one != change.absent]
            if change.present is not None:
                found.append(change.present)
    return tuple(dict.fromkeys(found))


def calendar(
    roster: Roster, changes: Sequence[Change], begins: datetime, ends: datetime
) -> list[Duty]:
    """Return who is on duty from one moment to another, gaps included, without a hole."""
    edges = {begins, ends}
    day = begins.astimezone(JST).date() - _DAY
    while day <= ends.astimezone(JST).date():
        for shift in roster.shifts:
            if shift.falls_on(day):
                edges.update(shift.span(day))
        day += _DAY
    for change in changes:
        edges.update((change.begins, change.ends))
    marks = sorted(edge for edge in edges if begins <= edge <= ends)
    found: list[Duty] = []
    for start, end in pairwise(marks):
        people = on_duty(roster, changes, start)
        if found and found[-1].people == people:
            found[-1] = Duty(found[-1].begins, end, people)
        else:
            found.append(Duty(start, end, people))
    return found


def gaps(duties: Iterable[Duty]) -> list[Duty]:
    """Return the stretches in which nobody is on duty."""
    return [duty for duty in duties if not duty.people]


@lru_cache(maxsize=2000)
def is_holiday(day: date) -> bool:
    """Return whether a day is a public holiday in Japan, substitutes included."""
    import jpholiday  # noqa: PLC0415 - loaded where there are rosters

    return bool(jpholiday.is_holiday(day))


def holiday_name(day: date) -> str:
    """Return what a public holiday is called in Japanese, an empty text for other days."""
    import jpholiday  # noqa: PLC0415

    return jpholiday.is_holiday_name(day) or ""


def to_document(shifts: Iterable[Shift]) -> dict[str, Any]:
    """Return shifts as they are stored."""
    return {
        "shifts": [
            {
                "name": one.name,
                "days": sorted(one.days),
                "begins": one.begins.strftime("%H:%M"),
                "ends": one.ends.strftime("%H:%M"),
                "people": list(one.people),
                "holidays": one.holidays.value,
                "rotation": one.rotation.value,
                "since": one.since.isoformat(),
                "until": None if one.until is None else one.until.isoformat(),
            }
            for one in shifts
        ]
    }


def of_document(id: str, name: str, document: Mapping[str, Any]) -> Roster:  # noqa: A002
    """Return a roster as it is stored."""
    return Roster(id, name, tuple(_shift(one) for one in document.get("shifts", ())))


def _shift(one: Mapping[str, Any]) -> Shift:
    return Shift(
        one["name"],
        frozenset(one["days"]),
        time.fromisoformat(one["begins"]),
        time.fromisoformat(one["ends"]),
        tuple(one["people"]),
        Holidays(one["holidays"]),
        Rotation(one["rotation"]),
        date.fromisoformat(one["since"]),
        date.fromisoformat(one["until"]) if one["until"] else None,
    )


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
