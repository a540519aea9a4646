"""Simulated portable level units (模擬): the place is what is measured, the unit is a device.

Where a unit stands is asked of the register of stays, so that `tamamo devices move` and the staff
page work on them: the next reading is the new place's. At the first start unit 1 has been moved
already, so that both places have a past.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from tamamo.context.broker import Broker
from tamamo.context.model.entity import DEFAULT_TENANT, Entity, Instance
from tamamo.feeds.units import Stay, moving, stays
from tamamo.kernel.database import transaction
from tamamo.kernel.time import to_text
from tamamo.simulator import entities, things
from tamamo.simulator.city import Station
from tamamo.simulator.weather import Storm

_BY: Final = "system:demo"
_HISTORY: Final = timedelta(hours=48)
_STEP: Final = timedelta(minutes=10)
#: Before its place of today, unit 1 stood here.
FORMER: Final = Station("kasuga-branch", "春日川 支川（可搬式・撤去済み）", 134.0840, 34.3050)
_FORMER_ENGLISH: Final = "Branch of Kasuga River (portable, withdrawn)"
MOVED: Final = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class Raw:
    """What the units report: when, the storm, and where each stands."""

    at: datetime
    storm: Storm | None
    stays: tuple[Stay, ...]


def unit_name(unit: Station) -> str:
    """Return a unit's name, as in a topic."""
    return f"sim-{unit.slug}"


def place_of(station: Station) -> moving.Place:
    """Return the place of a station, with its thresholds."""
    levels = zip(
        ("observationStartLevel", "alertLevel", "dangerLevel"), things.UNIT_LEVELS, strict=True
    )
    english = things.ENGLISH.get(station.slug, _FORMER_ENGLISH)
    return moving.Place(
        f"sim-{station.slug}",
        f"{station.name}（模擬）",
        f"{english} (simulated)",
        station.longitude,
        station.latitude,
        dict(levels)
        | {
            "simulated": True,
            "dataProvider": entities.PROVIDER,
            "source": entities.SOURCE,
            "stationID": f"sim-{station.slug}",
            "reportInterval": 0.5,
            "category": "river",
        },
    )


class Units:
    """The three units of the first town."""

    def __init__(self, broker: Broker, terms: entities.Terms, seed: int) -> None:
        self._broker, self._terms, self._seed = broker, terms, seed
        self._begun = False

    async def standing(self, at: datetime, storm: Storm | None) -> tuple[Stay, ...]:
        """Return where the units stand; at the first start they are set up, with their past."""
        if not self._begun:
            await self._begin(at, storm)
            self._begun = True
        async with transaction(self._broker.pool) as connection:
            names = [unit_name(unit) for unit in things.UNITS]
            found = await stays.of_units(connection, DEFAULT_TENANT, names)
        return tuple(stay for every in found.values() for stay in every if stay.to_at is None)

    async def _begin(self, at: datetime, storm: Storm | None) -> None:
        async with transaction(self._broker.pool) as connection:
            names = [unit_name(unit) for unit in things.UNITS]
            if await stays.of_units(connection, DEFAULT_TENANT, names):
                return
        first, *others = things.UNITS
        start = at - _HISTORY
        await self._stand(first, FORMER, start, at)
        await self._past(FORMER, start, at - MOVED, storm)
        await self._stand(first, first, at - MOVED, at)
        await self._past(first, at - MOVED, at, storm)
        for unit in others:
            await self._stand(unit, unit, start, at)
            await self._past(unit, start, at, storm)

    async def _stand(self, unit: Station, where: Station, since: datetime, now: datetime) -> None:
        await moving.move(
            self._broker,
            _BY,
            DEFAULT_TENANT,
            unit_name(unit),
            place=place_of(where),
            at=since,
            present=now,
        )

    async def _past(
        self, where: Station, start: datetime, end: datetime, storm: Storm | None
    ) -> None:
        """Write what was measured at a place from one moment until another."""
        readings = []
        at = start
        while at < end:
            readings.append(self._reading(place_of(where).id, where, at, storm))
            at += _STEP
        await self._broker.observations.record(DEFAULT_TENANT, readings)

    def _reading(self, place: str, where: Station, at: datetime, storm: Storm | None) -> Entity:
        level = things.unit_level(where, at, self._seed, storm)
        measured = _property(level, observedAt=to_text(at), unitCode="MTR")
        return self._entity("FloodMonitoring", place, {"currentLevel": measured})

    def read(self, raw: Raw) -> Iterable[Entity]:
        """Return what the units measure where they stand, and the units themselves."""
        by_unit = {stay.unit: stay for stay in raw.stays}
        for unit in things.UNITS:
            stay = by_unit.get(unit_name(unit))
            if stay is not None:
                yield self._reading(stay.place, unit, raw.at, raw.storm)
                yield from self._device(unit, stay, raw.at)

    def _device(self, unit: Station, stay: Stay, at: datetime) -> Iterator[Entity]:
        number = things.UNITS.index(unit) + 1
        said = {
            "name": f"可搬式水位計{number}号（模擬）",
            "alternateName": f"Portable unit {number} (simulated)",
            "deviceState": "ok",
            "simulated": True,
            "dataProvider": entities.PROVIDER,
            "source": entities.SOURCE,
        }
        attrs: dict[str, Instance] = {name: _property(value) for name, value in said.items()}
        observed_at = to_text(at)
        attrs["batteryLevel"] = _property(things.battery(unit, at), observedAt=observed_at)
        attrs["dateLastValueReported"] = _property(observed_at, observedAt=observed_at)
        attrs["controlledAsset"] = {"type": "Relationship", "object": stay.place}
        yield self._entity("Device", moving.device_id(stay.unit), attrs)

    def _entity(self, kind: str, entity_id: str, attrs: dict[str, Instance]) -> Entity:
        return Entity(
            entity_id,
            [self._terms.expand_type(kind)],
            {self._terms.expand_term(name): [instance] for name, instance in attrs.items()},
        )


def _property(value: Any, **members: object) -> Instance:
    return {"type": "Property", "value": value, **members}
