"""What anybody says is different there: sent, tracked by its writer, decided field by field.

Each field waits for the division that owns it. Who wrote is not asked and not kept: the writer's
address of the page holds a random token, of which the SHA-256 is stored.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import orjson

from tamamo.kernel import sql
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection
from tamamo.kernel.errors import Problem
from tamamo.kernel.identity import ANONYMOUS
from tamamo.publishing.facilities.model import GROUP_OF
from tamamo.publishing.facilities.texts import tidy

_SQL: Final = sql.load("tamamo.publishing.facilities")
State = Literal["open", "accepted", "declined"]
#: What somebody out there can see and say; survey days and the place are the divisions' own.
FIELDS: Final = ("name", "address", "telephone", "openingHours", "website", *GROUP_OF)
#: In the place of a field: what only the comment says.
COMMENT: Final = ""
LONGEST_COMMENT: Final = 2_000
LONGEST_REASON: Final = 500
#: Corrections that wait at once for one facility, and that a town takes in an hour.
MOST_OPEN: Final = 20
MOST_AN_HOUR: Final = 200
#: How long texts are kept after the last decision.
KEPT: Final = timedelta(days=180)


class TooManyCorrections(Problem):
    """So many wait already that nobody could look at one more (429)."""

    status = 429
    type = "https://tamamo.example/problems/too-many-corrections"
    title = "Too many corrections"


@dataclass(frozen=True, slots=True)
class Item:
    """One field of a correction. before: what its writer saw."""

    field: str
    before: Any
    proposed: Any
    state: State = "open"
    reason: str = ""
    decided_by: str | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """What somebody said of a facility. seen_on: the day on which they saw it."""

    id: UUID
    entity_id: str
    comment: str
    seen_on: date | None
    language: str
    created_at: datetime
    closed_at: datetime | None
    items: tuple[Item, ...] = ()

    @property
    def open(self) -> bool:
        """Whether anything of it waits."""
        return self.closed_at is None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is about to be sent. values: by column, what should stand there."""

    values: Mapping[str, Any]
    before: Mapping[str, Any]
    comment: str = ""
    seen_on: date | None = None
    language: str = "ja"

    @property
    def empty(self) -> bool:
        """Whether it says nothing."""
        return not self.values and not self.comment.strip()


def digest(token: str) -> bytes:
    """Return what is stored of the token in a writer's address."""
    return hashlib.sha256(token.encode()).digest()


async def send(connection: Connection, tenant: str, entity_id: str, proposal: Proposal) -> str:
    """Keep a correction; return the token of its page. Raises TooManyCorrections."""
    values: dict[str, Any] = {"tenant": tenant, "entity": entity_id}
    row = await (await connection.execute(_SQL["waiting_here"], values)).fetchone()
    assert row is not None
    if row[0] >= MOST_OPEN or row[1] >= MOST_AN_HOUR:
        raise TooManyCorrections("So many corrections wait that no more are taken now")
    token = secrets.token_urlsafe(24)
    cursor = await connection.execute(
        _SQL["send"],
        {
            **values,
            "digest": digest(token),
            "comment": tidy(proposal.comment, LONGEST_COMMENT),
            "seen_on": proposal.seen_on,
            "language": proposal.language,
        },
    )
    made = await cursor.fetchone()
    assert made is not None
    names = sorted(proposal.values) or [COMMENT]
    await connection.execute(
        _SQL["add_items"],
        {
            "tenant": tenant,
            "correction": made[0],
            "fields": names,
            "befores": [_json(proposal.before.get(name)) for name in names],
            "proposed": [_json(proposal.values.get(name)) for name in names],
        },
    )
    # Of what somebody wrote, the log says which fields, never the words.
    told = {"correction": str(made[0]), "fields": [name for name in names if name]}
    event = Event(tenant, ANONYMOUS.subject, "facility.correction.send", entity_id, after=told)
    await append(connection, event)
    return token


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


async def by_token(connection: Connection, tenant: str, token: str) -> Correction | None:
    """Return a correction as its writer finds it."""
    cursor = await connection.execute(_SQL["by_token"], {"tenant": tenant, "digest": digest(token)})
    row = await cursor.fetchone()
    return None if row is None else await one(connection, tenant, row[0])


async def one(
    connection: Connection, tenant: str, correction: UUID, *, lock: bool = False
) -> Correction | None:
    """Return a correction; None where there is none. lock: nobody else decides meanwhile."""
    statement = _SQL["one_locked" if lock else "one"]
    cursor = await connection.execute(statement, {"tenant": tenant, "id": correction})
    found = await _with_items(connection, tenant, await cursor.fetchall())
    return found[0] if found else None


async def listed(
    connection: Connection, tenant: str, *, open_: bool = True, limit: int = 200
) -> list[Correction]:
    """Return corrections that wait, the oldest first; or those decided on, the newest first."""
    values = {"tenant": tenant, "open": open_, "limit": limit}
    cursor = await connection.execute(_SQL["listed"], values)
    return await _with_items(connection, tenant, await cursor.fetchall())


async def count_open(connection: Connection, tenant: str) -> int:
    """Return how many wait."""
    row = await (await connection.execute(_SQL["count_open"], {"tenant": tenant})).fetchone()
    return 0 if row is None else int(row[0])


async def _with_items(
    connection: Connection, tenant: str, rows: Sequence[tuple[Any, ...]]
) -> list[Correction]:
    ids = [row[0] for row in rows]
    cursor = await connection.execute(_SQL["items"], {"tenant": tenant, "ids": ids})
    items: dict[UUID, list[Item]] = {}
    for correction, *told in await cursor.fetchall():
        items.setdefault(correction, []).append(Item(*told))
    return [replace(Correction(*row), items=tuple(items.get(row[0], ()))) for row in rows]


async def decide(
    connection: Connection,
    tenant: str,
    correction: Correction,
    fields: Sequence[str],
    state: Literal["accepted", "declined"],
    *,
    by: str,
    reason: str = "",
    edit: int | None = None,
) -> list[str]:
    """Note what became of some fields; return those that were still open.

    A correction is closed with its last field. edit: the register's edit that carried it out.
    """
    reason = tidy(reason, LONGEST_REASON)
    cursor = await connection.execute(
        _SQL["decide"],
        {
            "tenant": tenant,
            "correction": correction.id,
            "fields": list(fields),
            "state": state,
            "reason": reason,
            "by": by,
            "edit": edit,
        },
    )
    decided = sorted(row[0] for row in await cursor.fetchall())
    if not decided:
        return []
    values = {"tenant": tenant, "id": correction.id}
    await connection.execute(_SQL["close"], values)
    told = {"correction": str(correction.id), "fields": decided, "state": state}
    told |= {"reason": reason} if reason else {}
    event = Event(tenant, by, "facility.correction.decide", correction.entity_id, after=told)
    await append(connection, event)
    return decided


async def sweep(connection: Connection, now: datetime) -> None:
    """Forget what was decided long ago, and photos that nobody wanted."""
    for name in ("sweep_items", "sweep", "sweep_photos"):
        await connection.execute(_SQL[name], {"before": now - KEPT})
