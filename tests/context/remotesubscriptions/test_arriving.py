"""What sources tell, and what subscribers see of it (5.8.6)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tamamo.context.broker import Broker
from tests.context.distribution.conftest import gauge, registration
from tests.context.distribution.peer import Peer, Says
from tests.context.notifications.conftest import notifying
from tests.context.notifications.receiver import Received, Receiver
from tests.context.remotesubscriptions.conftest import (
    Register,
    going_on,
    notify,
    subscribe,
    until,
)

NULL = "urn:ngsi-ld:null"
CORE = '<https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'  # noqa: E501


@asynccontextmanager
async def subscribed(
    broker: Broker, api: httpx.AsyncClient, peer: Peer, uri: str, **members: Any
) -> AsyncIterator[str]:
    """Subscribe at a peer through the broker and notify; yields the id at the peer."""
    peer.answers["POST", "/subscriptions"] = Says(201)
    notification = {"endpoint": {"uri": uri}, **members.pop("notification", {})}
    await subscribe(api, **members, notification=notification)
    async with going_on(broker), notifying(broker):
        await until(lambda: any(asked.method == "POST" for asked in peer.asked))
        yield str(peer.asked[0].body["id"])


async def tell(api: httpx.AsyncClient, remote: str, *entities: dict[str, Any]) -> None:
    body = {
        "id": "urn:x:n",
        "type": "Notification",
        "notifiedAt": "2026-01-01T00:00:00Z",
        "subscriptionId": remote,
        "data": list(entities),
    }
    response = await notify(api, body, {"link": CORE})
    assert response.status_code == 200, response.text


def seen(received: Received) -> list[str]:
    return [one["id"].rpartition(":")[2] for one in received.data]


async def test_from_one_broker_to_another_and_on_to_the_subscriber(
    broker: Broker,
    api: httpx.AsyncClient,
    register: Register,
    reachable: Peer,
    other: Broker,
    other_api: httpx.AsyncClient,
    other_broker: Peer,
    receiver: Receiver,
) -> None:
    await register(other_broker.endpoint)
    # The other one knows this one too: nothing may go round.
    back = registration(reachable.endpoint)
    assert (await other_api.post("/csourceRegistrations", json=back)).is_success
    endpoint = {"uri": receiver.url}
    await subscribe(api, q="level>2", notification={"endpoint": endpoint, "format": "keyValues"})
    local = {"local": "true"}
    async with going_on(broker), going_on(other), notifying(broker), notifying(other):
        await until(lambda: any(asked.method == "POST" for asked in other_broker.asked))
        await asyncio.sleep(0.1)
        for level in (1, 3):
            body = gauge(str(level), level=level)
            assert (await other_api.post("/entities", json=body, params=local)).is_success
        (first,) = await receiver.wait_for(1)
        assert (await api.patch("/subscriptions/urn:x:s", json={"q": "level>5"})).is_success
        await until(lambda: other_broker.last.method == "PATCH")
        for level in (4, 6):
            path = "/entities/urn:ngsi-ld:Gauge:3/attrs"
            level_of = {"level": {"type": "Property", "value": level}}
            assert (await other_api.patch(path, json=level_of, params=local)).is_success
            await asyncio.sleep(0.1)
        second = (await receiver.wait_for(2))[1]
        assert (await api.delete("/subscriptions/urn:x:s")).is_success
        for _ in range(500):
            left = (await other_api.get("/subscriptions")).json()
            if not left:
                break
            await asyncio.sleep(0.02)
        assert left == []
    assert first.body["subscriptionId"] == second.body["subscriptionId"] == "urn:x:s"
    assert first.entity == {"id": "urn:ngsi-ld:Gauge:3", "type": "Gauge", "level": 3}
    assert second.entity["level"] == 6
    # What came back was recognised: nothing is told twice.
    assert [asked.path for asked in reachable.asked].count("/subscriptions") >= 1
    assert [one["id"] for one in (await api.get("/subscriptions")).json()] == []
    assert len(receiver.received) == 2


async def test_it_is_filtered_again_and_shown_as_asked(
    broker: Broker, api: httpx.AsyncClient, register: Register, peer: Peer, receiver: Receiver
) -> None:
    receiver.whole = True
    context = {"Pegel": "https://uri.etsi.org/ngsi-ld/default-context/Gauge"}
    info = {
        "entities": [{"type": "Gauge", "idPattern": "Gauge:[1-4]$"}],
        "propertyNames": ["level"],
    }
    await register(peer.endpoint, info)
    peer.answers["POST", "/subscriptions"] = Says(201)
    written = {
        "id": "urn:x:s",
        "type": "Subscription",
        "entities": [{"type": "Pegel", "idPattern": "Gauge:[2-9]$"}],
        "q": "level>2",
        "notification": {
            "endpoint": {"uri": receiver.url, "accept": "application/ld+json"},
            "format": "concise",
            "omit": ["scope"],
        },
        "@context": context,
    }
    headers = {"Content-Type": "application/ld+json"}
    assert (await api.post("/subscriptions", json=written, headers=headers)).is_success
    async with going_on(broker), notifying(broker):
        await until(lambda: bool(peer.asked))
        body = peer.last.body
        # The source cannot know these names: its own are used, and q is for us.
        assert body["entities"][0]["type"] == "Gauge"
        assert "q" not in body
        told = [gauge(str(number), level=number, name="x") for number in range(1, 6)]
        await tell(api, body["id"], *told)
        await tell(api, body["id"], gauge("4", level=1))
        await tell(api, body["id"], gauge("4", level=9))
        found = await receiver.wait_for(2)
    assert [seen(one) for one in found] == [["3", "4"], ["4"]]
    assert found[0].body["@context"] == found[0].data[0]["@context"]
    assert {key: found[0].data[0][key] for key in ("type", "level")} == {
        "type": "Pegel",
        "level": 3,
    }
    assert "name" not in found[0].data[0]


@pytest.mark.parametrize("shown", [False, True])
async def test_what_is_gone_and_what_was_before(
    broker: Broker,
    api: httpx.AsyncClient,
    register: Register,
    peer: Peer,
    receiver: Receiver,
    shown: bool,
) -> None:
    await register(peer.endpoint)
    triggers = ["entityUpdated", "entityDeleted"]
    wanted = {"showChanges": True} if shown else {"format": "keyValues"}
    async with subscribed(
        broker, api, peer, receiver.url, notificationTrigger=triggers, notification=wanted
    ) as remote:
        level = {"type": "Property", "value": 2, "previousValue": 1}
        gone = {"type": "Property", "value": NULL, "previousValue": 7}
        await tell(api, remote, gauge("1", level=level, rain=gone, wind=gone | {"value": NULL}))
        deleted = {**gauge("1"), "deletedAt": "2026-01-01T00:00:00Z"}
        await tell(api, remote, deleted)
        first, second = await receiver.wait_for(2)
    assert second.entity["deletedAt"] == "2026-01-01T00:00:00Z"
    entity = first.entity
    if shown:
        assert (entity["level"]["value"], entity["level"]["previousValue"]) == (2, 1)
        assert (entity["rain"]["value"], entity["rain"]["previousValue"]) == (NULL, 7)
    else:
        assert {name: entity[name] for name in ("level", "rain", "wind")} == {
            "level": 2,
            "rain": NULL,
            "wind": NULL,
        }


async def test_a_source_cannot_end_what_it_is_not_registered_for(
    broker: Broker, api: httpx.AsyncClient, register: Register, peer: Peer, receiver: Receiver
) -> None:
    info = {"entities": [{"type": "Gauge"}], "propertyNames": ["level", "rain"]}
    await register(peer.endpoint, info)
    gone = {"type": "Property", "value": NULL}
    async with subscribed(
        broker, api, peer, receiver.url, notification={"format": "keyValues"}
    ) as remote:
        await tell(api, remote, gauge("1", level=2, rain=gone, wind=gone))
        (only,) = await receiver.wait_for(1)
    assert only.entity == {**gauge("1"), "level": 2, "rain": NULL}


async def test_split_entities_are_put_together_first(
    broker: Broker,
    api: httpx.AsyncClient,
    register: Register,
    peer: Peer,
    other_peer: Peer,
    receiver: Receiver,
) -> None:
    await register(peer.endpoint)
    await register(other_peer.endpoint, operations=["retrieveOps"])
    other_peer.has(gauge("1", wind=9), gauge("2", wind=1))
    body = gauge("1", name="harbour")
    assert (await api.post("/entities", json=body, params={"local": "true"})).is_success
    async with subscribed(
        broker, api, peer, receiver.url,
        splitEntities=True, q="level>2;wind>5", notification={"format": "keyValues"},
    ) as remote:  # fmt: skip
        await tell(api, remote, gauge("1", level=3), gauge("2", level=3))
        await tell(api, remote, gauge("2", level=4))
        await tell(api, remote, gauge("1", level=4))
        first, second = await receiver.wait_for(2)
    expected = {**{k: gauge("1")[k] for k in ("id", "type")}, "name": "harbour", "wind": 9}
    assert first.entity == {**expected, "level": 3}
    assert second.entity == {**expected, "level": 4}
    assert not any(asked.method == "GET" for asked in peer.asked)


async def test_whom_nobody_knows_is_told_so(
    broker: Broker, api: httpx.AsyncClient, register: Register, peer: Peer, receiver: Receiver
) -> None:
    await register(peer.endpoint)
    async with subscribed(broker, api, peer, receiver.url) as remote:
        assert (await notify(api, {"subscriptionId": "urn:x:s", "data": []})).status_code == 404
        wrong: list[Any] = [[], {"data": []}, {"subscriptionId": remote}, {"subscriptionId": 1}]
        for body in wrong:
            assert (await notify(api, body)).status_code == 400, body
        odd = {"type": "Property", "value": 1, "datasetId": ["urn:x:d"]}
        nulls = [odd | {"previousValue": 2}, odd | {"value": NULL}]
        no_entities = [{"id": "no id", "type": "Gauge"}, *(gauge("1", level=one) for one in nulls)]
        for one in no_entities:
            bad = {"subscriptionId": remote, "data": [one]}
            assert (await notify(api, bad)).status_code == 400
        assert (await api.patch("/subscriptions/urn:x:s", json={"isActive": False})).is_success
        await tell(api, remote, gauge("1", level=1))
        assert (await api.patch("/subscriptions/urn:x:s", json={"isActive": True})).is_success
        await tell(api, remote, gauge("2", level=1))
        (only,) = await receiver.wait_for(1)
        assert seen(only) == ["2"]
        assert (await api.delete("/subscriptions/urn:x:s")).is_success
        assert (await notify(api, {"subscriptionId": remote, "data": []})).status_code == 404
