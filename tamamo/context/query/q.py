"""The query language `q` (clause 4.9): filters entities by the values of their attributes.

    temperature>=20;(brandName!="Mercedes"|speed==50..80);address[city]~="^高"

`parse` gives a tree; `matches` evaluates it on an entity, `to_sql` gives PostgreSQL the same.
"""

import operator as operators
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from tamamo.context.model.entity import Entity
from tamamo.context.query import logic, paths, values
from tamamo.context.query.parser import parse
from tamamo.context.query.paths import AttrPath, EntityTime, LinkPath, Lookup, Path
from tamamo.context.query.text import bind
from tamamo.context.query.tree import (
    Absent,
    Compare,
    Exists,
    Match,
    Node,
    Term,
    Unequal,
    link_depth,
    names_attributes,
)
from tamamo.context.query.values import Comparison, Number, Range, Value

__all__ = [
    "Bound", "Node", "Test", "bound", "link_depth", "matches", "names_attributes", "parse",
    "tester", "to_sql",
]  # fmt: skip

#: A query as a function of an entity and what finds linked ones.
Test: TypeAlias = Callable[[Entity, Lookup | None], bool]

_RELATIONS: Final[dict[Comparison, Callable[[Any, Any], bool]]] = {
    "==": operators.eq,
    ">": operators.gt,
    ">=": operators.ge,
    "<": operators.lt,
    "<=": operators.le,
}


def matches(node: Node, entity: Entity, lookup: Lookup | None = None) -> bool:
    """Say whether the entity meets the query; `lookup` finds linked entities by id."""
    return logic.holds(node, lambda term: _term_matches(term, term.path, entity, lookup))


def tester(node: Node) -> Test:
    """Return the same as `matches` as a function, for a query that many entities are held against.

    A number compared with that of an attribute is what subscriptions ask most.
    """
    if isinstance(node, logic.And):
        every = [tester(term) for term in node.terms]
        return lambda entity, lookup: all(test(entity, lookup) for test in every)
    if isinstance(node, logic.Or):
        either = [tester(term) for term in node.terms]
        return lambda entity, lookup: any(test(entity, lookup) for test in either)
    term, limit = node.term, bound(node)
    if limit is not None:
        return _number_tester(term, limit)
    return lambda entity, lookup: _term_matches(term, term.path, entity, lookup)


@dataclass(frozen=True, slots=True)
class Bound:
    """What the number of an attribute, where it has one, is compared with."""

    attr: str
    operator: Comparison
    number: float


def bound(node: Node) -> Bound | None:
    """Return a bound that every entity meets that meets the query, None where none is found."""
    if isinstance(node, logic.And):
        return next((found for term in node.terms if (found := bound(term)) is not None), None)
    if isinstance(node, logic.Or):
        return None
    match node.term:
        case Compare(
            path=AttrPath(names=(name,), member=None, value_path=()),
            operator=operator,
            values=(Number(value=number),),
        ):
            return Bound(name, operator, number)
        case _:
            return None


def _number_tester(term: Term, limit: Bound) -> Test:
    name, number, relation = limit.attr, limit.number, _RELATIONS[limit.operator]

    def test(entity: Entity, lookup: Lookup | None) -> bool:
        for instance in entity.attrs.get(name, ()):
            value = instance.get("value")
            if type(value) is float or type(value) is int:
                if relation(value, number):
                    return True
            else:
                return _term_matches(term, term.path, entity, lookup)
        return False

    return test


def _term_matches(term: Term, path: Path, entity: Entity, lookup: Lookup | None) -> bool:
    if isinstance(term, Absent):
        return not _term_matches(Exists(term.path), path, entity, lookup)
    if isinstance(path, LinkPath):
        return any(
            _term_matches(term, path.target, found, lookup)
            for found in paths.linked(path, entity, lookup)
        )
    if isinstance(path, EntityTime):
        return _time_matches(term, paths.entity_time(path, entity))
    return any(_target_matches(term, target) for target in paths.targets(path, entity))


def _time_matches(term: Term, text: str | None) -> bool:
    """A time of the entity is a DateTime and no text: other values and patterns never match."""
    match term:
        case Match():
            return False
        case Compare() | Unequal():
            operator: Comparison = term.operator if isinstance(term, Compare) else "=="
            found = any(
                values.holds(operator, value, text)
                for value in term.values
                if isinstance(value.low if isinstance(value, Range) else value, values.Moment)
            )
            return text is not None and found is isinstance(term, Compare)
        case _:
            return text is not None


