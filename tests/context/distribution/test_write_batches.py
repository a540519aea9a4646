"""Batches over several sources: what goes where, how it is asked, and the one answer (5.6.7)."""

from typing import Any

import httpx
import pytest

from tamamo.context.broker import Broker
from tests.context.distribution.conftest import Register, gauge
from tests.context.distribution.peer import Peer, Says

OPERATIONS = "/entityOperations/"
LOCAL = {"local": "true"}
ONE, TWO = "urn:ngsi-ld:Gauge:1", "urn:ngsi-ld:Gauge:2"
BATCHES = ["createBatch", "upsertBatch", "updateBatch", "mergeBatch", "deleteBatch"]
SINGLES = ["createEntity", "replaceEntity", "updateEntity", "appendAttrs", "mergeEntity"]
LEVELS = [
    {"entities": [{"type": "Gauge", "id": id_} for id_ in (ONE, TWO)], "propertyNames": ["level"]}
]
EXISTS = {"type": "https://uri.etsi.org/ngsi-ld/errors/AlreadyExists", "title": "x"}


def river(number: str, **attrs: Any) -> dict[str, Any]:
    return {**gauge(number, **attrs), "id": f"urn:ngsi-ld:River:{number}", "type": "River"}


async def batch(
    api: httpx.AsyncClient, operation: str, body: list[Any], **params: str
) -> httpx.Response:
    return await api.post(OPERATIONS + operation, json=body, params=params)


def errors(answer: httpx.Response) -> set[tuple[str, str | None, int]]:
    assert answer.status_code == 207, answer.text
    return {
        (one["entityId"], one.get("registrationId"), one["error"]["status"])
        for one in answer.json()["errors"]
    }


async def kept(broker: Broker, *ids: str) -> dict[str, list[str]]:
    """Return which of the entities are here, with the names of their attributes."""
    found = await broker.entities.find_many("default", ids)
    return {id_: sorted(iri.rpartition("/")[2] for iri in e.attrs) for id_, e in found.items()}


@pytest.mark.parametrize("mode", ["exclusive", "redirect"])
@pytest.mark.parametrize(
    ("operation", "done", "here"),
    [("create", 201, False), ("upsert", 201, False), ("update", 204, True), ("merge", 204, True)],
)
async def test_a_source_gets_one_batch_of_what_it_is_registered_for(
    operation: str,
    done: int,
    here: bool,
    mode: str,
    api: httpx.AsyncClient,
    register: Register,
    peer: Peer,
    broker: Broker,
) -> None:
    await register(peer.endpoint, *LEVELS, mode=mode, operations=BATCHES)
    if here:
        both = [gauge("1", flow=0), gauge("2", flow=0), river("3", flow=0)]
        assert (await batch(api, "create", both, **LOCAL)).is_success
    peer.answers["POST", OPERATIONS + operation] = Says(201 if done == 201 else 204)
    body = [gauge("1", level=1, flow=2), gauge("2", level=3), river("3", level=4)]
    answer = await batch(api, operation, body)
    assert answer.status_code == done, answer.text
    (asked,) = peer.asked
    assert asked.body == [gauge("1", level=1), gauge("2", level=3)]
    if done == 201:
        assert set(answer.json()) == {ONE, TWO, "urn:ngsi-ld:River:3"}
    expected = {ONE: ["flow"], "urn:ngsi-ld:River:3": ["flow", "level"] if here else ["level"]}
    assert await kept(broker, ONE, TWO, "urn:ngsi-ld:River:3") == (
        expected | ({TWO: ["flow"]} if here else {})
    )


async def test_deletion_by_ids_goes_to_all_who_may_have_them(
    api: httpx.AsyncClient, register: Register, peer: Peer, broker: Broker
) -> None:
    await batch(api, "create", [gauge("1", flow=0), river("3", flow=0)], **LOCAL)
    await register(peer.endpoint, *LEVELS, mode="redirect", operations=BATCHES)
    peer.answers["POST", OPERATIONS + "delete"] = Says(204)
    answer = await batch(api, "delete", [ONE, TWO, "urn:ngsi-ld:River:3"])
    assert answer.status_code == 204, answer.text  # the second one is only there
    assert peer.last.body == [ONE, TWO]
    assert await kept(broker, ONE, "urn:ngsi-ld:River:3") == {}
    answer = await batch(api, "delete", [ONE, "urn:ngsi-ld:River:3"])
    assert errors(answer) == {("urn:ngsi-ld:River:3", None, 404)}


