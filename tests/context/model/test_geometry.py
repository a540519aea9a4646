"""Geometries of GeoProperties: what is meant as one, and where a fault is said to be."""

import pytest

from tamamo.context.model.geometry import check_geometry, looks_like_geometry
from tamamo.context.model.values import Fault

POINT = {"type": "Point", "coordinates": [134.05, 34.34]}


def test_a_geometry_may_come_as_its_text() -> None:
    assert check_geometry(POINT) is POINT
    assert check_geometry('{"type": "Point", "coordinates": [134.05, 34.34]}') == POINT


def test_a_fault_names_its_place_by_a_json_pointer() -> None:
    with pytest.raises(Fault, match="latitude 134") as caught:
        check_geometry({"type": "MultiPoint", "coordinates": [[0, 0], [34.3, 134.0]]})
    assert caught.value.pointer == "/coordinates/1/1"


@pytest.mark.parametrize(
    "value", [5, "Point", {"type": "Point"}, {"type": "Place", "coordinates": []}, {"type": ["x"]}]
)
def test_other_values_are_no_geometries(value: object) -> None:
    assert not looks_like_geometry(value)
    assert looks_like_geometry(POINT)
