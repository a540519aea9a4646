"""Shelters as the wall shows them: open, closed or full, and how many people are in them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from tamamo.context.model.entity import DEFAULT_VOCABULARY, Entity
from tamamo.web.portal import gauges as reading

SHELTER_TYPE: Final = DEFAULT_VOCABULARY + "EvacuationShelter"
#: An opening nobody confirmed for so long is shown grey.
OLD_AFTER: Final = timedelta(hours=12)


class Opening(StrEnum):
    """What a shelter says of itself; UNKNOWN: nothing, or something else."""

    OPEN = "open"
    FULL = "full"
    CLOSED = "closed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Shelter:
    """A shelter. occupancy, capacity: people; None where nobody said."""

    id: str
    name: str
    english: str
    opening: Opening
    occupancy: int | None
    capacity: int | None
    observed_at: datetime | None
    old: bool
    simulated: bool

    @property
    def percent(self) -> int | None:
        """How full it is; None where it cannot be said."""
        if self.occupancy is None or not self.capacity:
            return None
        return round(100 * self.occupancy / self.capacity)


@dataclass(frozen=True, slots=True)
class Shelters:
    """All shelters of a town: those in use first."""

    used: tuple[Shelter, ...] = ()
    count: int = 0
    unknown: int = 0

    @property
    def open(self) -> int:
        """How many take people in, or are full."""
        return len(self.used)

    @property
    def full(self) -> int:
        """How many are full."""
        return sum(one.opening is Opening.FULL for one in self.used)

    @property
    def people(self) -> int:
        """How many people are in them, as far as somebody said."""
        return sum(one.occupancy or 0 for one in self.used)

    @property
    def newest(self) -> datetime | None:
        """When the newest of the shelters in use was last confirmed."""
        return max((one.observed_at for one in self.used if one.observed_at), default=None)


def shelters_of(entities: Iterable[Entity], as_of: datetime) -> Shelters:
    """Return the shelters that entities describe, as seen at a moment."""
    found = [_shelter(entity, as_of) for entity in entities]
    used = [one for one in found if one.opening in (Opening.OPEN, Opening.FULL)]
    used.sort(key=lambda one: (one.opening is not Opening.FULL, -(one.percent or 0), one.name))
    unknown = sum(one.opening is Opening.UNKNOWN for one in found)
    return Shelters(tuple(used), len(found), unknown)


def _shelter(entity: Entity, as_of: datetime) -> Shelter:
    said = reading.text(entity, "openStatus")
    opening = Opening(said) if said in set(Opening) else Opening.UNKNOWN
    observed_at = reading.observed(reading.first(entity, "openStatus"))
    return Shelter(
        id=entity.id,
        name=reading.text(entity, "name") or entity.id.rpartition(":")[2],
        english=reading.text(entity, "alternateName"),
        opening=opening,
        occupancy=_people(entity, "occupancy"),
        capacity=_people(entity, "capacity"),
        observed_at=observed_at,
        old=observed_at is None or as_of - observed_at > OLD_AFTER,
        simulated=reading.is_simulated(entity),
    )


def _people(entity: Entity, name: str) -> int | None:
    value = reading.number(entity, name)
    return None if value is None or value < 0 else int(value)
