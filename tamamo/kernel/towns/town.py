"""A town: a tenant with what it is called, may use and shows to everybody."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tamamo.kernel.drills.drill import Drill
from tamamo.kernel.drills.drill import mark as drill_mark
from tamamo.kernel.errors import Problem
from tamamo.kernel.towns.code import is_code

#: What stands before the Japanese title of a drill.
MARK_JA: Final = drill_mark("")
#: The town that installed; requests that name no tenant are about it.
DEFAULT: Final = "default"
#: In `public_types`: everything is public.
ALL_TYPES: Final = "*"
LANGUAGES: Final = ("ja", "en")
#: Names that operators give. A name becomes a part of addresses: /t/<name>/.
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}\Z")
_LONGEST_TITLE: Final = 100
_MOST_TYPES: Final = 500
_LONGEST_IRI: Final = 2048
#: Zoom of the base map's data.
_ZOOM: Final = (5.0, 18.0)


class InvalidTown(Problem):
    """Some fields of a town cannot be so (422).

    extra["errors"]: [{"field", "code", "detail"}]; the codes are for pages that say it in words of
    their own.
    """

    status = 422
    type = "https://tamamo.example/problems/invalid-tenant"
    title = "Invalid tenant"

    def __init__(self, errors: "Sequence[Fault]") -> None:
        super().__init__(
            " ".join(fault.detail for fault in errors),
            errors=[
                {"field": fault.field, "code": fault.code, "detail": fault.detail}
                for fault in errors
            ],
        )
        self.faults = tuple(errors)


#: Points of a map's side in which a town is seen whole.
_SIDE: Final = 800


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field. code: a word that stays; detail: a sentence in English."""

    field: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class MapView:
    """Where the town's maps open: degrees (WGS 84) and zoom (web Mercator)."""

    longitude: float
    latitude: float
    zoom: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Return what a map of 800 points a side shows: west, south, east, north, in degrees."""
        half = 360 * _SIDE / (512 * 2**self.zoom) / 2
        # Web Mercator: a degree of latitude is drawn 1 / cos(latitude) as long.
        high = half * math.cos(math.radians(self.latitude))
        west, east = self.longitude - half, self.longitude + half
        return west, self.latitude - high, east, self.latitude + high


@dataclass(frozen=True, slots=True)
class Limits:
    """The most a tenant may have; None: no limit. requests: a minute. storage: bytes."""

    entities: int | None = None
    requests: int | None = None
    storage: int | None = None


@dataclass(frozen=True, slots=True)
class Town:
    """A tenant as every process knows it."""

    name: str
    titles: Mapping[str, str] = field(default_factory=dict)
    code: str | None = None
    languages: tuple[str, ...] = LANGUAGES
    map_view: MapView | None = None
    limits: Limits = Limits()
    #: IRIs of the entity types that everybody may read; ALL_TYPES among them: all.
    public_types: frozenset[str] = frozenset()
    suspended: bool = False
    #: What drill it is; None for a town. Never changed with the town's own fields.
    drill: Drill | None = None

    @property
    def everything_public(self) -> bool:
        """Whether everybody may read everything of it."""
        return ALL_TYPES in self.public_types

    @property
    def locality(self) -> str:
        """What the place is called in Japanese, of a drill without its mark; empty: nothing yet."""
        return self.titles.get("ja", "").removeprefix(MARK_JA)

    def title(self, language: str) -> str:
        """Return what the town is called in a language, or else in Japanese, or else its name."""
        return self.titles.get(language) or self.titles.get("ja") or self.name


def check(town: Town) -> None:
    """Raise InvalidTown naming every field that cannot be so."""
    faults = [*_names(town), *_languages(town), *_places(town), *_limits(town), *_types(town)]
    if faults:
        raise InvalidTown(faults)


def is_name(text: str) -> bool:
    """Return whether operators may give this name to a tenant."""
    return bool(_NAME.match(text))


def _names(town: Town) -> list[Fault]:
    faults = []
    if not is_name(town.name):
        rule = "a small letter, then up to 62 small letters, digits, _ or -"
        faults.append(Fault("name", "name", f"The name of a tenant is {rule}."))
    for language in LANGUAGES:
        title = town.titles.get(language, "")
        if not title.strip() or len(title) > _LONGEST_TITLE or not title.isprintable():
            text = f"A title in '{language}' is needed, of at most {_LONGEST_TITLE} characters."
            faults.append(Fault(f"title_{language}", "title", text))
    if town.code is not None and not is_code(town.code):
        text = "This is no code of a local government: six digits, the last one checks the others."
        faults.append(Fault("code", "code", text))
    return faults


def _languages(town: Town) -> list[Fault]:
    given = town.languages
    if given and set(given) <= set(LANGUAGES) and len(set(given)) == len(given):
        return []
    return [Fault("languages", "languages", "Languages are ja and en, one of them at least.")]


def _places(town: Town) -> list[Fault]:
    view = town.map_view
    if view is None:
        return []
    low, high = _ZOOM
    inside = -180 <= view.longitude <= 180 and -85 <= view.latitude <= 85
    if inside and low <= view.zoom <= high:
        return []
    text = f"A map view is longitude, latitude and a zoom of {low:g} to {high:g}."
    return [Fault("map_view", "map_view", text)]


def _limits(town: Town) -> list[Fault]:
    limits = town.limits
    faults = []
    for name, value, least in (
        ("entities", limits.entities, 0),
        ("requests", limits.requests, 1),
        ("storage", limits.storage, 0),
    ):
        most = 2**31 - 1 if name == "requests" else 2**63 - 1
        if value is not None and not least <= value <= most:
            text = f"The limit of {name} is a whole number from {least}, or none."
            faults.append(Fault(f"max_{name}", "limit", text))
    return faults


def _types(town: Town) -> list[Fault]:
    if len(town.public_types) > _MOST_TYPES or not all(map(is_type, town.public_types)):
        text = f"Public types are IRIs, at most {_MOST_TYPES}, or {ALL_TYPES} for all."
        return [Fault("public_types", "types", text)]
    return []


def is_type(text: str) -> bool:
    """Return whether a text can be the IRI of a type or attribute, or stands for all of them."""
    if text == ALL_TYPES:
        return True
    plain = text.isprintable() and " " not in text and len(text) <= _LONGEST_IRI
    return plain and ":" in text[1:]


def to_columns(town: Town) -> dict[str, Any]:
    """Return a town as the columns of its row."""
    view = town.map_view
    return {
        "name": town.name,
        "title": dict(town.titles),
        "code": town.code,
        "languages": list(town.languages),
        "map_view": view
        and {"longitude": view.longitude, "latitude": view.latitude, "zoom": view.zoom},
        "max_entities": town.limits.entities,
        "max_requests": town.limits.requests,
        "max_storage": town.limits.storage,
        "public_types": sorted(town.public_types),
        "state": "suspended" if town.suspended else "active",
    }


def from_columns(row: Mapping[str, Any], drill: Drill | None = None) -> Town:
    """Return the town of a row, and what drill it is."""
    view = row["map_view"]
    return Town(
        row["name"],
        row["title"],
        row["code"],
        tuple(row["languages"]),
        MapView(**view) if view else None,
        Limits(row["max_entities"], row["max_requests"], row["max_storage"]),
        frozenset(row["public_types"]),
        row["state"] == "suspended",
        drill,
    )
