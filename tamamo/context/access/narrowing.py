"""An entity as far as it is within reach, in Python; `tables` says the same in SQL."""

from dataclasses import replace

from tamamo.context.model.entity import Entity
from tamamo.kernel.identity.reach import ALL, Reach


def narrowed(reach: Reach, entity: Entity | None) -> Entity | None:
    """Return the entity with the attributes within reach; None when it is not to be known of.

    The entity given is not altered; it is returned itself when all of it is within reach.
    """
    if entity is None or reach.everything:
        return entity
    attrs = reach.attrs_of(entity.types, entity.scopes)
    if attrs is ALL:
        return entity
    if not attrs:
        return None
    shown = {name: items for name, items in entity.attrs.items() if name in attrs}
    return replace(entity, attrs=shown)
