"""What calling needs of the rules: their events, and acknowledging an alert. One place."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from tamamo.calling.matching import Alarm, middle_of
from tamamo.kernel.database import Connection

if TYPE_CHECKING:
    from tamamo.rules.events import AlertEvent


class Alarms(Protocol):
    """The alerts of all towns; tests have their own."""

    async def heads(self, connection: Connection) -> dict[str, int]:
        """Return the newest position of each town that has events."""
        ...

    async def after(
        self, connection: Connection, tenant: str, position: int
    ) -> "Sequence[AlertEvent]":
        """Return a town's events behind a position, in order."""
        ...

    async def alarm(self, connection: Connection, event: "AlertEvent") -> Alarm:
        """Return what matters of an event's alert for the question who is called."""
        ...

    async def acknowledge(
        self, connection: Connection, tenant: str, alert: str, actor: str
    ) -> None:
        """Note that somebody has taken an alert; one that is over needs nobody."""
        ...


class OfRules:
    """The alerts that tamamo.rules makes."""

    async def heads(self, connection: Connection) -> dict[str, int]:
        """Return the newest position of each town that has events."""
        from tamamo.rules import events  # noqa: PLC0415 - rules are loaded where there are alerts

        return await events.heads(connection)

    async def after(
        self, connection: Connection, tenant: str, position: int
    ) -> "Sequence[AlertEvent]":
        """Return a town's events behind a position, in order."""
        from tamamo.rules import events  # noqa: PLC0415

        return await events.events_after(connection, tenant, position)

    async def alarm(self, connection: Connection, event: "AlertEvent") -> Alarm:
        """Return what matters of an event's alert for the question who is called."""
        from tamamo import rules  # noqa: PLC0415

        found = await rules.alert_of(connection, event.tenant, event.alert)
        if found is None:
            return Alarm(event.alert, event.rule, event.severity)
        categories = frozenset(filter(None, (found.category, found.sub_category)))
        point = middle_of(found.location)
        return Alarm(event.alert, event.rule, event.severity, categories, point)

    async def acknowledge(
        self, connection: Connection, tenant: str, alert: str, actor: str
    ) -> None:
        """Note that somebody has taken an alert; one that is over needs nobody."""
        from tamamo import rules  # noqa: PLC0415

        try:
            async with connection.transaction():
                await rules.acknowledge(connection, tenant, alert, actor=actor)
        except (rules.AlertNotOpen, rules.NoSuchAlert):
            return
