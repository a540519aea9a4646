"""Writes of which a part fails: 207 and what it says, and the errors of single sources (6.3.17)."""

from typing import Any

import httpx
import pytest

from tamamo.context.broker import Broker
from tests.context.distribution.conftest import Register, gauge
from tests.context.distribution.peer import Peer, Says

ID = "urn:ngsi-ld:Gauge:1"
ENTITY = f"/entities/{ID}"
LOCAL = {"local": "true"}
OPS = {"operations": ["redirectionOps"]}
REDIRECT = {"mode": "redirect", **OPS}
EXCLUSIVE = {
    "mode": "exclusive",
    "information": [{"entities": [{"type": "Gauge", "id": ID}], "propertyNames": ["level"]}],
    **OPS,
}
LEVEL = "https://uri.etsi.org/ngsi-ld/default-context/level"
FLOW = "https://uri.etsi.org/ngsi-ld/default-context/flow"


def prop(value: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value}


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.json()["status"] == answer.status_code
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


def errors(answer: httpx.Response) -> list[tuple[str | None, int]]:
    """Return which registration failed (None: here) and how, of a 207 about the gauge."""
    assert answer.status_code == 207, answer.text
    assert answer.headers["content-type"] == "application/json"
    for one in answer.json()["errors"]:
        assert one["entityId"] == ID
        assert {"type", "title", "status"} <= one["error"].keys()
    return [(one.get("registrationId"), one["error"]["status"]) for one in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("says", "status", "kind"),
    [
        (Says(404, {"type": "https://uri.etsi.org/ngsi-ld/errors/ResourceNotFound"}), 404, "Res"),
        (Says(508), 508, "InternalError"),
        (Says(403), 502, "InternalError"),
        (Says(400, {"title": "Bad"}), 502, "InternalError"),
        (Says(500, b"<html>"), 502, "InternalError"),
        (Says(302, headers={"Location": "http://127.0.0.1:1/"}), 502, "InternalError"),
    ],
)
async def test_the_error_of_a_single_proxied_source(
    says: Says, status: int, kind: str, api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint, **REDIRECT)
    peer.answers["PATCH", f"{ENTITY}/attrs"] = says
    answer = await api.patch(f"{ENTITY}/attrs", json={"level": prop(1)})
    found = problem(answer)
    assert found[0] == status
    assert found[1].startswith(kind)


async def test_a_single_source_that_is_slow_down_or_left_alone(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint, **REDIRECT, management={"timeout": 150, "cooldown": 60_000})
    peer.answers["DELETE", ENTITY] = Says(204, delay=5)
    assert (await api.delete(ENTITY)).status_code == 504
    peer.answers["DELETE", ENTITY] = Says(204)
    assert (await api.delete(ENTITY)).status_code == 504  # within its cooldown (5.2.34)
    assert len(peer.asked) == 1


async def test_a_single_source_that_is_down(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint, **REDIRECT)
    await peer.down()
    assert (await api.post("/entities", json=gauge("1", level=1))).status_code == 502


async def test_that_a_single_source_has_the_entity_already_is_said_as_that(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint, **REDIRECT)
    kind = "https://uri.etsi.org/ngsi-ld/errors/AlreadyExists"
    peer.answers["POST", "/entities"] = Says(409, {"type": kind, "title": "There", "detail": "x"})
    answer = await api.post("/entities", json=gauge("1", level=1))
    assert problem(answer) == (409, "AlreadyExists")


async def test_what_was_done_here_stays_when_a_source_fails(
    api: httpx.AsyncClient, register: Register, peer: Peer, broker: Broker
) -> None:
    source = await register(peer.endpoint, **EXCLUSIVE)
    peer.answers["POST", "/entities"] = Says(503)
    answer = await api.post("/entities", json=gauge("1", level=1, flow=2))
    assert errors(answer) == [(source, 503)]
    assert answer.json()["success"] == [ID]
    assert answer.headers["Location"] == f"/ngsi-ld/v1{ENTITY}"
    kept = await broker.entities.find("default", ID)
    assert kept is not None
    assert list(kept.attrs) == [FLOW]


