"""One attribute across the two APIs: {"type", "value", "metadata"} and an instance in stored form.

What NGSIv2 writes it reads back the same. The type is kept as `valueType` (NGSI-LD, clause 4.5.2)
unless it is the one the value implies; metadata are sub-attributes, and those that NGSI-LD knows
are its own members: unitCode, and TimeInstant as observedAt.
"""

from datetime import UTC, datetime
from typing import Any, Final

from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import DEFAULT_VOCABULARY, Instance
from tamamo.context.model.instances import check_members
from tamamo.context.model.kinds import GEO_ATTRIBUTES, UNITLESS, VALUE_MEMBER, sub_attributes
from tamamo.context.model.values import NGSI_NULL, Fault, check_json, check_moment, is_uri
from tamamo.context.ngsiv2 import geometry, names

#: How null, which NGSI-LD has no value for, is stored.
NULL: Final = {"@type": "@json", "@value": None}
#: Keeps the text of a value whose stored form does not give it back to the letter.
ORIGINAL: Final = DEFAULT_VOCABULARY + "ngsiv2:value"
#: Metadata that say when a value was observed; the first is what observedAt reads as.
TIME_METADATA: Final = ("TimeInstant", "dateObserved")
_DATES: Final = frozenset({"DateTime", "ISO8601"})
_MEMBERS: Final = frozenset({"type", "value", "metadata"})
_DEFAULTS: Final = {str: "Text", bool: "Boolean", int: "Number", float: "Number"}


def default_type(value: Any) -> str:
    """Return the type that a value without one has (NGSIv2, "Partial Representations")."""
    return "None" if value is None else _DEFAULTS.get(type(value), "StructuredValue")


def write(iri: str, body: Any, terms: TermMap, *, plain: bool = False) -> Instance:
    """Return the stored form of an attribute.

    plain: the body is its value alone (keyValues). Raises Fault with the place in the body.
    """
    if plain:
        body = {"value": body}
    _check_members(body, _MEMBERS)
    value = body.get("value")
    kind = _type_of(body, default_type(value))
    if "type" not in body and iri in GEO_ATTRIBUTES and value is not None:
        kind = "geo:point" if type(value) is str else "geo:json"
    instance = _value(kind, value, terms)
    if iri in GEO_ATTRIBUTES and instance["type"] != "GeoProperty":
        raise Fault("is a location in NGSI-LD: its type is one of geo:point, geo:json, …", "type")
    metadata = body.get("metadata", {})
    if type(metadata) is not dict:
        raise Fault("is not a JSON object", "metadata")
    check_members(metadata)
    alone = not all(name in metadata for name in TIME_METADATA)
    for name, element in metadata.items():
        try:
            _write_metadata(instance, name, element, terms, alone=alone)
        except Fault as fault:
            raise fault.under("metadata", name) from None
    return instance


def _check_members(body: Any, known: frozenset[str]) -> None:
    if type(body) is not dict:
        raise Fault("is not a JSON object with a value (only options=keyValues takes bare values)")
    for name in body:
        if name not in known:
            raise Fault(f"is none of {', '.join(sorted(known))}", name)


def _type_of(body: dict[str, Any], default: str) -> str:
    if body.get("type") is None:
        return default
    return names.check_field(body["type"], "type")


def _value(kind: str, value: Any, terms: TermMap) -> Instance:
    """Return the instance of a value, without metadata."""
    implied, original = default_type(value), None
    instance: Instance = {"type": "Property", "value": NULL if value is None else value}
    if value is not None:
        try:
            if kind in geometry.GEO_TYPES:
                shape = geometry.to_geojson(kind, value)
                instance, implied = {"type": "GeoProperty", "value": shape}, "geo:json"
                original = value if _shown_geometry(kind, shape) != value else None
            elif kind == "Relationship" and _is_reference(value):
                instance, implied = {"type": "Relationship", "object": value}, kind
            elif kind in _DATES:
                instance["value"] = to_utc(value)
            else:
                _check_value(value)
        except Fault as fault:
            raise fault.under("value") from None
    if kind != implied:
        instance["valueType"] = names.type_iri(kind, terms, "type")
    if original is not None:
        instance[ORIGINAL] = [{"type": "Property", "value": original}]
    return instance


def _is_reference(value: Any) -> bool:
    items = value if type(value) is list else [value]
    return bool(items) and all(
        type(item) is str and is_uri(item) and item != NGSI_NULL for item in items
    )


def _check_value(value: Any) -> None:
    if value in (NGSI_NULL, NULL):
        raise Fault("stands for null in NGSI-LD; write null itself")
    if type(value) in {dict, list}:
        check_json(value)


