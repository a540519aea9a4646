"""Purge over several sources: nobody deletes more than he is registered for (clause 5.6.21)."""

from typing import Any

import httpx
import pytest

from tests.context.distribution.conftest import Register, gauge
from tests.context.distribution.peer import Peer, Says

OPS = {"operations": ["purgeEntity"]}
ID = "urn:ngsi-ld:Gauge:1"
GAUGES = {"type": "Gauge"}


def about(entity: dict[str, Any], *names: str) -> dict[str, Any]:
    return {"entities": [entity]} | ({"propertyNames": list(names)} if names else {})


async def purge(api: httpx.AsyncClient, peer: Peer, **params: str) -> dict[str, str] | None:
    """Purge and return the parameters the source was asked with; None: it was not asked."""
    peer.answers["DELETE", "/entities"] = Says(204)
    peer.asked.clear()
    answer = await api.delete("/entities", params=params)
    assert answer.status_code == 204, answer.text
    assert len(peer.asked) < 2
    return peer.last.params if peer.asked else None


@pytest.mark.parametrize("mode", ["inclusive", "redirect"])
async def test_a_source_for_the_type_is_asked_the_same(
    mode: str, api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await api.post("/entities", json=gauge("1", level=1), params={"local": "true"})
    if mode == "inclusive":
        await register(peer.endpoint, mode=mode, **OPS)
    else:
        await register(peer.endpoint, about({"type": "Gauge", "id": "urn:x:2"}), mode=mode, **OPS)
    asked = await purge(api, peer, type="Gauge", q="level>0")
    assert asked == {"type": "Gauge", "q": "level>0"} | (
        {} if mode == "inclusive" else {"id": "urn:x:2"}
    )
    assert (await api.get(f"/entities/{ID}")).status_code == 404


async def test_a_request_is_narrowed_to_what_is_registered(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    one = about({"type": "Gauge", "id": ID}, "level", "flow")
    await register(peer.endpoint, one, mode="exclusive", **OPS)
    only = {"type": "Gauge", "id": ID}
    assert await purge(api, peer, type="Gauge") == only | {"drop": "flow,level"}
    assert await purge(api, peer, type="Gauge", drop="level,name") == only | {"drop": "level"}
    assert await purge(api, peer, type="Gauge", keep="level,name") == only | {"drop": "flow"}
    assert await purge(api, peer, type="Gauge", keep="level,flow") is None
    assert await purge(api, peer, type="Gauge", drop="name") is None
    assert await purge(api, peer, type="Gauge", id="urn:x:2") is None
    assert await purge(api, peer, type="River") is None
    assert await purge(api, peer, type="Gauge,River", id=f"{ID},urn:x:2") == only | {
        "drop": "flow,level"
    }


async def test_a_pattern_registered_is_asked_for(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(
        peer.endpoint, about({"type": "Gauge", "idPattern": "^urn:x:"}), mode="inclusive", **OPS
    )
    assert await purge(api, peer, q="level") == {
        "type": "Gauge",
        "idPattern": "^urn:x:",
        "q": "level",
    }
    assert await purge(api, peer, type="Gauge", id="urn:x:1,urn:y:1") == {
        "type": "Gauge",
        "id": "urn:x:1",
    }


async def test_what_no_purge_can_say_is_not_asked_but_named(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    pattern = about({"type": "Gauge", "idPattern": "^urn:x:"})
    source = await register(peer.endpoint, pattern, mode="inclusive", **OPS)
    answer = await api.delete("/entities", params={"type": "Gauge", "idPattern": "7$"})
    assert answer.status_code == 207
    (error,) = answer.json()["errors"]
    assert (error["registrationId"], error["error"]["status"]) == (source, 422)
    assert peer.asked == []


async def test_a_source_that_fails_or_does_not_purge_is_named(
    api: httpx.AsyncClient, register: Register, peer: Peer, other_peer: Peer
) -> None:
    failing = await register(peer.endpoint, about(GAUGES), mode="inclusive", **OPS)
    deaf = await register(
        other_peer.endpoint, about(GAUGES), mode="redirect", operations=["queryEntity"]
    )
    await register(other_peer.endpoint, about(GAUGES), mode="inclusive", operations=["queryEntity"])
    peer.answers["DELETE", "/entities"] = Says(403)
    answer = await api.delete("/entities", params={"type": "Gauge"})
    assert answer.status_code == 207
    found = {(one["registrationId"], one["error"]["status"]) for one in answer.json()["errors"]}
    assert found == {(failing, 403), (deaf, 409)}
    assert other_peer.asked == []


async def test_local_and_bad_requests_go_to_nobody(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint, mode="inclusive", **OPS)
    assert await purge(api, peer, type="Gauge", local="true") is None
    for params in ({}, {"type": "Gauge", "q": "(("}, {"type": "Gauge", "drop": "a", "keep": "b"}):
        assert (await api.delete("/entities", params=params)).status_code == 400
    assert peer.asked == []
