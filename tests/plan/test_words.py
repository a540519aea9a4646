"""Every kind used in the folders has its words, and nothing else does."""

from typing import get_args

import pytest

from tamamo.plan.catalog import fiscal_year, plan_number, read_words
from tamamo.plan.figures import Outcome
from tamamo.plan.model import Shape, State


@pytest.mark.parametrize(
    ("kind", "names"), [("state", State), ("shape", Shape), ("outcome", Outcome)]
)
def test_each_kind_has_words_in_both_languages(kind: str, names: object) -> None:
    assert set(read_words()[kind]) == set(get_args(names))


@pytest.mark.parametrize(
    ("year", "ja"),
    [(2018, "平成30年度(2018年度)"), (2019, "令和元年度(2019年度)"), (2020, "令和2年度(2020年度)")],
)
def test_fiscal_years(year: int, ja: str) -> None:
    assert fiscal_year(year).ja == ja


def test_plan_numbers_are_written_as_the_plan_does() -> None:
    assert plan_number("1-3-1") == "1(3)①"
