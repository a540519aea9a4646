"""Subscriptions that go on to sources: what they are asked, whatever happens (5.8.1.4)."""

import asyncio
from typing import Any

import httpx
import pytest

from tamamo.context.broker import Broker
from tests.context.distribution.peer import Peer, Says
from tests.context.remotesubscriptions.conftest import Register, going_on, subscribe, until

MADE = Says(201, headers={"Location": "/ngsi-ld/v1/subscriptions/x"})
SECRET = {"receiverInfo": [{"key": "Authorization", "value": "secret"}]}


def ready(peer: Peer) -> None:
    """Let a peer take every subscription."""

    async def answer(asked: Any) -> Says:
        return MADE if asked.method == "POST" else Says(204)

    peer._otherwise = answer


def methods(peer: Peer) -> list[str]:
    return [asked.method for asked in peer.asked]


async def test_what_a_source_is_asked(
    broker: Broker, api: httpx.AsyncClient, register: Register, peer: Peer, here: Peer
) -> None:
    ready(peer)
    await register(peer.endpoint)
    endpoint = {"uri": "http://subscriber.example/", "accept": "application/ld+json", **SECRET}
    await subscribe(
        api,
        q="level>2",
        scopeQ="/a",
        throttling=5,
        lang="ja",
        notification={"endpoint": endpoint, "format": "keyValues", "pick": ["id", "level"]},
    )
    async with going_on(broker):
        await until(lambda: bool(peer.asked))
    asked = peer.last
    body = asked.body
    assert (asked.method, asked.path) == ("POST", "/subscriptions")
    assert asked.headers["via"].startswith("1.1 tamamo-")
    assert body.pop("id").startswith("urn:ngsi-ld:Subscription:")
    assert body.pop("jsonldContext").startswith("https://uri.etsi.org/ngsi-ld/v1/")
    assert body.pop("notification") == {
        "format": "normalized",
        "sysAttrs": True,
        "endpoint": {
            "uri": f"{here.endpoint}/ngsi-ld/ex/remote-notify",
            "accept": "application/json",
        },
    }
    assert body == {
        "type": "Subscription",
        "entities": [{"type": "Gauge"}],
        "q": "level>2",
        "scopeQ": "/a",
        "throttling": 5,
    }


NEAR = {"georel": "near;maxDistance==1", "geometry": "Point", "coordinates": [1, 1]}
INFORMATION = {"entities": [{"type": "Gauge", "id": "urn:x:7"}], "propertyNames": ["level", "rain"]}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, {"entities": ["urn:x:7"], "watchedAttributes": ["level", "rain"]}),
        ({"watchedAttributes": ["level", "name"]}, {"watchedAttributes": ["level"]}),
        ({"watchedAttributes": ["name"]}, None),
        ({"entities": [{"type": "House"}]}, None),
        (
            {"entities": [{"type": "Gauge", "id": ["urn:x:7", "urn:x:8"]}]},
            {"entities": ["urn:x:7"]},
        ),
        ({"entities": [{"type": "Gauge", "id": "urn:x:8"}]}, None),
        ({"timeInterval": 60}, {"timeInterval": 60}),
        ({"isActive": False}, {"isActive": False}),
        ({"localOnly": True}, None),
        ({"entities": [{"type": "*"}]}, None),
        ({"splitEntities": True, "geoQ": NEAR, "q": "level>1"}, {"splitEntities": True}),
    ],
)
async def test_it_is_reduced_to_what_is_registered(
    broker: Broker,
    api: httpx.AsyncClient,
    register: Register,
    peer: Peer,
    other_peer: Peer,
    members: dict[str, Any],
    expected: dict[str, Any] | None,
) -> None:
    ready(peer)
    ready(other_peer)
    await register(peer.endpoint, INFORMATION)
    await register(peer.endpoint, mode="auxiliary", operations=["retrieveOps"])
    await register(peer.endpoint, operations=["retrieveOps"])
    await register(other_peer.endpoint, {"entities": [{"type": "End"}]})
    await subscribe(api, **members)
    await subscribe(api, id="urn:x:end", entities=[{"type": "End"}])
    async with going_on(broker):
        await until(lambda: bool(other_peer.asked) and (expected is None or bool(peer.asked)))
    if expected is None:
        assert not peer.asked
        return
    (body,) = [asked.body for asked in peer.asked]
    if "splitEntities" in expected:
        assert not body.keys() & {"geoQ", "q"}
    found = {name: body.get(name) for name in expected}
    if "entities" in found:
        found["entities"] = [one["id"] for one in body["entities"]]
    assert found == expected


