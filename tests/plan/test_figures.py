"""Rounding, shares and verdicts."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tamamo.plan.figures import judge, number, round_half_up, share
from tamamo.plan.model import Benchmark, Indicator, Recorded, Target, Text, Unit

WORDS = Text(ja="言葉", en="words")


def _indicator(value: str | None, target: Target | None, year: int = 2020) -> Indicator:
    return Indicator(
        id="things",
        name=WORDS,
        unit=Unit(ja="件", en="things", one="thing"),
        shape="count",
        recorded=[
            Recorded(
                year=year,
                source="report",
                printed="x",
                value=Decimal(value) if value else None,
                words=None if value else WORDS,
            )
        ],
        target=target,
    )


def _target(value: str | None = None, **more: object) -> Target:
    number = Decimal(value) if value else None
    return Target(printed="x", value=number, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [("7.5", "8", "93.8"), ("11.5", "12", "95.8"), ("1", "3", "33.3"), ("0", "5", "0.0")],
)
def test_a_share_is_rounded_half_up(part: str, whole: str, percent: str) -> None:
    assert share(Decimal(part), Decimal(whole)) == Decimal(percent)


def test_a_share_of_nothing_has_no_value() -> None:
    with pytest.raises(ZeroDivisionError):
        share(Decimal(1), Decimal(0))


@given(st.decimals(min_value=0, max_value=10**6, places=4), st.integers(0, 3))
def test_rounding_moves_a_value_by_at_most_half_a_step(value: Decimal, decimals: int) -> None:
    step = Decimal(1).scaleb(-decimals)
    rounded = round_half_up(value, decimals)
    assert -step / 2 < rounded - value <= step / 2


@pytest.mark.parametrize(
    ("value", "target", "outcome", "ratio"),
    [
        ("10", _target("10"), "met", "100.0"),
        ("9.99", _target("10"), "not_met", "99.9"),
        ("0", _target("1"), "not_met", "0.0"),
        ("5", None, "no_target", None),
        ("5", _target(words=WORDS), "stated", None),
        ("5", _target("3", comparable=False, counts=WORDS), "not_comparable", None),
        (None, _target("3"), "no_number", None),
        ("5", _target("0"), "met", None),
    ],
)
def test_the_outcome_follows_from_value_and_target(
    value: str | None, target: Target | None, outcome: str, ratio: str | None
) -> None:
    verdict = judge(_indicator(value, target))
    assert verdict.outcome == outcome
    assert verdict.ratio == (Decimal(ratio) if ratio else None)


def test_a_target_to_stay_below_is_met_by_less() -> None:
    fewer = structs.replace(_indicator("9", _target("10")), direction="less")
    assert judge(fewer).outcome == "met"
    assert judge(structs.replace(_indicator("11", _target("10")), direction="less")).outcome == (
        "not_met"
    )


def test_a_moving_target_is_compared_in_the_year_of_the_value() -> None:
    marks = [
        Benchmark(year=2020, value=Decimal("28.3"), printed="x"),
        Benchmark(year=2021, value=Decimal("40"), printed="x"),
    ]
    target = _target(words=WORDS, benchmark=marks)
    assert judge(_indicator("28.8", target)).outcome == "met"
    assert judge(_indicator("28.8", target, year=2021)).outcome == "not_met"
    assert judge(_indicator("28.8", target, year=2022)).outcome == "stated"


def test_a_flag_is_not_a_number() -> None:
    with pytest.raises(TypeError):
        number(True)
