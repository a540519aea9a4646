"""Entity types whose entities have a location, as collections."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import shapely
from psycopg.errors import QueryCanceled

from tamamo.context.broker import Broker
from tamamo.context.entities import store
from tamamo.context.errors import TooComplexQuery
from tamamo.context.jsonld.resolve import default_map
from tamamo.context.model.entity import LOCATION, Entity
from tamamo.context.model.represent import View, represent
from tamamo.context.query.plan import Row
from tamamo.kernel import geo
from tamamo.kernel.database import Connection, searching
from tamamo.kernel.geo import Bounds
from tamamo.registers.declaration import Texts
from tamamo.registers.features import statements
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

_NAME: Final = default_map().terms.expand_term("name")
_OBSERVED: Final = default_map().terms.expand_term("observedAt")
_JSON_TYPES: Final = frozenset({"string", "number", "boolean", "array", "object"})
#: Rows looked at at once, where a box has to be tested by the geometries themselves.
_STEP: Final = 500

Rows = list[tuple[Any, ...]]


class EntityTypes:
    """A collection a type, called as in the core context's default vocabulary."""

    prefix = ""

    def __init__(self) -> None:
        # What is dear to find and changes seldom.
        self._types: Recent[list[str]] = Recent(10)
        self._known: Recent[tuple[Property, ...]] = Recent(30)
        self._bounds: Recent[Bounds | None] = Recent(120)
        self._small: Recent[bool] = Recent(60)

    async def is_public(self, broker: Broker, tenant: str) -> bool:
        """Return that nothing is: what anybody reads here are the public types."""
        return False

    async def collections(self, reader: Reader) -> Sequence[Collection]:
        """Return the types of which the first thousand entities have a location."""
        key = (reader.tenant, reader.visitor.access.read)
        types = self._types.get(key)
        if types is None:
            rows = await _all(reader, statements.TYPES, {"tenant": reader.tenant})
            types = self._types.put(key, [row[0] for row in rows])
        return [_collection(reader, iri) for iri in types]

    async def collection(self, reader: Reader, key: str) -> Collection | None:
        """Return a type's collection, when entities of it have a location."""
        iri = default_map().terms.expand_type(key)
        of = (reader.tenant, reader.visitor.access.read, iri)
        properties = self._known.get(of)
        if properties is None:  # not remembered: the first entity may come any moment
            properties = await _properties(reader, iri)
            if properties is None:
                return None
            self._known.put(of, properties)
        if of not in self._bounds:
            self._bounds.put(of, await _extent(reader, iri))
        return _collection(reader, iri, properties, self._bounds.get(of))

    async def page(self, reader: Reader, collection: Collection, query: ItemsQuery) -> FeaturePage:
        """Return a page of entities in the order of their ids."""
        iri = default_map().terms.expand_type(collection.key)
        async with searching(reader.broker.pool) as connection:
            rows, more, all_of_them = await _page(connection, reader.tenant, iri, query)
            total = None if query.after else all_of_them
            if total is None and not query.after and await self._is_small(connection, reader, iri):
                total = await _count(connection, reader.tenant, iri, query)
        view = _view(query)
        features = [_feature(Row(*row).entity(), view, reader.language) for row in rows]
        return FeaturePage(tuple(features), more, total)

    async def _is_small(self, connection: Connection, reader: Reader, iri: str) -> bool:
        """Whether a type has so few entities that those that match can be counted."""
        of = (reader.tenant, reader.visitor.access.read, iri)
        if of not in self._small:
            found = await _count(connection, reader.tenant, iri, ItemsQuery())
            self._small.put(of, found is not None)
        return bool(self._small.get(of))

    async def feature(self, reader: Reader, collection: Collection, name: str) -> Feature | None:
        """Return an entity of the type, if it has a location."""
        entity = await reader.broker.entities.find(reader.tenant, name)
        iri = default_map().terms.expand_type(collection.key)
        if entity is None or iri not in entity.types or LOCATION not in entity.attrs:
            return None
        return _feature(store.living(entity), View(format="simplified"), reader.language)

    async def places(
        self, reader: Reader, collection: Collection, box: Bounds, limit: int
    ) -> Sequence[Place]:
        """Return entities of an area."""
        found = self._in_area(reader, collection, box)
        found.params |= {"place": LOCATION, "name": _NAME}
        statement = statements.entity_places(found.where(), limit)
        rows = await _all(reader, statement, found.params)
        return [Place(row[0], row[1] or "", row[2], row[3], row[4]) for row in rows]

    async def cells(
        self, reader: Reader, collection: Collection, box: Bounds, count: int
    ) -> Sequence[Cell]:
        """Return how many entities lie where in an area."""
        found = self._in_area(reader, collection, box)
        found.params["count"] = count
        rows = await _all(reader, statements.entity_cells(found.where()), found.params)
        return [Cell(row[0], row[1], row[2], row[3] if row[0] == 1 else "") for row in rows]

    @staticmethod
    def _in_area(reader: Reader, collection: Collection, box: Bounds) -> statements.Conditions:
        iri = default_map().terms.expand_type(collection.key)
        found = statements.entities(reader.tenant, iri, ItemsQuery(boxes=(box,)))
        personal = reader.whole.towns.personal(reader.tenant)
        if personal:  # what is this type and a personal one besides
            found.said.append(f"not e.types && {found.bind(sorted(personal))}::text[]")
        return found


