"""Shelters, underpasses, roads and cameras: further layers of the map, each with its list."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from tamamo.context.model.entity import DEFAULT_VOCABULARY, LOCATION, Entity
from tamamo.feeds.plausibility import is_suspect
from tamamo.web.portal import exports
from tamamo.web.portal import gauges as reading
from tamamo.web.portal.level import State, state_of
from tamamo.web.portal.owner import Owner
from tamamo.web.portal.words import day_and_time


class PlaceKind(StrEnum):
    """What a place is."""

    UNDERPASS = "underpass"
    SHELTER = "shelter"
    ROAD = "road"
    CAMERA = "camera"


@dataclass(frozen=True, slots=True)
class _Reads:
    """Where a kind of place keeps what is shown of it. every: how often it is expected to tell."""

    kind: PlaceKind
    attribute: str
    every: timedelta


#: Entity type → what is read of it. Underpasses are FloodMonitoring with a category.
_READS: Final = {
    "EvacuationShelter": _Reads(PlaceKind.SHELTER, "openStatus", timedelta(hours=6)),
    "RoadSegment": _Reads(PlaceKind.ROAD, "passageCount", timedelta(minutes=30)),
    "Camera": _Reads(PlaceKind.CAMERA, "imageUrl", timedelta(minutes=30)),
    "FloodMonitoring": _Reads(PlaceKind.UNDERPASS, "currentLevel", timedelta(minutes=15)),
}
#: Types that hold places and nothing else.
PLACE_TYPES: Final = tuple(
    DEFAULT_VOCABULARY + name for name in _READS if name != "FloodMonitoring"
)
UNDERPASS: Final = "underpass"
#: The worst first, within a kind.
_ORDER: Final = ("closed_road", "full", "water", "open", "none", "passed", "dry", "image", "closed")


@dataclass(frozen=True, slots=True)
class Place:
    """A place as seen at a moment. condition: a word for what holds there, "" where nothing does.

    value: metres of an underpass, people in a shelter, vehicles on a road.
    """

    id: str
    kind: PlaceKind
    name: str
    longitude: float | None
    latitude: float | None
    line: tuple[tuple[float, float], ...]
    condition: str
    value: float | None
    capacity: int | None
    last_passed: datetime | None
    link: str
    observed_at: datetime | None
    state: State
    source: str
    simulated: bool
    english: str = ""
    owner: Owner | None = None

    @property
    def needs_mark(self) -> bool:
        """Whether a mark beside the name has to say that the place is simulated."""
        return self.simulated and reading.SIMULATED_WORD not in self.name

    @property
    def shown(self) -> bool:
        """Whether its value is one to be shown."""
        return self.state in (State.NORMAL, State.LATE)

    @property
    def mark(self) -> str:
        """The name of its mark on the map."""
        return f"{self.kind}-{self.condition}" if self.shown and self.condition else self.kind

    @property
    def text(self) -> str:
        """What holds there, in words; "" where nothing is known."""
        if not self.shown:
            return ""
        words = [condition_label(self.kind, self.condition), *self._figures()]
        return " · ".join(word for word in words if word)

    def _figures(self) -> Iterable[str]:
        if self.kind is PlaceKind.UNDERPASS and self.value is not None:
            yield f"{self.value:.2f} m"
        elif (
            self.kind is PlaceKind.SHELTER and self.value is not None and self.condition != "closed"
        ):
            people = int(self.value)
            if self.capacity:
                yield _("%(n)d of %(capacity)d people") % {"n": people, "capacity": self.capacity}
            else:
                yield ngettext("%(n)d person", "%(n)d people", people) % {"n": people}
        elif self.kind is PlaceKind.ROAD and self.value is not None:
            count = int(self.value)
            if count:
                yield ngettext("%(n)d vehicle", "%(n)d vehicles", count) % {"n": count}
            if self.last_passed:
                yield _("last %(time)s") % {"time": day_and_time(self.last_passed)}

    @property
    def path(self) -> str:
        """Its line as longitude,latitude pairs, for the map."""
        return " ".join(f"{x:f},{y:f}" for x, y in self.line)


def kind_name(kind: PlaceKind) -> str:
    """Return the name of a layer of places."""
    return {
        PlaceKind.UNDERPASS: _("Underpasses"),
        PlaceKind.SHELTER: _("Shelters"),
        PlaceKind.ROAD: _("Road passage"),
        PlaceKind.CAMERA: _("Cameras"),
    }[kind]


def condition_label(kind: PlaceKind, condition: str) -> str:
    """Return the word for what holds at a place."""
    return {
        "open": pgettext("shelter", "Open"),
        "full": pgettext("shelter", "Full"),
        "closed": pgettext("shelter", "Closed"),
        "closed_road": _("Road closed"),
        "water": _("Water on the road"),
        "dry": _("Passable"),
        "none": _("No vehicle passed"),
        "passed": _("Vehicles passed"),
        "image": _("Still image"),
    }.get(condition, "")


def is_underpass(entity: Entity) -> bool:
    """Whether a FloodMonitoring entity is an underpass and no gauge of a river."""
    return reading.text(entity, "category") == UNDERPASS


def place_of(entity: Entity, as_of: datetime, owner: Owner | None = None) -> Place | None:
    """Return the place an entity is; None for other types, and shelters nobody says anything of."""
    names = (name.removeprefix(DEFAULT_VOCABULARY) for name in entity.types)
    reads = next((_READS[name] for name in names if name in _READS), None)
    if reads is None or (reads.kind is PlaceKind.UNDERPASS) is not is_underpass(entity):
        return None
    told = reading.first(entity, reads.attribute)
    if reads.kind is PlaceKind.SHELTER and not told:
        return None
    observed_at = reading.observed(told)
    longitude, latitude = reading.point(entity)
    every = reading.interval_of(entity, False) if reading.first(entity, "reportInterval") else None
    return Place(
        id=entity.id,
        kind=reads.kind,
        name=reading.text(entity, "name") or entity.id.rpartition(":")[2],
        longitude=longitude,
        latitude=latitude,
        line=_line(entity),
        condition=_condition(reads.kind, entity),
        value=reading.number(entity, _FIGURES.get(reads.kind, "")),
        capacity=_whole(reading.number(entity, "capacity")),
        last_passed=reading.moment(reading.text(entity, "lastPassedAt")),
        link=_link(entity),
        observed_at=observed_at,
        state=_state(reads, told, observed_at, as_of, every or reads.every),
        source=reading.text(entity, "dataProvider") or reading.text(entity, "source"),
        simulated=reading.is_simulated(entity),
        english=reading.text(entity, "alternateName"),
        owner=owner,
    )


def _link(entity: Entity) -> str:
    """Return where a camera's picture is: on the web or here; of any other address nothing."""
    text = reading.text(entity, "imageUrl")
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    away = parts.scheme in ("http", "https") and bool(parts.hostname)
    here = text.startswith("/") and not (parts.scheme or parts.netloc)
    return text if (away or here) and text.isprintable() and "\\" not in text else ""


