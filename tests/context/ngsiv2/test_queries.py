"""Queries as Orion clients ask them: selectors, q, mq, geography, order, pages, by POST."""

import re
from typing import Any

import httpx
import pytest

from tamamo.context.ngsiv2 import names, query
from tamamo.context.query import regex
from tamamo.kernel.database import Pool, transaction

POINT = {"a": "34.340, 134.050", "b": "34.341, 134.050", "c": "34.400, 134.050"}


def thing(entity_id: str, kind: str, **attrs: Any) -> dict[str, Any]:
    return {"id": entity_id, "type": kind, **attrs}


def number(value: Any, **metadata: Any) -> dict[str, Any]:
    elements = {name: {"value": item} for name, item in metadata.items()}
    return {"value": value, "metadata": elements}


ENTITIES = [
    thing(
        "a",
        "Room",
        t=number(20, accuracy=0.5),
        colour={"value": "red"},
        tags={"value": ["x", "y,z"]},
        location={"type": "geo:point", "value": POINT["a"]},
        since={"type": "DateTime", "value": "2020-01-01T00:00:00Z"},
    ),
    thing(
        "b",
        "Room",
        t=number(30, accuracy=0.9),
        colour={"value": "green"},
        address={"value": {"city": "高松", "lines": {"a.b": 1}}},
        location={"type": "geo:point", "value": POINT["b"]},
        since={"type": "DateTime", "value": "2021-01-01T09:00:00+09:00"},
    ),
    thing(
        "urn:ngsi-ld:Car:c",
        "Car",
        t={"value": "20"},
        open={"value": True},
        location={"type": "geo:point", "value": POINT["c"]},
    ),
]


