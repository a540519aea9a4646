"""What happened to records: acts of people, and changes that came by feeds or the API."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from tamamo.context.broker import Broker
from tamamo.context.entities import store
from tamamo.context.model.entity import Attributes
from tamamo.kernel.database import Connection, single
from tamamo.kernel.time import to_text
from tamamo.registers import lists, values
from tamamo.registers.declaration import Register
from tamamo.registers.desk import Desk
from tamamo.registers.errors import UnknownRecord
from tamamo.registers.model import Edit, FieldChange, Visitor
from tamamo.registers.record import SQL
from tamamo.registers.rights import rights_of

#: Instances of a record's attributes looked at for changes that came by feeds.
_INSTANCES: Final = 2_000


async def of_record(
    desk: Desk, entity_id: str, page: int = 1, size: int = 50, *, feeds: bool = True
) -> list[Edit]:
    """Return a page of a record's history, the newest first; of one that is deleted, too.

    feeds: with what came by feeds and the API (kind `feed`), of the fields of the form. A field
    that is measured has its history in the charts.
    """
    rights = desk.rights
    visitor, register = desk.visitor, desk.register
    last = page * size
    async with single(desk.broker.pool) as connection:
        if entity_id not in await _visible(connection, visitor, register, [entity_id]):
            raise UnknownRecord(f"The register {register.id} has no record {entity_id}")
        cursor = await connection.execute(
            SQL["of_record"],
            {
                "tenant": visitor.tenant,
                "entity": entity_id,
                "register": register.id,
                "limit": last,
                "offset": 0,
            },
        )
        edits = [_edit(register, row, rights.columns) for row in await cursor.fetchall()]
        if feeds:
            edits += await _by_feeds(connection, desk, entity_id, {to_text(e.at) for e in edits})
    await lists.log_reads(desk.broker, visitor, register, [entity_id], "register.history")
    edits.sort(key=lambda edit: (edit.at, edit.id), reverse=True)
    return edits[last - size : last]


async def recent(
    broker: Broker,
    visitor: Visitor,
    registers: Sequence[Register],
    *,
    actor: str | None = None,
    limit: int = 50,
    before: int | None = None,
) -> list[Edit]:
    """Return the newest acts on the registers that a visitor may read."""
    known = {one.id: one for one in registers if rights_of(visitor, one).read}
    async with single(broker.pool) as connection:
        cursor = await connection.execute(
            SQL["of_registers"],
            {
                "tenant": visitor.tenant,
                "registers": list(known),
                "actor": actor,
                "before": before,
                "limit": limit,
            },
        )
        rows = await cursor.fetchall()
        seen: set[str] = set()
        for register in known.values():
            touched = [row[7] for row in rows if row[6] == register.id]
            seen |= await _visible(connection, visitor, register, touched)
    rows = [row for row in rows if row[7] in seen]
    for register in known.values():
        touched = sorted({row[7] for row in rows if row[6] == register.id})
        await lists.log_reads(broker, visitor, register, touched, "register.recent")
    return [_edit(known[row[6]], row, rights_of(visitor, known[row[6]]).columns) for row in rows]


async def _visible(
    connection: Connection, visitor: Visitor, register: Register, ids: Sequence[str]
) -> set[str]:
    """Return those of the records that the visitor may see, or might have seen while they were."""
    if visitor.access.read.allows([register.type]):
        everybody = set(ids)
        if visitor.access.read.everything:
            return everybody
    else:
        everybody = set()
    found = await store.fetch(connection, [(visitor.tenant, one) for one in ids])
    there = {entity.id: entity for entity in found.values()}
    hidden = {name for name, one in there.items() if not lists.is_record(visitor, register, one)}
    return (everybody | set(there)) - hidden


def _edit(register: Register, row: tuple[Any, ...], columns: frozenset[str]) -> Edit:
    (number, batch, kind, actor, name, at, _, entity, title, before, after, note, undoes, by) = row
    return Edit(
        id=number,
        batch=batch,
        kind=kind,
        actor=actor,
        name=name,
        at=at,
        register=register.id,
        entity_id=entity,
        title=title if register.heading.name in columns else register.key_of(entity),
        changes=_seen(values.differences(register, before, after), columns),
        note=note,
        undoes=undoes,
        undone_by=by,
        undoable=by is None,
    )


def _seen(changes: Sequence[FieldChange], columns: frozenset[str]) -> tuple[FieldChange, ...]:
    return tuple(change for change in changes if change.field in columns)


async def _by_feeds(
    connection: Connection, desk: Desk, entity_id: str, known: set[str]
) -> list[Edit]:
    """Return changes of the form's fields that no edit made, one for each moment."""
    register = desk.register
    cursor = await connection.execute(
        SQL["written"],
        {
            "tenant": desk.visitor.tenant,
            "entity": entity_id,
            "attrs": sorted({column.iri for column in register.form}),
            "limit": _INSTANCES,
        },
    )
    rows = await cursor.fetchall()
    state: Attributes = {}
    found: list[Edit] = []
    by_moment: dict[Any, dict[str, Any]] = {}
    for attr, instance, modified, deleted in reversed(rows):
        by_moment.setdefault(modified, {})[attr] = None if deleted else instance
    for moment, written in by_moment.items():
        before = dict(state)
        for attr, instance in written.items():
            state.pop(attr, None)
            if instance is not None:
                state[attr] = [instance]
        changes = values.differences(register, before, state)
        if changes and to_text(moment) not in known:
            seen = _seen(changes, desk.rights.columns)
            found.append(_by_feed(register, entity_id, moment, seen))
    return found


def _by_feed(
    register: Register, entity_id: str, moment: datetime, changes: tuple[FieldChange, ...]
) -> Edit:
    return Edit(
        id=0,
        batch=None,
        kind="feed",
        actor="",
        name="",
        at=moment,
        register=register.id,
        entity_id=entity_id,
        title=register.key_of(entity_id),
        changes=changes,
    )
