"""What the broker does by itself: partitions made ahead, what expired removed, the outbox trimmed.

`run` is one service of `tamamo work`. Several may run on one database: each step locks what it
changes and finds nothing left to do where another was first.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import TYPE_CHECKING

import structlog

from tamamo.context.contexts.service import sweep as sweep_contexts
from tamamo.context.entities import store, write
from tamamo.context.entities.write import Change, Mutation
from tamamo.context.entitymaps.service import sweep as sweep_entity_maps
from tamamo.context.model.entity import Attributes, Entity
from tamamo.context.registrations.service import sweep as sweep_registrations
from tamamo.context.temporal import retention, rollups
from tamamo.context.temporal.partitions import Partitions, month_of, months_between, next_month
from tamamo.kernel import sql
from tamamo.kernel.database import Pool, single, transaction
from tamamo.kernel.tasks import wanted
from tamamo.kernel.time import from_text, now, to_text
from tamamo.kernel.towns import usage

if TYPE_CHECKING:
    from tamamo.context.broker import Broker

_SQL = sql.load("tamamo.context", "housekeeping.sql")
_log = structlog.get_logger(__name__)

#: Months that have their partition before anything is written to them.
MONTHS_AHEAD = 3
#: How long a reader of the changes can be away and still resume.
OUTBOX_KEPT = timedelta(hours=24)
#: Rows one step takes at most.
SLICE = 500


@dataclass(frozen=True, slots=True)
class Task:
    """A step and how often it is taken. run: returns how much there was to do."""

    name: str
    every: timedelta
    run: Callable[[Pool], Awaitable[int]]


async def run(broker: "Broker") -> None:
    """Take all steps at their intervals until cancelled."""
    async with asyncio.TaskGroup() as group:
        for task in TASKS:
            group.create_task(_repeat(task, broker.pool), name=task.name)


async def _repeat(task: Task, pool: Pool) -> None:
    while wanted():
        try:
            done = await task.run(pool)
        except Exception:
            # One step that fails must not hold up the others; it is taken again next time.
            _log.exception("housekeeping failed", task=task.name)
            done = 0
        if done:
            _log.info("housekeeping", task=task.name, done=done)
        # A full slice means there is more: go on at once.
        await asyncio.sleep(0 if done >= SLICE else task.every.total_seconds())


async def make_partitions(pool: Pool, moment: datetime | None = None) -> int:
    """Make the month partitions of now and the months ahead, and of months grown crowded.

    moment: what is taken for now, for tests.

    A month is crowded when the default partition holds many of its rows: an import of the past,
    or a forecast. Its rows move. Returns how many partitions were made.
    """
    partitions = Partitions(pool)
    this_month = last = month_of(moment or now())
    for _ in range(MONTHS_AHEAD):
        last = next_month(last)
    made = await partitions.ensure(months_between(this_month, last))
    made += await partitions.ensure(await partitions.crowded())
    return len(made)


async def sweep_expired(pool: Pool) -> int:
    """Remove entities and attribute instances whose expiresAt has passed (clause 4.22)."""
    return await _sweep_entities(pool) + await _sweep_attributes(pool)


async def trim_outbox(pool: Pool) -> int:
    """Delete changes older than anyone may resume from; return how many."""
    parameters = {"before": now() - OUTBOX_KEPT, "limit": SLICE}
    async with transaction(pool) as connection:
        return (await connection.execute(_SQL["trim_outbox"], parameters)).rowcount


async def close_days(pool: Pool) -> int:
    """Close the days that are over: from then on rollups tell of them (docs/adr/0014)."""
    return await rollups.close(pool, now())


async def fold_rollups(pool: Pool) -> int:
    """Compute the rollups of marked days, as many as a slice holds; return how many.

    After an import of the past there may be very many: what else this process does must not wait,
    so that it rests three times as long as it worked.
    """
    done = 0
    while done < SLICE and wanted():
        began = perf_counter()
        folded = await rollups.fold(pool)
        done += folded
        if folded < rollups.DAYS:
            break
        await asyncio.sleep(3 * (perf_counter() - began))
    return done


async def apply_retention(pool: Pool) -> int:
    """Remove the history that is past by the rules of the operator; return how many instances."""
    return await retention.carry_out(pool, now())


async def _sweep_entities(pool: Pool) -> int:
    async with single(pool) as connection:
        cursor = await connection.execute(_SQL["expired_entities"], {"limit": SLICE})
        keys = await cursor.fetchall()
    if not keys:
        return 0
    async with transaction(pool) as connection:
        tenants, ids = [key[0] for key in keys], [key[1] for key in keys]
        cursor = await connection.execute(_SQL["lock_expired"], {"tenants": tenants, "ids": ids})
        found = [(row[0], store.from_row(row[1:])) for row in await cursor.fetchall()]
        await connection.execute(
            _SQL["remove_expired"],
            {
                "tenants": [tenant for tenant, _ in found],
                "ids": [entity.id for _, entity in found],
                "documents": [store.to_document(entity).decode() for _, entity in found],
                "bounds": [store.bounds(entity) for _, entity in found],
            },
        )
        return len(found)


async def _sweep_attributes(pool: Pool) -> int:
    # To the second, without a fraction: then the texts compare as the moments they name, but for
    # those with a fraction, which Python looks at again.
    moment = to_text(now().replace(microsecond=0))
    async with single(pool) as connection:
        cursor = await connection.execute(_SQL["entities_with_expired"], {"limit": SLICE})
        keys = await cursor.fetchall()
    if not keys:
        return 0
    results = await write.run(
        pool, [Mutation(tenant, entity_id, _drop_expired) for tenant, entity_id in keys]
    )
    gone = [
        (tenant, entity_id, attr)
        for (tenant, entity_id), written in zip(keys, results, strict=True)
        if isinstance(written, write.Written) and written.change is not None
        for attr in written.change.changed
    ]
    if not gone:
        return 0
    columns = {"tenants": 0, "ids": 1, "attrs": 2}
    async with transaction(pool) as connection:
        await connection.execute(
            _SQL["forget_expired"],
            {"now": moment, **{name: [row[n] for row in gone] for name, n in columns.items()}},
        )
    return len(gone)


def _drop_expired(before: Entity | None, moment: str) -> Change | None:
    """Return the entity without the attribute instances whose time is over."""
    if before is None:
        return None
    attrs: Attributes = {}
    changed: list[str] = []
    for attr, instances in before.attrs.items():
        kept = [i for i in instances if not _is_over(i.get("expiresAt"), moment)]
        if len(kept) < len(instances):
            changed.append(attr)
        if kept:
            attrs[attr] = kept
    if not changed:
        return None
    after = Entity(
        before.id, before.types, attrs, before.scopes, before.created_at, moment, before.expires_at
    )
    return Change(after, changed=changed)


def _is_over(expires_at: str | None, moment: str) -> bool:
    return expires_at is not None and from_text(expires_at) <= from_text(moment)


TASKS = (
    Task("make_partitions", timedelta(hours=6), make_partitions),
    Task("sweep_expired", timedelta(seconds=0.5), sweep_expired),
    Task("close_days", timedelta(minutes=10), close_days),
    Task("fold_rollups", timedelta(seconds=5), fold_rollups),
    Task("retention", timedelta(minutes=30), apply_retention),
    Task("trim_outbox", timedelta(minutes=10), trim_outbox),
    Task("sweep_contexts", timedelta(minutes=10), sweep_contexts),
    Task("sweep_registrations", timedelta(seconds=10), sweep_registrations),
    Task("sweep_entity_maps", timedelta(seconds=10), sweep_entity_maps),
    Task("count_entities", timedelta(minutes=1), usage.count),
    Task("measure_storage", timedelta(minutes=10), usage.measure),
    Task("trim_minutes", timedelta(hours=1), usage.trim),
)
