"""Calls by the clock: from the alert to whoever answers, and what happens when nobody does."""

import asyncio
import re
from datetime import time, timedelta
from typing import Any

import orjson
import pytest

from tamamo.calling import answers, links, store
from tamamo.calling.call import State
from tamamo.calling.contact import Address
from tamamo.calling.duty import Change
from tamamo.calling.engine import Calling
from tamamo.calling.errors import Changed, InvalidCalling, NotThere
from tamamo.calling.matching import CallRule
from tamamo.calling.tree import Mode, Step, Target
from tamamo.kernel.database import transaction
from tamamo.messaging import Channel
from tests.calling.conftest import START, Night

BRIDGE = "urn:ngsi-ld:Alert:river:1"


async def answer(night: Night, name: str, do: str = "acknowledge") -> answers.Outcome:
    """Answer the newest call as somebody does by their link."""
    [call, *_] = await night.calls()
    act = answers.acknowledge if do == "acknowledge" else answers.decline
    async with transaction(night.pool) as connection:
        contact = night.people[name]
        return await act(
            night.calling, connection, "default", call.id, by=f"contact:{contact}", via="link",
            contact=contact,
        )  # fmt: skip


async def test_a_call_escalates_until_nobody_is_left(night: Night) -> None:
    night.event(BRIDGE, "firing")
    await night.run()
    await night.wait(60)
    assert await night.timeline() == [
        (0, "aoki"), (0, "baba"), (5, "chiba"), (8, "doi"),
        (18, "aoki"), (18, "baba"), (23, "chiba"), (26, "doi"),
    ]  # fmt: skip
    [call] = await night.calls()
    assert call.state is State.UNANSWERED
    assert call.ended_at == START + timedelta(minutes=36)
    assert len(await night.messages()) == 8


async def test_a_tree_without_an_end_calls_until_somebody_answers(night: Night) -> None:
    await night.sql("delete from call_rule")
    await night.make_tree(night.step("aoki", minutes=10), night.step("baba", minutes=0), rounds=0)
    night.event(BRIDGE, "firing")
    await night.run()
    await night.wait(60)
    # Ten minutes to the second step, and never less than five to the next round.
    assert await night.timeline() == [
        (at + minutes, name)
        for at in (0, 15, 30, 45, 60)
        for minutes, name in ((0, "aoki"), (10, "baba"))
        if at + minutes <= 60
    ]
    [call] = await night.calls()
    assert call.state is State.RUNNING
    assert (await answer(night, "aoki")).mine
    await night.wait(60)
    assert len(await night.timeline()) == 9
    [call] = await night.calls()
    assert call.state is State.ACKNOWLEDGED


async def test_whoever_answers_ends_it_and_the_others_are_told(night: Night) -> None:
    night.event(BRIDGE, "firing")
    await night.run()
    await night.wait(6)
    outcome = await answer(night, "baba")
    assert outcome.mine
    await night.wait(60)
    assert {name for _, name in await night.timeline()} == {"aoki", "baba", "chiba"}
    [call] = await night.calls()
    assert (call.state, call.answered_via) == (State.ACKNOWLEDGED, "link")
    assert call.answered_by == f"contact:{night.people['baba']}"
    assert night.alarms.acknowledged == [(BRIDGE, f"contact:{night.people['baba']}")]
    told = [to for to, subject in await night.messages() if subject.startswith("対応者が")]
    assert sorted(told) == ["aoki@example.jp", "chiba@example.jp"]
    assert [one.state for one in await night.called(call) if one.name == "baba"] == ["acknowledged"]


async def test_the_first_answer_counts(night: Night) -> None:
    night.event(BRIDGE, "firing")
    await night.run()
    assert (await answer(night, "aoki")).mine
    second = await answer(night, "baba")
    assert not second.mine
    assert second.call.answered_by == f"contact:{night.people['aoki']}"
    assert (await answer(night, "aoki")).mine, "pressed twice"
    assert len(night.alarms.acknowledged) == 1
    rows = await night.sql("select count(*) from audit_event where action = 'call.acknowledge'")
    assert rows == [(1,)]


async def test_an_answer_comes_too_late_for_nobody(night: Night) -> None:
    """All rounds are over: whoever answers now still takes the call."""
    night.event(BRIDGE, "firing")
    await night.run()
    await night.wait(60)
    assert (await answer(night, "doi")).mine
    [call] = await night.calls()
    assert call.state is State.ACKNOWLEDGED


