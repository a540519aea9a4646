"""What the home page shows of a city and a view: now, layers, list, detail."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from tamamo.web.portal import series
from tamamo.web.portal.city import City, Mode
from tamamo.web.portal.gauges import Gauge
from tamamo.web.portal.level import Stage, State
from tamamo.web.portal.names import local_text
from tamamo.web.portal.series import Point, Row
from tamamo.web.portal.stations import Kind, Station
from tamamo.web.portal.viewstate import LAYERS, SORTS, ViewState
from tamamo.web.portal.watch.places import Place, PlaceKind, kind_name
from tamamo.web.portal.words import kind_label, stage_label, state_label

#: More gauges than these at or above their danger level are folded away under the first.
FIRST_ALARMS = 4
#: A rise in the last hour from which on a gauge below its danger level is worth a look, in metres.
RISING = 0.05


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of the map with its age, count and source."""

    name: str
    label: str
    count: int
    newest: datetime | None
    sources: list[str]
    on: bool
    #: The address of the same view with this layer switched.
    toggle: str


@dataclass(frozen=True, slots=True)
class Option:
    """A choice of a filter."""

    value: str
    label: str
    selected: bool


@dataclass(frozen=True, slots=True)
class Detail:
    """A selected gauge with its last 48 hours."""

    gauge: Gauge
    sentence: str
    rows: list[Row]
    count: int
    highest: Point | None


def detail(gauge: Gauge, points: Sequence[Point]) -> Detail:
    """Return what the detail panel shows."""
    return Detail(
        gauge=gauge,
        sentence=series.sentence(gauge, points),
        rows=series.table(points, gauge),
        count=len(points),
        highest=max(points, key=lambda point: point[1], default=None),
    )


def context(city: City, view: ViewState) -> dict[str, Any]:
    """Return the home page's template context."""
    listed = view.select(city.gauges)
    alarms = sorted((g for g in city.gauges if g.matters), key=lambda g: g.severity)
    rising = _rising(city.gauges)
    current = sum(gauge.state is State.NORMAL for gauge in city.gauges)
    return {
        "city": city,
        "view": view,
        "live": city.mode is Mode.LIVE,
        "rising": rising[: max(0, FIRST_ALARMS - len(alarms))],
        "rising_count": len(rising),
        "weather": _weather(city.stations),
        "alarms": alarms[:FIRST_ALARMS],
        "current_count": current,
        "all_well": not rising and 2 * current >= len(city.gauges),
        "alarm_key": ",".join(sorted(f"{g.key}={g.stage:d}" for g in alarms)),
        "more_alarms": alarms[FIRST_ALARMS:],
        "sources": sorted({gauge.provider or gauge.source for gauge in listed} - {""}),
        "states": _states(city.gauges),
        "layers": layers(city, view),
        "gauges": listed,
        "stations": [s for s in city.stations if view.shows(s.kind)],
        "places": [place for place in city.places if view.shows(place.kind)],
        "towns": _towns(city.gauges, view),
        "stage_options": [
            Option(str(int(stage)), stage_label(stage), view.stage == str(int(stage)))
            for stage in (Stage.FLOOD, Stage.DANGER, Stage.STARTED)
        ],
        "state_options": [
            Option(state, state_label(state), view.state == state) for state in State
        ],
        "sort_options": [
            Option(name, label, (view.sort or "severity") == name)
            for name, label in sort_labels().items()
        ],
    }


def sort_labels() -> dict[str, str]:
    """Return sort name → label."""
    labels = (
        _("Severity"),
        _("Name"),
        _("Town"),
        _("Level (high first)"),
        _("Observed (new first)"),
    )
    return dict(zip(SORTS, labels, strict=True))


def _rising(gauges: Iterable[Gauge]) -> list[Gauge]:
    """Return the gauges between observation start and danger level that rise, the closest first."""
    found = [
        gauge
        for gauge in gauges
        if gauge.stage is Stage.STARTED
        and gauge.state is State.NORMAL
        and (gauge.change or 0) >= RISING
    ]
    return sorted(found, key=lambda gauge: gauge.severity)


def _weather(stations: Iterable[Station]) -> list[Station]:
    """Return the heaviest rain and the highest tide there is now."""
    current = [s for s in stations if s.state is State.NORMAL and s.shown_value is not None]
    groups = ([s for s in current if s.kind is kind] for kind in Kind)
    return [max(group, key=lambda s: s.shown_value or 0) for group in groups if group]


def _states(gauges: Iterable[Gauge]) -> list[tuple[State, str, int]]:
    counts = Counter(gauge.state for gauge in gauges)
    return [(state, state_label(state), counts[state]) for state in State]


def _towns(gauges: Iterable[Gauge], view: ViewState) -> list[Option]:
    counts = Counter(gauge.town for gauge in gauges if gauge.town)
    ordered = sorted(counts, key=lambda town: (town != "高松市", town))
    return [
        Option(town, f"{local_text(town)} ({counts[town]})", town == view.town) for town in ordered
    ]


def layers(city: City, view: ViewState) -> list[Layer]:
    """Return the layers that hold something."""
    groups: dict[str, tuple[str, Sequence[Gauge | Station | Place]]] = {
        "gauges": (_("River levels"), city.gauges)
    }
    for kind in Kind:
        groups[kind] = (kind_label(kind), [s for s in city.stations if s.kind is kind])
    for place in PlaceKind:
        groups[place] = (kind_name(place), [p for p in city.places if p.kind is place])
    return [_layer(name, label, items, view) for name, (label, items) in groups.items() if items]


def _layer(
    name: str, label: str, items: Sequence[Gauge | Station | Place], view: ViewState
) -> Layer:
    on = [other for other in LAYERS if view.shows(other) != (other == name)]
    everything = len(on) == len(LAYERS)
    return Layer(
        name=name,
        label=label,
        count=len(items),
        newest=max((i.observed_at for i in items if i.observed_at), default=None),
        sources=sorted({source for item in items if (source := _source(item))}),
        on=view.shows(name),
        toggle=view.query(layers="" if everything else ",".join(on) or "none"),
    )


def _source(item: Gauge | Station | Place) -> str:
    return (item.provider or item.source) if isinstance(item, Gauge) else item.source
