"""Which process delivers what: buckets of subscriptions, each held by one process at a time.

A bucket is an advisory lock of a session, so that a process that dies lets go at once. Processes
that deliver from one database see each other by another, shared lock, and share evenly.
"""

import zlib
from types import TracebackType
from typing import Any, Final, Self

import psycopg

from tamamo.kernel import sql

_SQL = sql.load(__package__)

#: First number of our locks; any constant that nothing else in Tamamo uses.
_KIND: Final = 0x6E6F7469
_PRESENT: Final = 10_000
_MATCHER: Final = 10_001


def bucket_of(tenant: str, subscription_id: str, buckets: int) -> int:
    """Return the bucket of a subscription: all its notifications keep their order."""
    return zlib.crc32(f"{tenant} {subscription_id}".encode()) % buckets


class Buckets:
    """The buckets this process holds, and whether it is the one that matches."""

    def __init__(self, dsn: str, count: int) -> None:
        self._dsn = dsn
        self._count = count
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self.held: set[int] = set()
        self.matches = False
        #: Processes that share the buckets.
        self.sharers = 1

    async def __aenter__(self) -> Self:
        self._connection = await psycopg.AsyncConnection.connect(self._dsn, autocommit=True)
        await self._ask("join_in", _PRESENT)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # All locks go with the session.
        assert self._connection is not None
        await self._connection.close()

    async def claim(self) -> set[int]:
        """Take free buckets up to a fair share; return those to be given back.

        Raises psycopg.OperationalError when the session is lost, and with it all buckets.
        """
        self.sharers = max(1, await self._ask("sharers", _PRESENT))
        if not self.matches:
            self.matches = await self._ask("claim", _MATCHER)
        share = -(-self._count // self.sharers)
        gained: set[int] = set()
        for number in range(self._count):
            if len(self.held) + len(gained) >= share:
                break
            if number not in self.held and await self._ask("claim", number):
                gained.add(number)
        # All at once: the caller reads what waits in them from the beginning.
        self.held |= gained
        return set(sorted(self.held)[share:])

    async def release(self, number: int) -> None:
        """Let another process have a bucket."""
        self.held.discard(number)
        await self._ask("release", number)

    async def _ask(self, statement: str, number: int) -> Any:
        assert self._connection is not None
        cursor = await self._connection.execute(_SQL[statement], {"kind": _KIND, "number": number})
        row = await cursor.fetchone()
        return None if row is None else row[0]
