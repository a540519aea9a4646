"""The conditions that look at readings. Each is pure: (what it remembers, reading) → the same.

A condition remembers the time of the reading it last took in; older ones, and the same once more,
say nothing new to it. What is marked as not believable neither raises nor ends anything.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from shapely.geometry.base import BaseGeometry

from tamamo.context.model.entity import LOCATION, Entity, Instance
from tamamo.feeds.plausibility import is_suspect
from tamamo.kernel import geo
from tamamo.kernel.time import from_text
from tamamo.rules.state import Memory, Moment, Reading

#: Seconds after which the last believed value says nothing of a jump any more.
JUMP_WINDOW: Final = 3 * 3600.0
#: Values kept of a window; more are thinned evenly.
_SLOTS: Final = 32


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a condition says. holds: None where nothing can be said.

    used: the moment of the reading it took in, None when there was nothing new. unsure: a jump
    waits to be confirmed. failed: the value cannot be judged.
    """

    holds: bool | None
    value: float | None = None
    threshold: float | None = None
    used: Moment | None = None
    unsure: bool = False
    failed: bool = False


class Leaf(Protocol):
    """A condition on readings."""

    @property
    def attrs(self) -> frozenset[str]:
        """IRIs of the attributes whose changes it has to see; empty: of all."""

    def step(self, memory: Memory, reading: Reading) -> tuple[Memory, Verdict]:
        """Take a reading in. The second thing every memory holds is whether it held."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A number, or another attribute of the same entity (IRI) plus a number."""

    plus: float
    attribute: str | None = None

    def of(self, entity: Entity) -> float | None:
        """Return the number for an entity; None where it has no such attribute."""
        if self.attribute is None:
            return self.plus
        instance = default_instance(entity, self.attribute)
        value = None if instance is None else number(instance)
        return None if value is None else value + self.plus


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number has reached a bound from below (`above`) or above, until it is past `clear`."""

    attribute: str
    bound: Bound
    clear: Bound
    above: bool = True
    jump: float | None = None

    @property
    def attrs(self) -> frozenset[str]:
        """See Leaf."""
        return frozenset({self.attribute})

    def step(self, memory: Memory, reading: Reading) -> tuple[Memory, Verdict]:
        """Memory: time, whether it held, last believed value and its time, value that waits."""
        at, held, last, last_at, waiting = memory or (None, None, None, None, None)
        instance, t = _newer(reading, self.attribute, at)
        threshold = self.bound.of(reading.entity)
        if instance is None or is_suspect(instance):
            return memory, Verdict(held, last, threshold, unsure=waiting is not None)
        value = number(instance)
        if value is None:
            return [t, held, last, last_at, None], Verdict(None, None, threshold, t, failed=True)
        if _jumps(self.jump, value, last, _since(t, last_at), waiting):
            memory = [t, held, last, last_at, value]
            return memory, Verdict(held, value, threshold, t, unsure=True)
        clear = self.clear.of(reading.entity)
        if threshold is None or clear is None:
            held = None
        elif (value >= threshold) if self.above else (value <= threshold):
            held = True
        elif held is None or threshold == clear or (value < clear if self.above else value > clear):
            held = False
        return [t, held, value, t, None], Verdict(held, value, threshold, t)


@dataclass(frozen=True, slots=True)
class Rate:
    """A number changes by at least so much an hour, measured over a window.

    window: seconds; at least half of it must lie between the first and the newest value.
    """

    attribute: str
    per_hour: float
    clear: float
    window: float
    rises: bool = True
    jump: float | None = None

    @property
    def attrs(self) -> frozenset[str]:
        """See Leaf."""
        return frozenset({self.attribute})

    def step(self, memory: Memory, reading: Reading) -> tuple[Memory, Verdict]:
        """Memory: time, whether it held, the rate, last value, one that waits, [[time, value]]."""
        at, held, rate, last, waiting, kept = memory or (None, None, None, None, None, [])
        instance, t = _newer(reading, self.attribute, at)
        if instance is None or is_suspect(instance):
            return memory, Verdict(held, rate, self.per_hour, unsure=waiting is not None)
        value = number(instance)
        if value is None:
            memory = [t, held, rate, last, None, kept]
            return memory, Verdict(None, None, self.per_hour, t, failed=True)
        if _jumps(self.jump, value, last, _since(t, at), waiting):
            memory = [t, held, rate, last, value, kept]
            return memory, Verdict(held, rate, self.per_hour, t, unsure=True)
        kept = [sample for sample in kept if sample[0] >= t - self.window]
        held, rate = self._judge(held, value, t, kept)
        slot = self.window / _SLOTS
        if not kept or t // slot != kept[-1][0] // slot:
            kept = [*kept, [t, value]]
        return [t, held, rate, value, None, kept], Verdict(held, rate, self.per_hour, t)

    def _judge(
        self, held: bool | None, value: float, t: Moment, kept: Sequence[list[float]]
    ) -> tuple[bool | None, float | None]:
        if not kept or t - kept[0][0] < self.window / 2:
            return None, None
        first_at, first = kept[0]
        rate = (value - first) / (t - first_at) * 3600 * (1 if self.rises else -1)
        if rate >= self.per_hour:
            return True, rate
        if rate < self.clear or self.clear == self.per_hour:
            return False, rate
        return bool(held), rate


@dataclass(frozen=True, slots=True)
class Silence:
    """No reading for so many seconds: true by the clock only, false with every reading in time."""

    after: float
    attribute: str | None = None

    @property
    def attrs(self) -> frozenset[str]:
        """See Leaf."""
        return frozenset({self.attribute} if self.attribute else ())

    def step(self, memory: Memory, reading: Reading) -> tuple[Memory, Verdict]:
        """Memory: time of the newest reading, whether it is silent."""
        at, silent = memory or (None, False)
        if self.attribute is None:
            t = reading.at
            if at is not None and t <= at:
                return memory, Verdict(silent)
        else:
            instance, t = _newer(reading, self.attribute, at)
            if instance is None:
                return memory, Verdict(silent)
        return [t, False], Verdict(False, used=t)

    def lasts(self, memory: Memory, t: Moment | None, clock: Moment | None) -> bool:
        """Whether it goes on although a reading of that time came: so late that it ends nothing."""
        silent = memory is not None and memory[1]
        return bool(silent and t is not None and clock is not None and clock - t >= self.after)

    def due(self, memory: Memory) -> Moment | None:
        """Return when it becomes true unless something is heard before."""
        if memory is None or memory[1]:
            return None
        due: Moment = memory[0] + self.after
        return due


@dataclass(frozen=True, slots=True)
class Geofence:
    """The subject's location is inside an area, or outside it; margin: metres to come back by."""

    area: BaseGeometry
    inside: bool
    margin: float = 0.0

    @property
    def attrs(self) -> frozenset[str]:
        """See Leaf."""
        return frozenset({LOCATION})

    def step(self, memory: Memory, reading: Reading) -> tuple[Memory, Verdict]:
        """Memory: time, whether it held."""
        at, held = memory or (None, None)
        instance, t = _newer(reading, LOCATION, at)
        if instance is None or is_suspect(instance):
            return memory, Verdict(held)
        place = geo.stored(instance.get("value"))
        if place is None:
            return [t, held], Verdict(None, used=t, failed=True)
        touching = self.area.intersects(place)
        if touching == self.inside:
            held = True
        elif not held or not self.margin or self._apart(place) >= self.margin:
            held = False
        return [t, held], Verdict(held, used=t)

    def _apart(self, place: BaseGeometry) -> float:
        """Return how far the subject is past the edge, metres."""
        return geo.distance_m(place, self.area if self.inside else self.area.boundary)


