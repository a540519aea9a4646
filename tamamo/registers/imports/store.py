"""Where imports are kept between the steps: their files, what was previewed, how far they are."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

import orjson

from tamamo.kernel import sql
from tamamo.kernel.database import Pool, single, transaction
from tamamo.registers.desk import Desk
from tamamo.registers.errors import UnknownRecord
from tamamo.registers.imports.model import Rejected
from tamamo.registers.imports.reading import Options
from tamamo.registers.model import Visitor

SQL: Final = sql.load(__package__)
#: Reasons that are kept; the rows themselves stand in the file.
MOST_REJECTS: Final = 100_000


class Kept:
    """A row of register_import."""

    def __init__(self, row: tuple[Any, ...]) -> None:
        (
            self.id, self.register, self.filename, self.state, options, plan, counts, self.done,
            self.total, self.batch, self.error, self.created_at,
        ) = row  # fmt: skip
        self.options = Options(**options)
        self.plan: dict[str, Any] | None = plan
        self.counts: dict[str, int] = counts or {}


async def insert(desk: Desk, filename: str, content: bytes, options: Options) -> str:
    """Keep a file and return its import's id."""
    async with transaction(desk.broker.pool) as connection:
        cursor = await connection.execute(
            SQL["insert"],
            {
                "register": desk.register.id,
                **_of(desk.visitor),
                "filename": filename,
                "content": content,
                "options": _json(asdict(options)),
            },
        )
        row = await cursor.fetchone()
    assert row is not None
    return str(row[0])


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


async def get(pool: Pool, visitor: Visitor, identifier: str) -> Kept:
    """Return an import of one's own. Raises UnknownRecord."""
    return Kept(await _one(pool, visitor, "get", identifier))


async def content(pool: Pool, visitor: Visitor, identifier: str) -> bytes:
    """Return an import's file."""
    return bytes((await _one(pool, visitor, "content", identifier))[0])


async def rejects(pool: Pool, visitor: Visitor, identifier: str) -> list[Rejected]:
    """Return the reasons of the rows that were not taken, without the rows."""
    kept = (await _one(pool, visitor, "rejects", identifier))[0]
    return [Rejected(*one) for one in kept or ()]


async def _one(pool: Pool, visitor: Visitor, block: str, identifier: str) -> tuple[Any, ...]:
    try:
        UUID(identifier)
    except ValueError:
        raise UnknownRecord("There is no such import") from None
    async with single(pool) as connection:
        cursor = await connection.execute(SQL[block], {**_of(visitor), "id": identifier})
        row = await cursor.fetchone()
    if row is None:
        raise UnknownRecord("There is no such import")
    return row


def _of(visitor: Visitor) -> dict[str, str]:
    return {"tenant": visitor.tenant, "owner": visitor.actor.subject}


async def listed(pool: Pool, visitor: Visitor, register: str) -> list[Kept]:
    """Return one's own last imports into a register."""
    async with single(pool) as connection:
        cursor = await connection.execute(SQL["listed"], {**_of(visitor), "register": register})
        return [Kept(row) for row in await cursor.fetchall()]


async def update(pool: Pool, block: str, identifier: str, **values: Any) -> bool:
    """Run one of the updates; whether a row was changed."""
    async with transaction(pool) as connection:
        cursor = await connection.execute(SQL[block], parameters(identifier, values))
        return cursor.rowcount == 1


def parameters(identifier: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of an update; what is no plain value travels as JSON."""
    told = {
        name: value if value is None or isinstance(value, str | int) else _json(value)
        for name, value in values.items()
    }
    return {"id": identifier, **told}


def kept_rejects(found: list[Rejected]) -> list[list[Any]]:
    """Return rejects as they are kept."""
    return [[one.row, one.column, one.ja, one.en] for one in found[:MOST_REJECTS]]


async def forget_old(pool: Pool) -> None:
    """Drop imports after a week."""
    async with transaction(pool) as connection:
        await connection.execute(SQL["forget"])
