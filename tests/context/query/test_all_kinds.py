"""All attribute kinds at once: forms, linked entities, filters (clauses 4.5.2 to 4.5.24, C.2.2)."""

from typing import Any

import httpx
import pytest

CITIES = ("Antwerp", "Rotterdam", "Amsterdam")
POINT = {"type": "Point", "coordinates": [4.4, 51.2]}
VEHICLE: dict[str, Any] = {
    "id": "urn:v:1",
    "type": "Vehicle",
    "brand": {"type": "Property", "value": "Mercedes", "observedAt": "2026-01-01T00:00:00Z"},
    "isParked": {"type": "Relationship", "object": "urn:p:1", "objectType": "Parking"},
    "passengers": {"type": "Relationship", "object": ["urn:c:0", "urn:c:9"], "objectType": "City"},
    "location": {"type": "GeoProperty", "value": POINT},
    "street": {"type": "LanguageProperty", "languageMap": {"fr": "Grand Place", "nl": "Markt"}},
    "category": {"type": "VocabProperty", "vocab": "noncommercial"},
    "treads": {"type": "ListProperty", "valueList": [300, 300, 120, 6]},
    "route": {
        "type": "ListRelationship",
        "objectType": "City",
        "objectList": [{"object": f"urn:c:{n}"} for n in (2, 0, 1, 2)],
    },
    "raw": {"type": "JsonProperty", "json": {"id": 1, "type": ["x"], "@none": {"value": None}}},
    "speed": [
        {"type": "Property", "value": 55},
        {"type": "Property", "value": 54, "datasetId": "urn:d:gps"},
    ],
}  # fmt: skip
SIMPLE = {
    "id": "urn:v:1",
    "type": "Vehicle",
    "brand": "Mercedes",
    "isParked": "urn:p:1",
    "passengers": ["urn:c:0", "urn:c:9"],
    "location": POINT,
    "street": {"languageMap": {"fr": "Grand Place", "nl": "Markt"}},
    "category": {"vocab": "noncommercial"},
    "treads": [300, 300, 120, 6],
    "route": ["urn:c:2", "urn:c:0", "urn:c:1", "urn:c:2"],
    "raw": {"json": {"id": 1, "type": ["x"], "@none": {"value": None}}},
    "speed": {"dataset": {"@none": 55, "urn:d:gps": 54}},
}


@pytest.fixture
async def road(api: httpx.AsyncClient) -> httpx.AsyncClient:
    """A vehicle of all kinds of attributes, and what it refers to."""
    parking = {
        "id": "urn:p:1",
        "type": "Parking",
        "free": {"type": "Property", "value": 5},
        "within": {"type": "Relationship", "object": "urn:c:0"},
        "holds": {"type": "Relationship", "object": "urn:v:1"},
    }
    cities = [
        {"id": f"urn:c:{n}", "type": "City", "name": {"type": "Property", "value": name}}
        for n, name in enumerate(CITIES)
    ]
    for entity in (VEHICLE, parking, *cities):
        assert (await api.post("/entities", json=entity)).status_code == 201
    return api


