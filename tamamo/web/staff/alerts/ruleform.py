"""A rule as a form and as its declaration (tamamo.rules): pure, both ways.

The form says what is needed in an office: up to three conditions that hold together or one of
which holds, each as it is or not. A declaration that says more (conditions within conditions) is
edited as text.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tamamo.web.staff.alerts import nearby

Document = dict[str, Any]

#: Conditions of one rule in the form.
BLOCKS: Final = (1, 2, 3)
KINDS: Final = ("threshold", "rate", "silence", "geofence", "is")
#: Fields of a condition, by what they hold.
_NUMBERS: Final = ("bound", "clear_by", "jump", "margin", "within")
SIDES: Final = {
    "threshold": ("at_least", "at_most"),
    "rate": ("rises", "falls"),
    "geofence": ("outside", "inside"),
}
_PLAIN: Final = (
    "id", "name_ja", "name_en", "about_ja", "about_en", "severity", "category", "sub_category",
    "unit", "type", "where",
    "ids", "municipality", "polygon", "season_from", "season_to", "join", "for", "recover",
    "no_data", "no_data_always", "text_ja", "text_en", "json",
)  # fmt: skip
_OF_BLOCK: Final = (
    "kind", "not", "attribute", "side", "bound", "bound_attribute", "clear_by", "jump", "window",
    "after", "values", "polygon", "margin", *nearby.FIELDS,
)  # fmt: skip
FIELDS: Final = (*_PLAIN, *(f"c{block}_{name}" for block in BLOCKS for name in _OF_BLOCK))
_DURATION: Final = re.compile(
    r"P(?:(?P<d>\d+)D)?(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+)S)?)?\Z"
)
_LONGEST: Final = 20_000


class TooRich(ValueError):
    """A declaration says more than the form can."""


@dataclass(frozen=True, slots=True)
class FormError:
    """What is wrong with one field, by a word that words.py says in the page's language."""

    field: str
    code: str


@dataclass(slots=True)
class Read:
    """A form read. places: member of the declaration → the field it came from."""

    document: Document = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    errors: list[FormError] = field(default_factory=list)

    def place_of(self, member: str) -> str:
        """Return the field that a member of the declaration came from, "" where there is none."""
        while member:
            if member in self.places:
                return self.places[member]
            member = re.sub(r"(\.[^.\[]+|\[\d+\])\Z|\A[^.\[]+\Z", "", member)
        return ""


