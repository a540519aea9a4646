"""Limits of entities and storage: asked in memory before a write, told of it afterwards.

Nothing is counted for a write. Each process keeps how many entities a limited tenant has, adds
what it creates and takes off what it deletes, and exchanges that with the others every INTERVAL
seconds. So a tenant may get as far beyond its limit as all processes create in that time. Nobody
is refused by an estimate: where that leaves no room the entities are counted, once a second.
"""

import asyncio
from collections import Counter as Tally
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

import structlog

from tamamo.kernel import sql, time
from tamamo.kernel.database import Connection, Pool, single, transaction
from tamamo.kernel.errors import Problem
from tamamo.kernel.tasks import beside, wanted
from tamamo.kernel.towns.directory import Towns
from tamamo.kernel.towns.errors import QuotaExceeded, StorageExceeded
from tamamo.kernel.towns.town import Town

if TYPE_CHECKING:
    from tamamo.kernel.towns.limits import Counter

_SQL = sql.load("tamamo.kernel.towns", "quota.sql")
_log = structlog.get_logger(__name__)

#: Seconds between the moments at which processes tell each other what they created.
INTERVAL: Final = 2.0
#: A count is good for this many seconds, and for this many times as long as it took.
_COUNT_KEPT, _COUNT_SHARE = 1.0, 20.0

#: More than any limit: before anything is known, the first write counts.
_UNKNOWN: Final = 2**63

_BY_POOL: "WeakKeyDictionary[Pool, Quotas]" = WeakKeyDictionary()


@dataclass(slots=True)
class _Known:
    """What this process knows of a limited tenant."""

    entities: int = _UNKNOWN
    storage: int = 0
    #: Created less deleted here since the others were told.
    more: int = 0
    #: When the next count is allowed (monotonic).
    count_after: float = 0.0

    @property
    def estimate(self) -> int:
        return self.entities + self.more


class Guard:
    """What one transaction may still create. Asked for each change, in order."""

    __slots__ = ("_created", "_over", "_quotas", "_room")

    def __init__(self, quotas: "Quotas", room: dict[str, int], over: frozenset[str]) -> None:
        self._quotas = quotas
        self._room = room
        self._over = over
        self._created: Tally[str] = Tally()

    def refuses(self, tenant: str, *, existed: bool, exists: bool) -> Problem | None:
        """Return why a change cannot be, or take note of it.

        existed, exists: whether there is an entity before and after it. Deleting is always good.
        """
        if tenant in self._over and exists:
            return self._quotas.storage_problem(tenant)
        room = self._room.get(tenant)
        if room is None or existed == exists:
            return None
        if exists and room <= 0:
            return self._quotas.entity_problem(tenant)
        step = 1 if exists else -1
        self._room[tenant] = room - step
        self._created[tenant] += step
        return None

    def written(self) -> None:
        """Note that the changes are in the database."""
        self._quotas.add(self._created)


