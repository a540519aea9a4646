"""A whole query held against one entity, with the same meaning as in SQL."""

from collections.abc import Callable
from typing import TypeAlias

from tamamo.context.model.entity import Entity
from tamamo.context.query import geoq, q, scopeq, typeq
from tamamo.context.query.paths import Lookup
from tamamo.context.query.plan import Query, Selector

#: Whether an entity is among those selected and meets the filters; the look-up finds linked
#: entities, for a q that follows relationships.
Test: TypeAlias = Callable[[Entity, Lookup | None], bool]


def matches(query: Query, entity: Entity, lookup: Lookup | None = None) -> bool:
    """Whether an entity is among those selected and meets the filters."""
    return tester(query)(entity, lookup)


def tester(query: Query) -> Test:
    """Return a query as a function, for whoever asks often: only what it restricts is looked at."""
    tests = [test for test in _tests(query) if test is not None]
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda entity, lookup: first(entity, lookup) and second(entity, lookup)
    return lambda entity, lookup: all(test(entity, lookup) for test in tests)


def _tests(query: Query) -> list[Test | None]:
    scope, geo = query.scope, query.geo
    return [
        _selection(query.selectors),
        None if scope is None else lambda entity, _: scopeq.matches(scope, entity),
        None if query.q is None else q.tester(query.q),
        None if geo is None else lambda entity, _: geoq.matches(geo, entity),
    ]


def _selection(selectors: tuple[Selector, ...]) -> Test:
    if len(selectors) == 1:
        only = selectors[0]
        kind = typeq.single(only.types)
        if kind is not None and not only.ids and only.id_pattern is None:
            return lambda entity, _: kind in entity.types
    return lambda entity, _: any(_is_selected(one, entity) for one in selectors)


def _is_selected(selector: Selector, entity: Entity) -> bool:
    if selector.ids and entity.id not in selector.ids:
        return False
    if selector.id_pattern is not None and not selector.id_pattern.search(entity.id):
        return False
    return selector.types is None or typeq.matches(selector.types, entity)
