"""What a rule would have done: the same evaluator over the history of the last days."""

import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from tamamo.context.model.entity import Attributes, Entity, Instance
from tamamo.kernel.database import searching
from tamamo.kernel.time import from_text
from tamamo.rules import neighbours
from tamamo.rules.check import parse
from tamamo.rules.leaves import default_instance, observed
from tamamo.rules.listing import subjects
from tamamo.rules.rule import Rule
from tamamo.rules.simulation import Episode, Watch
from tamamo.rules.state import Reading, moment

if TYPE_CHECKING:
    from tamamo.context.broker import Broker

DAYS: Final = 30
#: What one preview looks at, at most.
MOST_SUBJECTS, MOST_READINGS, MOST_SECONDS, MOST_EPISODES = 10_000, 2_000_000, 20.0, 1_000
#: Others that a rule looks at beside its subjects.
MOST_OTHERS: Final = 100
#: Subjects whose history is read together, where each has at most so many readings.
_TOGETHER, _FEW = 50, 300
#: Pieces in which the history of any other is read, and the readings of a piece.
_PIECES, _EACH = 30, 10_000


@dataclass(slots=True)
class Preview:
    """What a rule would have done. complete: nothing was left out for its time or size.

    fired: episodes, of which `episodes` has the first thousand by time. changes: of state.
    """

    start: datetime
    until: datetime
    subjects: int = 0
    readings: int = 0
    fired: int = 0
    changes: int = 0
    complete: bool = True
    episodes: list[Episode] = field(default_factory=list)


async def preview(
    broker: "Broker",
    tenant: str,
    document: object,
    *,
    until: datetime | None = None,
    days: int = DAYS,
    most_seconds: float = MOST_SECONDS,
) -> Preview:
    """Evaluate a rule over the history of the days before `until`.

    until: None: the town's clock; for a recording of the past its newest reading. Raises
    RuleInvalid. Nothing is stored; memory and time are bounded.
    """
    rule = parse(document)
    ends = time.monotonic() + most_seconds
    entities = await _subjects(broker, tenant, rule)
    others = await _others(broker, tenant, rule)
    if until is None:
        until = _newest([*entities, *others], rule) or broker.towns.clock(tenant)
        until = min(until + timedelta(seconds=1), broker.towns.clock(tenant))
    result = Preview(until - timedelta(days=days), until)
    result.complete = len(entities) < MOST_SUBJECTS and len(others) <= MOST_OTHERS
    look = _Look(broker, tenant, rule, result, ends)
    await look.at_others(others[:MOST_OTHERS])
    for begin in range(0, len(entities), _TOGETHER):
        if not look.goes_on():
            break
        await look.at_some(entities[begin : begin + _TOGETHER])
    _cut(result)
    return result


async def _subjects(broker: "Broker", tenant: str, rule: Rule) -> list[Entity]:
    """Return the entities the rule may be about, as they are now."""
    found: list[Entity] = []
    async with searching(broker.pool) as connection:
        async for entity in subjects(connection, tenant, rule):
            found.append(entity)
            if len(found) >= MOST_SUBJECTS:
                break
    return found


async def _others(broker: "Broker", tenant: str, rule: Rule) -> list[Entity]:
    if not rule.elsewhere:
        return []
    async with searching(broker.pool) as connection:
        return [one async for one in neighbours.others(connection, tenant, rule)]


def _newest(entities: Sequence[Entity], rule: Rule) -> datetime | None:
    moments = [
        from_text(instance["observedAt"])
        for entity in entities
        for attr in _attrs(rule, entity)
        if (instance := default_instance(entity, attr)) is not None and "observedAt" in instance
    ]
    return max(moments, default=None)


def _attrs(rule: Rule, entity: Entity) -> list[str]:
    """Return the attributes whose history is needed."""
    if not rule.hears_all:
        return sorted(rule.measured)
    measured = {
        attr for attr, instances in entity.attrs.items()
        if any("observedAt" in one for one in instances)
    }  # fmt: skip
    return sorted(measured | rule.measured)


#: What was measured of one subject, by moment and attribute.
_Measured = dict[datetime, dict[str, Instance]]


