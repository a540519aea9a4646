"""The standard's own examples (ETSI GS CIM 009 V1.9.1), word for word where it gives data."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tamamo.context.broker import open_broker
from tamamo.kernel.settings import Settings
from tests.context.conftest import client_of

VEHICLE = "urn:ngsi-ld:Vehicle:A4567"
TEMPERATURE = {
    "type": "Property",
    "value": 25,
    "unitCode": "CEL",
    "observedAt": "2022-03-14T01:59:26.535Z",
}
ADDRESS = {
    "type": "Property",
    "value": {"street": "Straße des 17. Juni", "city": "Berlin", "country": "Germany"},
}
CHANGE = {"type": "Property", "value": 100, "observedAt": "2022-03-14T13:00:00.000Z"}


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a broker that holds the vehicle of the examples."""
    async with open_broker(settings) as broker, client_of(broker) as client:
        entity = {"id": VEHICLE, "type": "Vehicle"}
        entity |= {"temperature": TEMPERATURE, "address": ADDRESS}  # type: ignore[dict-item]
        assert (await client.post("/entities", json=entity)).status_code == 201
        yield client


async def shown(api: httpx.AsyncClient, attr: str) -> Any:
    return (await api.get(f"/entities/{VEHICLE}")).json().get(attr)


async def test_partial_attribute_update_leaves_the_unit(api: httpx.AsyncClient) -> None:
    """Clause 5.5.8, example 1."""
    answer = await api.patch(f"/entities/{VEHICLE}/attrs/temperature", json=CHANGE)
    assert answer.status_code == 204
    assert await shown(api, "temperature") == {**TEMPERATURE, **CHANGE}


async def test_update_attributes_replaces_the_whole_attribute(api: httpx.AsyncClient) -> None:
    """Clause 5.5.8, example 2."""
    answer = await api.patch(f"/entities/{VEHICLE}/attrs", json={"temperature": CHANGE})
    assert answer.status_code == 204
    assert await shown(api, "temperature") == CHANGE
    assert await shown(api, "address") == ADDRESS


async def test_update_attributes_deletes_by_null(api: httpx.AsyncClient) -> None:
    """Clause 5.5.8, example 3."""
    change = {"temperature": {"type": "Property", "value": "urn:ngsi-ld:null"}}
    assert (await api.patch(f"/entities/{VEHICLE}/attrs", json=change)).status_code == 204
    assert await shown(api, "temperature") is None
    assert await shown(api, "address") == ADDRESS


async def test_merge_leaves_the_unit(api: httpx.AsyncClient) -> None:
    """Clause 5.5.12, example 1."""
    answer = await api.patch(f"/entities/{VEHICLE}", json={"temperature": CHANGE})
    assert answer.status_code == 204
    assert await shown(api, "temperature") == {**TEMPERATURE, **CHANGE}


async def test_merge_goes_into_a_value(api: httpx.AsyncClient) -> None:
    """Clause 5.5.12, example 2."""
    value = {"street": "Pariser Platz", "country": "urn:ngsi-ld:null"}
    change = {"address": {"type": "Property", "value": value}}
    assert (await api.patch(f"/entities/{VEHICLE}", json=change)).status_code == 204
    expected = {"type": "Property", "value": {"street": "Pariser Platz", "city": "Berlin"}}
    assert await shown(api, "address") == expected


async def test_the_error_body(api: httpx.AsyncClient) -> None:
    """Clause 5.5.3: the members of the example, as application/json."""
    answer = await api.get("/entities/urn:ngsi-ld:Device:widget001")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    problem = answer.json()
    assert problem["type"] == "https://uri.etsi.org/ngsi-ld/errors/ResourceNotFound"
    assert problem["status"] == 404
    assert "urn:ngsi-ld:Device:widget001" in problem["detail"]
    assert problem["title"]


@pytest.mark.parametrize(
    ("query", "speeds"),
    [
        ("orderBy=speed", [10, 20, 30]),
        ("orderBy=speed;desc", [30, 20, 10]),
        ("orderBy=speed;desc,id&limit=2", [30, 20]),
    ],
)
async def test_ordering(api: httpx.AsyncClient, query: str, speeds: list[int]) -> None:
    """Clause 4.23.3, examples 1 to 3."""
    for number in (2, 3, 1):
        entity = {"id": f"urn:ngsi-ld:Car:{number}", "type": "Car", "speed": {"value": number * 10}}
        assert (await api.post("/entities", json=entity)).status_code == 201
    answer = await api.get(f"/entities?type=Car&local=true&format=simplified&{query}")
    assert [entity["speed"] for entity in answer.json()] == speeds
