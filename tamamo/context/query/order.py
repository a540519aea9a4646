"""Ordering of entities (clause 4.23): `orderBy=name,age;desc`, `location;dist-asc`.

Order across data types is that of 4.23.2, and what is not there comes last in both directions.
Texts stand in the order of `collation`, without one in ICU's root order (4.23.1). Identifiers and
types are no texts to read: they stand by code point, unless a collation is named.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from tamamo.context.errors import BadRequestData
from tamamo.context.model.entity import Entity
from tamamo.context.query import collation as collations
from tamamo.context.query import geoq, paths, values
from tamamo.context.query.collation import Key as TextKey
from tamamo.context.query.paths import AttrPath, EntityTime
from tamamo.context.query.text import ENTITY_MEMBERS, Cursor, Terms, names_of
from tamamo.kernel import geo

_COLUMNS = {
    "id": "e.id",
    "type": "e.types",
    "createdAt": "e.created_at",
    "modifiedAt": "e.modified_at",
}

#: Place in the order (4.23.2) and what orders within it; None: not there.
Key = tuple[int, Any]


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One member to order by; `member`: id, type or scope, else the path counts."""

    member: str | None
    path: AttrPath | EntityTime | None
    descending: bool = False
    by_distance: bool = False


@dataclass(frozen=True, slots=True)
class Ordering:
    """What entities are ordered by, the first term first; equal ones by id."""

    terms: tuple[OrderTerm, ...]
    reference: BaseGeometry | None = None
    #: Language tag; None: the root order for texts.
    collation: str | None = None

    def sql(self) -> str | None:
        """Return the `order by` list over entity rows `e`, None when Python has to order."""
        if self.collation is not None:
            return None
        parts = []
        for term in self.terms:
            name = term.path.name if isinstance(term.path, EntityTime) else term.member
            if name not in _COLUMNS:
                return None
            parts.append(_COLUMNS[name] + (" desc" if term.descending else ""))
        return ", ".join([*parts, _COLUMNS["id"]])

    def sort(self, entities: Iterable[Entity]) -> list[Entity]:
        """Return the entities in order."""
        text_key = collations.key_of(self.collation or collations.ROOT)
        ordered = sorted(entities, key=lambda entity: entity.id)
        for term in reversed(self.terms):
            keyed = [(self._key(term, entity, text_key), entity) for entity in ordered]
            there = [(key, entity) for key, entity in keyed if key is not None]
            there.sort(key=lambda pair: pair[0], reverse=term.descending)
            if term.by_distance:  # what has no place follows in both directions
                there.sort(key=lambda pair: pair[0][0] >= 0)
            absent = [entity for key, entity in keyed if key is None]
            ordered = [entity for _, entity in there] + absent
        return ordered

    def _key(self, term: OrderTerm, entity: Entity, text_key: TextKey) -> Key | None:
        names = str if self.collation is None else text_key
        if term.member == "id":
            return (1, names(entity.id))
        if term.member == "type":
            return (1, [names(name) for name in entity.types])
        if term.member == "scope":
            return (1, [text_key(scope) for scope in entity.scopes]) if entity.scopes else None
        if isinstance(term.path, EntityTime):
            text = paths.entity_time(term.path, entity)
            return None if text is None else _rank(text, text_key)
        assert term.path is not None
        if term.by_distance and self.reference is not None:
            found = geoq.geometries(entity.attrs, term.path.names[-1])
            if found:
                return (-1, min(geo.distance_m(place, self.reference) for place in found))
        ranks = [
            _rank(value, text_key)
            for target in paths.targets(term.path, entity)
            for value in target.values
            if value is not None
        ]
        if not ranks:
            return None
        return max(ranks) if term.descending else min(ranks)


def parse(
    order_by: Any,
    terms: Terms,
    *,
    order_from: Any = None,
    order_geometry: Any = None,
    collation: Any = None,
) -> Ordering | None:
    """Return the ordering, None without `orderBy`.

    order_by: its text or a JSON array of texts. order_from, order_geometry: where distances are
    measured from; a Point unless a type is named. Raises BadRequestData naming the parameter.
    """
    tag = None if collation is None else collations.parse(collation)
    if order_geometry is not None and not isinstance(order_geometry, str):
        raise BadRequestData("orderGeometry: expected a geometry's type", field="orderGeometry")
    reference = None
    if order_from is not None:
        fields = ("orderGeometry", "orderFrom")
        reference = geoq.parse_geometry(order_geometry or "Point", order_from, fields)
        shapely.prepare(reference)
    if order_by is None:
        return None
    found = tuple(_parse_term(text, terms) for text in names_of(order_by, "orderBy"))
    if reference is None and any(term.by_distance for term in found):
        raise BadRequestData(
            "orderFrom: missing; distances are measured from it", field="orderFrom"
        )
    return Ordering(found, reference, tag)


def _parse_term(text: str, terms: Terms) -> OrderTerm:
    cursor = Cursor(text, "orderBy")
    member, path = None, None
    name = text.partition(";")[0].strip()
    if name in ENTITY_MEMBERS:
        member = name
        cursor.at = text.index(name) + len(name)
    else:
        parsed = paths.parse(cursor, terms)
        if isinstance(parsed, paths.LinkPath):
            raise cursor.error("no path into linked entities", 0)
        path = parsed
    direction = "asc"
    if cursor.take(";"):
        at = cursor.at
        direction = cursor.take("asc", "desc", "dist-asc", "dist-desc") or ""
        if not direction:
            raise cursor.error("asc, desc, dist-asc or dist-desc", at)
    if not cursor.done():
        raise cursor.error("';', ',' or the end")
    by_distance = direction.startswith("dist")
    if by_distance and (not isinstance(path, AttrPath) or len(path.names) > 1):
        raise cursor.error("a GeoProperty to order by distance", 0)
    return OrderTerm(member, path, direction.endswith("desc"), by_distance)


def _rank(value: Any, text_key: TextKey) -> Key:
    """Return the place of a value's data type in 4.23.2, and its order within."""
    if isinstance(value, bool):
        return (4, value)
    if isinstance(value, int | float):
        return (0, value)
    if isinstance(value, dict):
        return (2, orjson.dumps(value, option=orjson.OPT_SORT_KEYS))
    if isinstance(value, list):
        return (3, orjson.dumps(value, option=orjson.OPT_SORT_KEYS))
    for place, kind in ((5, values.Clock), (6, values.Day), (7, values.Moment)):
        read: Any = kind.read(value)
        if read is not None:
            return (place, read)
    return (1, text_key(str(value)))
