"""Conditions put together: all, any, not, with what is not known kept apart from false."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tamamo.rules.leaves import Leaf, Verdict


@dataclass(frozen=True, slots=True)
class All:
    """Every one holds."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one holds."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """It does not hold."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class Place:
    """A leaf, by its place among the leaves of the rule."""

    index: int


Node: TypeAlias = All | AnyOf | Not | Place


class Gathering:
    """Leaves in their order, while a tree is built."""

    def __init__(self) -> None:
        self.leaves: list[Leaf] = []

    def add(self, leaf: Leaf) -> Place:
        """Return the place of a leaf."""
        self.leaves.append(leaf)
        return Place(len(self.leaves) - 1)


def holds(node: Node, verdicts: Sequence[Verdict]) -> bool | None:
    """Return whether a tree holds (Kleene's logic: unknown and false is false)."""
    if type(node) is Place:
        return verdicts[node.index].holds
    if type(node) is Not:
        inner = holds(node.part, verdicts)
        return None if inner is None else not inner
    assert isinstance(node, All | AnyOf)
    decisive = type(node) is AnyOf
    unknown = False
    for part in node.parts:
        found = holds(part, verdicts)
        if found is decisive:
            return decisive
        unknown = unknown or found is None
    return None if unknown else not decisive


def places(node: Node) -> Iterator[int]:
    """Yield the places of the leaves of a tree that are not negated, in order."""
    match node:
        case Place(index):
            yield index
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from places(part)
        case Not():
            return
