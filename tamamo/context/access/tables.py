"""The tables of entities as a limited reach sees them: a `with` clause in front of a statement.

It defines, under the names of the tables themselves, what is within reach of them. The statement
behind it is the one that everybody else runs: conditions, counts, pages, order and joins are right
because there is nothing else in its tables. The definitions are `not materialized`, so that the
planner sees through them to the indexes.
"""

import re
from functools import lru_cache
from typing import Any, Final

from tamamo.context.model.entity import LOCATION
from tamamo.context.temporal.rows import SCOPE
from tamamo.kernel.identity.reach import ALL, Part, Reach

#: The tables that hold what entities are and were. An earlier one is defined by the whole tables
#: of those behind it.
TABLES: Final = ("attribute_history", "attribute_rollup", "rollup", "temporal_entity", "entity")
_NAMES: Final = {table: re.compile(rf"\b{table}\b") for table in TABLES}
_ENTITY: Final = (
    "e.tenant, e.id, e.type, e.types, e.scopes, {attrs} as attrs, {bounds} as bounds,"
    " e.created_at, e.modified_at, e.expires_at, e.attrs_expire_at"
)


def shadowed(statement: str, reach: Reach) -> tuple[str, dict[str, Any]]:
    """Return a statement that reads, over the tables as the reach sees them, and its parameters.

    Those are to be added to the statement's own. It is returned as it is when it names none of the
    tables. PostgreSQL refuses one that writes: a change cannot stand within another statement.
    """
    definitions, params = _definitions(reach)
    named = [definitions[table] for table in TABLES if _NAMES[table].search(statement)]
    if not named:
        return statement, {}
    inner = statement.strip().rstrip(";")
    return f"with {', '.join(named)} select * from (\n{inner}\n) as answer", params


@lru_cache(maxsize=512)
def _definitions(reach: Reach) -> tuple[dict[str, str], dict[str, Any]]:
    params: dict[str, Any] = {}
    tests = [(_test(part, f"reach_{at}", params), part, f"reach_{at}_attrs")
             for at, part in enumerate(reach.parts)]  # fmt: skip
    params |= {name: list(part.attrs) for _, part, name in tests if part.attrs is not None}
    bodies = {
        "entity": _entity(tests),
        "temporal_entity": f"select e.* from temporal_entity e where {_any(t for t, *_ in tests)}",
    }
    for table in ("attribute_history", "attribute_rollup", "rollup"):
        shown = _any(
            test if part.attrs is ALL
            else f"{test} and (h.attr = any(%({name})s::text[]) or h.attr = '{SCOPE}')"
            for test, part, name in tests
        )  # fmt: skip
        bodies[table] = (
            f"select h.* from {table} h where exists (select 1 from temporal_entity e"
            f" where e.tenant = h.tenant and e.entity_id = h.entity_id and {shown})"
        )
    return {name: f"{name} as not materialized ({body})" for name, body in bodies.items()}, params


def _test(part: Part, name: str, params: dict[str, Any]) -> str:
    """Return the condition that the part takes an entity `e`: the same as Part.takes."""
    tests = []
    if part.types is not None:
        params[f"{name}_types"] = list(part.types)
        held = f"%({name}_types)s::text[]"
        # The first type goes by the index; few have more than one.
        tests.append(f"e.type = any({held}) and (cardinality(e.types) = 1 or e.types <@ {held})")
    if part.but_types:
        params[f"{name}_but"] = list(part.but_types)
        tests.append(f"not e.types && %({name}_but)s::text[]")
    if part.scopes is not None:
        params[f"{name}_scopes"] = [f"/{scope.strip('/')}/" for scope in part.scopes]
        tests.append(
            f"exists (select 1 from unnest(e.scopes) as own, unnest(%({name}_scopes)s::text[])"
            " as top where starts_with('/' || trim(both '/' from own) || '/', top))"
        )
    return f"({' and '.join(tests) or 'true'})"


def _any(tests: Any) -> str:
    return f"({' or '.join(tests) or 'false'})"


def _entity(tests: list[tuple[str, Part, str]]) -> str:
    """Return the rows within reach, of those of some attributes only with these."""
    seen = _any(test for test, *_ in tests)
    if all(part.attrs is ALL for _, part, _ in tests):
        return f"select e.* from entity e where {seen}"
    whole = _any(test for test, part, _ in tests if part.attrs is ALL)
    some = [(test, part.attrs, name) for test, part, name in tests if part.attrs is not None]
    named = _any(f"({test} and a.key = any(%({name})s::text[]))" for test, _, name in some)
    attrs = (
        f"case when {whole} then e.attrs else coalesce((select jsonb_object_agg(a.key, a.value)"
        f" from jsonb_each(e.attrs) as a where {named}), '{{}}'::jsonb) end"
    )
    placed = _any([whole, *(test for test, names, _ in some if LOCATION in names)])
    columns = _ENTITY.format(attrs=attrs, bounds=f"case when {placed} then e.bounds end")
    return f"select {columns} from entity e where {seen}"
