"""Types, attributes and the broker's identity (clauses 5.7.5 to 5.7.10, 5.15.1)."""

from typing import Any

import httpx
import pytest

VOCABULARY = "https://uri.etsi.org/ngsi-ld/default-context/"


@pytest.fixture
async def city(api: httpx.AsyncClient) -> httpx.AsyncClient:
    """Two buses, one also a vehicle, and a stop; one that has expired."""
    entities: list[dict[str, Any]] = [
        {"id": "urn:x:1", "type": ["Bus", "Vehicle"], "speed": {"value": 1}},
        {"id": "urn:x:2", "type": "Bus", "speed": [{"value": 1}, {"value": 2, "datasetId": "a:b"}]},
        {"id": "urn:x:3", "type": "Stop", "speed": {"type": "Relationship", "object": "urn:x:1"}},
    ]
    assert (await api.post("/entityOperations/create", json=entities)).status_code == 201
    return api


async def test_nothing_yet(api: httpx.AsyncClient) -> None:
    assert (await api.get("/types")).json()["typeList"] == []
    assert (await api.get("/attributes?details=true")).json() == []
    assert (await api.get("/types/Bus")).status_code == 404
    assert (await api.get("/attributes/speed")).status_code == 404


async def test_types(city: httpx.AsyncClient) -> None:
    listed = (await city.get("/types")).json()
    assert listed["type"] == "EntityTypeList"
    assert listed["typeList"] == ["Bus", "Stop", "Vehicle"]
    details = (await city.get("/types?details=true")).json()
    assert details[0] == {
        "id": VOCABULARY + "Bus",
        "type": "EntityType",
        "typeName": "Bus",
        "attributeNames": ["speed"],
    }


async def test_one_type(city: httpx.AsyncClient) -> None:
    info = (await city.get("/types/Bus")).json()
    assert info["entityCount"] == 2
    assert info["attributeDetails"] == [
        {
            "id": VOCABULARY + "speed",
            "type": "Attribute",
            "attributeName": "speed",
            "attributeTypes": ["Property"],
        }
    ]
    assert (await city.get("/types/Vehicle")).json()["entityCount"] == 1
    encoded = (VOCABULARY + "Stop").replace("/", "%2F")
    assert (await city.get(f"/types/{encoded}")).json()["typeName"] == "Stop"


async def test_attributes(city: httpx.AsyncClient) -> None:
    assert (await city.get("/attributes")).json()["attributeList"] == ["speed"]
    (details,) = (await city.get("/attributes?details=true")).json()
    assert details["typeNames"] == ["Bus", "Stop", "Vehicle"]


async def test_one_attribute(city: httpx.AsyncClient) -> None:
    info = (await city.get("/attributes/speed")).json()
    assert info["attributeCount"] == 4
    assert info["attributeTypes"] == ["Property", "Relationship"]
    assert info["typeNames"] == ["Bus", "Stop", "Vehicle"]


async def test_names_follow_the_context(city: httpx.AsyncClient) -> None:
    answer = await city.get("/types", headers={"Accept": "application/ld+json"})
    assert answer.json()["@context"].startswith("https://uri.etsi.org/ngsi-ld/v1/")


@pytest.mark.parametrize("path", ["/types?details=perhaps", "/types?limit=x"])
async def test_bad_parameters(api: httpx.AsyncClient, path: str) -> None:
    assert (await api.get(path)).status_code == 400


@pytest.mark.parametrize("name", ["id", "type", "scope", "createdAt"])
async def test_members_of_entities_are_no_attributes(api: httpx.AsyncClient, name: str) -> None:
    assert (await api.get(f"/attributes/{name}")).status_code == 404


@pytest.mark.parametrize("path", ["/types/%00", "/types/a%20b", "/attributes/a%00b"])
async def test_bad_names(api: httpx.AsyncClient, path: str) -> None:
    answer = await api.get(path)
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("BadRequestData")


async def test_identity_is_stable_and_differs_by_tenant(api: httpx.AsyncClient) -> None:
    one, same = [(await api.get("/info/sourceIdentity")).json() for _ in range(2)]
    assert one["type"] == "ContextSourceIdentity"
    assert one["contextSourceAlias"] == same["contextSourceAlias"]
    headers = {"NGSILD-Tenant": "naoshima"}
    await api.post("/entities", json={"id": "urn:x:1", "type": "T"}, headers=headers)
    other = (await api.get("/info/sourceIdentity", headers=headers)).json()
    assert other["contextSourceAlias"] != one["contextSourceAlias"]
