"""The statements behind lists: a page, its count, places on the map, ids, facets.

Every condition is on register_row, whose keys, texts and places have indexes (migration 0032); the
entities themselves are read for the rows of one page only. Work is bounded: a count stops at
MOST_COUNTED, and a page lies within so many rows.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from tamamo.registers.declaration import NUMBERS, Column, Filter, Register
from tamamo.registers.model import Visitor
from tamamo.registers.query import BBOX, NONE, ListQuery, bounds_of, range_of
from tamamo.registers.rights import condition, rights_of

#: Rows up to which a count is exact, and the last row that a page can show.
MOST_COUNTED: Final = 100_000
#: Rows of a list up to which it is sorted by a live column.
MOST_LIVE: Final = 5_000
#: Records of one export.
MOST_EXPORTED: Final = 1_000_000


@dataclass(slots=True)
class Selection:
    """Which rows of a register, as a condition on `r` and its parameters."""

    where: str
    params: dict[str, Any] = field(default_factory=dict)


def select(visitor: Visitor, register: Register, query: ListQuery) -> Selection:
    """Return the condition for a list: tenant, register, what may be seen, search, filters."""
    params: dict[str, Any] = {"tenant": visitor.tenant, "register": register.id}
    columns = rights_of(visitor, register).columns
    said = [
        "r.tenant = %(tenant)s and r.register = %(register)s",
        condition(visitor.access.read, params, register),
        *_searched(register, query.q, columns, params),
    ]
    for name, values in query.filters.items():
        if name == BBOX:
            said.append(_in_box(values[-1], params))
            continue
        wanted = register.filter(name)
        if wanted is not None and name in columns:
            parts = [_filtered(register, wanted, text, params) for text in values]
            said.append("(" + " or ".join(parts) + ")")
    return Selection(" and ".join(one for one in said if one != "true"), params)


def _bind(params: dict[str, Any], value: Any) -> str:
    name = f"p{len(params)}"
    params[name] = value
    return f"%({name})s"


def _searched(
    register: Register, q: str, columns: frozenset[str], params: dict[str, Any]
) -> list[str]:
    """Return a condition for each word: some text that may be seen holds it."""
    places = [
        place
        for place, column in enumerate(register.texts, 1)
        if column.searched and column.name in columns
    ]
    said = []
    for word in q.split():
        name = _bind(params, word)
        holds = [f"strpos(r.texts[{place}], register_fold({name})) > 0" for place in places]
        said.append("(" + " or ".join(holds or ["false"]) + ")")
        # What the index knows: two letters that follow one another. One letter finds by looking.
        said.append(f"r.grams @> register_grams(register_fold({name}), %(tenant)s, %(register)s)")
    return said


def _in_box(text: str, params: dict[str, Any]) -> str:
    bounds = bounds_of(text)
    if bounds is None:
        return "true"
    west, south, east, north = bounds
    return f"r.place <@ {_bind(params, f'(({east!r},{north!r}),({west!r},{south!r}))')}::box"


def _filtered(register: Register, wanted: Filter, text: str, params: dict[str, Any]) -> str:
    column = wanted.column
    if column.kind == "choices":
        if text == NONE:
            return f"not exists (select from unnest(r.facets) as f where {_starts(column, params)})"
        return f"r.facets @> array[{_bind(params, f'{column.iri}={text}')}]"
    if wanted.kind == "text":
        held = f"r.texts[{register.texts.index(column) + 1}]"
        if text == NONE:
            return f"{held} = ''"
        return f"strpos({held}, register_fold({_bind(params, text)})) > 0"
    key, guard = key_of(register, column)
    if text == NONE:
        return f"({guard} and {key} is null)"
    if wanted.kind == "yes_no":
        value = _bind(params, "true" if text == "yes" else "false")
        return f"({guard} and {key} = {value})"
    if wanted.kind == "choice":
        return f"({guard} and {key} = {_bind(params, text)})"
    ends = range_of(wanted, text)
    if ends is None:
        return "true"
    said = [guard]
    for sign, end in zip((">=", "<="), ends, strict=True):
        if end is not None:
            said.append(f"{key} {sign} {_end(column, _bind(params, end))}")
    return "(" + " and ".join(said) + ")"


def _starts(column: Column, params: dict[str, Any]) -> str:
    return f"starts_with(f, {_bind(params, column.iri + '=')})"


def _end(column: Column, name: str) -> str:
    if column.kind in NUMBERS:
        return f"register_number_key({name}::double precision)"
    return f"{name}::text"


def key_of(register: Register, column: Column) -> tuple[str, str]:
    """Return a column's sort key in a row `r`, and the condition by which its index is found."""
    place = register.sortable.index(column) + 1
    return f"r.keys[{place}]", f"cardinality(r.keys) >= {place}"


