"""Lists and single records, as a visitor may see them."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
from psycopg.errors import QueryCanceled

from tamamo.context.broker import Broker
from tamamo.context.entities import store
from tamamo.context.errors import TooComplexQuery
from tamamo.context.model.entity import Attributes, Entity
from tamamo.context.query.plan import Row as Stored
from tamamo.kernel import audit
from tamamo.kernel.database import Connection, searching, single, transaction
from tamamo.registers import listing, values
from tamamo.registers.declaration import Register
from tamamo.registers.errors import UnknownRecord, UnknownRegister
from tamamo.registers.model import ListPage, Point, Points, Record, Row, Visitor
from tamamo.registers.query import ListQuery
from tamamo.registers.rights import may_read, rights_of

#: Rows fetched at once by those who go through all.
_STEP = 1_000


async def page(broker: Broker, visitor: Visitor, register: Register, query: ListQuery) -> ListPage:
    """Return a page of the list. A page beyond the last is the last one."""
    columns = readable(visitor, register)
    selection = listing.select(visitor, register, query)
    async with searching(broker.pool) as connection:
        total = await _count(connection, selection.where, selection.params)
        exact = total <= listing.MOST_COUNTED
        total = min(total, listing.MOST_COUNTED)
        pages = max(1, -(-total // query.size))
        query = query.at(min(query.page, pages))
        by = listing.sorting(register, query, columns)
        if by[0].live and total > listing.MOST_LIVE:
            query = replace(query, sort=None, ignored=(*query.ignored, "sort"))
            by = listing.sorting(register, query, columns)
        start = (query.page - 1) * query.size
        size = min(query.size, max(total - start, 0))
        statement = listing.page(register, selection, by, size, start)
        found = await _fetch(connection, statement, selection.params)
    entities = [store.living(Stored(*row).entity()) for row in found]
    rows = [_row(visitor, register, entity, columns) for entity in entities]
    await log_reads(broker, visitor, register, [row.id for row in rows], "register.list")
    return ListPage(tuple(rows), total, exact, query.page, query.size, query)


def readable(visitor: Visitor, register: Register) -> frozenset[str]:
    """Return the columns a visitor may see. Raises UnknownRegister for one who may see none."""
    rights = rights_of(visitor, register)
    if not rights.read:
        raise UnknownRegister(f"There is no register {register.id!r}")
    return rights.columns


async def _count(connection: Connection, where: str, params: dict[str, Any]) -> int:
    rows = await _fetch(connection, listing.count(where), params)
    return int(rows[0][0])


async def _fetch(
    connection: Connection, statement: str, params: dict[str, Any]
) -> list[tuple[Any, ...]]:
    """Return the rows of a statement put together from constants; what comes from outside is bound.

    Planned anew each time, by its values. Raises TooComplexQuery.
    """
    written: Any = statement
    try:
        return await (await connection.execute(written, params, prepare=False)).fetchall()
    except QueryCanceled as error:
        raise TooComplexQuery("The list takes too long: narrow it") from error


def version_of(register: Register, entity: Entity) -> str:
    """Return what an editor sees of a record, as an opaque text: when, and what the form holds.

    Measurements that arrive every minute do not count: only fields of the form do.
    """
    held = orjson.dumps(
        [values.cell_of(column, entity.attrs).value for column in register.form],
        option=orjson.OPT_SORT_KEYS,
    )
    return f"{entity.modified_at}~{hashlib.blake2s(held, digest_size=9).hexdigest()}"


def shown(visitor: Visitor, register: Register, entity: Entity) -> frozenset[str]:
    """Return the columns of a record that the visitor may see."""
    attrs = visitor.access.read.attrs_of(entity.types, entity.scopes)
    every = frozenset(column.name for column in register.columns)
    if attrs is None:
        return every
    return frozenset(c.name for c in register.columns if c.iri in attrs) | {register.key.name}


def _row(visitor: Visitor, register: Register, entity: Entity, columns: frozenset[str]) -> Row:
    seen = shown(visitor, register, entity)
    place = _place(register, entity.attrs, seen)
    return Row(
        entity.id,
        heading(register, entity, seen),
        version_of(register, entity),
        values.cells_of(register, entity, columns & seen),
        *place,
    )


def heading(register: Register, entity: Entity, columns: frozenset[str]) -> str:
    """Return what heads a record, for somebody who sees these columns."""
    if register.heading.name in columns:
        return values.heading_of(register, entity)
    return register.key_of(entity.id)


def _place(
    register: Register, attrs: Attributes, columns: frozenset[str]
) -> tuple[float | None, float | None]:
    if register.map is None or register.map.name not in columns:
        return None, None
    place = values.cell_of(register.map, attrs).value
    return (place["longitude"], place["latitude"]) if place else (None, None)


async def find(
    connection: Connection, visitor: Visitor, register: Register, entity_id: str
) -> Entity:
    """Return a record's entity. Raises UnknownRecord when it is none, or not to be seen."""
    found = await store.fetch(connection, [(visitor.tenant, entity_id)])
    entity = found.get((visitor.tenant, entity_id))
    if entity is None or not is_record(visitor, register, entity):
        raise UnknownRecord(f"The register {register.id} has no record {entity_id}")
    return entity


