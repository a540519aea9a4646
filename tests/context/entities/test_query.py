"""Queries over HTTP (clauses 6.4.3.2, 6.23): selection, pages, counts, representations, joins."""

from typing import Any

import httpx
import pytest

from tamamo.context.broker import Broker

BUS = "urn:ngsi-ld:Bus:"


def bus(number: int, **attrs: Any) -> dict[str, Any]:
    return {
        "id": f"{BUS}{number}",
        "type": "Bus",
        "speed": {"type": "Property", "value": number * 10, "unitCode": "KMH"},
        "location": {
            "type": "GeoProperty",
            "value": {"type": "Point", "coordinates": [134 + number / 100, 34.3]},
        },
        **attrs,
    }


@pytest.fixture
async def city(api: httpx.AsyncClient) -> httpx.AsyncClient:
    """Five buses, one of them also a vehicle, and a stop."""
    entities = [bus(number) for number in range(1, 6)]
    entities[0]["type"] = ["Bus", "Vehicle"]
    entities[1]["scope"] = "/city/east"
    entities[2]["nextStop"] = {"type": "Relationship", "object": "urn:ngsi-ld:Stop:1"}
    entities[3]["name"] = {"type": "LanguageProperty", "languageMap": {"ja": "東", "en": "East"}}
    entities.append({"id": "urn:ngsi-ld:Stop:1", "type": "Stop", "name": {"value": "瓦町"}})
    answer = await api.post("/entityOperations/create", json=entities)
    assert answer.status_code == 201, answer.text
    return api


async def ids(api: httpx.AsyncClient, **params: Any) -> list[int]:
    answer = await api.get("/entities", params=params)
    assert answer.status_code == 200, answer.text
    return [int(entity["id"].rpartition(":")[2]) for entity in answer.json()]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"type": "Bus"}, [1, 2, 3, 4, 5]),
        ({"type": "Vehicle"}, [1]),
        ({"type": "Bus;Vehicle"}, [1]),
        ({"type": "Bus", "q": "speed>20;speed<50"}, [3, 4]),
        ({"q": "speed==10|speed==50"}, [1, 5]),
        ({"type": "Bus", "id": f"{BUS}2,{BUS}4"}, [2, 4]),
        ({"type": "Bus", "idPattern": "Bus:[45]$"}, [4, 5]),
        ({"attrs": "nextStop"}, [3]),
        ({"type": "Bus", "scopeQ": "/city/#"}, [2]),
        ({"local": "true", "id": f"{BUS}1"}, [1]),
        (
            {
                "type": "Bus",
                "georel": "near;maxDistance==1500",
                "geometry": "Point",
                "coordinates": "[134.02,34.3]",
            },
            [1, 2, 3],
        ),
        ({"type": "Bus", "orderBy": "speed;desc", "local": "true"}, [5, 4, 3, 2, 1]),
        ({"type": "Train"}, []),
    ],
)
async def test_selection(
    city: httpx.AsyncClient, params: dict[str, str], expected: list[int]
) -> None:
    assert await ids(city, **params) == expected


async def test_pages_are_linked_and_counted(city: httpx.AsyncClient) -> None:
    path: str | None = "/ngsi-ld/v1/entities?type=Bus&limit=2&count=true"
    seen, relations = [], []
    while path:
        answer = await city.get(f"http://broker.test{path}")
        assert answer.headers["NGSILD-Results-Count"] == "5"
        seen += [entity["id"][-1] for entity in answer.json()]
        relations.append(sorted(set(answer.links) & {"next", "prev"}))
        path = answer.links.get("next", {}).get("url")
    assert seen == ["1", "2", "3", "4", "5"]
    assert relations == [["next"], ["next", "prev"], ["prev"]]


async def test_a_count_without_entities(city: httpx.AsyncClient) -> None:
    answer = await city.get("/entities?type=Bus&limit=0&count=true")
    assert answer.json() == []
    assert answer.headers["NGSILD-Results-Count"] == "5"
    assert (await city.get("/entities?type=Bus&limit=0")).status_code == 400


async def test_pages_of_exact_geo_queries(city: httpx.AsyncClient) -> None:
    """The box of the triangle holds all buses, the triangle itself only some."""
    triangle = "[[[134.005,34.29],[134.06,34.29],[134.005,34.4],[134.005,34.29]]]"
    params = {
        "type": "Bus",
        "georel": "within",
        "geometry": "Polygon",
        "coordinates": triangle,
        "count": "true",
        "limit": "2",
    }
    answer = await city.get("/entities", params=params)
    inside = int(answer.headers["NGSILD-Results-Count"])
    assert len(answer.json()) == 2
    assert "next" in answer.links
    assert await ids(city, **{**params, "limit": "10"}) == list(range(1, inside + 1))


