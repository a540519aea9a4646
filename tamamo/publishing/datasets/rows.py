"""Rows of a dataset: of a kept version by SQL, of a live one by looking through what is there.

Statements are put together from constants and places of fields in a list (whole numbers); what
comes from outside is a parameter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson
from psycopg.errors import QueryCanceled

from tamamo.context.broker import Broker
from tamamo.context.errors import TooComplexQuery
from tamamo.kernel.database import Connection, searching
from tamamo.publishing.datasets.errors import BadDatasetQuery, UnknownVersion
from tamamo.publishing.datasets.folding import fold, patterns
from tamamo.publishing.datasets.live import reading
from tamamo.publishing.datasets.live.declaration import Live
from tamamo.publishing.datasets.model import NUMBERS, DataRow, Field, RowPage, RowsQuery
from tamamo.publishing.datasets.places import Box, cover
from tamamo.publishing.datasets.rights import Sight

#: CKAN's own limit of a page of the datastore.
MOST: Final = 32_000
#: Beyond it a float is no exact whole number, nor one that JSON takes.
_EXACT: Final = 2**53
#: Rows in a box from which they are looked for in the order of their numbers.
_DENSE: Final = 5_000


class Shape:
    """The fields of a version and their places in its rows."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = tuple(fields)
        self.places = {field.name: place for place, field in enumerate(fields)}
        roles = {field.role: place for place, field in enumerate(fields) if field.role}
        self.latitude, self.longitude = roles.get("latitude"), roles.get("longitude")

    def place(self, name: str) -> int:
        """Return where a field stands. Raises BadDatasetQuery."""
        try:
            return self.places[name]
        except KeyError:
            raise BadDatasetQuery(f"There is no field {name!r}", field=name) from None

    def shown(self, names: Sequence[str] | None) -> tuple[Field, ...]:
        """Return the fields that are asked for, in the order asked."""
        if names is None:
            return self.fields
        return tuple(self.fields[self.place(name)] for name in names)

    def row(self, number: int, cells: Sequence[Any], fields: Sequence[Field]) -> DataRow:
        """Return a row of cells with these fields of it."""
        values = {field.name: _at(cells, self.places[field.name]) for field in fields}
        return DataRow(number, values, *self.position(cells))

    def position(self, cells: Sequence[Any]) -> tuple[float | None, float | None]:
        """Return longitude and latitude of a row; None without both."""
        if self.latitude is None or self.longitude is None:
            return None, None
        east, north = _at(cells, self.longitude), _at(cells, self.latitude)
        if isinstance(east, bool | str | None) or isinstance(north, bool | str | None):
            return None, None
        return float(east), float(north)


def _at(cells: Sequence[Any], place: int) -> Any:
    return cells[place] if place < len(cells) else None


async def page(
    connection: Connection, town: str, version: int, shape: Shape, *, query: RowsQuery, rows: int
) -> RowPage:
    """Return a page of a kept version. rows: how many it has. Raises BadDatasetQuery.

    version: the row's id; the page's version must be set by the caller.
    """
    params: dict[str, Any] = {"tenant": town, "version": version}
    dense = query.bbox is not None and await _is_dense(connection, params, query.bbox)
    wanted = _conditions(shape, query, params, dense)
    limit, offset, after = max(0, min(query.limit, MOST)), max(query.offset, 0), query.after
    if not wanted and not query.sort and after is None:
        after, offset = offset, 0  # numbers have no gaps
    params |= {"limit": limit + 1, "offset": offset}
    where = ["r.tenant = %(tenant)s", "r.version = %(version)s", *wanted]
    total = None
    if query.count:
        total = await _count(connection, where, params) if wanted else rows
    if after is not None:
        params["after"] = after
        where.append("r.number > %(after)s")
    order = _order(shape, query.sort) if query.after is None else "r.number"
    source = "dataset_row r"
    if dense and order == "r.number":
        # A fence: the rows come in their order until the page is full. The planner takes the box
        # for narrow, and would read all of them.
        first = " and ".join(where[:2] + ([where[-1]] if after is not None else []))
        source = f"(select * from dataset_row r where {first} order by r.number offset 0) as r"
    statement = (
        f"select r.number, r.cells from {source} where {' and '.join(where)}"
        f" order by {order} limit %(limit)s offset %(offset)s"
    )
    found = await _fetch(connection, statement, params)
    fields = shape.shown(query.fields)
    made = tuple(shape.row(number, cells, fields) for number, cells in found[:limit])
    return RowPage(fields, made, total, 0, len(found) > limit)


