"""Geometry: what is taken, what is refused and how, distances and boxes."""

import math
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, box

from tamamo.kernel import geo

longitudes = st.floats(-180, 180)
latitudes = st.floats(-89, 89)


SQUARE = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]
HOLE = [[1, 1], [1, 2], [2, 2], [2, 1], [1, 1]]


@pytest.mark.parametrize(
    ("kind", "coordinates"),
    [
        ("Point", [134.05, 34.34]),
        ("Point", [134.05, 34.34, 12.5]),
        ("MultiPoint", [[0, 0], [1, 1]]),
        ("LineString", [[0, 0], [1, 1]]),
        ("LineString", [[0, 0], [1, 1], [1, 0], [0, 1]]),  # a line may cross itself
        ("MultiLineString", [[[0, 0], [1, 1]], [[2, 2], [3, 3]]]),
        ("Polygon", [SQUARE]),
        ("Polygon", [SQUARE, HOLE]),
        ("Polygon", [SQUARE[::-1]]),  # RFC 7946: the other direction is not to be refused
        ("MultiPolygon", [[SQUARE], [[[10, 10], [12, 10], [12, 12], [10, 10]]]]),
    ],
)
def test_valid_geometries_come_back_as_they_are(kind: str, coordinates: Any) -> None:
    geometry = {"type": kind, "coordinates": coordinates}
    assert geo.check(geometry) is geometry
    assert geo.check(orjson.dumps(geometry).decode()) == geometry
    geo.check_coordinates(kind, _tuples(coordinates))


