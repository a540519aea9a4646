"""The whole view in the address: what is selected, filtered, sorted, where the map stands, when."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from tamamo.kernel import time
from tamamo.web.portal.gauges import Gauge
from tamamo.web.portal.level import Stage, State

SORTS = ("severity", "name", "town", "level", "observed")
LAYERS = ("gauges", "rain", "tide", "underpass", "shelter", "road", "camera")
_MAP = re.compile(r"\d{1,2}(\.\d+)?/-?\d{1,2}(\.\d+)?/-?\d{1,3}(\.\d+)?")
_SPACE_ZONE = re.compile(r" (?=\d{2}:?\d{2}$)")


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of the address, and what to do."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class ViewState:
    """The view's parameters, in the order they stand in an address. "" means not set."""

    at: str = ""
    town: str = ""
    q: str = ""
    stage: str = ""
    state: str = ""
    sort: str = ""
    gauge: str = ""
    layers: str = ""
    map: str = ""
    moment: datetime | None = field(default=None, compare=False)

    def query(self, **changes: Any) -> str:
        """Return "?…" of this view with some parameters changed, or "" when nothing is set."""
        pairs = replace(self, **changes).pairs()
        return "?" + urlencode(pairs, safe=":/,") if pairs else ""

    def pairs(self) -> list[tuple[str, str]]:
        """Return the parameters that are set."""
        names = (item.name for item in fields(self) if item.name != "moment")
        return [(name, getattr(self, name)) for name in names if getattr(self, name)]

    def kept(self) -> list[tuple[str, str]]:
        """Return what the filter form passes on unchanged."""
        return [pair for pair in self.pairs() if pair[0] in ("at", "gauge", "layers", "map")]

    def besides_at(self) -> list[tuple[str, str]]:
        """Return what the form for another moment passes on unchanged."""
        return [pair for pair in self.pairs() if pair[0] != "at"]

    @property
    def at_local(self) -> str:
        """The moment as an input of type datetime-local takes it."""
        return f"{self.moment.astimezone(time.JST):%Y-%m-%dT%H:%M}" if self.moment else ""

    @property
    def filtered(self) -> bool:
        """Whether the list is narrowed."""
        return bool(self.town or self.q or self.stage or self.state)

    def shows(self, layer: str) -> bool:
        """Whether a layer of the map is on."""
        return not self.layers or layer in self.layers.split(",")

    def select(self, gauges: tuple[Gauge, ...]) -> list[Gauge]:
        """Return the gauges this view lists, sorted."""
        wanted = self.q.casefold()
        chosen = [
            gauge
            for gauge in gauges
            if (not self.town or gauge.town == self.town)
            and (wanted in f"{gauge.name} {gauge.english} {gauge.river} {gauge.key}".casefold())
            and (not self.stage or (gauge.stage is not None and gauge.stage >= int(self.stage)))
            and (not self.state or gauge.state == self.state)
        ]
        return sorted(chosen, key=_SORT_KEYS[self.sort or "severity"])


_OLDEST = time.EARLIEST
_SORT_KEYS: dict[str, Callable[[Gauge], Any]] = {
    "severity": lambda gauge: gauge.severity,
    "name": lambda gauge: (gauge.name, gauge.key),
    "town": lambda gauge: (gauge.town, *gauge.severity),
    "level": lambda gauge: (gauge.shown_level is None, -(gauge.shown_level or 0), gauge.name),
    "observed": lambda gauge: (_OLDEST - (gauge.observed_at or _OLDEST), gauge.name),
}


def parse(parameters: Mapping[str, str], now: datetime) -> tuple[ViewState, list[FieldError]]:
    """Read a view from an address.

    A bad `at` is an error, since another moment than the one asked for would mislead. Other
    unknown values are left out: an old link still shows the city.
    """
    text = {name: parameters.get(name, "").strip() for name in _PARAMETERS}
    errors: list[FieldError] = []
    moment = None
    if text["at"]:
        try:
            moment = read_moment(text["at"], now)
        except ValueError as error:
            errors.append(FieldError("at", str(error)))
    checked = {name: value if _VALID[name](value) else "" for name, value in text.items()}
    return ViewState(**checked, moment=moment), errors


def read_moment(text: str, now: datetime) -> datetime:
    """Return the moment a text names; without a zone it is Japan Standard Time.

    A "+" that an address turned into a space counts as the sign of the zone.
    Raises ValueError, in words for the reader, for anything that is not a moment of the past
    since 1900.
    """
    try:
        moment = datetime.fromisoformat(_SPACE_ZONE.sub("+", text))
    except ValueError:
        raise ValueError(
            _("This is not a date and time. Write it like 2026-06-26T08:00.")
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=time.JST)
    if moment < time.EARLIEST:
        raise ValueError(_("There is no data before the year 1900."))
    if moment > now:
        raise ValueError(_("This moment lies in the future. Choose one that has passed."))
    return moment.astimezone(time.EARLIEST.tzinfo)


_PARAMETERS = tuple(item.name for item in fields(ViewState) if item.name != "moment")
_VALID: dict[str, Callable[[str], bool]] = {
    "at": lambda value: True,
    "town": lambda value: len(value) <= 60,
    "q": lambda value: len(value) <= 60,
    "stage": lambda value: value in {str(int(stage)) for stage in Stage if stage},
    "state": lambda value: value in set(State),
    "sort": lambda value: value in SORTS,
    "gauge": lambda value: len(value) <= 130,
    "layers": lambda value: all(name in LAYERS for name in value.split(",")),
    "map": lambda value: _MAP.fullmatch(value) is not None,
}
