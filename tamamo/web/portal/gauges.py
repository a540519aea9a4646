"""Gauges as the pages show them, made from FloodMonitoring entities in stored form."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tamamo.context.model.entity import DEFAULT_VOCABULARY, LOCATION, Entity
from tamamo.feeds.plausibility import reason_of
from tamamo.kernel import time
from tamamo.web.portal.level import Stage, State, Thresholds, next_threshold, stage_of, state_of
from tamamo.web.portal.owner import Owner, key_of

GAUGE_TYPE = DEFAULT_VOCABULARY + "FloodMonitoring"
LEVEL = DEFAULT_VOCABULARY + "currentLevel"
#: Plain names that the core @context puts elsewhere than into the default vocabulary.
_CORE = {
    "status": "https://uri.etsi.org/ngsi-ld/status",
    "description": "http://purl.org/dc/terms/description",
}
#: Where the entity does not say how often it reports (reportInterval, minutes).
USUAL_INTERVAL = timedelta(minutes=60)
#: A name that holds this word carries its mark itself.
SIMULATED_WORD = "模擬"
SIMULATED_INTERVAL = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Gauge:
    """A river gauge and its reading at one moment. Levels in metres, times in UTC."""

    id: str
    station: str
    name: str
    town: str
    river: str
    longitude: float | None
    latitude: float | None
    thresholds: Thresholds
    #: The last reading there is; shown as current only in the states normal and late.
    level: float | None
    observed_at: datetime | None
    state: State
    interval: timedelta
    provider: str
    source: str
    license: str
    simulated: bool
    #: The name in English where the publisher gives one (alternateName).
    english: str = ""
    #: Why its reading is not believed: jump, stuck, out_of_range; "" where it is.
    doubt: str = ""
    #: Metres since an hour before; None when there is no reading of then.
    change: float | None = None
    #: The town that shares it; None: it is of the page's own town.
    owner: Owner | None = None

    @property
    def key(self) -> str:
        """What tells it from all other gauges of the page."""
        return key_of(self.owner, self.station)

    @property
    def needs_mark(self) -> bool:
        """Whether a mark beside the name has to say that the gauge is simulated."""
        return self.simulated and SIMULATED_WORD not in self.name

    @property
    def shown_level(self) -> float | None:
        """The level to show as a value: none when missing or in error."""
        return self.level if self.state in (State.NORMAL, State.LATE) else None

    @property
    def stage(self) -> Stage | None:
        """The stage of the shown level."""
        level = self.shown_level
        return None if level is None else stage_of(level, self.thresholds)

    @property
    def margin(self) -> float | None:
        """Metres left to the next threshold."""
        level = self.shown_level
        limit = None if level is None else next_threshold(level, self.thresholds)
        return None if level is None or limit is None else limit - level

    @property
    def late_after(self) -> datetime | None:
        """When the reading will count as late."""
        return None if self.observed_at is None else self.observed_at + 2 * self.interval

    @property
    def matters(self) -> bool:
        """Whether the gauge stands at or above its danger or flood level."""
        return (self.stage or Stage.BELOW) >= Stage.DANGER

    @property
    def severity(self) -> tuple[int, bool, float, str]:
        """Sort key: the most severe first; of these the timely, then the least margin left.

        Above the flood level there is no margin left: how far above decides.
        """
        stage = -1 if self.stage is None else int(self.stage)
        room = self.margin
        if room is None and self.shown_level is not None and self.thresholds.danger is not None:
            room = self.thresholds.danger - self.shown_level
        late = self.state is State.LATE
        return (-stage, late, 1e9 if room is None else room, self.name)


def first(entity: Entity, name: str) -> Mapping[str, Any]:
    """Return the first instance of an attribute by its plain name, {} without one."""
    instances = entity.attrs.get(_CORE.get(name, "")) or entity.attrs.get(DEFAULT_VOCABULARY + name)
    return instances[0] if instances else {}


def text(entity: Entity, name: str) -> str:
    """Return an attribute's value as text, "" without one."""
    value = first(entity, name).get("value")
    return "" if value is None else str(value)


