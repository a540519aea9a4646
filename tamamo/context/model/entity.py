"""The stored form of an entity: names expanded to IRIs, normalized, times in UTC."""

from dataclasses import dataclass, field
from typing import Any

#: One attribute instance, normalized, with expanded names. Members by kind: Property `value`,
#: Relationship `object` (+ `objectType`), GeoProperty `value` (GeoJSON), LanguageProperty
#: `languageMap`, VocabProperty `vocab`, ListProperty `valueList`, ListRelationship `objectList`,
#: JsonProperty `json`; any kind: `observedAt`, `unitCode`, `datasetId`, `createdAt`,
#: `modifiedAt`, and sub-attributes as {IRI: [instance, …]}.
Instance = dict[str, Any]

#: Attribute IRI → its instances, at most one for each datasetId.
Attributes = dict[str, list[Instance]]

#: Names without a @context fall into this vocabulary (clause 5.5.7).
DEFAULT_VOCABULARY = "https://uri.etsi.org/ngsi-ld/default-context/"
#: Names of the core context.
CORE_VOCABULARY = "https://uri.etsi.org/ngsi-ld/"
LOCATION = CORE_VOCABULARY + "location"
#: The tenant of requests without an NGSILD-Tenant header (clause 4.14).
DEFAULT_TENANT = "default"


@dataclass(slots=True)
class Entity:
    """An entity in stored form. Times are RFC 3339 texts in UTC ending in Z."""

    id: str
    types: list[str]
    attrs: Attributes = field(default_factory=dict)
    scopes: list[str] = field(default_factory=list)
    created_at: str | None = None
    modified_at: str | None = None
    expires_at: str | None = None
