"""The broker as the pages' source (tamamo.web.portal.city.Source)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest

from tamamo.context.broker import Broker
from tamamo.context.model.entity import DEFAULT_TENANT, Entity
from tamamo.context.query.logic import One
from tamamo.context.query.paging import Page
from tamamo.context.query.plan import Query, Selector
from tamamo.kernel import time
from tamamo.web.portal.city import SIMULATION_ID, SIMULATION_TYPE, STORM, Source

#: A city has hundreds of gauges; this bounds what one page can cost.
MOST = 5_000
#: Readings of one gauge in 48 hours: one each 10 s would be 17,280.
MOST_READINGS = 20_000
#: `series` ends before its end; observations have whole seconds or microseconds.
RESOLUTION = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class BrokerSource:
    """Reads and writes one tenant of the broker in this process."""

    broker: Broker
    tenant: str = DEFAULT_TENANT

    async def entities(self, type_iri: str, at: datetime | None) -> Sequence[Entity]:
        """Return the entities of a type, now or as they were at a moment."""
        if at is not None:
            return await self.broker.temporal.state_at(self.tenant, type_iri, at)
        wanted = Query((Selector(types=One(type_iri)),), page=Page(MOST))
        result = await self.broker.entities.query(self.tenant, wanted)
        return [row.entity() for row in result.rows]

    async def entity(self, entity_id: str) -> Entity | None:
        """Return one entity as it is now."""
        return await self.broker.entities.find(self.tenant, entity_id)

    async def series(
        self, entity_id: str, attribute: str, start: datetime, end: datetime
    ) -> list[tuple[datetime, float]]:
        """Return the numeric history of one attribute, oldest first; `end` is included."""
        points = await self.broker.temporal.series(
            self.tenant, entity_id, attribute, start, end + RESOLUTION, limit=MOST_READINGS
        )
        return [(point.at, float(point.value)) for point in points if _is_number(point.value)]

    async def last_values(
        self, entity_ids: Sequence[str], attribute: str, start: datetime, end: datetime
    ) -> dict[str, float]:
        """Return entity id → the newest number of an attribute in a range; `end` is included."""
        many = await self.broker.temporal.many_series(
            self.tenant, entity_ids, attribute, start, end + RESOLUTION, limit=1
        )
        return {
            entity_id: float(points[-1].value)
            for entity_id, points in many.items()
            if points and _is_number(points[-1].value)
        }

    async def start_storm(self, started_at: datetime | None) -> None:
        """Ask the simulator for a storm from a moment on; None stops it."""
        known = await self.entity(SIMULATION_ID)
        instances = known.attrs.get(STORM) if known else None
        storm = dict(instances[0].get("value") or {}) if instances else {}
        storm["startedAt"] = time.to_text(started_at) if started_at else None
        wish = {STORM: [{"type": "Property", "value": storm}]}
        await self.broker.observations.record(
            self.tenant, [Entity(SIMULATION_ID, [SIMULATION_TYPE], wish)]
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def source_of(request: HttpRequest) -> Source:
    """Return the source of this request: the outer application hands the broker over in scope."""
    return BrokerSource(request.scope["state"]["broker"])  # type: ignore[attr-defined]
