"""Service `mqtt` of `tamamo work`: the connections of HOME/mqtt, each in one process at a time.

Nothing else of this package is loaded as long as there is no file.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
import structlog

from tamamo.context.broker import Broker
from tamamo.feeds.coordinator import Clock, SystemClock
from tamamo.kernel.errors import Problem, SetupError
from tamamo.kernel.tasks import stop, wanted

if TYPE_CHECKING:
    from tamamo.feeds.mqtt.configuration import Connection

#: Seconds between two looks at the files, and so until a change counts.
LOOK: Final = 5.0
#: First number of our locks; any constant that nothing else in Tamamo uses.
_KIND: Final = 0x6D717474
#: Seconds until a connection that ended by an error is begun again.
_PAUSE: Final = 10.0

_logger = structlog.get_logger(__name__)

#: Runs a connection until cancelled.
Run = Callable[[Broker, "Connection"], Awaitable[None]]


async def run(broker: Broker) -> None:
    """Run the connections of the home until cancelled."""
    keeper = Keeper(broker)
    try:
        while wanted():
            await keeper.look()
            await asyncio.sleep(LOOK)
    finally:
        await keeper.stop()


async def _link(broker: Broker, connection: "Connection") -> None:
    from tamamo.feeds.mqtt.link import Link  # noqa: PLC0415

    await Link(broker, connection).run()


@dataclass(slots=True)
class _Kept:
    """A file as it was read last. task: its connection, where this process runs it."""

    stamp: tuple[int, int]
    connection: "Connection | None"
    task: asyncio.Task[None] | None = None


class Keeper:
    """Follows the files: begins, ends and renews connections."""

    def __init__(self, broker: Broker, link: Run = _link, clock: Clock | None = None) -> None:
        self._broker = broker
        self._link = link
        self._clock = clock or SystemClock()
        self._kept: dict[str, _Kept] = {}
        self._session: psycopg.AsyncConnection[Any] | None = None

    @property
    def running(self) -> set[str]:
        """Names of the connections that run here."""
        return {name for name, kept in self._kept.items() if kept.task is not None}

    async def look(self) -> None:
        """Do what the files say. A file that is not right leaves what ran before."""
        found = await asyncio.to_thread(_files, self._broker.settings.home)
        for name in set(self._kept) - set(found):
            await self._end(name)
            del self._kept[name]
        for name, (path, stamp) in found.items():
            kept = self._kept.get(name)
            if kept is None or kept.stamp != stamp:
                await self._read(name, path, stamp)
        try:
            await self._run_all()
        except psycopg.OperationalError:
            _logger.warning("mqtt_lost_its_locks")
            await self.stop()
            self._kept.clear()

    async def stop(self) -> None:
        """End everything."""
        for name in list(self._kept):
            await self._end(name)
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _read(self, name: str, path: Path, stamp: tuple[int, int]) -> None:
        from tamamo.feeds.mqtt import configuration  # noqa: PLC0415

        known = self._kept.get(name)
        try:
            connection = await asyncio.to_thread(configuration.load, path)
        except SetupError as error:
            if known is None:
                self._kept[name] = _Kept(stamp, None)
            else:
                known.stamp = stamp
            await self._say(name, known.connection if known else None, error)
            return
        await self._end(name)
        self._kept[name] = _Kept(stamp, connection)

    async def _run_all(self) -> None:
        idle = [kept for kept in self._kept.values() if kept.connection and kept.task is None]
        if self._session is None:
            if not idle:
                return
            dsn = self._broker.settings.database_url
            assert dsn is not None
            self._session = await psycopg.AsyncConnection.connect(dsn, autocommit=True)
        await self._session.execute("select 1")
        for kept in idle:
            assert kept.connection is not None
            if await self._lock("pg_try_advisory_lock", kept.connection.id):
                kept.task = asyncio.create_task(
                    self._keep_running(kept.connection), name=f"mqtt {kept.connection.id}"
                )

    async def _keep_running(self, connection: "Connection") -> None:
        while wanted():
            try:
                # A task of its own, as in tamamo.server.work.
                await asyncio.create_task(
                    _coroutine(self._link(self._broker, connection)), name=connection.id
                )
            except Exception as error:  # one connection's error must not stop the others
                if not isinstance(error, Problem):
                    _logger.exception("mqtt_connection_failed", connection=connection.id)
                await self._say(connection.id, connection, error)
            await self._clock.sleep(_PAUSE)

    async def _end(self, name: str) -> None:
        kept = self._kept.get(name)
        if kept is None or kept.task is None:
            return
        await stop(kept.task)
        kept.task = None
        with contextlib.suppress(psycopg.OperationalError):
            await self._lock("pg_advisory_unlock", name)

    async def _lock(self, function: str, name: str) -> bool:
        if self._session is None:
            return False
        statement = f"select {function}(%s, hashtext(%s))"
        cursor = await self._session.execute(statement.encode(), (_KIND, name))
        row = await cursor.fetchone()
        return bool(row and row[0])

    async def _say(self, name: str, connection: "Connection | None", error: Exception) -> None:
        """Show on the console what is wrong with a connection."""
        from tamamo.feeds.errors import UpdateFailed, classify  # noqa: PLC0415
        from tamamo.feeds.status import Declaration, FeedStatuses  # noqa: PLC0415

        _logger.warning("mqtt_connection_not_right", connection=name, message=str(error)[:300])
        feed = Declaration(
            id=f"mqtt-{name}", name_ja=f"MQTT {name}", name_en=f"MQTT {name}", source="", licence=""
        )
        if connection is not None:
            feed = connection.declaration()
        statuses = FeedStatuses(self._broker.pool)
        kind = UpdateFailed(str(error)) if isinstance(error, SetupError) else classify(error)
        with contextlib.suppress(Problem):
            await statuses.declare(feed)
            await statuses.failed(feed, self._clock.now(), kind)


async def _coroutine(work: Awaitable[None]) -> None:
    await work


def _files(home: Path) -> dict[str, tuple[Path, tuple[int, int]]]:
    """Return the files of connections by name, each with when it was changed and its size."""
    found = {}
    for path in sorted((home / "mqtt").glob("*.toml")):
        with contextlib.suppress(OSError):
            status = path.stat()
            found[path.stem] = (path, (status.st_mtime_ns, status.st_size))
    return found
