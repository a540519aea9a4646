"""Registers with a place on the map, as collections: their columns, filters and rights."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from psycopg.errors import QueryCanceled

from tamamo.context.broker import Broker
from tamamo.context.entities import store
from tamamo.context.errors import TooComplexQuery
from tamamo.context.model.entity import Entity
from tamamo.context.query.plan import Row
from tamamo.kernel.database import searching, single
from tamamo.kernel.geo import Bounds, box_literal
from tamamo.registers import catalogue, lists, values
from tamamo.registers.declaration import Column, Register
from tamamo.registers.errors import UnknownRecord
from tamamo.registers.features import register_statements as statements
from tamamo.registers.features.errors import BadParameter
from tamamo.registers.features.model import (
    Cell,
    Collection,
    Feature,
    FeaturePage,
    ItemsQuery,
    JsonType,
    Place,
    Property,
    Reader,
)
from tamamo.registers.features.recent import Recent
from tamamo.registers.listing import Selection, select
from tamamo.registers.query import ListQuery
from tamamo.registers.rights import rights_of

_JSON: Final[dict[str, JsonType]] = {
    "integer": "integer", "number": "number", "boolean": "boolean", "choices": "array",
    "point": "object",
}  # fmt: skip


class RegisterLists:
    """A collection a register; what is filtered by is the register's own filters."""

    prefix = "register."

    def __init__(self) -> None:
        self._bounds: Recent[Bounds | None] = Recent(60)

    async def is_public(self, broker: Broker, tenant: str) -> bool:
        """Return that nothing is: what anybody reads here are the public types."""
        return False

    async def collections(self, reader: Reader) -> Sequence[Collection]:
        """Return the registers with places that may be read."""
        found = (_collection(reader, one) for one in catalogue.declared().values())
        return [one for one in found if one is not None]

    async def collection(self, reader: Reader, key: str) -> Collection | None:
        """Return a register's collection."""
        register = catalogue.declared().get(key)
        found = None if register is None else _collection(reader, register)
        if register is None or found is None:
            return None
        of = (reader.tenant, reader.visitor.access.read, key)
        if of not in self._bounds:
            self._bounds.put(of, await _extent(reader, register))
        return replace(found, bounds=self._bounds.get(of))

    async def page(self, reader: Reader, collection: Collection, query: ItemsQuery) -> FeaturePage:
        """Return a page of records in the order of their ids."""
        register = catalogue.declared()[collection.key]
        chosen = _selection(reader, register, query)
        where, params = chosen.where, {**chosen.params, "after": query.after}
        few = bool(query.boxes) and (await _all(reader, statements.are_few(where), params))[0][0]
        if few:  # found by their places
            rows = await _all(reader, statements.few(where), params)
        else:
            ordered = statements.page(where, query.limit + 1, is_area=bool(query.boxes))
            rows = await _all(reader, ordered, params)
        more, total = len(rows) > query.limit, None
        if not query.after and (few or not more):
            total = len(rows)
        elif not (query.after or query.boxes):
            total = await _count(reader, where, params)
        entities = [store.living(Row(*row).entity()) for row in rows[: query.limit]]
        ids = [entity.id for entity in entities]
        await lists.log_reads(reader.whole, reader.visitor, register, ids, "register.features")
        features = [_feature(reader, register, one, query.properties) for one in entities]
        return FeaturePage(tuple(features), more, total)

    async def feature(self, reader: Reader, collection: Collection, name: str) -> Feature | None:
        """Return a record that has a place."""
        register = catalogue.declared()[collection.key]
        try:
            async with single(reader.whole.pool) as connection:
                entity = await lists.find(connection, reader.visitor, register, name)
        except UnknownRecord:
            return None
        await lists.log_reads(
            reader.whole, reader.visitor, register, [entity.id], "register.features"
        )
        found = _feature(reader, register, entity, None)
        return found if found.geometry is not None else None

    async def places(
        self, reader: Reader, collection: Collection, box: Bounds, limit: int
    ) -> Sequence[Place]:
        """Return records of an area."""
        register = catalogue.declared()[collection.key]
        chosen = _selection(reader, register, ItemsQuery(boxes=(box,)))
        seen = rights_of(reader.visitor, register).columns
        head = register.heading if register.heading.name in seen else register.key
        params = {**chosen.params, "heading": head.iri, "heading_member": head.member}
        rows = await _all(reader, statements.places(chosen.where, limit), params)
        return [Place(row[0], row[1] or register.key_of(row[0]), row[2], row[3]) for row in rows]

    async def cells(
        self, reader: Reader, collection: Collection, box: Bounds, count: int
    ) -> Sequence[Cell]:
        """Return how many records lie where in an area."""
        register = catalogue.declared()[collection.key]
        chosen = _selection(reader, register, ItemsQuery(boxes=(box,)))
        params = {**chosen.params, "count": count}
        rows = await _all(reader, statements.cells(chosen.where), params)
        return [Cell(row[0], row[1], row[2], row[3] if row[0] == 1 else "") for row in rows]


