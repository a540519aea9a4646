"""Which registrations a query finds (clauses 5.10.2.4, 5.12)."""

from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, mapping
from shapely.geometry.base import BaseGeometry

from tamamo.context.jsonld.resolve import default_map
from tamamo.context.query import geoq, plan, temporalq
from tamamo.context.registrations.matching import Wanted, matches
from tests.context.registrations.test_registrations import PATH, about, error, found, registration

HARBOUR = {"type": "Point", "coordinates": [134.05, 34.35]}
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[134.0, 34.3], [134.2, 34.3], [134.2, 34.5], [134.0, 34.5], [134.0, 34.3]]],
}
SOURCES: dict[str, dict[str, Any]] = {
    "gauges": about({"type": "Gauge"}),
    "levels": about({"type": "Gauge"}, names=["level"]),
    "one": about({"type": "Gauge", "id": "urn:ngsi-ld:Gauge:1"}),
    "some": about({"type": "Gauge", "idPattern": "^urn:ngsi-ld:Gauge:1"}),
    "both": about({"type": ["Gauge", "Buoy"]}),
    "names": about(names=["name"]),
    "harbour": about({"type": "Ship"}) | {"location": HARBOUR, "scope": "/Takamatsu/Harbour"},
    "inner": about({"type": "Ship"}) | {"observationSpace": SQUARE, "scope": ["/Sakaide"]},
    "blue": about({"type": "Tide"}) | {"datasetId": ["urn:d:blue", "@none"], "operator": "Blue"},
    "past": about({"type": "Gauge"})
    | {"observationInterval": {"startAt": "2020-01-01T00:00:00Z", "endAt": "2021-01-01T00:00:00Z"}},
    "records": about({"type": "Gauge"})
    | {"managementInterval": {"startAt": "2020-01-01T00:00:00Z"}},
}


