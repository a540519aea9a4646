"""Delivery by the clock: retries, expiry, what is sent once, receivers that are down."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest

from tamamo.kernel.database import transaction
from tamamo.messaging import InvalidMessage, Message, State, about, cancel, counts, mark
from tamamo.messaging.model import Item, Reason
from tamamo.messaging.senders import Later, Never
from tests.messaging.conftest import Post, Recorder, mail


async def fails(item: Item, address: str) -> State:
    raise Later("TimeoutError")


async def refuses(item: Item, address: str) -> State:
    raise Never(Reason.GONE, "SMTP 550")


async def test_what_was_committed_goes_out_once(post: Post) -> None:
    [number] = await post.send(mail("水位", about="call:1"))
    await post.deliver()
    await post.deliver(post.delivery())
    assert post.recorder.got == [("officer@example.jp", "水位")]
    async with transaction(post.pool) as connection:
        [sent] = await about(connection, "default", "call:1")
        assert await about(connection, "elsewhere", "call:1") == []
        assert await counts(connection, "default", "call:1") == {State.SENT: 1}
    assert (sent.id, sent.state, sent.attempts, sent.reached) == (number, State.SENT, 1, True)
    assert sent.sent_at == post.clock.now()


async def test_what_was_rolled_back_is_nothing(post: Post) -> None:
    from tamamo.messaging import send

    with pytest.raises(RuntimeError):
        async with transaction(post.pool) as connection:
            await send(connection, [mail("never")])
            raise RuntimeError
    await post.deliver()
    assert post.recorder.got == []


async def test_a_second_one_with_the_same_dedupe_is_not_made(post: Post) -> None:
    first = await post.send(mail("a", dedupe="x"), mail("b", dedupe="y"), mail("c"))
    again = await post.send(mail("d"), mail("a again", dedupe="x"))
    assert again[1] == first[0]
    assert again[0] not in first
    await post.deliver()
    assert sorted(subject for _, subject in post.recorder.got) == ["a", "b", "c", "d"]


async def test_retries_come_later_each_time_until_it_expires(post: Post) -> None:
    post.recorder.answer = fails
    await post.send(mail("水位", lifetime=timedelta(minutes=30)))
    tried = []
    for _ in range(30 * 60 + 60):
        await post.deliver()
        tried.append((await post.rows())[0]["attempts"])
        post.clock.turn(seconds=1)
    assert await post.states() == {"水位": "failed:expired"}
    moments = [n for n in range(1, len(tried)) if tried[n] > tried[n - 1]]
    pauses = [later - earlier for earlier, later in zip([0, *moments], moments, strict=False)]
    assert 8 <= tried[-1] <= 25, tried[-1]
    assert pauses[0] <= 2 and max(pauses) <= 301
    # Twice as long each time, of which at least half by chance.
    assert all(b >= a / 2 for a, b in pairwise(pauses))
    assert moments[-1] < 30 * 60


async def test_a_call_of_three_hours_ago_is_not_sent_now(post: Post) -> None:
    await post.send(mail("old"), mail("lasting", lifetime=timedelta(hours=6)))
    post.clock.turn(hours=3)
    await post.deliver()
    assert await post.states() == {"old": "failed:expired", "lasting": "sent"}
    assert [subject for _, subject in post.recorder.got] == ["lasting"]


async def test_what_is_refused_is_not_tried_again(post: Post) -> None:
    post.recorder.answer = refuses
    await post.send(mail("gone"))
    await post.deliver()
    post.recorder.answer = None
    post.clock.turn(minutes=10)
    await post.deliver()
    [row] = await post.rows()
    assert (row["state"], row["reason"], row["detail"]) == ("failed", "gone", "SMTP 550")
    assert post.recorder.got == []


async def test_a_dead_server_delays_nobody_else(post: Post) -> None:
    """Two hundred messages wait for a server that never answers; the others go at once."""
    never = asyncio.Event()

    async def answer(item: Item, address: str) -> State:
        if "dead" in address:
            await never.wait()
        return State.DELIVERED

    post.recorder.answer = answer
    await post.send(
        *(Message("default", "webhook", "https://dead.example/x", f"d{n}", "") for n in range(200)),
        *(
            Message("default", "webhook", f"https://h{n}.example/x", f"live{n}", "")
            for n in range(20)
        ),
    )
    delivery = post.delivery()
    for _ in range(8):
        await delivery.round()
        await asyncio.sleep(0.05)
    arrived = {subject for _, subject in post.recorder.got}
    assert arrived == {f"live{n}" for n in range(20)}
    never.set()
    await delivery.settled()


async def test_a_host_that_failed_is_tried_by_one_message_first(post: Post) -> None:
    tries = []

    async def answer(item: Item, address: str) -> State:
        tries.append(item.subject)
        raise Later("ConnectionRefusedError")

    post.recorder.answer = answer
    await post.send(
        *(Message("default", "webhook", "https://dead.example/", f"m{n}", "") for n in range(40))
    )
    delivery = post.delivery(per_host=4)
    await post.deliver(delivery)
    assert len(tries) <= 4, "all that were under way at once, and no more"
    for minute in range(5):
        before = len(tries)
        post.clock.turn(minutes=1)
        await post.deliver(delivery)
        assert len(tries) - before <= 4, minute
    post.recorder.answer = None
    post.clock.turn(minutes=5)
    await post.deliver(delivery)
    assert len(post.recorder.got) == 40


async def test_a_mailbox_that_waits_does_not_hold_up_the_server(post: Post) -> None:
    async def answer(item: Item, address: str) -> State:
        if address == "full@example.jp":
            raise Later("SMTP 452", host=False)
        return State.SENT

    post.recorder.answer = answer
    await post.send(mail("full", "full@example.jp"), mail("fine"))
    await post.deliver()
    assert await post.states() == {"full": "queued", "fine": "sent"}


async def test_two_processes_send_each_message_once(post: Post) -> None:
    await post.send(*(mail(f"m{n}", f"a{n}@example.jp") for n in range(150)))
    one, two = Recorder(), Recorder()
    pair = [post.delivery(one), post.delivery(two)]

    async def work(delivery: object) -> None:
        await post.deliver(delivery)  # type: ignore[arg-type]

    await asyncio.gather(*map(work, pair))
    sent = [address for address, _ in one.got + two.got]
    assert len(sent) == 150
    assert len(set(sent)) == 150


async def test_what_a_dead_process_had_is_tried_again_after_its_lease(post: Post) -> None:
    async def dies(item: Item, address: str) -> State:
        raise asyncio.CancelledError

    await post.send(mail("taken"))
    dead = post.delivery(Recorder(answer=dies))
    await dead.round()
    await asyncio.sleep(0.05)
    await post.deliver()
    assert post.recorder.got == [], "somebody else may still be at it"
    post.clock.turn(seconds=301)
    await post.deliver()
    assert await post.states() == {"taken": "sent"}


async def test_receipts_go_one_way(post: Post) -> None:
    [number] = await post.send(mail("a"))
    await post.deliver()
    async with transaction(post.pool) as connection:
        assert await mark(connection, "default", number, State.READ)
        assert not await mark(connection, "default", number, State.DELIVERED)
        assert not await mark(connection, "other", number, State.READ)
        assert not await mark(connection, "default", "no-id", State.READ)
    [row] = await post.rows()
    assert row["state"] == "read" and row["delivered_at"] is not None


async def test_what_is_not_needed_any_more_is_taken_back(post: Post) -> None:
    await post.send(mail("late", about="call:9"), mail("other", about="call:8"))
    async with transaction(post.pool) as connection:
        await cancel(connection, "default", "call:9")
    await post.deliver()
    assert await post.states() == {"late": "failed:not_needed", "other": "sent"}


async def test_line_and_sms_say_that_they_are_not_connected(post: Post) -> None:
    await post.send(
        Message("default", "line", "U123", "l", "x", about="z"),
        Message("default", "sms", "090-1234-5678", "s", "x", about="z"),
    )
    await post.deliver()
    async with transaction(post.pool) as connection:
        found = await about(connection, "default", "z")
    assert [(one.state, one.connected, one.reached) for one in found] == [
        (State.FAILED, False, False)
    ] * 2


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("channel", Message("default", "fax", "1", "s", "t")),
        ("to", mail("s", "a@b@c")),
        ("to", mail("s", "a@b.jp\r\nBcc: all@b.jp")),
        ("to", mail("s", "山@example.jp")),
        ("to", Message("default", "webhook", "file:///etc/passwd", "s", "t")),
        ("to", Message("default", "webpush", "https://push.example/1", "s", "t")),
        ("to", Message("default", "sms", "call me", "s", "t")),
        ("subject", mail(" ")),
        ("subject", mail("x" * 301)),
        ("url", mail("s", url="javascript:alert(1)")),
        ("lifetime", mail("s", lifetime=timedelta())),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_is_queued(
    post: Post, field: str, message: Message
) -> None:
    with pytest.raises(InvalidMessage) as refused:
        await post.send(mail("good"), message)
    assert refused.value.extra["field"] == field
    assert await post.rows() == []


async def test_messages_go_after_some_months(post: Post) -> None:
    await post.send(mail("old"))
    post.clock.turn(days=181)
    delivery = post.delivery()
    await post.send(mail("new"))
    await delivery._sweep()
    assert list(await post.states()) == ["new"]
