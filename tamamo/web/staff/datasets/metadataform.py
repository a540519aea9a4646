"""The form of what is said about a dataset: what was typed ↔ its metadata."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tamamo.publishing.datasets import CYCLES, LICENCES, THEMES, Metadata, Words
from tamamo.publishing.standard import kinds
from tamamo.web.staff.cells import language
from tamamo.web.staff.datasets import room
from tamamo.web.staff.forms import Fault, FormField, Group, Option

#: Longest texts; the engine takes no longer ones.
_LINE: Final = 200
_TEXT: Final = 4000
_MOST_TAGS: Final = 30
_LONGEST_TAG: Final = 50
_PAIRS: Final = {"title": _LINE, "description": _TEXT, "contact": _LINE, "source": _TEXT}
_PLAIN: Final = ("unit", "licence", "cycle", "standard")
_TICKS: Final = ("entities", "simulated")
NAMES: Final = (
    *(f"{name}_{language_}" for name in _PAIRS for language_ in ("ja", "en")), *_PLAIN, "tags",
)  # fmt: skip
_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{1,99}\Z")


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed."""

    texts: Mapping[str, str]
    groups: tuple[str, ...] = ()
    ticks: frozenset[str] = frozenset()


def typed_of(post: QueryDict) -> Typed:
    """Return what was sent."""
    texts = {name: post.get(name, "").replace("\r\n", "\n").strip() for name in NAMES}
    ticks = frozenset(name for name in _TICKS if name in post.getlist("marks"))
    return Typed(texts, tuple(post.getlist("groups")), ticks)


def typed_from(metadata: Metadata) -> Typed:
    """Return metadata as the form shows it."""
    texts: dict[str, str] = {}
    for name in _PAIRS:
        words: Words = getattr(metadata, name)
        texts |= {f"{name}_ja": words.ja, f"{name}_en": words.en}
    texts |= {name: str(getattr(metadata, name)) for name in _PLAIN}
    texts["tags"] = "、".join(metadata.tags)
    ticks = frozenset(name for name in _TICKS if getattr(metadata, name))
    return Typed(texts, metadata.groups, ticks)


def read(typed: Typed) -> tuple[Metadata | None, list[Fault]]:
    """Return the metadata that was typed, None where something is wrong, and what that is."""
    texts, faults = typed.texts, []
    if not texts["title_ja"]:
        faults.append(_fault("title_ja", _("Please fill this in.")))
    for name, longest in _PAIRS.items():
        for one in ("ja", "en"):
            if len(texts[f"{name}_{one}"]) > longest:
                text = _("At most %(n)s characters.") % {"n": longest}
                faults.append(_fault(f"{name}_{one}", text))
    tags = tags_of(texts["tags"])
    if len(tags) > _MOST_TAGS or any(len(tag) > _LONGEST_TAG for tag in tags):
        text = _("At most %(n)s words of at most %(m)s characters.")
        faults.append(_fault("tags", text % {"n": _MOST_TAGS, "m": _LONGEST_TAG}))
    for name, known in (("licence", LICENCES), ("cycle", CYCLES), ("standard", _standards())):
        if texts[name] not in known and (name != "standard" or texts[name]):
            faults.append(_fault(name, _("Please choose one of the offered values.")))
    if faults:
        return None, faults
    pairs = {name: Words(texts[f"{name}_ja"], texts[f"{name}_en"]) for name in _PAIRS}
    made = Metadata(
        title=pairs["title"],
        description=pairs["description"],
        contact=pairs["contact"],
        source=pairs["source"],
        unit=texts["unit"],
        groups=tuple(room.chosen(typed.groups, tuple(THEMES))),
        tags=tuple(tags),
        licence=texts["licence"],
        cycle=texts["cycle"],
        standard=texts["standard"],
        entities="entities" in typed.ticks,
        simulated="simulated" in typed.ticks,
    )
    return made, []


def tags_of(text: str) -> list[str]:
    """Return the words of a line, each once; between them a comma, in Japanese or not."""
    parts = (" ".join(one.split()) for one in re.split(r"[,、，\n]", text))
    return list(dict.fromkeys(one for one in parts if one))


def id_from(typed: str, filename: str) -> str:
    """Return what was typed as the id, else the ASCII part of a file's name; "" without one."""
    if typed.strip():
        return typed.strip()
    stem = re.sub(r"\.[A-Za-z0-9]{2,5}\Z", "", filename)
    found = re.sub(r"[^a-z0-9_-]+", "_", stem.lower()).strip("_-")[:60]
    return found if len(found) > 1 and re.search("[a-z]", found) else ""


def id_fault(identifier: str) -> str:
    """Return what is wrong with an id, "" where nothing is."""
    if _ID.match(identifier):
        return ""
    return _("Small letters a–z, digits, - and _, at least two; it stands in the address.")


