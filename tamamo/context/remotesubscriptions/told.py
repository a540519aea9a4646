"""A notification of another source, read: entities, what is gone of them, and previous values.

What is gone (5.8.6) and what was before stand beside the entities, since no stored entity holds
such things; they are put back when the subscriber is told.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tamamo.context.errors import BadRequestData
from tamamo.context.jsonld import ContextStore, TermMap
from tamamo.context.model import parse
from tamamo.context.model.entity import Entity, Instance
from tamamo.context.model.kinds import OUTPUT_ONLY, VALUE_MEMBER, is_null, null_of
from tamamo.context.model.values import NGSI_NULL

_PREVIOUS: Final = frozenset(name for name in OUTPUT_ONLY if name.startswith("previous"))
_ENTITY: Final = frozenset(
    {"id", "type", "scope", "@context", "createdAt", "modifiedAt", "expiresAt", "deletedAt"}
)


@dataclass(slots=True)
class Told:
    """One entity of a notification.

    gone: instances in the place of those deleted, by attribute. before: previous values by
    attribute and datasetId. deleted_at: when the whole entity was deleted.
    """

    entity: Entity
    gone: dict[str, list[Instance]] = field(default_factory=dict)
    before: dict[tuple[str, str | None], dict[str, Any]] = field(default_factory=dict)
    deleted_at: str | None = None

    def whole(self, entity: Entity) -> Entity:
        """Return the entity with what is gone and what was before put back in.

        entity: this one, maybe merged with what others know. What others still have is not gone.
        """
        attrs = {
            attr: [
                {**item, **self.before.get((attr, item.get("datasetId")), {})} for item in instances
            ]
            for attr, instances in entity.attrs.items()
        }
        for attr, nulls in self.gone.items():
            there = {item.get("datasetId") for item in attrs.get(attr, ())}
            missing = [item for item in nulls if item.get("datasetId") not in there]
            if missing:
                attrs[attr] = [*attrs.get(attr, ()), *missing]
        return Entity(
            entity.id, entity.types, attrs, entity.scopes, entity.created_at, entity.modified_at,
            entity.expires_at,
        )  # fmt: skip


async def read(
    data: Any, terms: TermMap, contexts: ContextStore, tenant: str, moment: str
) -> list[Told]:
    """Return the entities of the member `data`. moment: when it was notified.

    Raises BadRequestData when one is no NGSI-LD entity.
    """
    if not isinstance(data, list):
        raise BadRequestData("data: an array of entities is expected", field="/data")
    found = []
    for at, document in enumerate(data):
        if not isinstance(document, dict):
            raise BadRequestData(f"data/{at}: an entity is expected", field=f"/data/{at}")
        own = terms
        if "@context" in document:
            own = await contexts.resolve(tenant, document["@context"])
        found.append(_read_one(document, own, moment))
    return found


def _read_one(document: Mapping[str, Any], terms: TermMap, moment: str) -> Told:
    plain: dict[str, Any] = {}
    gone: dict[str, list[Instance]] = {}
    before: dict[tuple[str, str | None], dict[str, Any]] = {}
    for name, value in document.items():
        if name in _ENTITY:
            plain[name] = value
            continue
        attr = terms.expand_term(name)
        kept = []
        for item in value if isinstance(value, list) and _are_instances(value) else [value]:
            dataset = _dataset(item)
            if _is_gone(item):
                gone.setdefault(attr, []).append(_null(item, moment))
                continue
            known = _previous(item)
            if known:
                before[attr, dataset] = known
            kept.append({key: item[key] for key in item if key not in known} if known else item)
        if kept:
            plain[name] = kept[0] if len(kept) == 1 else kept
    deleted_at = plain.pop("deletedAt", None)
    return Told(parse.parse_received(plain, terms), gone, before, deleted_at)


def _dataset(item: Any) -> str | None:
    """Return the datasetId of an instance. Raises BadRequestData."""
    found = item.get("datasetId") if isinstance(item, dict) else None
    if found is not None and not isinstance(found, str):
        raise BadRequestData("datasetId: a URI is expected", field="datasetId")
    return found


def _previous(item: Any) -> dict[str, Any]:
    return {key: item[key] for key in item.keys() & _PREVIOUS} if isinstance(item, dict) else {}


def _are_instances(value: list[Any]) -> bool:
    return all(isinstance(item, dict) for item in value)


def _is_gone(item: Any) -> bool:
    if not isinstance(item, dict):
        return bool(item == NGSI_NULL)
    return any(is_null(member, item[member]) for member in _values(item))


def _values(item: Mapping[str, Any]) -> Iterator[str]:
    return (member for member in VALUE_MEMBER.values() if member in item)


def _null(item: Any, moment: str) -> Instance:
    """Return an instance in the place of one that is gone, as it is shown."""
    if not isinstance(item, dict):
        return {"type": "Property", "value": NGSI_NULL, "deletedAt": moment}
    kind = item.get("type")
    if kind not in VALUE_MEMBER:
        kind = next((one for one, member in VALUE_MEMBER.items() if member in item), "Property")
    kept = {key: item[key] for key in item if key in _PREVIOUS or key == "datasetId"}
    deleted_at = item.get("deletedAt", moment)
    return {"type": kind, VALUE_MEMBER[kind]: null_of(kind), "deletedAt": deleted_at, **kept}
