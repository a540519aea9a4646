"""The write path: every change of the current state goes through here.

Many changes are two statements: read what exists, then write state, evolution, history and outbox
together, or nothing where something was changed meanwhile. What a change does is a pure function
of the entity before it, so that the same code serves one request, a batch and requests that happen
to arrive together, and that it can be run again.
"""

from collections.abc import Awaitable, Callable, Sequence

from tamamo.context.entities import store
from tamamo.context.entities.acts import events_of
from tamamo.context.entities.mutations import (
    Apply,
    Change,
    ChangedMeanwhile,
    HistoryItem,
    Mutation,
    Written,
)
from tamamo.context.entities.statement import MAX_BYTES, Batch
from tamamo.kernel import audit
from tamamo.kernel.database import Connection, Pool, single, transaction
from tamamo.kernel.errors import Problem, Unavailable
from tamamo.kernel.time import now as present
from tamamo.kernel.time import to_text
from tamamo.kernel.towns.quota import guard_of

__all__ = [
    "MAX_BYTES", "Apply", "Change", "ChangedMeanwhile", "HistoryItem", "Mutation", "Writer",
    "Written", "run", "write",
]  # fmt: skip

#: How often a batch is run again when another transaction created one of its entities meanwhile.
_ATTEMPTS = 5


Prefetch = Callable[[Connection], Awaitable[None]]


class Writer:
    """Writes changes that arrive together, without locking anything before.

    The rows are read, and written on condition that they are still as they were read: two
    statements, and no transaction around them. Where another one was faster, or is at work on the
    same entities in this process, they are locked first; so they are where the audit log is to say
    who made a change.
    """

    def __init__(self, pool: Pool) -> None:
        """Use `pool` for everything."""
        self._pool = pool
        self._under_way: set[store.Key] = set()

    async def run(
        self, mutations: Sequence[Mutation], now: str | None = None
    ) -> list[Written | Problem]:
        """Write the mutations, all or nothing but for Problems; one result each, in order.

        now: as in `run` of this module.
        """
        if not mutations:
            return []
        keys = {(mutation.tenant, mutation.entity_id) for mutation in mutations}
        if self._under_way.isdisjoint(keys):
            self._under_way |= keys
            try:
                return await self._write(mutations, keys, now)
            except ChangedMeanwhile:
                pass
            finally:
                self._under_way -= keys
        return await run(self._pool, mutations, now=now)

    async def _write(
        self, mutations: Sequence[Mutation], keys: set[store.Key], now: str | None
    ) -> list[Written | Problem]:
        async with single(self._pool) as connection:
            # In order, so that two statements that touch the same rows do it in the same order.
            seen = await store.see(connection, sorted(keys))
            guard = await guard_of(connection, (mutation.tenant for mutation in mutations))
            batch = Batch(now or to_text(present()), seen, guard, once=len(keys) == len(mutations))
            results = [batch.apply(mutation) for mutation in mutations]
            if any(m.by is not None for m in mutations) and events_of(mutations, results):
                raise ChangedMeanwhile  # what is noted needs a transaction around it
            await batch.flush_at_once(connection, seen.closed_until)
        if guard is not None:
            guard.written()
        return results


async def run(
    pool: Pool,
    mutations: Sequence[Mutation],
    prefetch: Prefetch | None = None,
    now: str | None = None,
) -> list[Written | Problem]:
    """Write the mutations in one transaction; one result each, in order.

    prefetch: awaited once the rows are locked and before the merge functions run. now: the time
    of the changes (RFC 3339), the present without it.
    """
    for _ in range(_ATTEMPTS):
        try:
            async with transaction(pool) as connection:
                return await write(connection, mutations, prefetch, now)
        except ChangedMeanwhile:
            continue
    raise Unavailable("The entity is being created and deleted all the time. Try again.")


async def write(
    connection: Connection,
    mutations: Sequence[Mutation],
    prefetch: Prefetch | None = None,
    now: str | None = None,
) -> list[Written | Problem]:
    """Do the same inside an open transaction, which is lost on ChangedMeanwhile."""
    stored = await store.lock(connection, {(m.tenant, m.entity_id) for m in mutations})
    if prefetch is not None:
        await prefetch(connection)
    guard = await guard_of(connection, (mutation.tenant for mutation in mutations))
    batch = Batch(now or to_text(present()), stored, guard)
    results = [batch.apply(mutation) for mutation in mutations]
    await batch.flush(connection)
    await audit.append_many(connection, events_of(mutations, results))
    if guard is not None:
        guard.written()
    return results
