"""Whoever keeps some attributes of an entity changes these, and makes or deletes no entity."""

import pytest

from tamamo.context.access.guard import guarded
from tamamo.context.entities.service import creation, deletion
from tamamo.context.entities.write import Change, HistoryItem, Mutation
from tamamo.context.model.entity import Entity
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity import Access, Part, Reach

TYPE, MINE, THEIRS = "urn:type:facility", "urn:attr:ostomate", "urn:attr:nursingRoom"
NOW = "2026-11-23T08:00:00Z"
ACCESS = Access(
    "town", read=Reach((Part(),)), write=Reach((Part(frozenset({TYPE}), frozenset({MINE})),))
)


def entity(*types: str) -> Entity:
    return Entity("urn:x:1", list(types or (TYPE,)), {MINE: [{"type": "Property", "value": True}]})


def changing(attr: str) -> Mutation:
    def apply(before: Entity | None, now: str) -> Change:
        instance = {"type": "Property", "value": False, "createdAt": now, "modifiedAt": now}
        after = entity(*(before.types if before else ()))
        after.attrs[attr] = [instance]
        return Change(after, [HistoryItem(attr, instance)], [attr])

    return guarded(Mutation("town", "urn:x:1", apply), ACCESS)


def test_their_own_attributes_may_be_changed() -> None:
    change = changing(MINE).apply(entity(), NOW)
    assert change is not None and change.after is not None
    assert change.after.attrs[MINE][0]["value"] is False


@pytest.mark.parametrize(
    ("mutation", "before"),
    [
        (changing(THEIRS), entity()),
        (changing(MINE), entity(TYPE, "urn:type:other")),
        (guarded(creation("town", entity()), ACCESS), None),
        (guarded(deletion("town", "urn:x:1"), ACCESS), entity()),
    ],
)
def test_nothing_else_may(mutation: Mutation, before: Entity | None) -> None:
    with pytest.raises(Forbidden):
        mutation.apply(before, NOW)
