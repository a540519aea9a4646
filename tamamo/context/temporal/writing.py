"""Changing the history itself (clauses 5.6.11 to 5.6.16). The current state is not touched."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import TupleRow

from tamamo.context.acting import bounded, writer
from tamamo.context.errors import ResourceNotFound
from tamamo.context.model.entity import Instance
from tamamo.context.temporal.body import EvolutionBody
from tamamo.context.temporal.marks import Measured, mark
from tamamo.context.temporal.rows import HistoryRow, history_row
from tamamo.kernel import audit, sql
from tamamo.kernel.database import Connection, Pool, transaction
from tamamo.kernel.time import now, to_text

_SQL = sql.load(__package__)

#: Instances written by one statement.
_PART: Final = 1000

#: Raises what forbids a change; awaited first in its transaction.
Permit = Callable[[Connection], Awaitable[None]]


async def anybody(_: Connection) -> None:
    """Permit everything."""


async def upsert(pool: Pool, tenant: str, body: EvolutionBody, permit: Permit = anybody) -> bool:
    """Create an evolution or add to it (5.6.11). Returns whether it was created."""
    moment = to_text(now())
    async with transaction(pool) as connection:
        await permit(connection)
        row = await _fetch(
            connection,
            "upsert_evolution",
            tenant=tenant, id=body.id, types=body.types, scopes=body.scopes, now=moment,
        )  # fmt: skip
        await _insert_all(connection, tenant, body, moment)
        action = "evolution.create" if row and row[0] else "evolution.change"
        await note(connection, tenant, body.id, action, after=_said(body))
    return bool(row and row[0])


async def add(
    pool: Pool, tenant: str, entity_id: str, body: EvolutionBody, permit: Permit = anybody
) -> None:
    """Add instances to an evolution (5.6.12). Raises ResourceNotFound."""
    moment = to_text(now())
    async with transaction(pool) as connection:
        await permit(connection)
        row = await _fetch(
            connection,
            "touch_evolution",
            tenant=tenant, id=entity_id, types=body.types, scopes=body.scopes, now=moment,
        )  # fmt: skip
        if row is None:
            raise _unknown(entity_id)
        await _insert_all(connection, tenant, replace(body, id=entity_id), moment)
        await note(connection, tenant, entity_id, after=_said(body))


async def delete(pool: Pool, tenant: str, entity_id: str, permit: Permit = anybody) -> None:
    """Delete an evolution and all its instances (5.6.16). Raises ResourceNotFound."""
    async with transaction(pool) as connection:
        await permit(connection)
        await note(connection, tenant, entity_id, "evolution.delete")
        if await _fetch(connection, "delete_evolution", tenant=tenant, id=entity_id) is None:
            raise _unknown(entity_id)
        await connection.execute(_SQL["delete_history"], {"tenant": tenant, "id": entity_id})


async def delete_attribute(
    pool: Pool,
    tenant: str,
    entity_id: str,
    attr: str,
    dataset_id: str | None,
    *,
    permit: Permit = anybody,
) -> None:
    """Delete an attribute's instances of one datasetId, "" for none, None for all (5.6.13).

    Raises ResourceNotFound.
    """
    async with transaction(pool) as connection:
        await permit(connection)
        await _require(connection, tenant, entity_id)
        cursor = await connection.execute(
            _SQL["delete_attribute"],
            {"tenant": tenant, "id": entity_id, "attr": attr, "dataset": dataset_id},
        )
        row = await cursor.fetchone()
        if row is None or not row[0]:
            raise ResourceNotFound(f"The evolution of {entity_id} has no such attribute")
        await note(connection, tenant, entity_id, before={attr: {"datasetId": dataset_id}})


@dataclass(frozen=True, slots=True)
class Place:
    """Where one instance of the history is."""

    tenant: str
    entity_id: str
    attr: str
    instance_id: UUID


async def delete_instance(pool: Pool, place: Place, permit: Permit = anybody) -> None:
    """Delete one instance (5.6.15). Raises ResourceNotFound."""
    async with transaction(pool) as connection:
        await permit(connection)
        await _take(connection, place)
        before = {place.attr: {"instanceId": str(place.instance_id)}}
        await note(connection, place.tenant, place.entity_id, before=before)


async def replace_instance(
    pool: Pool, place: Place, instance: Instance, permit: Permit = anybody
) -> None:
    """Put another instance in the place of one (5.6.14); its createdAt and id stay.

    Raises ResourceNotFound.
    """
    async with transaction(pool) as connection:
        await permit(connection)
        created_at = await _take(connection, place)
        times = {"createdAt": to_text(created_at), "modifiedAt": to_text(now())}
        row = history_row(place.tenant, place.entity_id, place.attr, {**instance, **times})
        await _insert(connection, [row._replace(instance_id=place.instance_id)], merge=False)
        after = {place.attr: {"instanceId": str(place.instance_id), **instance}}
        await note(connection, place.tenant, place.entity_id, after=after)


async def note(
    connection: Connection,
    tenant: str,
    entity_id: str,
    action: str = "evolution.change",
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Note a change of the history, in its transaction, where somebody is to answer for it.

    before, after: what was touched by attribute; of personal data only the names are kept.
    """
    act = writer()
    if act is None:
        return
    row = await _fetch(connection, "types_of_evolution", tenant=tenant, id=entity_id)
    types: list[str] = row[0] if row else []
    if act.is_personal(types):
        names = list({**(before or {}), **(after or {})})
        before, after = None, {"types": types, "attributes": names}
    elif not act.by_person:
        return
    sides = (None if side is None else bounded(side) for side in (before, after))
    await audit.append(connection, audit.Event(act.tenant, act.subject, action, entity_id, *sides))


