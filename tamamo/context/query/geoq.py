"""The geo-query language (clause 4.10): `near;maxDistance==2000`, `within`, `contains`, …

PostgreSQL narrows the rows down by their bounding boxes; the exact answer is shapely's, with the
relations of OGC Simple Features and distances on the sphere (tamamo.kernel.geo).
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from tamamo.context.errors import BadRequestData
from tamamo.context.model.entity import LOCATION, Entity
from tamamo.context.query.text import Terms, bind, is_name
from tamamo.kernel import geo

PARAMETERS = ("georel", "geometry", "coordinates", "geoproperty")

Relation = Literal["near", "within", "contains", "intersects", "equals", "disjoint", "overlaps"]

#: What to ask the reference, which is prepared for many questions, about the target.
_ASKED = {
    "within": "contains",
    "contains": "within",
    "intersects": "intersects",
    "equals": "equals",
    "disjoint": "disjoint",
    "overlaps": "overlaps",
}
_NEAR = re.compile(
    r"near;(maxDistance|minDistance)==((?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
)


@dataclass(frozen=True, slots=True)
class GeoQuery:
    """The target, a GeoProperty's IRI, stands in the relation to the reference.

    max_distance, min_distance: metres, one of them with `near`: not farther, or farther than that.
    """

    relation: Relation
    reference: BaseGeometry
    geoproperty: str = LOCATION
    max_distance: float | None = None
    min_distance: float | None = None


def parse_params(params: Mapping[str, Any], terms: Terms) -> GeoQuery | None:
    """Return the geo-query of the parameters or of a GeoQuery object (5.2.13), None without one."""
    return parse(*(params.get(name) for name in PARAMETERS), terms=terms)


def parse(
    georel: Any, geometry: Any, coordinates: Any, geoproperty: Any = None, *, terms: Terms
) -> GeoQuery | None:
    """Return the geo-query, or None when there is neither georel, geometry nor coordinates.

    coordinates: a JSON array or its text. Raises BadRequestData naming the parameter at fault.
    """
    given = {"georel": georel, "geometry": geometry, "coordinates": coordinates}
    missing = [name for name, value in given.items() if value in (None, "")]
    if len(missing) == 3:
        return None
    if missing:
        raise BadRequestData(f"{missing[0]}: missing in the geo-query", field=missing[0])
    relation, near = _parse_relation(georel)
    reference = parse_geometry(geometry, coordinates)
    shapely.prepare(reference)
    iri = LOCATION
    if geoproperty is not None:
        if not isinstance(geoproperty, str) or not is_name(geoproperty):
            raise BadRequestData(
                f"geoproperty: expected the name of a GeoProperty, not {geoproperty!r}",
                field="geoproperty",
            )
        iri = terms.expand_term(geoproperty)
    return GeoQuery(relation, reference, iri, **near)


def parse_geometry(
    geometry: Any, coordinates: Any, fields: tuple[str, str] = ("geometry", "coordinates")
) -> BaseGeometry:
    """Return the geometry of a type's name and its coordinates. Raises BadRequestData."""
    if isinstance(coordinates, str):
        try:
            coordinates = orjson.loads(coordinates)
        except orjson.JSONDecodeError as error:
            raise BadRequestData(
                f"{fields[1]}: expected a JSON array ({error})", field=fields[1]
            ) from error
    if not isinstance(geometry, str) or geometry not in geo.KINDS:
        raise BadRequestData(
            f"{fields[0]}: expected {', '.join(geo.KINDS)}, not {geometry!r}", field=fields[0]
        )
    try:
        geo.check_coordinates(geometry, coordinates)
    except geo.BadGeometry as error:
        place = fields[1] + "".join(f"[{index}]" for index in error.path)
        raise BadRequestData(f"{place}: {error.reason}", field=fields[1]) from error
    reference = geo.stored({"type": geometry, "coordinates": coordinates})
    assert reference is not None
    return reference


def _parse_relation(georel: Any) -> tuple[Relation, dict[str, float]]:
    if georel in _ASKED:
        return georel, {}
    near = _NEAR.fullmatch(georel) if isinstance(georel, str) else None
    if near is None:
        raise BadRequestData(
            "georel: expected near;maxDistance==metres, near;minDistance==metres or one of "
            f"{', '.join(_ASKED)}, not {georel!r}",
            field="georel",
        )
    metres = float(near[2])
    if not 0 < metres < math.inf:
        raise BadRequestData("georel: the distance is a number above 0", field="georel")
    return "near", {"max_distance" if near[1] == "maxDistance" else "min_distance": metres}


