"""PostgreSQL: pools for the async parts, and the one place that tunes a connection."""

import asyncio
import os
import select
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakKeyDictionary

import orjson
import psycopg
from psycopg import AsyncConnection, OperationalError
from psycopg.adapt import Buffer, Dumper
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tamamo.kernel.errors import Unavailable

Connection = AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[Connection]

set_json_dumps(orjson.dumps)
set_json_loads(orjson.loads)


class Utf8(bytes):
    """A text for a statement, encoded already: JSON as it was made need not become a str first."""


class _Utf8Dumper(Dumper):
    """Hands it over as it is; like a str's its type is what the statement makes of it."""

    def dump(self, obj: Utf8) -> Buffer:
        return obj


psycopg.adapters.register_dumper(Utf8, _Utf8Dumper)


#: How libpq speaks to a server on another machine that may vanish without a word; a value in the
#: connection string goes before. Seconds, the last in milliseconds.
_PATIENCE: Final[dict[str, str | int]] = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
#: Seconds for which a lost connection is tried again on its own; after that whoever needs one
#: tries at once. Left alone, the pool pauses longer each time, up to minutes after the server is
#: back.
_RECONNECT_SECONDS: Final = 3.0
#: Seconds to wait for a connection, and while the server is known to be away.
_WAIT_SECONDS, _AWAY_SECONDS = 10.0, 1.0


@asynccontextmanager
async def open_pool(dsn: str, size: int = 8) -> AsyncIterator[Pool]:
    """Open a pool of at most `size` connections and close it at the end."""
    given = conninfo_to_dict(dsn)
    watch = _Watch()
    pool: Pool = AsyncConnectionPool(
        dsn,
        min_size=1,
        max_size=size,
        open=False,
        configure=watch.configure,
        check=watch.check,
        timeout=_WAIT_SECONDS,
        reconnect_failed=watch.away,
        reconnect_timeout=_RECONNECT_SECONDS,
        kwargs={
            name: value
            for name, value in (_PATIENCE | {"application_name": process_name()}).items()
            if name not in given
        },
    )
    async with pool:
        yield pool


def process_name() -> str:
    """Return how this process is called where the server lists its connections: verb and number."""
    verb = next((word for word in sys.argv[1:2] if word.isalpha()), "")
    return f"tamamo {verb}".strip() + f" {os.getpid()}"


#: By pool: room for what may take long.
_ROOM: WeakKeyDictionary[Pool, asyncio.Semaphore] = WeakKeyDictionary()


class _Watch:
    """Sees the server go and come back, so that nobody waits long for what cannot be had."""

    def __init__(self) -> None:
        self._pool: Pool | None = None
        self._testing: asyncio.Task[None] | None = None

    async def configure(self, connection: Connection) -> None:
        """Make a new connection ready: the server is there."""
        await connection.execute("set time zone 'UTC'; set statement_timeout = '30s'")
        await connection.commit()
        if self._pool is not None:
            self._pool.timeout = _WAIT_SECONDS

    async def away(self, pool: Pool) -> None:
        """Note that the server has not been there for some time: say so soon to who asks."""
        self._pool = pool
        pool.timeout = _AWAY_SECONDS

    async def check(self, connection: Connection) -> None:
        """Keep a connection that the server has closed, as in a restart, from being used.

        What the server said last is there to be read, while a connection at rest is silent: one
        look at the socket tells, without a word to the server. The first one found has all others
        tested. Raises OperationalError.
        """
        look = select.poll()
        look.register(connection.fileno(), select.POLLIN)
        if not look.poll(0):
            return
        pool: Pool | None = getattr(connection, "_pool", None)
        await connection.close()
        if pool is not None and (self._testing is None or self._testing.done()):
            self._testing = asyncio.create_task(pool.check())
        raise OperationalError("the server has closed the connection")


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """Yield a connection inside one transaction; a lost database becomes Unavailable."""
    try:
        async with pool.connection() as connection, connection.transaction():
            yield connection
    except (PoolTimeout, OperationalError) as error:
        raise Unavailable("The database cannot be reached now. Try again shortly.") from error


@asynccontextmanager
async def searching(pool: Pool) -> AsyncIterator[Connection]:
    """Like `single`, for what may look at many rows: at most half of the pool's connections do.

    So that whatever touches rows by id always finds one. Raises Unavailable when none becomes free
    in the time a connection is waited for. Not to be used within itself.
    """
    room = _ROOM.get(pool)
    if room is None:
        room = _ROOM[pool] = asyncio.Semaphore(max(1, pool.max_size // 2))
    try:
        async with asyncio.timeout(pool.timeout):
            await room.acquire()
    except TimeoutError:
        raise Unavailable("Too many long queries at once. Try again shortly.") from None
    try:
        async with single(pool) as connection:
            yield connection
    finally:
        room.release()


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
