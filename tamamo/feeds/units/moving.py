"""A portable unit is moved: its readings from then on are the new place's, earlier ones stay.

A move is often noted hours after it was made. What was measured in between stands with the old
place by then, and is carried over to the new one.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from tamamo.context.broker import Broker
from tamamo.context.model.entity import DEFAULT_VOCABULARY, LOCATION, Entity, Instance
from tamamo.context.temporal.writing import Place as InstancePlace
from tamamo.feeds.units import stays
from tamamo.feeds.units.stays import Stay
from tamamo.kernel import sql
from tamamo.kernel.database import Connection, transaction
from tamamo.kernel.time import from_text, to_text

_SQL = sql.load(__package__)
TYPE = "FloodMonitoring"
#: Status of a place at which no unit stands any more: no reading is to be expected.
WITHDRAWN, OK = "withdrawn", "ok"
_STATUS = DEFAULT_VOCABULARY + "currentLevelStatus"
_LEVEL = DEFAULT_VOCABULARY + "currentLevel"


@dataclass(frozen=True, slots=True)
class Place:
    """A place that is watched. slug: its name in ids. attributes: thresholds and the like."""

    slug: str
    name: str = ""
    english: str = ""
    longitude: float | None = None
    latitude: float | None = None
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Id of the entity that holds what is measured there; a slug may be one itself."""
        if self.slug.startswith("urn:"):
            return self.slug
        return f"urn:ngsi-ld:{TYPE}:{quote(self.slug, safe='')}"


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move came to. carried: readings that went over to the new place."""

    before: Stay | None
    carried: int


def device_id(unit: str) -> str:
    """Return the id of a unit's own entity."""
    return f"urn:ngsi-ld:Device:{quote(unit, safe='')}"


async def move(
    broker: Broker,
    by: str,
    tenant: str,
    unit: str,
    *,
    place: Place | None,
    at: datetime,
    present: datetime | None = None,
) -> Moved:
    """Put a unit at a place from `at` on; None: it is taken away and stands nowhere.

    by: who moved it, a subject. present: now, where another clock than the machine's counts.
    A place that is not there yet is made.
    Raises InvalidInput, see `stays.move`.
    """
    async with transaction(broker.pool) as connection:
        target = None if place is None else place.id
        before = await stays.move(
            connection, by, tenant, unit, place=target, at=at, present=present
        )
    carried = 0
    if before is not None:
        carried = await _carry(broker, tenant, before, target, at)
        await _withdraw(broker, tenant, before.place, at)
    entities = []
    if place is not None:
        entities.append(_described(place, at))
    entities.append(_device(unit, place))
    await broker.observations.record(tenant, entities)
    return Moved(before, carried)


async def foreseen(broker: Broker, tenant: str, unit: str, at: datetime) -> Moved:
    """Return what a move at a moment would come to: where it stands, and what would go over."""
    async with transaction(broker.pool) as connection:
        found = (await stays.of_units(connection, tenant, [unit])).get(unit, [])
        before = next((stay for stay in found if stay.to_at is None), None)
        if before is None:
            return Moved(None, 0)
        return Moved(before, len(await _since(connection, tenant, before, at)))


async def _since(
    connection: Connection, tenant: str, before: Stay, at: datetime
) -> list[tuple[str, UUID, dict[str, Any]]]:
    """Return what was measured at a place since the unit left; nothing where another stood."""
    values = {"tenant": tenant, "place": before.place, "unit": before.unit, "at": at}
    row = await (await connection.execute(_SQL["others_since"], values)).fetchone()
    if row is not None and row[0]:
        return []
    rows = await (await connection.execute(_SQL["readings_since"], values)).fetchall()
    return [(attr, one, instance) for attr, one, instance in rows if attr != _STATUS]


async def _carry(
    broker: Broker, tenant: str, before: Stay, target: str | None, at: datetime
) -> int:
    """Carry over what the unit measured since it was moved. Safe to be run again."""
    async with transaction(broker.pool) as connection:
        rows = await _since(connection, tenant, before, at)
    if target is not None:
        kind = [DEFAULT_VOCABULARY + TYPE]
        await broker.observations.record(
            tenant, [Entity(target, kind, {attr: [_plain(one)]}) for attr, _, one in rows]
        )
    for attr, instance_id, _ in rows:
        await broker.evolutions.delete_instance(
            InstancePlace(tenant, before.place, attr, instance_id)
        )
    return len(rows)


def _plain(instance: dict[str, Any]) -> Instance:
    return {k: v for k, v in instance.items() if k not in ("createdAt", "modifiedAt", "instanceId")}


async def _withdraw(broker: Broker, tenant: str, place: str, at: datetime) -> None:
    """Say at the old place that no reading is to be expected: it is not silent."""
    known = await broker.entities.find(tenant, place)
    if known is None:
        return
    # What shows as its current level may be later than the move, where it was noted late.
    said = [
        from_text(one["observedAt"]) for one in known.attrs.get(_LEVEL, []) if "observedAt" in one
    ]
    status = _property(WITHDRAWN, observedAt=to_text(max([at, *said])))
    await broker.observations.record(tenant, [Entity(place, known.types, {_STATUS: [status]})])


def _described(place: Place, at: datetime) -> Entity:
    attrs = {DEFAULT_VOCABULARY + name: [_property(v)] for name, v in place.attributes.items()}
    attrs[_STATUS] = [_property(OK, observedAt=to_text(at))]
    for name, text in (("name", place.name), ("alternateName", place.english)):
        if text:
            attrs[DEFAULT_VOCABULARY + name] = [_property(text)]
    if place.longitude is not None and place.latitude is not None:
        attrs[LOCATION] = [_point(place.longitude, place.latitude)]
    return Entity(place.id, [DEFAULT_VOCABULARY + TYPE], attrs)


def _device(unit: str, place: Place | None) -> Entity:
    attrs: dict[str, list[Instance]] = {
        DEFAULT_VOCABULARY + "name": [_property(unit)],
        DEFAULT_VOCABULARY + "deviceState": [_property("ok" if place else "stored")],
    }
    if place is not None:
        asset: Instance = {"type": "Relationship", "object": place.id}
        attrs[DEFAULT_VOCABULARY + "controlledAsset"] = [asset]
        if place.longitude is not None and place.latitude is not None:
            attrs[LOCATION] = [_point(place.longitude, place.latitude)]
    return Entity(device_id(unit), [DEFAULT_VOCABULARY + "Device"], attrs)


def _property(value: object, **members: object) -> Instance:
    return {"type": "Property", "value": value, **members}


def _point(longitude: float, latitude: float) -> Instance:
    geometry = {"type": "Point", "coordinates": [longitude, latitude]}
    return {"type": "GeoProperty", "value": geometry}
