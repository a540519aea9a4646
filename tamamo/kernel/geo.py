"""Geometry: GeoJSON in, validity, bounding boxes and distances in metres.

Coordinates are WGS 84 longitude and latitude in degrees (RFC 7946). Lines between positions are
straight in longitude and latitude, as RFC 7946 (3.1.1) defines them. Distances are those of the
haversine formula on a sphere of the Earth's mean radius (NGSI-LD 4.23.1 asks for that formula).
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

#: Mean radius of the Earth in metres (IUGG, R1).
EARTH_RADIUS_M = 6_371_008.8

#: West, south, east, north in degrees.
Bounds = tuple[float, float, float, float]

#: How deep `coordinates` nest: 0 is one position.
_DEPTHS = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
#: The GeoJSON types that are taken.
KINDS = tuple(_DEPTHS)
#: Longest stretch, in degrees, taken as straight when a distance is measured (0.1° ≈ 11 km: the
#: line then leaves the true one by less than 2 m at 35° N).
_STRETCH = 0.1
_MAX_POSITIONS = 200_000

_Floats = NDArray[np.float64]


class BadGeometry(ValueError):
    """The value is no geometry of NGSI-LD; the text says what is wrong and where."""


def parse(value: Any, field: str = "location") -> BaseGeometry:
    """Return the geometry of a GeoJSON object or of its JSON text (NGSI-LD 4.7.1, 4.7.2).

    All geometries of RFC 7946 but GeometryCollection. Raises BadGeometry on anything else: a
    wrong nesting, an open ring, a position off the globe, a polygon that crosses itself.
    """
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise BadGeometry(f"{field}: the text is no JSON geometry ({error})") from error
    if not isinstance(value, dict):
        raise BadGeometry(f"{field}: a GeoJSON geometry is a JSON object")
    kind = value.get("type")
    if kind not in _DEPTHS:
        raise BadGeometry(f"{field}.type: {kind!r} is none of {', '.join(_DEPTHS)}")
    if "coordinates" not in value:
        raise BadGeometry(f"{field}.coordinates: missing")
    return from_coordinates(kind, value["coordinates"], f"{field}.coordinates")


def from_coordinates(kind: str, coordinates: Any, field: str = "coordinates") -> BaseGeometry:
    """Return the geometry of a GeoJSON type's name and coordinates; raises BadGeometry."""
    if kind not in _DEPTHS:
        raise BadGeometry(f"{field}: {kind!r} is none of {', '.join(_DEPTHS)}")
    if _check_nesting(coordinates, _DEPTHS[kind], field) > _MAX_POSITIONS:
        raise BadGeometry(f"{field}: more than {_MAX_POSITIONS} positions")
    if kind == "LineString":
        _check_line(coordinates, field)
    elif kind == "MultiLineString":
        for at, line in enumerate(coordinates):
            _check_line(line, f"{field}[{at}]")
    elif kind == "Polygon":
        _check_rings(coordinates, field)
    elif kind == "MultiPolygon":
        for at, polygon in enumerate(coordinates):
            _check_rings(polygon, f"{field}[{at}]")
    geometry = shape({"type": kind, "coordinates": coordinates})
    if not geometry.is_valid:
        raise BadGeometry(f"{field}: the geometry is not valid: {_why_invalid(geometry)}")
    return geometry


def stored(value: Any) -> BaseGeometry | None:
    """Return the geometry of a value that was checked when it was written, quickly.

    None when it is no geometry; one that crosses itself is made valid, so that it has answers.
    """
    try:
        geometry = shape(value)
    except (AttributeError, KeyError, TypeError, ValueError, shapely.errors.ShapelyError):
        return None
    if geometry.geom_type == "Point" or geometry.is_valid:
        return geometry
    return shapely.make_valid(geometry)


def to_bounds(geometries: Iterable[BaseGeometry]) -> Bounds:
    """Return the box around all of them. Raises ValueError when there is none."""
    boxes = [geometry.bounds for geometry in geometries]
    if not boxes:
        raise ValueError("no geometry, no bounds")
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)


