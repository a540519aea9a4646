"""A rule is no way to personal data, nor to what its writer may not read."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tamamo.kernel.identity import Grant, Role
from tamamo.kernel.identity.model import Actor
from tamamo.kernel.identity.resolve import Policy, access_of
from tamamo.rules import Rule, RuleInvalid, parse
from tamamo.web.staff.alerts import room
from tamamo.web.staff.desk import Desk

_GAUGE, _PERSON = (f"https://smartdatamodels.org/{name}" for name in ("FloodMonitoring", "Person"))


def _rule(kind: str, **condition: Any) -> Rule:
    document = {
        "id": "someone",
        "name": {"ja": "人", "en": "Person"},
        "severity": "low",
        "subject": {"type": kind},
        "condition": condition or {"is": {"attribute": "name", "any_of": ["x"]}},
        "text": {"ja": "{name}", "en": "{name}"},
    }
    return parse(document)


def _desk(*, personal: frozenset[str], role: Role = Role.EDITOR, **limits: Any) -> Desk:
    grant = Grant("g", "town", role, **limits)
    actor = Actor("user:1", "P", (grant,), "town")
    access = access_of(actor, "town", Policy(personal=personal))
    towns = SimpleNamespace(personal=lambda _: personal)
    return cast(
        Desk,
        SimpleNamespace(
            tenant="town",
            broker=SimpleNamespace(towns=towns),
            visitor=SimpleNamespace(access=access),
        ),
    )


@pytest.mark.parametrize(
    "limits",
    [
        {},
        # Who may read it: an alert would still tell those who may not.
        {"types": (_PERSON,)},
        {"role": Role.OPERATOR},
    ],
)
def test_personal_data_are_no_subject(limits: dict[str, Any]) -> None:
    desk = _desk(personal=frozenset({_PERSON}), **limits)
    with pytest.raises(RuleInvalid) as refused:
        room.require_watchable(desk, _rule(_PERSON))
    assert [fault.field for fault in refused.value.faults] == ["subject.type"]
    room.require_watchable(desk, _rule(_GAUGE))


def test_nor_is_what_somebody_may_not_read() -> None:
    desk = _desk(personal=frozenset(), role=Role.DEVELOPER, types=(_GAUGE,))
    room.require_watchable(desk, _rule(_GAUGE))
    with pytest.raises(RuleInvalid):
        room.require_watchable(desk, _rule(_PERSON))


def test_nor_does_a_rule_about_gauges_look_at_people() -> None:
    own = {"is": {"attribute": "name", "any_of": ["x"]}}
    rule = _rule(_GAUGE, all=[own, {"elsewhere": {"type": _PERSON, "condition": own}}])
    for desk in (
        _desk(personal=frozenset({_PERSON})),
        _desk(personal=frozenset(), role=Role.DEVELOPER, types=(_GAUGE,)),
    ):
        with pytest.raises(RuleInvalid) as refused:
            room.require_watchable(desk, rule)
        assert [fault.field for fault in refused.value.faults] == ["condition"]


def test_a_declarations_type_is_compared_as_it_is_stored() -> None:
    rule = _rule("Person")
    with pytest.raises(RuleInvalid):
        room.require_watchable(_desk(personal=rule.types), rule)
