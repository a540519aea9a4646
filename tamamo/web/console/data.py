"""What several pages of the console read: statements of queries.sql as values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from tamamo.kernel import sql
from tamamo.kernel.database import Connection

_SQL = sql.load("tamamo.web.console")


async def rows(connection: Connection, name: str, **values: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a statement."""
    return await (await connection.execute(_SQL[name], values)).fetchall()


async def number(connection: Connection, name: str, **values: Any) -> int:
    """Return the one number of a statement."""
    return int((await rows(connection, name, **values))[0][0])


@dataclass(frozen=True, slots=True)
class Letter:
    """A notification given up."""

    tenant: str
    number: int
    subscription: str
    entity: str | None
    created_at: datetime
    attempts: int
    error: str | None
    dead_at: datetime


@dataclass(frozen=True, slots=True)
class Queue:
    """A subscription with what waits for its receiver. receiver: scheme and host, no more."""

    tenant: str
    subscription: str
    receiver: str
    waiting: int
    dead: int
    oldest_at: datetime | None
    last_success: datetime | None
    last_failure: datetime | None
    error: str | None
    active: bool | None


async def letters(
    connection: Connection,
    tenants: list[str] | None,
    subscription: str | None = None,
    limit: int = 500,
) -> list[Letter]:
    """Return notifications given up, newest first."""
    found = await rows(
        connection, "dead_letters", tenants=tenants, subscription=subscription, limit=limit
    )
    return [Letter(*row) for row in found]


async def queues(connection: Connection, tenants: list[str] | None) -> list[Queue]:
    """Return subscriptions for which something waits or was given up."""
    return [
        Queue(row[0], row[1], _receiver(row[2]), *row[3:])
        for row in await rows(connection, "queues", tenants=tenants)
    ]


def _receiver(document: Any) -> str:
    """Return where a subscription's notifications go, without path, query and user."""
    endpoint = (document or {}).get("notification", {}).get("endpoint", {})
    parts = urlsplit(str(endpoint.get("uri", "")))
    return f"{parts.scheme}://{parts.hostname}" if parts.hostname else parts.scheme


@dataclass(frozen=True, slots=True)
class Database:
    """The database as a whole. size: bytes. hit: the part of reads that needed no disk."""

    name: str
    size: int
    version: str
    most_connections: int
    started_at: datetime
    commits: int
    rollbacks: int
    deadlocks: int
    hit: float | None
    frozen_age: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table with all its partitions. Sizes in bytes; rows as the server estimates them."""

    name: str
    size: int
    indexes: int
    live: int | None
    dead: int | None
    vacuumed_at: datetime | None
    partitions: int

    @property
    def dead_share(self) -> float | None:
        """Return the part of its rows that are dead."""
        total = (self.live or 0) + (self.dead or 0)
        return (self.dead or 0) / total if total else None


@dataclass(frozen=True, slots=True)
class Process:
    """A process connected to the database. oldest: of its transactions, in seconds."""

    name: str
    address: str
    connections: int
    active: int
    idle: int
    since: datetime
    oldest: float | None
    locked: int


async def database(connection: Connection) -> Database:
    """Return the database as a whole."""
    return Database(*(await rows(connection, "database"))[0])


async def tables(connection: Connection) -> list[Table]:
    """Return the tables, the largest first."""
    return [Table(*row) for row in await rows(connection, "tables")]


async def processes(connection: Connection) -> list[Process]:
    """Return who is connected to the database."""
    return [Process(*row) for row in await rows(connection, "connections")]
