"""Whose alarms hang on what somebody else measured (`elsewhere`)."""

from collections.abc import AsyncIterator, Iterable, Sequence

from tamamo.context.model.entity import Entity
from tamamo.context.query import plan
from tamamo.context.query.logic import One
from tamamo.context.query.plan import Query, Selector
from tamamo.kernel.database import Connection
from tamamo.rules.gathering import Heard, reading_of
from tamamo.rules.listing import subjects
from tamamo.rules.rule import Rule
from tamamo.rules.state import Reading


async def find(connection: Connection, heard: Iterable[Heard]) -> None:
    """Note with each change the subjects within reach of it, for rules that look at others."""
    known: dict[tuple[str, str], list[Entity]] = {}
    for one in heard:
        change = one.change
        for rule in one.rules:
            if not rule.elsewhere or change.operation == "delete":
                continue
            if not any(leaf.others.selects(change.entity) for leaf in rule.elsewhere):
                continue
            key = (change.tenant, rule.id)
            if key not in known:
                known[key] = [found async for found in subjects(connection, change.tenant, rule)]
            near = (found for found in known[key] if reaches(rule, found, change.entity))
            one.around += [(rule, subject) for subject in near]


async def others(connection: Connection, tenant: str, rule: Rule) -> AsyncIterator[Entity]:
    """Yield the other entities that a rule looks at, as they stand."""
    for kind in sorted({leaf.others.type for leaf in rule.elsewhere}):
        query = Query(selectors=(Selector(types=One(kind)),))
        async for row in plan.scan(connection, tenant, query):
            entity = row.entity()
            if any(leaf.others.selects(entity) for leaf in rule.elsewhere):
                yield entity


def readings_around(rule: Rule, subject: Entity, found: Sequence[Entity]) -> list[Reading]:
    """Return what the others within reach of a subject say now, as readings of theirs."""
    readings = (
        Reading(subject, reading_of(other, rule.measured).at, other)
        for other in found
        if reaches(rule, subject, other)
    )
    return sorted(readings, key=lambda one: one.at)


def reaches(rule: Rule, subject: Entity, other: Entity) -> bool:
    """Whether a rule looks at another entity for a subject."""
    return any(leaf.reaches(subject, other) for leaf in rule.elsewhere)