def matches(query: GeoQuery, entity: Entity) -> bool:
    """Say whether an instance of the entity's GeoProperty meets the query (5.7.2.4)."""
    return matches_attrs(query, entity.attrs)


def matches_attrs(query: GeoQuery, attrs: Mapping[str, Any]) -> bool:
    """Say the same of attributes in stored form; without the GeoProperty nothing matches."""
    if query.relation == "near" and isinstance(query.reference, shapely.Point):
        instances = attrs.get(query.geoproperty, ())
        only = instances[0] if len(instances) == 1 else {}
        if only.get("type") == "GeoProperty" and only["value"]["type"] == "Point":
            # Most of all: not worth a geometry.
            east, north = only["value"]["coordinates"][:2]
            metres = geo.haversine_m(east, north, query.reference.x, query.reference.y)
            return _is_within(query, metres)
    return any(matches_geometry(query, target) for target in geometries(attrs, query.geoproperty))


def geometries(attrs: Mapping[str, Any], geoproperty: str) -> list[BaseGeometry]:
    """Return the geometries of an entity's GeoProperty, one an instance."""
    found = (
        geo.stored(instance.get("value"))
        for instance in attrs.get(geoproperty, ())
        if instance.get("type") == "GeoProperty"
    )
    return [geometry for geometry in found if geometry is not None]


def matches_geometry(query: GeoQuery, target: BaseGeometry) -> bool:
    """Say whether a geometry stands in the query's relation to its reference."""
    if query.relation == "near":
        return _is_within(query, geo.distance_m(target, query.reference))
    return bool(getattr(query.reference, _ASKED[query.relation])(target))


def _is_within(query: GeoQuery, metres: float) -> bool:
    if query.max_distance is not None:
        return metres <= query.max_distance
    return query.min_distance is not None and metres > query.min_distance


def to_sql(query: GeoQuery, params: dict[str, Any], alias: str = "e") -> str:
    """Return a condition that every matching row meets: rows that do still need `matches`.

    `<alias>.bounds` is the box around the GeoProperty `location`.
    """
    if query.geoproperty != LOCATION:
        return f"{alias}.attrs ? {bind(params, query.geoproperty)}"
    if query.relation == "disjoint" or query.min_distance is not None:
        return f"{alias}.bounds is not null"
    if query.max_distance is not None:
        box = geo.near_bounds(query.reference, query.max_distance)
    else:
        box = geo.to_bounds([query.reference])
    inside = f"({alias}.bounds && {bind(params, geo.box_literal(box))}::box)"
    if query.max_distance is not None and isinstance(query.reference, shapely.Point):
        return f"{inside} and {_sql_near(query.reference, query.max_distance, params, alias)}"
    return inside


def is_narrow(query: GeoQuery) -> bool:
    """Whether `to_sql` asks for a box, which few of many entities are in."""
    open_ended = query.relation == "disjoint" or query.min_distance is not None
    return query.geoproperty == LOCATION and not open_ended


def _sql_near(reference: shapely.Point, metres: float, params: dict[str, Any], alias: str) -> str:
    """Return that a box is not of a single point farther away (see geo.haversine_m).

    With a little room, as PostgreSQL may round otherwise: `matches` has the last word.
    """
    angle = metres * (1 + 1e-6) / (2 * geo.EARTH_RADIUS_M)
    if angle >= math.pi / 2:
        return "true"
    east, north = f"({alias}.bounds[0])[0]", f"({alias}.bounds[0])[1]"
    point = f"{east} = ({alias}.bounds[1])[0] and {north} = ({alias}.bounds[1])[1]"
    lon, lat = bind(params, reference.x), bind(params, reference.y)
    cosine = bind(params, math.cos(math.radians(reference.y)))
    half = (
        f"sin(radians({north} - {lat}::float8) / 2) ^ 2 + {cosine}::float8"
        f" * cos(radians({north})) * sin(radians({east} - {lon}::float8) / 2) ^ 2"
    )
    return f"(not ({point}) or {half} <= {bind(params, math.sin(angle) ** 2)}::float8)"
