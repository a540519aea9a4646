"""What people do: rules edited with their versions, alerts acknowledged, silences that expire."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tamamo import rules
from tamamo.context.broker import Broker, open_broker
from tamamo.kernel.database import single, transaction
from tamamo.kernel.settings import Settings
from tamamo.kernel.time import now
from tamamo.rules.service import Evaluation
from tests.rules.conftest import caught_up, gauge, level_rule

ALERT = "urn:ngsi-ld:Alert:level:a"
Do = Callable[..., Awaitable[Any]]


@pytest.fixture
async def broker(shared_database_url: str, tmp_path: Path) -> AsyncIterator[Broker]:
    """A broker on the module's database; each test keeps to a town of its own."""
    settings = Settings(home=tmp_path / "home", database_url=shared_database_url, open=True)
    async with open_broker(settings) as opened:
        yield opened


@pytest.fixture
def town(request: pytest.FixtureRequest) -> str:
    """A town for this test alone."""
    return "t-" + request.node.name.removeprefix("test_").replace("_", "-")[:50]


@pytest.fixture
def do(broker: Broker, town: str) -> Do:
    """Does something in the test's town, in a transaction of its own."""

    async def done(act: Callable[..., Awaitable[Any]], *given: Any, **named: Any) -> Any:
        async with transaction(broker.pool) as connection:
            return await act(connection, town, *given, **named)

    return done


async def rise(broker: Broker, town: str, do: Do, level: float = 1.5) -> Evaluation:
    """Let gauge a rise above its alert level, with a rule that tells of it."""
    await do(rules.save, level_rule(), actor="user:1")
    evaluation = Evaluation(broker)
    await caught_up(evaluation)
    await broker.observations.record(town, [gauge("a", level, 0)])
    await caught_up(evaluation)
    return evaluation


async def audited(broker: Broker, town: str) -> list[tuple[str, str, str]]:
    async with single(broker.pool) as connection:
        cursor = await connection.execute(
            "select actor, action, object from audit_event where tenant = %s order by seq", [town]
        )
        return [tuple(row) for row in await cursor.fetchall()]  # type: ignore[misc]


async def told(broker: Broker, town: str) -> list[tuple[str, str, str, str | None]]:
    async with single(broker.pool) as connection:
        events = await rules.events_after(connection, town, 0)
    return [(e.kind, e.before, e.after, e.actor) for e in events]


async def test_versions_of_a_rule_are_kept(broker: Broker, town: str, do: Do) -> None:
    assert await do(rules.save, level_rule(), actor="user:1") == 1
    assert await do(rules.save, level_rule(severity="low"), actor="user:2", version=1) == 2
    with pytest.raises(rules.RuleChanged):
        await do(rules.save, level_rule(severity="medium"), actor="user:3", version=1)
    with pytest.raises(rules.RuleChanged):
        await do(rules.save, level_rule(), actor="user:3")
    found = await do(rules.versions, "level")
    assert [(one.version, one.actor, one.document["severity"]) for one in found] == [
        (2, "user:2", "low"), (1, "user:1", "high"),
    ]  # fmt: skip
    async with single(broker.pool) as connection:
        cursor = await connection.execute(
            "select action, before ->> 'severity', after ->> 'severity' from audit_event"
            " where tenant = %s order by seq",
            [town],
        )
        assert await cursor.fetchall() == [
            ("rule.create", None, "high"), ("rule.change", "high", "low"),
        ]  # fmt: skip


async def test_what_is_wrong_is_named_and_nothing_is_stored(town: str, do: Do) -> None:
    with pytest.raises(rules.RuleInvalid) as refused:
        await do(rules.save, level_rule(severity="loud", unit=3), actor="user:1")
    assert [fault.field for fault in refused.value.faults] == ["severity", "unit"]
    assert all(fault.ja and fault.en for fault in refused.value.faults)
    assert await do(rules.versions, "level") == []


