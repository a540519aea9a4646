"""Conditions joined by `;` (and), `|` (or) and parentheses: what q, scopeQ and type share.

And binds stronger than or (clause 4.9); 4.17 and 4.19 also take `,` for or.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from tamamo.context.query.text import Cursor

MAX_DEPTH = 30
MAX_TERMS = 500

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class One(Generic[T]):
    """A single condition."""

    term: T


@dataclass(frozen=True, slots=True)
class And(Generic[T]):
    """Every condition is met."""

    terms: tuple["Tree[T]", ...]


@dataclass(frozen=True, slots=True)
class Or(Generic[T]):
    """A condition is met."""

    terms: tuple["Tree[T]", ...]


Tree: TypeAlias = One[T] | And[T] | Or[T]


def parse(cursor: Cursor, leaf: Callable[[], T], either: tuple[str, ...] = ("|",)) -> Tree[T]:
    """Read conditions up to the end of the text; `leaf` reads one, `either` are the signs for or.

    Raises BadRequestData with the place of the fault, TooComplexQuery beyond the bounds.
    """
    count = 0

    def alternatives(depth: int) -> Tree[T]:
        terms = [conjunction(depth)]
        while cursor.take(*either):
            terms.append(conjunction(depth))
        return terms[0] if len(terms) == 1 else Or(tuple(terms))

    def conjunction(depth: int) -> Tree[T]:
        terms = [one(depth)]
        while cursor.take(";"):
            terms.append(one(depth))
        return terms[0] if len(terms) == 1 else And(tuple(terms))

    def one(depth: int) -> Tree[T]:
        nonlocal count
        if cursor.take("("):
            if depth >= MAX_DEPTH:
                raise cursor.too_complex(f"parentheses deeper than {MAX_DEPTH}")
            inner = alternatives(depth + 1)
            cursor.expect(")")
            return inner
        count += 1
        if count > MAX_TERMS:
            raise cursor.too_complex(f"more than {MAX_TERMS} conditions")
        return One(leaf())

    tree = alternatives(0)
    if not cursor.done():
        raise cursor.error("an operator, ';', '|' or the end")
    return tree


def leaves(tree: Tree[T]) -> Iterator[T]:
    """Yield the conditions from left to right."""
    if isinstance(tree, And | Or):
        for term in tree.terms:
            yield from leaves(term)
    else:
        yield tree.term


def holds(tree: Tree[T], test: Callable[[T], bool]) -> bool:
    """Say whether the conditions are met, `test` deciding on one."""
    if isinstance(tree, And):
        return all(holds(term, test) for term in tree.terms)
    if isinstance(tree, Or):
        return any(holds(term, test) for term in tree.terms)
    return test(tree.term)


def to_sql(tree: Tree[T], leaf: Callable[[T], str]) -> str:
    """Return the conditions as a boolean expression, `leaf` giving that of one."""
    if isinstance(tree, And):
        return f"({' and '.join(to_sql(term, leaf) for term in tree.terms)})"
    if isinstance(tree, Or):
        return f"({' or '.join(to_sql(term, leaf) for term in tree.terms)})"
    return leaf(tree.term)
