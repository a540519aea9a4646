"""Taking an act back: itself an act, refused where something else happened since."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import uuid4

from tamamo.context.model.entity import Attributes, Entity, Instance
from tamamo.context.model.sameness import same
from tamamo.kernel.database import Connection
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.time import now, to_text
from tamamo.registers import values
from tamamo.registers.acts import fresh, writable
from tamamo.registers.desk import Desk
from tamamo.registers.errors import FieldConflict, NotUndoable, Obstacle, UnknownRecord
from tamamo.registers.model import Batch, Edit
from tamamo.registers.record import SQL, Act, Done, Step, carry_out, edit_of, in_transaction, note
from tamamo.registers.rights import may_read
from tamamo.registers.schema import validate

_SHOWN: Final = 20
_TIMES: Final = ("createdAt", "modifiedAt")


@dataclass(frozen=True, slots=True)
class _Taken:
    """A row of register_edit that is to be undone."""

    id: int
    entity_id: str
    register: str
    title: str
    head: Mapping[str, Any] | None
    before: Attributes | None
    after: Attributes | None
    undone_by: int | None
    actor: str


class _Blocked(NotUndoable):
    """One record keeps the act from being undone; the others are looked at all the same."""

    def __init__(self, code: str, obstacle: Obstacle) -> None:
        super().__init__(code, *_REASONS[code], [obstacle])


_REASONS: Final = {
    "undone_already": ("すでに取り消されています", "It has been undone already"),
    "changed_since": (
        "そのあとに変更されたため、取り消せません",
        "It was changed since and cannot be undone",
    ),
    "exists_already": (
        "同じIDの記録が新しく作られたため、元に戻せません",
        "A new record of the same id exists, so it cannot come back",
    ),
    "deleted_since": (
        "そのあとに削除されたため、取り消せません",
        "It was deleted since and cannot be undone",
    ),
    "not_valid": (
        "元の値はいまの規則や他の項目に合わないため、戻せません",
        "The former value does not fit the rules or the other fields any more",
    ),
}


async def undo_edit(desk: Desk, number: int) -> Edit:
    """Take one edit back. Raises NotUndoable, Forbidden, UnknownRecord."""
    act = Act(desk, "undo", to_text(now()))

    async def run(connection: Connection) -> Edit:
        cursor = await connection.execute(
            SQL["take_edit"], {"tenant": desk.visitor.tenant, "id": number}
        )
        taken = [_taken(row) for row in await cursor.fetchall()]
        stated = replace(act, undoes={one.entity_id: one.id for one in taken})
        done, numbers = await _take_back(connection, stated, taken)
        if not done:
            raise NotUndoable("undone_already", *_REASONS["undone_already"])
        return edit_of(stated, done[0], numbers[0])

    return await in_transaction(desk.broker, run)


async def undo_batch(desk: Desk, batch: str) -> Batch:
    """Take back all edits of a bulk edit or an import, or none. Raises NotUndoable, Forbidden."""
    act = Act(desk, "undo", to_text(now()), batch=str(uuid4()))

    async def run(connection: Connection) -> Batch:
        cursor = await connection.execute(
            SQL["take_batch"], {"tenant": desk.visitor.tenant, "batch": batch}
        )
        taken = [_taken(row) for row in await cursor.fetchall()]
        stated = replace(act, undoes={one.entity_id: one.id for one in taken})
        done, _ = await _take_back(connection, stated, taken)
        assert act.batch is not None
        return Batch(act.batch, len(done), len(taken) - len(done))

    return await in_transaction(desk.broker, run)


def _taken(row: tuple[Any, ...]) -> _Taken:
    identifier, entity, register, _kind, title, head, before, after, undone_by, _, actor, _ = row
    return _Taken(identifier, entity, register, title, head, before, after, undone_by, actor)


async def _take_back(
    connection: Connection, act: Act, taken: list[_Taken]
) -> tuple[list[Done], list[int]]:
    desk = act.desk
    if not taken or any(one.register != desk.register.id for one in taken):
        raise UnknownRecord("There is no such edit of this register")
    if any(one.undone_by is not None for one in taken):
        raise NotUndoable("undone_already", *_REASONS["undone_already"])
    for one in taken:
        _allow(desk, one)
    obstacles: dict[str, list[Obstacle]] = {}
    steps = [(one.entity_id, _collecting(_step(desk, one), obstacles)) for one in taken]
    done = await carry_out(connection, act, steps)
    if obstacles:
        code = max(obstacles, key=lambda name: len(obstacles[name]))
        every = [one for found in obstacles.values() for one in found]
        raise NotUndoable(code, *_REASONS[code], every[:_SHOWN])
    numbers = await note(connection, act, done)
    by_entity = dict(zip((one.entity_id for one in done), numbers, strict=True))
    undone = [one for one in taken if one.entity_id in by_entity]
    await connection.execute(
        SQL["mark_undone"],
        {
            "tenant": desk.visitor.tenant,
            "ids": [one.id for one in undone],
            "bys": [by_entity[one.entity_id] for one in undone],
        },
    )
    return done, numbers


def _allow(desk: Desk, taken: _Taken) -> None:
    """Raise Forbidden unless the visitor might have done by hand what undoing does.

    Who may create but not delete takes back what is their own.
    """
    rights = desk.rights
    if taken.before is None:
        own = taken.actor == desk.visitor.actor.subject
        desk.require(rights.delete or (rights.create and own), "delete")
    elif taken.after is None:
        desk.require(rights.create, "create")
    else:
        free = {c.iri for c in desk.register.columns if c.name in rights.fields}
        if denied := sorted({**taken.before, **taken.after}.keys() - free):
            raise Forbidden(f"You may not edit {', '.join(denied)}")


def _collecting(step: Step, obstacles: dict[str, list[Obstacle]]) -> Step:
    """Return a step that notes why it cannot be taken instead of stopping at the first."""

    def collect(before: Entity | None, moment: str) -> Entity | None:
        try:
            return step(before, moment)
        except _Blocked as blocked:
            obstacles.setdefault(blocked.code, []).extend(blocked.obstacles)
            return before

    return collect


def _step(desk: Desk, taken: _Taken) -> Step:
    if taken.before is None:
        return lambda before, _moment: _uncreate(desk, taken, before)
    if taken.after is None:
        return lambda before, _moment: _bring_back(desk, taken, before)
    return lambda before, moment: _put_back(desk, taken, before, moment)


def _uncreate(desk: Desk, taken: _Taken, before: Entity | None) -> None:
    entity = _still(desk, taken, before)
    assert taken.after is not None
    names = [column.iri for column in desk.register.form]
    _unchanged(desk, taken, entity, {iri: taken.after.get(iri, []) for iri in names})


def _bring_back(desk: Desk, taken: _Taken, before: Entity | None) -> Entity:
    if before is not None:
        raise _Blocked("exists_already", Obstacle(taken.entity_id, taken.title))
    assert taken.before is not None
    head = taken.head or {"types": [desk.register.type], "scopes": []}
    attrs = {iri: [_timeless(one) for one in items] for iri, items in taken.before.items()}
    entity = Entity(taken.entity_id, list(head["types"]), attrs, list(head["scopes"]))
    if not may_read(desk.visitor.access, entity):
        raise Forbidden(f"You may not bring back {taken.entity_id}")
    return fresh(entity, None)


def _put_back(desk: Desk, taken: _Taken, before: Entity | None, moment: str) -> Entity:
    entity = _still(desk, taken, before)
    assert taken.before is not None
    assert taken.after is not None
    names = {**taken.before, **taken.after}
    _unchanged(desk, taken, entity, {iri: taken.after.get(iri, []) for iri in names})
    attrs = dict(entity.attrs)
    for iri in names:
        items = [{**_timeless(one), "modifiedAt": moment} for one in taken.before.get(iri, [])]
        for item, was in zip(items, taken.before.get(iri, []), strict=True):
            item["createdAt"] = was.get("createdAt", moment)
        if items:
            attrs[iri] = items
        else:
            attrs.pop(iri, None)
    touched = frozenset(c.name for c in desk.register.form if c.iri in names)
    if validate(desk.register, values.form_values(desk.register, attrs), touched):
        raise _Blocked("not_valid", Obstacle(taken.entity_id, taken.title))
    return replace(entity, attrs=attrs, modified_at=moment)


def _still(desk: Desk, taken: _Taken, before: Entity | None) -> Entity:
    if before is None:
        raise _Blocked("deleted_since", Obstacle(taken.entity_id, taken.title))
    return writable(desk, taken.entity_id, before)


def _unchanged(desk: Desk, taken: _Taken, entity: Entity, wanted: Attributes) -> None:
    """Raise _Blocked when attributes are no longer what the act made of them."""
    differing = [
        iri for iri, items in wanted.items() if not _alike(entity.attrs.get(iri, []), items)
    ]
    if not differing:
        return
    was, held = taken.before or {}, taken.after or {}
    fields = [
        FieldConflict(
            column.name,
            values.cell_of(column, held),
            values.cell_of(column, entity.attrs),
            values.cell_of(column, was),
            overlaps=True,
        )
        for column in desk.register.columns
        if column.iri in differing
    ]
    raise _Blocked("changed_since", Obstacle(taken.entity_id, taken.title, fields))


def _alike(one: list[Instance], other: list[Instance]) -> bool:
    return len(one) == len(other) and all(map(same, one, other))


def _timeless(instance: Instance) -> Instance:
    return {name: value for name, value in instance.items() if name not in _TIMES}