async def test_a_shipped_rule_is_changed_switched_and_put_back(town: str, do: Do) -> None:
    (entry,) = [one for one in await do(rules.listing) if one.id == "tide-high"]
    assert (entry.origin, entry.version, entry.enabled) == ("shipped", 0, True)
    changed = dict(entry.document) | {"severity": "low"}
    assert await do(rules.save, changed, actor="user:1", version=0) == 1
    assert (await do(rules.entry, "tide-high")).origin == "changed"
    await do(rules.switch, "tide-high", False, actor="user:1")
    entry = await do(rules.entry, "tide-high")
    assert (entry.enabled, entry.document["severity"], entry.version) == (False, "low", 2)
    await do(rules.remove, "tide-high", actor="user:1")
    entry = await do(rules.entry, "tide-high")
    assert (entry.origin, entry.enabled, entry.document["severity"]) == ("shipped", True, "high")
    with pytest.raises(rules.NoSuchRule):
        await do(rules.remove, "tide-high", actor="user:1")


async def test_acknowledging_does_not_end_an_alert(broker: Broker, town: str, do: Do) -> None:
    evaluation = await rise(broker, town, do)
    with pytest.raises(rules.NoSuchAlert):
        await do(rules.acknowledge, "urn:ngsi-ld:Alert:level:z", actor="user:7")
    alert = await do(rules.acknowledge, ALERT, actor="user:7", note="巡視に行く")
    assert (alert.state, alert.acknowledged_by) == ("firing", "user:7")
    again = await do(rules.acknowledge, ALERT, actor="user:8")
    assert again.acknowledged_by == "user:7"
    await broker.observations.record(town, [gauge("a", 0.1, 10)])
    await caught_up(evaluation)
    with pytest.raises(rules.AlertNotOpen):
        await do(rules.acknowledge, ALERT, actor="user:8")
    # The next episode has been seen by nobody.
    await broker.observations.record(town, [gauge("a", 1.5, 20)])
    await caught_up(evaluation)
    alert = await do(rules.alert_of, ALERT)
    assert (alert.episode, alert.acknowledged_by, alert.acknowledged_at) == (2, None, None)
    assert await told(broker, town) == [
        ("state", "normal", "firing", None),
        ("acknowledged", "firing", "firing", "user:7"),
        ("state", "firing", "normal", None),
        ("state", "normal", "firing", None),
    ]
    assert ("user:7", "alert.acknowledge", ALERT) in await audited(broker, town)


async def test_a_silence_is_told_and_expires_by_itself(broker: Broker, town: str, do: Do) -> None:
    evaluation = await rise(broker, town, do)
    until = now() + timedelta(hours=1)
    await do(rules.silence, rule="level", until=until, reason="点検", actor="user:7")
    assert (await do(rules.alert_of, ALERT)).silenced_until == until
    # What fires meanwhile is silenced, too.
    await broker.observations.record(town, [gauge("b", 1.5, 5)])
    await caught_up(evaluation)
    async with single(broker.pool) as connection:
        newest = (await rules.events_after(connection, town, 0))[-1]
    assert (newest.alert[-1], newest.silenced_until) == ("b", until)
    await evaluation.look_at_clock()
    assert len(await do(rules.silences)) == 1
    async with transaction(broker.pool) as connection:
        await connection.execute("update rule_silence set until = now() where tenant = %s", [town])
        await connection.execute("update rule_progress set generation = generation + 1")
    await evaluation.look_at_clock()
    assert await do(rules.silences) == []
    assert (await do(rules.alert_of, ALERT)).silenced_until is None
    kinds = [kind for kind, *_ in await told(broker, town)]
    assert kinds == ["state", "silenced", "state", "silence_expired", "silence_expired"]
    acts = [(actor, action) for actor, action, _ in await audited(broker, town)]
    assert acts[-2:] == [("user:7", "alert.silence"), ("system:rules", "alert.silence_expired")]