@dataclass(slots=True)
class _Look:
    """The look back over the subjects."""

    broker: "Broker"
    tenant: str
    rule: Rule
    result: Preview
    ends: float
    #: What the others said that the rule looks at, in order of time.
    others: list[Reading] = field(default_factory=list)

    async def at_others(self, found: Sequence[Entity]) -> None:
        """Read what was measured elsewhere, where the rule looks at others."""
        if not found:
            return
        before = {entity.id: self._before(entity) for entity in found}
        for start, end in self._pieces():
            if not self.goes_on():
                return
            measured, many = await self._measured(found, start, end, _EACH)
            self.result.complete = self.result.complete and not many
            said = [
                Reading(replace(entity, attrs={**before[entity.id], **_values(own)}), moment(at))
                for entity in found
                for at, own in measured[entity.id].items()
            ]
            self.others += sorted(said, key=lambda one: one.at)

    def _near(self, subject: Entity) -> deque[Reading]:
        """Return what was said by others within reach of a subject, oldest first."""
        if not self.others:
            return deque()
        there = {one.entity.id: one.entity for one in self.others}
        within = {key for key, one in there.items() if neighbours.reaches(self.rule, subject, one)}
        said = (one for one in self.others if one.entity.id in within)
        return deque(Reading(subject, one.at, one.entity) for one in said)

    def _pieces(self) -> Iterator[tuple[datetime, datetime]]:
        step = (self.result.until - self.result.start) / _PIECES
        for piece in range(_PIECES):
            start = self.result.start + piece * step
            yield start, self.result.until if piece == _PIECES - 1 else start + step

    def goes_on(self) -> bool:
        """Whether there is time and room for more; if not, the result says so."""
        if time.monotonic() <= self.ends and self.result.readings <= MOST_READINGS:
            return True
        self.result.complete = False
        return False

    async def at_some(self, entities: Sequence[Entity]) -> None:
        """Look at subjects: those with few readings together, any other in pieces."""
        result = self.result
        found, many = await self._measured(entities, result.start, result.until, _FEW)
        for entity in entities:
            watch, near = Watch(self.rule, entity), self._near(entity)
            result.readings += len(near)
            if entity.id not in many:
                over_time = {attr for at in found[entity.id].values() for attr in at}
                attrs = {a: own for a, own in self._before(entity).items() if a not in over_time}
                self._take(watch, entity, attrs, found[entity.id], near)
            else:
                await self._in_pieces(watch, entity, near)
            watch.take(near)
            course = watch.end(moment(result.until))
            result.subjects += 1
            result.changes += len(course.changes)
            result.fired += len(course.episodes)
            result.episodes += course.episodes
            if len(result.episodes) > 2 * MOST_EPISODES:
                _cut(result)

    async def _in_pieces(self, watch: Watch, entity: Entity, near: deque[Reading]) -> None:
        attrs = self._before(entity)
        for start, end in self._pieces():
            if not self.goes_on():
                return
            found, many = await self._measured([entity], start, end, _EACH)
            self.result.complete = self.result.complete and not many
            attrs = self._take(watch, entity, attrs, found[entity.id], near)

    def _before(self, entity: Entity) -> Attributes:
        """Return the attributes but what was measured later: that says nothing of before."""
        start = moment(self.result.start)
        return {
            attr: own for attr, own in entity.attrs.items()
            if not any("observedAt" in one and observed(one, start) >= start for one in own)
        }  # fmt: skip

    async def _measured(
        self, entities: Sequence[Entity], start: datetime, end: datetime, limit: int
    ) -> tuple[dict[str, _Measured], set[str]]:
        """Return what was measured, by subject and moment, and subjects that have more."""
        found: dict[str, _Measured] = {entity.id: defaultdict(dict) for entity in entities}
        many: set[str] = set()
        for attr in sorted({attr for entity in entities for attr in _attrs(self.rule, entity)}):
            series = await self.broker.temporal.many_series(
                self.tenant, list(found), attr, start, end, limit=limit
            )
            for subject, points in series.items():
                if len(points) >= limit:
                    many.add(subject)
                for point in points:
                    found[subject][point.at][attr] = point.instance
        return found, many

    def _take(
        self,
        watch: Watch,
        entity: Entity,
        attrs: Attributes,
        measured: _Measured,
        near: deque[Reading],
    ) -> Attributes:
        """Take in what was measured; return the attributes as they were at the end of it.

        near: what others said; as much is taken from it as was said before the newest.
        """
        for at in sorted(measured):
            while near and near[0].at < moment(at):
                watch.take([near.popleft()])
            attrs = {**attrs, **_values(measured[at])}
            watch.take([Reading(replace(entity, attrs=attrs), moment(at))])
        self.result.readings += len(measured)
        return attrs


def _values(measured: dict[str, Instance]) -> Attributes:
    return {attr: [one] for attr, one in measured.items()}


def _cut(result: Preview) -> None:
    result.episodes.sort(key=lambda one: (one.start, one.subject))
    del result.episodes[MOST_EPISODES:]
