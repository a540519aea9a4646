"""A call as it stands in the database, and the words for what happens in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
from psycopg.rows import dict_row

from tamamo.calling import tree
from tamamo.calling.texts import Told
from tamamo.calling.tree import Position, Tree
from tamamo.kernel import sql
from tamamo.kernel.database import Connection

SQL = sql.load("tamamo.calling", "calls.sql")


class State(StrEnum):
    """What has become of a call. The texts are what is stored."""

    RUNNING = "running"
    #: Somebody has answered.
    ACKNOWLEDGED = "acknowledged"
    #: All rounds are over and nobody has answered: it can still be.
    UNANSWERED = "unanswered"
    #: All its alerts are over before anybody answered.
    OVER = "over"
    #: Somebody of the town has stopped it.
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Call:
    """A call. Moments are of the tenant's own clock."""

    tenant: str
    id: str
    rule: str | None
    tree: Tree
    severity: str
    state: State
    test: bool
    position: Position
    first_round: int
    next_at: datetime | None
    started_at: datetime
    ended_at: datetime | None
    answered_by: str | None
    answered_via: str | None

    @property
    def about(self) -> str:
        """Under what its messages are kept."""
        return f"call:{self.id}"

    @property
    def open(self) -> bool:
        """Whether it waits for an answer."""
        return self.state in (State.RUNNING, State.UNANSWERED)

    @property
    def key(self) -> dict[str, Any]:
        """What names its rows."""
        return {"tenant": self.tenant, "call": UUID(self.id), "id": UUID(self.id)}

    @property
    def is_done(self) -> bool:
        """Whether all rounds of its tree are over; one without an end never is."""
        rounds = self.tree.rounds
        return bool(rounds) and self.position.round >= self.first_round + rounds


@dataclass(frozen=True, slots=True)
class CallAlert:
    """An alert that a call is about. state: open, acknowledged or over."""

    alert: str
    episode: int
    severity: str
    text: Mapping[str, str]
    state: str
    added_at: datetime

    @property
    def told(self) -> Told:
        """Return what is said of it."""
        return Told(self.severity, self.text)


@dataclass(frozen=True, slots=True)
class Called:
    """Somebody who was called at a step."""

    round: int
    step: int
    contact: str
    called_at: datetime
    messages: tuple[str, ...]
    answer: str | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Logged:
    """Something that happened. at: by the tenant's clock; noted_at: by ours."""

    kind: str
    at: datetime
    noted_at: datetime
    actor: str | None
    detail: Mapping[str, Any]


def of_columns(row: Mapping[str, Any]) -> Call:
    """Return the call of a row."""
    return Call(
        row["tenant"],
        str(row["id"]),
        None if row["rule"] is None else str(row["rule"]),
        tree.of_document(str(row["tree"] or ""), row["tree_name"], row["document"]),
        row["severity"],
        State(row["state"]),
        row["test"],
        Position(row["round"], row["step"], row["place"]),
        row["first_round"],
        row["next_at"],
        row["started_at"],
        row["ended_at"],
        row["answered_by"],
        row["answered_via"],
    )


async def rows(
    connection: Connection, name: str, values: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Run a statement of calls.sql; return its rows."""
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(SQL[name], values)
    return await cursor.fetchall()


async def lock(connection: Connection, tenant: str, number: str) -> Call | None:
    """Return a call that nobody else changes until this transaction ends."""
    found = await rows(connection, "lock", {"tenant": tenant, "id": number})
    return of_columns(found[0]) if found else None


async def find(connection: Connection, tenant: str, number: str) -> Call | None:
    """Return a call as it stands."""
    found = await rows(connection, "call", {"tenant": tenant, "id": number})
    return of_columns(found[0]) if found else None


async def listed(connection: Connection, tenant: str, limit: int = 50) -> list[Call]:
    """Return calls, those that wait for an answer first, then the newest."""
    found = await rows(connection, "calls", {"tenant": tenant, "limit": limit})
    return [of_columns(row) for row in found]


async def alerts(connection: Connection, call: Call) -> list[CallAlert]:
    """Return the alerts of a call, the first one first."""
    return [CallAlert(**row) for row in await rows(connection, "alerts", call.key)]


async def people(connection: Connection, call: Call) -> list[Called]:
    """Return who was called, in order."""
    found = await rows(connection, "people", call.key)
    return [Called(**row | {"messages": tuple(row["messages"])}) for row in found]


async def logged(connection: Connection, call: Call) -> list[Logged]:
    """Return what happened, in order."""
    return [Logged(**row) for row in await rows(connection, "logged", call.key)]


async def log(
    connection: Connection,
    call: Call,
    kind: str,
    at: datetime,
    *,
    actor: str | None = None,
    **detail: Any,
) -> None:
    """Note something that happened."""
    values = {**call.key, "kind": kind, "at": at, "actor": actor}
    values["detail"] = orjson.dumps(detail).decode()
    await connection.execute(SQL["log"], values)
