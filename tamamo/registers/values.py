"""Between what stands in an entity, what people read, and what they type. All of it is pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tamamo.context.jsonld.resolve import default_map
from tamamo.context.model.entity import Attributes, Entity, Instance
from tamamo.context.model.merge import deletion
from tamamo.context.model.sameness import same
from tamamo.feeds import convert, quality
from tamamo.feeds.plausibility import QUALITY, QUALITY_REASON
from tamamo.feeds.quality import Invalid as Unusable
from tamamo.kernel.time import to_text
from tamamo.registers.declaration import Column, Register
from tamamo.registers.errors import FieldError
from tamamo.registers.model import Cell, FieldChange

#: The member with the value, for each kind of attribute that a column can show.
_MEMBERS: Final = {
    "Property": "value",
    "GeoProperty": "value",
    "Relationship": "object",
    "LanguageProperty": "languageMap",
    "VocabProperty": "vocab",
    "ListProperty": "valueList",
    "JsonProperty": "json",
}
#: Longest text taken into a field.
LONGEST: Final = 20_000


#: What feeds say of a value they do not believe: an editor's own word is no doubt.
_DOUBTS = (QUALITY, QUALITY_REASON)


def default_instance(attrs: Attributes, iri: str) -> Instance | None:
    """Return the instance of an attribute that a register shows: the first one."""
    instances = attrs.get(iri)
    return instances[0] if instances else None


def value_in(column: Column, instance: Instance | None) -> Any:
    """Return the value a column shows of an attribute instance; None without one."""
    if instance is None:
        return None
    member = _MEMBERS.get(instance.get("type", ""))
    value = instance.get(member) if member else None
    if isinstance(value, dict):
        if instance["type"] == "LanguageProperty":
            value = value.get("ja", value.get("en"))
        elif column.kind == "point":
            return _place(value)
        elif column.member:
            value = value.get(column.member)
    if isinstance(value, list) and column.kind != "choices":
        return "、".join(map(str, value))
    if isinstance(value, dict):
        return None
    return value


def _place(geometry: Mapping[str, Any]) -> dict[str, float] | None:
    if geometry.get("type") != "Point":
        return None
    longitude, latitude, *_ = geometry["coordinates"]
    return {"longitude": longitude, "latitude": latitude}


def cell_of(column: Column, attrs: Attributes) -> Cell:
    """Return what a column shows of an entity's attributes."""
    instance = default_instance(attrs, column.iri)
    if instance is None:
        return Cell(None)
    return Cell(
        value_in(column, instance),
        instance.get("unitCode", ""),
        instance.get("observedAt"),
        instance.get("modifiedAt"),
        _provider(instance) or _provider(attrs),
    )


_SOURCES: Final = tuple(default_map().terms.expand_term(n) for n in ("dataProvider", "provider"))


def _provider(held: Mapping[str, Any]) -> str | None:
    """Return who says so: an attribute of an entity, or of an attribute instance."""
    for iri in _SOURCES:
        items = held.get(iri)
        if items and isinstance(items[0].get("value"), str):
            return str(items[0]["value"])
    return None


def cells_of(register: Register, entity: Entity, columns: frozenset[str]) -> dict[str, Cell]:
    """Return the cells of those columns; the key is read from the id where it is not stored."""
    cells = {
        column.name: cell_of(column, entity.attrs)
        for column in register.columns
        if column.name in columns
    }
    key = register.key.name
    if key in cells and cells[key].value is None:
        cells[key] = Cell(register.key_of(entity.id))
    return cells


def heading_of(register: Register, entity: Entity) -> str:
    """Return what heads a record: its heading, else its key."""
    value = cell_of(register.heading, entity.attrs).value
    return str(value) if value not in (None, "") else register.key_of(entity.id)


def form_values(register: Register, attrs: Attributes) -> dict[str, Any]:
    """Return the values of all fields of the form that are there."""
    values = {
        column.name: value_in(column, default_instance(attrs, column.iri))
        for column in register.form
    }
    return {name: value for name, value in values.items() if value is not None}


def instance_for(column: Column, value: Any, before: Instance | None, now: str) -> Instance | None:
    """Return the instance that holds a new value; None when the attribute goes.

    What else the old one said (unit, sub-attributes) stays, but not when it was observed; where
    the column is what somebody observes, that is now.
    """
    if column.member:
        held = before.get("value") if before else None
        members = {k: v for k, v in held.items() if k != column.member} if held else {}
        if value is not None:
            members[column.member] = value
        value = members or None
    if value is None:
        return None
    kept = {k: v for k, v in before.items() if k != "observedAt"} if before else {}
    instance: Instance = {**kept, "createdAt": kept.get("createdAt", now), "modifiedAt": now}
    if column.observed:
        instance = {k: v for k, v in instance.items() if k not in _DOUBTS} | {"observedAt": now}
    kind = kept.get("type", "Property")
    if column.kind == "point":
        place = [value["longitude"], value["latitude"]]
        return {**instance, "type": "GeoProperty", "value": {"type": "Point", "coordinates": place}}
    if kind == "LanguageProperty":
        return {**instance, "languageMap": {**kept["languageMap"], "ja": value}}
    if column.unit:
        instance["unitCode"] = column.unit
    for member in _MEMBERS.values():
        instance.pop(member, None)
    kind = kind if kind in ("Relationship", "VocabProperty") else "Property"
    return {**instance, "type": kind, _MEMBERS[kind]: value}