async def test_an_inclusive_source_gets_a_copy(
    api: httpx.AsyncClient, register: Register, peer: Peer, broker: Broker
) -> None:
    await register(peer.endpoint, mode="inclusive", operations=BATCHES)
    peer.answers["POST", OPERATIONS + "upsert"] = Says(204)
    answer = await batch(api, "upsert", [gauge("1", level=1), river("3", level=4)])
    assert (answer.status_code, answer.json()) == (201, ["urn:ngsi-ld:River:3"])  # 1 was there
    assert peer.last.body == [gauge("1", level=1)]
    assert await kept(broker, ONE) == {ONE: ["level"]}


@pytest.mark.parametrize(
    ("operation", "options", "takes", "asked"),
    [
        ("create", "", ["createEntity"], "POST /entities"),
        ("upsert", "", ["createEntity"], "POST /entities"),
        ("upsert", "", ["replaceEntity", "updateEntity"], f"PUT /entities/{ONE}"),
        ("upsert", "update", ["replaceEntity", "updateEntity"], f"PATCH /entities/{ONE}/attrs"),
        ("update", "", SINGLES, f"PATCH /entities/{ONE}/attrs"),
        ("update", "noOverwrite", SINGLES, f"POST /entities/{ONE}/attrs"),
        ("merge", "", SINGLES, f"PATCH /entities/{ONE}"),
    ],
)
async def test_a_source_that_takes_no_batches_is_asked_one_by_one(
    operation: str,
    options: str,
    takes: list[str],
    asked: str,
    api: httpx.AsyncClient,
    register: Register,
    peer: Peer,
) -> None:
    await register(peer.endpoint, mode="redirect", operations=takes)
    method, path = asked.split(" ")
    peer.answers[method, path] = Says(204)
    params = {"options": options} if options else {}
    answer = await batch(api, operation, [gauge("1", level=1)], **params)
    assert answer.is_success, answer.text
    assert (peer.last.method, peer.last.path, peer.last.body) == (
        method,
        path,
        gauge("1", level=1),
    )
    assert peer.last.params.get("options") == (options if options == "noOverwrite" else None)


