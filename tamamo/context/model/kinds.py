"""The kinds of attributes and their members (clauses 4.5.2-4.5.24)."""

from typing import Any, Final

from tamamo.context.model.entity import CORE_VOCABULARY, Instance
from tamamo.context.model.values import NGSI_NULL

#: Kind of attribute → the member that holds its value.
VALUE_MEMBER: Final = {
    "Property": "value",
    "Relationship": "object",
    "GeoProperty": "value",
    "LanguageProperty": "languageMap",
    "VocabProperty": "vocab",
    "ListProperty": "valueList",
    "ListRelationship": "objectList",
    "JsonProperty": "json",
}
#: Value member → the kind it stands for in concise form; a geometry as `value` is a GeoProperty.
KIND_BY_MEMBER: Final = {
    member: kind for kind, member in VALUE_MEMBER.items() if kind != "GeoProperty"
}
VALUE_MEMBERS: Final = frozenset(KIND_BY_MEMBER)
#: What the broker writes itself; ignored in input (clause 5.2.2, table 5.2.5-2).
SYSTEM_MEMBERS: Final = frozenset({"createdAt", "modifiedAt", "deletedAt", "instanceId"})
#: Members that hold one value, not sub-attributes.
PLAIN_MEMBERS: Final = (
    VALUE_MEMBERS
    | SYSTEM_MEMBERS
    | {
        "type",
        "datasetId",
        "observedAt",
        "expiresAt",
        "unitCode",
        "valueType",
        "objectType",
        "lang",
    }
)
#: Kinds whose values have no unit.
UNITLESS: Final = frozenset(
    {
        "Relationship",
        "ListRelationship",
        "LanguageProperty",
        "VocabProperty",
        "JsonProperty",
    }
)
#: Attributes that can only be GeoProperties (table 5.2.4-1).
GEO_ATTRIBUTES: Final = frozenset(
    CORE_VOCABULARY + name for name in ("location", "observationSpace", "operationSpace")
)
#: The attribute that holds a signature, and the members it alone has (clause 4.5.2.2).
PROOF: Final = "ngsildproof"
SEALED_MEMBERS: Final = frozenset({"entityIdSealed", "entityTypeSealed"})
#: Members that tell an instance from a bare value, beside the value members.
META_MEMBERS: Final = frozenset(
    {"observedAt", "unitCode", "datasetId", "valueType", "objectType", "expiresAt"}
)
#: Members of answers and notifications only.
OUTPUT_ONLY: Final = frozenset(
    {"previousValue", "previousObject", "previousLanguageMap", "previousVocab", "previousJson"}
    | {"previousValueList", "previousObjectList", "entity", "entityList"}
)
#: Core terms that never name an attribute (clause 4.5.1). The members `vocab` and `json` may: they
#: are ordinary words, and only inside an attribute do they hold its value.
NOT_ATTRIBUTES: Final = (
    (VALUE_MEMBERS - {"vocab", "json"})
    | (OUTPUT_ONLY - {"entity", "entityList"})
    | SEALED_MEMBERS
    | {"id", "type", "datasetId", "instanceId", "observedAt", "unitCode", "valueType"}
    | {"lang", "objectType"}
)
#: Kind → the member of its values over time in simplified temporal form (clause 4.5.9).
TEMPORAL_MEMBER: Final = {
    "Property": "values",
    "GeoProperty": "values",
    "Relationship": "objects",
    "LanguageProperty": "languageMaps",
    "VocabProperty": "vocabs",
    "JsonProperty": "jsons",
    "ListProperty": "valueLists",
    "ListRelationship": "objectLists",
}
#: In a fragment: the instance is to be deleted.
DELETED: Final = "@deleted"
#: In a fragment: the value came without its kind; an existing attribute keeps its own.
BARE: Final = "@bare"


def null_of(kind: str) -> Any:
    """Return the NGSI-LD Null as the value of this kind (clause 4.5.0)."""
    if kind == "LanguageProperty":
        return {"@none": NGSI_NULL}
    if kind in {"ListProperty", "ListRelationship"}:
        return [NGSI_NULL]
    return NGSI_NULL


def is_null(member: str, value: Any) -> bool:
    """Whether the value of a value member is the NGSI-LD Null."""
    if value == NGSI_NULL:
        return True
    if member == "languageMap":
        return bool(value == {"@none": NGSI_NULL})
    return member in {"valueList", "objectList"} and bool(value == [NGSI_NULL])


def value_of(instance: Instance) -> Any:
    """Return the value of an instance, whatever its kind; None when it has none."""
    return instance.get(VALUE_MEMBER.get(instance.get("type", ""), "value"))


def sub_attributes(instance: Instance) -> list[str]:
    """Return the IRIs of an instance's sub-attributes."""
    return [key for key in instance if key not in PLAIN_MEMBERS and not key.startswith("@")]