def number(entity: Entity, name: str) -> float | None:
    """Return an attribute's value where it is a number."""
    value = first(entity, name).get("value")
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def observed(instance: Mapping[str, Any]) -> datetime | None:
    """Return an instance's observedAt, None without a readable one."""
    return moment(instance.get("observedAt"))


def moment(text: object) -> datetime | None:
    """Return the moment a text names, None for anything else."""
    try:
        return time.from_text(str(text))
    except ValueError:
        return None


def point(entity: Entity) -> tuple[float | None, float | None]:
    """Return longitude and latitude of the entity's location where it is a point."""
    geometry = (entity.attrs.get(LOCATION) or [{}])[0].get("value")
    if isinstance(geometry, dict) and geometry.get("type") == "Point":
        longitude, latitude = geometry["coordinates"][:2]
        return float(longitude), float(latitude)
    return None, None


def _town(entity: Entity) -> str:
    address = first(entity, "address").get("value")
    return str(address.get("addressLocality", "")) if isinstance(address, dict) else ""


def interval_of(entity: Entity, simulated: bool) -> timedelta:
    """Return how often a station is expected to report."""
    minutes = number(entity, "reportInterval")
    if minutes is not None and minutes > 0:
        return timedelta(minutes=minutes)
    return SIMULATED_INTERVAL if simulated else USUAL_INTERVAL


def _reported_missing(entity: Entity, observed_at: datetime | None) -> bool:
    status = first(entity, "currentLevelStatus")
    # withdrawn: the portable unit that measured here has been moved.
    if status.get("value") not in ("missing", "withdrawn"):
        return False
    said_at = observed(status)
    return observed_at is None or said_at is None or said_at >= observed_at


def gauge_of(
    entity: Entity,
    as_of: datetime,
    earlier: float | None = None,
    owner: Owner | None = None,
) -> Gauge:
    """Return the gauge an entity describes, as seen at a moment.

    earlier: its level an hour before, in metres, where known. owner: the town that shares it.
    """
    reading = first(entity, "currentLevel")
    observed_at = observed(reading)
    simulated = first(entity, "simulated").get("value") is True
    interval = interval_of(entity, simulated)
    raw = reading.get("value")
    missing = _reported_missing(entity, observed_at)
    state = state_of(raw, observed_at, as_of, interval, missing)
    doubt = reason_of(reading) if state in (State.NORMAL, State.LATE) else ""
    if doubt:
        state = State.ERROR
    level = number(entity, "currentLevel")
    longitude, latitude = point(entity)
    shown = level is not None and state in (State.NORMAL, State.LATE)
    return Gauge(
        id=entity.id,
        station=text(entity, "stationID") or entity.id.rpartition(":")[2],
        name=text(entity, "name") or entity.id.rpartition(":")[2],
        town=_town(entity),
        river=text(entity, "river"),
        longitude=longitude,
        latitude=latitude,
        thresholds=Thresholds(
            start=number(entity, "observationStartLevel"),
            alert=number(entity, "alertLevel"),
            danger=number(entity, "dangerLevel"),
        ),
        level=level,
        observed_at=observed_at,
        state=state,
        interval=interval,
        provider=text(entity, "dataProvider"),
        source=text(entity, "source"),
        license=text(entity, "license"),
        simulated=simulated,
        english=text(entity, "alternateName"),
        doubt=doubt,
        change=level - earlier if shown and level is not None and earlier is not None else None,
        owner=owner,
    )


def newest(entities: Iterable[Entity]) -> datetime | None:
    """Return the newest observation among gauges, None when there is none."""
    times = (observed(first(entity, "currentLevel")) for entity in entities)
    return max((moment for moment in times if moment is not None), default=None)


def is_simulated(entity: Entity) -> bool:
    """Whether the entity is made by the simulator."""
    return first(entity, "simulated").get("value") is True