async def test_what_changes_is_told(
    broker: Broker, api: httpx.AsyncClient, register: Register, peer: Peer, other_peer: Peer
) -> None:
    ready(peer)
    ready(other_peer)
    await subscribe(api, throttling=5)
    async with going_on(broker):
        first = await register(peer.endpoint)  # it comes after the subscription
        await until(lambda: len(peer.asked) == 1)
        remote = peer.last.body["id"]
        changed = {"throttling": "urn:ngsi-ld:null", "description": "new"}
        assert (await api.patch("/subscriptions/urn:x:s", json=changed)).is_success
        await until(lambda: len(peer.asked) == 2)
        told = peer.last
        assert (told.method, told.path) == ("PATCH", f"/subscriptions/{remote}")
        assert told.body["throttling"] == "urn:ngsi-ld:null"
        assert told.body["description"] == "new"
        second = await register(other_peer.endpoint)
        await until(lambda: len(other_peer.asked) == 1)
        assert other_peer.last.body["id"] != remote
        assert (await api.delete(f"/csourceRegistrations/{first}")).is_success
        await until(lambda: len(peer.asked) == 3)
        assert (peer.last.method, peer.last.path) == ("DELETE", f"/subscriptions/{remote}")
        narrowed = {"information": [{"entities": [{"type": "Gauge"}], "propertyNames": ["rain"]}]}
        assert (await api.patch(f"/csourceRegistrations/{second}", json=narrowed)).is_success
        await until(lambda: len(other_peer.asked) == 2)
        assert other_peer.last.body["watchedAttributes"] == ["rain"]
        assert (await api.delete("/subscriptions/urn:x:s")).is_success
        await until(lambda: len(other_peer.asked) == 3)
        assert other_peer.last.method == "DELETE"
        await until_nothing_is_kept(broker)
    assert len(peer.asked) == 3


async def until_nothing_is_kept(broker: Broker) -> None:
    for _ in range(500):
        if not await kept(broker):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(await kept(broker))


async def kept(broker: Broker) -> list[Any]:
    async with broker.pool.connection() as connection:
        cursor = await connection.execute("select wanted, told, begun_at from remote_subscription")
        return await cursor.fetchall()


async def test_a_source_that_is_down_is_told_when_it_is_back(
    broker: Broker, api: httpx.AsyncClient, register: Register, peer: Peer, other_peer: Peer
) -> None:
    ready(peer)
    ready(other_peer)
    await peer.down()
    await register(peer.endpoint)
    await register(other_peer.endpoint)
    await subscribe(api)
    async with going_on(broker):
        await until(lambda: len(other_peer.asked) == 1)  # nobody waits for the other
        await asyncio.sleep(0.2)
        async with peer:
            await until(lambda: len(peer.asked) == 1)
            assert (await api.delete("/subscriptions/urn:x:s")).is_success
            await until(lambda: len(peer.asked) == 2)
    assert methods(peer) == ["POST", "DELETE"]


