"""Reading the outbox: one loop a process, only while somebody listens."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import structlog
from prometheus_client import Counter, Gauge

from tamamo.context.changes import reading
from tamamo.context.changes.change import BBox, Change, Filter, Position
from tamamo.context.changes.reading import PAGE
from tamamo.context.changes.subscription import Closed, SlowReader, Subscription
from tamamo.context.query.plan import Query
from tamamo.kernel import sql
from tamamo.kernel.database import Pool, single
from tamamo.kernel.identity.reach import EVERYTHING, Reach
from tamamo.kernel.tasks import wanted

_SQL = sql.load(__package__)
_log = structlog.get_logger(__name__)

#: Seconds between looks at the outbox while somebody listens.
INTERVAL = 0.1
#: Changes a reader may lag behind before it is dropped.
QUEUE_LENGTH = 1000

READERS = Gauge("tamamo_change_readers", "Readers of the changes now.", multiprocess_mode="livesum")
LAG = Gauge(
    "tamamo_change_lag_seconds",
    "Age of the newest change when it was handed out.",
    multiprocess_mode="livemax",
)
HANDED_OUT = Counter("tamamo_changes_total", "Changes read from the outbox.")
DROPPED = Counter("tamamo_change_readers_dropped_total", "Readers dropped for being too slow.")


class ChangeService:
    """Lets parts of this process read every committed change in order.

    Rows of the outbox are taken below the oldest running transaction, ordered by transaction and
    sequence: one that commits late cannot be skipped. A reader can resume from any position that
    is still kept, in any process on the same database.
    """

    def __init__(
        self, pool: Pool, interval: float = INTERVAL, queue_length: int = QUEUE_LENGTH
    ) -> None:
        self._pool = pool
        self._interval = interval
        self._queue_length = queue_length
        self._readers: set[Subscription] = set()
        self._position = Position(0, 0)
        self._task: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    @asynccontextmanager
    async def subscribe(
        self,
        tenant: str,
        types: Collection[str] | None = None,
        bbox: BBox | None = None,
        after: str | None = None,
        *,
        query: Query | None = None,
        attrs: Collection[str] | None = None,
        reach: Reach = EVERYTHING,
    ) -> AsyncIterator[Subscription]:
        """Yield the changes of a tenant from now on, or those behind the position `after`.

        types, attrs: IRIs. query: what entities must meet. reach: what the reader may know of.
        Raises ValueError when `after` is no position. The reader must keep up: one that lags is
        dropped with SlowReader and can resume after the last change it took.
        """
        kinds, names = (None if given is None else frozenset(given) for given in (types, attrs))
        wanted = Filter(tenant, kinds, bbox, query, names, reach)
        resume = None if after is None else Position.parse(after)
        async with self._starting:
            if not self._readers:
                await self._start()
            # Registered before anything is awaited: no change can fall between.
            live_from = self._position
            behind = max(live_from, resume) if resume else live_from
            reader = Subscription(wanted, behind, self._queue_length)
            self._readers.add(reader)
            READERS.inc()
        try:
            if resume is not None and resume < live_from:
                reader.gap = not await self._is_kept(resume)
                reader.catch_up(self._between(wanted, resume, live_from))
            yield reader
        finally:
            READERS.dec()
            self._readers.discard(reader)
            if not self._readers:
                await self._stop()

    async def is_ahead(self, position: str) -> bool:
        """Whether nothing can be at a position yet. Raises ValueError when it is no position."""
        async with single(self._pool) as connection:
            row = await (await connection.execute(_SQL["next_xid"])).fetchone()
        assert row is not None
        return Position.parse(position).xid >= int(row[0])

    async def aclose(self) -> None:
        """End all readers with Closed and stop the loop."""
        for reader in self._readers:
            reader.end(Closed())
        await self._stop()

    async def _start(self) -> None:
        await self._stop()
        async with single(self._pool) as connection:
            row = await (await connection.execute(_SQL["horizon"])).fetchone()
        assert row is not None
        self._position = Position(int(row[0]), -1)
        self._task = asyncio.create_task(self._run(), name="outbox tailer")

    async def _stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while wanted():
            try:
                more = await self._look()
            except Exception:
                # The database may be restarting. Readers wait; no change is lost, only late.
                _log.warning("cannot read the outbox, trying again", exc_info=True)
                await asyncio.sleep(1)
                continue
            if not more:
                await asyncio.sleep(self._interval)

    async def _look(self) -> bool:
        tenants = {reader.filter.tenant for reader in self._readers}
        types: set[str] | None = set()
        for reader in self._readers:
            types = None if types is None or reader.filter.types is None else (
                types | reader.filter.types
            )  # fmt: skip
        changes, position, age = await self._read(self._position, tenants, types)
        # A reader that came while we read may want what this look left out: look again from the
        # same place; the others skip nothing, as nothing was handed out yet.
        if any(not _covers(tenants, types, reader.filter) for reader in self._readers):
            return True
        for change in changes:
            self._offer(change)
        self._position = position
        HANDED_OUT.inc(len(changes))
        if changes:
            LAG.set(age)
        return len(changes) == PAGE

    def _offer(self, change: Change) -> None:
        for reader in self._readers:
            if reader.ended:
                continue
            try:
                reader.offer(change)
            except Exception:
                # One row or filter must stop neither what follows nor the other readers.
                _log.exception("change skipped", position=change.position)
            if reader.ended:
                DROPPED.inc()

    async def _read(
        self,
        behind: Position,
        tenants: Collection[str],
        types: Collection[str] | None,
    ) -> tuple[list[Change], Position, float]:
        """Return the next changes, the position behind them, and the age of the newest."""
        async with single(self._pool) as connection:
            page = await reading.read(connection, behind, tenants, types)
        return page.changes, page.position, page.age

    async def _between(
        self, wanted: Filter, start: Position, end: Position
    ) -> AsyncIterator[Change]:
        position = start
        while position < end:
            changes, position, _ = await self._read(position, [wanted.tenant], wanted.types)
            for change in changes:
                if change.at > end:
                    return
                if wanted.wants(change):
                    yield change

    async def _is_kept(self, position: Position) -> bool:
        parameters = {"xid": str(position.xid), "seq": position.seq}
        async with single(self._pool) as connection:
            row = await (await connection.execute(_SQL["is_kept"], parameters)).fetchone()
        return bool(row and row[0])


def _covers(tenants: set[str], types: set[str] | None, wanted: Filter) -> bool:
    if wanted.tenant not in tenants:
        return False
    return types is None or (wanted.types is not None and wanted.types <= types)


__all__ = ["ChangeService", "SlowReader"]