def _target_matches(term: Term, target: paths.Target) -> bool:
    match term:
        case Compare(operator="=="):
            return _equals(term.values, target)
        case Unequal():
            return not _equals(term.values, target)
        case Compare():
            return not target.is_uri and any(
                values.holds(term.operator, value, candidate)
                for candidate in target.values
                for value in term.values
            )
        case Match():
            texts = [text for text in target.values if isinstance(text, str)]
            if target.is_uri or not texts:
                return False
            return any(term.regex.search(text) for text in texts) is not term.negated
        case _:
            return True


def _equals(wanted: tuple[Value | Range, ...], target: paths.Target) -> bool:
    """A value equals an element of an array, a range takes in only a value that stands alone."""
    for value in wanted:
        if isinstance(value, Range):
            candidates = () if target.is_uri else target.values
        else:
            candidates = target.elements
        if any(values.holds("==", value, candidate) for candidate in candidates):
            return True
    return False


def to_sql(node: Node, params: dict[str, Any], alias: str = "e") -> str:
    """Return the query as an expression over the entity row `alias`; adds to `params`."""
    return logic.to_sql(node, lambda term: _sql_term(term, term.path, alias, params))


def _sql_term(term: Term, path: Path, alias: str, params: dict[str, Any]) -> str:
    if isinstance(term, Absent):
        return f"not {_sql_term(Exists(term.path), path, alias, params)}"
    match path:
        case LinkPath():
            inner = _sql_term(term, path.target, f"{alias}l", params)
            return paths.sql_linked(path, alias, inner, params)
        case EntityTime():
            return _sql_entity_time(term, paths.sql_entity_time(path, alias), params)
        case AttrPath():
            return paths.sql_exists(path, alias, params, _sql_target(term, path, params))


def _sql_target(term: Term, path: AttrPath, params: dict[str, Any]) -> str:
    """Return the condition on instance `i`, of which the target is known to be there."""
    match term:
        case Compare(operator="=="):
            return _sql_equals(term.values, path, params)
        case Unequal():
            return f"not {_sql_equals(term.values, path, params)}"
        case Compare():
            tests = [values.to_sql(term.operator, value, "c", params) for value in term.values]
            found = paths.sql_any(path, params, " or ".join(tests), opened=False)
            return f"({paths.sql_no_uri(path)} and {found})"
        case Match():
            text = "jsonb_typeof(c) = 'string'"
            pattern = f"{text} and (c #>> '{{}}') ~ {bind(params, term.regex.sql)}::text"
            found = paths.sql_any(path, params, pattern, opened=False)
            if term.negated:
                found = f"{paths.sql_any(path, params, text, opened=False)} and not {found}"
            return f"({paths.sql_no_uri(path)} and {found})"
        case _:
            return "true"


def _sql_equals(wanted: tuple[Value | Range, ...], path: AttrPath, params: dict[str, Any]) -> str:
    ranges = [value for value in wanted if isinstance(value, Range)]
    single = [value for value in wanted if not isinstance(value, Range)]
    tests = []
    if single:
        any_of = " or ".join(values.to_sql("==", value, "c", params) for value in single)
        tests.append(paths.sql_any(path, params, any_of, opened=True))
    if ranges:
        any_of = " or ".join(values.to_sql("==", value, "c", params) for value in ranges)
        within = paths.sql_any(path, params, any_of, opened=False)
        tests.append(f"({paths.sql_no_uri(path)} and {within})")
    return f"({' or '.join(tests)})"


def _sql_entity_time(term: Term, column: str, params: dict[str, Any]) -> str:
    """Return the condition on a time of the entity: it equals DateTimes only and is no text."""
    there = f"{column} is not null"
    match term:
        case Compare() | Unequal():
            operator: Comparison = term.operator if isinstance(term, Compare) else "=="
            tests = [_sql_column(column, operator, value, params) for value in term.values]
            any_of = f"({' or '.join(tests)})"
            return f"({there} and {'not ' * isinstance(term, Unequal)}{any_of})"
        case Match():
            return "false"
        case _:
            return f"({there})"


def _sql_column(
    column: str, operator: Comparison, value: Value | Range, params: dict[str, Any]
) -> str:
    if isinstance(value, Range):
        low = _sql_column(column, ">=", value.low, params)
        return f"({low} and {_sql_column(column, '<=', value.high, params)})"
    if not isinstance(value, values.Moment):
        return "false"
    sign = "=" if operator == "==" else operator
    return f"{column} {sign} {bind(params, value.value)}"
