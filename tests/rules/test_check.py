"""What is refused of a declaration: each fault with its member, in both languages; no crash."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamamo.rules import RuleInvalid, faults_of, parse
from tests.rules.conftest import level_rule

SQUARE = [[134.0, 34.3], [134.1, 34.3], [134.1, 34.4], [134.0, 34.4]]


def threshold(**changes: Any) -> dict[str, Any]:
    return {"threshold": {"attribute": "currentLevel", "at_least": 1.0} | changes}


def nested(depth: int) -> dict[str, Any]:
    condition = threshold()
    for _ in range(depth):
        condition = {"not": condition}
    return condition


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": "Level!"}, "id"),
        ({"name": {"ja": "水位"}}, "name.en"),
        ({"severity": "loud"}, "severity"),
        ({"category": "deviceFailure"}, "category"),
        ({"sub_category": "storm surge"}, "sub_category"),
        ({"colour": "red"}, ""),
        ({"subject": {"type": "Alert"}}, "subject.type"),
        ({"subject": {"type": "X", "where": "a==("}}, "subject.where"),
        ({"subject": {"type": "X", "where": "a{Y}.b==1"}}, "subject.where"),
        ({"subject": {"type": "X", "season": {"from": "02-30", "to": "03-01"}}},
         "subject.season.from"),
        ({"subject": {"type": "X", "place": {"polygon": [[0, 0], [1, 1], [0, 1], [1, 0]]}}},
         "subject.place.polygon"),
        ({"subject": {"type": "X", "place": {}}}, "subject.place"),
        ({"condition": {}}, "condition"),
        ({"condition": {**threshold(), "silence": {"after": "PT1H"}}}, "condition"),
        ({"condition": threshold(at_most=2)}, "condition.threshold"),
        ({"condition": threshold(clear=1.5)}, "condition.threshold.clear"),
        ({"condition": threshold(clear=0.5, clear_by=0.1)}, "condition.threshold.clear_by"),
        ({"condition": threshold(at_least=math.inf)}, "condition.threshold.at_least"),
        ({"condition": threshold(at_least=math.nan)}, "condition.threshold.at_least"),
        ({"condition": threshold(jump=0)}, "condition.threshold.jump"),
        ({"condition": {"all": [threshold(), {"silence": {"after": "PT0S"}}]}},
         "condition.all[1].silence.after"),
        ({"condition": {"rate": {"attribute": "a", "rises": 1, "clear_by": 2, "window": "PT1H"}}},
         "condition.rate.clear_by"),
        ({"condition": {"geofence": {"margin": 5}}}, "condition.geofence"),
        ({"condition": nested(7)}, "condition.not.not.not.not.not.not"),
        ({"condition": nested(5000)}, "condition.not.not"),
        ({"condition": {"any": [{"any": [threshold()] * 8}] * 3}}, "condition"),
        ({"timing": {"for": "10 minutes"}}, "timing.for"),
        ({"timing": {"for": "P400D"}}, "timing.for"),
        ({"timing": {"no_data": "PT0S"}}, "timing.no_data"),
        ({"text": {"ja": "{name}", "en": "{nobody}"}}, "text.en"),
        ({"text": {"ja": "{name", "en": "x"}}, "text.ja"),
        ({"text": {"ja": "{name.__class__}", "en": "x"}}, "text.ja"),
        ({"text": {"ja": "{value:>9999999999}", "en": "x"}}, "text.ja"),
        ({"text": {"ja": "a\0b", "en": "x"}}, "text.ja"),
    ],
)  # fmt: skip
def test_a_fault_is_named(changes: dict[str, Any], field: str) -> None:
    faults = faults_of(level_rule(**changes))
    assert [fault.field for fault in faults] == [field]
    assert faults[0].ja
    assert faults[0].en
    with pytest.raises(RuleInvalid):
        parse(level_rule(**changes))


@pytest.mark.parametrize(
    "condition",
    [
        threshold(at_least={"attribute": "alertLevel", "plus": -0.3}, clear_by=0.2, jump=2),
        {"rate": {"attribute": "a", "falls": 1, "window": "PT30M", "clear_by": 0.5}},
        {"silence": {"after": "P1DT2H"}},
        {"geofence": {"inside": {"polygon": SQUARE}, "margin": 50}},
        {"any": [{"is": {"attribute": "a", "any_of": ["x", 1, True]}}, {"not": threshold()}]},
    ],
)
def test_each_kind_of_condition_is_taken(condition: dict[str, Any]) -> None:
    assert parse(level_rule(condition=condition)).leaves


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "all", "any", "not", "threshold", "at_least", "polygon", "type"])
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_whatever_is_given_is_a_rule_or_named_faults(value: Any) -> None:
    assert faults_of(value)


@given(JSON, st.sampled_from(["subject", "condition", "timing", "text", "name", "unit"]))
def test_whatever_a_member_is_there_is_a_rule_or_named_faults(value: Any, member: str) -> None:
    document = level_rule(**{member: value})
    if not faults_of(document):
        parse(document)
