"""When keys and clients were last used, gathered in memory and written together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from tamamo.kernel import sql
from tamamo.kernel.database import Pool, transaction
from tamamo.kernel.identity.credentials import Used
from tamamo.kernel.tasks import flushing
from tamamo.kernel.time import now

_SQL = sql.load(__package__)

#: Seconds between writing down what was used: no request waits for it.
INTERVAL: Final = 15.0


class LastUse:
    """Remembers moments, and writes them once every INTERVAL.

    What a process saw since is lost when it is killed: it is for people who look for keys that
    nobody uses any more.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._seen: dict[Used, datetime] = {}

    def note(self, used: Used) -> None:
        """Remember that a credential is used now."""
        self._seen[used] = now()

    async def flush(self) -> None:
        """Write down what was seen. Raises Unavailable; then it is kept for the next time."""
        seen, self._seen = self._seen, {}
        if not seen:
            return
        keys = {used: at for used, at in seen.items() if used.device}
        clients = {used: at for used, at in seen.items() if used.client}
        try:
            async with transaction(self._pool) as connection:
                if keys:
                    await connection.execute(
                        _SQL["note_keys"],
                        {
                            "tenants": [used.tenant for used in keys],
                            "devices": [used.device for used in keys],
                            "digests": [used.digest for used in keys],
                            "moments": list(keys.values()),
                        },
                    )
                if clients:
                    await connection.execute(
                        _SQL["note_clients"],
                        {
                            "clients": [used.client for used in clients],
                            "moments": list(clients.values()),
                        },
                    )
        except BaseException:
            self._seen = seen | self._seen
            raise

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator["LastUse"]:
        """Write while the block runs, and once more at its end."""
        async with flushing(self.flush, INTERVAL, name="last use of keys"):
            yield self
