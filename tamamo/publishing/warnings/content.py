"""What a warning says, checked field by field. Nothing here knows where it is kept."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from tamamo.kernel.errors import Problem

#: Values of CAP 1.2 (OASIS Standard, 1 July 2010, section 3.2.2).
CATEGORIES: Final = (
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra",
    "CBRNE", "Other",
)  # fmt: skip
RESPONSES: Final = (
    "Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None",
)  # fmt: skip
URGENCIES: Final = ("Immediate", "Expected", "Future", "Past", "Unknown")
SEVERITIES: Final = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
CERTAINTIES: Final = ("Observed", "Likely", "Possible", "Unlikely", "Unknown")
#: Levels of 避難情報に関するガイドライン: 1 to 5; 0 stands for information without a level.
LEVELS: Final = (0, 1, 2, 3, 4, 5)

LONGEST_LINE: Final = 200
LONGEST_TEXT: Final = 4000
LONGEST_TIME: Final = timedelta(days=14)
MOST_POINTS: Final = 500
#: CAP wants times with a zone and whole seconds.
_MARGIN: Final = timedelta(minutes=5)

_UNREADABLE: Final = re.compile(r"[^\n\r\t -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Language = Literal["ja", "en", "easy"]
Point = tuple[float, float]


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text in Japanese, in English and, where somebody wrote one, in easy Japanese."""

    ja: str = ""
    en: str = ""
    easy: str = ""

    def get(self, language: str) -> str:
        """Return the text in a language; what is missing is there in Japanese."""
        return str(getattr(self, language, "")) or self.ja


class Area(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where it holds. places: ids of the town's own list; none: the whole town.

    words: said in addition, such as 春日川沿い. polygons: rings of (longitude, latitude), closed.
    named: all of it in words, as it was when it was published; a draft has none.
    """

    places: tuple[str, ...] = ()
    words: Words = Words()
    polygons: tuple[tuple[Point, ...], ...] = ()
    named: Words = Words()


class Content(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of a warning's text.

    event: what kind it is, as the town names it (避難指示). source: the id of the alert it was made
    from. simulated: that alert came from a simulator. test: somebody tries the way out (試験).
    valid_from None: from the moment it is published.
    """

    event: Words = Words()
    level: int = 0
    headline: Words = Words()
    description: Words = Words()
    instruction: Words = Words()
    area: Area = Area()
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    contact: str = ""
    category: str = "Met"
    response: str = "Monitor"
    urgency: str = "Expected"
    severity: str = "Moderate"
    certainty: str = "Likely"
    source: str = ""
    simulated: bool = False
    test: bool = False

    def stored(self) -> dict[str, Any]:
        """Return it as JSON keeps it."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


def from_stored(value: Any) -> Content:
    """Return what `Content.stored` made. Raises msgspec.ValidationError."""
    return msgspec.convert(value, Content)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field. code: a word that stays; pages say it in their own words."""

    field: str
    code: str
    limit: int = 0


class InvalidWarning(Problem):
    """Some fields of a warning cannot be so (422). extra["errors"]: [{field, code, limit}]."""

    status = 422
    type = "https://tamamo.example/problems/invalid-warning"
    title = "Invalid warning"

    def __init__(self, faults: Sequence[Fault]) -> None:
        said = ", ".join(f"{fault.field}: {fault.code}" for fault in faults)
        errors = [{"field": f.field, "code": f.code, "limit": f.limit} for f in faults]
        super().__init__(said, errors=errors)
        self.faults = tuple(faults)


def check(
    content: Content, now: datetime, languages: Iterable[str], places: Iterable[str]
) -> list[Fault]:
    """Return what keeps a warning from being published.

    languages: those of the town, in which all has to be said. places: ids of the town's list.
    """
    return [
        *_texts(content, [one for one in ("ja", "en") if one in set(languages)]),
        *_choices(content, set(places)),
        *_times(content, now),
    ]


def _texts(content: Content, languages: list[str]) -> Iterable[Fault]:
    lines = (("event", content.event), ("headline", content.headline))
    texts = (("description", content.description), ("instruction", content.instruction))
    for name, words in (*lines, *texts):
        most = LONGEST_LINE if name in ("event", "headline") else LONGEST_TEXT
        for language in ("ja", "en", "easy"):
            text = getattr(words, language)
            if language in languages and not text.strip():
                yield Fault(f"{name}_{language}", "missing")
            elif len(text) > most:
                yield Fault(f"{name}_{language}", "long", most)
            elif not _readable(text):
                yield Fault(f"{name}_{language}", "unreadable")
    others = {"area_ja": content.area.words.ja, "area_en": content.area.words.en,
              "contact": content.contact}  # fmt: skip
    for field, text in others.items():
        if len(text) > LONGEST_LINE:
            yield Fault(field, "long", LONGEST_LINE)
        elif not _readable(text):
            yield Fault(field, "unreadable")
    if bool(content.area.words.ja.strip()) != bool(content.area.words.en.strip()):
        missing = "en" if content.area.words.ja.strip() else "ja"
        if missing in languages:
            yield Fault(f"area_{missing}", "missing")


def _readable(text: str) -> bool:
    """Whether XML 1.0 can hold a text (Char, section 2.2): no control characters but breaks."""
    return _UNREADABLE.search(text) is None


def _choices(content: Content, places: set[str]) -> Iterable[Fault]:
    known: dict[str, tuple[Sequence[object], object]] = {
        "level": (LEVELS, content.level),
        "category": (CATEGORIES, content.category),
        "response": (RESPONSES, content.response),
        "urgency": (URGENCIES, content.urgency),
        "severity": (SEVERITIES, content.severity),
        "certainty": (CERTAINTIES, content.certainty),
    }
    for field, (choices, value) in known.items():
        if value not in choices:
            yield Fault(field, "choice")
    if not set(content.area.places) <= places:
        yield Fault("places", "choice")
    if sum(map(len, content.area.polygons)) > MOST_POINTS:
        yield Fault("polygon", "points", MOST_POINTS)
    elif not all(map(is_ring, content.area.polygons)):
        yield Fault("polygon", "polygon")


def is_ring(points: Sequence[Point]) -> bool:
    """Whether points are a ring of CAP 1.2: four at least, the last is the first, on the Earth."""
    inside = all(-180 <= x <= 180 and -90 <= y <= 90 for x, y in points)
    return len(points) >= 4 and points[0] == points[-1] and inside


def _times(content: Content, now: datetime) -> Iterable[Fault]:
    begins = content.valid_from or now
    if content.valid_to is None:
        yield Fault("valid_to", "missing")
    elif content.valid_to <= now + _MARGIN:
        yield Fault("valid_to", "past")
    elif content.valid_to <= begins:
        yield Fault("valid_to", "order")
    elif content.valid_to - now > LONGEST_TIME:
        yield Fault("valid_to", "far", LONGEST_TIME.days)