def typed(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return what was typed, field by field, as text."""
    return {name: parameters.get(name, "").strip()[:_LONGEST] for name in FIELDS}


def read(values: Mapping[str, str]) -> Read:
    """Return the declaration that a form means; rules.parse says what is wrong with the rest."""
    if values.get("json"):
        return _read_text(values["json"])
    form = Read()
    document = form.document
    _simple(form, values, ("id", "severity", "category", "sub_category", "unit"))
    document["name"] = {"ja": values["name_ja"], "en": values["name_en"]}
    document["text"] = {"ja": values["text_ja"], "en": values["text_en"]}
    if values["about_ja"] or values["about_en"]:
        document["about"] = {"ja": values["about_ja"], "en": values["about_en"]}
    form.places |= {"about.ja": "about_ja", "about.en": "about_en", "about": "about_ja"}
    form.places |= {"name.ja": "name_ja", "name.en": "name_en", "name": "name_ja"}
    form.places |= {"text.ja": "text_ja", "text.en": "text_en", "text": "text_ja"}
    document["subject"] = _subject(form, values)
    document["condition"] = _condition(form, values)
    timing = _timing(form, values)
    if timing:
        document["timing"] = timing
    return form


def _read_text(text: str) -> Read:
    form = Read(places={"": "json"})
    try:
        document = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        form.errors.append(FormError("json", "json"))
        return form
    if not isinstance(document, dict):
        form.errors.append(FormError("json", "json"))
        return form
    form.document = document
    form.places = dict.fromkeys(document, "json")
    return form


def _refuse(word: str) -> Any:
    raise ValueError(word)


def _simple(form: Read, values: Mapping[str, str], names: Iterable[str]) -> None:
    for name in names:
        form.places[name] = name
        if values[name]:
            form.document[name] = values[name]


def _subject(form: Read, values: Mapping[str, str]) -> Document:
    subject: Document = {"type": values["type"]}
    form.places |= {"subject.type": "type", "subject.where": "where", "subject.ids": "ids"}
    form.places |= {"subject.season.from": "season_from", "subject.season": "season_from"}
    form.places |= {"subject.season.to": "season_to", "subject": "type"}
    form.places |= {"subject.place.municipality": "municipality", "subject.place": "polygon"}
    if values["where"]:
        subject["where"] = values["where"]
    if values["ids"]:
        subject["ids"] = values["ids"].split()
    if values["polygon"] and values["municipality"]:
        form.errors.append(FormError("polygon", "place"))
    if values["municipality"]:
        subject["place"] = {"municipality": _words(values["municipality"])}
    if values["polygon"]:
        subject["place"] = {"polygon": _polygon(form, values["polygon"], "polygon")}
    if values["season_from"] or values["season_to"]:
        subject["season"] = {"from": values["season_from"], "to": values["season_to"]}
    return subject


def _condition(form: Read, values: Mapping[str, str]) -> Document:
    used = [block for block in BLOCKS if values[f"c{block}_kind"] in KINDS]
    join = "any" if values["join"] == "any" else "all"
    parts = []
    for index, block in enumerate(used):
        path = "condition" if len(used) == 1 else f"condition.{join}[{index}]"
        parts.append(_block(form, values, block, path))
    form.places["condition"] = "c1_kind"
    if not parts:
        form.errors.append(FormError("c1_kind", "condition"))
        return {}
    return parts[0] if len(parts) == 1 else {join: parts}


def _block(form: Read, values: Mapping[str, str], block: int, path: str) -> Document:
    own = {name: values[f"c{block}_{name}"] for name in _OF_BLOCK}
    kind, negated, prefix = own["kind"], bool(own["not"]), f"c{block}_"
    here = f"{path}.not" if negated else path
    if own["other"]:
        form.places |= nearby.places(f"{here}.elsewhere", prefix)
        here += ".elsewhere.condition"
        if kind not in nearby.KINDS:
            form.errors.append(FormError(f"{prefix}other", "other"))
    here += f".{kind}"
    form.places |= {f"{here}.{name}": f"c{block}_{name}" for name in _OF_BLOCK}
    form.places |= {f"{here}.{side}": f"c{block}_bound" for side in SIDES.get(kind, ())}
    if kind == "geofence":
        form.places |= {f"{here}.{side}": f"c{block}_polygon" for side in SIDES["geofence"]}
    form.places |= {f"{here}.any_of": f"c{block}_values", here: f"c{block}_kind"}
    numbers = {name: _number(form, own[name], f"c{block}_{name}") for name in _NUMBERS}
    leaf = _LEAVES[kind](form, own, numbers, prefix)
    condition: Document = {kind: {key: value for key, value in leaf.items() if value is not None}}
    if own["other"]:
        fresh = _minutes(form, own["fresh"], f"{prefix}fresh")
        condition = nearby.wrap(own, condition, within=numbers["within"], fresh=fresh)
    return {"not": condition} if negated else condition


def _side(kind: str, own: Mapping[str, str]) -> str:
    return own["side"] if own["side"] in SIDES[kind] else SIDES[kind][0]


def _threshold(
    form: Read, own: Mapping[str, str], numbers: Mapping[str, Any], prefix: str
) -> Document:
    bound: Any = numbers["bound"]
    if own["bound_attribute"]:
        bound = {"attribute": own["bound_attribute"]} | ({"plus": bound} if bound else {})
    elif bound is None and not own["bound"]:
        form.errors.append(FormError(prefix + "bound", "number"))
    return {
        "attribute": own["attribute"], _side("threshold", own): bound,
        "clear_by": numbers["clear_by"], "jump": numbers["jump"],
    }  # fmt: skip


def _rate(form: Read, own: Mapping[str, str], numbers: Mapping[str, Any], prefix: str) -> Document:
    if numbers["bound"] is None and not own["bound"]:
        form.errors.append(FormError(prefix + "bound", "number"))
    return {
        "attribute": own["attribute"], _side("rate", own): numbers["bound"],
        "window": _minutes(form, own["window"], prefix + "window") or "PT0M",
        "clear_by": numbers["clear_by"], "jump": numbers["jump"],
    }  # fmt: skip


def _silence(form: Read, own: Mapping[str, str], _: Mapping[str, Any], prefix: str) -> Document:
    return {
        "after": _minutes(form, own["after"], prefix + "after") or "PT0M",
        "attribute": own["attribute"] or None,
    }


def _geofence(
    form: Read, own: Mapping[str, str], numbers: Mapping[str, Any], prefix: str
) -> Document:
    area = {"polygon": _polygon(form, own["polygon"], prefix + "polygon")}
    return {_side("geofence", own): area, "margin": numbers["margin"]}


def _is(form: Read, own: Mapping[str, str], _: Mapping[str, Any], prefix: str) -> Document:
    return {"attribute": own["attribute"], "any_of": _words(own["values"])}


_LEAVES: Final = {
    "threshold": _threshold, "rate": _rate, "silence": _silence, "geofence": _geofence, "is": _is,
}  # fmt: skip


def _timing(form: Read, values: Mapping[str, str]) -> Document:
    form.places |= {f"timing.{name}": name for name in ("for", "recover", "no_data")}
    timing: Document = {}
    for name in ("for", "recover", "no_data"):
        text = _minutes(form, values[name], name)
        if text is not None:
            timing[name] = text
    if values["no_data_always"]:
        timing["no_data_always"] = True
    return timing


def _number(form: Read, text: str, name: str) -> float | None:
    if not text:
        return None
    if re.fullmatch(r"-?\d{1,9}(\.\d{1,6})?", text):
        return float(text)
    form.errors.append(FormError(name, "number"))
    return None


def _minutes(form: Read, text: str, name: str) -> str | None:
    if not text:
        return None
    if re.fullmatch(r"\d{1,6}", text):
        return f"PT{int(text)}M"
    form.errors.append(FormError(name, "minutes"))
    return None


def _words(text: str) -> list[str]:
    return [word for part in re.split(r"[,、\n]", text) if (word := part.strip())]


def _polygon(form: Read, text: str, name: str) -> list[list[float]]:
    """Return positions of lines `longitude latitude`."""
    try:
        lines = [re.split(r"[\s,]+", line.strip()) for line in text.splitlines() if line.strip()]
        return [[float(longitude), float(latitude)] for longitude, latitude in lines]
    except ValueError:
        form.errors.append(FormError(name, "polygon"))
        return []


def write(document: Mapping[str, Any]) -> dict[str, str]:
    """Return a declaration as what stands in the form. Raises TooRich."""
    values = dict.fromkeys(FIELDS, "")
    _check_known(document)
    names = ("id", "severity", "category", "sub_category", "unit")
    values |= {name: str(document.get(name, "")) for name in names}
    values |= {f"name_{lang}": document["name"][lang] for lang in ("ja", "en")}
    values |= {f"text_{lang}": document["text"][lang] for lang in ("ja", "en")}
    values |= {f"about_{lang}": document.get("about", {}).get(lang, "") for lang in ("ja", "en")}
    subject = document["subject"]
    place = subject.get("place", {})
    values["type"], values["where"] = subject["type"], subject.get("where", "")
    values["ids"] = "\n".join(subject.get("ids", ()))
    values["municipality"] = ", ".join(place.get("municipality", ()))
    values["polygon"] = _lines(place.get("polygon", ()))
    season = subject.get("season", {})
    values["season_from"], values["season_to"] = season.get("from", ""), season.get("to", "")
    timing = document.get("timing", {})
    for name in ("for", "recover", "no_data"):
        values[name] = _to_minutes(timing.get(name))
    values["no_data_always"] = "1" if timing.get("no_data_always") else ""
    join, parts = _parts(document["condition"])
    values["join"] = join
    for block, part in zip(BLOCKS, parts, strict=False):
        values |= {f"c{block}_{name}": text for name, text in _unblock(part).items()}
    return values


#: What the form has fields for; whatever else a declaration says would be lost in it.
_KNOWN: Final = {
    "": {"id", "name", "about", "severity", "category", "sub_category", "unit", "subject",
         "condition", "timing", "text"},
    "subject": {"type", "where", "ids", "place", "season"},
    "timing": {"for", "recover", "no_data", "no_data_always"},
}  # fmt: skip


def _check_known(document: Mapping[str, Any]) -> None:
    for part, known in _KNOWN.items():
        members = document.get(part, {}) if part else document
        if more := set(members) - known:
            raise TooRich(f"more than the form has: {', '.join(sorted(more))}")


def _parts(condition: Mapping[str, Any]) -> tuple[str, list[Mapping[str, Any]]]:
    ((kind, given),) = condition.items()
    if kind not in ("all", "any"):
        return "all", [condition]
    if len(given) > len(BLOCKS):
        raise TooRich("more conditions than the form has")
    return kind, list(given)


def _unblock(condition: Mapping[str, Any]) -> dict[str, str]:
    ((kind, given),) = condition.items()
    negated = kind == "not"
    if negated:
        ((kind, given),) = given.items()
    others: Mapping[str, Any] = {}
    if kind == "elsewhere" and nearby.fits(given):
        others = given
        ((kind, given),) = given["condition"].items()
    if kind not in KINDS or "clear" in given:
        raise TooRich("a condition within conditions")
    side = next((one for one in SIDES.get(kind, ()) if one in given), "")
    found = {"kind": kind, "not": "1" if negated else "", "side": side}
    found["attribute"] = given.get("attribute", "")
    bound = given.get(side) if kind in ("threshold", "rate") else None
    if isinstance(bound, Mapping):
        found["bound_attribute"] = bound["attribute"]
        bound = bound.get("plus")
    found["bound"] = _figure(bound)
    found |= {name: _figure(given.get(name)) for name in ("clear_by", "jump", "margin")}
    found["window"] = _to_minutes(given.get("window"))
    found["after"] = _to_minutes(given.get("after"))
    found |= {"other": others.get("type", ""), "other_ids": " ".join(others.get("ids", ()))}
    found |= {"within": _figure(others.get("within")), "fresh": _to_minutes(others.get("fresh"))}
    if kind == "is":
        if any(not isinstance(value, str) or re.search(r"[,、\n]", value)
               for value in given["any_of"]):  # fmt: skip
            raise TooRich("values that are no words")
        found["values"] = ", ".join(given["any_of"])
    if kind == "geofence":
        found["polygon"] = _lines(given[side]["polygon"])
    return found


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _to_minutes(text: str | None) -> str:
    if text is None:
        return ""
    found = _DURATION.fullmatch(text)
    if found is None or int(found["s"] or 0) % 60:
        raise TooRich("a time that is no whole minutes")
    minutes = int(found["d"] or 0) * 1440 + int(found["h"] or 0) * 60 + int(found["m"] or 0)
    return str(minutes + int(found["s"] or 0) // 60)


def _lines(positions: Iterable[Iterable[float]]) -> str:
    return "\n".join(" ".join(f"{part:.6g}" for part in position) for position in positions)