@pytest.fixture
async def filled(orion: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client of a broker that holds ENTITIES."""
    body = {"actionType": "append", "entities": ENTITIES}
    answer = await orion.post("/op/update", json=body)
    assert answer.status_code == 204, answer.text
    return orion


async def ids(client: httpx.AsyncClient, **params: str) -> str:
    """Return the last letters of the ids that are found, in order."""
    answer = await client.get("/entities", params=params)
    assert answer.status_code == 200, answer.text
    return "".join(entity["id"][-1] for entity in answer.json())


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, "cab"),
        ({"id": "b"}, "b"),
        ({"id": "b,urn:ngsi-ld:Car:c,nothing"}, "cb"),
        ({"type": "Car"}, "c"),
        ({"type": "Car,Room"}, "cab"),
        ({"typePattern": "^C"}, "c"),
        ({"typePattern": "o{2}"}, "ab"),
        ({"typePattern": "Boat"}, ""),
        ({"idPattern": ".*"}, "cab"),
        ({"idPattern": "^a$"}, "a"),
        ({"idPattern": "^a|^urn"}, "ca"),
        ({"idPattern": "[^a]$"}, "cb"),
        ({"idPattern": "ngsiv2"}, ""),
        ({"idPattern": "^urn:ngsi-ld"}, "c"),
        ({"idPattern": "(?i)CAR", "type": "Car"}, "c"),
    ],
)
async def test_selectors(filled: httpx.AsyncClient, params: dict[str, str], found: str) -> None:
    assert await ids(filled, **params) == found


IDS = ["Room1", "room2", "x|y", "urn:ngsi-ld:Room:1", "Room:3", "urn:ngsi-ld:ngsiv2:Room1", "a$b"]
PATTERNS = [
    "Room",
    "^Room",
    "^Room.$",
    "^(?:urn|x)",
    "1$",
    "[^0-9]$",
    "ngsiv2",
    "^ngsi",
    "a|^R",
    "",
]
PATTERNS += ["^urn:ngsi-ld:ngsiv2", "\\$", "^[Rr]oom[1-2]$", "(^R|^r)oom", ".{15}", "^$"]


@pytest.mark.parametrize("text", PATTERNS)
async def test_patterns_see_ids_and_not_how_they_are_stored(pool: Pool, text: str) -> None:
    pattern = query.on_uris(regex.parse(text, field="idPattern"))
    stored = [names.to_uri(entity_id) for entity_id in IDS]
    async with transaction(pool) as connection:
        statement = "select id from unnest(%s::text[]) as t (id) where id ~ %s"
        rows = await (await connection.execute(statement, [stored, pattern.sql])).fetchall()
    found = {names.to_id(row[0]) for row in rows}
    # What a URI cannot hold, such as `|`, would have to be asked for as it is stored: %7C.
    assert found == {entity_id for entity_id in IDS if re.search(text, entity_id)}


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("t==20", "a"),
        ("t:20", "a"),
        ("t=='20'", "c"),
        ("t!=20", "cb"),
        ("t>20", "b"),
        ("t>=20;t<30", "a"),
        ("t==15..25", "a"),
        ("t!=15..25", "cb"),
        ("t==20,30", "ab"),
        ("colour==red,blue", "a"),
        ("colour!=red", "b"),
        ("colour~=^gr", "b"),
        ("colour", "ab"),
        ("!colour", "c"),
        ("tags==x", "a"),
        ("tags=='y,z'", "a"),
        ("tags==y", ""),
        ("open==true", "c"),
        ("address.city==高松", "b"),
        ("address.lines.'a.b'==1", "b"),
        ("since<2020-06-01", "a"),
        ("since==2021-01-01T00:00:00Z", "b"),
        ("since>=2021-01-01T09:00:00+09:00", "b"),
        ("dateCreated>2001-01-01T00:00:00Z", "cab"),
        ("dateModified<2001-01-01", ""),
    ],
)
async def test_q(filled: httpx.AsyncClient, q: str, found: str) -> None:
    assert await ids(filled, q=q) == found


async def test_mq(filled: httpx.AsyncClient) -> None:
    assert await ids(filled, mq="t.accuracy<0.9") == "a"
    assert await ids(filled, mq="t.accuracy", q="t>25") == "b"
    assert await ids(filled, mq="!t.accuracy") == "c"
    assert await ids(filled, mq="t.dateModified>2001-01-01T00:00:00Z") == "cab"


@pytest.mark.parametrize(
    ("georel", "geometry", "coords", "found"),
    [
        ("near;maxDistance:200", "point", "34.34,134.05", "ab"),
        ("near;maxDistance:50", "point", "34.34,134.05", "a"),
        ("near;minDistance:200", "point", "34.34,134.05", "c"),
        ("coveredBy", "box", "34.3,134.0;34.341,134.1", "ab"),  # one on the border
        ("coveredBy", "polygon", "34.39,134;34.41,134;34.41,134.1;34.39,134.1;34.39,134", "c"),
        ("intersects", "line", "34.34,134.0;34.34,134.1", "a"),
        ("disjoint", "box", "34.3,134.0;34.35,134.1", "c"),
        ("equals", "point", "34.341,134.05", "b"),
    ],
)
async def test_geography(
    filled: httpx.AsyncClient, georel: str, geometry: str, coords: str, found: str
) -> None:
    assert await ids(filled, georel=georel, geometry=geometry, coords=coords) == found


async def test_order_and_pages(filled: httpx.AsyncClient) -> None:
    assert await ids(filled, type="Room", orderBy="!t") == "ba"
    assert await ids(filled, orderBy="type,!id") == "cba"
    assert await ids(filled, orderBy="!dateCreated,id") == "cab"
    near = {"georel": "near;maxDistance:9000", "geometry": "point", "coords": "34.41,134.05"}
    assert await ids(filled, orderBy="geo:distance", **near) == "cba"
    assert await ids(filled, orderBy="!geo:distance", **near) == "abc"
    params = {"limit": "1", "offset": "1", "options": "count,keyValues", "attrs": "t"}
    answer = await filled.get("/entities", params=params)
    assert answer.json() == [{"id": "a", "type": "Room", "t": 20}]
    assert answer.headers["fiware-total-count"] == "3"
    assert "fiware-total-count" not in (await filled.get("/entities")).headers


async def test_simplified_forms(filled: httpx.AsyncClient) -> None:
    params = {"attrs": "colour,t", "type": "Room", "options": "values"}
    assert (await filled.get("/entities", params=params)).json() == [["red", 20], ["green", 30]]
    await filled.post("/entities/a/attrs", json={"twin": {"value": 20}})
    params = {"attrs": "t,twin,colour", "id": "a", "options": "unique"}
    assert (await filled.get("/entities", params=params)).json() == [[20, "red"]]


async def test_query_by_post(filled: httpx.AsyncClient) -> None:
    body = {
        "entities": [{"idPattern": ".*", "type": "Room"}, {"id": "urn:ngsi-ld:Car:c"}],
        "attrs": ["t"],
        "expression": {"q": "t"},
        "metadata": ["dateCreated", "accuracy"],
    }
    answer = await filled.post("/op/query", json=body, params={"options": "count", "orderBy": "!t"})
    assert answer.headers["fiware-total-count"] == "3"
    found = answer.json()
    assert [entity["id"][-1] for entity in found] == ["c", "b", "a"]
    assert found[1]["t"]["metadata"].keys() == {"dateCreated", "accuracy"}
    assert found[1].keys() == {"id", "type", "t"}
    geo = {"georel": "near;maxDistance:50", "geometry": "point", "coords": "34.34,134.05"}
    answer = await filled.post("/op/query", json={"expression": geo})
    assert [entity["id"] for entity in answer.json()] == ["a"]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"id": "a", "idPattern": "a"}, "idPattern"),
        ({"type": "R", "typePattern": "R"}, "typePattern"),
        ({"idPattern": "(a"}, "idPattern"),
        ({"q": "t=="}, "q"),
        ({"q": "t=20"}, "q"),
        ({"q": "'t==1"}, "q"),
        ({"q": "t~=("}, "q"),
        ({"q": ";"}, "q"),
        ({"mq": "t"}, "mq"),
        ({"georel": "near;maxDistance:1"}, "geometry"),
        ({"georel": "close", "geometry": "point", "coords": "1,1"}, "georel"),
        ({"georel": "equals", "geometry": "circle", "coords": "1,1"}, "geometry"),
        ({"georel": "equals", "geometry": "point", "coords": "1"}, "coords"),
        ({"georel": "equals", "geometry": "point", "coords": "91,1"}, "coords"),
        ({"georel": "equals", "geometry": "polygon", "coords": "1,1;2,2;3,1;4,4"}, "coords"),
        ({"orderBy": "geo:distance"}, "orderBy"),
        ({"orderBy": "a b"}, "orderBy"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"offset": "-1"}, "offset"),
        ({"options": "sysAttrs"}, "options"),
        ({"options": "values,keyValues"}, "options"),
        ({"attrs": ""}, "attrs"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_cannot_be_asked_is_named(
    shared_orion: httpx.AsyncClient, params: dict[str, str], field: str
) -> None:
    answer = await shared_orion.get("/entities", params=params)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == "BadRequest"
    assert field in answer.json()["description"].partition(" ")[0]


async def test_what_is_not_supported_is_said(orion: httpx.AsyncClient) -> None:
    both = "near;maxDistance:9;minDistance:1"
    for params in (
        {"georel": both, "geometry": "point", "coords": "1,1"},
        {"q": ";".join(["a"] * 101)},
    ):
        answer = await orion.get("/entities", params=params)
        assert (answer.status_code, answer.json()["error"]) == (422, "NotSupportedQuery")
