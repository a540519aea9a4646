"""A drill's script: what is measured, said and expected when. Pure; read from a TOML file.

Times are written as the clock of the night shows them: "22:42", and "25:30" for half past one of
the next day.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from tamamo.drills.series import Point, readings
from tamamo.kernel.errors import Problem

#: What an event is to those who take part.
KINDS: Final = ("news", "call", "telegram", "state")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,60}\Z")
_CLOCK = re.compile(r"([0-4]?[0-9]):([0-5][0-9])\Z")
_LANGUAGES: Final = ("ja", "en")


class InvalidScript(Problem):
    """A script cannot be read (422). extra["faults"]: where and what."""

    status, type, title = 422, "https://tamamo.example/problems/invalid-script", "Invalid script"


@dataclass(frozen=True, slots=True)
class Text:
    """A text in both languages."""

    ja: str
    en: str

    def in_(self, language: str) -> str:
        """Return it in a language."""
        return self.en if language == "en" else self.ja


@dataclass(frozen=True, slots=True)
class Place:
    """Something that is measured or has a state: an entity of the drill.

    known_as: where an entity of the town has this name and type, it is that one; else it is made.
    """

    key: str
    type: str
    id: str
    name: Text
    #: A GeoJSON geometry: a Point, or a LineString of a road.
    location: Mapping[str, Any]
    known_as: str = ""
    #: Attributes that do not change: short name → value.
    fixed: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """One value at a second of the drill's clock."""

    position: float
    place: str
    attribute: str
    value: Any
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Telegram:
    """What a made-up weather office says is in force of one phenomenon from then on."""

    phenomenon: str
    area: str
    area_name: str
    kinds: tuple[tuple[str, str], ...]
    headline: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens at a second of the drill's clock.

    source: what of it is on record: a key of the script's sources; empty: invented (想定).
    """

    key: str
    position: float
    kind: str
    text: Text
    source: str = ""
    sets: tuple[Reading, ...] = ()
    telegram: Telegram | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """A decision that should be taken: who does what, and by when at the latest.

    actions: acts in the log that mean it was taken (or what they begin with); about: one of
    these stands in their object or text. Without actions a reviewer judges.
    """

    key: str
    position: float
    who: Text
    text: Text
    why: Text
    since: float = 0.0
    actions: tuple[str, ...] = ()
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Where something of the script is on record."""

    key: str
    text: Text
    url: str


@dataclass(frozen=True, slots=True)
class Script:
    """A whole exercise."""

    id: str
    title: Text
    about: Text
    begins_at: datetime
    length: float
    speed: float
    places: tuple[Place, ...]
    readings: tuple[Reading, ...]
    events: tuple[Event, ...]
    expected: tuple[Expected, ...]
    sources: tuple[Source, ...]
    #: Rules for the drill's tenant alone, as documents.
    rules: tuple[Mapping[str, Any], ...] = ()

    def place(self, key: str) -> Place:
        """Return a place by its key."""
        return next(place for place in self.places if place.key == key)

    def event(self, key: str) -> Event | None:
        """Return an event by its key."""
        return next((event for event in self.events if event.key == key), None)


