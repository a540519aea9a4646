"""Geometry: GeoJSON in, validity, bounding boxes and distances in metres.

Coordinates are WGS 84 longitude and latitude in degrees (RFC 7946). Lines between positions are
straight in longitude and latitude, as RFC 7946 (3.1.1) defines them. Distances are those of the
haversine formula on a sphere of the Earth's mean radius (NGSI-LD 4.23.1 asks for that formula).
"""

import math
from collections.abc import Iterable
from typing import Any, Final

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

#: GeoJSON type that is taken → how deep its `coordinates` nest; 0 is one position.
KINDS: Final = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
#: Positions in a geometry at most; checking a ring of more would hold up other requests.
MAX_POSITIONS: Final = 100_000
#: Longest stretch, in degrees, taken as straight when a distance is measured (0.1° ≈ 11 km: the
#: line then leaves the true one by less than 2 m at 35° N).
_STRETCH = 0.1

_Floats = NDArray[np.float64]
_Array = list[Any] | tuple[Any, ...]
_Path = tuple[str | int, ...]


class BadGeometry(ValueError):
    """The value is no geometry of NGSI-LD: `reason` says what is wrong, `path` where in it."""

    def __init__(self, reason: str, *path: str | int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path


def check(value: Any) -> dict[str, Any]:
    """Return the GeoJSON object of a geometry given so or as its JSON text (NGSI-LD 4.7).

    All geometries of RFC 7946 but GeometryCollection. Raises BadGeometry on anything else: a
    wrong nesting, an open ring, a position off the globe, a polygon that crosses itself.
    """
    if type(value) is str:
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise BadGeometry("is neither a GeoJSON geometry nor the text of one") from None
    if type(value) is not dict:
        raise BadGeometry("is not a GeoJSON geometry")
    kind = value.get("type")
    if type(kind) is not str or kind not in KINDS:
        raise BadGeometry(f"is not one of the geometries {', '.join(KINDS)}", "type")
    if "coordinates" not in value:
        raise BadGeometry("a geometry needs coordinates", "coordinates")
    check_coordinates(kind, value["coordinates"], "coordinates")
    return value


def check_coordinates(kind: str, coordinates: Any, *path: str) -> None:
    """Raise BadGeometry unless these are coordinates of that kind, one of KINDS."""
    depth = KINDS[kind]
    if depth == 0:  # no path of its own to keep: nearly all geometries are points
        if not _is_place(coordinates):
            _check_position(coordinates, path)
        return
    if _positions(coordinates, depth) > MAX_POSITIONS:
        raise BadGeometry(f"a geometry may have at most {MAX_POSITIONS} positions", *path)
    _check_nested(coordinates, depth, path)
    if kind == "LineString":
        _check_line(coordinates, path)
    elif kind == "MultiLineString":
        for index, line in enumerate(coordinates):
            _check_line(line, (*path, index))
    elif kind == "Polygon":
        _check_rings(coordinates, path)
    elif kind == "MultiPolygon":
        for index, rings in enumerate(coordinates):
            _check_rings(rings, (*path, index))
    if kind.endswith("Polygon"):
        geometry = shape({"type": kind, "coordinates": coordinates})
        if not geometry.is_valid:
            reason = _why_invalid(geometry)
            raise BadGeometry(f"the geometry crosses or touches itself: {reason}", *path)


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


def _positions(value: Any, depth: int) -> int:
    if not isinstance(value, (list, tuple)):
        return 0
    return len(value) if depth == 1 else sum(_positions(item, depth - 1) for item in value)


def _check_nested(value: Any, depth: int, path: _Path) -> None:
    """Check the arrays down to each position."""
    if not isinstance(value, (list, tuple)) or not value:
        raise BadGeometry("an array with content is expected", *path)
    for index, item in enumerate(value):
        if depth == 1:
            _check_position(item, path, index)
        else:
            _check_nested(item, depth - 1, (*path, index))


def _is_place(position: Any) -> bool:
    """Whether these are two decimal numbers on the globe: what nearly all positions are."""
    if type(position) is not list or len(position) != 2:
        return False
    east, north = position
    return (
        type(east) is float and type(north) is float and -180 <= east <= 180 and -90 <= north <= 90
    )


def _check_position(position: Any, path: _Path, *index: int) -> None:
    """Check longitude, latitude and perhaps altitude (RFC 7946, section 3.1.1)."""
    if not isinstance(position, (list, tuple)) or not 2 <= len(position) <= 3:
        reason = "a position is an array of longitude, latitude and perhaps altitude"
        raise BadGeometry(reason, *path, *index)
    for number in position:
        kind = type(number)
        if (kind is not float and kind is not int) or not math.isfinite(number):
            raise BadGeometry("a position consists of numbers", *path, *index)
    if not -180 <= position[0] <= 180:
        reason = f"longitude {position[0]} is not between -180 and 180"
        raise BadGeometry(reason, *path, *index, 0)
    if not -90 <= position[1] <= 90:
        reason = f"latitude {position[1]} is not between -90 and 90"
        raise BadGeometry(reason, *path, *index, 1)


def _check_line(line: _Array, path: _Path) -> None:
    if len(line) < 2:
        raise BadGeometry("a line needs two positions", *path)


def _check_rings(rings: _Array, path: _Path) -> None:
    for index, ring in enumerate(rings):
        if len(ring) < 4:
            reason = "a ring needs four positions, the last equal to the first"
            raise BadGeometry(reason, *path, index)
        if ring[0] != ring[-1]:
            reason = "the ring is not closed: its last position differs from its first"
            raise BadGeometry(reason, *path, index)


def _why_invalid(geometry: BaseGeometry) -> str:
    """Return shapely's reason in words, the place of the fault included."""
    reason, _, place = shapely.is_valid_reason(geometry).partition("[")
    return f"{reason} at [{place.rstrip(']').replace(' ', ', ')}]" if place else reason


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
