"""What feeds brought last, as it came, and what of it could not be used: kept in the database.

So that any process shows it, and that a mended reader reads it again (tamamo.feeds.again).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.types.json import Jsonb

from tamamo.feeds.rejects import Reject, as_csv
from tamamo.feeds.status import Declaration
from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool, transaction

_SQL = sql.load(__package__)
#: Records and rejects files kept of each feed.
KEPT: Final = 10
#: A larger record is not kept, in bytes.
LARGEST: Final = 8 * 1024 * 1024
#: Rejects kept of one run.
MOST_REJECTS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A raw record without itself. size: bytes. again: whether it can be read again."""

    number: int
    received_at: datetime
    name: str
    size: int
    again: bool


@dataclass(frozen=True, slots=True)
class Record:
    """A raw record whole. reader: what reads it, as tamamo.feeds.again understands it."""

    received_at: datetime
    name: str
    reader: dict[str, Any] | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Rejects:
    """A rejects file without itself."""

    number: int
    noted_at: datetime
    name: str
    rows: int


class FeedRecords:
    """The records and rejects of all feeds; who asks names tenant and feed."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def keep(
        self,
        feed: Declaration,
        at: datetime,
        body: bytes,
        *,
        name: str = "",
        reader: dict[str, Any] | None = None,
    ) -> None:
        """Keep a raw record; one larger than LARGEST is not kept."""
        if len(body) > LARGEST:
            return
        key = {"tenant": feed.tenant, "id": feed.id}
        values = {"at": at, "name": name, "reader": Jsonb(reader) if reader else None}
        async with transaction(self._pool) as connection:
            await connection.execute(_SQL["keep_record"], {**key, **values, "body": body})
            await connection.execute(_SQL["trim_records"], {**key, "kept": KEPT})

    async def keep_rejects(
        self, feed: Declaration, at: datetime, rejects: Sequence[Reject], name: str = ""
    ) -> None:
        """Keep what of a run could not be used, as a rejects file; nothing for no rejects."""
        if not rejects:
            return
        key = {"tenant": feed.tenant, "id": feed.id}
        values = {
            "at": at,
            "name": name or f"{feed.id}.csv",
            "rows": len(rejects),
            "body": as_csv(rejects[:MOST_REJECTS]),
        }
        async with transaction(self._pool) as connection:
            await connection.execute(_SQL["keep_rejects"], {**key, **values})
            await connection.execute(_SQL["trim_rejects"], {**key, "kept": KEPT})


async def records(connection: Connection, tenant: str, feed: str) -> list[Kept]:
    """Return what is kept of a feed, newest first."""
    rows = await _all(connection, "list_records", tenant, feed)
    return [Kept(*row) for row in rows]


async def record(connection: Connection, tenant: str, feed: str, number: int) -> Record | None:
    """Return one record, None where it is no longer kept."""
    rows = await _all(connection, "find_record", tenant, feed, number)
    return Record(*rows[0]) if rows else None


async def rejects_files(connection: Connection, tenant: str, feed: str) -> list[Rejects]:
    """Return the rejects files of a feed, newest first."""
    rows = await _all(connection, "list_rejects", tenant, feed)
    return [Rejects(*row) for row in rows]


async def rejects_file(
    connection: Connection, tenant: str, feed: str, number: int
) -> tuple[str, bytes] | None:
    """Return name and text of one rejects file, None where it is no longer kept."""
    rows = await _all(connection, "find_rejects", tenant, feed, number)
    return (rows[0][0], bytes(rows[0][1])) if rows else None


async def _all(
    connection: Connection, statement: str, tenant: str, feed: str, number: int | None = None
) -> list[tuple[Any, ...]]:
    values = {"tenant": tenant, "id": feed, "number": number}
    return await (await connection.execute(_SQL[statement], values)).fetchall()
