"""The cooldown after a failure (5.2.15): what happens in it is not told."""

import asyncio

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


async def test_nothing_is_told_of_a_cooldown(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    cooling = await subscribe(api, receiver.url, endpoint={"cooldown": 60_000})
    other = await subscribe(api, receiver.url)
    receiver.status = 503
    await room(api, warm=0)
    async with notifying(broker):
        await receiver.wait_attempts(2)
        await until_failed(api, cooling)
        receiver.status = 200
        for number in range(1, 4):
            await change(api, warm=number)
        # The other one has it all, the first waits: for its failed one, and for no other.
        await receiver.wait_for(4)
        await until_matched(broker)
        await until_waiting(broker, 1)
        async with broker.pool.connection() as connection:
            await connection.execute(
                "update subscription set last_failure = last_failure - interval '61 s'"
            )
        await change(api, warm=4)
        await receiver.wait_for(5)
        await until_waiting(broker, 2)
    # It goes on where it was, as a process that comes anew does.
    async with notifying(broker):
        await receiver.wait_for(7)
        await until_waiting(broker, 0)
    told = [one for one in receiver.received if one.body["subscriptionId"] == cooling]
    assert [one.entity["warm"]["value"] for one in told] == [0, 4]
    rest = [one for one in receiver.received if one.body["subscriptionId"] == other]
    assert [one.entity["warm"]["value"] for one in rest] == [0, 1, 2, 3, 4]


async def until_failed(api: httpx.AsyncClient, identifier: str) -> None:
    for _ in range(500):
        told = (await api.get(f"/subscriptions/{identifier}")).json()["notification"]
        if told.get("status") == "failed":
            return
        await asyncio.sleep(0.01)
    raise AssertionError(told)


async def until_waiting(broker: Broker, wanted: int) -> None:
    for _ in range(500):
        async with broker.pool.connection() as connection:
            cursor = await connection.execute("select count(*) from notification")
            row = await cursor.fetchone()
        if row == (wanted,):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(row)
