"""Snapshots of what several sources have (clause 5.16.1.4)."""

from typing import Any

import httpx

from tamamo.context.broker import Broker
from tamamo.context.snapshots import work
from tests.context.distribution.conftest import Register, gauge
from tests.context.distribution.peer import Peer, Says
from tests.context.distribution.test_query import create, names
from tests.context.distribution.test_temporal import BETWEEN, SINCE_2020, evolution, point, tells

GAUGES = {"type": "Query", "entities": [{"type": "Gauge"}]}
INSIDE = {"NGSILD-Snapshot": "urn:s:1"}


async def make(api: httpx.AsyncClient, broker: Broker, **members: Any) -> dict[str, Any]:
    body = {"type": "Snapshot", "id": "urn:s:1", **members}
    assert (await api.post("/snapshots", json=body)).status_code == 201
    await work.fill(broker)
    found: dict[str, Any] = (await api.get("/snapshots/urn:s:1")).json()
    return found


async def test_what_sources_have_is_kept_too(
    api: httpx.AsyncClient, broker: Broker, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint)
    await create(api, gauge("1", level=9), gauge("2", level=1))
    peer.has(gauge("3", level=8))
    made = await make(api, broker, snapshotQueries=[GAUGES | {"q": "level>5"}])
    assert made["snapshotStatus"] == "success"
    assert peer.last.params["q"] == "level>5"
    peer.answers["GET", "/entities"] = Says(status=500)
    inside = await api.get("/entities", params={"type": "Gauge"}, headers=INSIDE)
    assert names(inside.json()) == ["1", "3"]
    change = {"level": {"type": "Property", "value": 4}}
    path = "/entities/urn:ngsi-ld:Gauge:3/attrs"
    before = len(peer.asked)
    assert (await api.patch(path, json=change, headers=INSIDE)).status_code == 204
    assert len(peer.asked) == before


async def test_evolutions_of_sources(
    api: httpx.AsyncClient, broker: Broker, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint, **SINCE_2020)
    body = evolution("1", level=[point(1, 1)])
    assert (await api.post("/temporal/entities?local=true", json=body)).status_code == 201
    tells(peer, evolution("1", level=[point(2, 2)]), evolution("2", level=[point(3, 3)]))
    made = await make(api, broker, snapshotTemporalQueries=[GAUGES | {"temporalQ": BETWEEN}])
    assert made["snapshotStatus"] == "success"
    tells(peer)
    params = {"type": "Gauge", **BETWEEN}
    inside = await api.get("/temporal/entities", params=params, headers=INSIDE)
    assert [[one["value"] for one in e["level"]] for e in inside.json()] == [[1, 2], [3]]


async def test_a_query_of_an_order_is_not_refused(
    api: httpx.AsyncClient, broker: Broker, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint)
    peer.has(gauge("1", level=9))
    made = await make(api, broker, snapshotQueries=[GAUGES | {"ordering": {"orderBy": ["level"]}}])
    assert made["snapshotStatus"] == "success"
