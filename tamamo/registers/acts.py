"""Changing one record: preview, edit, create, delete; and who was first when two do it at once."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from tamamo.context.errors import AlreadyExists
from tamamo.context.model.entity import Attributes, Entity
from tamamo.kernel.database import Connection, single
from tamamo.kernel.errors import Forbidden, Problem
from tamamo.kernel.time import from_text, now, to_text
from tamamo.registers import lists, values
from tamamo.registers.declaration import Register
from tamamo.registers.desk import Desk
from tamamo.registers.errors import (
    EditConflict,
    FieldConflict,
    FieldError,
    Invalid,
    UnknownRecord,
)
from tamamo.registers.model import Cell, Edit, Preview, Visitor
from tamamo.registers.record import SQL, Act, Step, carry_out, edit_of, in_transaction, note
from tamamo.registers.rights import may_write
from tamamo.registers.schema import validate

#: Characters of a key: it stands in ids and addresses.
_LONGEST_KEY: Final = 100


class Moved(Problem):
    """The record is no longer what the editor saw; becomes an EditConflict."""

    def __init__(self, entity: Entity) -> None:
        super().__init__("changed meanwhile")
        self.entity = entity


def may_edit(desk: Desk, names: Mapping[str, Any]) -> None:
    """Raise Forbidden naming the fields that the visitor may not edit."""
    if denied := sorted(set(names) - desk.rights.fields):
        raise Forbidden(f"You may not edit these fields of {desk.register.id}: {', '.join(denied)}")


def next_attrs(
    register: Register, attrs: Attributes, wanted: Mapping[str, Any], moment: str
) -> Attributes:
    """Return attributes with other values of columns; what is equal already stays untouched."""
    after = dict(attrs)
    for name, value in wanted.items():
        column = register.column(name)
        first = values.default_instance(after, column.iri)
        if values.value_in(column, first) == value and (first is not None or value is None):
            continue
        instance = values.instance_for(column, value, first, moment)
        rest = after.get(column.iri, [])[1:]
        kept = ([] if instance is None else [instance]) + rest
        if kept:
            after[column.iri] = kept
        else:
            after.pop(column.iri, None)
    return after


def edited(register: Register, entity: Entity, wanted: Mapping[str, Any], moment: str) -> Entity:
    """Return the record with other values; the very same when they are equal. Raises Invalid."""
    attrs = next_attrs(register, entity.attrs, wanted, moment)
    if attrs == entity.attrs:
        return entity
    errors = validate(register, values.form_values(register, attrs), frozenset(wanted))
    if errors:
        raise Invalid(errors)
    return replace(entity, attrs=attrs, modified_at=moment)


def created(desk: Desk, wanted: Mapping[str, Any], moment: str) -> Entity:
    """Return a new record. Raises Invalid, Forbidden."""
    register = desk.register
    key = str(wanted.get(register.key.name) or "").strip()
    errors = _key_errors(register, key)
    entity = Entity(register.entity_id(key), [register.type], scopes=_scopes(desk))
    entity.attrs = next_attrs(register, {}, {**wanted, register.key.name: key or None}, moment)
    errors += validate(register, values.form_values(register, entity.attrs))
    if errors:
        raise Invalid(errors)
    return entity


def _key_errors(register: Register, key: str) -> list[FieldError]:
    label = register.key.label
    if not key:
        ja, en = f"{label.ja}：入力してください", f"{label.en}: this is required"
        return [FieldError(register.key.name, "required", ja, en)]
    if len(key) > _LONGEST_KEY:
        ja = f"{label.ja}：{_LONGEST_KEY} 文字までです"
        en = f"{label.en}: at most {_LONGEST_KEY} characters"
        return [FieldError(register.key.name, "maxLength", ja, en)]
    return []


def _scopes(desk: Desk) -> list[str]:
    """Return the scopes of what a visitor creates: the first of a grant that has only some."""
    reach, register = desk.visitor.access.write, desk.register
    if reach.allows([register.type]):
        return []
    for part in reach.parts:
        if part.scopes and (part.types is None or register.type in part.types):
            return [part.scopes[0]]
    raise Forbidden(f"You may not create records of {register.id}")


async def preview(
    desk: Desk,
    entity_id: str | None,
    wanted: Mapping[str, Any],
) -> Preview:
    """Return what an edit would change, or a new record would hold. Raises Invalid, Forbidden."""
    register, visitor = desk.register, desk.visitor
    moment = to_text(now())
    if entity_id is None:
        may_edit(desk, _but_key(register, wanted))
        entity = created(desk, wanted, moment)
        return Preview(values.differences(register, None, entity.attrs), "")
    may_edit(desk, wanted)
    async with single(desk.broker.pool) as connection:
        before = await lists.find(connection, visitor, register, entity_id)
    after = edited(register, before, wanted, moment)
    changes = values.differences(register, before.attrs, after.attrs)
    return Preview(changes, lists.version_of(register, before))


def _but_key(register: Register, wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if name != register.key.name}


def writable(desk: Desk, entity_id: str, entity: Entity | None) -> Entity:
    """Return a record that the visitor may change. Raises UnknownRecord, Forbidden."""
    if entity is None or not lists.is_record(desk.visitor, desk.register, entity):
        raise UnknownRecord(f"The register {desk.register.id} has no record {entity_id}")
    if not may_write(desk.visitor.access, entity):
        raise Forbidden(f"You may not change {entity_id}")
    return entity


async def edit(
    desk: Desk,
    entity_id: str,
    version: str,
    wanted: Mapping[str, Any],
    remark: str = "",
) -> Edit | None:
    """Change fields of a record; None when nothing differs.

    Raises Invalid, Forbidden, UnknownRecord, and EditConflict when somebody else changed a field
    of the form since `version`.
    """
    register = desk.register
    may_edit(desk, wanted)

    def step(before: Entity | None, moment: str) -> Entity | None:
        entity = writable(desk, entity_id, before)
        if not is_version(register, entity, version):
            raise Moved(entity)
        return edited(register, entity, wanted, moment)

    try:
        return await _alone(Act(desk, "edit", _now(), remark), entity_id, step)
    except Moved as moved:
        raise await conflict(desk, moved.entity, version, wanted) from None


async def create(
    desk: Desk,
    wanted: Mapping[str, Any],
    remark: str = "",
) -> Edit:
    """Create a record; its key makes its id. Raises Invalid (also when it exists), Forbidden."""
    may_edit(desk, _but_key(desk.register, wanted))
    desk.require(desk.rights.create, "create")
    moment = _now()
    entity = created(desk, wanted, moment)
    act = Act(desk, "create", moment, remark)
    try:
        found = await _alone(act, entity.id, lambda before, _: fresh(entity, before))
    except AlreadyExists:
        raise Invalid([_taken(desk.register)]) from None
    assert found is not None
    return found


def fresh(entity: Entity, before: Entity | None) -> Entity:
    """Return a new entity where there is none yet. Raises AlreadyExists."""
    if before is not None:
        raise AlreadyExists(f"{entity.id} exists already")
    # The write path uses up what it is given, and may ask again.
    attrs = {iri: [dict(one) for one in items] for iri, items in entity.attrs.items()}
    return replace(entity, attrs=attrs)


def _taken(register: Register) -> FieldError:
    label = register.key.label
    ja, en = f"{label.ja}：すでに使われています", f"{label.en}: is taken already"
    return FieldError(register.key.name, "taken", ja, en)


async def delete(
    desk: Desk,
    entity_id: str,
    version: str,
    remark: str = "",
) -> Edit:
    """Delete a record; can be undone. Raises Forbidden, UnknownRecord, EditConflict."""
    register = desk.register
    may_edit(desk, {})
    desk.require(desk.rights.delete, "delete")

    def step(before: Entity | None, _moment: str) -> None:
        entity = writable(desk, entity_id, before)
        if not is_version(register, entity, version):
            raise Moved(entity)

    act = Act(desk, "delete", _now(), remark)
    try:
        found = await _alone(act, entity_id, step)
    except Moved as moved:
        raise await conflict(desk, moved.entity, version, {}) from None
    assert found is not None
    return found


def _now() -> str:
    return to_text(now())


async def _alone(act: Act, entity_id: str, step: Step) -> Edit | None:
    async def run(connection: Connection) -> Edit | None:
        done = await carry_out(connection, act, [(entity_id, step)])
        if not done:
            return None
        number, *_ = await note(connection, act, done)
        return edit_of(act, done[0], number)

    return await in_transaction(act.desk.broker, run)


def is_version(register: Register, entity: Entity, version: str) -> bool:
    """Whether the form's fields are what the version saw, whatever else changed since."""
    return lists.version_of(register, entity).partition("~")[2] == version.partition("~")[2]


