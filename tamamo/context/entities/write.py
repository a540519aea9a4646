"""The write path: every change of the current state goes through here.

Many changes are two statements: read what exists, then write state, evolution, history and outbox
together, or nothing where something was changed meanwhile. What a change does is a pure function
of the entity before it, so that the same code serves one request, a batch and requests that happen
to arrive together, and that it can be run again.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

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
from tamamo.context.entities.recent import Known, Recent
from tamamo.context.entities.statement import MAX_BYTES, Batch
from tamamo.kernel import audit
from tamamo.kernel.database import Connection, Pool, single, transaction
from tamamo.kernel.errors import Problem, Unavailable
from tamamo.kernel.time import now as present
from tamamo.kernel.time import to_text
from tamamo.kernel.towns.quota import Guard, guard_of

__all__ = [
    "MAX_BYTES", "Apply", "Change", "ChangedMeanwhile", "HistoryItem", "Mutation", "Writer",
    "Written", "run", "write",
]  # fmt: skip

#: How often a batch is run again when another transaction created one of its entities meanwhile.
_ATTEMPTS = 5
#: More mutations than these are a batch of somebody, of which nothing is remembered.
_FEW = 128


Prefetch = Callable[[Connection], Awaitable[None]]


class Writer:
    """Writes changes that arrive together, without locking anything before.

    The rows are read, and written on condition that they are still as they were read: two
    statements, and no transaction around them; one, where this process wrote all of them last
    (see recent.py). Where another one was faster, or is at work on the
    same entities in this process, they are locked first; so they are where the audit log is to say
    who made a change.
    """

    def __init__(self, pool: Pool) -> None:
        """Use `pool` for everything."""
        self._pool = pool
        self._under_way: set[store.Key] = set()
        self._recent = Recent()

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
        self._recent.forget(keys)
        return await run(self._pool, mutations, now=now)

    async def _write(
        self, mutations: Sequence[Mutation], keys: set[store.Key], now: str | None
    ) -> list[Written | Problem]:
        few = len(mutations) <= _FEW
        noted = any(mutation.by is not None for mutation in mutations)
        async with single(self._pool) as connection:
            known = self._recent.of(connection, keys) if few and not noted else None
            if known is not None:
                results = await self._change_known(connection, mutations, known, now)
                if results is not None:
                    return results
            # In order, so that two statements that touch the same rows do it in the same order.
            seen = await store.see(connection, sorted(keys))
            changing = await _Changing.of(connection, mutations, seen, now)
            if noted and events_of(mutations, changing.results):
                raise ChangedMeanwhile  # what is noted needs a transaction around it
            await changing.flush(connection)
            if few:
                self._recent.remember(mutations, changing.results, changing.batch, seen)
            else:
                self._recent.forget(keys)
        return changing.results

    async def _change_known(
        self, connection: Connection, mutations: Sequence[Mutation], known: Known, now: str | None
    ) -> list[Written | Problem] | None:
        """Change entities as they are remembered; None: they have to be read.

        Only what is written is tested to be as it was; so all of them must be.
        """
        changing = await _Changing.of(connection, mutations, known, now)
        if not all(map(_is_written, changing.results)):
            return None
        try:
            await changing.flush(connection)
        except ChangedMeanwhile:
            self._recent.doubt()
            return None
        self._recent.remember(mutations, changing.results, changing.batch, known)
        return changing.results


@dataclass(frozen=True, slots=True)
class _Changing:
    """Mutations worked out, to be written at once."""

    batch: Batch
    results: list[Written | Problem]
    guard: Guard | None
    closed_until: str

    @classmethod
    async def of(
        cls,
        connection: Connection,
        mutations: Sequence[Mutation],
        seen: store.Seen,
        now: str | None,
    ) -> "_Changing":
        guard = await guard_of(connection, (mutation.tenant for mutation in mutations))
        once = len({(one.tenant, one.entity_id) for one in mutations}) == len(mutations)
        batch = Batch(now or to_text(present()), seen, guard, once=once)
        results = [batch.apply(mutation) for mutation in mutations]
        return cls(batch, results, guard, seen.closed_until)

    async def flush(self, connection: Connection) -> None:
        """Write them. Raises ChangedMeanwhile."""
        await self.batch.flush_at_once(connection, self.closed_until)
        if self.guard is not None:
            self.guard.written()


def _is_written(result: Written | Problem) -> bool:
    return isinstance(result, Written) and result.change is not None and result.change.write_state


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
