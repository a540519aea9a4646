"""A small city in stored form, and a source that serves it from memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tamamo.context.model.entity import DEFAULT_VOCABULARY, LOCATION, Entity
from tamamo.kernel import time
from tamamo.web.portal.city import SIMULATION_ID, STORM
from tamamo.web.portal.gauges import GAUGE_TYPE
from tamamo.web.portal.owner import Owner

METRES = {"unitCode": "MTR"}


def prop(value: Any, observed_at: datetime | None = None, **more: Any) -> list[dict[str, Any]]:
    """One Property instance in stored form."""
    instance = {"type": "Property", "value": value, **more}
    if observed_at is not None:
        instance["observedAt"] = time.to_text(observed_at)
    return [instance]


def gauge(
    station: str,
    name: str,
    level: Any,
    observed_at: datetime | None,
    *,
    town: str = "高松市",
    place: tuple[float, float] = (134.05, 34.33),
    start: float | None = 0.91,
    alert: float | None = 1.36,
    danger: float | None = 1.91,
    simulated: bool = False,
    missing_at: datetime | None = None,
    **more: Any,
) -> Entity:
    """A FloodMonitoring entity as the feeds write it."""
    values: dict[str, Any] = {
        "stationID": prop(station),
        "name": prop(name),
        "address": prop({"addressCountry": "JP", "addressLocality": town}),
        "dataProvider": prop("香川県"),
        "source": prop("https://example.org/river"),
    }
    limits = {"observationStartLevel": start, "alertLevel": alert, "dangerLevel": danger}
    values |= {key: prop(limit, **METRES) for key, limit in limits.items() if limit is not None}
    if level is not None:
        values["currentLevel"] = prop(level, observed_at, **METRES)
    if missing_at is not None:
        values["currentLevelStatus"] = prop("missing", missing_at)
    if simulated:
        values["simulated"] = prop(True)
    values |= {key: prop(value) for key, value in more.items()}
    attrs = {DEFAULT_VOCABULARY + key: value for key, value in values.items()}
    geometry = {"type": "Point", "coordinates": list(place)}
    attrs[LOCATION] = [{"type": "GeoProperty", "value": geometry}]
    return Entity(f"urn:ngsi-ld:FloodMonitoring:{station}", [GAUGE_TYPE], attrs)


def rain(station: str, name: str, value: float, observed_at: datetime) -> Entity:
    """A WeatherObserved entity as the simulator writes it."""
    values = {"name": prop(name), "precipitation": prop(value, observed_at, unitCode="H67")}
    attrs: dict[str, Any] = {DEFAULT_VOCABULARY + key: value for key, value in values.items()}
    kind = DEFAULT_VOCABULARY + "WeatherObserved"
    return Entity(f"urn:ngsi-ld:WeatherObserved:{station}", [kind], attrs)


@dataclass
class MemorySource:
    """Serves entities from memory (tamamo.web.portal.city.Source)."""

    items: list[Entity] = field(default_factory=list)
    before: dict[str, tuple[datetime, float]] = field(default_factory=dict)
    points: list[tuple[datetime, float]] = field(default_factory=list)
    storms: list[datetime | None] = field(default_factory=list)
    asked: list[datetime | None] = field(default_factory=list)
    owner: Owner | None = None
    neighbours: list["MemorySource"] = field(default_factory=list)
    clock: datetime | None = None

    async def entities(self, type_iri: str, at: datetime | None) -> Sequence[Entity]:
        self.asked.append(at)
        return [item for item in self.items if type_iri in item.types]

    async def entity(self, entity_id: str) -> Entity | None:
        return next((item for item in self.items if item.id == entity_id), None)

    async def series(
        self, entity_id: str, attribute: str, start: datetime, end: datetime
    ) -> list[tuple[datetime, float]]:
        return [point for point in self.points if start <= point[0] <= end]

    async def last_values(
        self, entity_ids: Sequence[str], attribute: str, start: datetime, end: datetime
    ) -> dict[str, float]:
        found = await self.last_readings(entity_ids, attribute, start, end)
        return {key: level for key, (_, level) in found.items()}

    async def last_readings(
        self, entity_ids: Sequence[str], attribute: str, start: datetime, end: datetime
    ) -> dict[str, tuple[datetime, float]]:
        known = ((key, self.before[key]) for key in entity_ids if key in self.before)
        return {key: (at, level) for key, (at, level) in known if start <= at <= end}

    async def start_storm(self, started_at: datetime | None) -> None:
        self.storms.append(started_at)


def simulation(started_at: datetime | None = None) -> Entity:
    """The simulator's control entity."""
    storm = {"startedAt": time.to_text(started_at) if started_at else None}
    return Entity(SIMULATION_ID, [DEFAULT_VOCABULARY + "Simulation"], {STORM: prop(storm)})