def label(name: str) -> str:
    """Return what a field is called."""
    stem, _mark, code = name.rpartition("_")
    if stem in _PAIRS:
        return f"{_pair_label(stem)} ({'日本語' if code == 'ja' else 'English'})"
    return {
        "id": _("Short name in the address"),
        "unit": _("Department that answers for it"),
        "licence": _("Licence"),
        "cycle": _("How often it is brought up to date"),
        "standard": _("Kind of the national standard"),
        "tags": _("Keywords"),
        "groups": _("Themes"),
        "marks": _("Marks"),
    }.get(name, name)


def _pair_label(stem: str) -> str:
    return {
        "title": pgettext("dataset", "Title"),
        "description": _("Description"),
        "contact": _("Contact"),
        "source": _("Where the data come from"),
    }[stem]


def _fault(name: str, text: str) -> Fault:
    return Fault(label(name), text, f"f-{name}")


def _standards() -> dict[str, str]:
    return {one.id: one.en if language() == "en" else one.ja for one in kinds()}


def groups(
    typed: Typed, units: Sequence[tuple[str, str]], faults: Sequence[Fault] = ()
) -> list[Group]:
    """Return the form's fields with what was typed. units: (id, name) to choose from."""
    made = Fields(typed, {fault.anchor: fault.text for fault in reversed(faults)}, units)
    return [
        Group("", made.first()),
        Group(_("In Japanese"), made.words("ja")),
        Group(_("In English"), [made.text("title_en"), *made.words("en")]),
        Group(_("How it can be found"), [made.themes(), made.tags()]),
        Group(_("Standard and other systems"), [made.standard(), made.marks()]),
    ]


@dataclass(frozen=True, slots=True)
class Fields:
    """Makes the fields of the form. wrong: what is wrong, by the field's anchor."""

    typed: Typed
    wrong: Mapping[str, str]
    units: Sequence[tuple[str, str]]

    def first(self) -> list[FormField]:
        """Return what each dataset needs."""
        return [
            self.text("title_ja", required=True),
            self._choice("unit", [("", _("— the town —")), *self.units]),
            self._choice("licence", [(x.id, _title(x.title)) for x in LICENCES.values()]),
            self._choice("cycle", [(x.id, _title(x.title)) for x in CYCLES.values()]),
        ]

    def words(self, code: str) -> list[FormField]:
        """Return the texts in a language beside the title."""
        return [
            self.text(f"description_{code}", long=True),
            self.text(f"source_{code}"),
            self.text(f"contact_{code}"),
        ]

    def text(self, name: str, *, required: bool = False, long: bool = False) -> FormField:
        """Return a field for a text."""
        kind, value = ("long" if long else "text"), self.typed.texts.get(name, "")
        error = self.wrong.get(f"f-{name}", "")
        return FormField(name, label(name), kind, value, error=error, required=required)

    def themes(self) -> FormField:
        """Return the themes to tick."""
        options = tuple(
            Option(one.id, _title(one.title), one.id in self.typed.groups)
            for one in THEMES.values()
        )
        return FormField("groups", label("groups"), "choices", options=options)

    def tags(self) -> FormField:
        """Return the keywords as one line."""
        help_ = _("Words people search for, with commas between them.")
        error = self.wrong.get("f-tags", "")
        return FormField(
            "tags", label("tags"), "text", self.typed.texts.get("tags", ""), help=help_, error=error
        )

    def standard(self) -> FormField:
        """Return the kinds of the standard to choose from."""
        options = [("", _("— none of them —")), *_standards().items()]
        help_ = _("The file is compared with it, and each fix is named.")
        return self._choice("standard", options, help_)

    def marks(self) -> FormField:
        """Return what can be switched on."""
        texts = {
            "entities": _("Rows with a place also become entities: on the map, with history"),
            "simulated": _("Invented data (模擬): marked everywhere"),
        }
        options = tuple(
            Option(name, text, name in self.typed.ticks) for name, text in texts.items()
        )
        return FormField("marks", label("marks"), "choices", options=options)

    def _choice(self, name: str, pairs: Sequence[tuple[str, str]], help_: str = "") -> FormField:
        chosen = self.typed.texts.get(name, "")
        known = {value for value, _text in pairs}
        listed = [*pairs, *([(chosen, chosen)] if chosen and chosen not in known else [])]
        options = tuple(Option(value, text, value == chosen) for value, text in listed)
        error = self.wrong.get(f"f-{name}", "")
        return FormField(name, label(name), "choice", chosen, help=help_, error=error,
                         options=options)  # fmt: skip


def _title(words: Words) -> str:
    return words.in_(language())
