"""Retrieve Entity over several sources: modes, merging, and what can go wrong."""

from typing import Any

import httpx
import pytest

from tests.context.distribution.conftest import Register, gauge
from tests.context.distribution.peer import Peer, Says

PATH = "/entities/urn:ngsi-ld:Gauge:1"
ONE = {"entities": [{"type": "Gauge", "id": "urn:ngsi-ld:Gauge:1"}]}


def measured(value: float, at: str) -> dict[str, Any]:
    return {"type": "Property", "value": value, "observedAt": at}


async def retrieve(api: httpx.AsyncClient, **params: str) -> dict[str, Any]:
    answer = await api.get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_entity_of_a_source_is_found_with_no_trace_of_what_was_asked_beside(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    peer.has(
        gauge("1", level={"type": "Property", "value": 3, "modifiedAt": "2026-01-01T00:00:00Z"})
    )
    await register(peer.endpoint)
    assert await retrieve(api) == gauge("1", level=3)
    assert peer.last.params == {"options": "sysAttrs"}
    assert peer.last.headers["accept"] == "application/json"
    assert peer.last.headers["via"].startswith("1.1 tamamo-")
    assert "ngsild-tenant" not in peer.last.headers


async def test_what_the_broker_and_inclusive_sources_know_comes_together(
    api: httpx.AsyncClient, register: Register, peer: Peer, other_peer: Peer
) -> None:
    await api.post("/entities", json=gauge("1", name="Harbour", local=1))
    peer.has(gauge("1", level=3))
    other_peer.has(gauge("1", flow=4))
    await register(peer.endpoint)
    await register(other_peer.endpoint)
    assert await retrieve(api) == gauge("1", name="Harbour", local=1, level=3, flow=4)


@pytest.mark.parametrize("newer_first", [True, False])
async def test_of_two_values_the_one_observed_later_counts(
    api: httpx.AsyncClient, register: Register, peer: Peer, other_peer: Peer, newer_first: bool
) -> None:
    old, new = measured(1, "2026-01-01T00:00:00Z"), measured(2, "2026-01-01T00:00:00.5Z")
    peer.has(gauge("1", level=new if newer_first else old))
    other_peer.has(gauge("1", level=old if newer_first else new))
    await register(peer.endpoint)
    await register(other_peer.endpoint)
    assert (await retrieve(api))["level"] == new


async def test_without_observation_the_value_written_later_counts(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await api.post("/entities", json=gauge("1", level=1, flow=1))
    early, late = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"
    peer.has(
        gauge(
            "1",
            level={"type": "Property", "value": 2, "modifiedAt": early},
            flow={"type": "Property", "value": 2, "modifiedAt": late},
        )
    )
    await register(peer.endpoint)
    assert await retrieve(api) == gauge("1", level=1, flow=2)


async def test_instances_of_different_datasets_stand_beside_each_other(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await api.post("/entities", json=gauge("1", level=1))
    peer.has(gauge("1", level={"type": "Property", "value": 2, "datasetId": "urn:d:2"}))
    await register(peer.endpoint)
    levels = (await retrieve(api))["level"]
    assert [one["value"] for one in levels] == [1, 2]
    assert (await retrieve(api, datasetId="urn:d:2"))["level"]["value"] == 2


async def test_an_auxiliary_source_adds_attributes_and_never_replaces_one(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await api.post("/entities", json=gauge("1", level=1))
    peer.has(gauge("1", level=measured(2, "2099-01-01T00:00:00Z"), flow=2))
    await register(peer.endpoint, mode="auxiliary", operations=["retrieveOps"])
    assert await retrieve(api) == gauge("1", level=1, flow=2)


async def test_what_is_exclusive_comes_from_its_source_alone(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await api.post("/entities", json=gauge("1", name="Harbour"))
    info = ONE | {"propertyNames": ["level"]}
    await register(peer.endpoint, info, mode="exclusive")
    # Kept here all the same, by a client that asked for it: not for others to see.
    await api.post(f"{PATH}/attrs", json={"level": 9}, params={"local": "true"})
    peer.has(gauge("1", level=1, other=2))
    assert await retrieve(api) == gauge("1", name="Harbour", level=1)
    assert peer.last.params["attrs"] == "level"
    await peer.down()
    assert "level" not in await retrieve(api)


async def test_redirects_to_several_sources_are_all_followed(
    api: httpx.AsyncClient, register: Register, peer: Peer, other_peer: Peer
) -> None:
    peer.has(gauge("1", level=1))
    other_peer.has(gauge("1", flow=2))
    await register(peer.endpoint, mode="redirect")
    await register(other_peer.endpoint, mode="redirect")
    assert await retrieve(api) == gauge("1", level=1, flow=2)


async def test_only_what_is_registered_is_asked_and_taken(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    info = {"entities": [{"type": "Gauge"}], "propertyNames": ["level", "flow"]}
    await register(peer.endpoint, info, datasetId=["urn:d:1"])
    in_dataset = {"type": "Property", "value": 1, "datasetId": "urn:d:1"}
    peer.has(gauge("1", level=in_dataset, flow=2, secret=3))
    assert await retrieve(api) == gauge("1", level=in_dataset)
    assert peer.last.params["attrs"] == "flow,level"
    await retrieve(api, attrs="level,secret")
    assert peer.last.params["attrs"] == "level"
    before = len(peer.asked)
    answer = await api.get(PATH, params={"attrs": "secret"})
    assert (answer.status_code, len(peer.asked)) == (404, before)


async def test_who_has_it_not_by_his_registration_is_not_asked(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    peer.has(gauge("1", level=1))
    gauges = {"entities": [{"type": "Gauge"}]}
    interval = {"observationInterval": {"startAt": "2020-01-01T00:00:00Z"}}
    await register(peer.endpoint, {"entities": [{"type": "River"}]})
    await register(peer.endpoint, {"entities": [{"type": "Gauge", "id": "urn:ngsi-ld:Gauge:2"}]})
    await register(peer.endpoint, {"entities": [{"type": "Gauge", "idPattern": "^urn:other"}]})
    await register(peer.endpoint, gauges, operations=["updateOps"])
    await register(peer.endpoint, gauges, **interval)
    assert (await api.get(PATH, params={"type": "Gauge"})).status_code == 404
    assert not peer.asked
    await register(peer.endpoint, gauges)
    assert (await api.get(PATH, params={"type": "Gauge"})).status_code == 200
    assert len(peer.asked) == 1


async def test_local_true_asks_nobody(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    peer.has(gauge("1", level=1))
    await register(peer.endpoint)
    assert (await api.get(PATH, params={"local": "true"})).status_code == 404
    assert not peer.asked


@pytest.mark.parametrize(
    ("says", "code"),
    [
        (Says(403, {"title": "no"}), "299"),
        (Says(500), "299"),
        (Says(302, headers={"Location": "http://127.0.0.1:1/"}), "299"),
        (Says(508), "199"),
        (Says(body=b"not JSON"), "111"),
        (Says(body={"no": "entity"}), "111"),
        (Says(body=gauge("1", level={"type": "Nonsense", "value": 1})), "111"),
        (Says(body=b"[" * 5_000 + b"]" * 5_000), "111"),
        (Says(body=gauge("1", level="x" * (20 * 1024 * 1024))), "111"),
        (Says(body=gauge("1"), delay=2.0), "199"),
    ],
)
async def test_a_source_that_fails_is_left_out_with_a_warning(
    api: httpx.AsyncClient, register: Register, peer: Peer, says: Says, code: str
) -> None:
    await register(peer.endpoint, management={"timeout": 500})
    peer.answers["GET", PATH] = says
    answer = await api.get(PATH)
    assert answer.status_code == 404
    assert answer.headers["NGSILD-Warning"].startswith(f"{code} tamamo-")
    await api.post("/entities", json=gauge("1", name="Harbour"), params={"local": "true"})
    answer = await api.get(PATH)
    assert (answer.status_code, answer.json()) == (200, gauge("1", name="Harbour"))
    assert answer.headers["NGSILD-Warning"].startswith(code)


async def test_not_found_at_a_source_is_nothing_to_warn_of(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint)
    answer = await api.get(PATH)
    assert answer.status_code == 404
    assert len(peer.asked) == 1
    assert "NGSILD-Warning" not in answer.headers


async def test_a_source_that_failed_is_left_alone_for_its_cooldown(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint, management={"cooldown": 60_000})
    peer.answers["GET", PATH] = Says(503)
    await api.get(PATH)
    answer = await api.get(PATH)
    assert len(peer.asked) == 1
    assert answer.headers["NGSILD-Warning"].startswith("199")


async def test_a_private_address_that_is_not_allowed_is_not_reached(
    api: httpx.AsyncClient, register: Register
) -> None:
    await register("http://10.0.0.1:9999")
    answer = await api.get(PATH)
    assert (answer.status_code, answer.headers["NGSILD-Warning"][:3]) == (404, "199")


async def test_warnings_of_a_source_are_passed_on(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    first, second = '299 elsewhere "Miscellaneous Persistent Warning"', '199 there "No answer"'
    await register(peer.endpoint)
    both = {"NGSILD-Warning": f"{first}\r\nNGSILD-Warning: {second}"}
    peer.answers["GET", PATH] = Says(body=gauge("1", level=1), headers=both)
    assert (await api.get(PATH)).headers["NGSILD-Warning"] == f"{first}, {second}"


async def test_an_entity_that_is_over_is_discarded(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    peer.has(gauge("1", level=1) | {"expiresAt": "2020-01-01T00:00:00Z"})
    await register(peer.endpoint)
    assert (await api.get(PATH)).status_code == 404


@pytest.mark.parametrize(
    ("operation", "method", "path"),
    [
        ("queryEntity", "GET", "/entities"),
        ("queryBatch", "POST", "/entityOperations/query"),
    ],
)
async def test_a_source_that_only_takes_queries_is_asked_by_one(
    api: httpx.AsyncClient, register: Register, peer: Peer, operation: str, method: str, path: str
) -> None:
    await register(peer.endpoint, operations=[operation])
    peer.answers[method, path] = Says(body=[gauge("1", level=1), gauge("2", level=2)])
    assert await retrieve(api) == gauge("1", level=1)
    if method == "GET":
        assert peer.last.params["type"] == "Gauge"
        assert peer.last.params["id"] == "urn:ngsi-ld:Gauge:1"
    else:
        (selector,) = peer.last.body["entities"]
        assert selector == {"type": "Gauge", "id": "urn:ngsi-ld:Gauge:1"}
