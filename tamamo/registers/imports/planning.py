"""What would become of each row: new, changed, unchanged, or rejected with its reason."""

from collections.abc import Mapping, Sequence
from typing import Final

from tamamo.context.entities import store
from tamamo.context.model.entity import Entity
from tamamo.kernel.database import Connection
from tamamo.kernel.errors import Forbidden, Problem
from tamamo.kernel.time import now, to_text
from tamamo.registers import values
from tamamo.registers.acts import created, edited, fresh, writable
from tamamo.registers.desk import Desk
from tamamo.registers.errors import FieldError, Invalid
from tamamo.registers.imports.model import ImportPreview, Line, Rejected
from tamamo.registers.imports.reading import RowReader, Wanted

_SAMPLE: Final = 50


class Tally:
    """Counts rows by what becomes of them, and keeps the first of each kind."""

    def __init__(self) -> None:
        self.new = self.changed = self.unchanged = 0
        self.rejected: list[Rejected] = []
        self._new: list[Line] = []
        self._changed: list[Line] = []

    def add(self, desk: Desk, wanted: Wanted, before: Entity | None, after: Entity) -> None:
        """Count a row that is taken."""
        if after is before:
            self.unchanged += 1
            return
        if before is None:
            self.new += 1
        else:
            self.changed += 1
        lines = self._new if before is None else self._changed
        if len(lines) < _SAMPLE:
            old = None if before is None else before.attrs
            changes = values.differences(desk.register, old, after.attrs)
            title = values.heading_of(desk.register, after)
            lines.append(Line(wanted.row.number, wanted.entity_id, title, changes))

    def preview(self) -> ImportPreview:
        """Return the counts with the samples."""
        rejected = self.rejected
        return ImportPreview(
            self.new,
            self.changed,
            self.unchanged,
            len(rejected),
            tuple(self._new),
            tuple(self._changed),
            tuple(rejected[:_SAMPLE]),
        )


def outcome(desk: Desk, wanted: Wanted, before: Entity | None, moment: str) -> Entity:
    """Return the record after a row; the very same when it says nothing new. Raises Problem."""
    register = desk.register
    if before is not None:
        entity = writable(desk, wanted.entity_id, before)
        return edited(register, entity, wanted.values, moment)
    desk.require(desk.rights.create, "create")
    entity = created(desk, {**wanted.values, register.key.name: wanted.key}, moment)
    if entity.id != wanted.entity_id:
        ja = "IDがこの台帳のものではありません"
        en = "this is no id of this register"
        raise Invalid([FieldError(register.key.name, "not_an_id", ja, en)])
    return fresh(entity, None)


def reason_of(reader: RowReader, wanted: Wanted, problem: Problem) -> Rejected:
    """Return why a row cannot be taken."""
    if isinstance(problem, Invalid) and problem.errors:
        first = problem.errors[0]
        return reader.reject(wanted.row, first.field, first.ja, first.en)
    ja = "この記録を書き込むことはできません"
    if isinstance(problem, Forbidden):
        ja = "この記録を書き込む権限がありません"
    return reader.reject(wanted.row, "", ja, problem.detail or problem.title)


async def before(
    connection: Connection, desk: Desk, part: Sequence[Wanted]
) -> Mapping[str, Entity]:
    """Return the records that stand there already, by id."""
    keys = [(desk.visitor.tenant, one.entity_id) for one in part]
    found = await store.fetch(connection, keys)
    return {entity.id: entity for entity in found.values()}


def consider(
    desk: Desk,
    reader: RowReader,
    tally: Tally,
    part: Sequence[Wanted],
    found: Mapping[str, Entity],
) -> None:
    """Count what would become of some rows."""
    moment = to_text(now())
    for wanted in part:
        there = found.get(wanted.entity_id)
        try:
            tally.add(desk, wanted, there, outcome(desk, wanted, there, moment))
        except Problem as problem:
            tally.rejected.append(reason_of(reader, wanted, problem))
