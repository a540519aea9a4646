"""How long history is kept, by tenant and type (docs/adr/0014).

Months in which everything is past are dropped whole, the rest goes in small steps that no writer
waits for. Of measurements the rollups stay, as long as their own time says. The current state is
not touched.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from time import perf_counter
from typing import Any, Final, NamedTuple

import structlog
from psycopg import sql as compose
from psycopg.errors import LockNotAvailable

from tamamo.context.temporal import partitions, rollups
from tamamo.context.temporal.rows import SCOPE
from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool, single, transaction
from tamamo.kernel.errors import Unavailable
from tamamo.kernel.tasks import wanted

_SQL = sql.load(__package__, "retention.sql")
_log = structlog.get_logger(__name__)

#: Every tenant, or every type.
ANY: Final = "*"
#: Entities looked at together; days and instances that go in one transaction.
_ENTITIES, _DAYS, _INSTANCES = 200, 500, 2_000
#: Measurements that go in one transaction, a day of one attribute at least.
_MEASUREMENTS: Final = 5_000
#: Instances that may outlive a month that is dropped: so few that they get no partition again. With
#: more the month is emptied step by step.
_SURVIVORS: Final = partitions.WORTH_A_PARTITION - 1


@dataclass(frozen=True, slots=True)
class Rule:
    """How long entities of a tenant and type keep their instances, and their rollups.

    keep, keep_rollups: as PostgreSQL writes an interval; None = for ever. applied_until: instances
    before this day are gone. horizon: the day before which they are past now.
    """

    tenant: str
    type: str
    keep: str
    keep_rollups: str | None
    applied_until: date | None
    applied_at: datetime | None
    removed: int
    horizon: date


class Past(NamedTuple):
    """An entity and the days before which its instances and rollups are past; by which rule."""

    tenant: str
    entity_id: str
    horizon: date
    rollups: date | None
    rule_tenant: str
    rule_type: str
    gone: bool


async def rules(pool: Pool, moment: datetime) -> list[Rule]:
    """Return the rules, the most general first."""
    async with single(pool) as connection:
        cursor = await connection.execute(_SQL["rules"], {"now": moment})
        return [Rule(*row) for row in await cursor.fetchall()]


async def set_rule(pool: Pool, tenant: str, type_: str, keep: str, rollups: str | None) -> None:
    """Set a rule. keep, rollups: ISO 8601 durations; rollups None = for ever."""
    async with transaction(pool) as connection:
        parameters = {"tenant": tenant, "type": type_, "keep": keep, "rollups": rollups}
        await connection.execute(_SQL["set_rule"], parameters)


async def remove_rule(pool: Pool, tenant: str, type_: str) -> bool:
    """Remove a rule; return whether there was one."""
    async with transaction(pool) as connection:
        parameters = {"tenant": tenant, "type": type_}
        row = await (await connection.execute(_SQL["remove_rule"], parameters)).fetchone()
        return bool(row and row[0])


async def preview(
    pool: Pool, moment: datetime, tenant: str, type_: str, keep: str
) -> list[tuple[str, str, int, int, datetime, datetime]]:
    """Return what would go with such a rule: tenant, type, entities, instances, first, last.

    Counts every instance before the horizon; the few that still hold when it begins stay.
    """
    async with transaction(pool) as connection:
        await connection.execute("set local statement_timeout = 0")
        parameters = {"tenant": tenant, "type": type_, "keep": keep, "now": moment}
        cursor = await connection.execute(_SQL["preview"], parameters)
        return await cursor.fetchall()


async def gone_before(connection: Connection, tenant: str, types: Iterable[str]) -> date | None:
    """Return the day before which instances of such entities are no longer kept; None = never."""
    parameters = {"tenant": tenant, "types": list(types)}
    row = await (await connection.execute(_SQL["gone_before"], parameters)).fetchone()
    return row[0] if row else None


async def carry_out(pool: Pool, moment: datetime) -> int:
    """Remove what is past; return how many instances went, whole months not counted.

    Nothing is done when the rules have been carried out up to the day. May be interrupted at any
    time: what is past then still is.
    """
    told = await rules(pool, moment)
    if all(r.applied_until is not None and r.applied_until >= r.horizon for r in told):
        return 0
    async with transaction(pool) as connection:
        await connection.execute(_SQL["something_lost"])
    latest = max(rule.horizon for rule in told)
    months = await drop_months(pool, moment, latest)
    count = 0
    tenant = entity_id = ""
    while wanted():
        async with single(pool) as connection:
            after = {"tenant": tenant, "id": entity_id, "limit": _ENTITIES, "now": moment}
            rows = await (await connection.execute(_SQL["entities"], after)).fetchall()
        if not rows:
            break
        tenant, entity_id = rows[-1][:2]
        groups: dict[tuple[str, str], list[Past]] = {}
        for past in (Past(*row) for row in rows if row[2] is not None):
            groups.setdefault((past.rule_tenant, past.rule_type), []).append(past)
        for rule, entities in groups.items():
            count += await _clear(pool, rule, entities)
    async with transaction(pool) as connection:
        await connection.execute(_SQL["applied"], {"now": moment})
    _log.info("retention", before=str(latest), instances=count, months=[str(m) for m in months])
    return count


async def drop_months(pool: Pool, moment: datetime, latest: date) -> list[date]:
    """Drop the months before `latest` in which everything is past; return them."""
    dropped = []
    for month in await partitions.existing(pool):
        if partitions.next_month(month) <= latest:
            try:
                if await _drop_month(pool, moment, month):
                    dropped.append(month)
                    _log.info("retention", dropped=partitions.table_name(month))
            except Unavailable as error:
                if not isinstance(error.__cause__, LockNotAvailable):
                    raise  # too busy: next time, or step by step
    return dropped


async def _drop_month(pool: Pool, moment: datetime, month: date) -> bool:
    name = compose.Identifier(partitions.table_name(month))
    bounds = {"start": month, "end": partitions.next_month(month), "now": moment}

    async def ask(block: str, **more: Any) -> Any:
        # The one place that holds an identifier; psycopg fills it in.
        statement = compose.SQL(_SQL[block]).format(table=name)
        return await connection.execute(statement, {**bounds, **more})

    async with transaction(pool) as connection:
        await connection.execute("set local statement_timeout = 0")
        if not await rollups.lock(connection):
            return False
        for reason in ("spares", "unready"):
            if (await (await ask(reason)).fetchone())[0]:
                return False
        kept = await (await ask("survivors", scope=SCOPE, limit=_SURVIVORS + 1)).fetchall()
        if len(kept) > _SURVIVORS:
            return False
        await partitions.lock_history(connection)
        if (await (await ask("unready")).fetchone())[0]:
            return False
        await ask("detach")
        if kept:
            await ask("keep_survivors", **_instance_columns(kept))
        await ask("note_dropped")
        await ask("drop_table")
    return True


async def _clear(pool: Pool, rule: tuple[str, str], entities: Sequence[Past]) -> int:
    """Remove what is past of some entities of one rule, step by step."""
    keys = {
        "tenants": [e.tenant for e in entities],
        "ids": [e.entity_id for e in entities],
        "horizons": [e.horizon for e in entities],
        "gones": [e.gone for e in entities],
        "scope": SCOPE,
    }
    count = 0
    for step in (_drop_days, _drop_instances):
        count += await _repeat(pool, keys, step)
    if entities[0].rollups is not None:
        await _repeat(pool, {**keys, "rollups": [e.rollups for e in entities]}, _drop_rollups)
    if count:
        async with transaction(pool) as connection:
            named = {"tenant": rule[0], "type": rule[1], "count": count}
            await connection.execute(_SQL["count_removed"], named)
    return count


#: Takes keys; returns how many instances went, and whether there may be more.
Step = Callable[[Pool, dict[str, Any]], Awaitable[tuple[int, bool]]]


async def _repeat(pool: Pool, keys: dict[str, Any], step: Step) -> int:
    """Take a step until it finds nothing more, resting in between as long as it took."""
    count, more = 0, True
    while more and wanted():
        began = perf_counter()
        done, more = await step(pool, keys)
        count += done
        await asyncio.sleep(perf_counter() - began)
    return count


async def _drop_days(pool: Pool, keys: dict[str, Any]) -> tuple[int, bool]:
    async with single(pool) as connection:
        cursor = await connection.execute(_SQL["past_days"], {**keys, "limit": _DAYS})
        rows = await cursor.fetchall()
    if not rows:
        return 0, False
    chosen, size = [], 0
    for row in rows:
        size += row[5]
        chosen.append(row)
        if size >= _MEASUREMENTS:
            break
    names = ("tenants", "ids", "attrs", "datasets", "days")
    columns = {name: [row[n] for row in chosen] for n, name in enumerate(names)}
    async with transaction(pool) as connection:
        if not await rollups.lock(connection):
            return 0, True  # rollups are being computed: try again
        return (await connection.execute(_SQL["drop_days"], columns)).rowcount, True


async def _drop_instances(pool: Pool, keys: dict[str, Any]) -> tuple[int, bool]:
    async with single(pool) as connection:
        cursor = await connection.execute(_SQL["past_instances"], {**keys, "limit": _INSTANCES})
        rows = await cursor.fetchall()
    if not rows:
        return 0, False
    async with transaction(pool) as connection:
        cursor = await connection.execute(_SQL["drop_instances"], _instance_columns(rows))
        return cursor.rowcount, len(rows) == _INSTANCES


async def _drop_rollups(pool: Pool, keys: dict[str, Any]) -> tuple[int, bool]:
    async with transaction(pool) as connection:
        cursor = await connection.execute(_SQL["drop_rollups"], {**keys, "limit": _INSTANCES})
        return cursor.rowcount, cursor.rowcount == _INSTANCES


def _instance_columns(rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    names = ("tenants", "ids", "attrs", "ats", "instances")
    return {name: [row[n] for row in rows] for n, name in enumerate(names)}
