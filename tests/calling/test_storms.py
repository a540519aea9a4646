"""Many alerts: gathered in one call, raised when it becomes worse, ended when all is over."""

from dataclasses import replace
from datetime import timedelta

from tamamo.calling.call import State
from tests.calling.conftest import START, Night
from tests.calling.test_calls import answer


async def test_alerts_of_a_storm_are_one_call(night: Night) -> None:
    for number in range(29):
        night.event(f"gauge-{number}", "firing")
    await night.run()
    for number in range(29, 40):
        night.turn(seconds=10)
        night.event(f"gauge-{number}", "firing")
        await night.run()
    [call] = await night.calls()
    messages = await night.messages()
    assert sorted(to for to, _ in messages) == ["aoki@example.jp", "baba@example.jp"]
    assert "ほか28件" in messages[0][1]
    assert (await night.log(call)).count("alert") == 40
    await night.wait(4)
    [(body,)] = await night.sql("select body from message where recipient = 'chiba@example.jp'")
    assert "… +30" in body, "who is called later is told of all"


async def test_what_is_worse_begins_the_tree_anew(night: Night) -> None:
    night.event("a", "firing", severity="medium")
    await night.run()
    await night.wait(6)
    night.event("b", "firing", severity="critical")
    await night.run()
    assert [name for at, name in await night.timeline() if at == 6] == ["aoki", "baba"]
    [call] = await night.calls()
    assert call.severity == "critical"
    await night.wait(60)
    assert len(await night.timeline()) == 3 + 8, "both rounds are gone through again"


async def test_a_worse_alert_calls_again_though_somebody_has_answered(night: Night) -> None:
    night.event("a", "firing", severity="medium")
    await night.run()
    await answer(night, "aoki")
    night.turn(minutes=2)
    night.event("b", "firing", severity="critical")
    await night.run()
    [call] = await night.calls()
    assert call.state is State.RUNNING and call.answered_by is None


async def test_whoever_answered_is_told_of_more_and_nobody_else_is_called(night: Night) -> None:
    night.event("a", "firing")
    await night.run()
    await answer(night, "aoki")
    before = len(await night.messages())
    night.turn(minutes=2)
    night.event("b", "firing")
    await night.run()
    more = (await night.messages())[before:]
    assert [(to, subject[:5]) for to, subject in more] == [("aoki@example.jp", "【高】追加")]
    assert len(await night.calls()) == 1


async def test_after_the_window_it_is_another_call(night: Night) -> None:
    night.event("a", "firing")
    await night.run()
    await answer(night, "aoki")
    night.turn(minutes=11)
    night.event("b", "firing")
    await night.run()
    assert len(await night.calls()) == 2


async def test_when_all_is_over_nobody_else_is_called(night: Night) -> None:
    night.event("a", "firing")
    night.event("b", "firing")
    await night.run()
    night.turn(minutes=1)
    night.event("a", "normal", before="firing")
    await night.run()
    [call] = await night.calls()
    assert call.state is State.RUNNING
    night.event("b", "normal", before="recovering")
    await night.run()
    await night.wait(30)
    [call] = await night.calls()
    assert call.state is State.OVER
    assert len(await night.timeline()) == 2


async def test_what_was_taken_on_the_alerts_page_calls_nobody_else(night: Night) -> None:
    night.event("a", "firing")
    night.event("b", "firing")
    await night.run()
    night.event("a", "firing", kind="acknowledged", before="firing", actor="user:7")
    await night.run()
    assert (await night.calls())[0].state is State.RUNNING
    night.event("b", "firing", kind="acknowledged", before="firing", actor="user:7")
    await night.run()
    [call] = await night.calls()
    assert (call.state, call.answered_by, call.answered_via) == (
        State.ACKNOWLEDGED, "user:7", "alert",
    )  # fmt: skip


