"""The attribute projection language (clause 4.21): `pick`, `omit`, and the older `attrs`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tamamo.context.errors import BadRequestData, TooComplexQuery
from tamamo.context.query.text import (
    ENTITY_MEMBERS,
    Cursor,
    Terms,
    expand_name,
    is_name,
    names_of,
)

MAX_LENGTH = 32 * 1024
MAX_DEPTH = 30


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an entity, and for linked entities the members of theirs.

    name: as given. iri: the attribute's IRI; id, type, scope and the entity's times stay as is.
    """

    name: str
    iri: str
    children: tuple["Member", ...] = ()


@dataclass(frozen=True, slots=True)
class Projection:
    """What of each entity is shown: only these members, or all but these."""

    pick: tuple[Member, ...] | None = None
    omit: tuple[Member, ...] | None = None
    #: IRIs; an entity without any of them is not selected at all (deprecated `attrs`).
    attrs: tuple[str, ...] | None = None

    def depth(self) -> int:
        """Return how many relationships it follows (5.7.2.4, joinLevel)."""
        return max((_depth(self.pick or ()), _depth(self.omit or ())))


def read(params: Mapping[str, Any], terms: Terms) -> Projection:
    """Return the projection of `pick`, `omit` and `attrs`. Raises BadRequestData."""
    pick, omit, attrs = (params.get(name) for name in ("pick", "omit", "attrs"))
    if attrs is not None and (pick is not None or omit is not None):
        raise BadRequestData("attrs: cannot stand beside pick or omit", field="attrs")
    return Projection(
        None if pick is None else parse(pick, terms, "pick"),
        None if omit is None else parse(omit, terms, "omit"),
        None if attrs is None else parse_attrs(attrs, terms),
    )


def parse(value: Any, terms: Terms, field: str = "pick") -> tuple[Member, ...]:
    """Return the members a projection names; `value` is its text or a JSON array of such texts.

    Raises BadRequestData with the place of the fault.
    """
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(t, str) for t in texts):
        raise BadRequestData(f"{field}: expected a list of members", field=field)
    _check_length(texts, field)
    members: list[Member] = []
    for text in texts:
        cursor = Cursor(text, field)
        members += _parse_members(cursor, terms, 0)
        if not cursor.done():
            raise cursor.error("',', '|' or the end")
    return tuple(dict.fromkeys(members))


def _check_length(texts: Sequence[str], field: str) -> None:
    # As a parameter: with a comma after each.
    if sum(map(len, texts)) + len(texts) - 1 > MAX_LENGTH:
        raise TooComplexQuery(f"{field}: longer than {MAX_LENGTH} characters", field=field)


def _parse_members(cursor: Cursor, terms: Terms, depth: int) -> list[Member]:
    if depth > MAX_DEPTH:
        raise cursor.too_complex(f"braces deeper than {MAX_DEPTH}")
    members = []
    while True:
        name = cursor.name("the name of a member")
        children: tuple[Member, ...] = ()
        if cursor.take("{"):
            children = tuple(_parse_members(cursor, terms, depth + 1))
            cursor.expect("}")
        members.append(Member(name, expand_name(name, terms), children))
        if cursor.take(",", "|") is None:
            return members


def parse_attrs(value: Any, terms: Terms, field: str = "attrs") -> tuple[str, ...]:
    """Return the attribute IRIs of `attrs`. Raises BadRequestData, on id, type and scope too."""
    names = names_of(value, field)
    _check_length(names, field)
    for name in names:
        if name in ENTITY_MEMBERS or not is_name(name):
            raise BadRequestData(f"{field}: {name!r} is no attribute's name", field=field)
    return tuple(dict.fromkeys(expand_name(name, terms) for name in names))


def _depth(members: tuple[Member, ...]) -> int:
    return max((1 + _depth(member.children) for member in members if member.children), default=0)
