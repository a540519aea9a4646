"""Entities over HTTP: the happy paths and the errors of clauses 6.3 to 6.7."""

import asyncio
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tamamo.context.broker import Broker
from tests.context.conftest import client_of

GAUGE: dict[str, Any] = {
    "id": "urn:ngsi-ld:FloodMonitoring:1",
    "type": "FloodMonitoring",
    "currentLevel": {
        "type": "Property",
        "value": 1.25,
        "unitCode": "MTR",
        "observedAt": "2026-06-26T00:00:00Z",
    },
    "location": {
        "type": "GeoProperty",
        "value": {"type": "Point", "coordinates": [134.05, 34.34]},
    },
    "river": {"type": "Relationship", "object": "urn:ngsi-ld:River:koto"},
}
PATH = f"/entities/{GAUGE['id']}"
LD = {"Content-Type": "application/ld+json"}
CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld"
LINK = f'<{CORE}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
VOCABULARY = "https://uri.etsi.org/ngsi-ld/default-context/"


@pytest.fixture
async def gauge(api: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client of a broker that holds the gauge."""
    assert (await api.post("/entities", json=GAUGE)).status_code == 201
    return api


async def state(api: httpx.AsyncClient, **params: str) -> dict[str, Any]:
    answer = await api.get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def test_created_entity_is_read_back(gauge: httpx.AsyncClient) -> None:
    answer = await gauge.get(PATH)
    assert answer.json() == GAUGE
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["link"] == LINK


async def test_creation_names_the_place(api: httpx.AsyncClient) -> None:
    answer = await api.post("/entities/", json=GAUGE)
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/ngsi-ld/v1{PATH}"
    assert answer.content == b""


async def test_creating_twice_conflicts(gauge: httpx.AsyncClient) -> None:
    answer = await gauge.post("/entities", json=GAUGE)
    assert answer.status_code == 409
    assert answer.json()["type"] == "https://uri.etsi.org/ngsi-ld/errors/AlreadyExists"


async def test_creating_at_once_succeeds_once(api: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(api.post("/entities", json=GAUGE) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]


async def test_ld_json_answers_carry_the_context(gauge: httpx.AsyncClient) -> None:
    answer = await gauge.get(PATH, headers={"Accept": "application/ld+json"})
    assert answer.headers["content-type"] == "application/ld+json"
    assert answer.json()["@context"] == CORE
    assert "link" not in answer.headers


async def test_geojson(gauge: httpx.AsyncClient) -> None:
    geo = {"Accept": "application/geo+json"}
    feature = (await gauge.get(PATH, headers=geo)).json()
    assert feature["geometry"] == GAUGE["location"]["value"]
    assert feature["@context"] == CORE
    listed = await gauge.get(
        "/entities?type=FloodMonitoring", headers={**geo, "Prefer": "body=json"}
    )
    assert listed.json()["type"] == "FeatureCollection"
    assert "@context" not in listed.json()
    assert listed.headers["link"] == LINK


async def test_simplified_and_projected(gauge: httpx.AsyncClient) -> None:
    simple = await state(gauge, format="simplified", pick="id,currentLevel")
    assert simple == {"id": GAUGE["id"], "currentLevel": 1.25}
    assert await state(gauge, options="keyValues", omit="location|river") == {
        "id": GAUGE["id"],
        "type": "FloodMonitoring",
        "currentLevel": 1.25,
    }


async def test_sys_attrs(gauge: httpx.AsyncClient) -> None:
    shown = await state(gauge, options="sysAttrs")
    assert shown["createdAt"] == shown["modifiedAt"] == shown["currentLevel"]["createdAt"]


async def test_attrs_that_are_not_there(gauge: httpx.AsyncClient) -> None:
    assert (await gauge.get(PATH, params={"attrs": "speed"})).status_code == 404
    assert set(await state(gauge, attrs="currentLevel")) == {"id", "type", "currentLevel"}


async def test_merge_goes_into_attributes(gauge: httpx.AsyncClient) -> None:
    change = {"currentLevel": {"value": 2.5}, "river": "urn:ngsi-ld:null"}
    answer = await gauge.patch(
        PATH, json=change, headers={"Content-Type": "application/merge-patch+json"}
    )
    assert answer.status_code == 204
    shown = await state(gauge)
    assert shown["currentLevel"] == {**GAUGE["currentLevel"], "value": 2.5}
    assert "river" not in shown


async def test_replace_keeps_nothing_but_the_creation(gauge: httpx.AsyncClient) -> None:
    before = await state(gauge, options="sysAttrs")
    new = {"id": GAUGE["id"], "type": "FloodMonitoring", "name": "新川"}
    assert (await gauge.put(PATH, json=new)).status_code == 204
    after = await state(gauge, options="sysAttrs")
    assert after["createdAt"] == before["createdAt"]
    assert set(after) == {"id", "type", "name", "createdAt", "modifiedAt"}


async def test_replacing_another_entity_is_refused(gauge: httpx.AsyncClient) -> None:
    new = {"id": "urn:ngsi-ld:FloodMonitoring:2", "type": "FloodMonitoring"}
    assert (await gauge.put(PATH, json=new)).status_code == 400


async def test_append_without_overwriting_names_what_was_left(gauge: httpx.AsyncClient) -> None:
    fragment = {"currentLevel": {"value": 9}, "alertLevel": {"value": 3}}
    answer = await gauge.post(f"{PATH}/attrs?options=noOverwrite", json=fragment)
    assert answer.status_code == 207
    assert answer.json()["updated"] == [VOCABULARY + "alertLevel"]
    assert answer.json()["notUpdated"][0]["attributeName"] == VOCABULARY + "currentLevel"
    assert (await state(gauge))["currentLevel"]["value"] == 1.25
    assert (await gauge.post(f"{PATH}/attrs", json=fragment)).status_code == 204
    assert (await state(gauge))["currentLevel"]["value"] == 9


async def test_update_replaces_whole_attributes(gauge: httpx.AsyncClient) -> None:
    fragment = {"currentLevel": {"type": "Property", "value": 3}}
    assert (await gauge.patch(f"{PATH}/attrs", json=fragment)).status_code == 204
    assert (await state(gauge))["currentLevel"] == fragment["currentLevel"]


async def test_partial_update_keeps_other_members(gauge: httpx.AsyncClient) -> None:
    answer = await gauge.patch(f"{PATH}/attrs/currentLevel", json={"value": 3})
    assert answer.status_code == 204
    assert (await state(gauge))["currentLevel"] == {**GAUGE["currentLevel"], "value": 3}


async def test_replace_attribute(gauge: httpx.AsyncClient) -> None:
    new = {"type": "Property", "value": 4}
    assert (await gauge.put(f"{PATH}/attrs/currentLevel", json=new)).status_code == 204
    assert (await state(gauge))["currentLevel"] == new


async def test_delete_attribute_by_its_iri(gauge: httpx.AsyncClient) -> None:
    iri = (VOCABULARY + "currentLevel").replace("/", "%2F").replace(":", "%3A")
    assert (await gauge.delete(f"{PATH}/attrs/{iri}")).status_code == 204
    assert "currentLevel" not in await state(gauge)
    assert (await gauge.delete(f"{PATH}/attrs/currentLevel")).status_code == 404


async def test_delete_attribute_by_dataset(gauge: httpx.AsyncClient) -> None:
    dataset = "urn:ngsi-ld:Dataset:model"
    fragment = {"currentLevel": {"value": 7, "datasetId": dataset}}
    await gauge.post(f"{PATH}/attrs", json=fragment)
    assert len((await state(gauge))["currentLevel"]) == 2
    answer = await gauge.delete(f"{PATH}/attrs/currentLevel", params={"datasetId": dataset})
    assert answer.status_code == 204
    assert (await state(gauge))["currentLevel"] == GAUGE["currentLevel"]
    await gauge.post(f"{PATH}/attrs", json=fragment)
    await gauge.delete(f"{PATH}/attrs/currentLevel", params={"deleteAll": "true"})
    assert "currentLevel" not in await state(gauge)


async def test_scope_is_set_and_deleted(gauge: httpx.AsyncClient) -> None:
    await gauge.post(f"{PATH}/attrs", json={"scope": ["/takamatsu/river"]})
    assert (await state(gauge))["scope"] == "/takamatsu/river"
    assert (await gauge.patch(f"{PATH}/attrs/scope", json={"value": "/a"})).status_code == 400
    assert (await gauge.delete(f"{PATH}/attrs/scope")).status_code == 204
    assert "scope" not in await state(gauge)


async def test_delete_entity(gauge: httpx.AsyncClient) -> None:
    assert (await gauge.delete(PATH)).status_code == 204
    assert (await gauge.get(PATH)).status_code == 404
    answer = await gauge.delete(PATH)
    assert answer.status_code == 404
    assert answer.json()["type"] == "https://uri.etsi.org/ngsi-ld/errors/ResourceNotFound"


async def test_type_selector_gates_every_operation(gauge: httpx.AsyncClient) -> None:
    other = {"type": "Bus"}
    assert (await gauge.get(PATH, params=other)).status_code == 404
    assert (await gauge.delete(PATH, params=other)).status_code == 404
    change = {"name": {"value": 1}}
    assert (await gauge.patch(PATH, params=other, json=change)).status_code == 404
    assert (await gauge.get(PATH, params={"type": "FloodMonitoring"})).status_code == 200


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE", "GET"])
async def test_unknown_entity(api: httpx.AsyncClient, method: str) -> None:
    content = {"json": GAUGE} if method in {"PATCH", "PUT"} else {}
    answer = await api.request(method, PATH, **content)  # type: ignore[arg-type]
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [("PATCH", "/entities/"), ("PUT", "/entities/"), ("PATCH", "/entities//attrs")],
)
async def test_a_path_without_an_id(api: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await api.request(method, path, json={})
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("BadRequestData")


@pytest.mark.parametrize("path", ["/entities/no-uri", "/entities/no-uri/attrs/name"])
async def test_an_id_is_a_uri(api: httpx.AsyncClient, path: str) -> None:
    answer = await api.delete(path)
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("BadRequestData")


async def test_parallel_changes_of_one_entity_are_all_kept(gauge: httpx.AsyncClient) -> None:
    """Coalesced writes: thirty requests change thirty attributes of one entity."""
    answers = await asyncio.gather(
        *(gauge.post(f"{PATH}/attrs", json={f"a{n}": {"value": n}}) for n in range(30)),
        gauge.patch(f"{PATH}/attrs/missing", json={"value": 1}),
    )
    assert [answer.status_code for answer in answers] == [*[204] * 30, 404]
    shown = await state(gauge, format="simplified")
    assert {f"a{n}": n for n in range(30)}.items() <= shown.items()


async def test_context_by_link_and_in_the_body(gauge: httpx.AsyncClient) -> None:
    context = {"level": VOCABULARY + "currentLevel"}
    body = {"@context": context, "level": {"value": 5}}
    assert (await gauge.patch(PATH, json=body, headers=LD)).status_code == 204
    assert (await state(gauge))["currentLevel"]["value"] == 5


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, {"@context": CORE, "a": {"value": 1}}),
        (LD, {"a": {"value": 1}}),
        ({**LD, "Link": LINK}, {"@context": CORE, "a": {"value": 1}}),
    ],
)
async def test_contexts_are_not_mixed(
    gauge: httpx.AsyncClient, headers: dict[str, str], body: dict[str, Any]
) -> None:
    answer = await gauge.patch(PATH, json=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("BadRequestData")


async def test_a_context_that_cannot_be_had(api: httpx.AsyncClient) -> None:
    link = LINK.replace(CORE, "http://127.0.0.1:1/none.jsonld")
    answer = await api.get("/entities?type=Bus", headers={"Link": link})
    assert answer.status_code == 504
    assert answer.json()["type"].endswith("LdContextNotAvailable")


async def test_tenants_are_apart(gauge: httpx.AsyncClient) -> None:
    tenant = {"NGSILD-Tenant": "naoshima"}
    missing = await gauge.get(PATH, headers=tenant)
    assert missing.status_code == 404
    assert missing.json()["type"].endswith("NonexistentTenant")
    assert missing.headers["NGSILD-Tenant"] == "naoshima"
    created = await gauge.post("/entities", json=GAUGE, headers=tenant)
    assert created.status_code == 201
    assert created.headers["NGSILD-Tenant"] == "naoshima"
    await gauge.delete(PATH)
    assert (await gauge.get(PATH, headers=tenant)).status_code == 200


async def test_changes_do_not_make_tenants(api: httpx.AsyncClient) -> None:
    answer = await api.delete(PATH, headers={"NGSILD-Tenant": "nowhere"})
    assert answer.json()["type"].endswith("NonexistentTenant")


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        (b'{"id": "urn:a:b",\n "type": }', "InvalidRequest", "line 2 column 10"),
        (b"", "InvalidRequest", "no body"),
        (b"[]", "InvalidRequest", "object"),
        (b'{"id": "urn:a:b", "type": "T", "a": {"value": "\\u0000"}}', "BadRequestData", "U+0000"),
        (b'{"id": "urn:a:b", "type": "T", "a": {"type": "Relationship"}}', "BadRequestData", "/a"),
        (b'{"id": "urn:a:b", "type": "T", "a": ' + b"[" * 2000 + b"]" * 2000 + b"}", "", ""),
    ],
)
async def test_bad_bodies(
    shared_api: httpx.AsyncClient, content: bytes, kind: str, text: str
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await shared_api.post("/entities", content=content, headers=headers)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"
    problem = answer.json()
    assert problem["status"] == 400
    assert problem["type"].endswith(kind)
    assert text in problem["detail"]
    assert (await shared_api.get("/entities?type=T")).json() == []


async def test_wrong_media_types(api: httpx.AsyncClient) -> None:
    answer = await api.post("/entities", content=b"{}", headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.content) == (415, b"")
    answer = await api.get("/entities?type=A", headers={"Accept": "text/html"})
    assert answer.status_code == 406
    assert "application/ld+json" in answer.json()["availableRepresentations"]
    answer = await api.get("/types", headers={"Accept": "application/geo+json"})
    assert answer.status_code == 406


async def test_a_body_says_its_length(api: httpx.AsyncClient) -> None:
    async def chunks() -> Any:
        yield b"{}"

    answer = await api.post(
        "/entities", content=chunks(), headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.content) == (411, b"")


async def test_a_huge_body_is_not_read(api: httpx.AsyncClient) -> None:
    async def never() -> Any:
        yield b"{"
        raise AssertionError("the body was read")

    headers = {"Content-Type": "application/json", "Content-Length": str(1024**3)}
    answer = await api.post("/entities", content=never(), headers=headers)
    assert answer.status_code == 413
    assert str(16 * 1024 * 1024) in answer.json()["detail"]


async def test_wrong_methods_and_paths(api: httpx.AsyncClient) -> None:
    answer = await api.put("/entities", json={})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, POST"
    assert (await api.get("/nothing")).status_code == 404
    assert (await api.get("/nothing")).json()["type"].endswith("ResourceNotFound")


@pytest.mark.parametrize("query", ["colour=red", "options=fast", "format=fast", "limit=1&limit=2"])
async def test_unknown_parameters(api: httpx.AsyncClient, query: str) -> None:
    answer = await api.get(f"/entities?type=A&{query}")
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("InvalidRequest")


async def test_changes_need_the_key_and_reads_do_not(broker: Broker) -> None:
    broker.identity.key = "secret"
    async with client_of(broker) as api:
        refused = await api.post("/entities", json=GAUGE)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == 'Bearer realm="tamamo"'
        wrong = await api.post(
            "/entities", json=GAUGE, headers={"Authorization": "Bearer secretly"}
        )
        assert wrong.status_code == 401
        allowed = await api.post(
            "/entities", json=GAUGE, headers={"Authorization": "bearer secret"}
        )
        assert allowed.status_code == 201
        assert (await api.get(PATH)).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PATCH"])
async def test_a_lost_database_is_unavailable(
    gauge: httpx.AsyncClient, broker: Broker, cluster_dsn: str, database_url: str, method: str
) -> None:
    broker.pool.timeout = 0.5  # what is waited for a connection before it is said
    name = conninfo_to_dict(database_url)["dbname"]
    with psycopg.connect(cluster_dsn, autocommit=True) as connection:
        connection.execute(f"alter database {name} allow_connections false")  # type: ignore[arg-type]
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name]
        )
        answer = await gauge.request(method, PATH, json={"name": {"value": 1}})
        connection.execute(f"alter database {name} allow_connections true")  # type: ignore[arg-type]
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["title"] == "Service unavailable"
