"""Two versions of a dataset, row by row: by key where the rows have one, else by what they say."""

from collections.abc import Sequence
from typing import Any, Final

from psycopg.errors import QueryCanceled

from tamamo.context.errors import TooComplexQuery
from tamamo.kernel.database import Connection
from tamamo.publishing.datasets.model import Comparison, Field, RowChange, Version

#: Looks alike of rows of both versions: the fields that both have, in the order of the second.
_SIDES: Final = """
with a as (
    select number, {a_key} as key, cells, {a_same} as same from dataset_row
    where tenant = %(tenant)s and version = %(a)s
), b as (
    select number, {b_key} as key, cells, {b_same} as same from dataset_row
    where tenant = %(tenant)s and version = %(b)s
), joined as (
    select coalesce(a.key, b.key) as key, a.cells as before, b.cells as after,
        case when a.key is null then 'added' when b.key is null then 'removed'
            when a.same <> b.same then 'changed' else 'same' end as kind,
        coalesce(b.number, a.number) as number
    from a full join b on a.key = b.key
)
"""
#: Where a key is missing, all that the row says.
_KEY: Final = "coalesce(key, cells::text)"
_COUNTS: Final = "select kind, count(*) from joined group by kind"
_ROWS: Final = """
select kind, key, before, after from joined where kind = any(%(kinds)s::text[])
order by array_position(array['added', 'removed', 'changed'], kind), number, key
limit %(limit)s offset %(offset)s
"""


async def compare(
    connection: Connection,
    town: str,
    a: Version,
    b: Version,
    *,
    kinds: Sequence[str] = ("added", "removed", "changed"),
    limit: int = 100,
    offset: int = 0,
) -> Comparison:
    """Return what differs from version a to version b. Raises TooComplexQuery.

    Fields that only one of them has do not make rows differ.
    """
    by_key = _keyed(a.fields) and _keyed(a.fields) == _keyed(b.fields)
    sides = _sides(a.fields, b.fields, bool(by_key))
    params = {
        "tenant": town, "a": a.id, "b": b.id, "kinds": list(kinds), "limit": limit,
        "offset": offset,
    }  # fmt: skip
    counted = dict(await _fetch(connection, sides + _COUNTS, params))
    found = await _fetch(connection, sides + _ROWS, params) if limit else []
    return Comparison(
        a.number,
        b.number,
        counted.get("added", 0),
        counted.get("removed", 0),
        counted.get("changed", 0),
        counted.get("same", 0),
        bool(by_key),
        tuple(_change(a.fields, b.fields, row) for row in found),
    )


def _keyed(fields: Sequence[Field]) -> list[str]:
    return [field.name for field in fields if field.role == "key"]


def _sides(a: Sequence[Field], b: Sequence[Field], by_key: bool) -> str:
    places = {field.name: place for place, field in enumerate(a)}
    both = [(places[f.name], place) for place, f in enumerate(b) if f.name in places]
    a_same = _array([left for left, _ in both])
    b_same = _array([right for _, right in both])
    if [left for left, _ in both] == list(range(len(a))) == [right for _, right in both]:
        a_same = b_same = "cells"
    if by_key:
        return _SIDES.format(a_key=_KEY, b_key=_KEY, a_same=a_same, b_same=b_same)
    # Without keys a row is what it says, and how often it was said before.
    times = "{0}::text || ' ' || row_number() over (partition by {0} order by number)"
    return _SIDES.format(
        a_key=times.format(a_same), b_key=times.format(b_same), a_same=a_same, b_same=b_same
    )


def _array(places: Sequence[int]) -> str:
    return f"jsonb_build_array({', '.join(f'cells -> {place}' for place in places)})"


def _change(a: Sequence[Field], b: Sequence[Field], row: tuple[Any, ...]) -> RowChange:
    kind, key, before, after = row
    old = None if before is None else _values(a, before)
    new = None if after is None else _values(b, after)
    differing: tuple[str, ...] = ()
    if old is not None and new is not None:
        differing = tuple(name for name in new if name in old and old[name] != new[name])
    return RowChange(kind, key, old, new, differing)


def _values(fields: Sequence[Field], cells: Sequence[Any]) -> dict[str, Any]:
    return {f.name: cells[place] for place, f in enumerate(fields) if place < len(cells)}


async def _fetch(
    connection: Connection, statement: str, params: dict[str, Any]
) -> list[tuple[Any, ...]]:
    written: Any = statement  # put together from constants and places of fields
    try:
        return await (await connection.execute(written, params, prepare=False)).fetchall()
    except QueryCanceled as error:
        raise TooComplexQuery("The versions are too large to be compared at once") from error
