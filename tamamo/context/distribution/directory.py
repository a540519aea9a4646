"""The sources of every tenant as this process knows them, without asking the database."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Final

import structlog

from tamamo.context.distribution.source import Source, compile_source
from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool, single
from tamamo.kernel.errors import Problem
from tamamo.kernel.tasks import beside, wanted

_SQL = sql.load(__package__)
_log = structlog.get_logger(__name__)

#: Seconds between looks at what other processes registered.
INTERVAL: Final = 0.5


class Directory:
    """All registrations, compiled, by tenant.

    A change made in this process is known when it is answered, one made in another within
    INTERVAL. Looking costs one row a tenant that ever registered something.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._sources: dict[str, tuple[Source, ...]] = {}
        self._generations: dict[str, int] | None = None
        self._refreshing = asyncio.Lock()
        #: Moves with every change of what is known here.
        self.version = 0

    def of(self, tenant: str) -> tuple[Source, ...]:
        """Return the sources of a tenant in order of their ids, those that expired too."""
        return self._sources.get(tenant, ())

    def tenants(self) -> Collection[str]:
        """Return the tenants that have sources."""
        return self._sources.keys()

    async def refresh(self) -> None:
        """Read what changed since the last look. Raises Unavailable."""
        async with self._refreshing, single(self._pool) as connection:
            cursor = await connection.execute(_SQL["list_generations"])
            found: dict[str, int] = dict(await cursor.fetchall())
            if found == self._generations:
                return
            before = self._generations
            changed = None
            if before is not None:
                changed = [name for name in found if found[name] != before.get(name)]
            sources = await _read(connection, changed)
        if changed is None:
            self._sources = sources
        else:
            kept = {name: own for name, own in self._sources.items() if name not in changed}
            self._sources = kept | sources
        self._generations = found
        self.version += 1

    @asynccontextmanager
    async def following(self) -> AsyncIterator["Directory"]:
        """Keep what is known true while the block runs."""
        await self._look()
        async with beside(self._follow(), name="registrations"):
            yield self

    async def _follow(self) -> None:
        while wanted():
            await asyncio.sleep(INTERVAL)
            await self._look()

    async def _look(self) -> None:
        try:
            await self.refresh()
        except Exception:
            # The database may be restarting: what is known stays in use.
            _log.warning("cannot read the registrations, trying again", exc_info=True)


async def _read(connection: Connection, tenants: list[str] | None) -> dict[str, tuple[Source, ...]]:
    """Return the sources of these tenants; None: of all."""
    cursor = await connection.execute(_SQL["list_sources"], {"tenants": tenants})
    found: dict[str, list[Source]] = defaultdict(list)
    for tenant, identifier, document in await cursor.fetchall():
        try:
            found[tenant].append(compile_source(tenant, identifier, document))
        except Problem as problem:
            # It was checked when it was written: an older version of this program took more.
            _log.error("registration unusable", tenant=tenant, id=identifier, why=problem.detail)
    return {tenant: tuple(sources) for tenant, sources in found.items()}