def box_literal(bounds: Bounds) -> str:
    """Return PostgreSQL's text for a `box`."""
    west, south, east, north = bounds
    return f"(({east!r},{north!r}),({west!r},{south!r}))"


def haversine_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Return the distance of two positions in metres: 2R·asin √(sin²Δφ/2 + cosφ₁cosφ₂sin²Δλ/2)."""
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    half = (
        math.sin((phi2 - phi1) / 2) ** 2
        + math.cos(phi1) * math.cos(phi2) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, half)))


def distance_m(one: BaseGeometry, other: BaseGeometry) -> float:
    """Return the shortest distance between two geometries in metres; 0 where they meet.

    From each position of the one with fewer of them, the other is drawn in the azimuthal
    equidistant projection, where distances from the centre are true; two geometries apart from
    each other are nearest at a position of one of them.
    """
    if one.geom_type == other.geom_type == "Point":
        return haversine_m(one.x, one.y, other.x, other.y)  # type: ignore[attr-defined]
    if one.intersects(other):
        return 0.0
    pairs = [(one, other), (other, one)]
    # Between points and anything else, the points are the ones to measure from.
    pairs = [pair for pair in pairs if pair[0].geom_type in ("Point", "MultiPoint")][:1] or pairs
    return min(
        _distance_from(float(lon), float(lat), _dense(target))
        for source, target in pairs
        for lon, lat in _candidates(source, target)
    )


def near_bounds(geometry: BaseGeometry, metres: float) -> Bounds:
    """Return a box that holds every position within that distance of the geometry."""
    west, south, east, north = geometry.bounds
    # A little more than asked: rounding must not lose what lies on the edge.
    angle = metres * 1.001 / EARTH_RADIUS_M + 1e-9
    south -= math.degrees(angle)
    north += math.degrees(angle)
    if south <= -90 or north >= 90:
        return -180.0, max(south, -90.0), 180.0, min(north, 90.0)
    lat = math.radians(max(abs(geometry.bounds[1]), abs(geometry.bounds[3])))
    reach = math.degrees(math.asin(min(1.0, math.sin(angle) / math.cos(lat))))
    west, east = west - reach, east + reach
    if west < -180 or east > 180:  # across the antimeridian
        west, east = -180.0, 180.0
    return west, south, east, north


def _check_nesting(coordinates: Any, depth: int, field: str) -> int:
    """Check the arrays down to each position; return how many positions there are."""
    if not isinstance(coordinates, (list, tuple)):
        raise BadGeometry(f"{field}: {coordinates!r} is no array")
    if depth == 0:
        _check_position(coordinates, field)
        return 1
    if not coordinates:
        raise BadGeometry(f"{field}: an empty array")
    return sum(
        _check_nesting(item, depth - 1, f"{field}[{at}]") for at, item in enumerate(coordinates)
    )


def _check_position(position: list[Any] | tuple[Any, ...], field: str) -> None:
    if not 2 <= len(position) <= 3 or not all(
        isinstance(number, (int, float)) and not isinstance(number, bool) and math.isfinite(number)
        for number in position
    ):
        raise BadGeometry(f"{field}: a position is [longitude, latitude] in numbers")
    if not -180 <= position[0] <= 180:
        raise BadGeometry(f"{field}[0]: longitude {position[0]} is not within -180 … 180")
    if not -90 <= position[1] <= 90:
        raise BadGeometry(f"{field}[1]: latitude {position[1]} is not within -90 … 90")


def _check_line(line: list[Any], field: str) -> None:
    if len(line) < 2:
        raise BadGeometry(f"{field}: a line has two positions or more")


def _check_rings(rings: list[Any], field: str) -> None:
    for at, ring in enumerate(rings):
        if len(ring) < 4:
            raise BadGeometry(f"{field}[{at}]: a ring has four positions or more")
        if list(ring[0]) != list(ring[-1]):
            raise BadGeometry(f"{field}[{at}]: the ring is not closed: its ends differ")


def _why_invalid(geometry: BaseGeometry) -> str:
    """Return shapely's reason in words, the place of the fault included."""
    reason, _, place = shapely.is_valid_reason(geometry).partition("[")
    words = "it crosses itself" if "Self-intersection" in reason else reason
    return f"{words} at [{place.rstrip(']').replace(' ', ', ')}]" if place else words


