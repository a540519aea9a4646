"""A whole query for entities (clause 5.7.2): its parts, and the statement that answers it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tamamo.context.errors import TooManyResults
from tamamo.context.model.entity import Entity
from tamamo.context.query import geoq, idpattern, q, scopeq, typeq
from tamamo.context.query.geoq import GeoQuery
from tamamo.context.query.idpattern import IdPattern
from tamamo.context.query.order import Ordering
from tamamo.context.query.paging import Page
from tamamo.context.query.projection import Projection
from tamamo.context.query.text import ENTITY_TIMES, bind
from tamamo.context.query.tree import Node as Condition
from tamamo.kernel.database import Connection
from tamamo.kernel.time import to_text

#: Most entities that are put in order in memory.
MAX_SORTED = 20_000
#: Rows fetched at once when each is looked at in Python.
BATCH = 500
#: Rows in an area up to which they are fetched all and then put in order.
FEW = 1_000

_COLUMNS = "e.id, e.types, e.scopes, e.attrs, e.created_at, e.modified_at, e.expires_at"


@dataclass(frozen=True, slots=True)
class Selector:
    """Which entities, by id and type (5.2.33); what is empty selects all."""

    ids: tuple[str, ...] = ()
    id_pattern: IdPattern | None = None
    types: typeq.Node | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A query for entities. Selectors are alternatives; all else must be met together.

    attrs: IRIs, at least one of which an entity has. projection: for the representation only.
    among: ids of the only entities looked at, None = all.
    """

    selectors: tuple[Selector, ...] = (Selector(),)
    attrs: tuple[str, ...] = ()
    q: Condition | None = None
    scope: scopeq.Node | None = None
    geo: GeoQuery | None = None
    ordering: Ordering | None = None
    page: Page = field(default_factory=Page)
    projection: Projection = field(default_factory=Projection)
    among: tuple[str, ...] | None = None


@dataclass(slots=True)
class Row:
    """One entity as the table holds it."""

    id: str
    types: list[str]
    scopes: list[str]
    attrs: dict[str, list[dict[str, Any]]]
    created_at: datetime
    modified_at: datetime
    expires_at: datetime | None

    def entity(self, *, times: bool = True) -> Entity:
        """Return it in stored form. times: without them where nobody looks at them."""
        if not times:
            return Entity(self.id, self.types, self.attrs, self.scopes)
        expires = None if self.expires_at is None else to_text(self.expires_at)
        created, modified = to_text(self.created_at), to_text(self.modified_at)
        return Entity(self.id, self.types, self.attrs, self.scopes, created, modified, expires)


@dataclass(slots=True)
class Result:
    """A page: its rows, how many match in all (when asked), whether there are more behind."""

    rows: list[Row]
    total: int | None
    more: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; residual: its rows still have to pass the geo-query's exact test."""

    sql: str
    params: dict[str, Any]
    residual: bool


def where(query: Query, params: dict[str, Any], alias: str = "e") -> str:
    """Return all conditions but the tenant's; a geo-query gives only its prefilter."""
    selected = _selected(query, params, alias)
    return " and ".join([*selected, *_conditions(query, params, alias)]) or "true"


