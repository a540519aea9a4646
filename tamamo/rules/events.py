"""The events of alerts: each change one row, numbered in the order of commits for each town."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson

from tamamo.kernel import sql
from tamamo.kernel.database import Connection

_SQL = sql.load("tamamo.rules")

Kind = Literal["state", "acknowledged", "silenced", "unsilenced", "silence_expired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event to be noted. at: event time. text: what it says, by language."""

    tenant: str
    alert: str
    subject: str
    rule: str
    episode: int
    kind: Kind
    before: str
    after: str
    at: datetime
    severity: str
    actor: str | None = None
    value: float | None = None
    threshold: float | None = None
    silenced_until: datetime | None = None
    text: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEvent(Draft):
    """An event as it stands in the log. position: 1, 2, 3 … in its town. noted_at: our clock."""

    position: int
    noted_at: datetime


async def add(connection: Connection, drafts: Sequence[Draft]) -> None:
    """Note events in the transaction of `connection`; their towns' logs stay locked until it ends.

    So that positions become visible in their order: whoever has read up to one has missed nothing.
    Call it last.
    """
    by_tenant: dict[str, list[Draft]] = defaultdict(list)
    for draft in drafts:
        by_tenant[draft.tenant].append(draft)
    rows: list[dict[str, Any]] = []
    for tenant, own in sorted(by_tenant.items()):
        parameters = {"tenant": tenant, "count": len(own)}
        row = await (await connection.execute(_SQL["next_positions"], parameters)).fetchone()
        assert row is not None
        first = row[0] - len(own) + 1
        rows += [_row(draft, first + place) for place, draft in enumerate(own)]
    if rows:
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        await connection.execute(_SQL["add_events"], columns)


async def heads(connection: Connection) -> dict[str, int]:
    """Return the newest position of each town that has events."""
    return dict(await (await connection.execute(_SQL["heads"])).fetchall())


async def events_after(
    connection: Connection, tenant: str, position: int, limit: int = 500
) -> list[AlertEvent]:
    """Return a town's events behind a position, in order."""
    parameters = {"tenant": tenant, "position": position, "limit": limit}
    return await _events(connection, "events_after", parameters)


async def events_of(
    connection: Connection, tenant: str, alert: str, limit: int = 200
) -> list[AlertEvent]:
    """Return the newest events of one alert, newest first."""
    parameters = {"tenant": tenant, "alert": alert, "limit": limit}
    return await _events(connection, "events_of", parameters)


async def _events(
    connection: Connection, block: str, parameters: Mapping[str, Any]
) -> list[AlertEvent]:
    cursor = await connection.execute(_SQL[block], parameters)
    names = (
        "position", "tenant", "alert", "subject", "rule", "episode", "kind", "before", "after",
        "at", "noted_at", "severity", "actor", "value", "threshold", "silenced_until", "text",
    )  # fmt: skip
    return [AlertEvent(**dict(zip(names, row, strict=True))) for row in await cursor.fetchall()]


def _row(draft: Draft, position: int) -> dict[str, Any]:
    text = None if draft.text is None else orjson.dumps(dict(draft.text)).decode()
    return {
        "tenant": draft.tenant, "position": position, "alert": draft.alert,
        "subject": draft.subject, "rule": draft.rule, "episode": draft.episode,
        "kind": draft.kind, "before": draft.before, "after": draft.after, "at": draft.at,
        "severity": draft.severity, "actor": draft.actor, "value": draft.value,
        "threshold": draft.threshold, "silenced_until": draft.silenced_until, "text": text,
    }  # fmt: skip
