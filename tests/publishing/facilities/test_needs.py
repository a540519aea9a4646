"""Needs, grades and survey days: pure, and equal to what the register's filters find."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamamo.publishing.facilities.model import (
    GROUPS,
    REGISTER,
    Facility,
    rating,
    stale_groups,
)
from tamamo.publishing.facilities.needs import BY_ID, LISTS, NEEDS, Wish, met
from tamamo.registers import catalogue

FACILITIES = catalogue.declared()[REGISTER]
TODAY = date(2026, 11, 23)


def facility(**values: Any) -> Facility:
    return Facility("urn:x:1", "1", values, 134.05, 34.34)


def test_every_need_is_a_filter_of_the_register_and_has_a_column_of_its_own() -> None:
    for need in NEEDS:
        filter_ = FACILITIES.filter(need.column)
        assert filter_ is not None, need.id
        known = {"yes", "no"} if filter_.kind == "yes_no" else {c.value for c in filter_.choices}
        assert set(need.values) <= known
        assert (filter_.column.kind == "choices") is (need.column in LISTS)
    # Filters of one column are alternatives: two needs that share one would find either.
    assert len({need.column for need in NEEDS}) == len(NEEDS)


def test_every_field_of_a_group_stands_in_the_register_and_is_kept_by_one_division() -> None:
    for group in GROUPS:
        columns = [FACILITIES.column(name) for name in (*group.columns, group.surveyed)]
        owners = {column.edit.units for column in columns if column.edit}
        assert len(owners) == 1, group.id
        assert FACILITIES.column(group.surveyed).kind == "date"
    owners = {c.edit.units for c in FACILITIES.form if c.edit}
    assert len(owners) == 5, "five divisions keep one record"


@pytest.mark.parametrize(
    ("values", "need", "expected"),
    [
        ({"wheelchairToilet": True}, "wheelchair_toilet", True),
        ({"wheelchairToilet": False}, "wheelchair_toilet", False),
        ({}, "wheelchair_toilet", None),
        ({"entrance": "slope"}, "step_free", True),
        ({"entrance": "steps"}, "step_free", False),
        ({"lift": "not_needed"}, "lift", True),
        ({"lift": "no"}, "lift", False),
        ({"informationSupport": ["hearing_loop", "writing"]}, "hearing_loop", True),
        ({"informationSupport": ["writing"]}, "hearing_loop", False),
        # Looked at, and nothing was there; or nobody has looked.
        ({"supportSurveyedOn": "2026-04-01"}, "hearing_loop", False),
        ({}, "hearing_loop", None),
    ],
)
def test_a_need_is_met_not_met_or_unknown(
    values: dict[str, Any], need: str, expected: bool | None
) -> None:
    assert BY_ID[need].met(facility(**values)) is expected
    assert (BY_ID[need] in met(facility(**values))) is (expected is True)


@pytest.mark.parametrize(
    ("values", "grade"),
    [
        ({}, None),
        ({"entrance": "level", "lift": "yes"}, "yes"),
        ({"entrance": "slope", "lift": "not_needed", "entranceWidth": 80}, "yes"),
        ({"entrance": "level", "lift": "yes", "entranceWidth": 79}, "limited"),
        ({"entrance": "level", "lift": "no"}, "limited"),
        ({"entrance": "level"}, "limited"),
        ({"entrance": "steps", "lift": "yes", "entranceWidth": 200}, "no"),
    ],
)
def test_the_grade_follows_from_what_was_measured(
    values: dict[str, Any], grade: str | None
) -> None:
    assert rating(values) == grade


def test_what_was_surveyed_long_ago_or_on_no_known_day_is_old() -> None:
    one = facility(
        entrance="level", entranceSurveyedOn="2023-11-20",
        wheelchairToilet=True, toiletSurveyedOn="2023-11-30",
        nursingRoom=False,
        parkingSurveyedOn="not a day", accessibleParking=True,
    )  # fmt: skip
    assert [group.id for group in stale_groups(one, TODAY)] == ["entrance", "parking", "child"]
    assert one.last_surveyed == date(2023, 11, 30)
    assert stale_groups(facility(), TODAY) == [], "nothing known is not old"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([*BY_ID, "unknown", ""]), max_size=6), st.text(max_size=12),
    st.sampled_from(["", "library", "nonsense"]), st.text(max_size=4),
)  # fmt: skip
def test_an_address_is_read_without_failing_and_written_back(
    wanted: list[str], q: str, category: str, page: str
) -> None:
    asked = {"need": wanted, "q": [q], "category": [category], "page": [page]}
    wish = Wish.parse(FACILITIES, asked)
    params: dict[str, list[str]] = {}
    for name, value in wish.pairs():
        params.setdefault(name, []).append(value)
    assert Wish.parse(FACILITIES, params) == wish
    assert ("need" in wish.ignored) is bool({"unknown", ""} & set(wanted))
    assert ("category" in wish.ignored) is (category == "nonsense")
