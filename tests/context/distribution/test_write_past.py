"""Writes of temporal evolutions over several sources (clauses 5.6.11 to 5.6.16)."""

from typing import Any

import httpx
import pytest

from tests.context.distribution.conftest import Register
from tests.context.distribution.peer import Peer, Says

ID = "urn:ngsi-ld:Gauge:1"
PAST = "/temporal/entities"
ONE = f"{PAST}/{ID}"
INSTANCE = "urn:ngsi-ld:instance:3f1e1b8e-0d4f-4a2e-9f0c-1a2b3c4d5e6f"
SINCE = {"startAt": "2020-01-01T00:00:00Z"}
OPERATIONS = [
    "upsertTemporal",
    "appendAttrsTemporal",
    "deleteAttrsTemporal",
    "updateAttrInstanceTemporal",
    "deleteAttrInstanceTemporal",
    "deleteTemporal",
]
LEVELS = {"entities": [{"type": "Gauge", "id": ID}], "propertyNames": ["level"]}


def at(value: float) -> dict[str, Any]:
    return {"type": "Property", "value": value, "observedAt": f"2026-01-0{value}T00:00:00Z"}


BODY = {"id": ID, "type": "Gauge", "level": [at(1), at(2)], "flow": [at(3)]}
WRITES = [
    ("upsertTemporal", "POST", PAST, BODY, 201),
    ("appendAttrsTemporal", "POST", f"{ONE}/attrs", {"level": [at(4)]}, 204),
    ("deleteAttrsTemporal", "DELETE", f"{ONE}/attrs/level", None, 204),
    ("updateAttrInstanceTemporal", "PATCH", f"{ONE}/attrs/level/{INSTANCE}", at(5), 204),
    ("deleteAttrInstanceTemporal", "DELETE", f"{ONE}/attrs/level/{INSTANCE}", None, 204),
    ("deleteTemporal", "DELETE", ONE, None, 204),
]
every = pytest.mark.parametrize(("name", "method", "path", "body", "done"), WRITES)


@every
async def test_what_is_registered_for_the_past_goes_away(
    name: str,
    method: str,
    path: str,
    body: Any,
    done: int,
    api: httpx.AsyncClient,
    register: Register,
    peer: Peer,
) -> None:
    await register(
        peer.endpoint, LEVELS, mode="exclusive", operations=[name], observationInterval=SINCE
    )
    peer.answers[method, path] = Says(done)
    answer = await api.request(method, path, json=body)
    assert answer.status_code == done, answer.text
    if name == "upsertTemporal":
        assert answer.headers["Location"] == f"/ngsi-ld/v1{ONE}"
        assert peer.last.body == {name: BODY[name] for name in ("id", "type", "level")}
        kept = await api.get(ONE, params={"local": "true", "options": "temporalValues"})
        assert kept.json().keys() == {"id", "type", "flow"}
    else:
        assert (peer.last.body if peer.last.raw else None) == body


@every
async def test_a_source_for_the_present_is_not_asked_unless_it_names_the_operation(
    name: str,
    method: str,
    path: str,
    body: Any,
    done: int,
    api: httpx.AsyncClient,
    register: Register,
    peer: Peer,
) -> None:
    await register(peer.endpoint, mode="redirect", operations=["redirectionOps"])
    answer = await api.request(method, path, json=body)
    assert answer.status_code == (201 if name == "upsertTemporal" else 404)
    assert peer.asked == []
    await register(peer.endpoint, mode="redirect", operations=[name])
    peer.answers[method, path] = Says(done)
    assert (await api.request(method, path, json=body)).status_code == done
    assert len(peer.asked) == 1


async def test_a_source_that_does_not_take_it_is_a_conflict(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    source = await register(
        peer.endpoint,
        LEVELS,
        mode="exclusive",
        observationInterval=SINCE,
        operations=["retrieveTemporal"],
    )
    answer = await api.post(PAST, json=BODY)
    assert answer.status_code == 207
    (error,) = answer.json()["errors"]
    assert (error["registrationId"], error["error"]["status"]) == (source, 409)
    answer = await api.delete(f"{ONE}/attrs/level")
    assert (answer.status_code, answer.json()["type"][-8:]) == (409, "Conflict")


async def test_an_inclusive_source_gets_a_copy_and_what_was_there_is_updated(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await api.post(PAST, json=BODY)
    await register(
        peer.endpoint, mode="inclusive", operations=OPERATIONS, observationInterval=SINCE
    )
    peer.answers["POST", PAST] = Says(204)
    assert (await api.post(PAST, json=BODY)).status_code == 204
    assert peer.last.body == BODY
    peer.answers["DELETE", ONE] = Says(204)
    assert (await api.delete(ONE)).status_code == 204
    answer = await api.delete(ONE)  # it is missing here now
    assert answer.status_code == 207
    assert [one.get("registrationId") for one in answer.json()["errors"]] == [None]