def is_record(visitor: Visitor, register: Register, entity: Entity) -> bool:
    """Whether an entity is a record of the register that the visitor may see."""
    return register.type in entity.types and may_read(visitor.access, entity)


async def one(broker: Broker, visitor: Visitor, register: Register, entity_id: str) -> Record:
    """Return a record with all its columns. Raises UnknownRecord."""
    readable(visitor, register)
    async with single(broker.pool) as connection:
        entity = await find(connection, visitor, register, entity_id)
    await log_reads(broker, visitor, register, [entity_id], "register.record")
    return record_of(visitor, register, entity)


def record_of(visitor: Visitor, register: Register, entity: Entity) -> Record:
    """Return an entity as a record."""
    row = _row(visitor, register, entity, frozenset(column.name for column in register.columns))
    return Record(
        row.id,
        row.title,
        row.version,
        row.cells,
        row.longitude,
        row.latitude,
        tuple(entity.types),
        entity.created_at or "",
        entity.modified_at or "",
    )


async def points(
    broker: Broker, visitor: Visitor, register: Register, query: ListQuery, limit: int
) -> Points:
    """Return places of a list's records, at most `limit` of them."""
    columns = readable(visitor, register)
    if register.map is None or register.map.name not in columns:
        return Points((), 0, 0)
    selection = listing.select(visitor, register, query)
    head = register.heading if register.heading.name in columns else register.key
    params = {**selection.params, "heading": head.iri, "heading_member": head.member}
    async with searching(broker.pool) as connection:
        total = await _count(connection, selection.where, selection.params)
        located = await _count(connection, listing.located(selection), selection.params)
        found = await _fetch(connection, listing.points(selection, limit), params)
    await log_reads(broker, visitor, register, [row[0] for row in found], "register.map")
    places = tuple(
        Point(identifier, title or register.key_of(identifier), east, north)
        for identifier, east, north, title in found
    )
    return Points(places, total, located)


async def ids(
    broker: Broker, visitor: Visitor, register: Register, query: ListQuery, limit: int
) -> list[str]:
    """Return the ids of a list's records in its order, at most `limit` of them."""
    columns = readable(visitor, register)
    selection = listing.select(visitor, register, query)
    by = listing.sorting(register, query, columns)
    async with searching(broker.pool) as connection:
        if by[0].live:
            total = await _count(connection, selection.where, selection.params)
            if total > listing.MOST_LIVE:
                by = listing.sorting(register, replace(query, sort=None), columns)
        statement = listing.ordered_ids(register, selection, by, limit, 0)
        return [row[0] for row in await _fetch(connection, statement, selection.params)]


async def facets(
    broker: Broker, visitor: Visitor, register: Register, query: ListQuery
) -> dict[str, list[tuple[str | None, int]]]:
    """Return how often each choice stands in the list without that filter, most frequent first."""
    columns = readable(visitor, register)
    found: dict[str, list[tuple[str | None, int]]] = {}
    async with searching(broker.pool) as connection:
        for one_filter in register.filters:
            if one_filter.kind not in ("choice", "yes_no") or one_filter.name not in columns:
                continue
            others = {k: v for k, v in query.filters.items() if k != one_filter.name}
            selection = listing.select(visitor, register, replace(query, filters=others))
            params = {**selection.params, "prefix": f"{one_filter.column.iri}="}
            statement = listing.facet(register, selection, one_filter.column)
            rows = await _fetch(connection, statement, params)
            counted = [(_facet_value(row[0]), int(row[1])) for row in rows]
            found[one_filter.name] = sorted(counted, key=lambda pair: (-pair[1], str(pair[0])))
    return found


def _facet_value(key: str | None) -> str | None:
    return {"true": "yes", "false": "no"}.get(key or "", key)


async def every(
    broker: Broker, visitor: Visitor, register: Register, query: ListQuery
) -> AsyncIterator[list[Entity]]:
    """Yield all entities of a list in its order, as many at once as one likes to hold.

    The ids are read at first, so that the list does not shift under the reader; an entity that
    is gone by its turn is left out.
    """
    wanted = await ids(broker, visitor, register, query, listing.MOST_EXPORTED)
    for start in range(0, len(wanted), _STEP):
        batch = wanted[start : start + _STEP]
        async with single(broker.pool) as connection:
            found = await store.fetch(connection, [(visitor.tenant, one) for one in batch])
        entities = [found[visitor.tenant, one] for one in batch if (visitor.tenant, one) in found]
        await log_reads(broker, visitor, register, [e.id for e in entities], "register.export")
        yield [entity for entity in entities if is_record(visitor, register, entity)]


async def log_reads(
    broker: Broker, visitor: Visitor, register: Register, objects: list[str], purpose: str
) -> None:
    """Note in the audit log whose personal data somebody is shown, before they are."""
    if not register.personal or not objects:
        return
    async with transaction(broker.pool) as connection:
        await audit.personal_read(
            connection,
            tenant=visitor.tenant,
            actor=visitor.actor.subject,
            objects=objects,
            purpose=f"{purpose}:{register.id}",
        )