@pytest.mark.parametrize(
    ("geometry", "path", "reason"),
    [
        (5, (), "not a GeoJSON geometry"),
        ("{", (), "neither"),
        ('"x"', (), "not a GeoJSON geometry"),
        ({"type": "Circle", "coordinates": []}, ("type",), "not one of"),
        ({"coordinates": [1, 2]}, ("type",), "not one of"),
        ({"type": ["Point"], "coordinates": [1, 2]}, ("type",), "not one of"),
        ({"type": "Point"}, ("coordinates",), "needs coordinates"),
        ({"type": "Point", "coordinates": [1]}, ("coordinates",), "a position"),
        ({"type": "Point", "coordinates": [1, 2, 3, 4]}, ("coordinates",), "a position"),
        ({"type": "Point", "coordinates": [1, "2"]}, ("coordinates",), "numbers"),
        ({"type": "Point", "coordinates": [True, 2]}, ("coordinates",), "numbers"),
        ({"type": "Point", "coordinates": [34.3, 134.0]}, ("coordinates", 1), "latitude 134.0"),
        ({"type": "Point", "coordinates": [181, 2]}, ("coordinates", 0), "longitude"),
        ({"type": "MultiPoint", "coordinates": []}, ("coordinates",), "array with content"),
        ({"type": "MultiPoint", "coordinates": [[0, 0], [0]]}, ("coordinates", 1), "a position"),
        ({"type": "LineString", "coordinates": [[0, 0]]}, ("coordinates",), "two positions"),
        (
            {"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]], [[0, 0]]]},
            ("coordinates", 1),
            "two positions",
        ),
        ({"type": "Polygon", "coordinates": [SQUARE[:3]]}, ("coordinates", 0), "four positions"),
        ({"type": "Polygon", "coordinates": [SQUARE[:4]]}, ("coordinates", 0), "not closed"),
        (
            {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]},
            ("coordinates",),
            "crosses",
        ),
        (
            {"type": "Polygon", "coordinates": [SQUARE, [[9, 9], [9, 10], [10, 10], [9, 9]]]},
            ("coordinates",),
            "crosses",
        ),
        (
            {"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE[:4]]]},
            ("coordinates", 1, 0),
            "not closed",
        ),
        ({"type": "Polygon", "coordinates": [[[[0]]]]}, ("coordinates", 0, 0), "a position"),
    ],
)
def test_invalid_geometries_are_refused_naming_the_place(
    geometry: Any, path: tuple[str | int, ...], reason: str
) -> None:
    with pytest.raises(geo.BadGeometry, match=reason) as caught:
        geo.check(geometry)
    assert caught.value.path == path


def test_a_geometry_of_too_many_positions_is_refused_at_once() -> None:
    for kind, coordinates in (
        ("LineString", [[0, 0]] * 100_001),
        ("MultiPolygon", [[[[0, 0]] * 60_000], [[[0, 0]] * 60_000]]),
    ):
        with pytest.raises(geo.BadGeometry, match="at most 100000 positions"):
            geo.check({"type": kind, "coordinates": coordinates})


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def test_known_distances() -> None:
    # One degree of a great circle: R·π/180.
    assert geo.haversine_m(0, 0, 0, 1) == pytest.approx(111_195.08, abs=0.01)
    assert geo.haversine_m(0, 0, 180, 0) == pytest.approx(math.pi * geo.EARTH_RADIUS_M)
    # Two stations, in the plane: √((0.3157·111.195)² + (0.1282·111.195·cos 34.51°)²) km
    assert geo.haversine_m(134.0466, 34.3507, 133.9184, 34.6664) == pytest.approx(37_020, rel=2e-3)


@settings(max_examples=100, deadline=None)
@given(lon=longitudes, lat=latitudes, other_lon=longitudes, other_lat=latitudes)
def test_a_point_and_a_tiny_line_there_are_equally_far(
    lon: float, lat: float, other_lon: float, other_lat: float
) -> None:
    expected = geo.haversine_m(lon, lat, other_lon, other_lat)
    line = LineString([(other_lon, other_lat), (other_lon, other_lat + 1e-9)])
    assert geo.distance_m(Point(lon, lat), line) == pytest.approx(expected, abs=1, rel=1e-6)


@settings(max_examples=100, deadline=None)
@given(
    point=st.tuples(st.floats(133, 136), st.floats(33, 36)),
    line=st.lists(
        st.tuples(st.floats(133, 136), st.floats(33, 36)), min_size=2, max_size=4, unique=True
    ),
)
def test_the_distance_to_a_line_is_that_to_its_nearest_position(
    point: tuple[float, float], line: list[tuple[float, float]]
) -> None:
    steps = [n / 400 for n in range(401)]
    nearest = min(
        geo.haversine_m(*point, a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t)
        for a, b in pairwise(line)
        for t in steps
    )
    found = geo.distance_m(Point(point), LineString(line))
    assert found <= nearest + 3
    assert found >= nearest - 600  # between two of the 401 positions
    assert geo.distance_m(LineString(line), Point(point)) == found


def test_areas_are_measured_from_their_edges_and_meet_inside() -> None:
    west, east = box(0, 0, 1, 1), box(2, 0, 3, 1)
    assert geo.distance_m(west, east) == pytest.approx(geo.haversine_m(1, 1, 2, 1), rel=1e-4)
    assert geo.distance_m(west, Point(0.5, 0.5)) == 0
    assert geo.distance_m(west, box(1, 1, 2, 2)) == 0


def test_many_positions_give_the_distance_of_the_nearest() -> None:
    ring = Point(10, 45).buffer(1, quad_segs=500)
    far = Point(20, 45).buffer(1, quad_segs=500)
    few = geo.distance_m(Point(11, 45), Point(19, 45))
    assert geo.distance_m(ring, far) == pytest.approx(few, rel=2e-3)


@settings(max_examples=200, deadline=None)
@given(
    lon=longitudes, lat=latitudes, bearing=st.floats(0, 2 * math.pi), metres=st.floats(1, 3_000_000)
)
def test_what_is_near_is_within_the_bounds_of_near(
    lon: float, lat: float, bearing: float, metres: float
) -> None:
    # The destination from a start, a bearing and a distance on the sphere.
    angle, phi = metres / geo.EARTH_RADIUS_M, math.radians(lat)
    there = math.asin(
        math.sin(phi) * math.cos(angle) + math.cos(phi) * math.sin(angle) * math.cos(bearing)
    )
    turn = math.atan2(
        math.sin(bearing) * math.sin(angle) * math.cos(phi),
        math.cos(angle) - math.sin(phi) * math.sin(there),
    )
    other = (lon + math.degrees(turn) + 540) % 360 - 180, math.degrees(there)
    west, south, east, north = geo.near_bounds(Point(lon, lat), metres)
    assert west <= other[0] <= east
    assert south <= other[1] <= north


def test_bounds_and_their_text() -> None:
    assert geo.to_bounds([Point(3, 4), box(0, 1, 2, 2)]) == (0, 1, 3, 4)
    assert geo.box_literal((0.1, 1, 3, 4.5)) == "((3,4.5),(0.1,1))"
    with pytest.raises(ValueError, match="no geometry"):
        geo.to_bounds([])


def test_stored_values_are_read_without_failing() -> None:
    crossing = {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}
    made = geo.stored(crossing)
    assert made is not None
    assert made.is_valid
    for value in (None, 5, "x", {}, {"type": "Point"}, {"type": "Nothing", "coordinates": []}):
        assert geo.stored(value) is None