async def test_a_deletion_waits_for_the_creation_it_races(
    broker: Broker, api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    ready(peer)
    peer.answers["POST", "/subscriptions"] = Says(201, delay=0.3)
    await register(peer.endpoint)
    await subscribe(api)
    async with going_on(broker):
        await until(lambda: len(peer.asked) == 1)
        assert (await api.delete("/subscriptions/urn:x:s")).is_success
        await asyncio.sleep(0.1)
        assert methods(peer) == ["POST"]
        await until(lambda: len(peer.asked) == 2)
        await until_nothing_is_kept(broker)
    assert peer.last.path == f"/subscriptions/{peer.asked[0].body['id']}"


async def test_a_creation_without_an_answer_is_ended_until_it_cannot_arrive_any_more(
    broker: Broker, api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    async def answer(asked: Any) -> Says:
        return Says(503 if asked.method == "POST" else 404)

    peer._otherwise = answer
    await register(peer.endpoint)
    await subscribe(api)
    async with going_on(broker):
        await until(lambda: len(peer.asked) == 1)
        assert (await api.delete("/subscriptions/urn:x:s")).is_success
        # Not known there: but the request may still be on its way.
        await until(lambda: methods(peer).count("DELETE") >= 2)
        async with broker.pool.connection() as connection:
            await connection.execute(
                "update remote_subscription set begun_at = begun_at - interval '61 s'"
            )
        await until_nothing_is_kept(broker)


async def test_killed_in_the_middle_it_goes_on(
    broker: Broker, api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    ready(peer)
    peer.answers["POST", "/subscriptions"] = Says(201, delay=0.3)
    await register(peer.endpoint)
    await subscribe(api)
    async with going_on(broker):
        await until(lambda: len(peer.asked) == 1)
    peer.answers["POST", "/subscriptions"] = Says(409)
    async with going_on(broker):
        await until(lambda: len(peer.asked) == 3)
        await asyncio.sleep(0.1)
    assert methods(peer) == ["POST", "POST", "PATCH"]
    assert peer.asked[0].body["id"] == peer.asked[1].body["id"]
    ((wanted, told, _),) = await kept(broker)
    assert wanted == told


async def test_of_two_processes_one_tells(
    broker: Broker, api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    ready(peer)
    await register(peer.endpoint)
    async with going_on(broker):
        async with going_on(broker):
            await subscribe(api)
            await until(lambda: bool(peer.asked))
            await asyncio.sleep(0.2)
        assert (await api.delete("/subscriptions/urn:x:s")).is_success
        await until_nothing_is_kept(broker)
    assert methods(peer) == ["POST", "DELETE"]


async def test_a_source_that_lost_it_is_asked_again(
    broker: Broker, api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    async def answer(asked: Any) -> Says:
        return MADE if asked.method == "POST" else Says(404)

    peer._otherwise = answer
    await register(peer.endpoint)
    await subscribe(api)
    async with going_on(broker):
        await until(lambda: len(peer.asked) == 1)
        assert (await api.patch("/subscriptions/urn:x:s", json={"description": "a"})).is_success
        await until(lambda: len(peer.asked) == 3)
    assert methods(peer) == ["POST", "PATCH", "POST"]
    assert peer.last.body["description"] == "a"
    assert peer.last.body["id"] != peer.asked[0].body["id"]


async def test_it_is_seen_among_the_registration_subscriptions(
    broker: Broker, api: httpx.AsyncClient, here: Peer
) -> None:
    endpoint = {"uri": "http://subscriber.example/", **SECRET}
    await subscribe(api, notification={"endpoint": endpoint, "attributes": ["level"]})
    (seen,) = (await api.get("/csourceSubscriptions", params={"count": "true"})).json()
    assert seen["notification"] == {
        "attributes": ["level"],
        "endpoint": {"uri": f"{here.endpoint}/ngsi-ld/ex/remote-notify"},
    }
    assert (await api.get(f"/csourceSubscriptions/{seen['id']}")).json() == seen
    assert (await api.patch("/subscriptions/urn:x:s", json={"localOnly": True})).is_success
    assert (await api.get("/csourceSubscriptions")).json() == []
    assert (await api.get(f"/csourceSubscriptions/{seen['id']}")).status_code == 404
