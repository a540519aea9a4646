"""Errors of NGSIv2: its shape and codes, the field named, nothing written."""

from typing import Any

import httpx
import pytest

from tamamo.context.broker import Broker


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ([], ""),
        ({"type": "Room"}, "/id"),
        ({"id": ""}, "/id"),
        ({"id": "a b"}, "/id"),
        ({"id": "a/b"}, "/id"),
        ({"id": 1}, "/id"),
        ({"id": "x" * 257}, "/id"),
        ({"id": "a", "type": "a?b"}, "/type"),
        ({"id": "a", "type": None}, "/type"),
        ({"id": "a", "t": 1}, "/t"),
        ({"id": "a", "t": {"value": 1, "unit": "m"}}, "/t/unit"),
        ({"id": "a", "t": {"value": 1, "type": ""}}, "/t/type"),
        ({"id": "a", "t": {"value": 1, "type": "a b"}}, "/t/type"),
        ({"id": "a", "t": {"value": 1, "metadata": []}}, "/t/metadata"),
        ({"id": "a", "t": {"value": 1, "metadata": {"m": 1}}}, "/t/metadata/m"),
        ({"id": "a", "t": {"value": 1, "metadata": {"m m": {"value": 1}}}}, "/t/metadata/m m"),
        (
            {"id": "a", "t": {"value": 1, "metadata": {"dateCreated": {}}}},
            "/t/metadata/dateCreated",
        ),
        ({"id": "a", "t": {"type": "DateTime", "value": "soon"}}, "/t/value"),
        ({"id": "a", "t": {"type": "geo:point", "value": "91,1"}}, "/t/value"),
        ({"id": "a", "t": {"type": "geo:box", "value": ["2,2", "1,1"]}}, "/t/value"),
        ({"id": "a", "t": {"type": "geo:json", "value": {"type": "Feature"}}}, "/t/value/type"),
        ({"id": "a", "t": {"value": "urn:ngsi-ld:null"}}, "/t/value"),
        ({"id": "a", "location": {"type": "Text", "value": "here"}}, "/location/type"),
        ({"id": "a", "dateCreated": {"value": 1}}, "/dateCreated"),
        ({"id": "a", "geo:distance": {"value": 1}}, "/geo:distance"),
        ({"id": "a", "ngsi-ld:location": {"value": 1}}, "/ngsi-ld:location"),
        ({"id": "a", "a&b": {"value": 1}}, "/a&b"),
    ],
)
async def test_a_bad_entity_is_refused_with_its_place(
    shared_orion: httpx.AsyncClient, body: Any, place: str
) -> None:
    answer = await shared_orion.post("/entities", json=body)
    assert answer.status_code == 400, answer.text
    error = answer.json()
    assert error.keys() == {"error", "description"}
    assert error["error"] == "BadRequest"
    assert error["description"].startswith(f"{place}:" if place else "")
    assert (await shared_orion.get("/entities")).json() == []


async def test_errors_of_http(orion: httpx.AsyncClient) -> None:
    async def chunks() -> Any:
        yield b"{}"

    json = {"Content-Type": "application/json"}
    limit = 16 * 1024 * 1024
    for status, error, answer in (
        (400, "ParseError", await orion.post("/entities", content="{", headers=json)),
        (400, "BadRequest", await orion.post("/entities", headers=json)),
        (
            400,
            "BadRequest",
            await orion.post("/entities", content='{"id": "\\u0000"}', headers=json),
        ),
        (404, "NotFound", await orion.get("/nothing")),
        (405, "MethodNotAlowed", await orion.put("/entities", json={})),
        (406, "NotAcceptable", await orion.get("/entities", headers={"Accept": "text/html"})),
        (411, "ContentLengthRequired", await orion.post("/entities", content=chunks())),
        (413, "RequestEntityTooLarge", await orion.post("/entities", content=b" " * (limit + 1))),
        (415, "UnsupportedMediaType", await orion.post("/entities", content="id=1")),
        (
            415,
            "UnsupportedMediaType",
            await orion.post("/entities", content="{}", headers={"Content-Type": "text/plain"}),
        ),
    ):
        assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
        assert answer.json()["description"]
    assert (await orion.put("/entities", json={})).headers["allow"] == "GET, HEAD, OPTIONS, POST"


async def test_deep_and_long_bodies_are_bounded(orion: httpx.AsyncClient) -> None:
    deep = b'{"id": "a", "t": {"value": ' + b"[" * 200 + b"]" * 200 + b"}}"
    deeper = b'{"id": "a", "t": {"value": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
    for body in (deep, deeper):
        answer = await orion.post(
            "/entities", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 400, answer.text
    answer = await orion.post("/op/query", json={"expression": {"q": "a" * 70_000}})
    assert answer.status_code == 422
    answer = await orion.get("/entities", params={"idPattern": "(a{200}){200}"})
    assert answer.status_code == 400


async def test_changes_need_the_key(orion: httpx.AsyncClient, broker: Broker) -> None:
    broker.identity.key = key = "secret"
    body = {"id": "a"}
    for method, path in (
        ("POST", "/entities"),
        ("DELETE", "/entities/a"),
        ("POST", "/entities/a/attrs"),
        ("PATCH", "/entities/a/attrs"),
        ("PUT", "/entities/a/attrs"),
        ("PUT", "/entities/a/attrs/t"),
        ("DELETE", "/entities/a/attrs/t"),
        ("PUT", "/entities/a/attrs/t/value"),
        ("POST", "/op/update"),
        ("POST", "/op/notify"),
    ):
        answer = await orion.request(method, path, json=body)
        assert (answer.status_code, answer.json()["error"]) == (401, "Unauthorized"), path
        assert answer.headers["www-authenticate"] == 'Bearer realm="tamamo"'
    assert (await orion.get("/entities")).json() == []
    assert (await orion.post("/op/query", json={})).json() == []
    allowed = {"Authorization": f"Bearer {key}"}
    assert (await orion.post("/entities", json=body, headers=allowed)).status_code == 201


async def test_a_lost_database_is_503(orion: httpx.AsyncClient, broker: Broker) -> None:
    await broker.pool.close()
    answer = await orion.get("/entities/a")
    assert (answer.status_code, answer.json()["error"]) == (503, "ServiceUnavailable")
    assert answer.headers["retry-after"] == "1"
