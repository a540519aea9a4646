"""Coordinate reference systems (OGC API - Features, Part 2) and the map's projection.

Everything is kept in CRS84: longitude and latitude in degrees. An answer in another system has the
axes in the order its definition gives: EPSG:4326 latitude first, a plane rectangular system
(平面直角座標系) north first. JGD2011 and WGS 84 differ by less than what the data are exact to and
count as one (PROJ's ballpark).
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from tamamo.kernel.geo import Bounds
from tamamo.registers.features.errors import BadParameter

CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_EPSG: Final = "http://www.opengis.net/def/crs/EPSG/0/"
WEB_MERCATOR: Final = _EPSG + "3857"
#: Latitude first, in degrees: WGS 84 and JGD2011.
_TURNED: Final = frozenset({_EPSG + "4326", _EPSG + "6668"})
#: JGD2011 / Japan Plane Rectangular CS I to XIX.
_PLANE: Final = tuple(f"{_EPSG}{code}" for code in range(6669, 6688))
#: All that answers can be had in, the one that data are kept in first.
OFFERED: Final = (CRS84, _EPSG + "4326", WEB_MERCATOR, _EPSG + "6668", *_PLANE)

#: Half the width of the world in metres in EPSG:3857 (π · 6 378 137 m).
_HALF_WORLD: Final = math.pi * 6_378_137.0
#: The latitude where the square of the Web Mercator world ends.
MERCATOR_LATITUDE: Final = 85.051_128_779_806_59
#: Decimals of a coordinate in metres: millimetres.
_DECIMALS: Final = 3


def check(text: str, field: str) -> str:
    """Return the URI of a system that is offered. Raises BadParameter naming the parameter."""
    uri = text.strip()
    if uri.startswith("[") and uri.endswith("]"):  # a safe CURIE: [EPSG:6671]
        authority, _, code = uri[1:-1].rpartition(":")
        uri = CRS84 if code == "CRS84" else f"{_EPSG}{code}" if authority == "EPSG" else uri
    if uri not in OFFERED:
        raise BadParameter(f"{field}: {text!r} is none of the systems offered", field=field)
    return uri


def to_square(longitude: float, latitude: float) -> tuple[float, float]:
    """Return the place in the Web Mercator square: 0..1 from west, 0..1 from north."""
    held = max(-MERCATOR_LATITUDE, min(MERCATOR_LATITUDE, latitude))
    y = (1 - math.asinh(math.tan(math.radians(held))) / math.pi) / 2
    return (longitude + 180) / 360, y


def from_square(x: float, y: float) -> tuple[float, float]:
    """Return longitude and latitude of a place in the Web Mercator square."""
    return x * 360 - 180, math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y))))


def box_in(values: Sequence[float], system: str) -> Bounds:
    """Return a box given in a system, lower corner first, in CRS84.

    West may lie east of east: the box then spans the antimeridian. Raises BadParameter.
    """
    low_x, low_y, high_x, high_y = values
    if system in _TURNED:
        low_x, low_y, high_x, high_y = low_y, low_x, high_y, high_x
    elif system == WEB_MERCATOR:
        corners = [(low_x, low_y), (high_x, high_y)]
        (low_x, low_y), (high_x, high_y) = (_from_mercator(x, y) for x, y in corners)
    elif system in _PLANE:
        low_x, low_y, high_x, high_y = _plane_box(values, system)
    in_reach = -180 <= low_x <= 180 and -180 <= high_x <= 180 and -90 <= low_y <= high_y <= 90
    if not in_reach:
        raise BadParameter("bbox lies outside the Earth or is upside down", field="bbox")
    return low_x, low_y, high_x, high_y


def geometry_in(geometry: dict[str, Any] | None, system: str) -> dict[str, Any] | None:
    """Return a GeoJSON geometry of CRS84 in another system."""
    if geometry is None or system == CRS84:
        return geometry
    return {**geometry, "coordinates": _coordinates(geometry["coordinates"], system)}


def _coordinates(held: Any, system: str) -> Any:
    if held and isinstance(held[0], int | float):
        return [*_position(held[0], held[1], system), *held[2:]]
    return [_coordinates(part, system) for part in held]


def _position(longitude: float, latitude: float, system: str) -> tuple[float, float]:
    if system in _TURNED:
        return latitude, longitude
    if system == WEB_MERCATOR:
        x, y = to_square(longitude, latitude)
        east, north = (2 * x - 1) * _HALF_WORLD, (1 - 2 * y) * _HALF_WORLD
        return round(east, _DECIMALS), round(north, _DECIMALS)
    north, east = _transformer(system).transform(longitude, latitude)
    return round(north, _DECIMALS), round(east, _DECIMALS)


def _from_mercator(east: float, north: float) -> tuple[float, float]:
    if not (abs(east) <= _HALF_WORLD and abs(north) <= _HALF_WORLD):
        raise BadParameter("bbox lies outside the Earth or is upside down", field="bbox")
    return from_square((east / _HALF_WORLD + 1) / 2, (1 - north / _HALF_WORLD) / 2)


def _plane_box(values: Sequence[float], system: str) -> Bounds:
    low_north, low_east, high_north, high_east = values
    back = _transformer(system)
    # The edges of the box are curves in degrees: the box around points along them holds it all.
    steps = [step / 16 for step in range(17)]
    found = []
    for share in steps:
        north = low_north + share * (high_north - low_north)
        east = low_east + share * (high_east - low_east)
        edges = [(north, low_east), (north, high_east), (low_north, east), (high_north, east)]
        found += [back.transform(*place, direction="INVERSE") for place in edges]
    if not all(math.isfinite(value) for place in found for value in place):
        raise BadParameter("bbox lies outside its coordinate system", field="bbox")
    west, east = min(place[0] for place in found), max(place[0] for place in found)
    return west, min(place[1] for place in found), east, max(place[1] for place in found)


@lru_cache(maxsize=len(_PLANE))
def _transformer(system: str) -> Any:
    """Return what brings CRS84 into a system, in the order of its axes."""
    import pyproj  # noqa: PLC0415 - 20 MB that only these systems need

    code = system.removeprefix(_EPSG)
    return pyproj.Transformer.from_crs("OGC:CRS84", f"EPSG:{code}")