_FIGURES: Final = {
    PlaceKind.UNDERPASS: "currentLevel",
    PlaceKind.SHELTER: "occupancy",
    PlaceKind.ROAD: "passageCount",
}


def _state(
    reads: _Reads,
    told: Mapping[str, Any],
    observed_at: datetime | None,
    as_of: datetime,
    every: timedelta,
) -> State:
    if is_suspect(told):
        return State.ERROR
    value = told.get("value")
    # A word or an address is a value, too; whether it is late goes by the same clock.
    measured = value if isinstance(value, int | float) or value is None else 1.0
    if reads.kind is PlaceKind.SHELTER and observed_at is not None and value is not None:
        # What staff say of a shelter holds until they say something else.
        return State.NORMAL if observed_at <= as_of + timedelta(minutes=10) else State.ERROR
    return state_of(measured, observed_at, as_of, every)


def _condition(kind: PlaceKind, entity: Entity) -> str:
    if kind is PlaceKind.SHELTER:
        status = reading.text(entity, "openStatus")
        return status if status in ("open", "full", "closed") else ""
    if kind is PlaceKind.CAMERA:
        return "image" if _link(entity) else ""
    if kind is PlaceKind.ROAD:
        count = reading.number(entity, "passageCount")
        return "" if count is None else "passed" if count else "none"
    level, danger = reading.number(entity, "currentLevel"), reading.number(entity, "dangerLevel")
    alert = reading.number(entity, "alertLevel")
    closed = reading.first(entity, "roadClosed").get("value") is True
    if closed or (level is not None and danger is not None and level >= danger):
        return "closed_road"
    if level is None:
        return ""
    return "water" if level >= (0.01 if alert is None else alert) else "dry"


def _line(entity: Entity) -> tuple[tuple[float, float], ...]:
    geometry = (entity.attrs.get(LOCATION) or [{}])[0].get("value")
    if not isinstance(geometry, dict) or geometry.get("type") != "LineString":
        return ()
    return tuple((float(pair[0]), float(pair[1])) for pair in geometry["coordinates"])


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def ordered(found: Iterable[Place]) -> list[Place]:
    """Return places by kind, within it the worst first."""
    kinds = list(PlaceKind)
    return sorted(
        found,
        key=lambda one: (
            kinds.index(one.kind),
            _ORDER.index(one.condition) if one.condition in _ORDER else len(_ORDER),
            one.name,
        ),
    )


PLACE_FIELDS: Final = exports.fields(
    "kind name condition text value capacity latitude longitude line image_url observed_at state "
    "simulated source owner entity_id as_of"
)


def row(place: Place, as_of: str | None, observed_at: str | None) -> dict[str, Any]:
    """Return a place as an export row."""
    points: Sequence[str] = [f"{x} {y}" for x, y in place.line]
    middle = place.line[len(place.line) // 2] if place.line else (place.longitude, place.latitude)
    return {
        "kind": place.kind.value,
        "name": place.name,
        "condition": place.condition if place.shown else "",
        "text": place.text,
        "value": place.value if place.shown else None,
        "capacity": place.capacity,
        "latitude": middle[1],
        "longitude": middle[0],
        "line": f"LINESTRING({', '.join(points)})" if points else "",
        "image_url": place.link,
        "observed_at": observed_at,
        "state": place.state.value,
        "simulated": place.simulated,
        "source": place.source,
        "owner": place.owner.tenant if place.owner else "",
        "entity_id": place.id,
        "as_of": as_of,
    }