async def one(
    connection: Connection, town: str, version: int, shape: Shape, number: int
) -> DataRow:
    """Return a row of a kept version. Raises UnknownVersion."""
    statement = (
        "select r.cells from dataset_row r where r.tenant = %(tenant)s"
        " and r.version = %(version)s and r.number = %(number)s"
    )
    params = {"tenant": town, "version": version, "number": number}
    found = await _fetch(connection, statement, params)
    if not found:
        raise UnknownVersion(f"There is no row {number}")
    return shape.row(number, found[0][0], shape.fields)


async def _count(connection: Connection, where: Sequence[str], params: dict[str, Any]) -> int:
    statement = f"select count(*) from dataset_row r where {' and '.join(where)}"
    return int((await _fetch(connection, statement, params))[0][0])


async def _fetch(
    connection: Connection, statement: str, params: dict[str, Any]
) -> list[tuple[Any, ...]]:
    written: Any = statement
    try:
        return await (await connection.execute(written, params, prepare=False)).fetchall()
    except QueryCanceled as error:
        raise TooComplexQuery("The rows take too long to find: narrow the query") from error


async def _is_dense(connection: Connection, params: dict[str, Any], box: Box) -> bool:
    """Whether a box holds so many rows that a page of them is soon full in any order."""
    lows, highs = zip(*cover(box), strict=True)
    given = params | {"lows": list(lows), "highs": list(highs)}
    # Range by range, so that each is left as soon as there are enough.
    statement = (
        "select count(*) from (select from unnest(%(lows)s::bigint[], %(highs)s::bigint[])"
        " as q (low, high), lateral (select from dataset_row r where r.tenant = %(tenant)s"
        " and r.version = %(version)s and r.quad >= q.low and r.quad < q.high"
        f" limit {_DENSE}) as inside limit {_DENSE}) as few"
    )
    return bool((await _fetch(connection, statement, given))[0][0] == _DENSE)


def _conditions(
    shape: Shape, query: RowsQuery, params: dict[str, Any], dense: bool = False
) -> list[str]:
    found = []
    for name, value in query.filters.items():
        place = shape.place(name)
        params[f"f{place}"] = [orjson.dumps(one).decode() for one in _wanted(shape, place, value)]
        found.append(f"r.cells -> {place} = any(%(f{place})s::jsonb[])")
    if words := patterns(query.q):
        params["words"] = words
        found.append("r.texts like all(%(words)s::text[])")
    if query.bbox is not None:
        found.append(_in_box(shape, query.bbox, params, dense))
    return found


def _wanted(shape: Shape, place: int, value: Any) -> list[Any]:
    """Return the values a filter takes, typed as the field is."""
    several = value if isinstance(value, list | tuple | set | frozenset) else [value]
    return [typed(shape.fields[place], one) for one in several]


def typed(field: Field, value: Any) -> Any:
    """Return a filter's value, which may be a text from a URL, as the field holds it."""
    if not isinstance(value, str):
        return value if field.kind in NUMBERS or not _is_number(value) else str(value)
    try:
        if field.kind in NUMBERS:
            number = float(value)
            whole = number.is_integer() and abs(number) <= _EXACT
            return int(number) if whole else number
    except (ValueError, OverflowError):
        return value
    if field.kind == "boolean":
        return {"true": True, "false": False}.get(value.lower(), value)
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _near(box: Box, params: dict[str, Any], column: str = "r.quad") -> str:
    """Return the condition that a row is in one of the ranges that cover a box."""
    ranges = []
    for at, (low, high) in enumerate(cover(box)):
        params |= {f"low{at}": low, f"high{at}": high}
        ranges.append(f"{column} >= %(low{at})s and {column} < %(high{at})s")
    return " or ".join(ranges)


def _in_box(shape: Shape, box: Box, params: dict[str, Any], dense: bool = False) -> str:
    """Return the condition that a row is in a box; dense: found in the order of the rows."""
    if shape.latitude is None or shape.longitude is None:
        return "false"
    west, south, east, north = box
    params |= {"west": west, "south": south, "east": east, "north": north}
    # An expression is in no index.
    near = _near(box, params, "(r.quad + 0)" if dense else "r.quad")
    longitude = f"(r.cells ->> {shape.longitude})::float8"
    between = f"{longitude} between %(west)s and %(east)s"
    if west > east:
        between = f"({longitude} >= %(west)s or {longitude} <= %(east)s)"
    return (
        f"({near}) and {between}"
        f" and (r.cells ->> {shape.latitude})::float8 between %(south)s and %(north)s"
    )


