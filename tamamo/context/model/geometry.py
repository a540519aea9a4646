"""GeoJSON geometries as values of GeoProperties (clause 4.7, RFC 7946)."""

import math
from typing import Any, Final

import orjson
import shapely
from shapely.geometry import shape

from tamamo.context.model.values import Fault

#: Positions in a geometry at most; checking a ring of more would hold up other requests.
MAX_POSITIONS: Final = 100_000
#: Geometry type → how deep its coordinates nest.
GEOMETRIES: Final = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}


def looks_like_geometry(value: Any) -> bool:
    """Whether an object without an attribute type is meant as a geometry."""
    if type(value) is not dict or "coordinates" not in value:
        return False
    kind = value.get("type")
    return type(kind) is str and kind in GEOMETRIES


def check_geometry(value: Any) -> dict[str, Any]:
    """Return the geometry as an object; it may come as a JSON text (clause 4.7.2).

    Raises Fault: no known type, coordinates of the wrong shape or outside the world, a ring that
    is not closed, a polygon that crosses itself.
    """
    if type(value) is str:
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise Fault("is neither a GeoJSON geometry nor the text of one") from None
    if type(value) is not dict:
        raise Fault("is not a GeoJSON geometry")
    kind = value.get("type")
    if type(kind) is not str or kind not in GEOMETRIES:
        known = ", ".join(GEOMETRIES)
        raise Fault(f"is not one of the geometries {known}", "type")
    if "coordinates" not in value:
        raise Fault("a geometry needs coordinates", "coordinates")
    try:
        _check_coordinates(kind, value["coordinates"], GEOMETRIES[kind])
    except Fault as fault:
        raise fault.under("coordinates") from None
    return value


def _check_coordinates(kind: str, coordinates: Any, depth: int) -> None:
    if depth == 0:
        _check_position(coordinates)
        return
    if _positions(coordinates, depth) > MAX_POSITIONS:
        raise Fault(f"a geometry may have at most {MAX_POSITIONS} positions")
    _check_nested(coordinates, depth)
    if kind == "LineString":
        _check_line(coordinates)
    elif kind == "MultiLineString":
        for index, line in enumerate(coordinates):
            _at(index, _check_line, line)
    elif kind == "Polygon":
        _check_rings(coordinates)
    elif kind == "MultiPolygon":
        for index, rings in enumerate(coordinates):
            _at(index, _check_rings, rings)
    if kind.endswith("Polygon"):
        geometry = shape({"type": kind, "coordinates": coordinates})
        if not geometry.is_valid:
            raise Fault(f"the geometry crosses or touches itself: {_reason(geometry)}")


def _positions(value: Any, depth: int) -> int:
    if type(value) is not list:
        return 0
    return len(value) if depth == 1 else sum(_positions(item, depth - 1) for item in value)


def _check_nested(value: Any, depth: int) -> None:
    if type(value) is not list or not value:
        raise Fault("an array with content is expected")
    for index, item in enumerate(value):
        if depth == 1:
            _at(index, _check_position, item)
        else:
            _at(index, lambda inner: _check_nested(inner, depth - 1), item)


def _check_position(position: Any) -> None:
    """Check longitude, latitude and perhaps altitude (RFC 7946, section 3.1.1)."""
    if type(position) is not list or not 2 <= len(position) <= 3:
        raise Fault("a position is an array of longitude, latitude and perhaps altitude")
    for number in position:
        kind = type(number)
        if (kind is not float and kind is not int) or not math.isfinite(number):
            raise Fault("a position consists of numbers")
    if not -180 <= position[0] <= 180:
        raise Fault(f"longitude {position[0]} is not between -180 and 180", 0)
    if not -90 <= position[1] <= 90:
        raise Fault(f"latitude {position[1]} is not between -90 and 90", 1)


def _check_line(line: list[Any]) -> None:
    if len(line) < 2:
        raise Fault("a line needs two positions")


def _check_rings(rings: list[Any]) -> None:
    for index, ring in enumerate(rings):
        if len(ring) < 4:
            raise Fault("a ring needs four positions, the last equal to the first", index)
        if ring[0] != ring[-1]:
            raise Fault("the ring is not closed: its last position differs from its first", index)


def _at(index: int, check: Any, value: Any) -> None:
    try:
        check(value)
    except Fault as fault:
        raise fault.under(index) from None


def _reason(geometry: Any) -> str:
    return str(shapely.is_valid_reason(geometry))