def sorting(register: Register, query: ListQuery, columns: frozenset[str]) -> tuple[Column, bool]:
    """Return the column to sort by, and whether the largest comes first."""
    for sort in (query.sort, register.sort, register.key.name):
        name = (sort or "").removeprefix("-")
        column = register.by_name.get(name)
        if column is not None and column.sortable and name in columns:
            return column, (sort or "").startswith("-")
    return register.key, False


def ordered_ids(
    register: Register, selection: Selection, by: tuple[Column, bool], limit: int, offset: int
) -> str:
    """Return the statement for ids in order: those with a value first, equal ones by id.

    Two branches, each read in the order of an index and ended when it is full. By a live column
    all rows of the list are looked at: for lists of at most MOST_LIVE.
    """
    if by[0].live:
        return _live_ids(selection, by, limit, offset)
    key, guard = key_of(register, by[0])
    way = "desc" if by[1] else "asc"
    last = limit + offset
    chosen = f"from register_row r where {selection.where} and {guard} and {key}"
    return f"""
        select entity_id from (
            (select {key} as key, false as missing, r.entity_id {chosen} is not null
             order by {key} {way}, r.entity_id {way} limit {last})
            union all
            (select null, true, r.entity_id {chosen} is null
             order by r.entity_id {way} limit {last})
        ) as found
        order by missing, key {way}, entity_id {way} limit {limit} offset {offset}
    """


def _live_ids(selection: Selection, by: tuple[Column, bool], limit: int, offset: int) -> str:
    iri = _bind(selection.params, by[0].iri)
    member = _bind(selection.params, by[0].member)
    value = f"register_value(e.attrs, {iri}, {member})"
    key = f"nullif(register_text({value}), '')"
    if by[0].kind in NUMBERS:
        key = f"case when jsonb_typeof({value}) = 'number' then {value}::double precision end"
    way = "desc" if by[1] else "asc"
    return f"""
        select entity_id
        from (
            select {key} as key, r.entity_id
            from register_row r
            join entity e on e.tenant = r.tenant and e.id = r.entity_id
            where {selection.where}
        ) as found
        order by key is null, key {way}, entity_id {way} limit {limit} offset {offset}
    """


def page(
    register: Register, selection: Selection, by: tuple[Column, bool], limit: int, offset: int
) -> str:
    """Return the statement for the entities of a page, in order."""
    ids = ordered_ids(register, selection, by, limit, offset)
    return f"""
        with page as materialized (
            select entity_id, row_number() over () as place from ({ids}) as ids
        )
        select e.id, e.types, e.scopes, e.attrs, e.created_at, e.modified_at, e.expires_at
        from page join entity e on e.tenant = %(tenant)s and e.id = page.entity_id
        order by page.place
    """


def count(where: str) -> str:
    """Return the statement for the number of rows, one more than MOST_COUNTED at most."""
    return f"""
        select count(*) from (
            select from register_row r where {where} limit {MOST_COUNTED + 1}
        ) as counted
    """


def points(selection: Selection, limit: int) -> str:
    """Return the statement for places: id, longitude, latitude, and what heads each."""
    return f"""
        select e.id, p.place[0], p.place[1],
            register_text(register_value(e.attrs, %(heading)s, %(heading_member)s))
        from (
            select r.entity_id, r.place
            from register_row r
            where {located(selection)}
            limit {limit}
        ) as p
        join entity e on e.tenant = %(tenant)s and e.id = p.entity_id
        order by e.id
    """


def located(selection: Selection) -> str:
    """Return the condition for rows of a list that have a place."""
    return f"{selection.where} and r.place is not null"


def facet(register: Register, selection: Selection, column: Column) -> str:
    """Return the statement for how often each value of a column stands in a list."""
    if column.kind == "choices":
        return f"""
            select substr(f.facet, length(%(prefix)s) + 1), count(*)
            from (
                select r.facets from register_row r where {selection.where} limit {MOST_COUNTED}
            ) as r, unnest(r.facets) as f (facet)
            where starts_with(f.facet, %(prefix)s)
            group by 1
        """
    key, guard = key_of(register, column)
    return f"""
        select value, count(*)
        from (
            select {key} as value from register_row r where {selection.where} and {guard}
            limit {MOST_COUNTED}
        ) as counted
        group by value
    """
