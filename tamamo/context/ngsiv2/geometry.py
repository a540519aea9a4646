"""The Simple Location Format and GeoJSON (NGSIv2, "Geospatial properties of entities").

Simple locations are latitude before longitude in texts; GeoJSON is longitude before latitude.
"""

import math
from typing import Any, Final

from tamamo.context.model.geometry import check_geometry
from tamamo.context.model.values import Fault

GEO_TYPES: Final = frozenset({"geo:point", "geo:line", "geo:box", "geo:polygon", "geo:json"})
_SIMPLE: Final = {"geo:line": 2, "geo:box": 2, "geo:polygon": 4}


def to_geojson(kind: str, value: Any) -> dict[str, Any]:
    """Return the GeoJSON geometry of a value of one of GEO_TYPES. Raises Fault."""
    if kind == "geo:json":
        return check_geometry(value)
    if kind == "geo:point":
        if type(value) is not str:
            raise Fault('a geo:point is a text such as "34.34, 134.05"')
        return _checked({"type": "Point", "coordinates": read_position(value)})
    if type(value) is not list or any(type(item) is not str for item in value):
        raise Fault(f'a {kind} is an array of texts such as "34.34, 134.05"')
    if len(value) < _SIMPLE[kind]:
        raise Fault(f"a {kind} has at least {_SIMPLE[kind]} positions")
    return _checked(shape(kind.removeprefix("geo:"), [read_position(item) for item in value]))


def _checked(made: dict[str, Any]) -> dict[str, Any]:
    """Return the geometry; a fault in it has no place of its own in what the client sent."""
    try:
        return check_geometry(made)
    except Fault as fault:
        raise Fault(fault.reason) from None


def shape(kind: str, positions: list[list[float]]) -> dict[str, Any]:
    """Return line, box or polygon of positions as a GeoJSON object that is not checked yet."""
    if kind == "line":
        return {"type": "LineString", "coordinates": positions}
    if kind == "polygon":
        return {"type": "Polygon", "coordinates": [positions]}
    if len(positions) != 2:
        raise Fault("a box has two positions, the lower and the upper corner")
    (west, south), (east, north) = positions
    if not (west < east and south < north):
        raise Fault("a box has its lower corner (south-west) first, the upper one second")
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def read_position(text: str) -> list[float]:
    """Return [longitude, latitude] of "latitude, longitude". Raises Fault."""
    parts = text.split(",")
    try:
        latitude, longitude = (float(part) for part in parts)
    except ValueError:
        raise Fault(f"{text[:80]!r} is no pair of latitude and longitude") from None
    if not (math.isfinite(latitude) and math.isfinite(longitude)):
        raise Fault(f"{text[:80]!r} is no pair of latitude and longitude")
    return [longitude, latitude]


def to_simple(kind: str, geometry: dict[str, Any]) -> Any:
    """Return a geometry in the Simple Location Format, None where it has no such form."""
    shapes = {"geo:point": "Point", "geo:line": "LineString"}
    if geometry.get("type") != shapes.get(kind, "Polygon"):
        return None
    coordinates = geometry["coordinates"]
    if kind == "geo:point":
        return None if len(coordinates) > 2 else _text(coordinates)
    if kind != "geo:line":
        if len(coordinates) != 1:
            return None
        coordinates = coordinates[0]
    if any(len(position) > 2 for position in coordinates):
        return None
    if kind == "geo:box":
        corners = [coordinates[0], coordinates[2]] if len(coordinates) == 5 else []
        try:
            if shape("box", corners)["coordinates"] != geometry["coordinates"]:
                return None
        except Fault:
            return None
        coordinates = corners
    return [_text(position) for position in coordinates]


def _text(position: list[float]) -> str:
    return f"{position[1]}, {position[0]}"
