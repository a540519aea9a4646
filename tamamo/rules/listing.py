"""Reading alerts, and the episodes they had."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tamamo.context.model.entity import Entity
from tamamo.context.query import plan
from tamamo.context.query.logic import One
from tamamo.context.query.plan import Query, Selector
from tamamo.kernel import sql
from tamamo.kernel.database import Connection
from tamamo.rules.alert import ALERT, RULE, SOURCE, STATE, Alert, read
from tamamo.rules.rule import Rule
from tamamo.rules.state import ERROR, NO_DATA, OPEN

_SQL = sql.load("tamamo.rules")


@dataclass(frozen=True, slots=True)
class Spell:
    """One episode of an alert. ended: None while it lasts."""

    alert: str
    subject: str
    rule: str
    episode: int
    began: datetime
    ended: datetime | None
    peak: float | None
    threshold: float | None
    severity: str


async def alerts(
    connection: Connection,
    tenant: str,
    *,
    states: Collection[str] | None = None,
    open_only: bool = False,
    rule: str | None = None,
    subject: str | None = None,
    limit: int = 500,
) -> list[Alert]:
    """Return the alerts of a town by id. open_only: all but those that are normal."""
    if open_only and states is None:
        states = [*OPEN, NO_DATA, ERROR]
    return await _read(
        connection, tenant, states=None if states is None else list(states), rule=rule,
        subject=subject, limit=limit,
    )  # fmt: skip


async def alert_of(connection: Connection, tenant: str, alert_id: str) -> Alert | None:
    """Return one alert, None where there is none."""
    found = await _read(connection, tenant, ids=[alert_id], limit=1)
    return found[0] if found else None


async def episodes(
    connection: Connection, tenant: str, start: datetime, end: datetime, limit: int = 10_000
) -> list[Spell]:
    """Return the episodes that began in a time, oldest first."""
    parameters = {"tenant": tenant, "start": start, "end": end, "limit": limit}
    cursor = await connection.execute(_SQL["episodes"], parameters)
    return [Spell(*row) for row in await cursor.fetchall()]


async def subjects(connection: Connection, tenant: str, rule: Rule) -> AsyncIterator[Entity]:
    """Yield the entities that a rule is about, as they stand."""
    query = Query(selectors=(Selector(types=One(rule.subject.type)),))
    async for row in plan.scan(connection, tenant, query):
        entity = row.entity()
        if rule.subject.selects(entity):
            yield entity


async def _read(connection: Connection, tenant: str, **given: Any) -> list[Alert]:
    parameters = {
        "tenant": tenant, "type": ALERT, "state": STATE, "rule_name": RULE, "source": SOURCE,
        "ids": None, "states": None, "rule": None, "subject": None,
    }  # fmt: skip
    cursor = await connection.execute(_SQL["alerts"], parameters | given)
    found = [read(tenant, identifier, attrs) for identifier, attrs in await cursor.fetchall()]
    return [one for one in found if one is not None]
