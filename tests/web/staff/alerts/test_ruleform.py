"""Rules as forms: what a form means, and that a declaration comes back from its form."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

import tamamo
from tamamo import rules
from tamamo.web.staff.alerts import ruleform
from tamamo.web.staff.alerts.ruleform import FormError, TooRich, read, typed, write

RULE: dict[str, Any] = {
    "id": "river-danger",
    "name": {"ja": "危険水位", "en": "Danger level"},
    "about": {"ja": "説明", "en": "What it is for"},
    "severity": "high",
    "unit": "m",
    "subject": {
        "type": "FloodMonitoring", "where": 'category!="underpass"',
        "place": {"municipality": ["高松市", "三木町"]},
        "season": {"from": "06-01", "to": "10-31"},
    },
    "condition": {"all": [
        {"threshold": {"attribute": "currentLevel",
                       "at_least": {"attribute": "alertLevel", "plus": 0.1}, "clear_by": 0.2}},
        {"not": {"is": {"attribute": "currentLevelStatus", "any_of": ["withdrawn"]}}},
        {"rate": {"attribute": "currentLevel", "rises": 0.5, "window": "PT60M"}},
    ]},
    "timing": {"for": "PT10M", "recover": "PT30M", "no_data": "PT120M", "no_data_always": True},
    "text": {"ja": "{name}：{value}{unit}", "en": "{name}: {value}{unit}"},
}  # fmt: skip
OTHERS: list[dict[str, Any]] = [
    {"silence": {"after": "PT40M"}},
    {"geofence": {"outside": {"polygon": [[134.0, 34.3], [134.1, 34.3], [134.1, 34.4],
                                          [134.0, 34.3]]}, "margin": 50.0}},
    {"threshold": {"attribute": "waterLevel", "at_most": -0.5}},
    {"rate": {"attribute": "currentLevel", "falls": 1.0, "window": "PT30M", "jump": 2.0}},
    {"all": [
        {"threshold": {"attribute": "currentLevel", "at_least": 1.0}},
        {"not": {"elsewhere": {
            "type": "WeatherObserved", "within": 10000.0, "fresh": "PT30M",
            "condition": {"threshold": {"attribute": "precipitation", "at_most": 1.0}}}}},
        {"elsewhere": {
            "type": "FloodMonitoring", "ids": ["urn:a", "urn:b"],
            "condition": {"rate": {"attribute": "currentLevel", "rises": 0.5,
                                   "window": "PT60M"}}}},
    ]},
]  # fmt: skip


def test_a_declaration_comes_back_from_its_form() -> None:
    rules.parse(RULE)
    assert read(write(RULE)).document == RULE


@pytest.mark.parametrize("condition", OTHERS)
def test_every_kind_of_condition_comes_back(condition: dict[str, Any]) -> None:
    rule = RULE | {"condition": condition}
    rules.parse(rule)
    found = read(write(rule))
    assert found.document == rule
    assert found.errors == []


def test_most_shipped_rules_can_be_edited_in_the_form_and_stay_what_they_are() -> None:
    package = Path(tamamo.__file__).parent
    shipped = [
        rule
        for path in sorted((package / "projects").glob("*/rules.toml"))
        for rule in tomllib.loads(path.read_text("utf-8"))["rule"]
    ]
    rich = []
    for rule in shipped:
        try:
            again = read(write(rule)).document
        except TooRich:
            rich.append(rule["id"])  # it is edited as text
            continue
        first, second = rules.parse(rule), rules.parse(again)
        assert {**again, "timing": None} == {**rule, "condition": again["condition"],
                                             "timing": None}  # fmt: skip
        times = [
            (one.for_, one.recover, one.no_data, one.no_data_always) for one in (first, second)
        ]
        assert times[0] == times[1]
        assert str(first.leaves) == str(second.leaves)
    assert shipped
    assert len(rich) < len(shipped) / 2, rich


def test_what_the_form_cannot_say_is_edited_as_text() -> None:
    nested = {"any": [{"all": [OTHERS[0], OTHERS[2]]}, OTHERS[3]]}
    with pytest.raises(TooRich):
        write(RULE | {"condition": nested})
    with pytest.raises(TooRich):
        write(RULE | {"something": "new"})
    with pytest.raises(TooRich):
        write(RULE | {"timing": {"for": "PT90S"}})
    text = '{"id": "x", "name": 1}'
    assert read({"json": text}).document == {"id": "x", "name": 1}


@pytest.mark.parametrize("text", ["{", "[]", '{"a": NaN}', "[" * 2000])
def test_text_that_is_no_declaration_is_said_so(text: str) -> None:
    assert read({"json": text}).errors == [FormError("json", "json")]


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"c1_bound": "a lot", "c1_bound_attribute": ""}, FormError("c1_bound", "number")),
        ({"c1_bound": "", "c1_bound_attribute": ""}, FormError("c1_bound", "number")),
        ({"c1_clear_by": "NaN"}, FormError("c1_clear_by", "number")),
        ({"for": "1.5"}, FormError("for", "minutes")),
        ({"polygon": "here"}, FormError("polygon", "place")),
        ({"c1_other": "WeatherObserved", "c1_kind": "silence"}, FormError("c1_other", "other")),
        ({"c1_other": "WeatherObserved", "c1_within": "far"}, FormError("c1_within", "number")),
        ({"c1_other": "WeatherObserved", "c1_fresh": "1 h"}, FormError("c1_fresh", "minutes")),
        ({"c1_kind": "", "c2_kind": "", "c3_kind": ""}, FormError("c1_kind", "condition")),
    ],
)
def test_what_cannot_be_read_is_named_at_its_field(
    changed: dict[str, str], error: FormError
) -> None:
    assert error in read(write(RULE) | changed).errors


def test_a_fault_of_the_declaration_is_found_at_its_field() -> None:
    form = read(write(RULE) | {"c3_window": "0", "season_to": "13-01", "text_ja": "{what}"})
    with pytest.raises(rules.RuleInvalid) as refused:
        rules.parse(form.document)
    found = {form.place_of(fault.field) for fault in refused.value.faults}
    assert found <= set(ruleform.FIELDS)
    assert "season_to" in found


def test_a_fault_of_what_is_said_of_others_is_found_at_its_field() -> None:
    form = read(write(RULE) | {"c3_other": "Alert", "c3_within": "0", "c3_fresh": "0"})
    found = {form.place_of(fault.field) for fault in rules.faults_of(form.document)}
    assert found == {"c3_within"}
    form = read(write(RULE) | {"c3_other": "Alert", "c3_fresh": "0"})
    found = {form.place_of(fault.field) for fault in rules.faults_of(form.document)}
    assert found == {"c3_other", "c3_fresh"}


def test_only_known_fields_are_read() -> None:
    assert typed({"id": " a ", "other": "x"})["id"] == "a"
    assert set(typed({"other": "x"})) == set(ruleform.FIELDS)