@pytest.mark.parametrize(
    ("options", "second"),
    [("", f"PUT /entities/{ONE}"), ("update", f"PATCH /entities/{ONE}/attrs")],
)
async def test_an_upsert_of_what_exists_is_tried_again_by_its_mode(
    options: str, second: str, api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    source = await register(peer.endpoint, mode="redirect", operations=["redirectionOps"])
    peer.answers["POST", "/entities"] = Says(409, EXISTS)
    method, path = second.split(" ")
    peer.answers[method, path] = Says(204)
    params = {"options": options} if options else {}
    assert (await batch(api, "upsert", [gauge("1", level=1)], **params)).status_code == 204
    assert [(one.method, one.path) for one in peer.asked] == [("POST", "/entities"), (method, path)]
    await api.delete(f"/csourceRegistrations/{source}")
    source = await register(peer.endpoint, mode="redirect", operations=["createEntity"])
    answer = await batch(api, "upsert", [gauge("1", level=1)], **params)
    assert errors(answer) == {(ONE, source, 422)}


async def test_elements_of_one_entity_are_asked_in_their_order(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint, mode="redirect", operations=["mergeEntity"])
    for id_ in (ONE, TWO):
        peer.answers["PATCH", f"/entities/{id_}"] = Says(204, delay=0.01)
    body = [gauge("1", level=n) for n in range(4)] + [gauge("2", level=9)]
    assert (await batch(api, "merge", body)).status_code == 204
    levels = [one.body["level"]["value"] for one in peer.asked if one.body["id"] == ONE]
    assert levels == [0, 1, 2, 3]


@pytest.mark.parametrize("operation", ["create", "upsert", "update", "merge", "delete"])
async def test_what_a_proxied_source_does_not_take_is_a_conflict_for_each_entity(
    operation: str, api: httpx.AsyncClient, register: Register, peer: Peer, broker: Broker
) -> None:
    source = await register(peer.endpoint, mode="redirect", operations=["queryEntity"])
    body: list[Any] = [gauge("1", level=1), gauge("2", level=1), river("3", level=1)]
    await batch(api, "create", [river("3", level=0)], **LOCAL)
    if operation == "delete":
        body = [element["id"] for element in body]
    elif operation == "create":
        body = body[:2]
    answer = await batch(api, operation, body)
    assert errors(answer) == {(ONE, source, 409), (TWO, source, 409)}
    assert answer.json()["success"] == ([] if operation == "create" else ["urn:ngsi-ld:River:3"])
    assert peer.asked == []
    assert await kept(broker, ONE, TWO) == {}


async def test_what_fails_at_a_source_is_named_and_the_rest_is_done(
    api: httpx.AsyncClient, register: Register, peer: Peer, broker: Broker
) -> None:
    source = await register(peer.endpoint, *LEVELS, mode="exclusive", operations=BATCHES)
    told = {"success": [ONE], "errors": [{"entityId": TWO, "error": {"status": 400, **EXISTS}}]}
    body = [gauge("1", level=1, flow=2), gauge("2", level=3), {"id": "broken"}]
    peer.answers["POST", OPERATIONS + "create"] = Says(207, told)
    answer = await batch(api, "create", body)
    assert errors(answer) == {(TWO, source, 400), ("broken", None, 400)}
    assert answer.json()["success"] == [ONE]
    assert await kept(broker, ONE) == {ONE: ["flow"]}
    for odd in (Says(207, {"errors": 5}), Says(207, b""), Says(500), Says(404, b"<html>")):
        peer.answers["POST", OPERATIONS + "upsert"] = odd
        answer = await batch(api, "upsert", body[:2])
        assert {(one[0], one[1]) for one in errors(answer)} == {(ONE, source), (TWO, source)}
    await peer.down()
    answer = await batch(api, "upsert", body[:2])
    assert errors(answer) == {(ONE, source, 502), (TWO, source, 502)}


async def test_an_upsert_whose_attributes_are_elsewhere_empties_what_is_here_but_makes_nothing(
    api: httpx.AsyncClient, register: Register, peer: Peer, broker: Broker
) -> None:
    await batch(api, "create", [gauge("1", flow=0)])
    await register(peer.endpoint, *LEVELS, mode="exclusive", operations=BATCHES)
    peer.answers["POST", OPERATIONS + "upsert"] = Says(204)
    answer = await batch(api, "upsert", [gauge("1", level=1), gauge("2", level=1)])
    assert answer.status_code == 204
    assert await kept(broker, ONE, TWO) == {ONE: []}


async def test_each_element_has_its_own_context(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    iri = "https://city.example/level"
    await register(
        peer.endpoint,
        {"entities": [{"type": "Gauge"}], "propertyNames": [iri]},
        mode="redirect",
        operations=BATCHES,
    )
    peer.answers["POST", OPERATIONS + "create"] = Says(201)
    body = [
        gauge("1", a=1) | {"@context": {"a": iri}},
        gauge("2", b=2) | {"@context": {"b": iri}},
    ]
    answer = await api.post(
        OPERATIONS + "create", json=body, headers={"Content-Type": "application/ld+json"}
    )
    assert answer.status_code == 201, answer.text
    assert peer.last.body == [
        gauge("1") | {iri: gauge("1", a=1)["a"]},
        gauge("2") | {iri: gauge("2", a=2)["a"]},
    ]


async def test_a_batch_that_is_none_is_refused_before_anybody_is_asked(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint, mode="redirect", operations=BATCHES)
    for body in ([], [None], [gauge("1", level=1), None]):
        assert (await batch(api, "create", body)).status_code == 400
    assert (await batch(api, "upsert", [gauge("1")], options="replace,update")).status_code == 400
    assert peer.asked == []
