"""What the measurements of each day and hour come to, kept beside them (docs/adr/0014).

Days are closed once they are two hours past: all that have measurements are marked, and from then
on whoever changes one marks it again. `fold` computes the marked days. In between the instances
themselves answer, so that an aggregate is the same at any moment.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from psycopg.errors import SerializationFailure
from psycopg.rows import dict_row

from tamamo.context.temporal.rows import SCOPE
from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool, single, transaction
from tamamo.kernel.errors import Unavailable

_SQL = sql.load(__package__, "rollups.sql")

#: How long after its end a day is closed: what comes later is marked one by one.
LATE: Final = timedelta(hours=2)
#: Days computed in one transaction.
DAYS: Final = 100
#: Entities looked at in one statement, and marks written in one transaction, while days are closed.
_ENTITIES, _MARKS = 50, 5_000
#: How long to wait for transactions that began before days were closed; then the next round does.
_PATIENCE: Final = timedelta(seconds=40)
#: Any constant will do as long as nothing else in Tamamo locks it.
_LOCK: Final = 0x726F6C6C

#: Tenant, entity id, attribute IRI, day.
Key = tuple[str, str, str, Any]
_NAMES: Final = ("tenants", "ids", "attrs", "days")


async def close(pool: Pool, moment: datetime) -> int:
    """Close the days that are over by `moment`; return how many marks that took.

    May be interrupted at any time: it is done again, and marks that stand twice do no harm.
    """
    until = (moment.astimezone(UTC) - LATE).date()
    async with transaction(pool) as connection:
        await connection.execute(_SQL["close"], {"until": until})
    async with single(pool) as connection:
        closed, folded = await _state(connection)
        if folded == closed or not await _all_know(connection):
            return 0
    marks, count = [], 0
    async for days in _measured_days(pool, folded, closed):
        marks += days
        count += len(days)
        while len(marks) >= _MARKS:
            await _mark(pool, marks[:_MARKS])
            del marks[:_MARKS]
    await _mark(pool, marks)
    async with transaction(pool) as connection:
        await connection.execute(_SQL["folded"], {"since": folded, "until": closed})
    return count


async def fold(pool: Pool, limit: int = DAYS) -> int:
    """Compute up to `limit` marked days; return how many marks were taken up at most.

    One snapshot reads the marks, the rollups and the measurements, and only marks it saw go.
    """
    try:
        async with transaction(pool) as connection:
            await connection.execute("set transaction isolation level repeatable read")
            if not await lock(connection):
                return 0
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(_SQL["marked"], {"limit": limit})
            rows = await cursor.fetchall()
            if rows:
                await _write(connection, rows)
    except Unavailable as error:
        # Someone deleted an evolution meanwhile.
        if isinstance(error.__cause__, SerializationFailure):
            return limit
        raise
    return len({_key(row) for row in rows})


async def lock(connection: Connection) -> bool:
    """Whether this transaction is the one that may compute and drop rollups now."""
    row = await (await connection.execute(_SQL["lock_rollups"], {"lock": _LOCK})).fetchone()
    return bool(row and row[0])


async def _state(connection: Connection) -> tuple[date, date]:
    row = await (await connection.execute(_SQL["state"])).fetchone()
    assert row is not None
    return row[0], row[1]


async def _all_know(connection: Connection) -> bool:
    """Wait until every transaction knows which days are closed; False when that takes too long."""
    waiting = await _transactions(connection)
    end = asyncio.get_running_loop().time() + _PATIENCE.total_seconds()
    while waiting and asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.05)
        waiting &= await _transactions(connection)
    return not waiting


async def _transactions(connection: Connection) -> set[str]:
    rows = await (await connection.execute(_SQL["unaware"])).fetchall()
    return {row[0] for row in rows}


async def _measured_days(pool: Pool, since: date, until: date) -> AsyncIterator[list[Key]]:
    tenant = entity_id = ""
    bounds = {"since": _midnight(since), "until": _midnight(until), "scope": SCOPE}
    while True:
        async with single(pool) as connection:
            after = {"tenant": tenant, "id": entity_id, "limit": _ENTITIES}
            cursor = await connection.execute(_SQL["next_entities"], after)
            keys = await cursor.fetchall()
            if not keys:
                return
            found = {"tenants": [k[0] for k in keys], "ids": [k[1] for k in keys]}
            cursor = await connection.execute(_SQL["measured_days"], {**found, **bounds})
            days = await cursor.fetchall()
        yield days
        tenant, entity_id = keys[-1]


async def _mark(pool: Pool, keys: Sequence[Key]) -> None:
    if keys:
        async with transaction(pool) as connection:
            await connection.execute(_SQL["mark"], _columns(keys))


async def _write(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    await connection.execute(_SQL["unmark"], _columns({_key(row) for row in rows}))
    found = [row for row in rows if row["dataset_id"] is not None and row["attr"] != SCOPE]
    past = [row for row in found if row["past"]]
    if past:
        parameters = {**_columns(map(_key, past)), "datasets": [row["dataset_id"] for row in past]}
        await connection.execute(_SQL["discard"], parameters)
    await connection.execute(_SQL["forget"], _columns({_key(row) for row in rows}))
    huge = {_key(row) for row in found if row["huge"]}
    if huge:
        await connection.execute(_SQL["mark_huge"], _columns(huge))
    new = [row for row in found if not row["past"] and _key(row) not in huge]
    if new:
        await connection.cursor().executemany(_SQL["insert_rollup"], new)


def _key(row: dict[str, Any]) -> Key:
    return row["tenant"], row["entity_id"], row["attr"], row["day"]


def _columns(keys: Iterable[Key]) -> dict[str, list[Any]]:
    return {name: list(c) for name, c in zip(_NAMES, zip(*list(keys), strict=True), strict=True)}


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