def differences(
    register: Register, before: Attributes | None, after: Attributes | None
) -> tuple[FieldChange, ...]:
    """Return the columns in which two states differ; None: there was or is no entity."""
    found = []
    for column in register.columns:
        old = cell_of(column, before or {})
        new = cell_of(column, after or {})
        if (old.value, old.unit_code) != (new.value, new.unit_code):
            found.append(FieldChange(column.name, _there(old), _there(new)))
    return tuple(found)


def _there(cell: Cell) -> Cell | None:
    return None if cell.value is None else cell


def changed_instances(
    before: Attributes, after: Attributes, now: str
) -> list[tuple[str, Instance]]:
    """Return what enters the history between two states: attribute and instance."""
    rows: list[tuple[str, Instance]] = []
    for iri in {**before, **after}:
        old = {one.get("datasetId"): one for one in before.get(iri, ())}
        new = {one.get("datasetId"): one for one in after.get(iri, ())}
        for dataset, instance in new.items():
            if dataset not in old or not same(old[dataset], instance):
                rows.append((iri, instance))
        rows += [(iri, deletion(old[gone], now)) for gone in old if gone not in new]
    return rows


def parse(
    register: Register, typed: Mapping[str, str | Sequence[str]]
) -> tuple[dict[str, Any], list[FieldError]]:
    """Return the values that texts stand for, None for what is empty, and what cannot be read.

    A point is two texts, `name.latitude` and `name.longitude`. Only fields named are read.
    """
    values: dict[str, Any] = {}
    errors: list[FieldError] = []
    for column in register.columns:
        try:
            if column.kind == "point":
                parts = [_text(typed.get(f"{column.name}.{end}")) for end in _ENDS]
                if any(f"{column.name}.{end}" in typed for end in _ENDS):
                    values[column.name] = _read_place(parts[0], parts[1])
            elif column.name in typed:
                values[column.name] = read(column, typed[column.name])
        except Unusable as error:
            errors.append(error_of(column, error))
    return values, errors


_ENDS: Final = ("latitude", "longitude")


def error_of(column: Column, error: Unusable) -> FieldError:
    """Return the refusal of a text as that of a field."""
    reason, label = error.reason, column.label
    return FieldError(
        column.name, reason.code, f"{label.ja}：{reason.ja}", f"{label.en}: {reason.en}"
    )


def read(column: Column, typed: str | Sequence[str]) -> Any:
    """Return the value a text stands for; None when it is empty. Raises quality.Invalid."""
    if column.kind == "choices":
        texts = re.split("[、,;\n]", typed) if isinstance(typed, str) else list(typed)
        found = [_choice(column, text) for text in texts if text.strip()]
        return [value for value in found if value is not None] or None
    text = _text(typed)
    if not text.strip():
        return None
    match column.kind:
        case "text" | "phone":
            return convert.text(" ".join(text.split()))
        case "paragraph":
            return convert.text(text.replace("\r\n", "\n"))
        case "integer":
            return convert.integer(text)
        case "number":
            return convert.number(text)
        case "boolean":
            return convert.boolean(text)
        case "date":
            return convert.day(text)
        case "time":
            return convert.clock(text)
        case "moment":
            return to_text(quality.moment(text))
        case "url":
            return convert.url(text)
        case _:
            return _choice(column, text)


def _text(typed: str | Sequence[str] | None) -> str:
    text = typed if isinstance(typed, str) else (typed[-1] if typed else "")
    if len(text) > LONGEST:
        ja, en = f"{LONGEST}文字までです", f"at most {LONGEST} characters"
        raise Unusable(quality.Reason("too_long", ja, en))
    if any(ord(character) < 32 and character not in "\t\r\n" for character in text):
        ja, en = "使えない制御文字があります", "it has control characters"
        raise Unusable(quality.Reason("control_character", ja, en))
    return text


def _choice(column: Column, text: str) -> str | None:
    wanted = quality.fold(text).strip()
    for choice in column.choices:
        names = (choice.value, choice.ja, choice.en, *choice.aliases)
        if wanted in [quality.fold(name).strip() for name in names]:
            return choice.value
    if quality.is_missing(text):
        return None
    known = "・".join(choice.ja for choice in column.choices)
    english = ", ".join(choice.en for choice in column.choices)
    ja, en = f"{text!r} は {known} のどれでもありません", f"{text!r} is none of {english}"
    raise Unusable(quality.Reason("unknown_value", ja, en))


def _read_place(latitude: str, longitude: str) -> dict[str, float] | None:
    if not latitude.strip() and not longitude.strip():
        return None
    east, north = quality.place(latitude, longitude)
    return {"longitude": east, "latitude": north}


def typed_texts(register: Register, cells: Mapping[str, Cell]) -> dict[str, str | list[str]]:
    """Return what to put into the form's fields; `parse` reads it back to the same values."""
    texts: dict[str, str | list[str]] = {}
    for column in register.form:
        value = cells[column.name].value if column.name in cells else None
        if column.kind == "point":
            for end in _ENDS:
                texts[f"{column.name}.{end}"] = "" if value is None else repr(value[end])
        elif column.kind == "choices":
            texts[column.name] = list(value or ())
        elif value is None:
            texts[column.name] = ""
        elif isinstance(value, bool):
            texts[column.name] = "yes" if value else "no"
        else:
            texts[column.name] = str(value)
    return texts
