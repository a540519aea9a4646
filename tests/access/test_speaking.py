"""A grant for entities of some types or scopes makes nobody speak for the town."""

from typing import Any

import pytest

from tamamo.kernel.drills.service import require_leader
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity import Access, Actor, Grant, Role
from tamamo.plan.year.rights import may_approve as may_approve_year
from tamamo.plan.year.rights import may_enter
from tamamo.publishing.datasets.rights import rights_of
from tamamo.publishing.requests.rights import may_answer
from tamamo.publishing.warnings import may_approve, may_write
from tamamo.registers.model import Visitor


def _leads(actor: Actor) -> bool:
    try:
        require_leader(actor, "town")
    except Forbidden:
        return False
    return True


def _acts(actor: Actor) -> dict[str, bool]:
    roles = frozenset(grant.role for grant in actor.grants)
    dataset = rights_of(Visitor("town", actor, Access("town", roles=roles)), None)
    return {
        "write a warning": may_write(actor, "town"),
        "approve a warning": may_approve(actor, "town"),
        "write a dataset": dataset.write,
        "approve a dataset": dataset.approve,
        "enter a value of the plan": may_enter(actor, "town", ""),
        "approve a value of the plan": may_approve_year(actor, "town", ""),
        "answer a request": may_answer(actor, "town"),
        "run a drill": _leads(actor),
    }


@pytest.mark.parametrize("limits", [{"types": ("https://x.jp/Toilet",)}, {"scopes": ("/north",)}])
def test_a_grant_for_some_entities_is_for_entities(limits: dict[str, Any]) -> None:
    def approver(**more: Any) -> Actor:
        return Actor("user:1", "A", (Grant("g", "town", Role.APPROVER, **more),), "town")

    assert set(_acts(approver()).values()) == {True}
    assert set(_acts(approver(**limits)).values()) == {False}
    assert set(_acts(approver(unit="局/課", **limits)).values()) == {False}
    # In a drill a unit's types stand for the unit: whoever plays the role does all of it there.
    assert set(_acts(approver(drill=True, **limits)).values()) == {True}
    both = (Grant("g", "town", Role.APPROVER, **limits), Grant("h", "town", Role.EDITOR))
    acts = _acts(Actor("user:1", "A", both, "town"))
    assert acts["write a warning"] and not acts["approve a warning"]
    assert acts["write a dataset"] and not acts["approve a dataset"]
