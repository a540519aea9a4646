"""A drill reaches nobody outside its list: whenever the list, the drill or the tenant changes."""

import json
from datetime import timedelta

import pytest

from tamamo.kernel.database import transaction
from tamamo.messaging import Message, State, push
from tamamo.messaging.model import Item
from tamamo.messaging.senders import Later
from tests.messaging.browser import Browser
from tests.messaging.conftest import Post

DRILL = "takamatsu-drill-20260601-abcdef"
IN, OUT = "in@example.jp", "out@example.jp"


@pytest.fixture
async def drill(post: Post) -> str:
    await post.run("insert into tenant (name) values (%s)", DRILL)
    await post.run(
        "insert into drill (tenant, town, title, state, recipients, begins_at, created_by,"
        " expires_at) values (%s, 'default', '訓練', 'running', %s, now(), 'user:1',"
        " now() + interval '1 day')",
        DRILL,
        [IN, "https://in.example/hook"],
    )
    return DRILL


def to(address: str, channel: str = "mail", subject: str = "", **more: object) -> Message:
    return Message(DRILL, channel, address, subject or address, "text", **more)  # type: ignore[arg-type]


async def test_only_who_is_on_the_list_is_reached(post: Post, drill: str) -> None:
    await post.send(
        to(IN),
        to(OUT),
        to("IN@Example.jp"),
        to("https://in.example/hook", "webhook"),
        to("https://out.example/hook", "webhook"),
        to("09012345678", "sms"),
    )
    assert (await post.states())[OUT] == "withheld:drill", "said at once"
    await post.deliver()
    assert await post.states() == {
        IN: "sent",
        "IN@Example.jp": "sent",
        OUT: "withheld:drill",
        "https://in.example/hook": "sent",
        "https://out.example/hook": "withheld:drill",
        "09012345678": "withheld:drill",
    }
    reached = {address for address, _ in post.recorder.got}
    assert reached == {IN, "IN@Example.jp", "https://in.example/hook"}
    assert all(item.drill for item in post.recorder.items)


async def test_the_town_itself_goes_on(post: Post, drill: str) -> None:
    await post.send(Message("default", "mail", OUT, "real", "text"))
    await post.deliver()
    assert await post.states() == {"real": "sent"}
    assert not post.recorder.items[0].drill


async def test_who_is_taken_off_the_list_gets_no_retry(post: Post, drill: str) -> None:
    async def fails(item: Item, address: str) -> State:
        raise Later("x")

    post.recorder.answer = fails
    await post.send(to(IN))
    await post.deliver()
    await post.run("update drill set recipients = '{}' where tenant = %s", DRILL)
    post.recorder.answer = None
    post.clock.turn(minutes=1)
    await post.deliver()
    assert post.recorder.got == []
    assert await post.states() == {IN: "withheld:drill"}


@pytest.mark.parametrize(
    "ending",
    [
        "update drill set state = 'ended' where tenant = %s",
        "update drill set state = 'deleting' where tenant = %s",
        # As if it had never been one: the tenant is left, or a real town has its name.
        "delete from drill where tenant = %s",
        "delete from tenant where name = %s",
    ],
)
async def test_a_retry_after_the_drill_reaches_nobody(post: Post, drill: str, ending: str) -> None:
    async def fails(item: Item, address: str) -> State:
        raise Later("x")

    post.recorder.answer = fails
    await post.send(to(IN, lifetime=timedelta(days=1)))
    await post.deliver()
    await post.run(ending, DRILL)
    post.recorder.answer = None
    for _ in range(10):
        post.clock.turn(hours=1)
        await post.deliver()
    assert post.recorder.got == []
    [state] = (await post.states()).values()
    assert state in ("withheld:drill_over", "failed:no_town")


async def test_nothing_new_is_sent_in_a_drill_that_is_over(post: Post, drill: str) -> None:
    await post.run("update drill set state = 'ended' where tenant = %s", DRILL)
    await post.send(to(IN))
    await post.deliver()
    assert await post.states() == {IN: "withheld:drill_over"}


async def test_a_town_that_is_suspended_or_unknown_sends_nothing(post: Post) -> None:
    await post.run("update tenant set state = 'suspended' where name = 'default'")
    await post.send(
        Message("default", "mail", IN, "a", ""), Message("nowhere", "mail", IN, "b", "")
    )
    await post.deliver()
    assert post.recorder.got == []
    assert set((await post.states()).values()) == {"withheld:no_town"}


async def test_a_browser_counts_by_its_endpoint(post: Post, drill: str) -> None:
    known, stranger = Browser("https://in.example/hook"), Browser("https://push.example/other")
    async with transaction(post.pool) as connection:
        allowed = await push.subscribe(connection, DRILL, "contact:1", known.document())
        other = await push.subscribe(connection, DRILL, "contact:2", stranger.document())
    await post.send(
        to(allowed, "webpush", "allowed"),
        to(other, "webpush", "other"),
        to("00000000-0000-0000-0000-000000000000", "webpush", "nobody"),
    )
    await post.deliver()
    assert await post.states() == {
        "allowed": "sent",
        "other": "withheld:drill",
        "nobody": "withheld:drill",
    }
    assert json.loads(known.document())["endpoint"] == post.recorder.got[0][0]
