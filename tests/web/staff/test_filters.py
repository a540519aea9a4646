"""Filters: from the address to the engine's query, to the form's controls, to chips."""

from urllib.parse import parse_qsl

import pytest
from django.utils import translation

from tamamo.registers import Register
from tamamo.registers.catalogue import declared
from tamamo.web.staff import filters
from tamamo.web.staff.liststate import ListState, parse_text


@pytest.fixture
def shelters() -> Register:
    return declared()["shelters"]


def _state(register: Register, query: str) -> ListState:
    return parse_text(query, filters.names(register))


def test_a_range_of_two_fields_is_one_filter_of_the_engine(shelters: Register) -> None:
    state = _state(shelters, "?f.capacity.from=100&q=小学校&sort=-capacity&page=2&size=100")
    query = filters.query_of(shelters, state)
    assert query.filters == {"capacity": ["100.."]}
    assert (query.q, query.sort, query.page, query.size) == ("小学校", "-capacity", 2, 100)
    both = _state(shelters, "?f.capacity.from=100&f.capacity.to=200")
    assert filters.query_of(shelters, both).filters == {"capacity": ["100..200"]}


def test_what_the_engine_does_not_take_is_left_out(shelters: Register) -> None:
    state = _state(shelters, "?f.capacity.from=many&sort=nothing&f.colour=red")
    query = filters.query_of(shelters, state)
    assert query.filters == {}
    assert set(query.ignored) == {"capacity", "sort"}


def test_each_chip_leads_to_the_view_without_it(shelters: Register) -> None:
    state = _state(shelters, "?q=a&f.capacity.from=100&f.designatedShelter=yes&page=3")
    with translation.override("en"):
        found = {chip.label: chip for chip in filters.chips(shelters, state, "/r/")}
    label = shelters.column("capacity").label.en
    assert found[label].text.startswith("≥ 100")
    left = dict(parse_qsl(found[label].url.partition("?")[2]))
    assert left == {"q": "a", "f.designatedShelter": "yes"}
    assert found["Search"].text == "a"


def test_choices_carry_their_counts_and_none_has_a_name(shelters: Register) -> None:
    column = next(one for one in shelters.filters if one.kind == "choice")
    first = column.choices[0]
    state = ListState(filters=((column.name, first.value),))
    with translation.override("en"):
        controls = filters.controls(
            shelters, state, {column.name: [(first.value, 1200), (None, 3)]}
        )
    control = next(c for c in controls if c.name == f"f.{column.name}")
    labels = [(option.value, option.label, option.selected) for option in control.options]
    assert labels == [
        (first.value, f"{first.en} (1,200)", True),
        ("none", "without a value (3)", False),
    ]
