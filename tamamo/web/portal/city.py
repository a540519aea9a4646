"""The one module between the pages and the broker: the city at a moment.

A moment is now, or a past one (`?at=`). Where the newest observation of all gauges is long past,
the data is a recording: the city is then shown as of its newest observation, and says so.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from tamamo.context.model.entity import DEFAULT_VOCABULARY, Entity
from tamamo.feeds.replay import REPLAY_ID
from tamamo.kernel import time
from tamamo.web.portal import gauges as reading
from tamamo.web.portal.gauges import GAUGE_TYPE, LEVEL, Gauge
from tamamo.web.portal.owner import Owner
from tamamo.web.portal.stations import STATION_TYPES, Station, station_of
from tamamo.web.portal.watch.places import PLACE_TYPES, Place, is_underpass, ordered, place_of

#: Without any observation for this long the city is shown as a recording.
RECORDING_AFTER = timedelta(hours=24)
TREND = timedelta(hours=1)
#: A reading this much older than the hour before is no base for a trend.
TREND_SLACK = timedelta(hours=1)
CHART_SPAN = timedelta(hours=48)
SIMULATION_ID = "urn:ngsi-ld:Simulation:city"
SIMULATION_TYPE = DEFAULT_VOCABULARY + "Simulation"
STORM = DEFAULT_VOCABULARY + "storm"


class Source(Protocol):
    """What the pages need from the broker: one town's own, or what another shares with it."""

    @property
    def owner(self) -> Owner | None:
        """The town that shares it; None: the page's own."""

    @property
    def neighbours(self) -> Sequence["Source"]:
        """What other towns share with this one."""

    @property
    def clock(self) -> datetime | None:
        """How late it is in a drill, by its own clock; None: it is no drill."""

    async def entities(self, type_iri: str, at: datetime | None) -> Sequence[Entity]:
        """Return the entities of a type, now or as they were at a moment."""

    async def entity(self, entity_id: str) -> Entity | None:
        """Return one entity as it is now."""

    async def series(
        self, entity_id: str, attribute: str, start: datetime, end: datetime
    ) -> list[tuple[datetime, float]]:
        """Return the numeric history of one attribute, oldest first."""

    async def last_values(
        self, entity_ids: Sequence[str], attribute: str, start: datetime, end: datetime
    ) -> dict[str, float]:
        """Return entity id → the newest number of an attribute in a range, where there is one."""

    async def last_readings(
        self, entity_ids: Sequence[str], attribute: str, start: datetime, end: datetime
    ) -> dict[str, tuple[datetime, float]]:
        """Return the same with the time of each."""

    async def start_storm(self, started_at: datetime | None) -> None:
        """Ask the simulator for a storm from a moment on; None stops it."""


class Mode(StrEnum):
    """What the page is a picture of."""

    LIVE = "live"
    PAST = "past"
    RECORDING = "recording"


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that is being replayed on its own clock."""

    clock: datetime
    playing: bool
    #: Seconds of the recording that pass in one second; 0: as fast as it goes.
    speed: float
    provider: str


@dataclass(frozen=True, slots=True)
class City:
    """The city at a moment."""

    mode: Mode
    as_of: datetime
    gauges: tuple[Gauge, ...]
    stations: tuple[Station, ...] = ()
    recording: Recording | None = None
    places: tuple[Place, ...] = ()

    @property
    def simulated(self) -> bool:
        """Whether any value comes from the simulator."""
        gauges = any(gauge.simulated for gauge in self.gauges)
        stations = any(station.simulated for station in self.stations)
        return gauges or stations or any(place.simulated for place in self.places)

    @property
    def owners(self) -> list[Owner]:
        """The other towns whose data it shows."""
        owners = [gauge.owner for gauge in self.gauges]
        owners += [station.owner for station in self.stations]
        owners += [place.owner for place in self.places]
        found = {owner.tenant: owner for owner in owners if owner is not None}
        return [found[name] for name in sorted(found)]

    def gauge(self, key: str) -> Gauge | None:
        """Return the gauge of a key: its station code, or another town's with its name before."""
        return next((gauge for gauge in self.gauges if gauge.key == key), None)


