"""The form of a warning: what was typed ↔ its content."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from django.http import QueryDict
from django.utils.translation import gettext as _

from tamamo.kernel.time import JST
from tamamo.publishing.warnings import Area, Content, Fault, Office, Words, content
from tamamo.publishing.warnings.content import Point
from tamamo.web.portal.warnings.shown import page_language
from tamamo.web.staff.forms import Fault as Line
from tamamo.web.staff.forms import FormField, Group, Option
from tamamo.web.staff.warnings.room import fault_text

LANGUAGES: Final = ("ja", "en", "easy")
_WORDS: Final = ("event", "headline", "description", "instruction")
_CHOICES: Final = {
    "category": content.CATEGORIES,
    "response": content.RESPONSES,
    "urgency": content.URGENCIES,
    "severity": content.SEVERITIES,
    "certainty": content.CERTAINTIES,
}
#: Every plain field by name; `places` is a list.
NAMES: Final = (
    *(f"{name}_{language}" for name in _WORDS for language in LANGUAGES),
    "level", "area_ja", "area_en", "polygon", "valid_from", "valid_to", "contact", "test",
    *_CHOICES,
)  # fmt: skip
_PAIR: Final = re.compile(r"\s*(-?\d{1,2}(?:\.\d+)?)\s*,\s*(-?\d{1,3}(?:\.\d+)?)\s*\Z")


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed."""

    texts: Mapping[str, str]
    places: tuple[str, ...]


def typed_of(post: QueryDict) -> Typed:
    """Return what was sent."""
    texts = {name: post.get(name, "").replace("\r\n", "\n") for name in NAMES}
    return Typed(texts, tuple(post.getlist("places")))


def typed_from(found: Content) -> Typed:
    """Return a content as the form shows it."""
    texts = {f"{name}_{language}": getattr(getattr(found, name), language)
             for name in _WORDS for language in LANGUAGES}  # fmt: skip
    texts |= {name: str(getattr(found, name)) for name in _CHOICES}
    texts |= {
        "level": str(found.level),
        "area_ja": found.area.words.ja,
        "area_en": found.area.words.en,
        "polygon": "\n".join(_ring_text(ring) for ring in found.area.polygons),
        "valid_from": _moment_text(found.valid_from),
        "valid_to": _moment_text(found.valid_to),
        "contact": found.contact,
        "test": "1" if found.test else "",
    }
    return Typed(texts, found.area.places)


def read(typed: Typed, base: Content) -> tuple[Content, list[Fault]]:
    """Return the content that was typed, and what of it could not be read.

    base: for what no form changes (source, simulated).
    """
    texts, faults = typed.texts, []
    polygons: tuple[tuple[Point, ...], ...] = ()
    try:
        polygons = tuple(_ring(line) for line in texts["polygon"].splitlines() if line.strip())
    except ValueError:
        faults.append(Fault("polygon", "polygon"))
    moments: dict[str, datetime | None] = {}
    for name in ("valid_from", "valid_to"):
        try:
            moments[name] = _moment(texts[name])
        except ValueError:
            faults.append(Fault(name, "time"))
    level = texts["level"]
    words = {name: Words(*(texts[f"{name}_{one}"].strip() for one in LANGUAGES)) for name in _WORDS}
    area = Area(typed.places, Words(texts["area_ja"].strip(), texts["area_en"].strip()), polygons)
    found = msgspec.structs.replace(
        base,
        **words,
        **{name: texts[name] for name in _CHOICES},
        **moments,
        level=int(level) if level in {"0", "1", "2", "3", "4", "5"} else -1,
        area=area,
        contact=texts["contact"].strip(),
        test=texts["test"] == "1",
    )
    return found, faults


def groups(typed: Typed, office: Office, faults: Sequence[Fault]) -> list[Group]:
    """Return the form's fields with what was typed and what is wrong with it."""
    wrong = {fault.field: fault_text(fault) for fault in reversed(faults)}
    made = _Fields(typed, wrong, office)
    text = [("event", "text"), ("headline", "text"), ("description", "long"),
            ("instruction", "long")]  # fmt: skip
    languages = [one for one in ("ja", "en") if one in office.languages]
    titles = {"ja": _("In Japanese"), "en": _("In English"), "easy": _("In easy Japanese")}
    return [
        Group(_("Alert level"), [made.level(), made.test()]),
        *(
            Group(titles[one], [made.word(name, one, kind, required=True) for name, kind in text])
            for one in languages
        ),
        Group(titles["easy"], [made.word(name, "easy", kind) for name, kind in text[1:]]),
        Group(_("Where it holds"), made.where()),
        Group(_("When it holds"), made.when()),
        Group(_("For other systems (CAP 1.2)"), made.codes()),
    ]


def lines(faults: Sequence[Fault]) -> list[Line]:
    """Return the lines of the error summary."""
    return [Line(label(one.field), fault_text(one), f"f-{one.field}") for one in faults]


