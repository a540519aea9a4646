"""Readers of the members of subscriptions, registrations and the like (clause 5.2).

A reader takes (value, place, terms) and returns the value in stored form, or raises Fault, which
names the place. Readers of arrays and objects are made of the readers of what they hold.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tamamo.context.jsonld import TermMap
from tamamo.context.model.geometry import check_geometry
from tamamo.context.model.instances import attribute_iri
from tamamo.context.model.values import Fault, check_moment, check_scopes, check_uri, is_name
from tamamo.context.query import regex, temporalq
from tamamo.kernel.errors import Problem

Reader = Callable[[Any, str, TermMap], Any]
#: JSON Schema.
Schema = dict[str, Any]

MAX_TEXT: Final = 32 * 1024
#: Elements of an array.
MAX_ELEMENTS: Final = 1_000

#: What readers take, as far as a schema can say it.
_SCHEMAS: Final[dict[Reader, Schema]] = {}


def described(reader: Reader, schema: Schema) -> Reader:
    """Return the reader, noting the schema of what it takes."""
    _SCHEMAS[reader] = schema
    return reader


def schema_of(reader: Reader) -> Schema:
    """Return the schema of what a reader takes: for the description of the API."""
    return _SCHEMAS.get(reader, {})


def text(value: Any, place: str, _: TermMap) -> str:
    """Read a text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise Fault("a text is expected", place)
    if len(value) > MAX_TEXT:
        raise Fault(f"longer than {MAX_TEXT} characters", place)
    return value


def flag(value: Any, place: str, _: TermMap) -> bool:
    """Read a Boolean."""
    if not isinstance(value, bool):
        raise Fault("true or false is expected", place)
    return value


def positive(value: Any, place: str, _: TermMap) -> int | float:
    """Read a number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e12:
        raise Fault("a number above 0 is expected", place)
    return value


def uri(value: Any, place: str, _: TermMap) -> str:
    """Read a URI."""
    return check_uri(value, place)


def moment(value: Any, place: str, _: TermMap) -> str:
    """Read a DateTime (4.6.3)."""
    return check_moment(value, place)


def duration(value: Any, place: str, _: TermMap) -> str:
    """Read a duration of ISO 8601 that is not 0."""
    try:
        found = temporalq.parse_duration({place: value}, place)
    except Problem:
        found = None
    if found is None:
        raise Fault("a duration such as PT15M is expected", place)
    return str(value)


def geometry(value: Any, place: str, _: TermMap) -> dict[str, Any]:
    """Read a GeoJSON geometry (4.7)."""
    try:
        return check_geometry(value)
    except Fault as fault:
        raise fault.under(place) from None


def scope(value: Any, place: str, _: TermMap) -> Any:
    """Read a scope or an array of scopes (4.18); it stays as given."""
    check_scopes(value, place)
    return value


def dataset(value: Any, place: str, _: TermMap) -> str:
    """Read a datasetId, or @none for instances without one."""
    return "@none" if value == "@none" else check_uri(value, place)


def id_pattern(value: Any, place: str, terms: TermMap) -> str:
    """Read a regular expression for ids."""
    pattern = text(value, place, terms)
    try:
        regex.parse(pattern, field=place)
    except Problem as problem:
        raise Fault(problem.detail, place) from None
    return pattern


def attribute(value: Any, place: str, terms: TermMap) -> str:
    """Read the name of an attribute."""
    try:
        return attribute_iri(text(value, place, terms), terms)
    except Fault as fault:
        raise fault if fault.path else fault.under(place) from None


def entity_type(value: Any, place: str, terms: TermMap) -> str:
    """Read the name of an entity type."""
    name = text(value, place, terms)
    if not is_name(name):
        raise Fault(f"{name!r} is not the name of a type", place)
    return terms.expand_type(name)


_TEXT: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}
described(text, _TEXT)
described(flag, {"type": "boolean"})
described(positive, {"type": "number", "exclusiveMinimum": 0})
described(uri, {"type": "string", "format": "uri"})
described(moment, {"type": "string", "format": "date-time"})
described(duration, {"type": "string", "format": "duration"})
described(geometry, {"type": "object", "required": ["type", "coordinates"]})
described(id_pattern, {**_TEXT, "format": "regex"})
described(attribute, _TEXT)
described(entity_type, _TEXT)
described(dataset, {"type": "string", "format": "uri"})


def one_of(*allowed: str) -> Reader:
    """Return the reader of a keyword."""

    def read(value: Any, place: str, _: TermMap) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise Fault(f"one of {', '.join(allowed)} is expected", place)
        return value

    return described(read, {"type": "string", "enum": list(allowed)})


def list_of(reader: Reader) -> Reader:
    """Return the reader of an array with at least one element."""

    def read(value: Any, place: str, terms: TermMap) -> list[Any]:
        if not isinstance(value, list) or not value:
            raise Fault("an array that is not empty is expected", place)
        if len(value) > MAX_ELEMENTS:
            raise Fault(f"more than {MAX_ELEMENTS} elements", place)
        try:
            return [reader(item, str(at), terms) for at, item in enumerate(value)]
        except Fault as fault:
            raise fault.under(place) from None

    bounds = {"minItems": 1, "maxItems": MAX_ELEMENTS}
    return described(read, {"type": "array", **bounds, "items": schema_of(reader)})


def one_or_list_of(reader: Reader) -> Reader:
    """Return the reader of a value or of an array of them."""
    several = list_of(reader)

    def read(value: Any, place: str, terms: TermMap) -> Any:
        return (several if isinstance(value, list) else reader)(value, place, terms)

    return described(read, {"anyOf": [schema_of(reader), schema_of(several)]})


def members_of(readers: Mapping[str, Reader], required: tuple[str, ...] = ()) -> Reader:
    """Return the reader of an object; members it does not know are left out."""

    def read(value: Any, place: str, terms: TermMap) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Fault("an object is expected", place)
        try:
            for name in required:
                if name not in value:
                    raise Fault("is missing", name)
            return {
                name: reader(value[name], name, terms)
                for name, reader in readers.items()
                if name in value
            }
        except Fault as fault:
            raise fault.under(place) from None

    properties = {name: schema_of(reader) for name, reader in readers.items()}
    return described(read, {"type": "object", "properties": properties, "required": list(required)})


def _string(value: Any, place: str, _: TermMap) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise Fault("a text is expected", place)
    return value


#: A KeyValuePair (5.2.22).
key_value: Final = members_of({"key": text, "value": _string}, required=("key", "value"))