def statement(tenant: str, query: Query, after: str | None = None) -> Statement:
    """Return the one statement for the query's page; its columns are those of Row and `total`.

    A page of one type is read in the order of the index (tenant, type, id) and ends when it is
    full. A row more than the limit tells whether there are more. Without residual the page is
    exact. after: begin behind this id, for those who go through all rows.
    """
    params: dict[str, Any] = {"tenant": tenant}
    branches = _branches(query, params, after)
    order = (query.ordering.sql() if query.ordering else None) or "e.id"
    limit = query.page.limit + 1 if query.page.limit else 0
    if query.page.offset:
        rest = f"limit {limit} offset {bind(params, query.page.offset)}"
        head = f"limit {bind(params, limit + query.page.offset)}"
    else:  # in the text, so that the planner knows that a page is small
        rest = head = f"limit {limit}"
    page = f"select {_COLUMNS} from entity e where {branches[0]} order by {order} {rest}"
    heads, first = [f"({page.removesuffix(rest)}{head})"], ""
    if query.geo is not None and geoq.is_narrow(query.geo):
        heads, first = _in_area(branches[0], heads[0])
    if len(branches) > 1:
        # `offset 0` keeps the planner from looking for the few in the order of all entities.
        few = f"(select {_COLUMNS} from entity e where {branches[1]} offset 0) as e"
        heads.append(f"(select {_COLUMNS} from {few} order by {order} {head})")
    if len(heads) > 1:
        united = f"{first}{' union all '.join(heads)}"
        page = f"select {_COLUMNS} from ({united}) as e order by {order} {rest}"
    if query.page.count:
        counts = " + ".join(
            f"(select count(*) from entity e where {branch})" for branch in branches
        )
        page = (
            f"with e as materialized ({page}), everything as (select {counts} as total)"
            f" select {_COLUMNS}, total from everything left join e on true order by {order}"
        )
    else:
        page = page.replace(_COLUMNS, f"{_COLUMNS}, null::bigint as total", 1)
    return Statement(page, params, query.geo is not None)


def _in_area(condition: str, page: str) -> tuple[list[str], str]:
    """Return the statements that together give a page of an area, and what stands before them.

    Where an area holds few, the index of places finds all of them, and they are put in order;
    else a page in the order of ids is soon full. PostgreSQL cannot foresee which: it keeps no
    statistics of boxes.
    """
    before = (
        f"with few as materialized"
        f" (select {_COLUMNS} from entity e where {condition} limit {FEW + 1}),"
        f" counted as materialized (select count(*) <= {FEW} as is_all from few) "
    )
    all_of_few = f"select {_COLUMNS} from few as e where (select is_all from counted)"
    # `is true` keeps the planner from finding all by their places once more.
    many = condition.replace("::box)", "::box) is true")
    ordered = page.replace(condition, f"not (select is_all from counted) and {many}", 1)
    return [all_of_few, ordered], before


async def run(connection: Connection, tenant: str, query: Query) -> Result:
    """Answer the query's page. Raises TooManyResults when too many would have to be sorted."""
    if query.ordering is not None and (query.geo is not None or query.ordering.sql() is None):
        return await _run_sorted(connection, tenant, query, query.ordering)
    if query.geo is not None:
        return await _run_exact(connection, tenant, query)
    rows, total = await _fetch(connection, statement(tenant, query))
    limit = query.page.limit
    return Result(rows[:limit], total, len(rows) > limit)


async def scan(
    connection: Connection, tenant: str, query: Query, first: int = BATCH
) -> AsyncIterator[Row]:
    """Yield every row that matches, in order of id, fetched in batches; the page is ignored.

    first: how many to fetch first, by those who may not need more.
    """
    size, after = first, None
    while True:
        batch = replace(query, ordering=None, page=Page(size))
        rows, _ = await _fetch(connection, statement(tenant, batch, after))
        for row in rows:
            if query.geo is None or geoq.matches_attrs(query.geo, row.attrs):
                yield row
        if len(rows) <= size:
            return
        size, after = BATCH, rows[-1].id


async def ids(connection: Connection, tenant: str, query: Query, limit: int) -> list[str]:
    """Return the ids of up to `limit` entities that match, in order; the page is ignored."""
    if query.geo is not None:
        found: list[str] = []
        async for row in scan(connection, tenant, query):
            found.append(row.id)
            if len(found) == limit:
                break
        return found
    params: dict[str, Any] = {"tenant": tenant}
    heads = " union all ".join(
        f"(select e.id from entity e where {branch} order by e.id limit {limit:d})"
        for branch in _branches(query, params, None)
    )
    cursor = await connection.execute(
        f"select id from ({heads}) as e order by id limit {limit:d}", params
    )
    return [row[0] for row in await cursor.fetchall()]


