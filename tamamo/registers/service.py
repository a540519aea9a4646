"""Registers as one object: what the staff pages call in process."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from tamamo.context.broker import Broker
from tamamo.kernel.identity import Actor
from tamamo.registers import acts, bulk, catalogue, exports, history, lists, undo, values
from tamamo.registers.declaration import Register
from tamamo.registers.desk import Desk
from tamamo.registers.errors import FieldError, UnknownRegister
from tamamo.registers.imports.service import Imports
from tamamo.registers.model import (
    Batch,
    BulkPreview,
    Edit,
    ListPage,
    Points,
    Preview,
    Record,
    Rights,
    Visitor,
)
from tamamo.registers.query import ListQuery
from tamamo.registers.rights import rights_of


class Registers:
    """The declared registers of all tenants. Every method asks who the visitor is first."""

    def __init__(self, broker: Broker, registers: Mapping[str, Register] | None = None) -> None:
        """registers: by id, the declared ones without it."""
        self._broker = broker
        self._registers = catalogue.declared() if registers is None else registers
        #: Tables into registers, step by step.
        self.imports = Imports(broker, self._registers)

    def all(self) -> tuple[Register, ...]:
        """Return all registers."""
        return tuple(self._registers.values())

    def register(self, identifier: str) -> Register:
        """Return a register. Raises UnknownRegister."""
        register = self._registers.get(identifier)
        if register is None:
            raise UnknownRegister(f"There is no register {identifier!r}")
        return register

    def visible(self, visitor: Visitor) -> tuple[Register, ...]:
        """Return the registers a visitor may read."""
        return tuple(one for one in self.all() if rights_of(visitor, one).read)

    async def visitor(self, actor: Actor, tenant: str) -> Visitor:
        """Return who asks, with what they may do in the tenant now."""
        return Visitor(tenant, actor, await self._broker.identity.access(actor, tenant))

    def rights(self, visitor: Visitor, register: Register) -> Rights:
        """Return what a visitor may do with a register."""
        return rights_of(visitor, register)

    async def page(
        self, visitor: Visitor, identifier: str, query: ListQuery | None = None
    ) -> ListPage:
        """Return a page of a list; one beyond the last is the last one."""
        register = self.register(identifier)
        return await lists.page(self._broker, visitor, register, query or ListQuery())

    async def points(
        self, visitor: Visitor, identifier: str, query: ListQuery, limit: int = 2_000
    ) -> Points:
        """Return the places of a list's records."""
        return await lists.points(self._broker, visitor, self.register(identifier), query, limit)

    async def ids(
        self, visitor: Visitor, identifier: str, query: ListQuery, limit: int = 10_000
    ) -> list[str]:
        """Return the ids of a list's records, in its order."""
        return await lists.ids(self._broker, visitor, self.register(identifier), query, limit)

    async def facets(
        self, visitor: Visitor, identifier: str, query: ListQuery
    ) -> dict[str, list[tuple[str | None, int]]]:
        """Return how often each choice of each filter stands in the list without that filter."""
        return await lists.facets(self._broker, visitor, self.register(identifier), query)

    async def one(self, visitor: Visitor, identifier: str, entity_id: str) -> Record:
        """Return a record with all its columns. Raises UnknownRecord."""
        return await lists.one(self._broker, visitor, self.register(identifier), entity_id)

    @staticmethod
    def typed(register: Register, record: Record) -> dict[str, str | list[str]]:
        """Return what to put into the form's fields."""
        return values.typed_texts(register, record.cells)

    @staticmethod
    def parse(
        register: Register, typed: Mapping[str, str | Sequence[str]]
    ) -> tuple[dict[str, Any], list[FieldError]]:
        """Return the values that were typed, and what cannot be read."""
        return values.parse(register, typed)

    async def preview(
        self, visitor: Visitor, identifier: str, entity_id: str | None, wanted: Mapping[str, Any]
    ) -> Preview:
        """Return what an edit would change; entity_id None: what a new record would hold.

        Raises Invalid, Forbidden, UnknownRecord.
        """
        return await acts.preview(self._desk(visitor, identifier), entity_id, wanted)

    async def edit(
        self,
        visitor: Visitor,
        identifier: str,
        entity_id: str,
        version: str,
        wanted: Mapping[str, Any],
        *,
        note: str = "",
    ) -> Edit | None:
        """Change fields of a record; None when nothing differs.

        version: what the editor saw. Raises Invalid, Forbidden, UnknownRecord, EditConflict.
        """
        desk = self._desk(visitor, identifier)
        return await acts.edit(desk, entity_id, version, wanted, note)

    async def create(
        self, visitor: Visitor, identifier: str, wanted: Mapping[str, Any], *, note: str = ""
    ) -> Edit:
        """Create a record; its key makes its id. Raises Invalid, Forbidden."""
        return await acts.create(self._desk(visitor, identifier), wanted, note)

    async def delete(
        self, visitor: Visitor, identifier: str, entity_id: str, version: str, *, note: str = ""
    ) -> Edit:
        """Delete a record; can be undone. Raises Forbidden, UnknownRecord, EditConflict."""
        return await acts.delete(self._desk(visitor, identifier), entity_id, version, note)

    async def bulk_preview(
        self,
        visitor: Visitor,
        identifier: str,
        which: Sequence[str] | ListQuery,
        wanted: Mapping[str, Any],
    ) -> BulkPreview:
        """Return what one change to many records would do. Raises Forbidden, BadQuery."""
        return await bulk.preview(self._desk(visitor, identifier), which, wanted)

    async def bulk_edit(
        self,
        visitor: Visitor,
        identifier: str,
        which: Sequence[str] | ListQuery,
        wanted: Mapping[str, Any],
        *,
        token: str | None = None,
        note: str = "",
    ) -> Batch:
        """Change many records at once; those that cannot be changed stay as they are.

        token: of the preview. Raises Forbidden, BadQuery, EditConflict when it no longer fits.
        """
        return await bulk.edit(self._desk(visitor, identifier), which, wanted, token, note)

    async def undo(self, visitor: Visitor, identifier: str, edit: int) -> Edit:
        """Take one edit back, an undo too. Raises NotUndoable, Forbidden, UnknownRecord."""
        return await undo.undo_edit(self._desk(visitor, identifier), edit)

    async def undo_batch(self, visitor: Visitor, identifier: str, batch: str) -> Batch:
        """Take a bulk edit or an import back as a whole. Raises NotUndoable, Forbidden."""
        return await undo.undo_batch(self._desk(visitor, identifier), batch)

    async def history(
        self,
        visitor: Visitor,
        identifier: str,
        entity_id: str,
        page: int = 1,
        size: int = 50,
        *,
        feeds: bool = True,
    ) -> list[Edit]:
        """Return a page of what happened to a record, the newest first."""
        desk = self._desk(visitor, identifier)
        return await history.of_record(desk, entity_id, page, size, feeds=feeds)

    async def recent(
        self,
        visitor: Visitor,
        identifier: str | None = None,
        *,
        actor: str | None = None,
        limit: int = 50,
        before: int | None = None,
    ) -> list[Edit]:
        """Return the newest acts on a register, or on all that a visitor may read.

        before: the number of the last one seen.
        """
        which = self.all() if identifier is None else (self.register(identifier),)
        return await history.recent(
            self._broker, visitor, which, actor=actor, limit=limit, before=before
        )

    def export(
        self,
        visitor: Visitor,
        identifier: str,
        query: ListQuery,
        format_: exports.Format,
        *,
        language: str = "ja",
    ) -> AsyncIterator[bytes]:
        """Yield a list as a file in the pieces in which it is made. Raises UnknownRegister.

        Its name and media type: exports.name_of, exports.MEDIA_TYPES.
        """
        return exports.export(self._desk(visitor, identifier), query, format_, language)

    def _desk(self, visitor: Visitor, identifier: str) -> Desk:
        return Desk(self._broker, visitor, self.register(identifier))
