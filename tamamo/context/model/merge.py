"""What an operation makes of an entity: pure functions from a state to the next and its changes.

`now` is RFC 3339 text in UTC. The entity handed in is never altered. The fragment or new entity is
used up: its instances are stamped with their times and become part of the result.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Final

from tamamo.context.errors import BadRequestData, ResourceNotFound
from tamamo.context.jsonld.terms import TermMap
from tamamo.context.model.entity import Attributes, Entity, Instance
from tamamo.context.model.kinds import DELETED, VALUE_MEMBER, null_of
from tamamo.context.model.parse import Fragment
from tamamo.context.model.patch import patch_instance, settle
from tamamo.context.model.values import NGSI_NULL

#: Members in which two instances may differ and yet say the same.
_TIMES: Final = frozenset({"createdAt", "modifiedAt"})


@dataclass(frozen=True, slots=True)
class Written:
    """One attribute instance written: a row of the history.

    instance: as it is now; of a deletion the NGSI-LD Null, with `deletedAt`. before: as it was,
    None when it is new.
    """

    attr: str
    instance: Instance
    before: Instance | None = None

    @property
    def deleted(self) -> bool:
        """Whether the instance was deleted."""
        return "deletedAt" in self.instance


@dataclass(slots=True)
class Change:
    """What an operation did.

    written: instances in order. not_updated: (attribute IRI, reason), for UpdateResult (5.2.18).
    head: whether types, scopes or expiry changed.
    """

    written: list[Written] = field(default_factory=list)
    not_updated: list[tuple[str, str]] = field(default_factory=list)
    head: bool = False

    @property
    def changed(self) -> list[str]:
        """The IRIs of the attributes written, each once."""
        return list(dict.fromkeys(row.attr for row in self.written))

    def __bool__(self) -> bool:
        return self.head or bool(self.written)


def create(entity: Entity, now: str) -> tuple[Entity, Change]:
    """Stamp a new entity (clause 5.6.1). The entity given is the one returned."""
    change = Change(head=True)
    entity.created_at = entity.modified_at = now
    for attr, instances in entity.attrs.items():
        for instance in instances:
            instance["createdAt"] = instance["modifiedAt"] = now
            change.written.append(Written(attr, instance))
    return entity, change


def append(
    entity: Entity, fragment: Fragment, now: str, *, overwrite: bool = True
) -> tuple[Entity, Change]:
    """Append Attributes (clause 5.6.3)."""
    return _put_all(entity, fragment, now, overwrite=overwrite, appends_scope=True)


def update(entity: Entity, fragment: Fragment, now: str) -> tuple[Entity, Change]:
    """Update Attributes (clauses 5.6.2, 5.5.8): whole instances are replaced, Nulls delete."""
    return _put_all(entity, fragment, now, overwrite=True, appends_scope=False)


def merge_patch(
    entity: Entity,
    fragment: Fragment,
    now: str,
    *,
    terms: TermMap,
    observed_at: str | None = None,
    lang: str | None = None,
    overwrite: bool = True,
) -> tuple[Entity, Change]:
    """Merge Entity (clauses 5.6.17, 5.5.12): into values and sub-attributes, to any depth.

    observed_at: for instances that have an observedAt and are not given another. lang: the
    language of a LanguageProperty that comes as a bare text.
    Raises BadRequestData when a value does not suit the kind of the attribute it is merged into.
    """
    change = Change()
    attrs = dict(entity.attrs)
    for attr, instances in fragment.attrs.items():
        for part in instances:
            dataset = part.get("datasetId")
            before = _find(attrs.get(attr), dataset)
            if DELETED in part:
                if before is not None and overwrite:
                    _remove(attrs, attr, before, now, change)
                continue
            if before is None:
                _put(attrs, attr, settle(part, attr), None, now, change)
            elif overwrite:
                merged = patch_instance(
                    before, part, attr, terms=terms, lang=lang, observed_at=observed_at
                )
                _put(attrs, attr, merged, before, now, change)
            else:
                change.not_updated.append((attr, "exists already"))
    scopes = _merged_scopes(entity, fragment, overwrite)
    return _finish(entity, fragment, attrs, scopes, now, change)


def update_attribute(entity: Entity, attr: str, part: Instance, now: str) -> tuple[Entity, Change]:
    """Partial Attribute Update (clause 5.6.4): members given overwrite, Nulls delete.

    Raises ResourceNotFound without such an instance, BadRequestData when the kind differs.
    """
    before = _existing(entity, attr, part.get("datasetId"))
    change = Change()
    attrs = dict(entity.attrs)
    if DELETED in part:
        _remove(attrs, attr, before, now, change)
    else:
        if part.get("type") not in {None, "", before["type"]}:
            detail = f"the attribute is a {before['type']} and cannot become a {part['type']}"
            raise BadRequestData(detail, field="/type")
        merged = {**before, **part, "type": before["type"]}
        _put(attrs, attr, settle(merged, attr), before, now, change)
    return _finish(entity, None, attrs, entity.scopes, now, change)


def replace_attribute(
    entity: Entity, attr: str, instance: Instance, now: str
) -> tuple[Entity, Change]:
    """Replace Attribute (clause 5.6.19). Raises ResourceNotFound without such an instance."""
    before = _existing(entity, attr, instance.get("datasetId"))
    change = Change()
    attrs = dict(entity.attrs)
    _put(attrs, attr, instance, before, now, change)
    return _finish(entity, None, attrs, entity.scopes, now, change)


def delete_attribute(
    entity: Entity,
    attr: str,
    now: str,
    *,
    dataset_id: str | None = None,
    delete_all: bool = False,
) -> tuple[Entity, Change]:
    """Delete Attribute (clause 5.6.5): one instance, or all. Raises ResourceNotFound."""
    change = Change()
    attrs = dict(entity.attrs)
    if delete_all:
        if attr not in attrs:
            raise ResourceNotFound(f"The entity has no attribute {attr}")
        doomed = attrs[attr]
    else:
        doomed = [_existing(entity, attr, dataset_id)]
    for instance in doomed:
        _remove(attrs, attr, instance, now, change)
    return _finish(entity, None, attrs, entity.scopes, now, change)


def delete_scope(entity: Entity, now: str) -> tuple[Entity, Change]:
    """Delete the scope (clause 5.6.5.4). Raises ResourceNotFound when there is none."""
    if not entity.scopes:
        raise ResourceNotFound("The entity has no scope")
    return _finish(entity, None, entity.attrs, [], now, Change())


def replace_entity(entity: Entity, new: Entity, now: str) -> tuple[Entity, Change]:
    """Replace Entity (clause 5.6.18, and upsert with replace): only createdAt stays.

    Attributes that are no longer there are deletions in the history.
    """
    change = Change(head=True)
    gone = dict(entity.attrs)
    for attr, instances in entity.attrs.items():
        for instance in instances:
            if _find(new.attrs.get(attr), instance.get("datasetId")) is None:
                _remove(gone, attr, instance, now, change)
    for attr, instances in new.attrs.items():
        for instance in instances:
            before = _find(entity.attrs.get(attr), instance.get("datasetId"))
            _stamp(instance, before, now)
            change.written.append(Written(attr, instance, before))
    new.created_at = entity.created_at
    new.modified_at = now
    return new, change


def delete_entity(entity: Entity, now: str) -> Change:
    """Return the deletions of all attributes, for the history (clause 5.6.6)."""
    change = Change(head=True)
    attrs = dict(entity.attrs)
    for attr, instances in entity.attrs.items():
        for instance in instances:
            _remove(attrs, attr, instance, now, change)
    return change


def same(one: Instance, other: Instance) -> bool:
    """Whether two instances say the same, whenever they were written."""
    if one.keys() - _TIMES != other.keys() - _TIMES:
        return False
    return all(other[name] == value for name, value in one.items() if name not in _TIMES)


def _put_all(
    entity: Entity, fragment: Fragment, now: str, *, overwrite: bool, appends_scope: bool
) -> tuple[Entity, Change]:
    change = Change()
    attrs = dict(entity.attrs)
    for attr, instances in fragment.attrs.items():
        for part in instances:
            before = _find(attrs.get(attr), part.get("datasetId"))
            if DELETED in part:
                if before is not None:
                    _remove(attrs, attr, before, now, change)
            elif before is not None and not overwrite:
                change.not_updated.append((attr, "exists already"))
            else:
                _put(attrs, attr, settle(part, attr), before, now, change)
    if appends_scope or entity.scopes:
        scopes = _merged_scopes(entity, fragment, overwrite)
    else:
        scopes = entity.scopes  # Update Attributes ignores the scope of an entity without one
    return _finish(entity, fragment, attrs, scopes, now, change)


def _merged_scopes(entity: Entity, fragment: Fragment, overwrite: bool) -> list[str]:
    if fragment.scopes is None:
        return entity.scopes
    if overwrite:
        return fragment.scopes
    return list(dict.fromkeys([*entity.scopes, *fragment.scopes]))


def _finish(
    entity: Entity,
    fragment: Fragment | None,
    attrs: Attributes,
    scopes: list[str],
    now: str,
    change: Change,
) -> tuple[Entity, Change]:
    types, expires_at = entity.types, entity.expires_at
    if fragment is not None:
        types = list(dict.fromkeys([*entity.types, *fragment.types]))
        if fragment.expires_at is not None:
            expires_at = None if fragment.expires_at == NGSI_NULL else fragment.expires_at
    head = (types, scopes, expires_at)
    change.head = head != (entity.types, entity.scopes, entity.expires_at)
    if not change:
        return entity, change
    new = replace(
        entity, types=types, attrs=attrs, scopes=scopes, expires_at=expires_at, modified_at=now
    )
    return new, change


def _find(instances: list[Instance] | None, dataset: str | None) -> Instance | None:
    for instance in instances or ():
        if instance.get("datasetId") == dataset:
            return instance
    return None


def _existing(entity: Entity, attr: str, dataset: str | None) -> Instance:
    instance = _find(entity.attrs.get(attr), dataset)
    if instance is None:
        which = f"no instance of the datasetId {dataset}" if dataset else "no default instance"
        raise ResourceNotFound(f"The entity has {which} of the attribute {attr}")
    return instance


def _stamp(instance: Instance, before: Instance | None, now: str) -> None:
    created = None if before is None else before.get("createdAt")
    instance["createdAt"] = created or now
    instance["modifiedAt"] = now


def _put(
    attrs: Attributes,
    attr: str,
    instance: Instance,
    before: Instance | None,
    now: str,
    change: Change,
) -> None:
    _stamp(instance, before, now)
    present = attrs.get(attr, [])
    if before is None:
        attrs[attr] = [*present, instance]
    else:
        attrs[attr] = [instance if item is before else item for item in present]
    change.written.append(Written(attr, instance, before))


def _remove(attrs: Attributes, attr: str, before: Instance, now: str, change: Change) -> None:
    left = [item for item in attrs[attr] if item is not before]
    if left:
        attrs[attr] = left
    else:
        del attrs[attr]
    change.written.append(Written(attr, deletion(before, now), before))


def deletion(before: Instance, now: str) -> Instance:
    """Return the history's record that an instance was deleted (clauses 4.5.7, 4.5.8)."""
    kind = before["type"]
    gone: dict[str, Any] = {"type": kind, VALUE_MEMBER[kind]: null_of(kind)}
    if "datasetId" in before:
        gone["datasetId"] = before["datasetId"]
    gone["createdAt"] = before.get("createdAt", now)
    gone["modifiedAt"] = gone["deletedAt"] = now
    return gone