def _order(shape: Shape, sort: Sequence[str]) -> str:
    parts = []
    for name in sort:
        place = shape.place(name.removeprefix("-"))
        direction = " desc" if name.startswith("-") else ""
        # What has no value comes last, whatever the direction.
        parts += [f"r.cells -> {place} = 'null'", f"r.cells -> {place}{direction}"]
    return ", ".join([*parts, "r.number"])


async def live_page(broker: Broker, sight: Sight, live: Live, query: RowsQuery) -> RowPage:
    """Return a page of a live dataset as it is now. Raises BadDatasetQuery."""
    shape = Shape(live.fields)
    fields = shape.shown(query.fields)
    limit = max(0, min(query.limit, MOST))
    offset = max(query.offset, 0) if query.after is None else query.after
    if not (query.filters or query.q or query.sort or query.bbox):
        found = await reading.page(broker, sight, live, limit, offset)
        total = await reading.count(broker, sight, live) if query.count else None
        rows = [
            shape.row(offset + n, list(row.values()), fields)
            for n, row in enumerate(found[:limit], 1)
        ]
        return RowPage(fields, tuple(rows), total, 0, len(found) > limit)
    taken = await matching(broker, sight, live, query)
    if query.after is not None:
        part = [row for row in taken if row.number > query.after]
    else:
        part = taken[offset:]
    shown = tuple(_only(row, fields) for row in part[:limit])
    return RowPage(fields, shown, len(taken) if query.count else None, 0, len(part) > limit)


def _only(row: DataRow, fields: Sequence[Field]) -> DataRow:
    return replace(row, values={field.name: row.values[field.name] for field in fields})


async def matching(broker: Broker, sight: Sight, live: Live, query: RowsQuery) -> list[DataRow]:
    """Return all rows of a live dataset that match, in order."""
    shape = Shape(live.fields)
    tests = {name: _wanted(shape, shape.place(name), v) for name, v in query.filters.items()}
    words = fold(query.q).split()
    taken: list[DataRow] = []
    number = 0
    async for row in reading.every(broker, sight, live):
        number += 1
        if all(row[name] in wanted for name, wanted in tests.items()) and _says(row, words):
            made = shape.row(number, list(row.values()), shape.fields)
            if query.bbox is None or _inside(made, query.bbox):
                taken.append(made)
    for name in reversed(query.sort if query.after is None else ()):
        field = name.removeprefix("-")
        shape.place(field)
        there = [row for row in taken if row.values[field] is not None]
        there.sort(key=lambda row: _sort_key(row.values[field]), reverse=name.startswith("-"))
        taken = there + [row for row in taken if row.values[field] is None]
    return taken


def _sort_key(value: Any) -> tuple[int, Any]:
    return (0, value) if isinstance(value, int | float) else (1, str(value))


def _says(row: Mapping[str, Any], words: Sequence[str]) -> bool:
    if not words:
        return True
    text = fold("\n".join(value for value in row.values() if isinstance(value, str)))
    return all(word in text for word in words)


def _inside(row: DataRow, box: Box) -> bool:
    if row.longitude is None or row.latitude is None:
        return False
    west, south, east, north = box
    wide = (
        west <= row.longitude <= east
        if west <= east
        else row.longitude >= west or row.longitude <= east
    )
    return wide and south <= row.latitude <= north


async def points(
    broker: Broker, town: str, version: int, shape: Shape, *, box: Box, limit: int
) -> list[DataRow]:
    """Return rows of a kept version in a box, by the index of places, in no order of people's."""
    params: dict[str, Any] = {"tenant": town, "version": version, "limit": limit}
    statement = (
        "select r.number, r.cells from dataset_row r where r.tenant = %(tenant)s"
        f" and r.version = %(version)s and {_in_box(shape, box, params)} limit %(limit)s"
    )
    async with searching(broker.pool) as connection:
        found = await _fetch(connection, statement, params)
    return [shape.row(number, cells, shape.fields) for number, cells in found]
