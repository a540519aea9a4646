"""Simulated observations as entities; every one says that it is simulated (模擬)."""

from datetime import datetime
from typing import Any, Final, Protocol

from tamamo.context.model.entity import Entity, Instance
from tamamo.kernel.time import from_text, to_text
from tamamo.simulator.city import ENGLISH, TOWNS, Gauge, Station
from tamamo.simulator.model import Observation
from tamamo.simulator.weather import PEAK_HOURS, TIME_SCALE, Storm

PROVIDER: Final = "Tamamo 模擬"
SOURCE: Final = "Tamamo simulator (模擬データ：観測ではありません / simulated, not observed)"
CONTROL_ID: Final = "urn:ngsi-ld:Simulation:city"
#: How often a simulated station reports in calm weather, minutes. A real one does every ten.
REPORT_MINUTES: Final = 0.5

_GAUGES: Final = {gauge.slug: gauge for town in TOWNS for gauge in town.gauges}
_RAIN: Final = {station.slug: station for town in TOWNS for station in town.rain}
_TIDES: Final = {station.slug: station for town in TOWNS for station in town.tides}
_LOCALITIES: Final = {slug: town.locality for town in TOWNS for slug in town.slugs}


class Terms(Protocol):
    """What of a TermMap is needed: short names to IRIs."""

    def expand_term(self, term: str) -> str:
        """Return the IRI of an attribute name."""

    def expand_type(self, term: str) -> str:
        """Return the IRI of an entity type."""


def _property(value: object, **members: object) -> Instance:
    return {"type": "Property", "value": value, **members}


def _make(
    terms: Terms, kind: str, entity_id: str, attrs: dict[str, Instance], described: bool
) -> Entity:
    if described:
        common = {"simulated": True, "dataProvider": PROVIDER, "source": SOURCE}
        attrs |= {name: _property(value) for name, value in common.items()}
    return Entity(
        entity_id,
        [terms.expand_type(kind)],
        {terms.expand_term(name): [instance] for name, instance in attrs.items()},
    )


def made(terms: Terms, kind: str, entity_id: str, attrs: dict[str, Instance]) -> Entity:
    """Return an entity that says that it is simulated."""
    return _make(terms, kind, entity_id, attrs, True)


def _station(station: Gauge | Station) -> dict[str, Instance]:
    locality = _LOCALITIES[station.slug]
    address = {"addressCountry": "JP", "addressRegion": "香川県", "addressLocality": locality}
    point = {"type": "Point", "coordinates": [station.longitude, station.latitude]}
    return {
        "name": _property(f"{station.name}（模擬）"),
        "alternateName": _property(f"{ENGLISH[station.slug]} (simulated)"),
        "stationID": _property(f"sim-{station.slug}"),
        "location": {"type": "GeoProperty", "value": point},
        "address": _property(address),
        "reportInterval": _property(REPORT_MINUTES, unitCode="MIN"),
    }


def entity(observation: Observation, terms: Terms, *, described: bool) -> Entity:
    """Return a station with one observation. described: with what does not change, too."""
    slug = observation.station
    observed_at = to_text(observation.at)
    attrs: dict[str, Instance] = {}
    if slug in _GAUGES:
        gauge = _GAUGES[slug]
        if described:
            attrs = _station(gauge) | {
                "river": _property(gauge.river),
                "observationStartLevel": _property(gauge.start, unitCode="MTR"),
                "alertLevel": _property(gauge.alert, unitCode="MTR"),
                "dangerLevel": _property(gauge.danger, unitCode="MTR"),
            }
        if observation.value is None:
            attrs["currentLevelStatus"] = _property("missing", observedAt=observed_at)
        else:
            attrs["currentLevel"] = _property(
                observation.value, unitCode="MTR", observedAt=observed_at
            )
        return _make(terms, "FloodMonitoring", gauge_id(slug), attrs, described)
    station, kind, name, unit = (
        (_TIDES[slug], "SeaConditions", "waterLevel", "MTR")
        if slug in _TIDES
        else (_RAIN[slug], "WeatherObserved", "precipitation", "H67")
    )
    attrs = _station(station) if described else {}
    attrs[name] = _property(observation.value, unitCode=unit, observedAt=observed_at)
    return _make(terms, kind, f"urn:ngsi-ld:{kind}:sim-{slug}", attrs, described)


def gauge_id(slug: str) -> str:
    """Return a simulated gauge's identifier."""
    return f"urn:ngsi-ld:FloodMonitoring:sim-{slug}"


def status_ok(slug: str, at: datetime, terms: Terms) -> Entity:
    """Return a gauge's word that its readings are back."""
    attrs = {"currentLevelStatus": _property("ok", observedAt=to_text(at))}
    return _make(terms, "FloodMonitoring", gauge_id(slug), attrs, False)


def control(terms: Terms, storm: Storm | None = None) -> Entity:
    """Return the entity by which pages start and stop a storm."""
    value: dict[str, Any] = {"startedAt": None, "peakHours": PEAK_HOURS}
    if storm is not None:
        value = {"startedAt": to_text(storm.started_at), "peakHours": storm.peak_hours}
    note = {
        "storm": _property(value),
        "timeScale": _property(TIME_SCALE),
        "description": _property(
            "模擬の大雨は実際の60倍の速さで進みます / A simulated storm passes 60 times faster"
        ),
    }
    return _make(terms, "Simulation", CONTROL_ID, note, True)


def storm_of(entity: Entity | None, terms: Terms) -> Storm | None:
    """Return the storm somebody asked for; None without one or where the wish makes no sense."""
    instances = entity.attrs.get(terms.expand_term("storm"), []) if entity is not None else []
    wish = (instances[0].get("value") or instances[0].get("json")) if instances else None
    if not isinstance(wish, dict):
        return None
    try:
        started_at = from_text(wish["startedAt"])
        peak_hours = float(wish.get("peakHours") or PEAK_HOURS)
    except (KeyError, TypeError, ValueError):
        return None
    return Storm(started_at, min(max(peak_hours, 0.5), 24.0))
