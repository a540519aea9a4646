"""One service of `tamamo work`: what sources should have is planned, and they are told.

Of all processes on a database one does it, by a lock of its session: when it dies another goes on.
"""

import asyncio
import math
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import psycopg

from tamamo.context.distribution import Distribution
from tamamo.context.remotesubscriptions.planning import Key, Planner
from tamamo.context.remotesubscriptions.telling import Duty, Teller
from tamamo.kernel import sql
from tamamo.kernel.database import Pool
from tamamo.kernel.tasks import wanted

if TYPE_CHECKING:
    from tamamo.context.broker import Broker

_SQL = sql.load(__package__)

#: First number of our lock; any constant that nothing else in Tamamo uses.
_KIND: Final = 0x73656E64
#: Seconds between looks, between attempts to become the one that works, and before what could not
#: be planned is planned again.
LOOK, CLAIM, AGAIN = 0.2, 2.0, 5.0
#: Sources told at once, and requests under way to one of them.
AT_ONCE, TO_ONE = 32, 4

Session = psycopg.AsyncConnection[Any]


async def run(broker: "Broker") -> None:
    """Keep subscriptions at sources true until cancelled, or until the database is lost."""
    dsn = broker.settings.database_url
    assert dsn is not None
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as session:
        while not await _claim(session):
            if not wanted():
                return
            await asyncio.sleep(CLAIM)
        await Keeper(broker.pool, broker.distribution).run(session)


async def _claim(session: Session) -> bool:
    row = await (await session.execute(_SQL["claim"], {"kind": _KIND})).fetchone()
    return bool(row and row[0])


class Keeper:
    """Plans and tells while it holds the lock."""

    def __init__(self, pool: Pool, distribution: Distribution) -> None:
        self._distribution = distribution
        self._planner = Planner(pool, distribution)
        self._teller = Teller(pool, distribution)
        #: What was last planned by; None: plan again.
        self._planned_by: tuple[int, int] | None = None
        self._again_at = math.inf
        self._under_way: dict[Key, str] = {}

    async def run(self, session: Session) -> None:
        """Work until cancelled. It looks through the session that holds the lock."""
        async with asyncio.TaskGroup() as group:
            while wanted():
                row = await (await session.execute(_SQL["look"])).fetchone()
                assert row is not None
                seen = (row[0], self._distribution.directory.version)
                loop = asyncio.get_running_loop()
                planned = seen != self._planned_by or loop.time() >= self._again_at
                if planned:
                    whole = await self._planner.plan()
                    self._planned_by = seen
                    self._again_at = math.inf if whole else loop.time() + AGAIN
                if planned or row[1]:
                    await self._start(session, group)
                await asyncio.sleep(LOOK)

    async def _start(self, session: Session, group: asyncio.TaskGroup) -> None:
        to_one = Counter(self._under_way.values())
        due = await session.execute(_SQL["due"], {"to_one": TO_ONE})
        for row in await due.fetchall():
            duty = Duty(*row)
            place = str(duty.source["endpoint"])
            if duty.key in self._under_way or to_one[place] >= TO_ONE:
                continue
            if len(self._under_way) >= AT_ONCE:
                break
            to_one[place] += 1
            self._under_way[duty.key] = place
            group.create_task(self._tell(duty), name="subscription at a source")

    async def _tell(self, duty: Duty) -> None:
        try:
            await self._teller.tell(duty)
        finally:
            del self._under_way[duty.key]
