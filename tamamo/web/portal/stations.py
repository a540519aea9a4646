"""Rain gauges and tide gauges: further layers of the map, each with its list."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tamamo.context.model.entity import DEFAULT_VOCABULARY, Entity
from tamamo.feeds.plausibility import reason_of
from tamamo.web.portal import gauges as reading
from tamamo.web.portal.level import State, state_of
from tamamo.web.portal.owner import Owner


class Kind(StrEnum):
    """What a station measures."""

    RAIN = "rain"
    TIDE = "tide"


@dataclass(frozen=True, slots=True)
class Measure:
    """Where a kind of station keeps its value, and the unit it is shown in."""

    kind: Kind
    attribute: str
    unit: str


#: Entity type → its measure (Smart Data Models: WeatherObserved, SeaConditions).
_MEASURES = {
    DEFAULT_VOCABULARY + "WeatherObserved": Measure(Kind.RAIN, "precipitation", "mm/h"),
    DEFAULT_VOCABULARY + "SeaConditions": Measure(Kind.TIDE, "waterLevel", "m"),
}
STATION_TYPES = tuple(_MEASURES)


@dataclass(frozen=True, slots=True)
class Station:
    """One value of rain or tide at one moment."""

    id: str
    kind: Kind
    name: str
    longitude: float | None
    latitude: float | None
    value: float | None
    unit: str
    observed_at: datetime | None
    state: State
    source: str
    simulated: bool
    #: The name in English where the publisher gives one (alternateName).
    english: str = ""
    #: The town that shares it; None: it is of the page's own town.
    owner: Owner | None = None
    #: Why its value is not believed: jump, stuck, out_of_range; "" where it is.
    doubt: str = ""

    @property
    def needs_mark(self) -> bool:
        """Whether a mark beside the name has to say that the station is simulated."""
        return self.simulated and reading.SIMULATED_WORD not in self.name

    @property
    def shown_value(self) -> float | None:
        """The value to show: none when missing or in error."""
        return self.value if self.state in (State.NORMAL, State.LATE) else None

    @property
    def shown_text(self) -> str:
        """The value with as many decimals as its unit bears."""
        digits = 2 if self.unit == "m" else 1
        text = "" if self.shown_value is None else f"{self.shown_value:.{digits}f}"
        return text.replace("-", "−")


def station_of(entity: Entity, as_of: datetime, owner: Owner | None = None) -> Station | None:
    """Return the station an entity describes, as seen at a moment; None for other types.

    owner: the town that shares it.
    """
    measure = next((_MEASURES[name] for name in entity.types if name in _MEASURES), None)
    if measure is None:
        return None
    instance = reading.first(entity, measure.attribute)
    observed_at = reading.observed(instance)
    longitude, latitude = reading.point(entity)
    simulated = reading.is_simulated(entity)
    interval = reading.interval_of(entity, simulated)
    state = state_of(instance.get("value"), observed_at, as_of, interval)
    doubt = reason_of(instance) if state in (State.NORMAL, State.LATE) else ""
    return Station(
        id=entity.id,
        kind=measure.kind,
        name=reading.text(entity, "name") or entity.id.rpartition(":")[2],
        longitude=longitude,
        latitude=latitude,
        value=reading.number(entity, measure.attribute),
        unit=measure.unit,
        observed_at=observed_at,
        state=State.ERROR if doubt else state,
        doubt=doubt,
        source=reading.text(entity, "dataProvider") or reading.text(entity, "source"),
        simulated=simulated,
        english=reading.text(entity, "alternateName"),
        owner=owner,
    )