async def at_moment(source: Source, at: datetime | None = None) -> City:
    """Return the city now, or as it was at `at`."""
    found = await source.entities(GAUGE_TYPE, at)
    mode, as_of = _moment(found, at, source.clock)
    recording = await _recording(source) if mode is Mode.RECORDING else None
    if recording is not None:
        as_of = max(as_of, recording.clock)
    # Beside a recording of the past, what others measure now would be out of place.
    others = () if mode is Mode.RECORDING else source.neighbours
    shared = await asyncio.gather(*(other.entities(GAUGE_TYPE, at) for other in others))
    groups = [(source, found), *zip(others, shared, strict=True)]
    gauges, stations, places = await asyncio.gather(
        asyncio.gather(*(_gauges(one, entities, as_of) for one, entities in groups)),
        asyncio.gather(*(_stations(one, at, as_of) for one, _ in groups)),
        asyncio.gather(*(_places(one, entities, at, as_of) for one, entities in groups)),
    )
    return City(
        mode,
        as_of,
        tuple(sorted((gauge for group in gauges for gauge in group), key=lambda gauge: gauge.key)),
        tuple(station for group in stations for station in group),
        recording,
        tuple(ordered(place for group in places for place in group)),
    )


async def _places(
    source: Source, found: Sequence[Entity], at: datetime | None, as_of: datetime
) -> list[Place]:
    groups = await asyncio.gather(*(source.entities(kind, at) for kind in PLACE_TYPES))
    entities = [entity for group in (found, *groups) for entity in group]
    places = (place_of(entity, as_of, source.owner) for entity in entities)
    return [place for place in places if place is not None]


async def _gauges(source: Source, every: Sequence[Entity], as_of: datetime) -> list[Gauge]:
    found = [entity for entity in every if not is_underpass(entity)]
    base = as_of - TREND
    ids = [entity.id for entity in found]
    earlier = await source.last_values(ids, LEVEL, base - TREND_SLACK, base)
    return [
        reading.gauge_of(entity, as_of, earlier.get(entity.id), source.owner) for entity in found
    ]


async def _stations(source: Source, at: datetime | None, as_of: datetime) -> list[Station]:
    groups = await asyncio.gather(*(source.entities(kind, at) for kind in STATION_TYPES))
    stations = (station_of(entity, as_of, source.owner) for group in groups for entity in group)
    return [station for station in stations if station is not None]


def _moment(
    entities: Sequence[Entity], at: datetime | None, clock: datetime | None
) -> tuple[Mode, datetime]:
    if at is not None:
        return Mode.PAST, at
    if clock is not None:
        return Mode.RECORDING, clock
    present = time.now()
    newest = reading.newest(entities)
    if newest is None or present - newest <= RECORDING_AFTER:
        return Mode.LIVE, present
    return Mode.RECORDING, newest


async def _recording(source: Source) -> Recording | None:
    entity = await source.entity(REPLAY_ID)
    if entity is None:
        return None
    clock = reading.text(entity, "clock")
    return Recording(
        clock=time.from_text(clock),
        playing=reading.text(entity, "state") == "playing",
        speed=reading.number(entity, "speed") or 0,
        provider=reading.text(entity, "dataProvider"),
    )


async def levels(source: Source, gauge: Gauge, as_of: datetime) -> list[tuple[datetime, float]]:
    """Return a gauge's readings of the 48 hours up to a moment, oldest first."""
    holder = next((one for one in (source, *source.neighbours) if one.owner == gauge.owner), None)
    if holder is None:
        return []
    return await holder.series(gauge.id, LEVEL, as_of - CHART_SPAN, as_of)


@dataclass(frozen=True, slots=True)
class Simulation:
    """The simulator's state; started_at is None while there is no storm."""

    started_at: datetime | None


async def simulation(source: Source) -> Simulation | None:
    """Return the simulator's state, None where none runs."""
    entity = await source.entity(SIMULATION_ID)
    if entity is None:
        return None
    instance = (entity.attrs.get(STORM) or [{}])[0]
    storm = instance.get("json") or instance.get("value")
    text = storm.get("startedAt") if isinstance(storm, dict) else None
    return Simulation(time.from_text(text) if text else None)