async def test_what_a_source_did_stays_when_it_fails_here(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await api.post("/entities", json=gauge("1", flow=0))
    await register(peer.endpoint, **EXCLUSIVE)
    peer.answers["POST", "/entities"] = Says(201)
    answer = await api.post("/entities", json=gauge("1", level=1, flow=2))
    assert errors(answer) == [(None, 409)]
    assert answer.json()["success"] == [ID]
    # Nothing is left for here when all of it is elsewhere.
    assert (await api.post("/entities", json=gauge("1", level=1))).status_code == 201


async def test_several_sources_that_fail_are_all_named(
    api: httpx.AsyncClient, register: Register, peer: Peer, other_peer: Peer
) -> None:
    one = await register(peer.endpoint, **REDIRECT)
    two = await register(other_peer.endpoint, **REDIRECT)
    peer.answers["DELETE", ENTITY] = Says(500)
    answer = await api.delete(ENTITY)
    assert sorted(errors(answer), key=str) == sorted([(one, 500), (two, 404)], key=str)
    assert answer.json()["success"] == []
    peer.answers["DELETE", ENTITY] = Says(204)
    answer = await api.delete(ENTITY)
    assert errors(answer) == [(two, 404)]
    assert answer.json()["success"] == [ID]


async def test_among_equals_it_counts_that_an_entity_is_missing_here(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint, mode="inclusive", **OPS)
    for method, path, body in (
        ("DELETE", ENTITY, None),
        ("PATCH", ENTITY, {"level": prop(1)}),
    ):
        peer.answers[method, path] = Says(204)
        assert errors(await api.request(method, path, json=body)) == [(None, 404)]
    peer.answers["PUT", ENTITY] = Says(204)
    assert (await api.put(ENTITY, json=gauge("1", level=1))).status_code == 204  # "if it exists"


async def test_an_unsupported_part_is_a_partial_success(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await api.post("/entities", json=gauge("1", flow=0))
    source = await register(peer.endpoint, **EXCLUSIVE | {"operations": ["queryEntity"]})
    answer = await api.patch(ENTITY, json={"level": prop(1), "flow": prop(2)})
    assert errors(answer) == [(source, 409)]
    assert errors(await api.delete(ENTITY)) == [(source, 409)]
    assert (await api.get(ENTITY, params=LOCAL)).status_code == 404
    assert peer.asked == []


async def test_attributes_that_were_not_updated_are_named_with_the_registration(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await api.post("/entities", json=gauge("1", flow=0))
    source = await register(peer.endpoint, **EXCLUSIVE)
    peer.answers["PATCH", f"{ENTITY}/attrs"] = Says(403, {"title": "No", "detail": "not you"})
    answer = await api.patch(f"{ENTITY}/attrs", json={"level": prop(1), "flow": prop(2)})
    assert answer.status_code == 207
    assert answer.json() == {
        "updated": [FLOW],
        "notUpdated": [{"attributeName": LEVEL, "reason": "not you", "registrationId": source}],
    }


async def test_what_a_source_says_of_a_partial_success_is_passed_on(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    source = await register(peer.endpoint, **REDIRECT)
    path = f"{ENTITY}/attrs"
    told = {"updated": ["level"], "notUpdated": [{"attributeName": "flow", "reason": "there"}]}
    peer.answers["POST", path] = Says(207, told)
    body = {"level": prop(1), "flow": prop(2)}
    answer = await api.post(path, json=body, params={"options": "noOverwrite"})
    assert answer.status_code == 207
    assert answer.json() == {
        "updated": [LEVEL],
        "notUpdated": [{"attributeName": FLOW, "reason": "there", "registrationId": source}],
    }
    for odd in (b"", b"not json", [1], {"errors": "x"}, {"notUpdated": [5, {"reason": 1}]}):
        peer.answers["POST", path] = Says(207, odd)
        answer = await api.post(path, json=body)
        assert answer.status_code == 207
        assert {one["registrationId"] for one in answer.json()["notUpdated"]} == {source}


async def test_no_overwriting_here_and_there(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await api.post("/entities", json=gauge("1", level=0))
    await register(peer.endpoint, mode="inclusive", **OPS)
    peer.answers["POST", f"{ENTITY}/attrs"] = Says(204)
    answer = await api.post(
        f"{ENTITY}/attrs", json={"level": prop(1)}, params={"options": "noOverwrite"}
    )
    assert answer.status_code == 207
    (refused,) = answer.json()["notUpdated"]
    assert (refused["attributeName"], "registrationId" in refused) == (LEVEL, False)


async def test_a_write_that_comes_round_again_is_a_loop(
    api: httpx.AsyncClient, register: Register, peer: Peer, broker: Broker
) -> None:
    alias = (await broker.discovery.identity("default")).alias
    source = await register(peer.endpoint, **REDIRECT)
    looped = await api.delete(ENTITY, headers={"Via": f"1.1 {alias}"})
    assert problem(looped) == (508, "InternalError")
    await api.delete(f"/csourceRegistrations/{source}")
    await register(peer.endpoint, **REDIRECT, contextSourceAlias="upstream")
    looped = await api.post("/entities", json=gauge("1"), headers={"Via": "1.1 upstream"})
    assert looped.status_code == 508
    assert peer.asked == []


async def test_a_loop_of_inclusive_sources_is_left_out(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint, mode="inclusive", **OPS, contextSourceAlias="upstream")
    answer = await api.post("/entities", json=gauge("1", level=1), headers={"Via": "1.1 upstream"})
    assert answer.status_code == 201
    assert peer.asked == []
    peer.answers["DELETE", ENTITY] = Says(204)
    assert (await api.delete(ENTITY, headers={"Via": "1.1 other"})).status_code == 204
    assert peer.last.headers["via"].startswith("1.1 other, 1.1 ")