def _said(body: EvolutionBody) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for attr, instance in body.instances:
        said.setdefault(attr, []).append(instance)
    return said


def _rows(
    tenant: str, entity_id: str, instances: Iterable[tuple[str, Instance]], moment: str
) -> list[HistoryRow]:
    times = {"createdAt": moment, "modifiedAt": moment}
    rows = [history_row(tenant, entity_id, attr, {**i, **times}) for attr, i in instances]
    # Of two observations of one moment in a body the last counts.
    seen = {
        (row.attr, row.dataset_id, row.observed_at or row.instance_id, row.deleted_at): row
        for row in rows
    }
    return list(seen.values())


async def _insert_all(
    connection: Connection, tenant: str, body: EvolutionBody, moment: str
) -> None:
    # In parts, between which others are served: a body may hold years.
    for start in range(0, len(body.instances), _PART):
        part = body.instances[start : start + _PART]
        await _insert(connection, _rows(tenant, body.id, part, moment))


async def _insert(
    connection: Connection, rows: Sequence[HistoryRow], *, merge: bool = True
) -> None:
    if rows:
        columns = zip(HistoryRow._fields, zip(*rows, strict=True), strict=True)
        params = {name: list(column) for name, column in columns}
        cursor = await connection.execute(_SQL["insert_history"], {**params, "merge": merge})
        (closed_until,) = await cursor.fetchone() or ("",)
        await mark(connection, map(_measured, rows), closed_until)


def _measured(row: HistoryRow) -> Measured:
    measured = row.observed_at is not None and row.deleted_at is None
    return row.tenant, row.entity_id, row.attr, to_text(row.at) if measured else None


async def _take(connection: Connection, place: Place) -> datetime:
    """Take the instance out and return when it was created. Raises ResourceNotFound."""
    await _require(connection, place.tenant, place.entity_id)
    row = await _fetch(
        connection,
        "take_instance",
        tenant=place.tenant, id=place.entity_id, attr=place.attr, instance=place.instance_id,
    )  # fmt: skip
    if row is None:
        raise ResourceNotFound(f"The attribute has no instance {place.instance_id}")
    created_at: datetime = row[0]
    return created_at


async def _require(connection: Connection, tenant: str, entity_id: str) -> None:
    if await _fetch(connection, "lock_evolution", tenant=tenant, id=entity_id) is None:
        raise _unknown(entity_id)


async def _fetch(connection: Connection, block: str, **params: object) -> TupleRow | None:
    return await (await connection.execute(_SQL[block], params)).fetchone()


def _unknown(entity_id: str) -> ResourceNotFound:
    return ResourceNotFound(f"Nothing is known of the evolution of {entity_id}")
