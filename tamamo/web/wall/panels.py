"""What each panel of the wall shows: the template contexts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from tamamo.web.portal.city import Mode
from tamamo.web.portal.gauges import Gauge
from tamamo.web.portal.level import Stage, State
from tamamo.web.portal.names import local_name, local_text
from tamamo.web.portal.stations import Kind, Station
from tamamo.web.portal.words import metres, stage_label
from tamamo.web.wall.look import Look
from tamamo.web.wall.wallstate import PANELS, WallState

#: Rows that stand in a panel beside the others, and in one that has the page for itself.
ROWS: Final = 10
ROWS_LARGE: Final = 200
_FEW: Final = 4


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. url: makes it large, or gives the others back."""

    id: str
    key: str
    title: str
    large: bool
    hidden: bool
    url: str
    #: How many things it lists, of which a panel beside the others shows those that fit.
    count: int = 0

    @property
    def template(self) -> str:
        """Where its inside is drawn."""
        return f"wall/{self.id}.html"


def titles() -> dict[str, str]:
    """Return panel → what stands above it."""
    return {
        "levels": _("Levels"),
        "map": _("Map"),
        "gauges": _("River gauges, the most pressing first"),
        "rain": _("Rain"),
        "tide": _("Tide"),
        "warnings": _("Warnings and alerts"),
        "shelters": _("Shelters"),
        "calls": _("Who is called"),
        "sources": _("Data sources"),
    }


def panels(state: WallState, counts: Mapping[str, int]) -> list[Panel]:
    """Return the panels in their order; where one is large, the others are hidden."""
    named = titles()
    return [
        Panel(
            name,
            key,
            named[name],
            state.panel == name,
            bool(state.panel) and state.panel != name,
            state.query(panel="" if state.panel == name else name),
            counts.get(name, 0),
        )
        for name, key in PANELS.items()
    ]


def context(look: Look, state: WallState) -> dict[str, Any]:
    """Return what the wall shows of a look."""
    most = ROWS_LARGE if state.panel == "gauges" else ROWS
    city, large = look.city, state.panel == "warnings"
    return {
        "state": state,
        "look": look,
        "city": city,
        "live": city.mode is Mode.LIVE,
        "panels": panels(state, _counts(look)),
        "rising": look.gauges[:most],
        "most": most,
        "stages": _stages(city.gauges),
        "stage_key": _stage_key(city.gauges),
        "states": Counter(gauge.state for gauge in city.gauges),
        "not_current": sum(g.state is not State.NORMAL for g in city.gauges),
        "rain": _stations(look, state, Kind.RAIN),
        "tide": _stations(look, state, Kind.TIDE),
        "official": look.levels.official[: ROWS_LARGE if large else _FEW],
        "estimates": look.levels.own[: ROWS_LARGE if large else _FEW],
        "parts": look.parts,
        "points": _points(look),
        "sources": sources(look),
    }


def _counts(look: Look) -> dict[str, int]:
    return {
        "gauges": len(look.gauges),
        "rain": len(look.stations(Kind.RAIN)),
        "tide": len(look.stations(Kind.TIDE)),
        "warnings": len(look.levels.official) + len(look.levels.own),
        "shelters": look.shelters.open,
    }


def _stations(look: Look, state: WallState, kind: Kind) -> list[Station]:
    return look.stations(kind)[: ROWS_LARGE if state.panel == kind else _FEW]


def _stages(gauges: Sequence[Gauge]) -> list[tuple[Stage, str, int]]:
    """Return how many gauges stand at each stage from observation start on, the highest first."""
    counts = Counter(gauge.stage for gauge in gauges if gauge.stage is not None)
    order = (Stage.FLOOD, Stage.DANGER, Stage.STARTED)
    return [(stage, stage_label(stage), counts[stage]) for stage in order]


def _stage_key(gauges: Sequence[Gauge]) -> str:
    """Return what an open page compares to hear of another stage."""
    return ",".join(sorted(f"{g.key}={g.stage:d}" for g in gauges if g.stage))


def _points(look: Look) -> list[dict[str, Any]]:
    """Return what the map draws: the same gauges and stations that the panels list."""
    city = look.city
    points = [
        {
            "lon": gauge.longitude,
            "lat": gauge.latitude,
            "stage": None if gauge.stage is None else int(gauge.stage),
            "state": str(gauge.state),
            "label": _label(local_name(gauge), _level(gauge)),
        }
        for gauge in city.gauges
        if gauge.longitude is not None
    ]
    return points + [
        {
            "lon": one.longitude,
            "lat": one.latitude,
            "kind": str(one.kind),
            "stage": None,
            "state": str(one.state),
            "label": _label(local_name(one), one.shown_text and f"{one.shown_text} {one.unit}"),
        }
        for one in city.stations
        if one.longitude is not None
    ]


def _level(gauge: Gauge) -> str:
    return "" if gauge.shown_level is None else f"{metres(gauge.shown_level)} m"


def _label(name: str, value: str) -> str:
    return f"{name}\n{value or '—'}"


@dataclass(frozen=True, slots=True)
class DataSource:
    """Who publishes what is shown, and when the newest of it was observed. current: how many of
    its count things have a value that is not late.
    """

    name: str
    newest: datetime | None
    count: int
    current: int

    @property
    def state(self) -> State:
        """Normal; late: some are not current; missing: none is."""
        if not self.current:
            return State.MISSING
        return State.NORMAL if 2 * self.current >= self.count else State.LATE


def sources(look: Look) -> list[DataSource]:
    """Return the publishers of what is shown, those that are not current first."""
    groups: dict[str, list[Gauge | Station]] = {}
    everything: list[Gauge | Station] = [*look.city.gauges, *look.city.stations]
    for item in everything:
        by = item.provider or item.source if isinstance(item, Gauge) else item.source
        groups.setdefault(local_text(by) or _("(not said)"), []).append(item)
    found = [
        DataSource(
            name,
            max((one.observed_at for one in items if one.observed_at), default=None),
            len(items),
            sum(one.state is State.NORMAL for one in items),
        )
        for name, items in groups.items()
    ]
    order = (State.MISSING, State.LATE, State.NORMAL)
    return sorted(found, key=lambda one: (order.index(one.state), one.name))
