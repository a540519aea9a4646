"""Projection (4.21), ordering (4.23), paging (4.12), and whole requests (5.7.2)."""

from typing import Any

import pytest

from tamamo.context.errors import (
    BadRequestData,
    TooComplexQuery,
    TooManyResults,
)
from tamamo.context.model.entity import LOCATION, Entity
from tamamo.context.query import order, paging, projection, request
from tamamo.context.query.paging import Page
from tamamo.context.query.projection import Member

from .conftest import VOCABULARY, Terms


def member(name: str, *children: Member) -> Member:
    return Member(name, VOCABULARY + name, children)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("temperature", (member("temperature"),)),
        ("name,level", (member("name"), member("level"))),
        ("name|level", (member("name"), member("level"))),
        (["name", "level"], (member("name"), member("level"))),
        ("name,name", (member("name"),)),
        ("id,type,scope", (Member("id", "id"), Member("type", "type"), Member("scope", "scope"))),
        ("createdAt", (Member("createdAt", "createdAt"),)),
        ("at{level,of{name}}", (member("at", member("level"), member("of", member("name"))),)),
    ],
)
def test_projections(terms: Terms, value: Any, expected: tuple[Member, ...]) -> None:
    assert projection.parse(value, terms) == expected


@pytest.mark.parametrize(
    "value", ["", "a||b", "a,", ",a", "a{b", "a}", "a{}", "a b", "1a", [], [""], 5, ["a", 5]]
)
def test_what_is_no_projection(terms: Terms, value: Any) -> None:
    with pytest.raises(BadRequestData, match="omit"):
        projection.parse(value, terms, "omit")


def test_depth_and_company_of_projections(terms: Terms) -> None:
    assert projection.read({"pick": "a", "omit": "b"}, terms).depth() == 0
    assert projection.read({"pick": "a{b{c}}"}, terms).depth() == 2
    with pytest.raises(BadRequestData, match="attrs"):
        projection.read({"pick": "a", "attrs": "b"}, terms)
    with pytest.raises(TooComplexQuery):
        projection.parse("a{" * 40 + "b" + "}" * 40, terms)
    assert projection.read({"attrs": "a,b,a"}, terms).attrs == (VOCABULARY + "a", VOCABULARY + "b")
    for wrong in ("id", "type,a", "a,", "not a name"):
        with pytest.raises(BadRequestData, match="attrs"):
            projection.read({"attrs": wrong}, terms)


def thing(name: str, **attrs: Any) -> Entity:
    held = {
        VOCABULARY + key: [{"type": "Property", "value": value}] for key, value in attrs.items()
    }
    return Entity(
        f"urn:x:{name}", [VOCABULARY + "T"], held, created_at=f"2026-01-0{len(name)}T00:00:00Z"
    )


def ids(entities: list[Entity]) -> str:
    return "".join(entity.id.removeprefix("urn:x:") for entity in entities)


def sorted_by(terms: Terms, text: str, *entities: Entity, **more: Any) -> str:
    ordering = order.parse(text, terms, **more)
    assert ordering is not None
    return ids(ordering.sort(entities))


def test_order_across_data_types(terms: Terms) -> None:
    # 4.23.2: number, text, object, array, boolean, time, date, date and time, nothing there
    values: list[Any] = [7, "x", {"a": 1}, [1], True, "12:00:00Z", "2020-01-01"]
    values.append("2020-01-01T00:00:00Z")
    world = [thing(letter, v=value) for letter, value in zip("hgfedcba", values, strict=True)]
    absent = thing("z")
    assert sorted_by(terms, "v", absent, *world) == "hgfedcbaz"
    assert sorted_by(terms, "v;desc", absent, *world) == "abcdefghz"


def test_terms_apply_one_after_another(terms: Terms) -> None:
    world = [thing("a", n=2, m=1), thing("b", n=1, m=1), thing("c", n=1, m=2)]
    assert sorted_by(terms, "n,m", *world) == "bca"
    assert sorted_by(terms, "n,m;desc", *world) == "cba"
    assert sorted_by(terms, "n;desc,id;desc", *world) == "acb"
    assert sorted_by(terms, ["m", "n"], *world) == "bac"