async def _all(reader: Reader, statement: str, params: dict[str, Any]) -> Rows:
    async with searching(reader.broker.pool) as connection:
        return await _fetch(connection, statement, params)


async def _fetch(connection: Connection, statement: str, params: dict[str, Any]) -> Rows:
    """Return the rows of a statement. Raises TooComplexQuery."""
    written: Any = statement  # of constants; what comes from outside stands in the parameters
    try:
        return await (await connection.execute(written, params)).fetchall()
    except QueryCanceled as error:
        raise TooComplexQuery("This takes too long: narrow it by bbox") from error


def _collection(
    reader: Reader,
    iri: str,
    properties: tuple[Property, ...] = (),
    bounds: Bounds | None = None,
) -> Collection:
    name = default_map().terms.compact_iri(iri)
    return Collection(
        name,
        "type",
        name,
        Texts(name, name),
        Texts(
            f"位置を持つ {name} のエンティティ（NGSI-LD）。",
            f"Entities of type {name} that have a location (NGSI-LD).",
        ),
        properties,
        bounds,
        # Who reads what is personal is noted by id: of a picture of many it cannot be said.
        tiled=iri not in reader.whole.towns.personal(reader.tenant),
    )


async def _properties(reader: Reader, iri: str) -> tuple[Property, ...] | None:
    """Return the properties that a type's entities have; None where none has a location."""
    rows = await _all(reader, statements.ATTRIBUTES, {"tenant": reader.tenant, "type": iri})
    placed = any(row[0] is None and row[2] == ["true"] for row in rows)
    if not placed:
        return None
    compact = default_map().terms.compact_iri
    found = [
        Property(compact(row[0]), kind, filtered=kind in ("string", "number", "boolean"))
        for row in rows
        if row[0] is not None and row[0] != LOCATION
        for kind in (_json_type(row[1], row[2]),)
    ]
    head = (Property("type", filtered=False), Property("observedAt", filtered=False))
    return (*head, *(one for one in found if one.name not in ("type", "observedAt")))


def _json_type(kind: str, types: list[str]) -> JsonType:
    held: set[str] = {one for one in types if one != "null"}
    only = held.pop() if len(held) == 1 else "string"
    if kind in ("GeoProperty", "JsonProperty"):
        only = "object"
    return only if only in _JSON_TYPES else "string"  # type: ignore[return-value]