def label(name: str) -> str:
    """Return what a field is called."""
    stem, _mark, language = name.rpartition("_")
    if stem in _WORDS:
        return f"{_word_label(stem)} ({_language_label(language)})"
    return {
        "level": _("Alert level"),
        "test": _("This is a try (試験)"),
        "places": _("Places"),
        "area_ja": _("Place in words (Japanese)"),
        "area_en": _("Place in words (English)"),
        "polygon": _("Polygons"),
        "valid_from": _("Holds from"),
        "valid_to": _("Holds until"),
        "contact": _("Contact"),
        "category": _("Category"),
        "response": _("What people should do"),
        "urgency": _("Urgency"),
        "severity": _("How grave"),
        "certainty": _("Certainty"),
    }.get(name, name)


def _word_label(name: str) -> str:
    return {
        "event": _("Kind"),
        "headline": _("Headline"),
        "description": _("What is happening"),
        "instruction": _("What to do"),
    }[name]


def _language_label(language: str) -> str:
    return {"ja": "日本語", "en": "English", "easy": "やさしい日本語"}[language]


@dataclass(frozen=True, slots=True)
class _Fields:
    typed: Typed
    wrong: Mapping[str, str]
    office: Office

    def word(self, name: str, language: str, kind: str, *, required: bool = False) -> FormField:
        full = f"{name}_{language}"
        return FormField(
            full,
            label(full),
            kind,
            self.typed.texts[full],
            error=self.wrong.get(full, ""),
            required=required,
        )

    def level(self) -> FormField:
        chosen = self.typed.texts["level"]
        names = {
            "0": _("No level (information)"),
            "3": _("3: evacuation of the elderly and others"),
            "4": _("4: evacuation order"),
            "5": _("5: emergency safety measures"),
        }
        options = tuple(
            Option(str(n), names.get(str(n), str(n)), str(n) == chosen) for n in content.LEVELS
        )
        return FormField("level", label("level"), "choice", chosen, options=options,
                         error=self.wrong.get("level", ""))  # fmt: skip

    def test(self) -> FormField:
        options = (Option("1", _("Yes: mark it 試験 everywhere, CAP status Test"),
                          self.typed.texts["test"] == "1"),)  # fmt: skip
        return FormField("test", label("test"), "choices", options=options)

    def where(self) -> list[FormField]:
        places = self.office.setup.places
        language = page_language()
        chosen = set(self.typed.places)
        options = tuple(Option(p.id, p.name.get(language), p.id in chosen) for p in places)
        help_ = _("None chosen and nothing below: the whole town.")
        made = [FormField("places", label("places"), "choices", options=options, help=help_,
                          error=self.wrong.get("places", ""))] if options else []  # fmt: skip
        for name in ("area_ja", "area_en"):
            made.append(self._plain(name))
        polygon = _("One polygon a line, corners as latitude,longitude separated by spaces.")
        made.append(FormField("polygon", label("polygon"), "long", self.typed.texts["polygon"],
                              help=polygon, error=self.wrong.get("polygon", "")))  # fmt: skip
        return made

    def when(self) -> list[FormField]:
        begins = _("Japan time, such as 2026-11-23 15:00. Empty: from the moment it is published.")
        ends = _("Japan time. The banner disappears by itself then.")
        return [
            self._plain("valid_from", help_=begins, width="input--mid"),
            self._plain("valid_to", help_=ends, width="input--mid", required=True),
        ]

    def codes(self) -> list[FormField]:
        made = [self._plain("contact")]
        for name, choices in _CHOICES.items():
            chosen = self.typed.texts[name]
            options = tuple(Option(one, one, one == chosen) for one in choices)
            made.append(FormField(name, label(name), "choice", chosen, options=options,
                                  error=self.wrong.get(name, "")))  # fmt: skip
        return made

    def _plain(
        self, name: str, *, help_: str = "", width: str = "", required: bool = False
    ) -> FormField:
        return FormField(
            name,
            label(name),
            "text",
            self.typed.texts[name],
            help=help_,
            error=self.wrong.get(name, ""),
            width=width,
            required=required,
        )


def _moment(text: str) -> datetime | None:
    """Return a typed time, Japan's. Raises ValueError."""
    plain = text.strip().replace("/", "-")
    if not plain:
        return None
    found = datetime.fromisoformat(plain)
    if len(plain) < len("2026-11-23 15:00"):
        raise ValueError(text)
    return found if found.tzinfo else found.replace(tzinfo=JST)


def _moment_text(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(JST):%Y-%m-%d %H:%M}"


def _ring(line: str) -> tuple[Point, ...]:
    """Return a line of corners as a closed ring of longitude, latitude. Raises ValueError."""
    points: list[Point] = []
    for part in line.split():
        pair = _PAIR.match(part)
        if pair is None:
            raise ValueError(line)
        points.append((float(pair[2]), float(pair[1])))
    if len(points) >= 3 and points[0] != points[-1]:
        points.append(points[0])
    return tuple(points)


def _ring_text(ring: Sequence[Point]) -> str:
    return " ".join(f"{latitude:g},{longitude:g}" for longitude, latitude in ring)
