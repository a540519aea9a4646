"""What sources cannot do to others: take all turns or all memory, or learn the broker's key."""

import asyncio
from dataclasses import replace

import httpx

from tamamo.context.broker import Broker
from tamamo.context.distribution.caller import Room
from tamamo.context.distribution.client import MAX_PARALLEL, MAX_TO_ONE, Failure, Request
from tamamo.context.jsonld.resolve import default_map
from tests.context.distribution.conftest import Register, gauge
from tests.context.distribution.peer import Peer, Says

PATH = "/entities/urn:ngsi-ld:Gauge:"


async def test_a_slow_source_leaves_room_for_others(
    api: httpx.AsyncClient, register: Register, peer: Peer, other_peer: Peer
) -> None:
    for number, source in (("1", peer), ("2", other_peer)):
        source.has(gauge(number, level=1))
        entity = {"type": "Gauge", "id": f"urn:ngsi-ld:Gauge:{number}"}
        await register(source.endpoint, {"entities": [entity]})
    slow = peer.answers["GET", PATH + "1"]
    peer.answers["GET", PATH + "1"] = replace(slow, delay=2)
    waiting = [asyncio.create_task(api.get(PATH + "1")) for _ in range(MAX_PARALLEL + 10)]
    for _ in range(500):
        if len(peer.asked) >= MAX_TO_ONE:
            break
        await asyncio.sleep(0.01)
    assert (await api.get(PATH + "2")).json() == gauge("2", level=1)
    assert not any(task.done() for task in waiting)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_all_answers_to_one_caller_together_are_bounded(
    broker: Broker, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint)
    peer.answers["GET", "/entities"] = Says(body=[gauge("1", text="x" * 1_000)])
    (source,) = broker.distribution.directory.of("default")
    caller = await broker.distribution.caller("default", default_map().terms)
    caller = replace(caller, room=Room(1_500))
    first, second = [
        await broker.distribution.client.send(caller, source, Request("GET", "/entities"))
        for _ in range(2)
    ]
    assert first.ok
    assert second.failure is Failure.TOO_LARGE


async def test_no_source_is_shown_the_key_of_this_broker(
    broker: Broker, api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    broker.distribution.client._key = "the-key"
    names = ("Authorization", "Cookie", "X-Source-Token")
    info = [{"key": name, "value": "urn:ngsi-ld:request"} for name in names]
    await register(peer.endpoint, contextSourceInfo=info)
    peer.has(gauge("1", level=1))
    for headers, shown in (
        ({"Authorization": "Bearer the-key"}, {}),
        # What a client signs in with here is for this broker alone.
        ({"Authorization": "Bearer of-somebody", "Cookie": "session=1"}, {}),
        ({"X-Source-Token": "the-key"}, {}),
        ({"X-Source-Token": "of-the-source"}, {"x-source-token": "of-the-source"}),
    ):
        assert (await api.get(PATH + "1", headers=headers)).status_code == 200
        told = {name.lower() for name in names} & peer.last.headers.keys()
        assert {name: peer.last.headers[name] for name in told} == shown
