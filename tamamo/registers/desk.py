"""Who works on which register: what every act needs."""

from dataclasses import dataclass

from tamamo.context.broker import Broker
from tamamo.kernel.errors import Forbidden
from tamamo.registers.declaration import Register
from tamamo.registers.errors import UnknownRegister
from tamamo.registers.model import Rights, Visitor
from tamamo.registers.rights import rights_of


@dataclass(frozen=True, slots=True)
class Desk:
    """A visitor at a register, and the broker behind it."""

    broker: Broker
    visitor: Visitor
    register: Register

    @property
    def rights(self) -> Rights:
        """What the visitor may do here. Raises UnknownRegister for one who may see nothing."""
        rights = rights_of(self.visitor, self.register)
        if not rights.read:
            raise UnknownRegister(f"There is no register {self.register.id!r}")
        return rights

    def require(self, allowed: bool, what: str) -> None:
        """Raise Forbidden, saying what, unless it is allowed."""
        if not allowed:
            raise Forbidden(f"You may not {what} records of {self.register.id}")