async def _extent(reader: Reader, iri: str) -> Bounds | None:
    params = {"tenant": reader.tenant, "type": iri}
    rows = await _all(reader, statements.EXTENT, params)
    if not rows:  # many: the outermost are found by the index of places
        rows = await _all(reader, statements.WIDE_EXTENT, params)
    if rows[0][0] is None:
        return None
    west, south, east, north = (float(value) for value in rows[0])
    return west, south, east, north


async def _page(
    connection: Connection, tenant: str, iri: str, query: ItemsQuery
) -> tuple[Rows, bool, int | None]:
    """Return the rows of a page, whether more follow, and how many in all, where it was seen."""
    area = _Area(query.boxes) if query.boxes else None
    found = statements.entities(tenant, iri, query)
    if area:
        probe = statements.entity_are_few(found.where())
        if (await _fetch(connection, probe, found.params))[0][0]:
            few = await _fetch(connection, statements.entity_few(found.where()), found.params)
            rows = [row for row in few if area.meets(row)]
            return rows[: query.limit], len(rows) > query.limit, len(rows)
    rows, after, step = [], query.after, query.limit + 1
    while len(rows) <= query.limit:
        behind = statements.entities(tenant, iri, _behind(query, after))
        where = behind.where(by_place=False)
        batch = await _fetch(connection, statements.entity_page(where, step), behind.params)
        rows += [row for row in batch if area is None or area.meets(row)]
        if len(batch) < step:
            break
        after, step = str(batch[-1][0]), max(step, _STEP)
    more = len(rows) > query.limit
    return rows[: query.limit], more, None if more else len(rows)


def _behind(query: ItemsQuery, after: str) -> ItemsQuery:
    return replace(query, after=after)


class _Area:
    """Where features are asked for: what meets it is told by geometries, not the boxes around."""

    def __init__(self, boxes: Sequence[Bounds]) -> None:
        self._boxes = boxes
        self._shapes = [shapely.box(*box) for box in boxes]
        for one in self._shapes:
            shapely.prepare(one)

    def meets(self, row: tuple[Any, ...]) -> bool:
        """Whether an entity's geometry meets the area."""
        return any(self._holds(one.get("value")) for one in row[3].get(LOCATION, ()))

    def _holds(self, value: Any) -> bool:
        match value:
            case {"type": "Point", "coordinates": [int() | float() as x, int() | float() as y, *_]}:
                return any(w <= x <= e and s <= y <= n for w, s, e, n in self._boxes)
        shape = geo.stored(value)
        return shape is not None and any(one.intersects(shape) for one in self._shapes)


async def _count(connection: Connection, tenant: str, iri: str, query: ItemsQuery) -> int | None:
    """Return how many match; None where there are many, or the boxes around them are not enough."""
    found = statements.entities(tenant, iri, query)
    rows = await _fetch(connection, statements.entity_count(found.where()), found.params)
    count, points = rows[0]
    exact = count <= statements.MOST_COUNTED and (points or not query.boxes)
    return int(count) if exact else None


def _view(query: ItemsQuery) -> View:
    if query.properties is None:
        return View(format="simplified")
    terms = default_map().terms
    names = (terms.expand_term(name) for name in query.properties if name != "type")
    omit = frozenset() if "type" in query.properties else frozenset({"type"})
    return View(format="simplified", attrs=frozenset([*names, LOCATION]), omit=omit)


def _feature(entity: Entity, view: View, language: str) -> Feature:
    """Return an entity as a feature: its attributes' values, those of languages in one."""
    entity = store.living(entity)
    view = replace(view, lang=language)
    members = represent(entity, default_map().terms, view)
    members.pop("id")
    geometry = members.pop("location", None)
    if isinstance(geometry, list):  # of several instances the first
        geometry = geometry[0]
    observed = max(
        (item["observedAt"] for items in entity.attrs.values() for item in items
         if "observedAt" in item),
        default=None,
    )  # fmt: skip
    if observed is not None and (view.attrs is None or _OBSERVED in view.attrs):
        members.setdefault("observedAt", observed)
    return Feature(entity.id, geometry, members, entity.id)