async def conflict(
    desk: Desk,
    entity: Entity,
    version: str,
    wanted: Mapping[str, Any],
) -> EditConflict:
    """Return in which fields the record differs from what an editor started from."""
    register, visitor = desk.register, desk.visitor
    base: Attributes | None = None
    by, at = None, None
    async with single(desk.broker.pool) as connection:
        try:
            since = to_text(from_text(version.partition("~")[0]))
        except ValueError:
            since = ""
        if since:
            base = await _state_at(connection, visitor, register, entity.id, since)
            cursor = await connection.execute(
                SQL["last_after"],
                {"tenant": visitor.tenant, "entity": entity.id, "since": since},
            )
            by, at = await cursor.fetchone() or (None, None)
    seen = lists.shown(visitor, register, entity)
    fields = [
        one
        for column in register.form
        if column.name in seen
        for one in _differing(register, column.name, base, entity.attrs, wanted)
    ]
    return EditConflict(lists.version_of(register, entity), fields, by, at)


async def _state_at(
    connection: Connection, visitor: Visitor, register: Register, entity_id: str, at: str
) -> Attributes:
    cursor = await connection.execute(
        SQL["state_at"],
        {
            "tenant": visitor.tenant,
            "entity": entity_id,
            "attrs": sorted({column.iri for column in register.form}),
            "at": at,
        },
    )
    return {row[0]: [row[1]] for row in await cursor.fetchall() if row[2] is None}


def _differing(
    register: Register,
    name: str,
    base: Attributes | None,
    theirs: Attributes,
    wanted: Mapping[str, Any],
) -> list[FieldConflict]:
    """Return the conflict of a field, if there is one: others changed it, or both did."""
    column = register.column(name)
    there = values.cell_of(column, theirs)
    was = there if base is None else values.cell_of(column, base)
    mine = Cell(wanted[name], column.unit) if name in wanted else was
    others = was.value != there.value
    if not others and not (name in wanted and mine.value != there.value):
        return []
    overlaps = name in wanted and mine.value != there.value and (others or base is None)
    return [FieldConflict(name, _held(was), _held(there), _held(mine), overlaps)]


def _held(cell: Cell) -> Cell | None:
    return None if cell.value is None else cell
