"""A condition on other entities: rain at the station nearby, the gauge up the same river.

Whatever a rule's own subject says, another one within reach has to be told of separately: both
bring readings, each in its own time. What the others said last is remembered with the subject, so
that the outcome follows from the readings alone, as for any other condition.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

from tamamo.context.model.entity import LOCATION, Entity
from tamamo.kernel import geo
from tamamo.rules.leaves import Leaf, Verdict, default_instance
from tamamo.rules.state import Memory, Moment, Reading
from tamamo.rules.subject import Subject

#: Others that are remembered of one subject; the ones heard of last.
_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A condition that one of the others within reach meets.

    within: metres from the subject; None: anywhere. fresh: seconds that the other's reading and the
    subject's may lie apart; what is further away in time says nothing.
    """

    others: Subject
    leaf: Leaf
    within: float | None
    fresh: float

    @property
    def attrs(self) -> frozenset[str]:
        """See Leaf: none of the subject's own."""
        return frozenset()

    def reaches(self, subject: Entity, other: Entity) -> bool:
        """Whether another entity is one of those it is about, for this subject."""
        if other.id == subject.id or not self.others.selects(other):
            return False
        if self.within is None:
            return True
        here, there = _place(subject), _place(other)
        return here is not None and there is not None and geo.distance_m(here, there) <= self.within

    def step(self, memory: Memory, reading: Reading) -> tuple[Memory, Verdict]:
        """Memory: time of the newest reading of any other, whether it held, others by id."""
        at, held = memory[:2] if memory else (None, None)
        others: dict[str, list[Any]] = memory[2] if memory else {}
        other = reading.other
        if other is None or not self.reaches(reading.entity, other):
            return memory, Verdict(held)
        before = others[other.id][1] if other.id in others else None
        inner, said = self.leaf.step(before, replace(reading, entity=other, other=None))
        if said.used is None:
            return memory, Verdict(held)
        others = {**others, other.id: [said.used, inner]}
        if len(others) > _MOST:
            del others[min(others, key=lambda one: others[one][0])]
        newest = said.used if at is None else max(at, said.used)
        return [newest, held, others], Verdict(held, used=said.used)

    def judge(self, memory: Memory, own: Moment | None) -> tuple[Memory, bool | None]:
        """Return whether it holds for a subject that was last measured at `own`; None: unknown."""
        if memory is None or own is None:
            return memory, None
        at, _, others = memory
        # The subject's time never goes back: what is too old for it now stays so.
        others = {key: one for key, one in others.items() if one[0] >= own - self.fresh}
        known = [
            held for held in (self._held(one, own) for one in others.values()) if held is not None
        ]
        holds = any(known) if known else None
        return [at, holds, others], holds

    def _held(self, one: list[Any], own: Moment) -> bool | None:
        at, inner = one
        return inner[1] if inner is not None and abs(at - own) <= self.fresh else None


def _place(entity: Entity) -> Any:
    instance = default_instance(entity, LOCATION)
    return None if instance is None else geo.stored(instance.get("value"))