def test_parts_of_attributes(terms: Terms) -> None:
    one, two = thing("a", address={"city": "Zurich"}), thing("b", address={"city": "Amsterdam"})
    one.attrs[VOCABULARY + "address"][0]["observedAt"] = "2020-01-01T00:00:00.5Z"
    two.attrs[VOCABULARY + "address"][0]["observedAt"] = "2020-01-01T00:00:00Z"
    assert sorted_by(terms, "address[city]", one, two) == "ba"
    assert sorted_by(terms, "address[city];desc", one, two) == "ab"
    assert sorted_by(terms, "address.observedAt", one, two) == "ba"
    assert sorted_by(terms, "createdAt;desc", thing("a"), thing("bb")) == "bba"
    assert sorted_by(terms, "scope,type", one, two) == "ab"


def placed(name: str, lon: float, lat: float) -> Entity:
    value = {"type": "Point", "coordinates": [lon, lat]}
    return Entity(f"urn:x:{name}", ["T"], {LOCATION: [{"type": "GeoProperty", "value": value}]})


def test_distance(terms: Terms) -> None:
    class Core(Terms):
        def expand_term(self, name: str) -> str:
            return LOCATION if name == "location" else super().expand_term(name)

    world = [placed("f", 10, 45), placed("n", 8.01, 40.01), placed("m", 9, 41), thing("z")]
    here: dict[str, Any] = {"order_from": "[8,40]"}
    assert sorted_by(Core(), "location;dist-asc", *world, **here) == "nmfz"
    assert sorted_by(Core(), "location;dist-desc", *world, **here) == "fmnz"
    line: dict[str, Any] = {"order_from": [[10, 44], [10, 46]], "order_geometry": "LineString"}
    assert sorted_by(Core(), "location;dist-asc", *world, **line) == "fmnz"


def test_what_postgresql_can_order(terms: Terms) -> None:
    simple = order.parse("type,createdAt;desc", terms)
    assert simple is not None
    assert simple.sql() == "e.types, e.created_at desc, e.id"
    other = order.parse("type,name", terms)
    assert other is not None
    assert other.sql() is None
    assert order.parse(None, terms) is None


@pytest.mark.parametrize(
    ("text", "more", "field"),
    [
        ("", {}, "orderBy"),
        ("name;up", {}, "orderBy"),
        ("name;asc;desc", {}, "orderBy"),
        ("name,,age", {}, "orderBy"),
        ("location;dist-asc", {}, "orderFrom"),
        ("location;dist-asc", {"order_from": "[8"}, "orderFrom"),
        (
            "location;dist-asc",
            {"order_from": "[8,40]", "order_geometry": "Circle"},
            "orderGeometry",
        ),
        ("id;dist-asc", {"order_from": "[8,40]"}, "orderBy"),
        ("a.b;dist-asc", {"order_from": "[8,40]"}, "orderBy"),
        ("a{b}", {}, "orderBy"),
        ("id", {"order_geometry": 5}, "orderGeometry"),
        ("id", {"collation": "!!nope"}, "collation"),
    ],
)
def test_faults_of_orderings(terms: Terms, text: str, more: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRequestData) as raised:
        order.parse(text, terms, **more)
    assert raised.value.extra["field"] == field


def test_pages() -> None:
    assert paging.parse({}) == Page(20, 0, False)
    assert paging.parse({"limit": "5", "offset": "10", "count": "true"}) == Page(5, 10, True)
    assert paging.parse({"limit": 0, "count": True}) == Page(0, 0, True)
    with pytest.raises(TooManyResults):
        paging.parse({"limit": "1001"})
    for wrong in (
        {"limit": "0"},
        {"limit": "-5"},
        {"limit": "five"},
        {"limit": "1.5"},
        {"limit": True},
        {"offset": "-1"},
        {"offset": ""},
        {"count": "yes"},
    ):
        with pytest.raises(BadRequestData, match=next(iter(wrong))):
            paging.parse(wrong)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"id": "urn:x:1"},
        {"idPattern": ".*"},
        {"scopeQ": "/A"},
        {"attrs": "createdAt"},
        {"q": 'modifiedAt>"2020-01-01T00:00:00Z"'},
        {"local": "false"},
    ],
)
def test_a_query_that_is_too_wide(terms: Terms, params: dict[str, str]) -> None:
    with pytest.raises(BadRequestData, match="too wide"):
        request.read(params, terms)
    assert request.read(params | {"local": "true"}, terms)


