"""How the requests to sources went, for their registrations to show (table 5.2.9-2)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from tamamo.context.distribution.source import Source
from tamamo.kernel import sql
from tamamo.kernel.database import Pool, transaction
from tamamo.kernel.tasks import flushing
from tamamo.kernel.time import now

_SQL = sql.load(__package__)
_log = structlog.get_logger(__name__)

#: Seconds between writing down what was counted: a request must not wait for it.
INTERVAL: Final = 1.0


@dataclass(slots=True)
class _Count:
    sent: int = 0
    failed: int = 0
    last_success: datetime | None = None
    last_failure: datetime | None = None


class Activity:
    """Counts in memory, and adds to the registrations once a second.

    What a process counted in its last second is lost when it is killed.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._counts: dict[tuple[str, str], _Count] = {}

    def note(self, source: Source, *, done: bool) -> None:
        """Count a request that was sent. done: whether it was answered as it should be."""
        count = self._counts.setdefault((source.tenant, source.id), _Count())
        count.sent += 1
        if done:
            count.last_success = now()
        else:
            count.failed += 1
            count.last_failure = now()

    async def flush(self) -> None:
        """Write down what was counted. Raises Unavailable; then it is kept for the next time."""
        counts, self._counts = self._counts, {}
        if not counts:
            return
        keys = sorted(counts)
        rows = [counts[key] for key in keys]
        try:
            async with transaction(self._pool) as connection:
                await connection.execute(
                    _SQL["add_activity"],
                    {
                        "tenants": [tenant for tenant, _ in keys],
                        "ids": [identifier for _, identifier in keys],
                        "sent": [row.sent for row in rows],
                        "failed": [row.failed for row in rows],
                        "successes": [row.last_success for row in rows],
                        "failures": [row.last_failure for row in rows],
                    },
                )
        except BaseException:
            self._put_back(counts)
            raise

    def _put_back(self, counts: dict[tuple[str, str], _Count]) -> None:
        for key, count in counts.items():
            since = self._counts.setdefault(key, _Count())
            since.sent += count.sent
            since.failed += count.failed
            since.last_success = since.last_success or count.last_success
            since.last_failure = since.last_failure or count.last_failure

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator["Activity"]:
        """Write down what is counted while the block runs, and at its end."""
        async with flushing(self.flush, INTERVAL, name="registration activity"):
            yield self