def to_utc(value: Any) -> str:
    """Return an ISO 8601 date and time as NGSI-LD writes it: in UTC, ending in Z. Raises Fault.

    A text of that form is returned as it is; without a zone UTC is meant, without a time midnight.
    """
    if type(value) is not str:
        raise Fault("is not a date and time such as 2026-06-26T08:00:00Z")
    try:
        return check_moment(value)
    except Fault:
        moment = read_moment(value)
    if moment is None:
        raise Fault(f"{value[:80]!r} is not a date and time such as 2026-06-26T08:00:00Z")
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def read_moment(text: str) -> datetime | None:
    """Return the moment an ISO 8601 text names, None when it names none."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _write_metadata(
    instance: Instance, name: str, element: Any, terms: TermMap, *, alone: bool
) -> None:
    if name in names.BUILTIN_METADATA or name == "*":
        raise Fault("is written by the broker alone")
    iri = names.attribute(name, terms)
    _check_members(element, frozenset({"type", "value"}))
    value = element.get("value")
    kind = _type_of(element, default_type(value))
    unit = name == "unitCode" and type(value) is str and kind == "Text"
    if unit and value != NGSI_NULL and instance["type"] not in UNITLESS:
        instance["unitCode"] = value
        return
    if name == "objectType" and instance["type"] == "Relationship" and kind == "Text":
        instance["objectType"] = names.type_iri(value, terms, "value")
        return
    if name in TIME_METADATA and kind in _DATES and value is not None:
        sub = {"type": "Property", "value": value, "valueType": names.type_iri(kind, terms)}
        if _write_time(instance, name, kind, value, alone=alone):
            instance[iri] = [sub]
        return
    instance[iri] = [_value(kind, value, terms)]


def _write_time(instance: Instance, name: str, kind: str, value: Any, *, alone: bool) -> bool:
    """Take a time of observation as observedAt; return whether it says more than that.

    alone: the other one of TIME_METADATA is not given.
    """
    try:
        moment = check_moment(to_utc(value))
    except Fault as fault:
        raise fault.under("value") from None
    if alone or name == TIME_METADATA[0]:
        instance["observedAt"] = moment
    return not alone or (name, kind, value) != (TIME_METADATA[0], "DateTime", moment)


def read(instance: Instance, terms: TermMap, wanted: frozenset[str] | None = None) -> Any:
    """Return an attribute as NGSIv2 shows it. wanted: names of metadata, "*" for the user's."""
    kind, value = read_value(instance, terms)
    return {"type": kind, "value": value, "metadata": _metadata(instance, terms, wanted)}


def read_value(instance: Instance, terms: TermMap) -> tuple[str, Any]:
    """Return type and value. Kinds that only NGSI-LD has are a StructuredValue."""
    kind = instance["type"]
    value = instance.get(VALUE_MEMBER[kind])
    if kind == "VocabProperty":
        value = terms.compact_vocab_value(value)
    if kind == "Property" and value == NULL:
        value = None
    declared = instance.get("valueType")
    if isinstance(declared, list):
        declared = declared[0] if declared else None
    known = None if declared is None else names.name_of(declared, terms)
    if kind == "GeoProperty":
        return _read_geometry(instance, known or "geo:json", value)
    if kind == "Relationship":
        return kind, value
    return known or default_type(value), value


def _read_geometry(instance: Instance, kind: str, value: Any) -> tuple[str, Any]:
    """Return the geometry in the format it was written in, if it is still the same one."""
    for kept in instance.get(ORIGINAL, ()):
        try:
            if kind in geometry.GEO_TYPES and geometry.to_geojson(kind, kept["value"]) == value:
                return kind, kept["value"]
        except (Fault, KeyError):
            continue
    shown = _shown_geometry(kind, value)
    return ("geo:json", value) if shown is None else (kind, shown)


def _shown_geometry(kind: str, value: dict[str, Any]) -> Any:
    if kind == "geo:json":
        return value
    return geometry.to_simple(kind, value) if kind in geometry.GEO_TYPES else None


def _metadata(instance: Instance, terms: TermMap, wanted: frozenset[str] | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for iri in sub_attributes(instance):
        held = instance[iri]
        if iri == ORIGINAL or not isinstance(held, list) or not held:
            continue
        kind, value = read_value(held[0], terms)
        found[names.name_of(iri, terms)] = {"type": kind, "value": value}
    if "unitCode" in instance:
        found["unitCode"] = {"type": "Text", "value": instance["unitCode"]}
    if isinstance(instance.get("objectType"), str):
        name = names.name_of(instance["objectType"], terms)
        found["objectType"] = {"type": "Text", "value": name}
    _read_time(instance, found)
    if wanted is None:
        return found
    builtin = {"dateCreated": instance.get("createdAt"), "dateModified": instance.get("modifiedAt")}
    shown = {name: item for name, item in found.items() if "*" in wanted or name in wanted}
    for name, moment in builtin.items():
        if name in wanted and moment is not None:
            shown[name] = {"type": "DateTime", "value": moment}
    return shown


def _read_time(instance: Instance, found: dict[str, Any]) -> None:
    """Show observedAt as TimeInstant, unless the metadata it came as says the same."""
    observed = instance.get("observedAt")
    if observed is None:
        return
    for name in TIME_METADATA:
        item = found.get(name)
        if item is None or item["type"] not in _DATES:
            continue
        try:
            same = to_utc(item["value"]) == observed
        except Fault:
            same = False
        if same:
            return
        del found[name]
    found[TIME_METADATA[0]] = {"type": "DateTime", "value": observed}


def keep_metadata(instance: Instance, before: Instance) -> Instance:
    """Carry over the metadata of the attribute before that the new one does not name.

    The time of observation belongs to the value and is not carried over.
    """
    kept = {
        name: value
        for name, value in before.items()
        if (name in sub_attributes(before) or name == "unitCode") and name not in instance
    }
    for name in TIME_METADATA:
        kept.pop(DEFAULT_VOCABULARY + name, None)
    kept.pop(ORIGINAL, None)
    if instance["type"] in UNITLESS:
        kept.pop("unitCode", None)
    return {**instance, **kept}