def _dense(geometry: BaseGeometry) -> BaseGeometry:
    """Return the geometry with positions close enough to be straight in any projection."""
    west, south, east, north = geometry.bounds
    if max(east - west, north - south) <= _STRETCH:
        return geometry
    return shapely.segmentize(geometry, max(_STRETCH, geometry.length / 10_000))


def _candidates(source: BaseGeometry, target: BaseGeometry) -> _Floats:
    """Return the positions of `source` from which the nearest part of `target` is sought.

    All of them where they are few. Of many, those that a rough measure (degrees, longitude shrunk
    by the latitude) puts within a tenth of the shortest, which the exact measure then decides.
    """
    positions: _Floats = np.unique(shapely.get_coordinates(source), axis=0)
    if len(positions) <= 16:
        return positions
    shrink = math.cos(math.radians(shapely.get_coordinates(target)[:, 1].mean()))
    scaled = positions * (max(shrink, 0.01), 1.0)
    flat = shapely.transform(target, lambda xy: xy * (max(shrink, 0.01), 1.0))
    rough: _Floats = np.asarray(shapely.distance(shapely.points(scaled), flat))
    order = np.argsort(rough)
    close = order[rough[order] <= rough[order[0]] * 1.1 + 1e-4]
    chosen: _Floats = positions[close[:64]]
    return chosen


def _distance_from(lon: float, lat: float, target: BaseGeometry) -> float:
    """Return the distance in metres from one position to a geometry that does not hold it."""
    outline = target.boundary if "Polygon" in target.geom_type else target
    positions, part = shapely.get_coordinates(shapely.get_parts(outline), return_index=True)
    angle, flat = _around(lon, lat, positions)
    nearest = float(angle.min())
    if nearest < 0.5:  # farther off, a foot between two positions is at most 5 m nearer
        # The other side of the Earth has no direction, and cannot be the nearest here.
        follows = (part[1:] == part[:-1]) & (angle[1:] < 1) & (angle[:-1] < 1)
        start, way = flat[:-1][follows], (flat[1:] - flat[:-1])[follows]
        length = np.maximum((way**2).sum(axis=1), 1e-300)
        share = np.clip(-(start * way).sum(axis=1) / length, 0.0, 1.0)
        feet = np.hypot(*(start + way * share[:, np.newaxis]).T)
        nearest = min(nearest, float(feet.min(initial=np.inf)))
    return nearest * EARTH_RADIUS_M


def _around(lon: float, lat: float, positions: _Floats) -> tuple[_Floats, _Floats]:
    """Return the angles (radians) of positions from a centre, and where they lie around it.

    The azimuthal equidistant projection of the sphere: distances from the centre are true.
    """
    lons, lats = np.radians(positions[:, 0] - lon), np.radians(positions[:, 1])
    centre = math.radians(lat)
    half = np.sin((lats - centre) / 2) ** 2 + (
        math.cos(centre) * np.cos(lats) * np.sin(lons / 2) ** 2
    )
    angle: _Floats = 2 * np.arcsin(np.sqrt(np.minimum(1.0, half)))
    x = np.cos(lats) * np.sin(lons)
    y = math.cos(centre) * np.sin(lats) - math.sin(centre) * np.cos(lats) * np.cos(lons)
    # The direction (x, y) has the length sin(angle); stretched to the arc it is true.
    length = np.hypot(x, y)
    stretch = np.divide(angle, length, out=np.ones_like(angle), where=length > 0)
    flat: _Floats = np.column_stack((x * stretch, y * stretch))
    return angle, flat
