"""Delivery when receivers fail: nothing lost, in order, nobody held up."""

import asyncio
import random
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx
import psycopg

from tamamo.context import housekeeping
from tamamo.context.broker import Broker, open_broker
from tamamo.context.entities import write
from tamamo.context.entities.write import Mutation
from tamamo.context.model.entity import DEFAULT_VOCABULARY, Entity
from tamamo.context.notifications.records import Records
from tests.context.notifications.clock import HandClock
from tests.context.notifications.conftest import QUICK, change, notifying, room, subscribe
from tests.context.notifications.receiver import Received, Receiver


def values(found: list[Received]) -> list[Any]:
    return [notification.entity["warm"]["value"] for notification in found]


async def count(broker: Broker, condition: str = "true") -> int:
    async with broker.pool.connection() as connection:
        cursor = await connection.execute(f"select count(*) from notification where {condition}")
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def until_empty(broker: Broker) -> None:
    for _ in range(500):
        if not await count(broker, "dead_at is null"):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("notifications still wait")


async def test_a_receiver_down_for_ten_minutes_gets_everything_once_in_order(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    clock = HandClock()
    policy = replace(QUICK, first_pause=0.1, longest_pause=60)
    identifier = await subscribe(api, receiver.url)
    await receiver.down()
    await room(api, warm=0)
    async with notifying(broker, policy, clock):
        for number in range(1, 30):
            await change(api, warm=number)
        for _ in range(20):
            await clock.advance(30)
            await asyncio.sleep(0.03)
        assert receiver.received == []
        counted = (await api.get(f"/subscriptions/{identifier}")).json()["notification"]
        assert counted["status"] == "failed"
        # However often it was tried: one notification was sent, and failed.
        assert (counted["timesSent"], counted["timesFailed"]) == (1, 1)
        assert counted["lastFailure"] >= counted["lastNotification"]
        await receiver.up()
        await clock.advance(60)
        found = await receiver.wait_for(30)
        await until_empty(broker)
    assert values(found) == list(range(30))
    assert receiver.attempts == 30


async def test_a_dead_receiver_delays_nobody(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    async with Receiver() as stuck:
        stuck.delay = lambda: 3600.0
        for _ in range(5):
            await subscribe(api, stuck.url)
        await subscribe(api, receiver.url)
        async with notifying(broker, replace(QUICK, timeout=5.0)):
            await room(api, warm=0)
            for number in range(1, 50):
                await change(api, warm=number)
            found = await receiver.wait_for(50, seconds=4)
        assert values(found) == list(range(50))
        assert stuck.received == []


async def test_order_holds_for_each_entity_while_answers_come_out_of_order(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    chance = random.Random(7)
    receiver.delay = lambda: chance.random() * 0.01
    receiver.status = lambda _: 503 if chance.random() < 0.1 else 200
    await subscribe(api, receiver.url)
    for number in range(6):
        await room(api, number, warm=0)
    async with notifying(broker):
        for step in range(1, 11):
            await asyncio.gather(*(change(api, number, warm=step) for number in range(6)))
        found = await receiver.wait_for(66, seconds=20)
        await until_empty(broker)
    for number in range(6):
        own = [n for n in found if n.entity["id"] == f"urn:x:{number}"]
        assert values(own) == list(range(11))


async def test_killed_between_answer_and_note_it_is_delivered_again(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver, monkeypatch: Any
) -> None:
    await subscribe(api, receiver.url)
    await room(api, warm=0)

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    with monkeypatch.context() as patched:
        patched.setattr(Records, "settle", never)
        async with notifying(broker):
            await change(api, warm=1)
            await receiver.wait_for(1)
    assert values(receiver.received) == [0]
    async with notifying(broker):
        found = await receiver.wait_for(3)
        await until_empty(broker)
    assert values(found) == [0, 0, 1]


async def test_changes_while_nobody_notifies_are_told_later(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await room(api, warm=-1)
    await subscribe(api, receiver.url)
    async with notifying(broker):
        await change(api, warm=0)
        await receiver.wait_for(1)
        await until_empty(broker)
    for number in range(1, 4):
        await change(api, warm=number)
    async with notifying(broker):
        found = await receiver.wait_for(4)
    assert values(found) == [0, 1, 2, 3]


def _set(number: int, value: int) -> Mutation:
    def apply(before: Entity | None, moment: str) -> write.Change:
        warm = {"type": "Property", "value": value, "createdAt": moment, "modifiedAt": moment}
        attr = DEFAULT_VOCABULARY + "warm"
        kind = [DEFAULT_VOCABULARY + "Room"]
        after = Entity(f"urn:x:{number}", kind, {attr: [warm]}, [], moment, moment)
        return write.Change(after, [], [attr])

    return Mutation("default", f"urn:x:{number}", apply)


async def test_a_transaction_that_commits_late_is_not_skipped(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribe(api, receiver.url)
    async with notifying(broker):
        async with broker.pool.connection() as connection, connection.transaction():
            await write.write(connection, [_set(1, 1)])
            await write.run(broker.pool, [_set(2, 2)])
            await asyncio.sleep(0.1)
            assert receiver.received == []
        found = await receiver.wait_for(2)
    assert sorted(values(found)) == [1, 2]


async def test_a_subscription_made_while_a_change_is_under_way(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribe(api, receiver.url, entities=[{"type": "Other"}])
    async with notifying(broker):
        async with broker.pool.connection() as connection, connection.transaction():
            await write.write(connection, [_set(1, 1)])
            await subscribe(api, receiver.url)
        (only,) = await receiver.wait_for(1)
    assert only.entity["id"] == "urn:x:1"


async def test_what_was_before_the_subscription_is_no_news(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await room(api, warm=1)
    await subscribe(api, receiver.url)
    await change(api, warm=2)
    async with notifying(broker):
        found = await receiver.wait_for(1)
        await asyncio.sleep(0.1)
    assert values(found) == [2]


async def test_several_processes_share_and_take_over(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    names = [await subscribe(api, receiver.url) for _ in range(8)]
    async with open_broker(broker.settings) as other:
        async with notifying(broker), notifying(other) as second:
            await asyncio.sleep(0.3)
            await room(api, warm=0)
            await receiver.wait_for(8)
            for number in range(1, 6):
                await change(api, warm=number)
            await receiver.wait_for(48)
            await until_empty(broker)
            assert second is not None
        async with notifying(other):
            await change(api, warm=6)
            found = await receiver.wait_for(56)
            await until_empty(broker)
    for name in names:
        own = [n for n in found if n.body["subscriptionId"] == name]
        assert values(own) == list(range(7))


async def test_a_refused_notification_becomes_a_dead_letter_and_can_be_replayed(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    identifier = await subscribe(api, receiver.url)
    receiver.status = lambda request: 400 if request.entity["id"] == "urn:x:1" else 200
    async with notifying(broker) as notifier:
        await room(api, 1, warm=1)
        await room(api, 2, warm=2)
        assert values(await receiver.wait_for(1)) == [2]
        await receiver.wait_attempts(QUICK.refusals + 1)
        await until_empty(broker)
        records = Records(broker.pool, HandClock())
        (dead,) = await records.listed(None, identifier, dead=True, limit=10)
        assert dead["entity"] == "urn:x:1"
        assert dead["attempts"] == QUICK.refusals
        assert dead["error"] == "HTTP status 400"
        shown = await records.shown(dead["number"])
        assert shown is not None
        assert '"urn:x:1"' in shown["body"]
        receiver.status = 200
        assert await records.replay(None, identifier, None) == 1
        assert values(await receiver.wait_for(2)) == [2, 1]
        await until_empty(broker)
        assert await records.drop(None, None, None) == 0
        assert notifier is not None


async def test_a_notification_nobody_takes_is_given_up_after_a_day(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    clock = HandClock()
    receiver.status = 503
    await subscribe(api, receiver.url)
    await room(api, warm=1)
    async with notifying(broker, QUICK, clock):
        await receiver.wait_attempts(1)
        for _ in range(200):
            if await count(broker, "dead_at is not null"):
                break
            await clock.advance(QUICK.give_up / 2)
            await asyncio.sleep(0.02)
    assert await count(broker, "dead_at is not null and last_error = 'HTTP status 503'") == 1


async def test_a_redirect_is_no_delivery(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    receiver.status = 303
    await subscribe(api, receiver.url)
    await room(api, warm=1)
    async with notifying(broker):
        await receiver.wait_attempts(QUICK.refusals)
        await until_empty(broker)
    assert await count(broker, "dead_at is not null") == 1


async def test_a_private_address_is_refused(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribe(api, f"http://127.0.0.2:{receiver.port}/")
    await room(api, warm=1)
    async with notifying(broker):
        for _ in range(300):
            if await count(broker, "dead_at is not null"):
                break
            await asyncio.sleep(0.01)
    assert await count(broker, "last_error like '%private address%'") == 1
    assert receiver.attempts == 0


async def test_a_deleted_subscription_stays_deleted_and_its_queue_goes(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    receiver.delay = lambda: 0.1
    identifier = await subscribe(api, receiver.url)
    async with notifying(broker):
        await room(api, warm=0)
        for number in range(1, 10):
            await change(api, warm=number)
        await receiver.wait_for(1)
        assert (await api.delete(f"/subscriptions/{identifier}")).status_code == 204
        taken = len(receiver.received)
        await asyncio.sleep(0.4)
    assert len(receiver.received) <= taken + 1
    assert await count(broker) == 0
    assert (await api.get("/subscriptions")).json() == []


async def test_subscriptions_go_while_much_is_delivered(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    async with notifying(broker):
        for turn in range(5):
            names = [await subscribe(api, receiver.url) for _ in range(4)]
            await asyncio.gather(*(room(api, 10 * turn + n, warm=n) for n in range(4)))
            await receiver.wait_attempts(1)
            deleted = await asyncio.gather(*(api.delete(f"/subscriptions/{n}") for n in names))
            assert {response.status_code for response in deleted} == {204}
    assert await count(broker) == 0


async def test_more_than_memory_holds_waits_in_the_database(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribe(api, receiver.url)
    await room(api, warm=0)
    for number in range(1, 40):
        await change(api, warm=number)
    async with notifying(broker, replace(QUICK, queue=5)):
        found = await receiver.wait_for(40)
        await until_empty(broker)
    assert values(found) == list(range(40))


async def test_the_database_session_lost_is_no_loss(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribe(api, receiver.url)
    with suppress(BaseExceptionGroup):
        async with notifying(broker):
            await room(api, warm=0)
            await receiver.wait_for(1)
            async with await psycopg.AsyncConnection.connect(
                str(broker.settings.database_url), autocommit=True
            ) as connection:
                await connection.execute(
                    "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'"
                )
            await asyncio.sleep(0.3)
    await change(api, warm=1)
    async with notifying(broker):
        await receiver.wait_for(2)
        await until_empty(broker)
    assert set(values(receiver.received)) == {0, 1}


async def test_the_outbox_keeps_what_has_yet_to_be_matched(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await room(api, 9, warm=9)
    await subscribe(api, receiver.url)
    await room(api, warm=1)
    async with broker.pool.connection() as connection:
        await connection.execute("update outbox set at = now() - interval '30 days'")
        await connection.execute("update rule_progress set xid = '9223372036854775807'")
    assert await housekeeping.trim_outbox(broker.pool) == 1
    async with notifying(broker):
        assert values(await receiver.wait_for(1)) == [1]
        await room(api, 2, warm=2)
        await receiver.wait_for(2)
        await until_empty(broker)
    assert await housekeeping.trim_outbox(broker.pool) == 1


async def test_cost_without_subscriptions(broker: Broker, api: httpx.AsyncClient) -> None:
    """Changes are not even read while nobody is subscribed."""
    async with notifying(broker, replace(QUICK, idle_look=0.02)):
        await room(api, warm=1)
        await asyncio.sleep(0.2)
        async with broker.pool.connection() as connection:
            cursor = await connection.execute("select xid::text, seq from notification_state")
            assert await cursor.fetchone() == ("0", 0)


def test_pauses_grow_with_jitter_and_end() -> None:
    assert QUICK.pause(1, 1.0) == QUICK.first_pause
    assert QUICK.pause(1, 0.0) == QUICK.first_pause / 2
    assert QUICK.pause(2, 1.0) == QUICK.first_pause * 2
    assert QUICK.pause(10_000, 1.0) == QUICK.longest_pause
