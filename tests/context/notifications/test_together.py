"""What waits in a crowd is told together: fewer requests, the same news in the same order."""

import asyncio

import httpx

from tamamo.context.broker import Broker
from tamamo.context.notifications.outbound import TOGETHER
from tests.context.notifications.conftest import change, notifying, room, subscribe
from tests.context.notifications.receiver import Receiver
from tests.context.notifications.test_delivery import count, until_empty, values

ROOMS = 60


async def _crowd(api: httpx.AsyncClient, steps: int) -> None:
    await asyncio.gather(*(room(api, number, warm=0) for number in range(ROOMS)))
    for step in range(1, steps):
        await asyncio.gather(*(change(api, number, warm=step) for number in range(ROOMS)))


async def test_a_crowd_takes_few_requests_and_keeps_the_order_of_each_entity(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    identifier = await subscribe(api, receiver.url)
    await _crowd(api, 3)
    async with notifying(broker):
        found = await receiver.wait_for(3 * ROOMS)
        await until_empty(broker)
    for number in range(ROOMS):
        assert values([n for n in found if n.entity["id"] == f"urn:x:{number}"]) == [0, 1, 2]
    assert 3 * ROOMS / TOGETHER <= receiver.attempts < ROOMS
    counted = (await api.get(f"/subscriptions/{identifier}")).json()["notification"]
    assert counted["timesSent"] == receiver.attempts
    assert all(n.body["subscriptionId"] == identifier for n in found)


async def test_few_are_told_one_by_one(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    receiver.whole = True
    await subscribe(api, receiver.url)
    await asyncio.gather(*(room(api, number, warm=0) for number in range(8)))
    async with notifying(broker):
        found = await receiver.wait_for(8)
    assert [len(notification.data) for notification in found] == [1] * 8


async def test_what_a_receiver_refuses_does_not_take_others_with_it(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    receiver.status = lambda request: 400 if b'"urn:x:30"' in request.raw else 200
    await subscribe(api, receiver.url)
    await _crowd(api, 1)
    async with notifying(broker):
        found = await receiver.wait_for(ROOMS - 1)
        await until_empty(broker)
    assert {n.entity["id"] for n in found} == {f"urn:x:{n}" for n in range(ROOMS)} - {"urn:x:30"}
    assert len(found) == ROOMS - 1
    assert await count(broker, "dead_at is not null and entity_id = 'urn:x:30'") == 1


async def test_a_receiver_away_gets_the_crowd_once_when_it_is_back(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribe(api, receiver.url)
    await _crowd(api, 2)
    receiver.status = 503
    async with notifying(broker):
        await receiver.wait_attempts(3)
        receiver.status = 200
        found = await receiver.wait_for(2 * ROOMS)
        await until_empty(broker)
    for number in range(ROOMS):
        assert values([n for n in found if n.entity["id"] == f"urn:x:{number}"]) == [0, 1]


async def test_other_media_and_linked_entities_go_alone(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    receiver.whole = True
    await subscribe(api, receiver.url, endpoint={"accept": "application/ld+json"})
    await subscribe(api, receiver.url, notification={"join": "flat"})
    await _crowd(api, 1)
    async with notifying(broker):
        found = await receiver.wait_for(2 * ROOMS)
    assert {len(notification.data) for notification in found} == {1}
