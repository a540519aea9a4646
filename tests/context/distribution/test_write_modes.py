"""Every operation on one entity, over registrations of every mode (clauses 4.3.6.2, 4.3.6.3).

One database for all of these many tests, each in a tenant of its own.
"""

import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tamamo.context.broker import Broker
from tests.context.conftest import client_of
from tests.context.distribution.conftest import Register, gauge
from tests.context.distribution.peer import Peer, Says

TENANT = "NGSILD-Tenant"
ID = "urn:ngsi-ld:Gauge:1"
ENTITY = f"/entities/{ID}"
LOCAL = {"local": "true"}
PROXIED = ("exclusive", "redirect")


def prop(value: Any, **more: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, **more}


@dataclass(frozen=True)
class Operation:
    """An operation, what it answers when all is done, and how its body says the level."""

    method: str
    path: str
    done: int
    body: Any = None
    params: Mapping[str, str] = field(default_factory=dict)
    #: Whether there must be an entity here before.
    before: bool = True
    #: Whether its body holds flow beside level; only the level is registered.
    splits: bool = True

    async def run(self, api: httpx.AsyncClient, **more: str) -> httpx.Response:
        return await api.request(
            self.method, self.path, json=self.body, params={**self.params, **more}
        )


BOTH = gauge("1", level=1, flow=2)
OPERATIONS = {
    "createEntity": Operation("POST", "/entities", 201, BOTH, before=False),
    "replaceEntity": Operation("PUT", ENTITY, 204, BOTH),
    "mergeEntity": Operation("PATCH", ENTITY, 204, {"level": prop(1), "flow": prop(2)}),
    "appendAttrs": Operation("POST", f"{ENTITY}/attrs", 204, {"level": prop(1), "flow": prop(2)}),
    "updateEntity": Operation("PATCH", f"{ENTITY}/attrs", 204, {"level": prop(1), "flow": prop(2)}),
    "updateAttrs": Operation("PATCH", f"{ENTITY}/attrs/level", 204, {"value": 1}, splits=False),
    "replaceAttrs": Operation("PUT", f"{ENTITY}/attrs/level", 204, prop(1), splits=False),
    "deleteAttrs": Operation("DELETE", f"{ENTITY}/attrs/level", 204, splits=False),
    "deleteEntity": Operation("DELETE", ENTITY, 204, splits=False),
}
every = pytest.mark.parametrize("name", OPERATIONS)


@pytest.fixture
def database_url(shared_database_url: str) -> str:
    return shared_database_url


@pytest.fixture
async def api(broker: Broker) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API in a tenant of its own."""
    async with client_of(broker) as client:
        client.headers[TENANT] = f"t{secrets.token_hex(6)}"
        yield client


def only_level(mode: str) -> dict[str, Any]:
    """Return what is registered: the level of the gauge."""
    return {
        "mode": mode,
        "information": [{"entities": [{"type": "Gauge", "id": ID}], "propertyNames": ["level"]}],
    }


async def here(broker: Broker, api: httpx.AsyncClient) -> dict[str, Any] | None:
    """Return the gauge as it is kept here, in the client's tenant: attribute → value."""
    entity = await broker.entities.find(api.headers[TENANT], ID)
    if entity is None:
        return None
    return {iri.rpartition("/")[2]: items[0]["value"] for iri, items in entity.attrs.items()}


def agree(peer: Peer, operation: Operation) -> None:
    peer.answers[operation.method, operation.path] = Says(operation.done)


@every
@pytest.mark.parametrize("mode", PROXIED)
async def test_what_is_registered_goes_away_and_the_rest_stays(
    name: str, mode: str, api: httpx.AsyncClient, register: Register, peer: Peer, broker: Broker
) -> None:
    operation = OPERATIONS[name]
    await register(peer.endpoint, operations=[name], **only_level(mode))
    if operation.before:
        assert (await api.post("/entities", json=gauge("1", old=0), params=LOCAL)).is_success
    agree(peer, operation)
    answer = await operation.run(api)
    assert answer.status_code == operation.done, answer.text
    (asked,) = peer.asked
    assert (asked.method, asked.path) == (operation.method, operation.path)
    kept = await here(broker, api)
    if operation.splits:
        assert asked.body.keys() - {"id", "type"} == {"level"}
        assert kept is not None
        assert kept.keys() - {"old"} == {"flow"}
    elif name == "deleteEntity":
        assert kept is None
    else:
        assert kept == {"old": 0}


@every
async def test_an_inclusive_source_gets_a_copy(
    name: str, api: httpx.AsyncClient, register: Register, peer: Peer, broker: Broker
) -> None:
    operation = OPERATIONS[name]
    await register(peer.endpoint, mode="inclusive", operations=[name])
    if operation.before:
        await api.post("/entities", json=gauge("1", level=0), params=LOCAL)
    agree(peer, operation)
    answer = await operation.run(api)
    assert answer.status_code == operation.done, answer.text
    (asked,) = peer.asked
    assert (asked.body if asked.raw else None) == operation.body
    kept = await here(broker, api)
    if name == "deleteEntity":
        assert kept is None
    elif name == "deleteAttrs":
        assert kept == {}
    else:
        assert kept is not None
        assert kept["level"] == 1


