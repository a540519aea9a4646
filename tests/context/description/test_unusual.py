"""Unusual HTTP: rare methods, lengths, media types, encodings. Never a failure of the broker."""

import re

import httpx
import msgspec
import pytest

from tamamo.context.broker import Broker
from tamamo.context.description import document
from tamamo.context.description.document import DOORS, Door
from tamamo.kernel.settings import Settings
from tests.context.conftest import client_of

ROOM = {"id": "urn:ngsi-ld:Room:1", "type": "Room", "name": {"type": "Property", "value": "東"}}


async def test_head_answers_as_get_without_a_body(client: httpx.AsyncClient) -> None:
    assert (await client.post("/ngsi-ld/v1/entities", json=ROOM)).status_code == 201
    for path in (
        "/ngsi-ld/v1/entities?type=Room",
        "/ngsi-ld/v1/entities/urn:ngsi-ld:Room:1",
        "/ngsi-ld/v1/entities/urn:x:none",
        "/v2/entities/urn:ngsi-ld:Room:1",
        "/v2/types",
    ):
        get, head = await client.get(path), await client.head(path)
        assert head.status_code == get.status_code
        assert head.content == b""
        for name in ("Content-Length", "Content-Type", "Link"):
            assert head.headers.get(name) == get.headers.get(name), (path, name)


async def test_options_and_405_say_what_is_allowed(client: httpx.AsyncClient) -> None:
    cases = {
        "/ngsi-ld/v1/entities": "DELETE, GET, HEAD, OPTIONS, POST",
        "/ngsi-ld/v1/entityOperations/query": "OPTIONS, POST",
        "/v2/subscriptions": "GET, HEAD, OPTIONS, POST",
    }
    for path, allowed in cases.items():
        answer = await client.options(path)
        assert (answer.status_code, answer.headers["Allow"]) == (204, allowed)
        refused = await client.request("TRACE", path)
        assert (refused.status_code, refused.headers["Allow"]) == (405, allowed)
    assert (await client.options("/ngsi-ld/v1/nothing")).status_code == 404


PREFLIGHT = {
    "Origin": "https://app.example",
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "authorization,content-type,ngsild-tenant",
}


@pytest.mark.parametrize("is_open", [False, True])
async def test_pages_of_the_origins_set_may_ask(broker: Broker, is_open: bool) -> None:
    origins = ("https://app.example", "https://other.example")
    broker.settings = msgspec.structs.replace(broker.settings, cors_origins=origins, open=is_open)
    async with client_of(broker) as client:
        client.base_url = httpx.URL("http://broker.test")
        for path in (
            "/ngsi-ld/v1/entities?local=true",
            "/v2/entities",
            "/api/ngsi-ld.json",
            "/ogc/",
        ):
            answer = await client.get(path, headers={"Origin": origins[0]})
            assert answer.headers["Access-Control-Allow-Origin"] == origins[0]
            assert "NGSILD-Results-Count" in answer.headers["Access-Control-Expose-Headers"]
            assert "Access-Control-Allow-Credentials" not in answer.headers
            answer = await client.get(path, headers={"Origin": "https://evil.example"})
            assert "Access-Control-Allow-Origin" not in answer.headers
        # An error is seen by the script that caused it.
        missing = await client.get("/ngsi-ld/v1/entities/urn:x:1", headers={"Origin": origins[1]})
        assert missing.status_code == 404
        assert missing.headers["Access-Control-Allow-Origin"] == origins[1]
        asked = await client.options("/ngsi-ld/v1/entities/urn:x:1", headers=PREFLIGHT)
        # Where changes need no key, no page of another origin makes any.
        assert (asked.status_code == 200) == (not is_open)
        reading = {**PREFLIGHT, "Access-Control-Request-Method": "GET"}
        assert (await client.options("/v2/entities", headers=reading)).status_code == 200
        page = await client.get("/healthz", headers={"Origin": origins[0]})
        assert "Access-Control-Allow-Origin" not in page.headers


async def test_nobody_may_ask_where_no_origin_is_set(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v2/entities", headers={"Origin": "https://app.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers
    asked = await client.options("/v2/entities", headers=PREFLIGHT)
    assert (asked.status_code, asked.headers["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")


async def test_media_types_by_weight(client: httpx.AsyncClient) -> None:
    await client.post("/ngsi-ld/v1/entities", json=ROOM)
    found = {
        "": "application/json",
        "*/*": "application/json",
        "application/*;q=0.1, application/ld+json": "application/ld+json",
        "application/json;q=0.2, application/ld+json;q=0.9": "application/ld+json",
        "application/json;q=0, application/*": "application/ld+json",
        "APPLICATION/GEO+JSON": "application/geo+json",
    }
    for accept, media in found.items():
        answer = await client.get(
            "/ngsi-ld/v1/entities/urn:ngsi-ld:Room:1", headers={"Accept": accept}
        )
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, media), accept
    value = "/v2/entities/urn:ngsi-ld:Room:1/attrs/name/value"
    texts = {
        "text/plain": 200,
        "text/*;q=0.000, application/json": 406,
        "application/json;q=0.1, text/plain": 200,
        "image/png": 406,
    }
    for accept, status in texts.items():
        answer = await client.get(value, headers={"Accept": accept})
        assert answer.status_code == status, accept


def test_settings_take_origins(monkeypatch: pytest.MonkeyPatch) -> None:
    from tamamo.kernel import settings

    monkeypatch.setenv("TAMAMO_CORS_ORIGINS", "https://a.example,https://b.example")
    assert settings.load().cors_origins == ("https://a.example", "https://b.example")
    assert Settings().cors_origins == ()


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
async def test_no_name_in_a_path_is_too_odd(client: httpx.AsyncClient, door: Door) -> None:
    failed = []
    for odd in ("%00", "%ff", "%20", "%ED%A0%80", "a%0A", "%22%3B--", "x" * 3000, "urn:x:%00"):
        for path, method, operation in document.operations(door):
            address = door.prefix + re.sub(r"\{\w+\}", odd, path)
            if address == door.prefix + path:
                continue
            more = {"json": {}} if document.facts_of(operation, method).reads else {}
            answer = await client.request(method, address, **more)
            if answer.status_code >= 500:
                failed.append(f"{method} {address[:100]}: {answer.status_code}")
    assert not failed


ODD = ("\0", "-1", "𠮷 ☃", "(" * 800, "9" * 20, "2026-13-45T99:99Z")


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
async def test_no_parameter_is_too_odd(client: httpx.AsyncClient, door: Door) -> None:
    failed = []
    for path, method, operation in document.operations(door):
        if method != "GET":
            continue
        address = door.prefix + re.sub(r"\{\w+\}", "urn:ngsi-ld:Room:1", path)
        for name in sorted(document.facts_of(operation, method).params):
            for odd in ODD:
                params = {"type": "Room", "timerel": "after", "timeAt": "2026-01-01T00:00:00Z"}
                known = {key: text for key, text in params.items() if key in operation.params}
                answer = await client.request(method, address, params={**known, name: odd})
                if answer.status_code >= 500:
                    failed.append(f"{method} {path} {name}={odd[:20]!r}: {answer.status_code}")
    assert not failed
