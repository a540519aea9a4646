"""What an operation makes of an entity: pure functions from a state to the next and its changes.

`now` is RFC 3339 text in UTC. The entity handed in is never altered. The fragment or new entity is
used up: its instances are stamped with their times and become part of the result.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from tamamo.context.errors import BadRequestData, ResourceNotFound
from tamamo.context.jsonld.terms import TermMap
from tamamo.context.model.entity import CORE_VOCABULARY, Attributes, Entity, Instance
from tamamo.context.model.kinds import DELETED, VALUE_MEMBER, null_of
from tamamo.context.model.parse import Fragment
from tamamo.context.model.patch import patch_instance, settle
from tamamo.context.model.sameness import repeats
from tamamo.context.model.values import NGSI_NULL

#: The scope's IRI, for results that name what was not updated.
SCOPE: Final = CORE_VOCABULARY + "scope"


@dataclass(slots=True)  # not frozen: a batch makes thousands
class Written:
    """One attribute instance written: a row of the history.

    instance: as it is now; of a deletion the NGSI-LD Null, with `deletedAt`. before: as it was,
    None when it is new. again: it says what it said before, which is no news for the history.
    """

    attr: str
    instance: Instance
    before: Instance | None = None
    again: bool = False

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
        return list(dict.fromkeys([row.attr for row in self.written]))

    def record(
        self,
        attr: str,
        instance: Instance,
        before: Instance | None,
        now: str,
        again: bool = False,
    ) -> None:
        """Stamp an instance that takes the place of `before`, and note it."""
        created = None if before is None else before.get("createdAt")
        instance["createdAt"] = created or now
        instance["modifiedAt"] = now
        self.written.append(Written(attr, instance, before, again))

    def repeat(self, attr: str, before: Instance, now: str) -> Instance:
        """Return an instance that was written once more as it was, and note it."""
        instance = {**before}
        self.record(attr, instance, before, now, again=True)
        return instance

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
    draft = _Draft(entity, now)
    draft.put_all(fragment, overwrite)
    draft.take_scopes(fragment, overwrite)
    return draft.finish(fragment)


def update(entity: Entity, fragment: Fragment, now: str) -> tuple[Entity, Change]:
    """Update Attributes (clauses 5.6.2, 5.5.8): whole instances are replaced, Nulls delete."""
    draft = _Draft(entity, now)
    draft.put_all(fragment, overwrite=True)
    if entity.scopes:
        draft.take_scopes(fragment, overwrite=True)
    elif fragment.scopes:
        draft.change.not_updated.append((SCOPE, "the entity has no scope to replace"))
    return draft.finish(fragment)


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
    draft = _Draft(entity, now)
    for attr, instances in fragment.attrs.items():
        for part in instances:
            before = draft.find(attr, part.get("datasetId"))
            if DELETED in part:
                if before is not None and overwrite:
                    draft.remove(attr, before)
            elif before is None:
                draft.put(attr, settle(part, attr, nested_nulls=True))
            elif overwrite:
                merged = patch_instance(
                    before, part, attr, terms=terms, lang=lang, observed_at=observed_at
                )
                draft.put(attr, merged, before)
            else:
                draft.change.not_updated.append((attr, "exists already"))
    draft.take_scopes(fragment, overwrite)
    return draft.finish(fragment)


def update_attribute(entity: Entity, attr: str, part: Instance, now: str) -> tuple[Entity, Change]:
    """Partial Attribute Update (clause 5.6.4): members given overwrite, Nulls delete.

    Raises ResourceNotFound without such an instance, BadRequestData when the kind differs.
    """
    draft = _Draft(entity, now)
    before = draft.existing(attr, part.get("datasetId"))
    if DELETED in part:
        draft.remove(attr, before)
    else:
        if part.get("type") not in {None, "", before["type"]}:
            detail = f"the attribute is a {before['type']} and cannot become a {part['type']}"
            raise BadRequestData(detail, field="/type")
        merged = {**before, **part, "type": before["type"]}
        draft.put(attr, settle(merged, attr), before)
    return draft.finish()


def replace_attribute(
    entity: Entity, attr: str, instance: Instance, now: str
) -> tuple[Entity, Change]:
    """Replace Attribute (clause 5.6.19). Raises ResourceNotFound without such an instance."""
    draft = _Draft(entity, now)
    draft.put(attr, instance, draft.existing(attr, instance.get("datasetId")))
    return draft.finish()


def delete_attribute(
    entity: Entity,
    attr: str,
    now: str,
    *,
    dataset_id: str | None = None,
    delete_all: bool = False,
) -> tuple[Entity, Change]:
    """Delete Attribute (clause 5.6.5): one instance, or all. Raises ResourceNotFound."""
    draft = _Draft(entity, now)
    if delete_all and attr not in entity.attrs:
        raise ResourceNotFound(f"The entity has no attribute {attr}")
    doomed = entity.attrs[attr] if delete_all else [draft.existing(attr, dataset_id)]
    for instance in doomed:
        draft.remove(attr, instance)
    return draft.finish()


def delete_scope(entity: Entity, now: str) -> tuple[Entity, Change]:
    """Delete the scope (clause 5.6.5.4). Raises ResourceNotFound when there is none."""
    if not entity.scopes:
        raise ResourceNotFound("The entity has no scope")
    draft = _Draft(entity, now)
    draft.scopes = []
    return draft.finish()


def replace_entity(entity: Entity, new: Entity, now: str) -> tuple[Entity, Change]:
    """Replace Entity (clause 5.6.18, and upsert with replace): only createdAt stays.

    Who replaces an entity sends all of it, however little of it is new: the history does not note
    what is said once more. Attributes that are no longer there are deletions in it. Those of `new`
    may be the very lists of `entity` (see parse_entity), which stay as they are.
    """
    old, attrs = entity.attrs, new.attrs
    change = Change(head=True)
    left = sum(map(len, old.values()))
    for attr, instances in attrs.items():
        present = old.get(attr)
        if instances is present:
            left -= len(instances)
            attrs[attr] = [change.repeat(attr, instance, now) for instance in instances]
            continue
        for instance in instances:
            before = _find(present, instance.get("datasetId"))
            if before is not None:
                left -= 1
            again = before is not None and repeats(instance, before)
            change.record(attr, instance, before, now, again)
    if left:
        change.written[:0] = [
            Written(attr, deletion(instance, now), instance)
            for attr, instances in old.items()
            for instance in instances
            if _find(attrs.get(attr), instance.get("datasetId")) is None
        ]
    new.created_at = entity.created_at
    new.modified_at = now
    return new, change


def deletion(before: Instance, now: str) -> Instance:
    """Return the history's record that an instance was deleted (clauses 4.5.7, 4.5.8)."""
    kind = before["type"]
    gone: dict[str, Any] = {"type": kind, VALUE_MEMBER[kind]: null_of(kind)}
    if "datasetId" in before:
        gone["datasetId"] = before["datasetId"]
    gone["createdAt"] = before.get("createdAt", now)
    gone["modifiedAt"] = gone["deletedAt"] = now
    return gone