def _collection(reader: Reader, register: Register) -> Collection | None:
    rights = rights_of(reader.visitor, register)
    if not rights.read or register.map is None or register.map.name not in rights.columns:
        return None
    columns = [c for c in register.columns if c.name in rights.columns and c is not register.map]
    return Collection(
        f"{RegisterLists.prefix}{register.id}",
        "register",
        register.id,
        register.title,
        register.description,
        tuple(_property(register, column) for column in columns),
        tiled=not register.personal,
    )


def _property(register: Register, column: Column) -> Property:
    return Property(
        column.name,
        _JSON.get(column.kind, "string"),
        column.label,
        register.filter(column.name) is not None,
        tuple(choice.value for choice in column.choices),
    )


def _selection(reader: Reader, register: Register, query: ItemsQuery) -> Selection:
    """Return which rows. Raises BadParameter for a value that a filter cannot have."""
    asked = {name: [_asked(register, name, text)] for name, text in query.filters.items()}
    wanted = ListQuery.parse(register, asked)
    if wanted.ignored or len(wanted.filters) < len(asked):
        name = next(iter(wanted.ignored), None) or next(iter(asked.keys() - wanted.filters.keys()))
        raise BadParameter(f"{name}: {query.filters[name]!r} cannot be looked for", field=name)
    found = select(reader.visitor, register, wanted)
    tests = []
    for at, box in enumerate(query.boxes):
        found.params[f"box{at}"] = box_literal(box)
        tests.append(f"r.place <@ %(box{at})s::box")
    found.where += " and r.place is not null" + (f" and ({' or '.join(tests)})" if tests else "")
    return found


def _asked(register: Register, name: str, text: str) -> str:
    """Return a value as the list's filters read it: of what is ranged, a range of one."""
    one = register.filter(name)
    if one is not None and one.kind == "range" and ".." not in text:
        return f"{text}..{text}"
    if one is not None and one.kind == "yes_no":
        return {"true": "yes", "false": "no"}.get(text.lower(), text)
    return text


async def _all(reader: Reader, statement: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    written: Any = statement  # of constants; what comes from outside stands in the parameters
    try:
        async with searching(reader.whole.pool) as connection:
            cursor = await connection.execute(written, params, prepare=False)
            return await cursor.fetchall()
    except QueryCanceled as error:
        raise TooComplexQuery("This takes too long: narrow it by bbox") from error


async def _count(reader: Reader, where: str, params: dict[str, Any]) -> int | None:
    rows = await _all(reader, statements.count(where), params)
    return int(rows[0][0]) if rows[0][0] <= statements.MOST_COUNTED else None


async def _extent(reader: Reader, register: Register) -> Bounds | None:
    chosen = _selection(reader, register, ItemsQuery())
    rows = await _all(reader, statements.extent(chosen.where), chosen.params)
    if not rows or rows[0][0] is None:
        return None
    west, south, east, north = (float(value) for value in rows[0])
    return west, south, east, north


def _feature(
    reader: Reader, register: Register, entity: Entity, shown: tuple[str, ...] | None
) -> Feature:
    columns = lists.shown(reader.visitor, register, entity)
    cells = values.cells_of(register, entity, columns)
    place = cells.pop(register.map.name, None) if register.map else None
    geometry = None
    if place is not None and place.value is not None:
        position = [place.value["longitude"], place.value["latitude"]]
        geometry = {"type": "Point", "coordinates": position}
    names = [column.name for column in register.columns if column.name in cells]
    kept = [name for name in names if shown is None or name in shown]
    properties = {name: cells[name].value for name in kept}
    return Feature(entity.id, geometry, properties, entity.id)
