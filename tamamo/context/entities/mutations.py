"""What is wanted of an entity, and what came of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tamamo.context.acting import Act
from tamamo.context.model import merge
from tamamo.context.model.entity import Entity, Instance


@dataclass(slots=True)
class HistoryItem:
    """One attribute instance that enters the history.

    instance: stored form with createdAt and modifiedAt, and deletedAt when it records a deletion.
    """

    attr: str
    instance: Instance


@dataclass(slots=True)
class Change:
    """What a merge function answers for one entity.

    after: the new state, None when the entity is deleted. history: what enters it, in order.
    changed: attribute IRIs, for those who listen. write_state: False for rows that enter the
    history only; then nobody is told. result: whatever the caller wants back. again: those
    attributes among the changed ones that say in all instances what they said before.
    """

    after: Entity | None
    history: Sequence[HistoryItem | merge.Written] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    write_state: bool = True
    result: Any = None
    again: frozenset[str] = frozenset()


#: (entity before, present time as RFC 3339) → change, or None when nothing is to be done. Pure:
#: it does not modify the entity. A Problem it raises is the failure of this mutation alone.
Apply = Callable[[Entity | None, str], Change | None]


@dataclass(slots=True)  # not frozen: a batch makes thousands
class Mutation:
    """A change wanted for one entity.

    by: in whose act, where that may have to be noted. brief: where the change has no
    result, all that is asked is whether the entity was there; the answer is BEGUN or CHANGED.
    """

    tenant: str
    entity_id: str
    apply: Apply
    by: Act | None = None
    brief: bool = False


@dataclass(slots=True)
class Written:
    """What came of a mutation. change: None when nothing was to be done."""

    before: Entity | None
    change: Change | None


#: The answers to who only asked whether there was an entity before: no, and yes.
BEGUN: Final = Written(None, None)
CHANGED: Final = Written(Entity("", []), None)


class ChangedMeanwhile(Exception):
    """Another transaction changed what was read: nothing was written, run it again."""