@dataclass(frozen=True, slots=True)
class Is:
    """An attribute has one of these values; one that is not there has none."""

    attribute: str
    any_of: tuple[Any, ...]

    @property
    def attrs(self) -> frozenset[str]:
        """See Leaf."""
        return frozenset({self.attribute})

    def step(self, memory: Memory, reading: Reading) -> tuple[Memory, Verdict]:
        """Memory: time, whether it held."""
        at, held = memory or (None, False)
        instance, t = _newer(reading, self.attribute, at)
        if instance is None or is_suspect(instance):
            return memory, Verdict(held)
        value = instance.get("value")
        held = any(value == one and type(value) is type(one) for one in self.any_of)
        return [t, held], Verdict(held, used=t)


def default_instance(entity: Entity, attribute: str) -> Instance | None:
    """Return the instance without a datasetId: the value of the attribute as such."""
    for instance in entity.attrs.get(attribute, ()):
        if not instance.get("datasetId"):
            return instance
    return None


def number(instance: Instance) -> float | None:
    """Return the value as a number, None where it is none (true is none, nor is NaN)."""
    value = instance.get("value")
    if (type(value) is float or type(value) is int) and math.isfinite(value):
        return float(value)
    return None


def observed(instance: Instance, otherwise: Moment) -> Moment:
    """Return when an instance was measured, else when it was written."""
    text = instance.get("observedAt")
    return otherwise if text is None else from_text(text).timestamp()


def _newer(reading: Reading, attribute: str, at: Moment | None) -> tuple[Instance | None, Moment]:
    """Return the instance of a reading and its time; None where it is not newer than `at`."""
    instance = default_instance(reading.entity, attribute)
    if instance is None:
        return None, reading.at
    t = observed(instance, reading.at)
    return (None if at is not None and t <= at else instance), t


def _jumps(
    jump: float | None, value: float, last: float | None, since: float | None, waiting: float | None
) -> bool:
    """Whether a value is too far from the last believed one, and the first to be there.

    since: seconds from the last believed one to this.
    """
    if jump is None or last is None or since is None or since > JUMP_WINDOW:
        return False
    if abs(value - last) <= jump:
        return False
    return waiting is None or abs(value - waiting) > jump


def _since(t: Moment, before: Moment | None) -> float | None:
    return None if before is None else t - before
