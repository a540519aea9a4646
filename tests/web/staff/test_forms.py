"""The fields of a register's form: what was typed stays, what is wrong is named at its field."""

import pytest
from django.http import QueryDict
from django.utils import translation

from tamamo.registers import FieldError, Register
from tamamo.registers.catalogue import declared
from tamamo.web.staff import forms
from tamamo.web.staff.conflict import merged

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def gauges() -> Register:
    return declared()["river_gauges"]


def _typed(register: Register, text: str) -> forms.Typed:
    return forms.typed_of(QueryDict(text), register.form)


def test_everything_typed_is_kept(gauges: Register) -> None:
    typed = _typed(gauges, "v.alertLevel=abc&v.location.latitude=34&v.location.longitude=x")
    assert typed["alertLevel"] == "abc"
    pairs = dict(forms.hidden(typed))
    assert pairs["v.alertLevel"] == "abc"
    assert pairs["v.location.longitude"] == "x"
    shown = {f.name: f for f in forms.fields(gauges, gauges.form, typed)}
    assert shown["v.alertLevel"].text == "abc"
    assert [part.text for part in shown["v.location"].parts] == ["34", "x"]


def test_an_error_stands_at_its_field_and_in_the_summary(gauges: Register) -> None:
    error = FieldError("alertLevel", "x", "注意水位：数ではありません", "Alert: not a number")
    with translation.override("en"):
        shown = {f.name: f for f in forms.fields(gauges, gauges.form, {}, [error])}
        listed = forms.faults(gauges, [error])
    field = shown["v.alertLevel"]
    assert field.error == "Alert: not a number"
    assert "f-v.alertLevel-error" in field.described.split()
    assert [(fault.text, fault.anchor) for fault in listed] == [
        ("Alert: not a number", "f-v.alertLevel")
    ]
    assert shown["v.dangerLevel"].error == ""


def test_errors_stand_in_the_order_of_the_form(gauges: Register) -> None:
    names = [column.name for column in gauges.form]
    errors = [FieldError(name, "x", name, name) for name in reversed(names)]
    assert [fault.text for fault in forms.faults(gauges, errors)] == names


def test_a_place_leads_to_its_first_half(gauges: Register) -> None:
    listed = forms.faults(gauges, [FieldError("location", "x", "位置", "place")])
    assert listed[0].anchor == "f-v.location.latitude"


def test_units_help_and_required_come_from_the_declaration(gauges: Register) -> None:
    shown = {f.name: f for f in forms.fields(gauges, gauges.form, {})}
    assert shown["v.alertLevel"].unit == gauges.column("alertLevel").unit_label == "m"
    assert {f.name for f in shown.values() if f.required} == {
        f"v.{name}" for name in gauges.declaration.form["required"]
    }


def test_every_field_of_every_register_is_in_exactly_one_group() -> None:
    for register in declared().values():
        groups = forms.groups(register, register.form, {})
        names = [field.name for group in groups for field in group.fields]
        assert sorted(names) == sorted(f"v.{column.name}" for column in register.form)


def test_a_value_that_is_no_choice_any_more_is_kept() -> None:
    register = declared()["shelters"]
    column = next(c for c in register.form if c.kind == "choice")
    field = forms.fields(register, [column], {column.name: "gone"})[0]
    assert [option.value for option in field.options if option.selected] == ["gone"]


def test_the_second_editor_gets_what_was_chosen(gauges: Register) -> None:
    typed = _typed(gauges, "v.name=Mine&v.alertLevel=2&v.location.latitude=34")
    stored = {
        "name": "Theirs",
        "alertLevel": "3",
        "location.latitude": "35",
        "location.longitude": "135",
    }
    post = QueryDict("choose.name=mine&choose.alertLevel=theirs&theirs=location")
    result = merged(post, gauges.form, typed, stored)
    assert (result["name"], result["alertLevel"]) == ("Mine", "3")
    assert (result["location.latitude"], result["location.longitude"]) == ("35", "135")