class _Draft:
    """The next state of an entity in the making; lists and instances of the old one are shared."""

    def __init__(self, entity: Entity, now: str) -> None:
        self.entity = entity
        self.now = now
        self.attrs: Attributes = dict(entity.attrs)
        self.scopes = entity.scopes
        self.change = Change()

    def find(self, attr: str, dataset: str | None) -> Instance | None:
        return _find(self.attrs.get(attr), dataset)

    def existing(self, attr: str, dataset: str | None) -> Instance:
        instance = self.find(attr, dataset)
        if instance is None:
            which = f"no instance of the datasetId {dataset}" if dataset else "no default instance"
            raise ResourceNotFound(f"The entity has {which} of the attribute {attr}")
        return instance

    def put_all(self, fragment: Fragment, overwrite: bool) -> None:
        """Put whole instances in the place of those with the same datasetId."""
        for attr, instances in fragment.attrs.items():
            for part in instances:
                before = self.find(attr, part.get("datasetId"))
                if DELETED in part:
                    if before is not None:
                        self.remove(attr, before)
                elif before is not None and not overwrite:
                    self.change.not_updated.append((attr, "exists already"))
                else:
                    self.put(attr, settle(part, attr), before)

    def put(self, attr: str, instance: Instance, before: Instance | None = None) -> None:
        self.change.record(attr, instance, before, self.now)
        present = self.attrs.get(attr, [])
        if before is None:
            self.attrs[attr] = [*present, instance]
        else:
            self.attrs[attr] = [instance if item is before else item for item in present]

    def remove(self, attr: str, before: Instance) -> None:
        left = [item for item in self.attrs[attr] if item is not before]
        if left:
            self.attrs[attr] = left
        else:
            del self.attrs[attr]
        self.change.written.append(Written(attr, deletion(before, self.now), before))

    def take_scopes(self, fragment: Fragment, overwrite: bool) -> None:
        if fragment.scopes is None:
            return
        if overwrite:
            self.scopes = fragment.scopes
        else:
            self.scopes = list(dict.fromkeys([*self.scopes, *fragment.scopes]))

    def finish(self, fragment: Fragment | None = None) -> tuple[Entity, Change]:
        """Return the new entity; the old one itself when nothing changed."""
        old = self.entity
        types, expires_at = old.types, old.expires_at
        if fragment is not None:
            types = list(dict.fromkeys([*old.types, *fragment.types]))
            if fragment.expires_at is not None:
                expires_at = None if fragment.expires_at == NGSI_NULL else fragment.expires_at
        head = (types, self.scopes, expires_at)
        self.change.head = head != (old.types, old.scopes, old.expires_at)
        if not self.change:
            return old, self.change
        new = Entity(old.id, types, self.attrs, self.scopes, old.created_at, self.now, expires_at)
        return new, self.change


def _find(instances: list[Instance] | None, dataset: str | None) -> Instance | None:
    for instance in instances or ():
        if instance.get("datasetId") == dataset:
            return instance
    return None
