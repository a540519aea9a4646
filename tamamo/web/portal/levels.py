"""What stands above the gauges: what the authorities say, and apart from it what we estimate.

`OfficialLevel` is a WeatherAlert as it was received: its name, its level and its office are the
telegram's, never ours. `OwnEstimate` is an Alert of this platform's rules: always called an
estimate (推定), never 警報, and drawn by another component (docs/subsystems/warnings.md).
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from tamamo.context.model.entity import DEFAULT_VOCABULARY, Entity
from tamamo.kernel import time
from tamamo.web.portal import gauges as reading

OFFICIAL_TYPE: Final = DEFAULT_VOCABULARY + "WeatherAlert"
OWN_TYPE: Final = DEFAULT_VOCABULARY + "Alert"
#: How residents' pages list estimates: what is less than this is for the duty officer alone.
SEVERITIES: Final = ("informational", "low", "medium", "high", "critical")
_SHOWN_FROM: Final = SEVERITIES.index("medium")
_IN_FORCE: Final = frozenset({"issued", "continued"})
_GOING_ON: Final = frozenset({"firing", "recovering"})
#: One warning is said for several areas, one in the other: a town's page shows the narrowest.
_AREAS: Final = ("municipality", "district", "part", "prefecture")


class Entities(Protocol):
    """What is asked for them: a town's entities of a type."""

    async def entities(self, type_iri: str, at: datetime | None) -> Iterable[Entity]:
        """Return the entities of a type, now or as they were at a moment."""


@dataclass(frozen=True, slots=True)
class OfficialLevel:
    """A warning of the Meteorological Agency in force, as its telegram says it.

    level: 1 to 5, None where the telegram names none. name, area, headline: the telegram's words,
    in Japanese. office: who issued it.
    """

    id: str
    name: str
    area: str
    level: int | None
    office: str
    issued_at: datetime | None
    valid_to: datetime | None
    headline: str
    continued: bool
    simulated: bool

    @property
    def shape(self) -> str:
        """The part of the class that chooses colour and shape."""
        return "none" if self.level is None else str(self.level)


@dataclass(frozen=True, slots=True)
class OwnEstimate:
    """An alert of this platform's own rules that goes on.

    severity: informational, low, medium, high or critical. since: when this episode began.
    subject: the id of what it is about.
    """

    id: str
    description: str
    english: str
    severity: str
    subject: str
    since: datetime | None
    easing: bool
    simulated: bool

    @property
    def name(self) -> str:
        """The description, as pages name things in their language."""
        return self.description

    @property
    def rank(self) -> int:
        """The place of its severity, the gravest the highest."""
        return SEVERITIES.index(self.severity) if self.severity in SEVERITIES else 0


@dataclass(frozen=True, slots=True)
class Levels:
    """Both, the gravest first."""

    official: tuple[OfficialLevel, ...] = ()
    own: tuple[OwnEstimate, ...] = ()

    @property
    def key(self) -> str:
        """What an open page compares to hear of a new official level."""
        return ",".join(f"{one.id}={one.shape}" for one in self.official)


async def levels_of(source: Entities, as_of: datetime, at: datetime | None = None) -> Levels:
    """Return what is in force in a town at a moment. at: a past one; None: now."""
    told, estimated = await asyncio.gather(
        source.entities(OFFICIAL_TYPE, at), source.entities(OWN_TYPE, at)
    )
    return Levels(official(told, as_of), own(estimated))


def official(entities: Iterable[Entity], as_of: datetime) -> tuple[OfficialLevel, ...]:
    """Return the official warnings in force, the highest level first, then the newest.

    What is said for a municipality and for the wider areas it lies in stands there once.
    """
    going = [one for one in entities if reading.text(one, "status") in _IN_FORCE]
    found = [(one, _official(one)) for one in going]
    held = [(one, told) for one, told in found if told.valid_to is None or told.valid_to > as_of]
    narrowest: dict[str, int] = {}
    for one, _told in held:
        said = _said_of(one)
        narrowest[said] = min(narrowest.get(said, len(_AREAS)), _width(one))
    return tuple(
        sorted(
            (told for one, told in held if _width(one) <= narrowest[_said_of(one)]), key=_gravest
        )
    )


def _said_of(entity: Entity) -> str:
    """What tells warnings apart: of rivers and coasts each is one of its own."""
    if reading.text(entity, "areaKind") not in _AREAS:
        return entity.id
    return f"{reading.text(entity, 'series')} {reading.text(entity, 'kindCode')}"


def _width(entity: Entity) -> int:
    kind = reading.text(entity, "areaKind")
    return _AREAS.index(kind) if kind in _AREAS else 0


def own(entities: Iterable[Entity], least: int = _SHOWN_FROM) -> tuple[OwnEstimate, ...]:
    """Return the estimates that go on and are at least so grave, the gravest first."""
    found = [_own(one) for one in entities if reading.text(one, "state") in _GOING_ON]
    shown = [one for one in found if one.rank >= least]
    return tuple(sorted(shown, key=lambda one: (-one.rank, one.since or time.EARLIEST, one.id)))


def _gravest(one: OfficialLevel) -> tuple[int, float, str]:
    newest = one.issued_at.timestamp() if one.issued_at else 0.0
    return -(one.level or 0), -newest, one.id


def _official(entity: Entity) -> OfficialLevel:
    level = reading.number(entity, "level")
    office = (reading.text(entity, name) for name in ("issuingOffice", "dataProvider", "source"))
    return OfficialLevel(
        id=entity.id,
        name=reading.text(entity, "name"),
        area=reading.text(entity, "areaName"),
        level=int(level) if level is not None and 1 <= level <= 5 else None,
        office=next((name for name in office if name), ""),
        issued_at=_moment(entity, "dateIssued"),
        valid_to=_moment(entity, "validTo"),
        headline=reading.text(entity, "headline"),
        continued=reading.text(entity, "status") == "continued",
        simulated=reading.is_simulated(entity),
    )


def _own(entity: Entity) -> OwnEstimate:
    return OwnEstimate(
        id=entity.id,
        description=_said(entity, "ja") or reading.text(entity, "description") or entity.id,
        english=_said(entity, "en"),
        severity=reading.text(entity, "severity") or "informational",
        subject=str(reading.first(entity, "alertSource").get("object") or ""),
        since=_moment(entity, "dateIssued"),
        easing=reading.text(entity, "state") == "recovering",
        simulated=reading.is_simulated(entity),
    )


def _said(entity: Entity, language: str) -> str:
    """Return the description in a language, where the rule gives it as a LanguageProperty."""
    words: Any = reading.first(entity, "description").get("languageMap")
    return str(words.get(language) or "") if isinstance(words, dict) else ""


def _moment(entity: Entity, name: str) -> datetime | None:
    value = reading.first(entity, name).get("value")
    if isinstance(value, dict):
        value = value.get("@value")
    try:
        return time.from_text(str(value)) if value else None
    except ValueError:
        return None
