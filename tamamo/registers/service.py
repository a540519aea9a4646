"""Registers as one object: what the staff pages call in process."""

from collections.abc import Mapping, Sequence
from typing import Any

from tamamo.context.broker import Broker
from tamamo.kernel.identity import Actor
from tamamo.registers import catalogue, lists, values
from tamamo.registers.declaration import Register
from tamamo.registers.errors import FieldError, UnknownRegister
from tamamo.registers.model import ListPage, Points, Record, Rights, Visitor
from tamamo.registers.query import ListQuery
from tamamo.registers.rights import rights_of


class Registers:
    """The declared registers of all tenants. Every method asks who the visitor is first."""

    def __init__(self, broker: Broker, registers: Mapping[str, Register] | None = None) -> None:
        """registers: by id, the declared ones without it."""
        self._broker = broker
        self._registers = catalogue.declared() if registers is None else registers

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