@every
async def test_without_the_operation_a_proxied_source_is_a_conflict_and_an_inclusive_one_left_out(
    name: str, api: httpx.AsyncClient, register: Register, peer: Peer, broker: Broker
) -> None:
    operation = OPERATIONS[name]
    whole = {"information": [{"entities": [{"type": "Gauge", "id": ID}]}]}
    proxied = await register(peer.endpoint, mode="redirect", operations=["queryEntity"], **whole)
    answer = await operation.run(api)
    assert answer.status_code == 409, answer.text
    assert answer.json()["type"].endswith("/Conflict")
    assert await here(broker, api) is None
    await api.delete(f"/csourceRegistrations/{proxied}")
    await register(peer.endpoint, mode="inclusive", operations=["queryEntity"], **whole)
    if operation.before:
        await api.post("/entities", json=gauge("1", level=0))
    assert (await operation.run(api)).status_code == operation.done
    assert peer.asked == []


@every
@pytest.mark.parametrize("members", [{"mode": "auxiliary", "operations": ["retrieveOps"]}, {}])
async def test_an_auxiliary_source_and_one_for_reading_are_never_written_to(
    members: dict[str, Any], name: str, api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    operation = OPERATIONS[name]
    await register(peer.endpoint, **members)
    if operation.before:
        await api.post("/entities", json=gauge("1", level=0))
    assert (await operation.run(api)).status_code == operation.done
    assert peer.asked == []


@every
async def test_local_keeps_it_here(
    name: str, api: httpx.AsyncClient, register: Register, peer: Peer, broker: Broker
) -> None:
    operation = OPERATIONS[name]
    await register(peer.endpoint, operations=[name], **only_level("redirect"))
    if operation.before:
        await api.post("/entities", json=gauge("1", level=0), params=LOCAL)
    assert (await operation.run(api, local="true")).status_code == operation.done
    assert peer.asked == []


@every
async def test_all_redirects_are_asked_and_nothing_is_kept_here(
    name: str,
    api: httpx.AsyncClient,
    register: Register,
    peer: Peer,
    other_peer: Peer,
    broker: Broker,
) -> None:
    operation = OPERATIONS[name]
    for source in (peer, other_peer):
        agree(source, operation)
        await register(source.endpoint, mode="redirect", operations=[name])
    answer = await operation.run(api)
    assert answer.status_code == operation.done, answer.text
    assert len(peer.asked) == len(other_peer.asked) == 1
    assert await here(broker, api) is None


@every
async def test_an_entity_nobody_knows_is_not_found(
    name: str, api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    operation = OPERATIONS[name]
    elsewhere = [{"entities": [{"type": "Gauge", "id": "urn:ngsi-ld:Gauge:other"}]}]
    await register(peer.endpoint, mode="redirect", operations=[name], information=elsewhere)
    answer = await operation.run(api)
    assert answer.status_code == (404 if operation.before else 201)
    assert peer.asked == []


async def test_the_parameters_go_along(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint, mode="redirect", operations=["redirectionOps"])
    at = "2026-01-01T00:00:00Z"
    for operation, params in (
        ("appendAttrs", {"options": "noOverwrite"}),
        ("mergeEntity", {"lang": "ja", "observedAt": at, "options": "keyValues"}),
        ("deleteAttrs", {"deleteAll": "true"}),
        ("deleteAttrs", {"datasetId": "urn:d:a"}),
    ):
        agree(peer, OPERATIONS[operation])
        assert (await OPERATIONS[operation].run(api, **params)).is_success
        # The entity's types are not known here: the request keeps to the type registered.
        registered = peer.last.params.pop("type")
        assert registered.endswith("Gauge")
        assert peer.last.params == params


async def test_the_type_asked_for_and_the_type_registered_are_both_asked(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint, mode="redirect", operations=["redirectionOps"])
    agree(peer, OPERATIONS["deleteEntity"])
    assert (await api.delete(ENTITY, params={"type": "Gauge,River"})).status_code == 204
    assert peer.last.params["type"] == "(Gauge,River);(Gauge)"
    assert (await api.delete(ENTITY, params={"type": "River"})).status_code == 404
    assert len(peer.asked) == 1


async def test_a_source_of_another_type_is_not_asked_about_an_entity_that_is_here(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await api.post("/entities", json={**gauge("1", level=1), "type": "Lake"})
    await register(peer.endpoint, mode="inclusive", operations=["redirectionOps"])
    assert (await api.patch(f"{ENTITY}/attrs", json={"level": prop(2)})).status_code == 204
    assert (await api.delete(ENTITY)).status_code == 204
    assert peer.asked == []


async def test_a_type_that_a_fragment_adds_is_not_the_only_one(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await api.post("/entities", json=gauge("1", level=1))
    await register(peer.endpoint, mode="inclusive", operations=["redirectionOps", "updateBatch"])
    agree(peer, OPERATIONS["updateEntity"])
    peer.answers["POST", "/entityOperations/update"] = Says(204)
    fragment = {"type": "Tidal", "level": prop(2)}
    assert (await api.patch(f"{ENTITY}/attrs", json=fragment)).status_code == 204
    assert (peer.last.body, peer.last.params) == (fragment, {})
    element = fragment | {"id": ID}
    assert (await api.post("/entityOperations/update", json=[element])).status_code == 204
    assert peer.last.body == [element]
    # Of an entity nobody knows, what the fragment says is all there is to go by.
    peer.asked.clear()
    other = "/entities/urn:ngsi-ld:Lake:1/attrs"
    assert (await api.patch(other, json=fragment)).status_code == 404
    assert peer.asked == []


async def test_instances_go_by_the_dataset_registered(
    api: httpx.AsyncClient, register: Register, peer: Peer, broker: Broker
) -> None:
    await register(
        peer.endpoint, mode="redirect", operations=["redirectionOps"], datasetId=["urn:d:a"]
    )
    agree(peer, OPERATIONS["createEntity"])
    mine, yours = prop(1), prop(2, datasetId="urn:d:a")
    assert (await api.post("/entities", json=gauge("1") | {"level": [mine, yours]})).is_success
    assert peer.last.body["level"] == [yours]
    assert await here(broker, api) == {"level": 1}


async def test_a_registration_ends_where_its_area_and_its_scopes_end(
    api: httpx.AsyncClient, register: Register, peer: Peer, broker: Broker
) -> None:
    square = [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]]
    await register(
        peer.endpoint,
        mode="redirect",
        operations=["redirectionOps", "createBatch"],
        location={"type": "Polygon", "coordinates": square},
        scope=["/harbour", "/river/upper"],
    )
    agree(peer, OPERATIONS["createEntity"])
    peer.answers["POST", "/entityOperations/create"] = Says(201)

    def at(number: str, east: float, scope: str | None) -> dict[str, Any]:
        point = {"type": "Point", "coordinates": [east, 1]}
        own = {"scope": scope} if scope else {}
        return gauge(number, location={"type": "GeoProperty", "value": point}) | own

    inside = [at("1", 1, None), at("2", 1, "/harbour/north"), at("3", 1, "/river/upper")]
    outside = [at("4", 5, None), at("5", 1, "/river"), at("6", 1, "/harbourside")]
    for entity in [*inside, *outside]:
        assert (await api.post("/entities", json=entity)).status_code == 201
    assert [one.body for one in peer.asked] == inside
    kept = await broker.entities.find_many(
        api.headers[TENANT], [one["id"] for one in [*inside, *outside]]
    )
    assert sorted(kept) == [one["id"] for one in outside]
    await api.delete("/entities", params={"type": "Gauge", "local": "true"})
    both = [*inside, *outside]
    assert (await api.post("/entityOperations/create", json=both)).status_code == 201
    assert peer.last.body == inside


async def test_the_scope_of_a_fragment_counts_here_and_there(
    api: httpx.AsyncClient, register: Register, peer: Peer, broker: Broker
) -> None:
    await api.post("/entities", json=gauge("1", flow=2) | {"scope": "/harbour"})
    await register(peer.endpoint, operations=["redirectionOps"], **only_level("exclusive"))
    agree(peer, OPERATIONS["updateEntity"])
    fragment = {"level": prop(1), "scope": "/river"}
    assert (await api.patch(f"{ENTITY}/attrs", json=fragment)).status_code == 204
    assert peer.last.body == fragment
    kept = await broker.entities.find(api.headers[TENANT], ID)
    assert kept is not None
    assert kept.scopes == ["/river"]


async def test_a_bad_request_is_forwarded_to_nobody(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint, mode="redirect", operations=["redirectionOps"])
    for method, path, body in (
        ("POST", "/entities", gauge("1", level={"type": "Property"})),
        ("PUT", ENTITY, gauge("2", level=1)),
        ("PATCH", f"{ENTITY}/attrs", {"level": {"type": "Relationship", "object": 5}}),
        ("PUT", f"{ENTITY}/attrs/level", {"value": None}),
        ("PATCH", f"{ENTITY}/attrs/scope", {"value": 5}),
        ("DELETE", "/entities/notauri", None),
    ):
        answer = await api.request(method, path, json=body)
        assert answer.status_code == 400, (method, path, answer.text)
    assert peer.asked == []


async def test_an_exclusive_registration_and_the_same_attribute_here_exclude_each_other(
    api: httpx.AsyncClient, register: Register, peer: Peer, broker: Broker
) -> None:
    await api.post("/entities", json=gauge("1", level=1))
    members = {"type": "ContextSourceRegistration", "endpoint": peer.endpoint}
    exclusive = members | {"operations": ["queryEntity"]} | only_level("exclusive")
    refused = await api.post("/csourceRegistrations", json=exclusive)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (409, "Conflict")
    await api.delete(f"{ENTITY}/attrs/level")
    assert (await api.post("/csourceRegistrations", json=exclusive)).status_code == 201
    refused = await api.post(f"{ENTITY}/attrs", json={"level": prop(1)})
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (409, "Conflict")
    assert await here(broker, api) == {}
