"""What a rule would have done: the same evaluator over the history of the last days."""

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from tamamo.context.model.entity import Entity, Instance
from tamamo.kernel.database import searching
from tamamo.kernel.time import from_text
from tamamo.rules.check import parse
from tamamo.rules.leaves import default_instance
from tamamo.rules.listing import subjects
from tamamo.rules.rule import Rule
from tamamo.rules.simulation import Episode, simulate
from tamamo.rules.state import Reading, moment

if TYPE_CHECKING:
    from tamamo.context.broker import Broker

DAYS: Final = 30
#: What one preview looks at, at most.
MOST_SUBJECTS, MOST_READINGS, MOST_SECONDS, MOST_EPISODES = 10_000, 2_000_000, 20.0, 1_000
#: Subjects whose history is read together, and the newest readings of each and attribute.
_TOGETHER, _EACH = 20, 20_000


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
    if until is None:
        until = _newest(entities, rule) or broker.towns.clock(tenant)
        until = min(until + timedelta(seconds=1), broker.towns.clock(tenant))
    result = Preview(until - timedelta(days=days), until)
    result.complete = len(entities) < MOST_SUBJECTS
    async for entity, readings in _histories(broker, tenant, rule, entities, result):
        if time.monotonic() > ends or result.readings > MOST_READINGS:
            result.complete = False
            break
        result.subjects += 1
        result.readings += len(readings)
        course = simulate(rule, entity, readings, moment(until))
        result.changes += len(course.changes)
        result.fired += len(course.episodes)
        result.episodes += course.episodes
    result.episodes.sort(key=lambda one: (one.start, one.subject))
    del result.episodes[MOST_EPISODES:]
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
        return sorted(rule.attrs)
    measured = {
        attr for attr, instances in entity.attrs.items()
        if any("observedAt" in one for one in instances)
    }  # fmt: skip
    return sorted(measured | rule.attrs)


async def _histories(
    broker: "Broker", tenant: str, rule: Rule, entities: Sequence[Entity], result: Preview
) -> AsyncIterator[tuple[Entity, list[Reading]]]:
    for begin in range(0, len(entities), _TOGETHER):
        some = entities[begin : begin + _TOGETHER]
        measured: dict[str, dict[datetime, dict[str, Instance]]] = {
            entity.id: defaultdict(dict) for entity in some
        }
        for attr in sorted({attr for entity in some for attr in _attrs(rule, entity)}):
            series = await broker.temporal.many_series(
                tenant, [entity.id for entity in some], attr, result.start, result.until,
                limit=_EACH,
            )  # fmt: skip
            for subject, points in series.items():
                result.complete = result.complete and len(points) < _EACH
                for point in points:
                    measured[subject][point.at][attr] = point.instance
        for entity in some:
            yield entity, list(_readings(entity, measured[entity.id]))


def _readings(entity: Entity, measured: dict[datetime, dict[str, Instance]]) -> "list[Reading]":
    over_time = {attr for at in measured.values() for attr in at}
    attrs = {attr: own for attr, own in entity.attrs.items() if attr not in over_time}
    found: list[Reading] = []
    for at in sorted(measured):
        attrs = {**attrs, **{attr: [one] for attr, one in measured[at].items()}}
        found.append(Reading(replace(entity, attrs=attrs), moment(at)))
    return found