async def _run_exact(connection: Connection, tenant: str, query: Query) -> Result:
    """Take the page from the rows that pass, and go on to the end only to count."""
    page, passed = query.page, 0
    first = BATCH if page.count else min(BATCH, page.offset + page.limit + 1)
    rows: list[Row] = []
    async for row in scan(connection, tenant, query, first):
        passed += 1
        if page.offset < passed <= page.offset + page.limit:
            rows.append(row)
        elif passed > page.offset + page.limit and not page.count:
            break
    return Result(rows, passed if page.count else None, passed > page.offset + page.limit)


async def _run_sorted(
    connection: Connection, tenant: str, query: Query, ordering: Ordering
) -> Result:
    found: dict[str, Row] = {}
    async for row in scan(connection, tenant, query):
        if len(found) >= MAX_SORTED:
            raise TooManyResults(
                f"orderBy: more than {MAX_SORTED} entities to put in order; narrow the query",
                field="orderBy",
            )
        found[row.id] = row
    page = query.page
    ordered = ordering.sort(row.entity() for row in found.values())
    rows = [found[entity.id] for entity in ordered[page.offset : page.offset + page.limit]]
    more = len(ordered) > page.offset + page.limit
    return Result(rows, len(ordered) if page.count else None, more)


async def _fetch(connection: Connection, asked: Statement) -> tuple[list[Row], int | None]:
    # The text is put together from constants; what comes from outside stands in the parameters.
    cursor = await connection.execute(asked.sql, asked.params)
    fetched = await cursor.fetchall()
    total = fetched[0][-1] if fetched else None
    return [Row(*row[:-1]) for row in fetched if row[0] is not None], total


def _branches(query: Query, params: dict[str, Any], after: str | None) -> list[str]:
    """Return the conditions for the rows of the page: one, or two that exclude each other.

    For a single type: those whose first type it is, which the index gives in order of id, and
    those that have it besides others, which are few. Each takes a page of its own.
    """
    alive = "(e.expires_at is null or e.expires_at > now())"  # the sweep may be a moment late
    conditions = ["e.tenant = %(tenant)s", alive, *_conditions(query, params, "e")]
    if after is not None:
        conditions.append(f"e.id > {bind(params, after)}::text")
    only = query.selectors[0]
    kind = typeq.single(only.types)
    if kind is None or len(query.selectors) > 1 or only.ids:
        return [" and ".join([*conditions, *_selected(query, params, "e")])]
    if only.id_pattern is not None:
        conditions.append(idpattern.to_sql(only.id_pattern, params, "e"))
    rest, name = " and ".join(conditions), f"{bind(params, kind)}::text"
    return [
        f"e.type = {name} and {rest}",
        f"cardinality(e.types) > 1 and e.types && array[{name}] and e.type <> {name} and {rest}",
    ]


def _selected(query: Query, params: dict[str, Any], alias: str) -> list[str]:
    alternatives = []
    for selector in query.selectors:
        tests = []
        if selector.ids:
            tests.append(f"{alias}.id = any({bind(params, list(selector.ids))}::text[])")
        if selector.types is not None:
            tests.append(typeq.to_sql(selector.types, params, alias))
        if selector.id_pattern is not None:
            tests.append(idpattern.to_sql(selector.id_pattern, params, alias))
        if not tests:
            return []
        alternatives.append(f"({' and '.join(tests)})")
    return [f"({' or '.join(alternatives)})"]


def _conditions(query: Query, params: dict[str, Any], alias: str) -> list[str]:
    found = []
    if query.among is not None:
        found.append(f"{alias}.id = any({bind(params, list(query.among))}::text[])")
    if query.attrs and not ENTITY_TIMES & set(query.attrs):  # every entity has times
        found.append(f"{alias}.attrs ?| {bind(params, list(query.attrs))}::text[]")
    if query.geo is not None:
        found.append(geoq.to_sql(query.geo, params, alias))
    if query.scope is not None:
        found.append(scopeq.to_sql(query.scope, params, alias))
    if query.q is not None:
        found.append(q.to_sql(query.q, params, alias))
    return found