async def test_when_all_decline_the_next_one_is_called_at_once(night: Night) -> None:
    night.event(BRIDGE, "firing")
    await night.run()
    night.turn(minutes=1)
    await answer(night, "aoki", "decline")
    await night.run()
    assert {name for _, name in await night.timeline()} == {"aoki", "baba"}, "one may still come"
    await answer(night, "baba", "decline")
    await night.run()
    assert (1, "chiba") in await night.timeline()
    await night.wait(60)
    names = [name for _, name in await night.timeline()]
    assert names.count("aoki") == names.count("baba") == 1, "who cannot is not asked again"
    assert names.count("chiba") == 2


async def test_who_cannot_be_reached_is_not_waited_for(night: Night) -> None:
    night.event(BRIDGE, "firing")
    await night.run()
    await night.sql("update message set state = 'failed', reason = 'not_connected'")
    night.turn(seconds=2)
    await night.run()
    [call] = await night.calls()
    assert "unreachable" in await night.log(call)
    assert (0, "chiba") in await night.timeline()
    assert [one.state for one in await night.called(call)] == ["unreached", "unreached", "queued"]


async def test_nobody_reachable_at_all_is_no_storm(night: Night) -> None:
    night.event(BRIDGE, "firing")
    for _ in range(40 * 60 // 5):
        await night.run()
        await night.sql("update message set state = 'failed' where state = 'queued'")
        night.turn(seconds=5)
    found = await night.timeline()
    assert len(found) == 8, "each once a round"
    assert found[4][0] >= 5, "the second round is not begun at once"


async def test_people_of_a_step_are_called_in_turn(night: Night) -> None:
    await night.sql("delete from call_rule")
    await night.make_tree(
        night.step("aoki", "baba", "chiba", minutes=2, mode=Mode.IN_TURN), rounds=1
    )
    night.event(BRIDGE, "firing")
    await night.run()
    await night.wait(20)
    assert await night.timeline() == [(0, "aoki"), (2, "baba"), (4, "chiba")]


async def test_who_is_on_duty_is_called(night: Night) -> None:
    roster = await night.roster(night.people["aoki"], ends=time(21, 30))
    await night.sql("delete from call_rule")
    step = Step((Target(roster=roster), Target(night.people["doi"])), 60)
    await night.make_tree(step, rounds=1)
    async with transaction(night.pool) as connection:
        swap = Change(
            START, START + timedelta(minutes=10), night.people["aoki"], night.people["baba"]
        )
        await store.add_change(connection, "default", roster, swap, actor="user:1")
    for minute, expected in ((0, {"baba", "doi"}), (15, {"aoki", "doi"}), (40, {"doi"})):
        night.moment = START + timedelta(minutes=minute)
        night.event(f"alert-{minute}", "firing")
        await night.run()
        called = {name for at, name in await night.timeline() if at == minute}
        assert called == expected, minute
        await answer(night, "doi")
        await night.sql("update call set started_at = started_at - interval '1 hour'")


async def test_a_gap_in_the_roster_is_passed_and_said(night: Night) -> None:
    roster = await night.roster(night.people["aoki"], ends=time(20))
    await night.sql("delete from call_rule")
    await night.make_tree(Step((Target(roster=roster),), 5), night.step("doi"), rounds=1)
    night.event(BRIDGE, "firing")
    await night.run()
    assert await night.timeline() == [(0, "doi")]
    [call] = await night.calls()
    assert "nobody" in await night.log(call)


async def test_a_tree_of_nobody_waits_for_somebody(night: Night) -> None:
    roster = await night.roster(ends=time(22))
    await night.sql("delete from call_rule")
    await night.make_tree(Step((Target(roster=roster),), 5), rounds=20)
    night.event(BRIDGE, "firing")
    await night.run()
    assert await night.timeline() == []
    shift = (await night.sql("select id::text, document from duty_roster"))[0]
    shift[1]["shifts"][0]["people"] = [night.people["doi"]]
    await night.sql("update duty_roster set document = %s::jsonb", orjson.dumps(shift[1]).decode())
    await night.wait(6)
    assert [name for _, name in await night.timeline()] == ["doi"]


async def test_all_channels_of_somebody_are_tried(night: Night) -> None:
    await night.contact(
        "eto", Address(Channel.MAIL, "eto@example.jp"),
        Address(Channel.WEBHOOK, "https://eto.example/hook"), Address(Channel.LINE, "U1"),
        language="en",
    )  # fmt: skip
    await night.sql("delete from call_rule")
    await night.make_tree(night.step("eto"))
    night.event(BRIDGE, "firing", severity="critical")
    await night.run()
    rows = await night.sql("select channel, subject, body, url, urgent, language from message")
    assert sorted(row[0] for row in rows) == ["line", "mail", "webhook"]
    _, subject, body, url, urgent, language = rows[0]
    assert subject == f"[Critical] Level at {BRIDGE}"
    assert "Please answer" in body and urgent and language == "en"
    token = re.fullmatch(r"https://t\.example/en/answer/([^/]+)/", url)
    assert token
    [call] = await night.calls()
    answerer = links.read(night.settings, token[1])
    assert answerer == links.Answerer("default", call.id, night.people["eto"])


async def test_a_test_call_is_to_one_person_and_says_so(night: Night) -> None:
    async with transaction(night.pool) as connection:
        person = await store.contact(connection, "default", night.people["aoki"])
        await night.calling.test(connection, "default", person, actor="user:1")
    await night.wait(90)
    [(to, subject)] = await night.messages()
    assert (to, subject.startswith("【試験】")) == ("aoki@example.jp", True)
    assert (await answer(night, "aoki")).mine
    assert night.alarms.acknowledged == []


async def test_two_processes_call_nobody_twice_and_forget_nobody(night: Night) -> None:
    one, two = night.process(), night.process()
    for number in range(6):
        night.event(f"a{number}", "firing")

    async def work(calling: object) -> None:
        await night.run(calling)  # type: ignore[arg-type]

    await asyncio.gather(work(one), work(two))
    for _ in range(60):
        night.turn(minutes=1)
        await asyncio.gather(work(one), work(two))
    assert await night.timeline() == [
        (0, "aoki"), (0, "baba"), (5, "chiba"), (8, "doi"),
        (18, "aoki"), (18, "baba"), (23, "chiba"), (26, "doi"),
    ]  # fmt: skip
    assert len(await night.messages()) == 8


async def test_a_process_that_dies_in_a_step_leaves_it_to_the_next(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever of a step was not committed is not there; what was is not done again."""
    night.event(BRIDGE, "firing")
    dying = night.process()
    await dying.follow()
    real, sent = Calling._send, 0

    async def dies(*values: Any) -> list[str]:
        nonlocal sent
        sent += 1
        if sent == 2:
            raise asyncio.CancelledError
        return await real(*values)

    monkeypatch.setattr(Calling, "_send", dies)
    with pytest.raises(asyncio.CancelledError):
        await dying.advance()
    monkeypatch.undo()
    assert await night.messages() == [], "aoki's message went with the step"
    await night.run(night.process())
    assert await night.timeline() == [(0, "aoki"), (0, "baba")]


async def test_a_restart_after_a_long_time_goes_on_where_it_was(night: Night) -> None:
    night.event(BRIDGE, "firing")
    await night.run()
    night.turn(hours=2)
    await night.run(night.process())
    assert await night.timeline() == [(0, "aoki"), (0, "baba"), (120, "chiba")]


async def test_staff_can_stop_a_call(night: Night) -> None:
    night.event(BRIDGE, "firing")
    await night.run()
    [call] = await night.calls()
    async with transaction(night.pool) as connection:
        await answers.stop(
            night.calling, connection, "default", call.id, by="user:1", reason="誤報"
        )
    await night.wait(30)
    assert len(await night.timeline()) == 2
    assert night.alarms.acknowledged == []
    states = await night.sql("select distinct state, reason from message")
    assert states == [("failed", "not_needed")]
    async with transaction(night.pool) as connection:
        with pytest.raises(NotThere):
            await answers.stop(night.calling, connection, "other", call.id, by="user:1", reason="")


async def test_what_staff_keep_is_guarded(night: Night) -> None:
    async with transaction(night.pool) as connection:
        person = await store.contact(connection, "default", night.people["aoki"])
        await store.save_contact(connection, "default", person, actor="user:1")
        with pytest.raises(Changed):
            await store.save_contact(connection, "default", person, actor="user:2")
        with pytest.raises(InvalidCalling):
            await store.delete_tree(connection, "default", night.tree, actor="user:1")
        with pytest.raises(NotThere):
            await store.contact(connection, "other", night.people["aoki"])
        with pytest.raises(NotThere):
            await store.tree_of(connection, "other", night.tree)
    kept = await night.sql("select after::text from audit_event where action like 'contact.%%'")
    assert kept and all("example.jp" not in str(row) for row in kept), "no addresses in the log"


async def test_a_drill_has_the_towns_people(night: Night) -> None:
    async with transaction(night.pool) as connection:
        await store.copy(connection, "default", "default-drill-1")
        copied = await store.contacts(connection, "default-drill-1")
        [(tree, _)] = await store.trees(connection, "default-drill-1")
        [(rule, _)] = await store.rules(connection, "default-drill-1")
    assert {one.id for one in copied} == set(night.people.values())
    assert (tree.id, rule.tree) == (night.tree, night.tree)
    assert isinstance(rule, CallRule)
