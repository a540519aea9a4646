"""Who checks a version: one at a time, and known by a token.

A check renews its claim as long as it works, so another begins only when it has given no sign for
LEASE: its process has died. One that was only stopped for as long finds that its token no longer
counts, in the transaction in which it would have written.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from tamamo.kernel.database import Connection, Pool, transaction
from tamamo.kernel.errors import Problem
from tamamo.kernel.tasks import beside, wanted
from tamamo.publishing.datasets import store
from tamamo.publishing.datasets.errors import DatasetConflict

#: How long a claim counts without being renewed.
LEASE: Final = timedelta(minutes=2)
#: Seconds between two renewals.
RENEWAL: Final = 20.0


def running() -> DatasetConflict:
    """Return what whoever comes second is told."""
    ja, en = "確認の途中です。しばらくお待ちください。", "It is being checked already"
    return DatasetConflict("running", ja, en)


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim on the check of a version (version: its row's id)."""

    pool: Pool
    tenant: str
    version: int
    token: UUID

    async def hold(self, connection: Connection, done: int | None = None) -> None:
        """Renew the claim in a transaction, and hold it until its end. Raises DatasetConflict.

        done: rows that are there with this transaction.
        """
        kept = await store.execute(
            connection, "hold_claim", tenant=self.tenant, version=self.version, claim=self.token,
            done=done,
        )  # fmt: skip
        if kept is None:
            raise running()

    async def renew(self) -> None:
        """Renew the claim. Raises DatasetConflict: it is somebody else's by now."""
        async with transaction(self.pool) as connection:
            await self.hold(connection)

    @asynccontextmanager
    async def renewed(self) -> AsyncIterator[None]:
        """Renew the claim while the block runs."""
        async with beside(self._renewing(), name="a check's claim"):
            yield

    async def _renewing(self) -> None:
        while wanted():
            await asyncio.sleep(RENEWAL)
            # A claim that is lost, or a database that is away: the next to write finds out.
            with suppress(Problem):
                await self.renew()


async def take(
    connection: Connection, pool: Pool, tenant: str, version: int, *, total: int, by: str
) -> Claim:
    """Claim a version to be checked. Raises DatasetConflict: somebody is at it."""
    return _claim(pool, tenant, version, await store.execute(
        connection, "claim_check", tenant=tenant, version=version, total=total, by=by, lease=LEASE
    ))  # fmt: skip


async def take_over(pool: Pool, tenant: str, version: int, job: int) -> Claim:
    """Claim a version for an attempt of the job that it waits for. Raises DatasetConflict.

    The queue begins an attempt when the one before has ended, or its worker has died.
    """
    async with transaction(pool) as connection:
        row = await store.execute(connection, "take_over", tenant=tenant, version=version, job=job)
    return _claim(pool, tenant, version, row)


def _claim(pool: Pool, tenant: str, version: int, row: Any) -> Claim:
    if row is None:
        raise running()
    return Claim(pool, tenant, version, row[0])
