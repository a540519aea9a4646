"""The towns and the agreements in force as this process knows them, without asking the database."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import structlog
from psycopg.rows import dict_row

from tamamo.kernel import sql, time
from tamamo.kernel.database import Connection, Pool, single
from tamamo.kernel.drills.drill import Drill
from tamamo.kernel.drills.drill import from_columns as drill_of
from tamamo.kernel.tasks import beside, wanted
from tamamo.kernel.towns.share import READ, Share
from tamamo.kernel.towns.town import DEFAULT, Town, from_columns

_SQL = sql.load("tamamo.kernel.towns", "directory.sql")
_log = structlog.get_logger(__name__)

#: Seconds between looks at what other processes changed, and at the clock.
INTERVAL: Final = 0.5
_NONE: Final[frozenset[str]] = frozenset()


class Towns:
    """All tenants and the agreements between them.

    A change made in this process is known once `refresh` was awaited, one made in another within
    INTERVAL; an agreement begins and ends within INTERVAL of its dates. Looking costs one row, and
    one of each tenant that has personal types.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._towns: dict[str, Town] = {DEFAULT: Town(DEFAULT)}
        self._signed: tuple[Share, ...] = ()
        #: Reader and action → what counts now.
        self._shares: dict[tuple[str, str], tuple[Share, ...]] = {}
        self._owned: dict[str, tuple[Share, ...]] = {}
        self._personal: dict[str, frozenset[str]] = {}
        self._drills: dict[str, Drill] = {}
        self._generation: int | None = None
        self._refreshing = asyncio.Lock()
        #: Moves with every change of what is known here: whoever derives from it compares this.
        self.version = 0
        #: Called after every such change; they must not fail.
        self.listeners: list[Callable[[], None]] = []

    def get(self, name: str) -> Town | None:
        """Return the tenant of a name, None when there is none."""
        return self._towns.get(name)

    def all(self) -> Collection[Town]:
        """Return all tenants, in no order."""
        return self._towns.values()

    def drill(self, name: str) -> Drill | None:
        """Return what drill a tenant is; None for a town."""
        return self._drills.get(name)

    def drills(self) -> Mapping[str, Drill]:
        """Return tenant → drill, of all there are."""
        return self._drills

    def clock(self, name: str) -> datetime:
        """Return how late it is in a tenant: in a drill by the drill's own clock, else now."""
        moment, drill = time.now(), self._drills.get(name)
        return moment if drill is None else drill.clock.now(moment)

    def shares(self, reader: str, action: str = READ) -> tuple[Share, ...]:
        """Return the agreements in force now that let a tenant read others, or follow them."""
        return self._shares.get((reader, action), ())

    def suspended_owners(self, reader: str) -> list[Town]:
        """Return suspended towns whose agreements would let a tenant read them now, by name."""
        moment = time.now()
        names = {
            share.owner
            for share in self._signed
            if share.reader == reader and READ in share.actions and share.counts(moment)
        }
        towns = (self._towns.get(name) for name in sorted(names))
        return [town for town in towns if town is not None and town.suspended]

    def personal(self, name: str) -> frozenset[str]:
        """Return the types (IRIs) of a tenant that were declared to hold personal data."""
        return self._personal.get(name, _NONE)

    def shared_by(self, owner: str) -> tuple[Share, ...]:
        """Return the agreements in force now by which a tenant shares its own."""
        return self._owned.get(owner, ())

    async def refresh(self) -> None:
        """Read what changed since the last look. Raises Unavailable."""
        async with self._refreshing, single(self._pool) as connection:
            cursor = await connection.execute(_SQL["generation"])
            row = await cursor.fetchone()
            generation: int = row[0] if row else 0
            personal = await connection.execute(_SQL["list_personal"])
            self._personal = {name: frozenset(types) async for name, types in personal}
            if generation != self._generation:
                towns = await _rows(connection, "list_towns")
                signed = await _rows(connection, "list_shares")
                found = await _rows(connection, "list_drills")
                self._drills = {one["tenant"]: drill_of(one) for one in found}
                self._towns = {
                    town["name"]: from_columns(town, self._drills.get(town["name"]))
                    for town in towns
                }
                self._signed = tuple(_share(one) for one in signed)
                self._generation = generation
                self._moved()
        self.turn(time.now())

    def turn(self, moment: datetime) -> None:
        """Let begin and end what the clock says; awaits nothing."""
        shares: dict[tuple[str, str], list[Share]] = defaultdict(list)
        owned: dict[str, list[Share]] = defaultdict(list)
        for share in self._signed:
            owner = self._towns.get(share.owner)
            if share.counts(moment) and owner is not None and not owner.suspended:
                owned[share.owner].append(share)
                for action in share.actions:
                    shares[share.reader, action].append(share)
        found = {key: tuple(own) for key, own in shares.items()}
        if found != self._shares:
            self._shares = found
            self._owned = {key: tuple(own) for key, own in owned.items()}
            self._moved()

    def _moved(self) -> None:
        self.version += 1
        for listener in self.listeners:
            listener()

    @asynccontextmanager
    async def following(self) -> AsyncIterator["Towns"]:
        """Keep what is known true while the block runs."""
        await self._look()
        async with beside(self._follow(), name="towns"):
            yield self

    async def _follow(self) -> None:
        while wanted():
            await asyncio.sleep(INTERVAL)
            # Dates pass whether the database is there or not.
            self.turn(time.now())
            await self._look()

    async def _look(self) -> None:
        try:
            await self.refresh()
        except Exception:
            # The database may be restarting: what is known stays in use.
            _log.warning("cannot read the towns, trying again", exc_info=True)


async def _rows(connection: Connection, block: str) -> Sequence[dict[str, Any]]:
    cursor = connection.cursor(row_factory=dict_row)
    return await (await cursor.execute(_SQL[block])).fetchall()


def _share(row: dict[str, Any]) -> Share:
    sets = {
        name: None if row[name] is None else frozenset(row[name])
        for name in ("types", "attrs", "actions")
    }
    return Share(**{**row, **sets})
