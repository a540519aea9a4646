"""PostgreSQL: pools for the async parts, and the one place that tunes a connection."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
from psycopg import AsyncConnection, OperationalError
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tamamo.kernel.errors import Unavailable

Connection = AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[Connection]

set_json_dumps(orjson.dumps)
set_json_loads(orjson.loads)


async def _configure(connection: Connection) -> None:
    await connection.execute("set time zone 'UTC'; set statement_timeout = '30s'")
    await connection.commit()


@asynccontextmanager
async def open_pool(dsn: str, size: int = 8) -> AsyncIterator[Pool]:
    """Open a pool of at most `size` connections and close it at the end."""
    pool: Pool = AsyncConnectionPool(
        dsn, min_size=1, max_size=size, open=False, configure=_configure, timeout=10
    )
    async with pool:
        yield pool


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """Yield a connection inside one transaction; a lost database becomes Unavailable."""
    try:
        async with pool.connection() as connection, connection.transaction():
            yield connection
    except (PoolTimeout, OperationalError) as error:
        raise Unavailable("The database cannot be reached now. Try again shortly.") from error


@asynccontextmanager
async def single(pool: Pool) -> AsyncIterator[Connection]:
    """Yield a connection for one statement that only reads: no BEGIN and COMMIT around it."""
    try:
        async with pool.connection() as connection:
            await connection.set_autocommit(True)
            try:
                yield connection
            finally:
                await connection.set_autocommit(False)
    except (PoolTimeout, OperationalError) as error:
        raise Unavailable("The database cannot be reached now. Try again shortly.") from error
