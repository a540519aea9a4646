"""The scope query language `scopeQ` (clause 4.19): selects entities by their scopes (4.18).

`/Madrid/+/ParqueNorte` (one level free), `/Madrid/#` (the scope and all below), `/#` (any scope);
`;` and, `|` or `,` or, parentheses.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from tamamo.context.errors import TooComplexQuery
from tamamo.context.model.entity import Entity
from tamamo.context.query import logic
from tamamo.context.query.logic import Tree
from tamamo.context.query.text import Cursor, bind

MAX_LENGTH = 16 * 1024

_LEVEL = re.compile(r"[^\W\d_]\w*|\+")


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope, its levels from the top; None stands for any one level. below: all under it too."""

    levels: tuple[str | None, ...]
    below: bool = False


#: The top itself: met by what has no scope. The language has no word for it; NGSIv2 does.
ROOT = Scope(())


Node: TypeAlias = Tree[Scope]


def parse(text: str, field: str = "scopeQ") -> Node:
    """Return the tree of a scope query. Raises BadRequestData with the place of the fault."""
    if len(text) > MAX_LENGTH:
        raise TooComplexQuery(f"{field}: longer than {MAX_LENGTH} characters", field=field)
    cursor = Cursor(text, field)
    return logic.parse(cursor, lambda: _parse_scope(cursor), ("|", ","))


def _parse_scope(cursor: Cursor) -> Scope:
    if cursor.take("/#", "#"):
        return Scope((), below=True)
    cursor.take("/")  # a scope may be written without it (4.18)
    levels: list[str | None] = []
    while True:
        level = cursor.pattern(_LEVEL, "the name of a scope, '+' or '#'")
        levels.append(None if level == "+" else level)
        if cursor.take("/#"):
            return Scope(tuple(levels), below=True)
        if not cursor.take("/"):
            return Scope(tuple(levels))


def matches(node: Node, entity: Entity) -> bool:
    """Say whether the entity's scopes meet the query."""
    return matches_scopes(node, entity.scopes)


def matches_scopes(node: Node, scopes: Iterable[str]) -> bool:
    """Say whether these scopes together meet the query."""
    held = [scope.removeprefix("/").split("/") for scope in scopes]

    def holds(wanted: Scope) -> bool:
        return not held if wanted == ROOT else any(_covers(wanted, levels) for levels in held)

    return logic.holds(node, holds)


def _covers(wanted: Scope, levels: list[str]) -> bool:
    size = len(wanted.levels)
    if len(levels) < size or (len(levels) > size and not wanted.below):
        return False
    return all(want in (None, have) for want, have in zip(wanted.levels, levels, strict=False))


def to_sql(node: Node, params: dict[str, Any], alias: str = "e") -> str:
    """Return the query as an expression over `<alias>.scopes`; adds to `params`."""

    def leaf(wanted: Scope) -> str:
        if not wanted.levels:
            return f"cardinality({alias}.scopes) {'>' if wanted.below else '='} 0"
        # Levels of a query are letters, numbers and _ : nothing an expression would take otherwise.
        form = "/".join("[^/]+" if level is None else level for level in wanted.levels)
        pattern = bind(params, f"^/?{form}{'(?:/|$)' if wanted.below else '$'}")
        return f"exists (select 1 from unnest({alias}.scopes) as s where s ~ {pattern}::text)"

    return logic.to_sql(node, leaf)
