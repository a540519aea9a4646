"""What entity maps ask: who has which entities, and how these are now."""

from typing import Any

import httpx
import pytest
from starlette.requests import Request

from tamamo.context.broker import Broker
from tamamo.context.distribution import query as distributed
from tamamo.context.http import Exchange
from tamamo.context.query import request
from tests.context.distribution.conftest import Register, gauge
from tests.context.distribution.peer import Peer


async def exchange_of(broker: Broker, **params: Any) -> Exchange:
    terms = await broker.contexts.resolve("default", None)
    asked = Request({"type": "http", "headers": []})
    return Exchange(asked, broker, "default", {}, params, frozenset(), terms)


@pytest.mark.parametrize("split", ["true", "false"])
async def test_who_has_what_and_what_it_is_now(
    api: httpx.AsyncClient, broker: Broker, register: Register, peer: Peer, split: str
) -> None:
    await api.post("/entities", json=gauge("1", level=30))
    await api.post("/entities", json=gauge("3", level=3))
    registered = await register(peer.endpoint)
    peer.has(gauge("1", flow=1), gauge("2", level=40))
    params = {"type": "Gauge", "q": "level>20", "splitEntities": split}
    exchange = await exchange_of(broker, **params)
    query = request.read(params, exchange.terms)
    held = await distributed.collect(exchange, query)
    assert held == {"urn:ngsi-ld:Gauge:1": [registered], "urn:ngsi-ld:Gauge:2": [registered]}
    assert ("q" in peer.last.params) == (split == "false")
    here = {"urn:ngsi-ld:Gauge:3": ["@none"]}
    found = await distributed.match(exchange, query, held | here)
    assert sorted(found) == sorted(held)
    assert peer.last.params["id"] == ",".join(sorted(held))
    before = len(peer.asked)
    await distributed.match(exchange, query, here)
    assert len(peer.asked) == before
