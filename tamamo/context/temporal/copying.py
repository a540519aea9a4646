"""Copying evolutions to another tenant: what a temporal query gives of them (clause 5.16.1.4)."""

from collections.abc import Sequence
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
        f"{names} insert into attribute_history (tenant, entity_id, {_COLUMNS})"
        f" select {target}::text, n.id, p.* from names n cross join lateral"
        f" (select {_COLUMNS} from attribute_history h where h.tenant = %(tenant)s"
        f" and h.entity_id = n.id and h.attr = n.attr and {tests}{limit}) as p"
        " on conflict do nothing",
        params,
    )
