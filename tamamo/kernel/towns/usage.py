"""What tenants use, measured by the housekeeping.

Entities are counted whole; between two counts the processes add what they create and delete.
Storage is an estimate: the bytes of a table with its indexes are shared out by what each tenant's
rows take of a sample of its pages, at most _PAGES of them: small tables are looked at whole.
"""

import asyncio
from collections import defaultdict
from time import perf_counter
from typing import Final

from psycopg import sql as compose

from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool, searching, single, transaction

_SQL = sql.load("tamamo.kernel.towns", "quota.sql")

#: Counting and measuring take at most one part in this many of the time.
_SHARE: Final = 200
#: Pages of a table that are looked at (8 KiB each).
_PAGES: Final = 1_000
#: In the names under which a snapshot's data stand, between the tenant and the rest.
_MARK: Final = "\x01"
_SHARES = compose.SQL(
    "select split_part(tenant, {mark}, 1), sum(pg_column_size(t.*))::bigint"
    " from {table} t tablesample system ({percent}) group by 1"
)


async def count(pool: Pool) -> int:
    """Count the entities of all tenants; then rest, the longer the longer it took."""
    begun = perf_counter()
    await count_now(pool)
    await asyncio.sleep((perf_counter() - begun) * _SHARE)
    return 0


async def measure(pool: Pool) -> int:
    """Measure what all tenants store; then rest, the longer the longer it took."""
    begun = perf_counter()
    await measure_now(pool)
    await asyncio.sleep((perf_counter() - begun) * _SHARE)
    return 0


async def count_now(pool: Pool) -> None:
    """Count the entities of all tenants and write the numbers down."""
    async with searching(pool) as connection:
        await connection.execute(_SQL["count_all"])


async def measure_now(pool: Pool) -> None:
    """Measure what all tenants store and write the numbers down."""
    found = await storage(pool)
    parameters = {"tenants": list(found), "bytes": [round(taken) for taken in found.values()]}
    async with transaction(pool) as connection:
        await connection.execute(_SQL["store_storage"], parameters)


async def trim(pool: Pool) -> int:
    """Forget the requests of minutes that nobody is shown any more; return how many rows."""
    async with transaction(pool) as connection:
        return (await connection.execute(_SQL["trim_minutes"])).rowcount


async def storage(pool: Pool) -> dict[str, float]:
    """Return tenant → bytes, as far as rows say their tenant; of snapshots, to whom they belong."""
    total: dict[str, float] = defaultdict(float)
    async with single(pool) as connection:
        cursor = await connection.execute(_SQL["tables"])
        tables = await cursor.fetchall()
        for table, size, pages in tables:
            shares = await _shares(connection, table, min(100.0, 100.0 * _PAGES / pages))
            whole = sum(shares.values())
            for tenant, part in shares.items():
                total[tenant] += size * part / whole
    return dict(total)


async def _shares(connection: Connection, table: str, percent: float) -> dict[str, int]:
    statement = _SHARES.format(
        mark=compose.Literal(_MARK),
        table=compose.SQL(table),  # as PostgreSQL itself quotes it
        percent=compose.Literal(percent),
    )
    cursor = await connection.execute(statement)
    return {tenant: part for tenant, part in await cursor.fetchall() if part}
