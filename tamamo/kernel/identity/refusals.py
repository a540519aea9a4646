"""Device keys that opened nothing, counted: gathered in memory and written together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool, transaction
from tamamo.kernel.errors import Unauthorized
from tamamo.kernel.tasks import flushing
from tamamo.kernel.time import now

_SQL = sql.load(__package__)

#: Seconds between writing down what was refused.
INTERVAL: Final = 15.0
UNKNOWN_KEY: Final = "unknown_key"
#: Tenants, devices and reasons remembered between two writings; more are one attack.
_MOST: Final = 10_000


class KeyRefused(Unauthorized):
    """A device's key that counts no more, with whose it is and why."""

    def __init__(self, problem: Unauthorized, tenant: str, device: str, reason: str) -> None:
        super().__init__(problem.detail)
        self.headers.update(problem.headers)
        self.tenant, self.device, self.reason = tenant, device, reason


@dataclass(frozen=True, slots=True)
class Refused:
    """How often keys of a device, or keys of nobody (device ""), were refused for a reason."""

    device: str
    reason: str
    count: int
    first_at: datetime
    last_at: datetime


class Refusals:
    """Counts refusals, and writes them once every INTERVAL."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._seen: dict[tuple[str, str, str], tuple[int, datetime]] = {}

    def note(self, tenant: str, reason: str, device: str = "") -> None:
        """Count one. device: whose key it was, or who it said to be; "" where nobody knows."""
        key = (tenant, device, reason)
        if key in self._seen or len(self._seen) < _MOST:
            self._seen[key] = (self._seen.get(key, (0, now()))[0] + 1, now())

    async def flush(self) -> None:
        """Write down what was counted. Raises Unavailable; then it is kept for the next time."""
        seen, self._seen = self._seen, {}
        if not seen:
            return
        values = {
            "tenants": [key[0] for key in seen],
            "devices": [key[1] for key in seen],
            "reasons": [key[2] for key in seen],
            "counts": [count for count, _ in seen.values()],
            "moments": [at for _, at in seen.values()],
        }
        try:
            async with transaction(self._pool) as connection:
                await connection.execute(_SQL["note_refusals"], values)
        except BaseException:
            for key, (count, at) in seen.items():
                later, last = self._seen.get(key, (0, at))
                self._seen[key] = (count + later, max(at, last))
            raise

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator["Refusals"]:
        """Write while the block runs, and once more at its end."""
        async with flushing(self.flush, INTERVAL, name="refused keys"):
            yield self


async def listing(connection: Connection, tenant: str) -> list[Refused]:
    """Return what was refused in a tenant, the latest first."""
    cursor = await connection.execute(_SQL["list_refusals"], {"tenant": tenant})
    return [Refused(*row) for row in await cursor.fetchall()]
