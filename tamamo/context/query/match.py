"""A whole query held against one entity, with the same meaning as in SQL."""

from tamamo.context.model.entity import Entity
from tamamo.context.query import geoq, q, scopeq, typeq
from tamamo.context.query.paths import Lookup
from tamamo.context.query.plan import Query, Selector


def matches(
    query: Query, entity: Entity, lookup: Lookup | None = None, test: q.Test | None = None
) -> bool:
    """Whether an entity is among those selected and meets the filters.

    lookup: finds linked entities, for a q that follows relationships. test: its q as a function,
    made once by whoever asks often.
    """
    if query.q is not None and test is None:
        test = q.tester(query.q)
    return (
        any(_is_selected(one, entity) for one in query.selectors)
        and (query.scope is None or scopeq.matches(query.scope, entity))
        and (test is None or test(entity, lookup))
        and (query.geo is None or geoq.matches(query.geo, entity))
    )


def _is_selected(selector: Selector, entity: Entity) -> bool:
    if selector.ids and entity.id not in selector.ids:
        return False
    if selector.id_pattern is not None and not selector.id_pattern.search(entity.id):
        return False
    return selector.types is None or typeq.matches(selector.types, entity)
