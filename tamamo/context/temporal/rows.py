"""One attribute instance as one row of `attribute_history`, and back."""

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

import orjson

from tamamo.context.model.entity import CORE_VOCABULARY, Instance
from tamamo.context.model.kinds import VALUE_MEMBER, null_of
from tamamo.kernel.time import from_text

#: The attribute under which the evolution of an entity's scopes is kept (clause 4.5.6).
SCOPE = CORE_VOCABULARY + "scope"
#: Before the uuid in an instanceId.
INSTANCE_PREFIX = "urn:ngsi-ld:Instance:"


#: What JSON makes of numbers, and what counts as one.
_NUMBERS: Final = frozenset({bool, int, float})


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
    value: Any = instance.get("value")
    return float(value) if type(value) in _NUMBERS else None


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
    gone: Instance = {"type": kind, VALUE_MEMBER[kind]: null_of(kind)}
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
