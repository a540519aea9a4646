"""Types and attributes that other sources may have."""

from typing import Any

import httpx

from tests.context.distribution.conftest import Register, gauge
from tests.context.distribution.peer import Peer

LEVELS = {"entities": [{"type": "Gauge"}, {"type": "River"}], "propertyNames": ["level"]}


async def get(api: httpx.AsyncClient, path: str, **params: str) -> Any:
    answer = await api.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_is_registered_is_possibly_available(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await api.post("/entities", json=gauge("1", name="Harbour"))
    await register(peer.endpoint, LEVELS)
    assert (await get(api, "/types"))["typeList"] == ["Gauge", "River"]
    assert (await get(api, "/attributes"))["attributeList"] == ["level", "name"]
    types = await get(api, "/types", details="true")
    assert [one["attributeNames"] for one in types] == [["level", "name"], ["level"]]
    attributes = await get(api, "/attributes", details="true")
    assert [one["typeNames"] for one in attributes] == [["Gauge", "River"], ["Gauge"]]
    river = await get(api, "/types/River")
    assert (river["entityCount"], river["attributeDetails"][0]["attributeName"]) == (0, "level")
    kinds = {
        one["attributeName"]: one["attributeTypes"]
        for one in (await get(api, "/types/Gauge"))["attributeDetails"]
    }
    assert kinds == {"level": [], "name": ["Property"]}
    level = await get(api, "/attributes/level")
    assert (level["attributeCount"], level["typeNames"]) == (0, ["Gauge", "River"])
    assert not peer.asked


async def test_local_true_keeps_to_what_is_here(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint, LEVELS)
    assert (await get(api, "/types", local="true"))["typeList"] == []
    assert (await api.get("/types/River", params={"local": "true"})).status_code == 404
    assert (await api.get("/attributes/level", params={"local": "true"})).status_code == 404


async def test_what_cannot_be_read_here_is_not_listed(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint, LEVELS, operations=["updateOps"])
    await register(peer.endpoint, LEVELS, observationInterval={"startAt": "2020-01-01T00:00:00Z"})
    assert (await get(api, "/types"))["typeList"] == []
