"""Copying evolutions to another tenant: what a temporal query gives of them (clause 5.16.1.4)."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from tamamo.context.query.text import bind
from tamamo.context.temporal import selection
from tamamo.context.temporal.request import Wanted
from tamamo.kernel.database import Connection
from tamamo.kernel.time import now, to_text

_COLUMNS: Final = (
    "attr, dataset_id, at, instance_id, observed_at, created_at, modified_at, deleted_at, number,"
    " instance"
)
_ROLLUP: Final = (
    "entity_id, attr, dataset_id, day, total, numbers, least, greatest, sum, squares, spread,"
    " different, kind, hours, h_total, h_numbers, h_least, h_greatest, h_sum, h_squares, h_spread,"
    " h_different"
)


async def copy(
    connection: Connection, tenant: str, wanted: Wanted, ids: Sequence[str], into: str
) -> None:
    """Copy these evolutions with the instances the query gives; what is there already stays."""
    params: dict[str, Any] = {"tenant": tenant, "now": to_text(now())}
    column, last_n = selection.time_of(wanted), wanted.times.last_n
    tests = f"{selection.within(wanted, params)} and {selection.of_dataset(wanted, params)}"
    limit = "" if last_n is None else f" order by {column} desc limit {bind(params, last_n)}"
    names, target = selection.names(wanted, ids, params), bind(params, into)
    await connection.execute(
        "insert into temporal_entity (tenant, entity_id, type, types, scopes, created_at,"
        f" modified_at, deleted_at) select {target}::text, t.entity_id, t.type, t.types, t.scopes,"
        " t.created_at, greatest(t.modified_at, e.modified_at), t.deleted_at"
        " from temporal_entity t left join entity e on e.tenant = t.tenant and e.id = t.entity_id"
        " where t.tenant = %(tenant)s and t.entity_id = any(%(ids)s::text[])"
        " on conflict do nothing",
        params,
    )
    await connection.execute(
        f"{names}, history as (insert into attribute_history (tenant, entity_id, {_COLUMNS})"
        f" select {target}::text, n.id, p.* from names n cross join lateral"
        f" (select {_COLUMNS} from attribute_history h where h.tenant = %(tenant)s"
        f" and h.entity_id = n.id and h.attr = n.attr and {tests}{limit}) as p"
        " on conflict do nothing returning tenant, entity_id, attr, at, observed_at, deleted_at)"
        # Whoever writes measurements of closed days marks them (temporal/marks.py).
        " insert into rollup_mark (tenant, entity_id, attr, day) select distinct tenant, entity_id,"
        " attr, (at at time zone 'UTC')::date from history where observed_at is not null"
        " and deleted_at is null"
        " and at < (select closed_until::timestamp at time zone 'UTC' from history_state)",
        params,
    )
    if last_n is None and (not wanted.timed or wanted.times.timeproperty == "observedAt"):
        await _copy_rollups(connection, tenant, wanted, ids, into)


async def _copy_rollups(
    connection: Connection, tenant: str, wanted: Wanted, ids: Sequence[str], into: str
) -> None:
    """Copy what is kept only as rollups of whole days within the times."""
    times = wanted.times
    params: dict[str, Any] = {"tenant": tenant, "into": into, "attrs": None}
    if wanted.attrs is not None:
        params["attrs"] = list(wanted.attrs)
    params |= {
        "ids": list(ids),
        "first": times.start and _first_whole_day(times.start),
        "end": times.end and times.end.date(),
    }
    await connection.execute(
        f"insert into attribute_rollup (tenant, {_ROLLUP}, generation, frozen)"
        f" select %(into)s::text, {_ROLLUP}, 0, true from rollup r"
        " where r.tenant = %(tenant)s and r.entity_id = any(%(ids)s::text[]) and r.frozen"
        " and (%(attrs)s::text[] is null or r.attr = any(%(attrs)s::text[]))"
        " and (%(first)s::date is null or r.day >= %(first)s::date)"
        " and (%(end)s::date is null or r.day < %(end)s::date)"
        " on conflict do nothing",
        params,
    )


def _first_whole_day(moment: datetime) -> date:
    day = moment.date()
    whole = moment.timetz() == time(tzinfo=UTC)
    return day if whole or day == date.max else day + timedelta(days=1)
