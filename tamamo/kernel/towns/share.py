"""What one town lets another have, as the part that answers requests needs it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

READ: Final = "read"
SUBSCRIBE: Final = "subscribe"
ACTIONS: Final = (READ, SUBSCRIBE)


@dataclass(frozen=True, slots=True)
class Share:
    """A sharing agreement that both sides have signed and nobody has revoked.

    attrs: IRIs of attributes; None: all. valid_to: None while it runs until revoked.
    """

    id: UUID
    owner: str
    reader: str
    types: frozenset[str]
    attrs: frozenset[str] | None
    actions: frozenset[str]
    valid_from: datetime
    valid_to: datetime | None

    def counts(self, moment: datetime) -> bool:
        """Return whether it is in force at a moment."""
        return self.valid_from <= moment and (self.valid_to is None or moment < self.valid_to)
