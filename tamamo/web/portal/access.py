"""The broker as the pages' source (tamamo.web.portal.city.Source)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest

from tamamo.context.access.seen import seen_by
from tamamo.context.broker import Broker
from tamamo.context.model.entity import DEFAULT_TENANT, Entity
from tamamo.context.query.logic import One
from tamamo.context.query.paging import Page
from tamamo.context.query.plan import Query, Selector
from tamamo.context.temporal.service import Point
from tamamo.feeds.plausibility import is_suspect
from tamamo.kernel import time
from tamamo.kernel.identity import ANONYMOUS, Access, resident_of
from tamamo.kernel.towns import Town
from tamamo.kernel.towns.reach import shared_reach
from tamamo.web.portal.city import SIMULATION_ID, SIMULATION_TYPE, STORM, Source
from tamamo.web.portal.owner import Owner
from tamamo.web.towns import town_of

#: A city has hundreds of gauges; this bounds what one page can cost.
MOST = 5_000
#: Readings of one gauge in 48 hours: one each 10 s would be 17,280.
MOST_READINGS = 20_000
#: `series` ends before its end; observations have whole seconds or microseconds.
RESOLUTION = timedelta(microseconds=1)
#: Doubted readings that are looked past for the last one believed.
MOST_DOUBTED = 3


@dataclass(frozen=True, slots=True)
class BrokerSource:
    """Reads one tenant of the broker in this process, as far as the town's residents may.

    broker: within their reach. owner: set where another town shares it.
    """

    broker: Broker
    tenant: str = DEFAULT_TENANT
    owner: Owner | None = None
    #: What other towns share with this one.
    neighbours: tuple[Source, ...] = ()
    #: The broker without limits, for the simulator's storm.
    whole: Broker | None = None

    @property
    def clock(self) -> datetime | None:
        """How late it is in a drill, by its own clock; None: it is no drill."""
        drill = self.broker.towns.drill(self.tenant)
        return None if drill is None else drill.clock.now(time.now())

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
        return [(point.at, float(point.value)) for point in points if _counts(point)]

    async def last_readings(
        self, entity_ids: Sequence[str], attribute: str, start: datetime, end: datetime
    ) -> dict[str, tuple[datetime, float]]:
        """Return entity id → the newest number of an attribute in a range; `end` is included."""
        many = await self.broker.temporal.many_series(
            self.tenant, entity_ids, attribute, start, end + RESOLUTION, limit=MOST_DOUBTED
        )
        good = {key: [p for p in points if _counts(p)] for key, points in many.items()}
        return {key: (p[-1].at, float(p[-1].value)) for key, p in good.items() if p}

    async def last_values(
        self, entity_ids: Sequence[str], attribute: str, start: datetime, end: datetime
    ) -> dict[str, float]:
        """Return the same without the times."""
        found = await self.last_readings(entity_ids, attribute, start, end)
        return {entity_id: value for entity_id, (_, value) in found.items()}

    async def start_storm(self, started_at: datetime | None) -> None:
        """Ask the simulator for a storm from a moment on; None stops it."""
        known = await self.entity(SIMULATION_ID)
        instances = known.attrs.get(STORM) if known else None
        storm = dict(instances[0].get("value") or {}) if instances else {}
        storm["startedAt"] = time.to_text(started_at) if started_at else None
        wish = {STORM: [{"type": "Property", "value": storm}]}
        await (self.whole or self.broker).observations.record(
            self.tenant, [Entity(SIMULATION_ID, [SIMULATION_TYPE], wish)]
        )


def _counts(point: Point) -> bool:
    """Whether a reading is a number that is believed."""
    value = point.value
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and not is_suspect(point.instance)


def installation(request: HttpRequest) -> Source:
    """Return the installing town's own without limits, for what holds for all pages."""
    return BrokerSource(request.scope["state"]["broker"])  # type: ignore[attr-defined]


async def source_of(request: HttpRequest) -> Source:
    """Return what a page may show: the town it is about, and what others share with that town.

    The outer application hands the broker over in the request's scope. Whoever looks, a page shows
    what any resident of the town may see.
    """
    broker: Broker = request.scope["state"]["broker"]  # type: ignore[attr-defined]
    town = town_of(request)
    owners = sorted({share.owner for share in broker.towns.shares(town.name)})
    neighbours = [await _neighbour(broker, town, owner) for owner in owners]
    return BrokerSource(
        await _own(broker, town),
        town.name,
        neighbours=tuple(found for found in neighbours if found is not None),
        whole=broker,
    )


async def _neighbour(broker: Broker, town: Town, owner: str) -> BrokerSource | None:
    other = broker.towns.get(owner)
    if other is None:
        return None
    reach = await shared_reach(broker.towns, broker.identity, town.name, owner)
    seen = seen_by(broker, Access(owner, read=reach), ANONYMOUS.subject)
    return BrokerSource(seen, owner, Owner(owner, dict(other.titles), other.code or ""))


async def _own(broker: Broker, town: Town) -> Broker:
    """Return the broker as residents of a town see the town itself."""
    access = await broker.identity.access(resident_of(town.name), town.name)
    return broker if access.read.everything else seen_by(broker, access, ANONYMOUS.subject)
