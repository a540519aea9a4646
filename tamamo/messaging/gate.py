"""The one place that decides whether a message may leave: what a drill makes stays in its list."""

from collections.abc import Sequence
from dataclasses import dataclass

from tamamo.kernel import drills, sql
from tamamo.kernel.database import Connection
from tamamo.kernel.drills import Drill
from tamamo.messaging.model import Reason

_SQL = sql.load("tamamo.messaging")


@dataclass(frozen=True, slots=True)
class Gate:
    """What holds for a tenant's messages in one transaction."""

    drill: Drill | None
    #: Whether there is such a town, and it is not suspended.
    active: bool

    def refuses(self, address: str | None, *, made_in_drill: bool) -> Reason | None:
        """Say why a message stays here, None when it may leave.

        address: what it reaches in the end, of a push subscription its endpoint; None: nothing.
        made_in_drill: whether it was made in a drill. Then it goes to nobody when that is over,
        whatever has become of its tenant.
        """
        if self.drill is not None:
            if not self.drill.open:
                return Reason.DRILL_OVER
            if address is None or not self.drill.allows(address):
                return Reason.DRILL
        elif made_in_drill:
            return Reason.DRILL_OVER
        return None if self.active else Reason.NO_TOWN


async def gate_of(connection: Connection, tenant: str) -> Gate:
    """Return what holds now, as the database knows it in this transaction.

    Asked when a message is made and again right before each attempt: the list may have become
    shorter, the drill may have ended or be gone altogether, a town may be suspended.
    """
    drill = await drills.of(connection, tenant)
    cursor = await connection.execute(_SQL["is_active"], {"tenant": tenant})
    row = await cursor.fetchone()
    return Gate(drill, row is not None and bool(row[0]))


async def endpoints(connection: Connection, tenant: str, ids: Sequence[str]) -> dict[str, str]:
    """Return id → endpoint of those push subscriptions that are there."""
    if not ids:
        return {}
    values = {"tenant": tenant, "ids": list(ids)}
    cursor = await connection.execute(_SQL["endpoints"], values)
    return {row[0]: row[1] for row in await cursor.fetchall()}
