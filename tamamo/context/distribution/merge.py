"""One entity out of what several sources say of it (clauses 4.5.5.2, 4.5.5.3)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from tamamo.context.distribution.receive import is_over
from tamamo.context.model.entity import Attributes, Entity, Instance
from tamamo.kernel.time import from_text


def merge(versions: Sequence[Entity], auxiliary: Iterable[Entity] = ()) -> Entity | None:
    """Return the entity of which these are versions of equal right; None without any.

    auxiliary: versions that only add attributes which no other has (4.3.6.2). Where versions
    contradict each other and nothing tells which is newer, the first counts.
    """
    merged = _merge(_with_expiry(versions)) if versions else None
    for extra in auxiliary:
        merged = extra if merged is None else replace(merged, attrs=extra.attrs | merged.attrs)
    return merged


def _merge(versions: Sequence[Entity]) -> Entity:
    if len(versions) == 1:
        return versions[0]
    attrs: Attributes = {}
    for version in versions:
        for attr, instances in version.attrs.items():
            attrs[attr] = _newest([*attrs.get(attr, ()), *instances])
    created = [one.created_at for one in versions if one.created_at is not None]
    modified = [one.modified_at for one in versions if one.modified_at is not None]
    return Entity(
        versions[0].id,
        list(dict.fromkeys(iri for one in versions for iri in one.types)),
        {attr: instances for attr, instances in attrs.items() if instances},
        list(dict.fromkeys(scope for one in versions for scope in one.scopes)),
        min(created, key=from_text, default=None),
        max(modified, key=from_text, default=None),
        _expiry(versions),
    )


def _newest(instances: Iterable[Instance]) -> list[Instance]:
    """Return one instance for each datasetId, the newest; what is over is none."""
    found: dict[str | None, Instance] = {}
    for instance in instances:
        if is_over(instance.get("expiresAt")):
            continue
        dataset = instance.get("datasetId")
        before = found.get(dataset)
        if before is None or _is_newer(instance, before):
            found[dataset] = instance
    return list(found.values())


def _is_newer(one: Instance, other: Instance) -> bool:
    """Compare by observedAt, and by modifiedAt where that does not tell."""
    for name in ("observedAt", "modifiedAt"):
        mine, its = _moment(one, name), _moment(other, name)
        if mine != its:
            return its is None or (mine is not None and mine > its)
    return False


def _moment(instance: Instance, name: str) -> datetime | None:
    text = instance.get(name)
    return None if text is None else from_text(text)


def _expiry(versions: Iterable[Entity]) -> str | None:
    """Return the latest end, or none when a version has none."""
    ends = [one.expires_at for one in versions]
    known = [end for end in ends if end is not None]
    return max(known, key=from_text) if len(known) == len(ends) else None


def _with_expiry(versions: Sequence[Entity]) -> list[Entity]:
    """Give an entity's end to its attributes where other versions do not share it (4.5.5.2)."""
    if len({one.expires_at for one in versions}) == 1:
        return list(versions)
    return [one if one.expires_at is None else _push_down(one, one.expires_at) for one in versions]


def _push_down(entity: Entity, end: str) -> Entity:
    limit = from_text(end)
    attrs = {
        attr: [
            item
            if "expiresAt" in item and from_text(item["expiresAt"]) <= limit
            else {**item, "expiresAt": end}
            for item in instances
        ]
        for attr, instances in entity.attrs.items()
    }
    return replace(entity, attrs=attrs)