@pytest.mark.parametrize(
    "params",
    [
        {"type": "A"},
        {"type": "*"},
        {"attrs": "a,createdAt"},
        {"q": "a"},
        {"georel": "within", "geometry": "Point", "coordinates": "[8,40]"},
    ],
)
def test_a_query_that_is_narrow_enough(terms: Terms, params: dict[str, str]) -> None:
    assert request.read(params, terms).page == Page()


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"type": "A", "id": "thisisaninvaliduri1,thisisaninvaliduri2"}, "id: 'thisisan"),
        ({"type": "A", "id": ""}, "id: item 1"),
        ({"type": "*", "local": "false"}, "local"),
        ({"type": "A", "q": ""}, "q: expected a text"),
        ({"type": "A", "q": 'owner{name}=="x"'}, "q: names linked entities 1 deep"),
        ({"type": "A", "q": "a{b{c}}", "join": "inline", "joinLevel": "1"}, "2 deep"),
        ({"type": "A", "pick": "a{b}"}, "pick: names linked"),
        ({"type": "A", "join": "sideways"}, "join"),
        ({"type": "A", "join": "flat", "joinLevel": "0"}, "joinLevel"),
        ({"type": "A", "q": "a==b", "expandValues": "a,"}, "expandValues"),
        ({"type": "A", "q": "a==b", "expandValues": "a b"}, "expandValues"),
        ({"type": "A", "idPattern": "["}, "idPattern"),
        ({"type": "A;"}, "type"),
    ],
)
def test_faults_of_requests(terms: Terms, params: dict[str, str], words: str) -> None:
    with pytest.raises(BadRequestData, match=words):
        request.read(params, terms)


def test_linked_queries_that_are_joined(terms: Terms) -> None:
    params = {"type": "A", "q": "a{b{c}}", "join": "flat", "joinLevel": "2"}
    assert request.read(params, terms).q is not None


def test_a_body_says_the_same_as_parameters(terms: Terms) -> None:
    body = {
        "type": "Query",
        "entities": [{"type": "A", "id": ["urn:x:1", "urn:x:2"], "idPattern": "["}],
        "attrs": ["a", "b"],
        "q": "a>1",
        "scopeQ": "/A",
        "geoQ": {"georel": "within", "geometry": "Point", "coordinates": [8, 40]},
        "ordering": {"orderBy": ["a;desc", "id"], "collation": None},
    }
    params = {
        "type": "A",
        "id": "urn:x:1,urn:x:2",
        "attrs": "a,b",
        "q": "a>1",
        "scopeQ": "/A",
        "georel": "within",
        "geometry": "Point",
        "coordinates": "[8,40]",
        "orderBy": "a;desc,id",
        "limit": "7",
    }
    assert request.read_body(body, {"limit": "7"}, terms) == request.read(params, terms)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "type"),
        ({}, "type"),
        ({"type": "Query"}, "too wide"),
        ({"type": "Query", "entities": []}, "entities"),
        ({"type": "Query", "entities": [{"id": "urn:x:1"}]}, r"entities\[0\].type"),
        ({"type": "Query", "entities": [{"type": "A"}, 5]}, r"entities\[1\]"),
        ({"type": "Query", "entities": [{"type": 5}]}, "type: expected a text"),
        ({"type": "Query", "entities": [{"type": "A", "id": 5}]}, "id: expected"),
        ({"type": "Query", "q": 5}, "q: expected a text"),
        ({"type": "Query", "q": "a", "geoQ": "near"}, "geoQ: expected an object"),
        ({"type": "Query", "q": "a", "geoQ": {"georel": "within"}}, "geometry: missing"),
        ({"type": "Query", "attrs": []}, "attrs"),
        ({"type": "Query", "q": "a", "pick": []}, "pick"),
        ({"type": "Query", "q": "a", "ordering": []}, "ordering: expected an object"),
        (
            {"type": "Query", "q": "a", "ordering": {"orderBy": "id", "coordinates": "[8,40]"}},
            "ordering.coordinates",
        ),
    ],
)
def test_faults_of_bodies(terms: Terms, body: Any, words: str) -> None:
    with pytest.raises(BadRequestData, match=words):
        request.read_body(body, {}, terms)
