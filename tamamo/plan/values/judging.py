"""Whether a value can be one of an indicator at all: unit, range, kind of number. Pure."""

from decimal import Decimal
from typing import Final

from tamamo.feeds.quality import Reason
from tamamo.plan.model import Indicator

#: Shapes whose values are percentages of a whole, and those that count things one by one.
SHARES: Final = frozenset({"survey_share", "rate", "efficiency_rate"})
COUNTS: Final = frozenset(
    {"cumulative_count", "stock", "distinct", "count", "annual_count", "sum_over_sensors"}
)


NOT_ANSWERS: Final = Reason(
    "not_answers",
    "回答数は1以上の整数で入力してください",
    "the number of answers is a whole number from 1 on",
)
NO_SURVEY: Final = Reason(
    "no_survey",
    "回答数はアンケートの割合にだけ入力できます",
    "only a share of survey answers has a number of answers",
)


def judge_answers(indicator: Indicator, whole: Decimal | None) -> Reason | None:
    """Return why a number cannot be that of the answers, None where it can. whole: None: none."""
    if not indicator.surveyed:
        return NO_SURVEY
    if whole is None or whole < 1 or whole != whole.to_integral_value():
        return NOT_ANSWERS
    return None


def judge_value(indicator: Indicator, value: Decimal, unit: str) -> Reason | None:
    """Return why a value cannot be the indicator's, None where it can."""
    if unit not in (indicator.unit.ja, indicator.unit.en, indicator.unit.one):
        ja = f"単位が違います（{unit}ではなく{indicator.unit.ja}）"
        en = f"the unit is {indicator.unit.en}, not {unit}"
        return Reason("other_unit", ja, en)
    if not value.is_finite():
        return Reason("not_finite", "数ではありません", "it is not a number")
    if value < 0:
        return Reason("negative", f"{value}は0より小さい値です", f"{value} is below 0")
    if indicator.shape in SHARES and value > 100:
        return Reason("over_100", f"{value}%は100%を超えています", f"{value} % is more than 100 %")
    if indicator.shape in COUNTS and value != value.to_integral_value():
        return Reason("not_whole", f"{value}は整数ではありません", f"{value} is not a whole number")
    return None


def falls(indicator: Indicator, before: Decimal, value: Decimal) -> Reason | None:
    """Return a doubt where a cumulative count is smaller than the year before; None else."""
    if indicator.shape != "cumulative_count" or value >= before:
        return None
    ja = f"累計が前年度の{before:,}から{value:,}に減っています"
    return Reason("falls", ja, f"a cumulative count falls from {before:,} to {value:,}")