def read(body: bytes, name: str) -> Script:
    """Return the script of a TOML file. Raises InvalidScript naming all that is wrong."""
    try:
        document = tomllib.loads(body.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidScript(f"{name}: {error}", faults=[str(error)]) from error
    faults: list[str] = []
    script = _Reader(document, faults).script(name)
    if faults or script is None:
        raise InvalidScript(f"{name}: " + " ".join(faults), faults=faults)
    return script


class _Reader:
    """Reads one document and notes every fault with its place."""

    def __init__(self, document: Mapping[str, Any], faults: list[str]) -> None:
        self._document = document
        self._faults = faults
        begins = document.get("begins_at")
        self._begins = begins if isinstance(begins, datetime) and begins.tzinfo else None
        if self._begins is None:
            faults.append("begins_at: a date and time with its zone is needed.")

    def script(self, name: str) -> Script | None:
        """Return the whole, or None where its times cannot be told."""
        head = self._document
        if self._begins is None:
            return None
        if not _ID.match(name):
            self._faults.append(f"{name}: a name of small letters, digits and -.")
        length = self._clock(head, "until", "until")
        sources = tuple(self._source(one, place) for one, place in self._tables("source"))
        places = tuple(self._place(one, at) for one, at in self._tables("place"))
        self._keys = {place.key for place in places}
        self._source_keys = {source.key for source in sources}
        events = tuple(self._event(one, at) for one, at in self._tables("event"))
        expected = tuple(self._expected(one, at) for one, at in self._tables("expected"))
        measured = [
            reading for one, at in self._tables("series") for reading in self._series(one, at)
        ]
        self._once([*(e.key for e in events), *(e.key for e in expected)])
        self._within([*events, *expected, *measured], length)
        return Script(
            name,
            self._text(head, "title", "title"),
            self._text(head, "about", "about"),
            self._begins,
            length,
            float(head.get("speed", 60)),
            places,
            tuple(sorted(measured, key=lambda reading: reading.position)),
            tuple(sorted(events, key=lambda event: event.position)),
            tuple(sorted(expected, key=lambda one: one.position)),
            sources,
            tuple(head.get("rule", ())),
        )

    def _tables(self, name: str) -> Iterator[tuple[Mapping[str, Any], str]]:
        for number, table in enumerate(self._document.get(name, ()), 1):
            yield table, f"{name} {number}"

    def _source(self, table: Mapping[str, Any], where: str) -> Source:
        return Source(
            self._word(table, "key", where), self._text(table, "text", where), table.get("url", "")
        )

    def _place(self, table: Mapping[str, Any], where: str) -> Place:
        key = self._word(table, "key", where)
        kind = table.get("type", "")
        return Place(
            key,
            kind,
            table.get("id", f"urn:ngsi-ld:{kind}:drill-{key}"),
            self._text(table, "name", where),
            self._geometry(table.get("location"), where),
            table.get("known_as", ""),
            table.get("fixed", {}),
        )

    def _geometry(self, given: Any, where: str) -> Mapping[str, Any]:
        many = isinstance(given, list) and bool(given) and isinstance(given[0], list)
        pairs = given if many else [given]
        for pair in pairs:
            numbers = isinstance(pair, list) and len(pair) == 2
            if not numbers or not all(isinstance(one, int | float) for one in pair):
                self._faults.append(
                    f"{where}: location is [longitude, latitude], or a list of them."
                )
                return {}
        return {
            "type": "LineString" if many else "Point",
            "coordinates": pairs if many else pairs[0],
        }

    def _series(self, table: Mapping[str, Any], where: str) -> Iterator[Reading]:
        place, attribute = table.get("place", ""), table.get("attribute", "")
        if place not in self._keys or not attribute:
            self._faults.append(f"{where}: place and attribute are needed; {place!r} is none.")
        points = [
            Point(self._clock({"at": at}, "at", f"{where} {at}"), float(value))
            for at, value in table.get("points", ())
        ]
        every = 60.0 * table.get("every", 10)
        for position, value in readings(points, every, table.get("digits", 2)):
            yield Reading(position, place, attribute, value, table.get("unit"))

    def _event(self, table: Mapping[str, Any], where: str) -> Event:
        kind, source = table.get("kind", ""), table.get("source", "")
        position = self._clock(table, "at", where)
        if kind not in KINDS:
            self._faults.append(f"{where}: its kind is one of {', '.join(KINDS)}.")
        if source and source not in self._source_keys:
            self._faults.append(f"{where}: there is no source {source!r}.")
        return Event(
            self._word(table, "key", where),
            position,
            kind,
            self._text(table, "text", where),
            source,
            tuple(self._sets(table, position, where)),
            self._telegram(table, where) if kind == "telegram" else None,
        )

    def _sets(self, table: Mapping[str, Any], position: float, where: str) -> Iterator[Reading]:
        for place, values in table.get("set", {}).items():
            if place not in self._keys:
                self._faults.append(f"{where}: there is no place {place!r}.")
            for attribute, value in values.items():
                yield Reading(position, place, attribute, value)

    def _telegram(self, table: Mapping[str, Any], where: str) -> Telegram:
        kinds = tuple((str(one["name"]), str(one["code"])) for one in table.get("kinds", ()))
        for name in ("phenomenon", "area", "area_name", "headline"):
            if not table.get(name):
                self._faults.append(f"{where}: a telegram has {name}.")
        return Telegram(
            table.get("phenomenon", ""),
            table.get("area", ""),
            table.get("area_name", ""),
            kinds,
            table.get("headline", ""),
        )

    def _expected(self, table: Mapping[str, Any], where: str) -> Expected:
        position = self._clock(table, "by", where)
        since = self._clock(table, "since", where) if "since" in table else 0.0
        if since >= position:
            self._faults.append(f"{where}: since lies before by.")
        return Expected(
            self._word(table, "key", where),
            position,
            self._text(table, "who", where),
            self._text(table, "text", where),
            self._text(table, "why", where),
            since,
            tuple(table.get("actions", ())),
            tuple(table.get("about", ())),
        )

    def _clock(self, table: Mapping[str, Any], name: str, where: str) -> float:
        """Return a time of the night as seconds since the script begins."""
        found = _CLOCK.match(str(table.get(name, "")))
        if found is None or self._begins is None:
            self._faults.append(f"{where}: {name} is a time such as 22:42 or 25:30.")
            return 0.0
        begins = self._begins.hour * 3600 + self._begins.minute * 60
        return float(int(found[1]) * 3600 + int(found[2]) * 60 - begins)

    def _text(self, table: Mapping[str, Any], name: str, where: str) -> Text:
        given = table.get(name)
        if not isinstance(given, Mapping) or not all(given.get(one) for one in _LANGUAGES):
            self._faults.append(f"{where}: {name} is a text in ja and en.")
            return Text("", "")
        return Text(str(given["ja"]), str(given["en"]))

    def _word(self, table: Mapping[str, Any], name: str, where: str) -> str:
        word = str(table.get(name, ""))
        if not _ID.match(word):
            self._faults.append(f"{where}: {name} is a word of small letters, digits and -.")
        return word

    def _once(self, keys: list[str]) -> None:
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            self._faults.append(f"These keys stand twice: {', '.join(twice)}.")

    def _within(self, timed: list[Any], length: float) -> None:
        outside = [one for one in timed if not 0 <= one.position <= length]
        if outside or length <= 0:
            self._faults.append(f"{len(outside)} times lie before the beginning or after the end.")