class Quotas:
    """The limits of entities and storage in this process."""

    def __init__(self, pool: Pool, towns: Towns, requests: "Counter | None" = None) -> None:
        """requests: counted by this process, to be written down each minute."""
        self._pool = pool
        self._towns = towns
        self._requests = requests
        self._known: dict[str, _Known] = {}
        self._version = -1
        self._minute = time.now().replace(second=0, microsecond=0)

    async def guard(self, connection: Connection, tenants: Iterable[str]) -> Guard | None:
        """Return what a transaction that changes entities of these tenants may create.

        tenants: that of each change. None where none of them is limited.
        """
        if self._version != self._towns.version:
            self._follow()
        if not self._known:
            return None
        concerned = Tally(tenant for tenant in tenants if tenant in self._known)
        if not concerned:
            return None
        room: dict[str, int] = {}
        over = set()
        for tenant, changes in concerned.items():
            known, limits = self._known[tenant], self._town(tenant).limits
            if limits.storage is not None and known.storage >= limits.storage:
                over.add(tenant)
            if limits.entities is not None:
                if known.estimate + changes > limits.entities:
                    await self._count(connection, tenant, limits.entities)
                room[tenant] = limits.entities - known.estimate
        return Guard(self, room, frozenset(over))

    def add(self, created: Tally[str]) -> None:
        """Take note of entities created less deleted, by tenant."""
        for tenant, more in created.items():
            known = self._known.get(tenant)
            if known is not None:
                known.more += more

    def entity_problem(self, tenant: str) -> QuotaExceeded:
        """Return the refusal to create one more."""
        limit, used = self._town(tenant).limits.entities, self._known[tenant].estimate
        return QuotaExceeded(
            f"The tenant {tenant!r} may have {limit} entities and has {used}; those it has can be"
            " changed and deleted",
            tenant=tenant,
            quota="entities",
            limit=limit,
            used=used,
        )

    def storage_problem(self, tenant: str) -> StorageExceeded:
        """Return the refusal to write."""
        limit, used = self._town(tenant).limits.storage, self._known[tenant].storage
        return StorageExceeded(
            f"The tenant {tenant!r} may take {limit} bytes and takes {used}; entities can be"
            " deleted, and operators can drop history (tamamo retention)",
            tenant=tenant,
            quota="storage",
            limit=limit,
            used=used,
        )

    async def exchange(self) -> None:
        """Tell the others what was created here and learn what they did. Raises Unavailable."""
        if self._version != self._towns.version:
            self._follow()
        if not self._known:
            return
        told = {tenant: known.more for tenant, known in self._known.items()}
        parameters = {"tenants": list(told), "more": list(told.values())}
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(_SQL["flush"], parameters)
            rows = await cursor.fetchall()
        for tenant, entities, storage, counted in rows:
            known = self._known.get(tenant)
            if known is None:
                continue
            known.storage = storage
            if counted:
                known.entities = entities
            elif known.entities != _UNKNOWN:
                known.entities += told[tenant]
            known.more -= told[tenant]

    async def write_down(self) -> None:
        """Write down the requests of the minutes that are over. Raises Unavailable."""
        minute = time.now().replace(second=0, microsecond=0)
        if self._requests is None or minute == self._minute:
            return
        over, self._minute = self._minute, minute
        counts = self._requests.taken()
        if not counts:
            return
        async with single(self._pool) as connection:
            await connection.execute(
                _SQL["note_requests"],
                {
                    "minute": over,
                    "tenants": list(counts),
                    "requests": [count for count, _ in counts.values()],
                    "refused": [refused for _, refused in counts.values()],
                },
            )

    @asynccontextmanager
    async def following(self) -> AsyncIterator["Quotas"]:
        """Guard all writes through the pool while the block runs."""
        _BY_POOL[self._pool] = self
        await self._step()
        async with beside(self._follow_up(), name="quotas"):
            yield self

    async def _follow_up(self) -> None:
        while wanted():
            await asyncio.sleep(INTERVAL)
            await self._step()

    async def _step(self) -> None:
        try:
            await self.exchange()
            await self.write_down()
        except Exception:
            # The database may be restarting: what is known stays in use.
            _log.warning("cannot exchange what tenants use, trying again", exc_info=True)

    async def _count(self, connection: Connection, tenant: str, limit: int) -> None:
        known, begun = self._known[tenant], monotonic()
        if begun < known.count_after:
            return
        started = perf_counter()
        # What is beyond the limit matters to nobody but for the number that is shown.
        parameters = {"tenant": tenant, "most": limit + 1000}
        cursor = await connection.execute(_SQL["count_one"], parameters)
        row = await cursor.fetchone()
        assert row is not None
        known.entities = row[0] - known.more
        took = perf_counter() - started
        known.count_after = begun + max(_COUNT_KEPT, _COUNT_SHARE * took)

    def _follow(self) -> None:
        before = self._known
        self._known = {
            town.name: before.get(town.name) or _Known()
            for town in self._towns.all()
            if town.limits.entities is not None or town.limits.storage is not None
        }
        self._version = self._towns.version

    def _town(self, tenant: str) -> Town:
        return self._towns.get(tenant) or Town(tenant)


async def guard_of(connection: Connection, tenants: Iterable[str]) -> Guard | None:
    """Return what a transaction may create; None where no limit concerns it.

    connection: of a pool that `Quotas.following` guards, or nothing is limited.
    """
    pool = getattr(connection, "_pool", None)
    quotas = None if pool is None else _BY_POOL.get(pool)
    return None if quotas is None else await quotas.guard(connection, tenants)