async def get(api: httpx.AsyncClient, **params: Any) -> Any:
    answer = await api.get("/entities/urn:v:1", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_forms(road: httpx.AsyncClient) -> None:
    assert await get(road) == VEHICLE
    assert await get(road, format="simplified") == SIMPLE
    concise = await get(road, format="concise")
    assert concise["isParked"] == {"object": "urn:p:1", "objectType": "Parking"}
    assert concise["treads"] == {"valueList": [300, 300, 120, 6]}
    assert concise["route"]["objectList"] == ["urn:c:2", "urn:c:0", "urn:c:1", "urn:c:2"]
    assert concise["category"] == {"vocab": "noncommercial"}
    assert concise["location"] == POINT
    assert concise["speed"] == [{"value": 55}, {"value": 54, "datasetId": "urn:d:gps"}]


async def test_what_is_given_comes_back(road: httpx.AsyncClient) -> None:
    for form in ("normalized", "concise"):
        body = await get(road, format=form)
        assert (await road.put("/entities/urn:v:1", json=body)).status_code == 204
        assert await get(road) == VEHICLE


async def test_every_instance_has_times(road: httpx.AsyncClient) -> None:
    shown = await get(road, options="sysAttrs")
    for name in VEHICLE.keys() - {"id", "type"}:
        instances = shown[name] if isinstance(shown[name], list) else [shown[name]]
        assert all({"createdAt", "modifiedAt"} <= one.keys() for one in instances)


async def test_inline(road: httpx.AsyncClient) -> None:
    shown = await get(road, join="inline", joinLevel=2)
    parked = shown["isParked"]["entity"]
    assert (parked["id"], parked["free"]["value"]) == ("urn:p:1", 5)
    assert parked["within"]["entity"]["name"]["value"] == "Antwerp"
    assert "entity" not in parked["holds"]  # the vehicle was met before
    assert [one["id"] for one in shown["passengers"]["entity"]] == ["urn:c:0"]
    route = shown["route"]
    assert route["objectList"] == VEHICLE["route"]["objectList"]
    assert [one["id"] for one in route["entityList"]] == ["urn:c:2", "urn:c:0", "urn:c:1"]
    assert "entity" not in route


async def test_inline_in_other_forms(road: httpx.AsyncClient) -> None:
    simple = await get(road, join="inline", format="simplified")
    assert simple["isParked"]["free"] == 5
    assert simple["passengers"] == [{"id": "urn:c:0", "type": "City", "name": "Antwerp"}, "urn:c:9"]
    assert [one["name"] for one in simple["route"]] == [
        "Amsterdam",
        "Antwerp",
        "Rotterdam",
        "Amsterdam",
    ]
    concise = await get(road, join="inline", format="concise")
    assert concise["isParked"]["entity"]["free"] == 5
    assert [one["name"] for one in concise["route"]["entityList"]] == [
        "Amsterdam", "Antwerp", "Rotterdam",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("params", "ids"),
    [
        ({}, ["urn:v:1", "urn:p:1", "urn:c:0", "urn:c:2", "urn:c:1"]),
        ({"containedBy": "urn:p:1,urn:c:2"}, ["urn:v:1", "urn:c:0", "urn:c:1"]),
        ({"pick": "id,isParked{free}"}, ["urn:v:1", "urn:p:1"]),
        ({"pick": "id,route"}, ["urn:v:1", "urn:c:2", "urn:c:0", "urn:c:1"]),
        ({"omit": "route,passengers"}, ["urn:v:1", "urn:p:1"]),
    ],
)
async def test_flat(road: httpx.AsyncClient, params: dict[str, str], ids: list[str]) -> None:
    shown = await get(road, join="flat", **params)
    found = [one.get("id", "urn:p:1" if "free" in one else "?") for one in shown]
    assert found[0] == ids[0]
    assert sorted(found) == sorted(ids)


@pytest.mark.parametrize(
    ("q", "more"),
    [
        ('brand=="Mercedes"', {}),
        ("brand.observedAt>=2026-01-01T00:00:00Z", {}),
        ('isParked=="urn:p:1"', {}),
        ('passengers=="urn:c:9"', {}),
        ('street[nl]=="Markt"', {}),
        ('street=="Grand Place"', {}),
        ("category==noncommercial", {"expandValues": "category"}),
        ("treads==120", {}),
        ('route=="urn:c:1"', {}),
        ("raw[id]==1", {"jsonKeys": "raw"}),
        ("speed==54", {}),
        ("isParked{free}>3", {"join": "inline"}),
        ('isParked{within{name}}=="Antwerp"', {"join": "flat", "joinLevel": "2"}),
    ],
)
async def test_filters(road: httpx.AsyncClient, q: str, more: dict[str, str]) -> None:
    answer = await road.get("/entities", params={"type": "Vehicle", "q": q, "pick": "id", **more})
    assert answer.status_code == 200, answer.text
    assert [one["id"] for one in answer.json()] == ["urn:v:1"]


async def test_datasets(road: httpx.AsyncClient) -> None:
    gps = await get(road, datasetId="urn:d:gps")
    assert gps.keys() == {"id", "type", "speed"}
    assert gps["speed"] == VEHICLE["speed"][1]
    default = await get(road, datasetId="@none", pick="speed,brand")
    assert default == {"speed": VEHICLE["speed"][0], "brand": VEHICLE["brand"]}


@pytest.mark.parametrize("name", sorted(VEHICLE.keys() - {"id", "type"}))
async def test_a_null_takes_each_kind_away(road: httpx.AsyncClient, name: str) -> None:
    change = {"type": "Vehicle", name: "urn:ngsi-ld:null"}
    assert (await road.patch("/entities/urn:v:1", json=change)).status_code == 204
    shown = await get(road)
    if name == "speed":  # the default instance only (5.5.12)
        assert shown["speed"] == VEHICLE["speed"][1]
    else:
        assert shown == {member: value for member, value in VEHICLE.items() if member != name}
