"""When a notification is sent: pauses, expiry, throttling, intervals (clause 5.8.6)."""

import httpx

from tamamo.context.broker import Broker
from tests.context.notifications.conftest import (
    change,
    notifying,
    room,
    subscribe,
    until_matched,
)
from tests.context.notifications.receiver import Receiver


async def test_paused_expired_and_resumed(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    paused = await subscribe(api, receiver.url, isActive=False)
    expired = await subscribe(api, receiver.url)
    active = await subscribe(api, receiver.url)
    async with broker.pool.connection() as connection:
        await connection.execute(
            "update subscription set document = (jsonb_set(document::jsonb, '{expiresAt}',"
            " '\"2001-01-01T00:00:00Z\"'))::json, expires_at = '2001-01-01' where id = %s",
            [expired],
        )
    assert (await api.get(f"/subscriptions/{expired}")).json()["status"] == "expired"
    async with notifying(broker):
        await room(api, warm=1)
        await receiver.wait_for(1)
        await api.patch(f"/subscriptions/{paused}", json={"isActive": True})
        await change(api, warm=2)
        found = await receiver.wait_for(3)
    told = [(n.body["subscriptionId"], n.entity["warm"]["value"]) for n in found]
    assert sorted(told) == sorted([(active, 1), (active, 2), (paused, 2)])


async def test_throttling_lets_one_through(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    throttled = await subscribe(api, receiver.url, throttling=60)
    await subscribe(api, receiver.url)
    async with notifying(broker):
        await room(api, warm=0)
        await receiver.wait_for(2)
        for number in range(1, 4):
            await change(api, warm=number)
        await receiver.wait_for(5)
        await until_matched(broker)
        async with broker.pool.connection() as connection:
            await connection.execute(
                "update subscription set throttled_until = throttled_until - interval '61 s'"
            )
        await change(api, warm=4)
        found = await receiver.wait_for(7)
    values = [n.entity["warm"]["value"] for n in found if n.body["subscriptionId"] == throttled]
    assert values == [0, 4]


async def test_a_time_interval(broker: Broker, api: httpx.AsyncClient, receiver: Receiver) -> None:
    receiver.whole = True
    await room(api, 1, warm=1)
    await room(api, 2, warm=20)
    await room(api, 3, warm=30)
    await subscribe(
        api, receiver.url, timeInterval=0.2, q="warm>10", notification={"format": "keyValues"}
    )
    async with notifying(broker):
        first, second = (await receiver.wait_for(2))[:2]
        await api.delete("/entities/urn:x:2")
        await api.delete("/entities/urn:x:3")
    assert [(e["id"], e["warm"]) for e in first.data] == [("urn:x:2", 20), ("urn:x:3", 30)]
    assert second.data == first.data
