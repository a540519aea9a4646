"""One attribute instance as one row of `attribute_history`, and back."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import orjson

from tamamo.context.model.entity import CORE_VOCABULARY, Instance
from tamamo.kernel.time import from_text

#: NGSI-LD Null (clause 4.5.0): the value of a deleted attribute instance.
NULL = "urn:ngsi-ld:null"
#: The attribute under which the evolution of an entity's scopes is kept (clause 4.5.6).
SCOPE = CORE_VOCABULARY + "scope"
#: Before the uuid in an instanceId.
INSTANCE_PREFIX = "urn:ngsi-ld:Instance:"

#: The member that carries the value, for each kind of attribute (clause 4.5.2 and following).
VALUE_MEMBER = {
    "Property": "value",
    "GeoProperty": "value",
    "Relationship": "object",
    "LanguageProperty": "languageMap",
    "VocabProperty": "vocab",
    "ListProperty": "valueList",
    "ListRelationship": "objectList",
    "JsonProperty": "json",
}
#: What a deleted instance carries instead of its value; other kinds carry NULL itself (5.5.4).
_NULL_VALUE: dict[str, Any] = {
    "LanguageProperty": {"@none": NULL},
    "ListProperty": [NULL],
    "ListRelationship": [NULL],
}


class HistoryRow(NamedTuple):
    """A row of `attribute_history`, in the order of its columns."""

    tenant: str
    entity_id: str
    attr: str
    dataset_id: str
    at: datetime
    instance_id: UUID
    observed_at: datetime | None
    created_at: datetime
    modified_at: datetime
    deleted_at: datetime | None
    number: float | None
    instance: str


def number_of(instance: Instance) -> float | None:
    """Return a Property's value as a number for aggregates; true is 1 (table 4.5.19.1-1)."""
    value = instance.get("value")
    return float(value) if isinstance(value, bool | int | float) else None


def history_row(
    tenant: str,
    entity_id: str,
    attr: str,
    instance: Instance,
    *,
    deleted_at: str | None = None,
) -> HistoryRow:
    """Return the row of an instance in stored form.

    The instance must have createdAt and modifiedAt. It is placed in time by observedAt, by
    deletedAt for a deletion, else by modifiedAt. deleted_at: RFC 3339; also taken from the
    instance's own deletedAt.
    """
    deleted = deleted_at or instance.get("deletedAt")
    observed = instance.get("observedAt")
    modified = from_text(instance["modifiedAt"])
    observed_at = from_text(observed) if observed else None
    removed_at = from_text(deleted) if deleted else None
    if deleted and "deletedAt" not in instance:
        instance = {**instance, "deletedAt": deleted}
    return HistoryRow(
        tenant,
        entity_id,
        attr,
        instance.get("datasetId") or "",
        removed_at or observed_at or modified,
        uuid4(),
        observed_at,
        from_text(instance["createdAt"]),
        modified,
        removed_at,
        None if removed_at else number_of(instance),
        orjson.dumps(instance).decode(),
    )


def deletion_instance(instance: Instance, now: str) -> Instance:
    """Return what the history records when `instance` is deleted at `now` (clauses 4.5.7, 4.5.8).

    Only its kind, datasetId and times stay. The value is NGSI-LD Null in the form of the kind.
    """
    kind = instance["type"]
    gone: Instance = {"type": kind, VALUE_MEMBER[kind]: _NULL_VALUE.get(kind, NULL)}
    if "datasetId" in instance:
        gone["datasetId"] = instance["datasetId"]
    gone["createdAt"] = instance.get("createdAt", now)
    return {**gone, "modifiedAt": now, "deletedAt": now}


def scope_instance(scopes: list[str], now: str, *, deleted: bool = False) -> Instance:
    """Return the Property instance that records the scopes from `now` on (clause 4.5.6).

    observedAt is a copy of modifiedAt. deleted: the entity has no scope any more.
    """
    instance: Instance = {"type": "Property", "value": [] if deleted else list(scopes)}
    instance |= {"createdAt": now, "modifiedAt": now}
    return {**instance, "deletedAt": now} if deleted else {**instance, "observedAt": now}
