"""What a kept value is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal, Protocol, TypeVar

Basis = Literal["recorded", "entered", "computed", "imported"]
State = Literal["entered", "confirmed", "approved", "declined", "replaced"]


def fiscal_year_of(day: date) -> int:
    """Return the fiscal year a value as of a day belongs to.

    What is counted on 1 April closes the year before: the report of FY2020 gives the rate of
    1 April 2021.
    """
    before = day - timedelta(days=1)
    return before.year if before.month >= 4 else before.year - 1


@dataclass(frozen=True, slots=True)
class NewValue:
    """A value to be kept. part of whole, as of whole_at, where it is a share (value in percent).

    of_year: the fiscal year it belongs to, where the day it was counted on does not tell.
    """

    area: str
    at: date
    value: Decimal
    part: Decimal | None = None
    whole: Decimal | None = None
    whole_at: date | None = None
    detail: str = ""
    of_year: int | None = None

    @property
    def year(self) -> int:
        """The fiscal year it belongs to."""
        return fiscal_year_of(self.at) if self.of_year is None else self.of_year

    @property
    def content(self) -> tuple[Decimal, Decimal | None, Decimal | None, date | None]:
        """What makes two values of one day the same."""
        return (self.value, self.part, self.whole, self.whole_at)


@dataclass(frozen=True, slots=True)
class Kept:
    """A value as it is kept: where it comes from, what became of it, who answers for it."""

    id: str
    project: str
    indicator: str
    area: str
    at: date
    year: int
    value: Decimal
    part: Decimal | None
    whole: Decimal | None
    whole_at: date | None
    basis: Basis
    source: str
    detail: str
    state: State
    replaces: str | None
    reason: str
    made_by: str
    made_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    declined_why: str
    simulated: bool = False


class Marked(Protocol):
    """What says of itself whether it is simulated."""

    @property
    def simulated(self) -> bool:
        """Whether it is invented."""


M = TypeVar("M", bound=Marked)


def real_or_all(kept: Iterable[M]) -> list[M]:
    """Return what is no simulation; all where there is nothing else.

    An invented month between published ones would be taken for one of them.
    """
    found = list(kept)
    return [one for one in found if not one.simulated] or found


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of the values of one import: new, there already, or put right (of areas)."""

    stored: int = 0
    repeated: int = 0
    corrected: int = 0
    areas_corrected: tuple[str, ...] = ()
