"""What a receiver takes at once never waits in the database; nothing is lost by that."""

import asyncio
from collections.abc import Sequence

import httpx
import pytest

from tamamo.context.broker import Broker
from tamamo.context.notifications import ahead, records
from tamamo.context.notifications.ahead import Ahead
from tamamo.context.notifications.delivery import Delivery
from tamamo.context.notifications.outbound import Outbound
from tamamo.kernel.database import Connection
from tests.context.notifications.conftest import (
    QUICK,
    change,
    notifying,
    room,
    subscribe,
    until_matched,
)
from tests.context.notifications.receiver import Receiver
from tests.context.notifications.test_delivery import until_empty, values


async def _stored(broker: Broker) -> int:
    """Return how many notifications were ever stored."""
    async with broker.pool.connection() as connection:
        cursor = await connection.execute(
            "select coalesce(pg_sequence_last_value("
            "pg_get_serial_sequence('notification', 'seq')::regclass), 0)"
        )
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def _sent(api: httpx.AsyncClient, identifier: str) -> int:
    answer = await api.get(f"/subscriptions/{identifier}")
    return int(answer.json()["notification"]["timesSent"])


async def _warm_up(broker: Broker, api: httpx.AsyncClient, receiver: Receiver) -> None:
    """Let the first one pass: what waits in the database is known from then on."""
    await room(api, warm=0)
    await receiver.wait_for(1)
    await until_matched(broker)
    await until_empty(broker)


async def test_what_is_taken_at_once_is_never_stored(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "PATIENCE", 5.0)  # whatever else this machine does
    identifier = await subscribe(api, receiver.url)
    async with notifying(broker):
        await _warm_up(broker, api, receiver)
        before = await _stored(broker)
        for number in range(1, 20):
            await change(api, warm=number)
        await receiver.wait_for(20)
        await until_matched(broker)
        assert await _stored(broker) == before
    assert values(receiver.received) == list(range(20))
    assert await _sent(api, identifier) == receiver.attempts


async def test_who_dies_before_the_position_moves_tells_again_and_skips_nothing(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await subscribe(api, receiver.url)
    died, closed = asyncio.Event(), Ahead.close

    def dying(self: Ahead) -> None:
        died.set()
        raise RuntimeError("killed here")

    with pytest.raises(ExceptionGroup):
        async with notifying(broker):
            await _warm_up(broker, api, receiver)
            monkeypatch.setattr(Ahead, "close", dying)
            await change(api, warm=1)
            await died.wait()
            await asyncio.sleep(0.05)
    monkeypatch.setattr(Ahead, "close", closed)
    await change(api, warm=2)
    async with notifying(broker):
        await receiver.wait_for(4)
        await until_matched(broker)
        await until_empty(broker)
    assert values(receiver.received) == [0, 1, 1, 2]


@pytest.mark.parametrize("patience", [0.0, 0.02])
async def test_who_answers_late_is_told_once_from_the_database(
    broker: Broker,
    api: httpx.AsyncClient,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    patience: float,
) -> None:
    """The answer comes while what it answers is being stored, or soon after."""
    monkeypatch.setattr(ahead, "PATIENCE", patience)
    monkeypatch.setattr(ahead, "_NEVER", (0.0, 0.0))
    store = records.store_waiting

    async def slowly(
        connection: Connection, items: Sequence[Outbound], buckets: int
    ) -> list[tuple[str, str, int]]:
        found = await store(connection, items, buckets)
        await asyncio.sleep(0.04)
        return found

    monkeypatch.setattr(records, "store_waiting", slowly)
    identifier = await subscribe(api, receiver.url)
    async with notifying(broker):
        await _warm_up(broker, api, receiver)
        before = await _stored(broker)
        receiver.delay = lambda: 0.03
        for step in range(1, 9):
            await change(api, warm=step)
            await asyncio.sleep(0.03)
        await receiver.wait_for(9)
        await until_matched(broker)
        await until_empty(broker)
        await asyncio.sleep(2 * QUICK.rescan)
        assert await _stored(broker) > before
    assert values(receiver.received) == list(range(9))
    assert await _sent(api, identifier) == receiver.attempts


async def test_a_receiver_that_hangs_is_waited_for_once(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "PATIENCE", 0.05)
    tried: list[int] = []
    answered = Delivery.answered

    async def noted(
        self: Delivery, items: Sequence[Outbound], patience: float, longest: float
    ) -> None:
        tried.append(len(items))
        await answered(self, items, patience, longest)

    await subscribe(api, receiver.url)
    async with notifying(broker):
        await _warm_up(broker, api, receiver)
        monkeypatch.setattr(Delivery, "answered", noted)
        receiver.delay = lambda: 0.2
        for step in range(1, 4):
            await change(api, warm=step)
            await receiver.wait_for(step + 1)
            await until_matched(broker)
            await until_empty(broker)
    assert values(receiver.received) == list(range(4))
    assert tried == [1]
