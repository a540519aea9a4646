"""What time it is in a town: the clock's, a drill's, or that of a recording which is played."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Final

from tamamo.feeds.replay import REPLAY_ID
from tamamo.kernel import sql
from tamamo.kernel.database import Connection
from tamamo.kernel.time import from_text, now
from tamamo.rules.rule import iri_of

if TYPE_CHECKING:
    from tamamo.context.broker import Broker

_SQL = sql.load("tamamo.rules")
_CLOCK: Final = iri_of("clock")


class Clocks:
    """The clocks of all towns."""

    def __init__(self, broker: "Broker") -> None:
        self._broker = broker
        self._played: dict[str, datetime] = {}

    async def refresh(self, connection: Connection) -> None:
        """See where recordings are played."""
        tenants = [town.name for town in self._broker.towns.all()]
        parameters = {"clock": _CLOCK, "id": REPLAY_ID, "tenants": tenants}
        cursor = await connection.execute(_SQL["clocks"], parameters)
        self._played = {tenant: from_text(text) for tenant, text in await cursor.fetchall() if text}

    @property
    def own(self) -> Collection[str]:
        """Towns with a clock of their own."""
        drills = {town.name for town in self._broker.towns.all() if self._is_drill(town.name)}
        return drills | set(self._played)

    def of(self, tenant: str) -> datetime:
        """Return what time it is in a town."""
        return self._played.get(tenant) or self._broker.towns.clock(tenant)

    def of_people(self, tenant: str) -> datetime:
        """Return what time it is for who acts in a town: also beside a recording, the present."""
        return self._broker.towns.clock(tenant)

    def real(self) -> datetime:
        """Return the present moment."""
        return now()

    def _is_drill(self, tenant: str) -> bool:
        return self._broker.towns.drill(tenant) is not None
