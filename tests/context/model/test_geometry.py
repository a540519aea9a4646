"""GeoJSON by RFC 7946."""

from typing import Any

import pytest

from tamamo.context.model.geometry import check_geometry, looks_like_geometry
from tamamo.context.model.values import Fault

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
    assert check_geometry(geometry) is geometry
    assert looks_like_geometry(geometry)


@pytest.mark.parametrize(
    ("geometry", "pointer", "reason"),
    [
        (5, "", "not a GeoJSON geometry"),
        ("{", "", "neither"),
        ('"x"', "", "not a GeoJSON geometry"),
        ({"type": "Circle", "coordinates": []}, "/type", "not one of"),
        ({"coordinates": [1, 2]}, "/type", "not one of"),
        ({"type": ["Point"], "coordinates": [1, 2]}, "/type", "not one of"),
        ({"type": "Point"}, "/coordinates", "needs coordinates"),
        ({"type": "Point", "coordinates": [1]}, "/coordinates", "a position"),
        ({"type": "Point", "coordinates": [1, 2, 3, 4]}, "/coordinates", "a position"),
        ({"type": "Point", "coordinates": [1, "2"]}, "/coordinates", "numbers"),
        ({"type": "Point", "coordinates": [True, 2]}, "/coordinates", "numbers"),
        ({"type": "Point", "coordinates": [34.3, 134.0]}, "/coordinates/1", "latitude 134.0"),
        ({"type": "Point", "coordinates": [181, 2]}, "/coordinates/0", "longitude"),
        ({"type": "MultiPoint", "coordinates": []}, "/coordinates", "array with content"),
        ({"type": "MultiPoint", "coordinates": [[0, 0], [0]]}, "/coordinates/1", "a position"),
        ({"type": "LineString", "coordinates": [[0, 0]]}, "/coordinates", "two positions"),
        (
            {"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]], [[0, 0]]]},
            "/coordinates/1",
            "two positions",
        ),
        ({"type": "Polygon", "coordinates": [SQUARE[:3]]}, "/coordinates/0", "four positions"),
        ({"type": "Polygon", "coordinates": [SQUARE[:4]]}, "/coordinates/0", "not closed"),
        (
            {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]},
            "/coordinates",
            "crosses",
        ),
        (
            {"type": "Polygon", "coordinates": [SQUARE, [[9, 9], [9, 10], [10, 10], [9, 9]]]},
            "/coordinates",
            "crosses",
        ),
        (
            {"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE[:4]]]},
            "/coordinates/1/0",
            "not closed",
        ),
        ({"type": "Polygon", "coordinates": [[[[0]]]]}, "/coordinates/0/0", "a position"),
    ],
)
def test_invalid_geometries_are_refused_naming_the_place(
    geometry: Any, pointer: str, reason: str
) -> None:
    with pytest.raises(Fault, match=reason) as caught:
        check_geometry(geometry)
    assert caught.value.pointer == pointer


def test_a_geometry_of_too_many_positions_is_refused_at_once() -> None:
    for kind, coordinates in (
        ("LineString", [[0, 0]] * 100_001),
        ("MultiPolygon", [[[[0, 0]] * 60_000], [[[0, 0]] * 60_000]]),
    ):
        with pytest.raises(Fault, match="at most 100000 positions"):
            check_geometry({"type": kind, "coordinates": coordinates})
