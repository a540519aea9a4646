"""Schemas of bodies and answers (JSON Schema 2020-12).

They say what things look like, not every rule. Which members subscriptions and registrations have
is taken from the tables they are read by.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tamamo.context.model.kinds import VALUE_MEMBER
from tamamo.context.ngsiv2 import batch
from tamamo.context.ngsiv2.subscriptions import body as orion
from tamamo.context.readers import Reader, Schema, schema_of
from tamamo.context.registrations import document as registrations
from tamamo.context.subscriptions.members import SOURCE_SUBSCRIPTION, SUBSCRIPTION

_REF: Final = "#/components/schemas/{name}"
_URI: Final[Schema] = {"type": "string", "format": "uri"}
_MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
_TEXT: Final[Schema] = {"type": "string", "minLength": 1}
_OBJECT: Final[Schema] = {"type": "object"}
_TEXTS: Final[Schema] = {"type": "array", "items": _TEXT, "minItems": 1}


def ref(name: str) -> Schema:
    """Return the reference to a schema of the components."""
    return {"$ref": _REF.format(name=name)}


def _object(
    properties: Mapping[str, Any], *required: str, others: Schema | bool = True, **more: Any
) -> Schema:
    shape: Schema = {"type": "object", "properties": dict(properties), **more}
    if required:
        shape["required"] = list(required)
    if others is not True:
        shape["additionalProperties"] = others
    return shape


def _array(items: Schema) -> Schema:
    return {"type": "array", "items": items, "minItems": 1}


def _one_or_more(schema: Schema) -> Schema:
    return {"anyOf": [schema, _array(schema)]}


def _kind(name: str, member: str) -> Schema:
    """Return the schema of one kind of attribute; sub-attributes stand beside its members."""
    return _object(
        {
            "type": {"const": name},
            member: _VALUES.get(name, {}),
            "observedAt": _MOMENT,
            "datasetId": _URI,
            **({"unitCode": _TEXT} if name == "Property" else {}),
        },
        "type",
        member,
    )


_GEOMETRY: Final = _object(
    {
        "type": {"enum": ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon"]},
        "coordinates": {"type": "array", "minItems": 1},
    },
    "type",
    "coordinates",
)
#: What the values of the kinds look like, where not anything goes.
_VALUES: Final[Mapping[str, Schema]] = {
    "Relationship": _one_or_more(_URI),
    "GeoProperty": ref("Geometry"),
    "LanguageProperty": {"type": "object", "additionalProperties": _one_or_more(_TEXT)},
    "VocabProperty": _one_or_more(_TEXT),
    "ListProperty": {"type": "array"},
    "ListRelationship": {"type": "array", "items": {"anyOf": [_URI, _OBJECT]}},
}


def _members(readers: Mapping[str, Reader], kind: str, *required: str) -> Schema:
    found = {name: schema_of(reader) for name, reader in readers.items()}
    return _object({"id": _URI, "type": {"const": kind}, **found}, "type", *required)


def _ngsi_ld() -> dict[str, Schema]:
    attribute = _one_or_more({"anyOf": [ref(kind) for kind in VALUE_MEMBER]})
    types = _one_or_more(_TEXT)
    entity = {"id": _URI, "type": types, "scope": _one_or_more(_TEXT), "expiresAt": _MOMENT}
    return {
        "Anything": {},
        "Geometry": _GEOMETRY,
        **{kind: _kind(kind, member) for kind, member in VALUE_MEMBER.items()},
        "Attribute": attribute,
        "Fragment": _object({}, others=ref("Attribute"), minProperties=1),
        "Entity": _object(entity, "id", "type", others=ref("Attribute")),
        "Merge": _object({"type": types}, minProperties=1),
        "Entities": {**_array(ref("Entity")), "maxItems": 1000},
        "Ids": _array(_URI),
        "Evolution": _object(
            {"id": _URI, "type": types}, "id", "type", others=_array(ref("Attribute"))
        ),
        "EvolutionFragment": _object({}, others=_array(ref("Attribute")), minProperties=1),
        "Query": _query(),
        "TemporalQuery": _query(temporalQ=schema_of(SOURCE_SUBSCRIPTION["temporalQ"])),
        "Subscription": _members(SUBSCRIPTION, "Subscription", "notification"),
        "SourceSubscription": _members(SOURCE_SUBSCRIPTION, "Subscription", "notification"),
        "SubscriptionFragment": _fragment(SUBSCRIPTION),
        "SourceSubscriptionFragment": _fragment(SOURCE_SUBSCRIPTION),
        "Registration": _members(
            registrations.MEMBERS, registrations.TYPE, "information", "endpoint"
        ),
        "RegistrationFragment": _fragment(registrations.MEMBERS),
        "Snapshot": _object({"id": _URI, "type": {"const": "Snapshot"}}, "type"),
        "SnapshotFragment": _object({}, minProperties=1),
        "Context": _object({"@context": {"type": ["object", "array", "string"]}}, "@context"),
        "Expiry": _object({"expiresAt": _MOMENT}, "expiresAt"),
        "Problem": _object(
            {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT},
            "type",
            "title",
        ),
        "UpdateResult": _object({"updated": {"type": "array"}, "notUpdated": {"type": "array"}}),
        "BatchResult": _object({"success": {"type": "array"}, "errors": {"type": "array"}}),
    }


def _query(**more: Schema) -> Schema:
    selector = _object({"type": _TEXT, "id": _one_or_more(_URI), "idPattern": _TEXT}, "type")
    text = dict.fromkeys(("q", "scopeQ", "lang"), _TEXT)
    return _object(
        {
            "type": {"const": "Query"},
            "entities": _array(selector),
            "attrs": _TEXTS,
            "pick": _TEXTS,
            "omit": _TEXTS,
            "geoQ": schema_of(SUBSCRIPTION["geoQ"]),
            **text,
            **more,
        },
        "type",
        *more,
    )


def _fragment(readers: Mapping[str, Reader]) -> Schema:
    found = {name: schema_of(reader) for name, reader in readers.items()}
    return _object(found, minProperties=1)


def _ngsiv2() -> dict[str, Schema]:
    components = msgspec.json.schema_components([orion.Body], ref_template=_REF)[1]
    value = {"description": "Any JSON; GeoJSON or coordinates where `type` says so."}
    metadata = _object({"type": _TEXT, "value": {}}, others=False)
    attribute = _object(
        {"type": _TEXT, "value": value, "metadata": _object({}, others=metadata)}, others=False
    )
    entity = {"id": _TEXT, "type": _TEXT}
    return {
        "Anything": {},
        **components,
        "Attribute": attribute,
        "Attributes": _object({}, others=ref("Attribute")),
        "Entity": _object(entity, "id", others=ref("Attribute")),
        "Value": {},
        "Update": _object(
            {
                "actionType": {"enum": list(batch.ACTIONS)},
                "entities": _array(ref("Entity")),
            },
            "actionType",
            "entities",
        ),
        "Notified": _object({"subscriptionId": _TEXT, "data": _array(ref("Entity"))}, "data"),
        "Query": _object(
            {
                "entities": _array(ref("Selector")),
                "attrs": {"type": "array", "items": _TEXT},
                "expression": ref("Expression"),
                "metadata": {"type": "array", "items": _TEXT},
            },
            others=False,
        ),
        "SubscriptionFragment": {
            **components["Body"],
            "required": [],
            "minProperties": 1,
        },
        "Error": _object({"error": _TEXT, "description": _TEXT}, "error"),
    }


NGSI_LD: Final = _ngsi_ld()
#: Bodies that are arrays, with what they hold.
LISTS: Final = {"Entities": ref("Entity"), "Ids": _URI}
NGSIV2: Final = _ngsiv2()