async def test_query_by_post_is_the_same(city: httpx.AsyncClient) -> None:
    body = {
        "type": "Query",
        "entities": [{"type": "Bus"}],
        "q": "speed>=40",
        "pick": ["id", "speed"],
    }
    answer = await city.post("/entityOperations/query?limit=1&count=true", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json() == [
        {"id": f"{BUS}4", "speed": {"type": "Property", "value": 40, "unitCode": "KMH"}}
    ]
    assert answer.headers["NGSILD-Results-Count"] == "2"


@pytest.mark.parametrize(
    "body",
    [
        {"entities": [{"type": "Bus"}]},
        {"type": "Query"},
        {"type": "Query", "entities": [{"type": "Bus"}], "temporalQ": {"timerel": "after"}},
        {"type": "Query", "entities": [{"type": "Bus"}], "q": "speed>>1"},
    ],
)
async def test_bad_queries_by_post(shared_api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await shared_api.post("/entityOperations/query", json=body)
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("BadRequestData")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "id=urn:a:b",
        "type=Bus&q=speed%3E%3E",
        "type=Bus&georel=near",
        "type=Bus&limit=-1",
        "type=Bus&csf=%28",
        "type=Bus&geometryProperty=place",
        "type=Bus&datasetId=nothing",
        "type=Bus&pick=id&omit=id",
        "type=Bus&join=tree",
        "type=Bus&pick=nextStop{name}",
    ],
)
async def test_bad_queries(shared_api: httpx.AsyncClient, query: str) -> None:
    answer = await shared_api.get(f"/entities?{query}")
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("BadRequestData")


async def test_a_page_too_large(api: httpx.AsyncClient) -> None:
    answer = await api.get("/entities?type=Bus&limit=100000")
    assert answer.status_code == 403
    assert answer.json()["type"].endswith("TooManyResults")


async def test_language(city: httpx.AsyncClient) -> None:
    answer = await city.get(f"/entities/{BUS}4?lang=ja&format=simplified&pick=name")
    assert answer.json() == {"name": "東"}


async def test_linked_entities_inline(city: httpx.AsyncClient) -> None:
    answer = await city.get(f"/entities/{BUS}3?join=inline&pick=id,nextStop{{name}}")
    assert answer.json() == {
        "id": f"{BUS}3",
        "nextStop": {
            "type": "Relationship",
            "object": "urn:ngsi-ld:Stop:1",
            "entity": {"name": {"type": "Property", "value": "瓦町"}},
        },
    }
    simple = await city.get(f"/entities/{BUS}3?join=inline&format=simplified&pick=nextStop")
    assert simple.json()["nextStop"]["name"] == "瓦町"


async def test_linked_entities_flat(city: httpx.AsyncClient) -> None:
    answer = await city.get("/entities?type=Bus&q=nextStop&join=flat&format=simplified")
    assert [entity["id"] for entity in answer.json()] == [f"{BUS}3", "urn:ngsi-ld:Stop:1"]


async def test_linked_entities_met_before_stay_references(city: httpx.AsyncClient) -> None:
    back = {"serves": {"type": "Relationship", "object": [f"{BUS}3", f"{BUS}9"]}}
    assert (await city.post("/entities/urn:ngsi-ld:Stop:1/attrs", json=back)).status_code == 204
    answer = await city.get(f"/entities/{BUS}3?join=inline&joinLevel=5&format=simplified")
    assert answer.json()["nextStop"]["serves"] == [f"{BUS}3", f"{BUS}9"]
    cut = await city.get(f"/entities/{BUS}3?join=inline&containedBy=urn:ngsi-ld:Stop:1")
    assert "entity" not in cut.json()["nextStop"]


async def test_purge(city: httpx.AsyncClient) -> None:
    assert (await city.delete("/entities")).status_code == 400
    assert (await city.delete("/entities?type=Bus&drop=speed")).status_code == 204
    assert await ids(city, q="speed") == []
    assert (await city.delete("/entities?type=Bus&q=nextStop")).status_code == 204
    assert await ids(city, type="Bus") == [1, 2, 4, 5]
    assert (await city.delete("/entities?type=Bus&keep=name")).status_code == 204
    assert await ids(city, type="Bus", q="location") == []
    assert await ids(city, type="Bus", q="name") == [4]


async def test_earlier_versions_of_the_standard(city: httpx.AsyncClient) -> None:
    path = f"/entities/{BUS}4"
    answer = await city.get(path, headers={"Prefer": "ngsi-ld=1.2"})
    assert answer.status_code == 203
    assert answer.headers["preference-applied"] == "ngsi-ld=1.2"
    assert answer.json()["name"] == {"type": "Property", "value": {"ja": "東", "en": "East"}}
    assert answer.json()["speed"] == {"type": "Property", "value": 40}
    listed = await city.get("/entities?type=Bus", headers={"Prefer": "ngsi-ld=1.3"})
    assert listed.status_code == 203
    for newer in ("1.9", "7.0", "x"):
        same = await city.get(path, headers={"Prefer": f"ngsi-ld={newer}"})
        assert same.status_code == 200
        assert same.headers["preference-applied"] == "ngsi-ld=1.9"


async def test_expired_instances_are_not_seen(api: httpx.AsyncClient, broker: Broker) -> None:
    past, future = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"
    dataset = "urn:ngsi-ld:Dataset:1"
    entity = {
        "id": f"{BUS}1",
        "type": "Bus",
        "gone": {"type": "Property", "value": 1, "expiresAt": future},
        "half": [
            {"type": "Property", "value": 2},
            {"type": "Property", "value": 3, "datasetId": dataset, "expiresAt": future},
        ],
    }
    assert (await api.post("/entities", json=entity)).status_code == 201
    async with broker.pool.connection() as connection:
        await connection.execute(
            "update entity set attrs = replace(attrs::text, %s, %s)::jsonb", [future, past]
        )
    shown = {"id": f"{BUS}1", "type": "Bus", "half": {"type": "Property", "value": 2}}
    assert (await api.get(f"/entities/{BUS}1")).json() == shown
    assert (await api.get("/entities?type=Bus")).json() == [shown]
