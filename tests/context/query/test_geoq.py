"""Geo-queries (4.10): against shapely directly, the prefilter never loses a match, faults."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box, mapping, shape
from shapely.geometry.base import BaseGeometry

from tamamo.context.errors import BadRequestData
from tamamo.context.model.entity import LOCATION, Entity
from tamamo.context.query import geoq
from tamamo.kernel import geo

from .conftest import VOCABULARY, Terms

RELATIONS = ["within", "contains", "intersects", "equals", "disjoint", "overlaps"]

# A small grid, so that shapes meet, touch, hold and equal each other often.
grid = st.integers(0, 4)
positions = st.tuples(grid, grid).map(list)
boxes = (
    st.tuples(grid, grid, st.integers(1, 3), st.integers(1, 3))
    .map(lambda b: box(b[0], b[1], b[0] + b[2], b[1] + b[3]))
    .map(lambda b: mapping(b)["coordinates"])
)
lines = st.lists(positions, min_size=2, max_size=4).filter(
    lambda line: line[0] != line[-1] or len({tuple(p) for p in line}) > 2
)
geometries = st.one_of(
    positions.map(lambda c: {"type": "Point", "coordinates": c}),
    st.lists(positions, min_size=1, max_size=3).map(
        lambda c: {"type": "MultiPoint", "coordinates": c}
    ),
    lines.map(lambda c: {"type": "LineString", "coordinates": c}),
    st.lists(lines, min_size=1, max_size=2).map(
        lambda c: {"type": "MultiLineString", "coordinates": c}
    ),
    boxes.map(lambda c: {"type": "Polygon", "coordinates": c}),
    boxes.map(lambda c: {"type": "MultiPolygon", "coordinates": [c]}),
)


def located(*values: dict[str, Any]) -> Entity:
    instances = [{"type": "GeoProperty", "value": value} for value in values]
    return Entity("urn:x:1", ["T"], {LOCATION: instances} if instances else {})


def parsed(georel: str, reference: dict[str, Any], terms: Terms) -> geoq.GeoQuery:
    found = geoq.parse(georel, reference["type"], reference["coordinates"], terms=terms)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def overlap(connection: Any) -> Any:
    """Ask PostgreSQL whether a prefilter takes a row with these bounds."""

    def run(query: geoq.GeoQuery, bounds: geo.Bounds) -> bool:
        params: dict[str, Any] = {}
        condition = geoq.to_sql(query, params)
        row = connection.execute(
            f"select {condition} from (select %(bounds)s::box as bounds) as e",
            {**params, "bounds": geo.box_literal(bounds)},
        ).fetchone()
        return bool(row[0])

    return run


@settings(max_examples=250, deadline=None)
@given(
    relation=st.sampled_from(RELATIONS),
    reference=geometries,
    targets=st.lists(geometries, min_size=1, max_size=2),
)
def test_relations_are_those_of_shapely(
    overlap: Any,
    terms: Terms,
    relation: str,
    reference: dict[str, Any],
    targets: list[dict[str, Any]],
) -> None:
    query = parsed(relation, reference, terms)
    shapes: list[BaseGeometry] = [shape(target) for target in targets]
    expected = any(getattr(one, relation)(shape(reference)) for one in shapes)
    assert geoq.matches(query, located(*targets)) is expected
    if expected:  # the prefilter may let more through, never less
        assert overlap(query, geo.to_bounds(shapes))


@settings(max_examples=150, deadline=None)
@given(
    reference=geometries,
    target=geometries,
    metres=st.floats(1, 600_000),
    nearer=st.booleans(),
)
def test_near_is_a_matter_of_the_distance(
    overlap: Any,
    terms: Terms,
    reference: dict[str, Any],
    target: dict[str, Any],
    metres: float,
    nearer: bool,
) -> None:
    word = "maxDistance" if nearer else "minDistance"
    query = parsed(f"near;{word}=={metres}", reference, terms)
    distance = geo.distance_m(shape(target), shape(reference))
    expected = distance <= metres if nearer else distance > metres
    assert geoq.matches(query, located(target)) is expected
    if expected:
        assert overlap(query, shape(target).bounds)


def test_distances_where_plain_degrees_go_wrong(terms: Terms) -> None:
    north = located({"type": "LineString", "coordinates": [[0, 85.6], [1, 85]]})
    pole = {"type": "Point", "coordinates": [0, 85]}
    assert geoq.matches(parsed("near;maxDistance==20000", pole, terms), north)
    assert not geoq.matches(parsed("near;maxDistance==5000", pole, terms), north)
    east = located({"type": "Point", "coordinates": [10, 60.009]})
    line = {"type": "LineString", "coordinates": [[0, 60], [10, 60]]}
    assert geoq.matches(parsed("near;maxDistance==2000", line, terms), east)
    west_of_180 = located({"type": "Point", "coordinates": [179.99, 10]})
    east_of_180 = {"type": "Point", "coordinates": [-179.99, 10]}
    assert geoq.matches(parsed("near;maxDistance==2500", east_of_180, terms), west_of_180)


def test_a_hole_is_outside(terms: Terms) -> None:
    ring, hole = box(0, 0, 9, 9).exterior, box(4, 4, 6, 6).exterior
    holed = {"type": "Polygon", "coordinates": [list(ring.coords), list(hole.coords)]}
    assert geoq.matches(
        parsed("within", holed, terms), located({"type": "Point", "coordinates": [2, 2]})
    )
    assert not geoq.matches(
        parsed("within", holed, terms), located({"type": "Point", "coordinates": [5, 5]})
    )


def test_the_geoproperty_asked_for(terms: Terms) -> None:
    place = {"type": "Point", "coordinates": [8, 40]}
    query = geoq.parse("equals", "Point", "[8,40]", "observationSpace", terms=terms)
    assert query is not None
    other = VOCABULARY + "observationSpace"
    instance = {"type": "GeoProperty", "value": place}
    assert geoq.matches(query, Entity("urn:x:1", ["T"], {other: [instance]}))
    assert not geoq.matches(query, located(place))
    assert not geoq.matches(query, located())
    params: dict[str, Any] = {}
    assert geoq.to_sql(query, params) == "e.attrs ? %(p0)s"
    assert params == {"p0": other}


def test_a_property_that_looks_like_a_place_is_none(terms: Terms) -> None:
    place = {"type": "Point", "coordinates": [8, 40]}
    entity = Entity("urn:x:1", ["T"], {LOCATION: [{"type": "Property", "value": place}]})
    assert not geoq.matches(parsed("equals", place, terms), entity)


def test_without_parameters_there_is_no_query(terms: Terms) -> None:
    assert geoq.parse_params({}, terms) is None
    assert geoq.parse_params({"geoproperty": "location"}, terms) is None


POINT = {"georel": "within", "geometry": "Point", "coordinates": "[8,40]"}
RING = [[0, 0], [1, 0], [1, 1], [0, 0]]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"georel": None}, "georel"),
        ({"geometry": None}, "geometry"),
        ({"coordinates": None}, "coordinates"),
        ({"georel": "near"}, "georel"),
        ({"georel": "near;maxDistance==0"}, "georel"),
        ({"georel": "near;maxDistance==-100"}, "georel"),
        ({"georel": "near;maxDistance==inf"}, "georel"),
        ({"georel": "near;maxDistance==1e400"}, "georel"),
        ({"georel": "near;maxDistance=5"}, "georel"),
        ({"georel": "near;maxDistance==5;minDistance==1"}, "georel"),
        ({"georel": "touches"}, "georel"),
        ({"georel": 7}, "georel"),
        ({"geometry": "GeometryCollection"}, "geometry"),
        ({"geometry": "Circle"}, "geometry"),
        ({"coordinates": "[8,40"}, "coordinates"),
        ({"coordinates": "8,40"}, "coordinates"),
        ({"coordinates": [[8, 40]]}, "coordinates"),
        ({"coordinates": ["8", "40"]}, "coordinates"),
        ({"coordinates": [8, 95]}, "coordinates"),
        ({"coordinates": {"lon": 8}}, "coordinates"),
        ({"geometry": "Polygon", "coordinates": RING}, "coordinates"),
        ({"geometry": "Polygon", "coordinates": [RING[:3]]}, "coordinates"),
        ({"geometry": "Polygon", "coordinates": [[*RING[:3], [0, 2]]]}, "coordinates"),
        ({"geometry": "LineString", "coordinates": [[0, 0]]}, "coordinates"),
        ({"geometry": "MultiPolygon", "coordinates": []}, "coordinates"),
        ({"geoproperty": "not a name"}, "geoproperty"),
    ],
)
def test_faults_name_the_parameter(terms: Terms, change: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRequestData) as raised:
        geoq.parse_params(POINT | change, terms)
    assert raised.value.extra["field"] == field
    assert raised.value.detail.startswith(field)


def test_a_reference_that_crosses_itself_is_refused(terms: Terms) -> None:
    bow = [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]
    with pytest.raises(BadRequestData, match="crosses or touches itself"):
        geoq.parse("within", "Polygon", json.dumps(bow), terms=terms)
