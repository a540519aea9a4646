"""What stands on an owner's sheet of a year. Pure values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

from tamamo.feeds.quality import Reason
from tamamo.kernel.errors import Problem

TextKind = Literal["narrative", "decision"]
ItemKind = Literal["value", "narrative", "decision"]
ItemState = Literal["entered", "confirmed", "approved", "declined", "replaced", "withdrawn"]

#: When a year's report is due: the last of May after its end, so that summer's council has it.
_DUE_MONTH, _DUE_DAY = 5, 31
#: The first year of the plan: nothing is entered for years before it.
FIRST_YEAR: Final = 2019
#: Characters of a text, a title, a link.
LONGEST_TEXT: Final = 10_000
LONGEST_LINE: Final = 300
LONGEST_URL: Final = 2_000


def closing_day(year: int) -> date:
    """Return the day a year's values are as of: 31 March."""
    return date(year + 1, 3, 31)


def due_day(year: int) -> date:
    """Return the day by which a year has to be reported."""
    return date(year + 1, _DUE_MONTH, _DUE_DAY)


def working_year(today: date) -> int:
    """Return the fiscal year that is being reported: the newest one that is over."""
    return today.year - 1 if today >= date(today.year, 4, 1) else today.year - 2


def is_late(year: int, today: date) -> bool:
    """Whether what is not reported yet is late."""
    return today > due_day(year)


def reminded_on(year: int, today: date) -> date | None:
    """Return the day of the newest reminder that is due by today, None before the first.

    In mid-April, ten days before the due day, and then each week until it is reported.
    """
    due = due_day(year)
    if today < date(year + 1, 4, 15):
        return None
    if today < due - timedelta(days=10):
        return date(year + 1, 4, 15)
    if today <= due:
        return due - timedelta(days=10)
    return today - timedelta(days=(today - due - timedelta(days=1)).days % 7)


class YearRefused(Problem):
    """What somebody typed cannot be kept (422): field → why, in both languages. Nothing was kept.

    Fields of values are named after their indicator: `value.<id>`, `reason.<id>`.
    """

    status = 422
    type = "https://tamamo.example/problems/plan-year-refused"
    title = "The entries are refused"

    def __init__(self, faults: Mapping[str, Reason]) -> None:
        super().__init__("; ".join(f"{name}: {why.en}" for name, why in faults.items()))
        self.faults = dict(faults)


class NoSuchItem(LookupError):
    """There is no such entry in this town."""


@dataclass(frozen=True, slots=True)
class TypedValue:
    """A value somebody types. text: as typed. reason: why it corrects what holds.

    counted_otherwise: how it is counted differently from the years before, so that the series
    breaks here; "" where it is not. answers: as typed, how many answered a survey; "" is unknown.
    """

    text: str
    unit: str
    source: str
    detail: str = ""
    reason: str = ""
    counted_otherwise: str = ""
    answers: str = ""


@dataclass(frozen=True, slots=True)
class TypedText:
    """A narrative or a decision somebody types. outcome, decided_on: of a decision."""

    body: str
    reason: str = ""
    outcome: str = ""
    decided_on: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry: a value or a text, with everybody who had a hand in it.

    name: the indicator of a value, else the kind. value: None of a text. whole: of a share of
    survey answers, how many there were.
    """

    kind: ItemKind
    id: str
    project: str
    year: int
    name: str
    value: Decimal | None
    body: str
    outcome: str
    decided_on: date | None
    basis: str
    source: str
    detail: str
    counted_otherwise: str
    state: ItemState
    replaces: str | None
    reason: str
    simulated: bool
    made_by: str
    made_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    declined_by: str | None
    declined_why: str
    whole: Decimal | None = None

    @property
    def waits(self) -> bool:
        """Whether it is neither approved nor given up."""
        return self.state in ("entered", "confirmed")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A link or a file. url: "" of a file; filename: "" of a link."""

    id: str
    project: str
    year: int
    title: str
    url: str
    filename: str
    media_type: str
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that was ever entered for a project and year; the oldest first."""

    project: str
    year: int
    items: Sequence[Item] = ()
    evidence: Sequence[Evidence] = ()

    def holding(self, name: str) -> Item | None:
        """Return the approved entry of an indicator or kind."""
        return next((i for i in self.items if i.name == name and i.state == "approved"), None)

    def waiting(self, name: str) -> Item | None:
        """Return the entry of an indicator or kind that is not approved yet."""
        return next((i for i in self.items if i.name == name and i.waits), None)

    def past(self, name: str) -> list[Item]:
        """Return all entries of an indicator or kind but the one that holds or waits."""
        return [i for i in self.items if i.name == name and not i.waits and i.state != "approved"]

    def missing(self, names: Sequence[str]) -> list[str]:
        """Return which of the names have neither an approved nor a confirmed entry."""
        done = {i.name for i in self.items if i.state in ("approved", "confirmed")}
        return [name for name in names if name not in done]