@pytest.fixture
async def api(api: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client of a broker that knows all sources."""
    for name, members in SOURCES.items():
        body = registration(id=f"urn:ngsi-ld:ContextSourceRegistration:{name}", **members)
        assert (await api.post(PATH, json=body)).status_code == 201
    return api


async def test_queries_find_what_may_have_the_entities(api: httpx.AsyncClient) -> None:
    for query, names in (
        ("type=Gauge", "both gauges levels names one some"),
        ("type=Gauge;Buoy", "both names"),
        ("type=Gauge|Ship", "both gauges harbour inner levels names one some"),
        ("type=Train", "names"),
        ("attrs=level", "blue both gauges harbour inner levels one some"),
        ("attrs=level,name", "blue both gauges harbour inner levels names one some"),
        ("type=Gauge&attrs=name", "both gauges names one some"),
        ("type=Gauge&pick=id,name", "both gauges names one some"),
        ("q=name==%22x%22&type=Gauge", "both gauges names one some"),
        ("q=level%3E1;river.name", "blue both gauges harbour inner levels one some"),
        ("type=Gauge&id=urn:ngsi-ld:Gauge:1", "both gauges levels names one some"),
        ("type=Gauge&id=urn:ngsi-ld:Gauge:12", "both gauges levels names some"),
        ("type=Gauge&id=urn:ngsi-ld:Gauge:2,urn:x:3", "both gauges levels names"),
        ("type=Gauge&idPattern=1$", "both gauges levels names one some"),
        ("type=Gauge&idPattern=9$", "both gauges levels names some"),
        ("type=Ship&scopeQ=/Takamatsu/%23", "harbour"),
        ("type=Ship&csf=location", "harbour"),
        ("type=Tide&csf=operator==%22Blue%22;endpoint", "blue"),
        ("type=Tide&csf=operator==%22Red%22", ""),
        ("type=Tide&datasetId=urn:d:red", "names"),
        ("type=Tide&datasetId=urn:d:red,urn:d:blue", "blue names"),
    ):
        answer = await api.get(f"{PATH}?{query}")
        assert answer.status_code == 200, answer.text
        ids = [one["id"].rpartition(":")[2] for one in answer.json()]
        assert ids == names.split(), query


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"timerel": "before", "timeAt": "2019-12-31T00:00:00Z"}, ""),
        ({"timerel": "before", "timeAt": "2020-01-01T00:00:00Z"}, "past"),
        ({"timerel": "before", "timeAt": "2026-01-01T00:00:00Z"}, "past"),
        ({"timerel": "after", "timeAt": "2021-01-01T00:00:00Z"}, "past"),
        ({"timerel": "after", "timeAt": "2021-01-02T00:00:00Z"}, ""),
        (
            {
                "timerel": "between",
                "timeAt": "2019-01-01T00:00:00Z",
                "endTimeAt": "2020-06-01T00:00:00Z",
            },
            "past",
        ),
        (
            {
                "timerel": "between",
                "timeAt": "2022-01-01T00:00:00Z",
                "endTimeAt": "2023-01-01T00:00:00Z",
            },
            "",
        ),
        (
            {"timerel": "after", "timeAt": "2026-01-01T00:00:00Z", "timeproperty": "modifiedAt"},
            "records",
        ),
        (
            {"timerel": "before", "timeAt": "2019-01-01T00:00:00Z", "timeproperty": "createdAt"},
            "",
        ),
    ],
)
async def test_sources_of_the_past_are_found_by_their_interval(
    api: httpx.AsyncClient, query: dict[str, str], names: str
) -> None:
    assert await found(api, type="Gauge", **query) == names.split()


@pytest.mark.parametrize(
    ("georel", "geometry", "geoproperty", "names"),
    [
        ("near;maxDistance==2000", [134.06, 34.35], None, "harbour"),
        ("near;maxDistance==500", [134.06, 34.35], None, ""),
        ("near;minDistance==500", [134.06, 34.35], "location", "harbour"),
        ("within", SQUARE["coordinates"], None, "harbour"),
        ("intersects", [134.1, 34.4], "observationSpace", "inner"),
        ("within", [[[134.1, 34.4], [135, 34.4], [135, 35], [134.1, 34.4]]], "observationSpace", 1),
        ("within", [[[136, 34.4], [137, 34.4], [137, 35], [136, 34.4]]], "observationSpace", ""),
        ("near;minDistance==20000", [134.1, 34.4], "observationSpace", ""),
        ("near;minDistance==10000", [134.1, 34.4], "observationSpace", "inner"),
        ("intersects", [134.1, 34.4], "operationSpace", ""),
        ("intersects", [134.1, 34.4], "place", ""),
    ],
)
async def test_sources_are_found_by_where_they_look(
    api: httpx.AsyncClient, georel: str, geometry: Any, geoproperty: str | None, names: Any
) -> None:
    kind = "Polygon" if isinstance(geometry[0], list) else "Point"
    query = {"georel": georel, "geometry": kind, "coordinates": str(geometry)}
    if geoproperty is not None:
        query["geoproperty"] = geoproperty
    expected = ["inner"] if names == 1 else names.split()
    assert await found(api, type="Ship", **query) == expected


@pytest.mark.parametrize(
    "query",
    [
        "",
        "id=urn:a:b",
        "csf=endpoint",
        "scopeQ=/A",
        "timerel=before&timeAt=2026-01-01T00:00:00Z",
        "type=A&id=b",
        "type=A&timerel=before",
        "type=A&georel=within",
        "type=A&csf=(",
    ],
)
async def test_queries_too_wide_or_wrong_are_refused(api: httpx.AsyncClient, query: str) -> None:
    assert error(await api.get(f"{PATH}?{query}")) == (400, "BadRequestData")


async def test_pages_are_counted_and_linked(api: httpx.AsyncClient) -> None:
    assert await found(api, type="Gauge", limit=2, offset=2) == ["levels", "names"]
    answer = await api.get(f"{PATH}?type=Gauge&limit=2&offset=2&count=true")
    assert answer.headers["NGSILD-Results-Count"] == "6"
    pages = answer.headers["Link"].split(", ")
    assert [("offset=0" in page, 'rel="prev"' in page) for page in pages].count((True, True)) == 1
    assert [("offset=4" in page, 'rel="next"' in page) for page in pages].count((True, True)) == 1
    last = await api.get(f"{PATH}?type=Gauge&limit=2&offset=4")
    assert "next" not in last.headers["Link"]


_LONGITUDES, _LATITUDES = st.floats(133, 135), st.floats(33, 35)


@st.composite
def _polygons(draw: st.DrawFn) -> BaseGeometry:
    centre = Point(draw(_LONGITUDES), draw(_LATITUDES))
    return centre.buffer(draw(st.floats(0.01, 0.5)), quad_segs=draw(st.integers(1, 4)))


@settings(max_examples=300, deadline=None)
@given(
    space=_polygons(),
    reference=_polygons() | st.builds(Point, _LONGITUDES, _LATITUDES),
    georel=st.sampled_from(["within", "contains", "intersects", "equals", "disjoint", "overlaps"])
    | st.builds("near;maxDistance=={}".format, st.integers(1, 200_000))
    | st.builds("near;minDistance=={}".format, st.integers(1, 200_000)),
    along=st.floats(0, 1),
    across=st.floats(0, 1),
)
def test_no_source_is_missed_that_has_a_matching_location_in_its_space(
    space: BaseGeometry, reference: BaseGeometry, georel: str, along: float, across: float
) -> None:
    terms = default_map().terms
    shape = mapping(reference)
    geo = geoq.parse(georel, shape["type"], shape["coordinates"], terms=terms)
    assert geo is not None
    west, south, east, north = space.bounds
    places = [Point(west + (east - west) * along, south + (north - south) * across), reference]
    if not any(space.covers(place) and geoq.matches_geometry(geo, place) for place in places):
        return
    wanted = Wanted(plan.Query(geo=geo), temporalq.TemporalQuery(), None, frozenset(), terms)
    assert matches(registration(location=mapping(space)) | about({"type": "A"}), wanted)
