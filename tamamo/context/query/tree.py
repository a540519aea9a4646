"""The tree of a query `q` (clause 4.9)."""

from dataclasses import dataclass
from typing import TypeAlias

from tamamo.context.query import paths
from tamamo.context.query.logic import Tree, leaves
from tamamo.context.query.paths import AttrPath, EntityTime, LinkPath, Path
from tamamo.context.query.regex import Regex
from tamamo.context.query.values import Comparison, Range, Value


@dataclass(frozen=True, slots=True)
class Exists:
    """The target is there, whatever its value."""

    path: Path


@dataclass(frozen=True, slots=True)
class Compare:
    """An instance's value stands in the relation to one of the values."""

    path: Path
    operator: Comparison
    values: tuple[Value | Range, ...]


@dataclass(frozen=True, slots=True)
class Unequal:
    """An instance has the target, and nothing in it equals one of the values."""

    path: Path
    values: tuple[Value | Range, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A text of an instance is of the pattern; negated: the instance has texts, none is."""

    path: Path
    regex: Regex
    negated: bool


@dataclass(frozen=True, slots=True)
class Absent:
    """The target is nowhere."""

    path: Path


Term = Exists | Compare | Unequal | Match | Absent
Node: TypeAlias = Tree[Term]


def link_depth(node: Node) -> int:
    """Return how many relationships the deepest path follows (5.7.2.4, joinLevel)."""
    return max(paths.depth(term.path) for term in leaves(node))


def names_attributes(node: Node) -> bool:
    """Say whether an attribute other than a system attribute is named (5.7.2.4, b and c)."""
    return any(not isinstance(term.path, EntityTime) for term in leaves(node))


def last(path: Path) -> EntityTime | AttrPath:
    """Return the part of the path behind the relationships it follows."""
    while isinstance(path, LinkPath):
        path = path.target
    return path
