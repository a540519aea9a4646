"""Parameters, coordinate systems and tiles: pure functions."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamamo.registers.declaration import Texts
from tamamo.registers.features import asking, crs, tiles
from tamamo.registers.features.errors import BadParameter
from tamamo.registers.features.model import Cell, Collection, Place, Property

LAMPS = Collection(
    "Lamp", "type", "Lamp", Texts("灯", "Lamps"), Texts("灯", "Lamps"),
    (Property("watt", "number"), Property("address", "object", filtered=False)),
)  # fmt: skip
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "x"),
        ("limit", "１０"),
        ("limit", ""),
        ("bbox", "1,2,3"),
        ("bbox", "1,40,2,30"),
        ("bbox", "a,b,c,d"),
        ("bbox", "nan,1,2,3"),
        ("bbox", "1,2,inf,3"),
        ("bbox", "1,2,3,91"),
        ("datetime", "yesterday"),
        ("datetime", "2026-01-02/2026-01-01"),
        ("datetime", "../.."),
        ("datetime", "2026-01-01T00:00:00"),
        ("datetime", "2026-13-01"),
        ("crs", "EPSG:4326"),
        ("bbox-crs", EPSG + "1"),
        ("properties", "height"),
        ("colour", "red"),
        ("address", "somewhere"),
        ("watt", "\x00"),
        ("watt", "9" * 2_000),
    ],
)
def test_what_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(BadParameter) as raised:
        asking.items({name: value}, LAMPS)
    assert raised.value.status == 400
    assert raised.value.extra["field"] == name


def test_what_is_asked() -> None:
    params = {
        "limit": "5000",
        "bbox": "170,-10,-170,10",
        "datetime": "2026-01-01/..",
        "properties": "watt,watt",
        "watt": "3",
        "crs": "[EPSG:6672]",
    }
    asked = asking.items(params, LAMPS)
    assert asked.limit == asking.MOST
    assert asked.boxes == ((170.0, -10.0, 180.0, 10.0), (-180.0, -10.0, -170.0, 10.0))
    assert (asked.start, asked.end) == (datetime(2025, 12, 31, 15, tzinfo=UTC), None)
    assert (asked.properties, asked.filters) == (("watt",), {"watt": "3"})
    assert asked.system == EPSG + "6672"


def test_a_day_is_a_day_in_japan() -> None:
    start, end = asking.interval("2026-01-01")
    assert start == datetime(2025, 12, 31, 15, tzinfo=UTC)
    assert end == datetime(2026, 1, 1, 14, 59, 59, 999_999, UTC)


@given(st.floats(-180, 180), st.floats(-85, 85))
def test_the_square_is_left_as_it_was_entered(east: float, north: float) -> None:
    x, y = crs.to_square(east, north)
    assert 0 <= x <= 1 and 0 <= y <= 1
    assert crs.from_square(x, y) == pytest.approx((east, north), abs=1e-9)


@settings(deadline=None)  # the first of a system loads its definition
@given(st.floats(133.5, 134.5), st.floats(34.0, 34.6), st.sampled_from(crs.OFFERED))
def test_a_box_around_a_place_holds_it(east: float, north: float, system: str) -> None:
    shown = crs.geometry_in({"type": "Point", "coordinates": [east, north]}, system)
    assert shown is not None
    one, other = shown["coordinates"]
    room = 1e-6 if abs(one) < 200 else 1
    west, south, right, top = crs.box_in(
        (one - room, other - room, one + room, other + room), system
    )
    assert west <= east <= right and south <= north <= top
    assert right - west < 0.01 and top - south < 0.01


def test_nested_coordinates_are_turned_and_heights_kept() -> None:
    ring = [[134.0, 34.0, 5.0], [135.0, 34.0, 5.0], [134.0, 35.0, 5.0], [134.0, 34.0, 5.0]]
    turned = crs.geometry_in({"type": "Polygon", "coordinates": [ring]}, EPSG + "4326")
    assert turned is not None
    assert turned["coordinates"][0][1] == [34.0, 135.0, 5.0]


def decoded(features: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return the features of an encoded tile, read by the library."""
    import mapbox_vector_tile

    options = {"y_coord_down": True}
    tile = mapbox_vector_tile.decode(tiles.encode(features), default_options=options)
    found: list[dict[str, object]] = tile.get(tiles.LAYER, {"features": []})["features"]
    return found


def test_points_stand_where_they_are() -> None:
    east, north = 134.05, 34.34
    x, y = crs.to_square(east, north)
    place = (14, int(x * 2**14), int(y * 2**14))
    west, south, right, top = tiles.bounds_of(*place)
    assert west <= east <= right and south <= north <= top
    beside = Place("b", "", right + 0.001, north)
    found = decoded(tiles._features([Place("a", "あ", east, north), beside], place))
    assert [one["properties"] for one in found] == [{"id": "a", "title": "あ"}]
    geometry = found[0]["geometry"]
    assert isinstance(geometry, dict)
    across, down = geometry["coordinates"]
    assert west + (right - west) * across / 4096 == pytest.approx(east, abs=1e-5)
    assert top - (top - south) * down / 4096 == pytest.approx(north, abs=1e-5)


def test_areas_are_cut_at_the_edge_of_the_tile() -> None:
    ring = [[133, 33], [136, 33], [136, 36], [133, 36], [133, 33]]
    area = Place("a", "", 134.5, 34.5, {"type": "Polygon", "coordinates": [ring]})
    x, y = crs.to_square(134.05, 34.34)
    found = decoded(tiles._features([area], (12, int(x * 2**12), int(y * 2**12))))
    geometry = found[0]["geometry"]
    assert isinstance(geometry, dict)
    numbers = [number for position in geometry["coordinates"][0] for number in position]
    assert min(numbers) == -64 and max(numbers) == 4096 + 64


def test_cells_are_in_one_tile_only() -> None:
    middle = Cell(7, 0.0, 0.0)  # where four tiles of zoom 1 meet
    found = [tiles._cells([middle], (1, x, y)) for x in (0, 1) for y in (0, 1)]
    assert sum(len(one) for one in found) == 1
    assert math.isclose(sum(f["properties"]["count"] for one in found for f in one), 7)