async def test_a_silence_is_ended_by_hand_once(broker: Broker, town: str, do: Do) -> None:
    await rise(broker, town, do)
    until, about = now() + timedelta(hours=1), "urn:ngsi-ld:FloodMonitoring:a"
    number = await do(rules.silence, subject=about, until=until, reason="点検", actor="user:7")
    await do(rules.unsilence, number, actor="user:8")
    with pytest.raises(rules.NoSuchAlert):
        await do(rules.unsilence, number, actor="user:8")
    assert [kind for kind, *_ in await told(broker, town)] == ["state", "silenced", "unsilenced"]
    with pytest.raises(rules.RuleInvalid):
        await do(rules.silence, until=until, reason=" ", actor="user:7")


async def test_switching_a_rule_off_ends_its_alerts(broker: Broker, town: str, do: Do) -> None:
    evaluation = await rise(broker, town, do)
    await do(rules.switch, "level", False, actor="user:9")
    assert (await do(rules.alert_of, ALERT)).state == "normal"
    await broker.observations.record(town, [gauge("a", 1.6, 10)])
    await caught_up(evaluation)
    assert (await do(rules.alert_of, ALERT)).state == "normal"
    await do(rules.switch, "level", True, actor="user:9")
    await broker.observations.record(town, [gauge("a", 1.7, 20)])
    await caught_up(evaluation)
    alert = await do(rules.alert_of, ALERT)
    assert (alert.state, alert.episode) == ("firing", 2)


async def test_rules_are_copied_into_a_drill(broker: Broker, town: str, do: Do) -> None:
    await do(rules.save, level_rule(), actor="user:1")
    await do(rules.switch, "rain-heavy", False, actor="user:1")
    async with transaction(broker.pool) as connection:
        copied = await rules.copy(connection, town, f"{town}-drill", actor="user:2")
        found = {one.id: one for one in await rules.listing(connection, f"{town}-drill")}
    assert sorted(copied) == ["level", "rain-heavy"]
    assert (found["level"].origin, found["rain-heavy"].enabled) == ("own", False)


async def test_nothing_of_a_town_is_another_ones(broker: Broker, town: str, do: Do) -> None:
    """The same gauge, rule and alert ids in two towns; each knows its own only."""
    other = f"{town}-b"
    evaluation = await rise(broker, town, do)
    await broker.observations.record(other, [gauge("a", 1.5, 0)])
    await caught_up(evaluation)
    until = now() + timedelta(hours=1)
    number = await do(rules.silence, rule="level", until=until, reason="点検", actor="user:7")
    async with transaction(broker.pool) as connection:
        assert not any(one.id == "level" for one in await rules.listing(connection, other))
        assert await rules.alert_of(connection, other, ALERT) is None
        assert await rules.events_of(connection, other, ALERT) == []
        assert await rules.silences(connection, other) == []
        assert await rules.versions(connection, other, "level") == []
        for act in (
            rules.acknowledge(connection, other, ALERT, actor="user:7"),
            rules.unsilence(connection, other, number, actor="user:7"),
            rules.switch(connection, other, "level", False, actor="user:7"),
            rules.remove(connection, other, "level", actor="user:7"),
        ):
            with pytest.raises((rules.NoSuchAlert, rules.NoSuchRule)):
                await act
    assert (await do(rules.alert_of, ALERT)).acknowledged_by is None
    # Its own rule of the same name tells there, and is not silenced by the neighbour.
    async with transaction(broker.pool) as connection:
        await rules.save(connection, other, level_rule(severity="low"), actor="user:1")
    await broker.observations.record(other, [gauge("a", 1.6, 10)])
    await caught_up(evaluation)
    async with single(broker.pool) as connection:
        theirs = await rules.alert_of(connection, other, ALERT)
    assert theirs is not None
    assert (theirs.severity, theirs.silenced_until) == ("low", None)