async def test_an_episode_calls_once(night: Night) -> None:
    """Between firing and recovering an alert goes to and fro; only a new episode calls again."""
    night.event("a", "firing")
    await night.run()
    await answer(night, "aoki")
    night.turn(minutes=20)
    night.event("a", "recovering", before="firing")
    night.event("a", "firing", before="recovering")
    await night.run()
    assert len(await night.calls()) == 1
    night.event("a", "normal", before="firing")
    night.event("a", "firing", episode=2)
    await night.run()
    assert len(await night.calls()) == 2


async def test_a_silenced_alert_calls_when_its_silence_is_over(night: Night) -> None:
    until = START + timedelta(minutes=30)
    night.event("a", "firing", silenced_until=until)
    await night.run()
    assert await night.calls() == []
    night.turn(minutes=30)
    night.event("a", "firing", kind="silence_expired", before="firing")
    await night.run()
    assert len(await night.calls()) == 1


async def test_silencing_ends_the_call(night: Night) -> None:
    night.event("a", "firing")
    await night.run()
    night.event(
        "a", "firing", kind="silenced", before="firing", actor="user:7",
        silenced_until=START + timedelta(hours=1),
    )  # fmt: skip
    await night.run()
    assert (await night.calls())[0].state is State.ACKNOWLEDGED


async def test_an_alert_that_was_over_before_anybody_looked_calls_nobody(night: Night) -> None:
    """After a time without `tamamo work`: what is still true calls, what is over does not."""
    night.event("over", "firing", at=START - timedelta(hours=3))
    night.event("over", "normal", before="firing", at=START - timedelta(hours=2))
    night.event("true", "firing", at=START - timedelta(hours=3))
    await night.run()
    assert [one.state for one in await night.calls()] == [State.RUNNING, State.OVER]
    [(body,)] = await night.sql("select distinct body from message")
    assert "over" not in body and "true" in body


async def test_a_recording_that_is_loaded_calls_nobody(night: Night) -> None:
    night.event("june", "firing", at=START - timedelta(days=160))
    await night.run()
    assert await night.calls() == []
    assert await night.sql("select position from call_cursor") == [(1,)]


async def test_towns_are_apart(night: Night) -> None:
    night.event("a", "firing")
    night.tenant = "elsewhere"
    night.event("b", "firing")
    await night.run()
    assert await night.calls() == []
    night.tenant = "default"
    assert len(await night.calls()) == 1


async def test_severities_below_the_rule_call_nobody(night: Night) -> None:
    night.event("a", "firing", severity="low")
    night.event("b", "pending", severity="critical")
    await night.run()
    assert await night.calls() == []


async def test_an_alert_after_all_rounds_calls_again(night: Night) -> None:
    """A call that nobody answered must not swallow what comes hours later."""
    night.event("a", "firing")
    await night.run()
    await night.wait(60)
    assert (await night.calls())[0].state is State.UNANSWERED
    night.turn(hours=2)
    night.event("b", "firing")
    await night.run()
    [call] = await night.calls()
    assert call.state is State.RUNNING
    assert [name for at, name in await night.timeline() if at == 180] == ["aoki", "baba"]


async def test_one_broken_call_holds_up_no_other(night: Night) -> None:
    night.event("a", "firing")
    await night.run()
    await night.sql(
        "update call set rule = null, document = jsonb_set(document, '{steps,1,minutes}', '1e300')"
    )
    night.turn(minutes=5)
    night.event("b", "firing")
    await night.calling.follow()
    assert await night.calling.advance() == 1
    assert {name for at, name in await night.timeline() if at == 5} == {"aoki", "baba"}


async def test_a_name_without_end_keeps_nobody_from_being_called(night: Night) -> None:
    """A message has a longest text, what a station is called has none."""
    long = {"ja": "あ" * 30_000, "en": "a" * 30_000}
    night.event("a", "firing")
    night.alarms.events[-1] = replace(night.alarms.events[-1], text=long)
    await night.run()
    assert {name for at, name in await night.timeline() if at == 0} == {"aoki", "baba"}
