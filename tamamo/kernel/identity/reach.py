"""How far a right goes: which entities, by type and scope, and which of their attributes.

Rights add up: a reach is the union of its parts, each of which may come from a grant, from what a
town shows to everybody or from an agreement between towns.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

#: All attributes of an entity.
ALL: Final = None
Attributes = frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Part:
    """Entities of these types within these scopes, and of them these attributes.

    types, attrs: IRIs, None = all. scopes: an entity is in one when a scope of its own is it or
    lies under it; None = wherever. but_types: IRIs of what is never meant, whatever else it is.

    An entity of several types is taken only when *all* of them are meant: what is also something
    else needs the right to that, too.
    """

    types: frozenset[str] | None = None
    attrs: frozenset[str] | None = ALL
    scopes: tuple[str, ...] | None = None
    but_types: frozenset[str] = frozenset()

    def takes(self, types: Sequence[str], scopes: Iterable[str] = ()) -> bool:
        """Whether an entity of these types and scopes is meant."""
        if self.types is not None and (not types or not self.types.issuperset(types)):
            return False
        if self.but_types and not self.but_types.isdisjoint(types):
            return False
        return self.scopes is None or any(self.covers(scope) for scope in scopes)

    def covers(self, scope: str) -> bool:
        """Whether a scope is one of those meant or lies under one."""
        if self.scopes is None:
            return True
        path = _path(scope) + "/"
        return any(path.startswith(_path(mine) + "/") for mine in self.scopes)

    def includes(self, other: "Part") -> bool:
        """Whether it means all that another one means; of what only scopes tell, False."""
        if self.types is not None and (other.types is None or not other.types <= self.types):
            return False
        if self.attrs is not ALL and (other.attrs is ALL or not other.attrs <= self.attrs):
            return False
        if self.but_types - other.but_types and (
            other.types is None or not self.but_types.isdisjoint(other.types)
        ):
            return False
        if self.scopes is None:
            return True
        return other.scopes is not None and all(self.covers(scope) for scope in other.scopes)

    @property
    def is_whole(self) -> bool:
        """Whether it means everything there is."""
        limits = (self.types, self.attrs, self.scopes)
        return not self.but_types and all(limit is None for limit in limits)


@dataclass(frozen=True, slots=True)
class Reach:
    """The union of its parts; none: nothing at all."""

    parts: tuple[Part, ...] = ()
    #: Whether there is nothing beyond it: the one test of those who may do all.
    everything: bool = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "everything", any(part.is_whole for part in self.parts))

    def __bool__(self) -> bool:
        """Whether it reaches anything."""
        return bool(self.parts)

    def allows(self, types: Sequence[str], scopes: Iterable[str] = ()) -> bool:
        """Whether an entity of these types and scopes is within reach, if not all of it."""
        if self.everything:
            return True
        held = tuple(scopes)
        return any(part.takes(types, held) for part in self.parts)

    def attrs_of(self, types: Sequence[str], scopes: Iterable[str] = ()) -> Attributes:
        """Return the attributes within reach of such an entity; ALL, or none where it is not."""
        if self.everything:
            return ALL
        held = tuple(scopes)
        found: frozenset[str] = frozenset()
        for part in self.parts:
            if part.takes(types, held):
                if part.attrs is ALL:
                    return ALL
                found |= part.attrs
        return found

    def includes(self, other: "Reach") -> bool:
        """Whether all that is within another one is within this, as far as each part tells."""
        return self.everything or all(
            any(mine.includes(theirs) for mine in self.parts) for theirs in other.parts
        )

    def to_document(self) -> list[dict[str, list[str] | None]]:
        """Return it as JSON, for what is kept."""
        return [
            {
                "types": None if part.types is None else sorted(part.types),
                "attrs": None if part.attrs is None else sorted(part.attrs),
                "scopes": None if part.scopes is None else list(part.scopes),
                "butTypes": sorted(part.but_types),
            }
            for part in self.parts
        ]

    @classmethod
    def of_document(cls, document: Iterable[Mapping[str, Any]]) -> "Reach":
        """Return what `to_document` made a document of."""
        return cls(
            tuple(
                Part(
                    None if one["types"] is None else frozenset(one["types"]),
                    None if one["attrs"] is None else frozenset(one["attrs"]),
                    None if one["scopes"] is None else tuple(one["scopes"]),
                    frozenset(one["butTypes"]),
                )
                for one in document
            )
        )

    def covers(self, types: Sequence[str], scope: str) -> bool:
        """Whether an entity of these types may be given this scope."""
        return self.everything or any(
            part.takes(types, (scope,)) and part.covers(scope) for part in self.parts
        )

    @property
    def types(self) -> frozenset[str] | None:
        """The only types it can reach; None: any."""
        found: frozenset[str] = frozenset()
        for part in self.parts:
            if part.types is None:
                return None
            found |= part.types
        return found

    def __or__(self, other: "Reach") -> "Reach":
        """Return what is within either; a whole one makes the parts of the other superfluous."""
        if self.everything or other.everything:
            return EVERYTHING
        return Reach(tuple(dict.fromkeys((*self.parts, *other.parts))))


EVERYTHING: Final = Reach((Part(),))
NOTHING: Final = Reach()


def _path(scope: str) -> str:
    return "/" + scope.strip("/")
