"""Connections on which only what is within reach can be read, and nothing be written."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast

from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from tamamo.context.access.tables import shadowed
from tamamo.kernel.database import Connection, Pool
from tamamo.kernel.identity.reach import Reach


class _Narrow:
    """A connection for statements that read."""

    def __init__(self, connection: Connection, reach: Reach) -> None:
        self._connection = connection
        self._reach = reach

    async def execute(
        self, statement: str, params: Mapping[str, Any] | None = None
    ) -> AsyncCursor[TupleRow]:
        """Run a statement over what is within reach. One that would write is refused."""
        text, more = shadowed(statement, self._reach)
        given = {**(params or {}), **more}
        return await self._connection.execute(text, given or None)

    async def set_autocommit(self, value: bool) -> None:
        """Begin a transaction with each statement, or not."""
        await self._connection.set_autocommit(value)


class _NarrowPool:
    """A pool of such connections: those of another pool, which it shares with everybody."""

    def __init__(self, pool: Pool, reach: Reach) -> None:
        self._pool = pool
        self._reach = reach

    @property
    def shared(self) -> Pool:
        """The pool whose connections these are."""
        return self._pool

    @property
    def timeout(self) -> float:
        """Seconds a connection is waited for."""
        return self._pool.timeout

    @property
    def max_size(self) -> int:
        """Connections at most."""
        return self._pool.max_size

    def connection(self) -> AbstractAsyncContextManager[_Narrow]:
        """Yield a connection."""
        return self._narrow()

    @asynccontextmanager
    async def _narrow(self) -> AsyncIterator[_Narrow]:
        async with self._pool.connection() as connection:
            yield _Narrow(connection, self._reach)


def narrow(connection: Connection, reach: Reach) -> Connection:
    """Return the connection for whoever reads within a reach; nothing can be written on it."""
    return cast(Connection, _Narrow(connection, reach))


def narrow_pool(pool: Pool, reach: Reach) -> Pool:
    """Return the pool for whoever reads within a reach.

    It has what readers use of a pool (`kernel.database.single` and `searching`). A transaction
    cannot be begun on it. Where everything may be read, it is the pool itself.
    """
    if reach.everything:
        return pool
    return cast(Pool, _NarrowPool(pool, reach))
