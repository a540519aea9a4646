"""What follows from the recorded figures: met or not, share of the target, tables rechecked.

Nothing here is typed in: outcomes come from value and target, percentages from hours, sums from
rows. Rounding is half up, as in the report (7.5 / 8 = 93.75 % is printed 93.8 %).
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from tamamo.plan.model import Direction, Indicator, Recorded, Table, Target

Outcome = Literal[
    "met", "not_met", "no_target", "stated", "not_comparable", "no_number", "not_reported"
]


def round_half_up(value: Decimal, decimals: int) -> Decimal:
    """Return value with that many decimals; a five goes up."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def share(part: Decimal, whole: Decimal, decimals: int = 1) -> Decimal:
    """Return part / whole in percent. Raises ZeroDivisionError for a whole of zero."""
    if whole == 0:
        raise ZeroDivisionError("a share of zero has no value")
    return round_half_up(part * 100 / whole, decimals)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a recorded figure stands to its target.

    outcome: met and not_met are computed; stated = the target has words only; not_comparable =
    the target counts something else; no_number = the report gives the result in words only;
    not_reported = there is no figure of that year.
    goal: the number compared with, if any. ratio: value in percent of goal, one decimal.
    """

    outcome: Outcome
    goal: Decimal | None = None
    ratio: Decimal | None = None


def latest(indicator: Indicator) -> Recorded:
    """Return the figure of the newest year."""
    return max(indicator.recorded, key=lambda recorded: recorded.year)


def goal_in(target: Target, year: int) -> Decimal | None:
    """Return the number to reach: the target's own, or its benchmark in that fiscal year."""
    if target.value is not None:
        return target.value
    return next((b.value for b in target.benchmark if b.year == year), None)


def judge(indicator: Indicator) -> Verdict:
    """Compare the newest recorded figure with the target."""
    return verdict(indicator.target, latest(indicator), indicator.direction)


def judge_in(indicator: Indicator, year: int) -> Verdict:
    """Compare the figure of a fiscal year with the target."""
    recorded = next((r for r in indicator.recorded if r.year == year), None)
    if recorded is None:
        return Verdict("not_reported")
    return verdict(indicator.target, recorded, indicator.direction)


def verdict(target: Target | None, recorded: Recorded, direction: Direction = "more") -> Verdict:
    """Compare a recorded figure with a target, which is to be exceeded or to be kept below."""
    if target is None:
        return Verdict("no_target")
    goal = goal_in(target, recorded.year)
    if goal is None:
        return Verdict("stated")
    if not target.comparable:
        return Verdict("not_comparable", goal)
    if recorded.value is None:
        return Verdict("no_number", goal)
    reached = recorded.value >= goal if direction == "more" else recorded.value <= goal
    outcome: Outcome = "met" if reached else "not_met"
    return Verdict(outcome, goal, share(recorded.value, goal) if goal else None)


def column_sum(table: Table, column: str) -> Decimal:
    """Return the sum of a number column; an empty cell counts nothing."""
    return sum((number(row[column]) for row in table.rows if column in row), Decimal(0))


def number(cell: object) -> Decimal:
    """Return a cell of a number column. Raises TypeError for anything but a number."""
    if isinstance(cell, bool) or not isinstance(cell, int | Decimal):
        raise TypeError(f"{cell!r} is not a number")
    return Decimal(cell)
