"""The service: every committed reading evaluated, every effect once."""

import asyncio
import importlib
import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

from tamamo import rules
from tamamo.context.broker import Broker
from tamamo.context.model.entity import Entity
from tamamo.feeds.rejects import RejectsFile
from tamamo.feeds.replay import REPLAY_ID, Plan, Progress, replay
from tamamo.kernel.database import Connection, single, transaction
from tamamo.kernel.time import to_text
from tamamo.rules import parse, service
from tamamo.rules.clocks import Clocks
from tamamo.rules.events import Draft
from tamamo.rules.report import make, read
from tamamo.rules.rule import iri_of
from tamamo.rules.service import Evaluation, Overtaken
from tamamo.rules.shipped import shipped
from tamamo.rules.simulation import simulate
from tamamo.rules.state import Reading
from tests.rules.conftest import START, caught_up, gauge, level_rule

#: The package has a function of the same name.
preview_module = importlib.import_module("tamamo.rules.preview")
SILENCE = {"silence": {"after": "PT40M", "attribute": "currentLevel"}}


class At(Clocks):
    """Clocks that stand still until a test moves them."""

    def __init__(self, broker: Broker, minutes: float) -> None:
        super().__init__(broker)
        self.minutes = minutes

    def of(self, tenant: str) -> datetime:
        return self._played.get(tenant) or self.real()

    def real(self) -> datetime:
        return START + timedelta(minutes=self.minutes)


async def save(broker: Broker, *documents: dict[str, Any], tenant: str = "default") -> None:
    async with transaction(broker.pool) as connection:
        for document in documents:
            await rules.save(connection, tenant, document, actor="user:1")


async def told(broker: Broker, tenant: str = "default") -> list[rules.AlertEvent]:
    async with single(broker.pool) as connection:
        return await rules.events_after(connection, tenant, 0, 100_000)


def brief(events: Iterable[rules.AlertEvent]) -> list[tuple[str, str, float, int]]:
    return [
        (one.before, one.after, (one.at - START).total_seconds() / 60, one.episode)
        for one in events
    ]


async def test_a_level_makes_an_alert_with_its_events_and_history(broker: Broker) -> None:
    await save(broker, level_rule())
    evaluation = Evaluation(broker)
    await broker.observations.record("default", [gauge("a", 0.5, 0)])
    await caught_up(evaluation)
    # One call brings several readings: each of them counts.
    readings = [gauge("a", level, n) for n, level in ((10, 1.1), (20, 0.9), (30, 0.7), (40, 1.2))]
    await broker.observations.record("default", readings)
    await caught_up(evaluation)
    events = await told(broker)
    assert brief(events) == [
        ("normal", "firing", 10, 1),
        ("firing", "normal", 30, 1),
        ("normal", "firing", 40, 2),
    ]
    assert [event.position for event in events] == [1, 2, 3]
    assert [event.text for event in events][1:] == [
        {"ja": "解除：水位（橋 a、0.7m、2026-06-01 09:30）",
         "en": "Over: Level (橋 a, 0.7m, 2026-06-01 09:30)"},
        {"ja": "橋 a 1.2m", "en": "橋 a 1.2 m"},
    ]  # fmt: skip
    async with single(broker.pool) as connection:
        (alert,) = await rules.alerts(connection, "default")
    assert (alert.state, alert.episode, alert.value, alert.threshold) == ("firing", 2, 1.2, 1.0)
    assert alert.id == "urn:ngsi-ld:Alert:level:a"
    assert alert.description == {"ja": "橋 a 1.2m", "en": "橋 a 1.2 m"}
    history = await broker.temporal.series(
        "default", alert.id, iri_of("state"), START, START + timedelta(days=1)
    )
    assert [point.value for point in history] == ["firing", "normal", "firing"]


async def test_an_alert_is_told_to_streams_like_any_entity(broker: Broker) -> None:
    await save(broker, level_rule())
    evaluation = Evaluation(broker)
    async with broker.changes.subscribe("default", [iri_of("Alert")]) as changes:
        await broker.observations.record("default", [gauge("a", 1.5, 0)])
        await caught_up(evaluation)
        async with asyncio.timeout(10):
            change = await anext(aiter(changes))
    assert (change.entity_id, change.operation) == ("urn:ngsi-ld:Alert:level:a", "create")


async def test_an_alert_about_what_is_simulated_says_so(broker: Broker) -> None:
    await save(broker, level_rule())
    evaluation = Evaluation(broker)
    await broker.observations.record("default", [gauge("a", 1.5, 0, simulated=True)])
    await broker.observations.record("default", [gauge("b", 1.5, 0)])
    await caught_up(evaluation)
    ids = [f"urn:ngsi-ld:Alert:level:{name}" for name in "ab"]
    found = await broker.entities.find_many("default", ids)
    assert [iri_of("simulated") in found[alert].attrs for alert in ids] == [True, False]


async def test_the_same_comes_of_any_split_into_batches(broker: Broker) -> None:
    """In one call, in many, in order within a call or not, everything once more: no difference."""
    document = level_rule(timing={"for": "PT10M", "recover": "PT20M"})
    await save(broker, document)
    evaluation, chance = Evaluation(broker), random.Random(5)
    levels = [(n * 5, round(chance.uniform(0.5, 1.5), 2)) for n in range(60)]
    for name in "abcdefgh":
        rest = [gauge(name, level, minute) for minute, level in levels]
        while rest:
            size = len(rest) if name == "a" else chance.randint(1, 12)
            batch, rest = rest[:size], rest[size:]
            chance.shuffle(batch)
            await broker.observations.record("default", batch)
            await broker.observations.record("default", chance.sample(batch, len(batch) // 2))
            if chance.random() < 0.5:
                await caught_up(evaluation)
    await caught_up(evaluation)
    events = await told(broker)
    first = gauge("a", *reversed(levels[0]))
    readings = [
        Reading(gauge("a", level, minute), (START + timedelta(minutes=minute)).timestamp())
        for minute, level in levels
    ]
    course = simulate(parse(document), first, readings)
    expected = [
        (m.before, m.after, (m.at - START.timestamp()) / 60, m.episode) for m in course.changes
    ]
    assert len(expected) > 10
    for name in "abcdefgh":
        assert brief(one for one in events if one.subject.endswith(f":{name}")) == expected


async def test_two_processes_tell_everything_once(broker: Broker) -> None:
    await save(broker, level_rule())
    both = [Evaluation(broker), Evaluation(broker)]

    async def evaluate(evaluation: Evaluation) -> None:
        for _ in range(40):
            try:
                await evaluation.step()
            except Overtaken:
                await asyncio.sleep(0.01)

    async def report() -> None:
        for n in range(30):
            await broker.observations.record("default", [gauge("a", 1.5 if n % 2 else 0.5, n)])

    await asyncio.gather(*map(evaluate, both), report())
    for evaluation in both:
        await caught_up(evaluation)
    events = await told(broker)
    assert [event.at.minute for event in events] == list(range(1, 30))
    assert [event.position for event in events] == list(range(1, 30))


async def test_a_rule_changed_meanwhile_is_not_evaluated_as_it_was(broker: Broker) -> None:
    await save(broker, level_rule())
    evaluation = Evaluation(broker)
    await caught_up(evaluation)
    await broker.observations.record("default", [gauge("a", 1.5, 0)])
    original = evaluation._keep

    async def late(*given: Any) -> None:
        async with transaction(broker.pool) as connection:
            await rules.switch(connection, "default", "level", False, actor="user:1")
        await original(*given)

    evaluation._keep = late  # type: ignore[method-assign]
    with pytest.raises(Overtaken):
        await evaluation.step()
    evaluation._keep = original  # type: ignore[method-assign]
    await caught_up(evaluation)
    assert await told(broker) == []


async def test_a_rule_that_is_saved_sees_what_is_true_already(broker: Broker) -> None:
    evaluation = Evaluation(broker)
    readings = [gauge("a", 1.5, 0), gauge("b", 0.5, 0), gauge("c", 0.9, 0)]
    await broker.observations.record("default", readings)
    await caught_up(evaluation)
    await save(broker, level_rule())
    await caught_up(evaluation)
    assert brief(await told(broker)) == [("normal", "firing", 0, 1)]
    # A new version of it forgets what the old one remembered, and looks again.
    async with transaction(broker.pool) as connection:
        lower = {"attribute": "currentLevel", "at_least": 0.8}
        document = level_rule(condition={"threshold": lower})
        await rules.save(connection, "default", document, actor="user:1", version=1)
    await caught_up(evaluation)
    assert [(e.subject[-1], e.after) for e in await told(broker)] == [
        ("a", "firing"), ("c", "firing"),
    ]  # fmt: skip


async def test_one_that_cannot_be_stored_does_not_hold_up_the_others(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await save(broker, level_rule())
    add = service.events.add

    async def picky(connection: Connection, drafts: Sequence[Draft]) -> None:
        if any(draft.subject.endswith(":bad") for draft in drafts):
            raise psycopg.DataError("what no column holds")
        await add(connection, drafts)

    monkeypatch.setattr(service.events, "add", picky)
    evaluation = Evaluation(broker)
    for name in ("a", "bad", "b"):
        await broker.observations.record("default", [gauge(name, 1.5, 0)])
    with capture_logs() as said:
        await caught_up(evaluation)
    assert [line["subject"][-3:] for line in said if "subject" in line] == ["bad"]
    assert [event.subject[-1] for event in await told(broker)] == ["a", "b"]
    await broker.observations.record("default", [gauge("a", 0.1, 10)])
    await caught_up(evaluation)
    assert len(await told(broker)) == 3


async def test_silence_is_seen_by_the_clock_and_ends_with_a_reading(broker: Broker) -> None:
    await save(broker, level_rule(id="silent", condition=SILENCE))
    clocks = At(broker, 1)
    evaluation = Evaluation(broker, clocks=clocks)
    await broker.observations.record("default", [gauge("a", 0.5, 0)])
    await caught_up(evaluation)
    for minutes in (30, 45, 50):
        clocks.minutes = minutes
        await Evaluation(broker, clocks=clocks).look_at_clock()  # whoever looks: it is all stored
    assert brief(await told(broker)) == [("normal", "firing", 40, 1)]
    await broker.observations.record("default", [gauge("a", 0.5, 50)])
    await caught_up(evaluation)
    # The clock is looked at again only when it is due.
    clocks.minutes = 89
    await evaluation.look_at_clock()
    assert brief(await told(broker))[1:] == [("firing", "normal", 50, 1)]
    clocks.minutes = 91
    await evaluation.look_at_clock()
    assert brief(await told(broker))[2:] == [("normal", "firing", 90, 2)]


async def test_a_recording_that_is_played_has_its_own_clock(broker: Broker) -> None:
    """In November a recording of June is played: its gauges are not silent since June."""
    await save(broker, level_rule(id="silent", condition=SILENCE))

    async def play(minutes: float) -> None:
        clock = to_text(START + timedelta(minutes=minutes))
        said = {iri_of("clock"): [{"type": "Property", "value": clock}]}
        await broker.observations.record("default", [Entity(REPLAY_ID, [iri_of("Replay")], said)])

    await play(1)
    evaluation = Evaluation(broker, grace=0)
    await evaluation.look_at_clock()
    await broker.observations.record("default", [gauge("a", 0.5, 0)])
    await caught_up(evaluation)
    await evaluation.look_at_clock()
    assert await told(broker) == []
    await play(41)
    await evaluation.look_at_clock()
    assert brief(await told(broker)) == [("normal", "firing", 40, 1)]


async def test_a_subject_that_is_deleted_has_no_open_alert(broker: Broker) -> None:
    await save(broker, level_rule())
    evaluation = Evaluation(broker)
    await broker.observations.record("default", [gauge("a", 1.5, 0)])
    await caught_up(evaluation)
    await broker.entities.delete("default", "urn:ngsi-ld:FloodMonitoring:a")
    await caught_up(evaluation)
    assert [event.after for event in await told(broker)] == ["firing", "normal"]
    await broker.observations.record("default", [gauge("a", 1.5, 10)])
    await caught_up(evaluation)
    assert (await told(broker))[-1].episode == 2


async def test_only_the_rules_of_its_type_are_looked_at(broker: Broker) -> None:
    """A hundred rules about other types cost a reading nothing."""
    others = [level_rule(id=f"r{n}", subject={"type": f"Type{n}"}) for n in range(100)]
    single_gauge = level_rule(
        id="one", subject={"type": "FloodMonitoring", "ids": ["urn:ngsi-ld:FloodMonitoring:x"]}
    )
    await save(broker, *others, single_gauge)
    evaluation = Evaluation(broker)
    await caught_up(evaluation)
    town = evaluation._book.town("default")
    kind = [iri_of("FloodMonitoring")]
    about = {rule.id for rule in town.about(kind, "urn:ngsi-ld:FloodMonitoring:y")}
    assert about == {id_ for id_, one in shipped().items() if one.subject.type in kind} - {
        id_ for id_, one in shipped().items() if one.subject.ids is not None
    }
    assert "one" in {rule.id for rule in town.about(kind, "urn:ngsi-ld:FloodMonitoring:x")}


async def test_a_preview_says_what_the_service_would_have_said(broker: Broker) -> None:
    evaluation = Evaluation(broker)
    document = level_rule(timing={"for": "PT10M"})
    await save(broker, document)
    for name, levels in (("a", (0.5, 1.5, 1.5, 0.1, 1.5)), ("b", (0.1, 0.2)), ("c", (2.0, 2.0))):
        readings = [gauge(name, level, 20 * n) for n, level in enumerate(levels)]
        await broker.observations.record("default", readings)
    await caught_up(evaluation)
    preview = await rules.preview(broker, "default", document)
    assert (preview.subjects, preview.readings, preview.fired) == (3, 9, 2)
    assert preview.complete
    assert preview.changes == len(await told(broker))
    assert [(one.subject[-1], one.start, one.end is not None) for one in preview.episodes] == [
        ("c", START + timedelta(minutes=20), False),
        ("a", START + timedelta(minutes=40), True),
    ]
    assert preview.episodes[1].peak == 1.5
    with pytest.raises(rules.RuleInvalid):
        await rules.preview(broker, "default", {"id": "x"})


async def test_a_preview_reads_long_histories_in_pieces(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two gauges, one with many readings: the same as in one piece."""
    document = level_rule()
    levels = [0.5 + (n * 7 % 13) / 10 for n in range(200)]
    readings = [gauge("a", level, 10 * n) for n, level in enumerate(levels)]
    await broker.observations.record("default", [*readings, gauge("b", 1.5, 0)])
    whole = await rules.preview(broker, "default", document, days=2)
    monkeypatch.setattr(preview_module, "_FEW", 5)
    pieces = await rules.preview(broker, "default", document, days=2)
    assert whole.fired > 5
    assert pieces == whole
    monkeypatch.setattr(preview_module, "_EACH", 5)
    assert not (await rules.preview(broker, "default", document, days=2)).complete


async def test_a_preview_ends_in_time_and_says_so(broker: Broker) -> None:
    await broker.observations.record("default", [gauge("a", 1.5, 0)])
    preview = await rules.preview(broker, "default", level_rule(), most_seconds=-1)
    assert (preview.complete, preview.fired) == (False, 0)


async def test_the_recording_tells_the_same_in_the_database(
    broker: Broker, shared_data: Any
) -> None:
    """June 2026, loaded as `tamamo replay` loads it, and the pure report: the same episodes."""
    path = shared_data / "river" / "kagawa_crisis_waterlevel_2026-06.csv"
    evaluation = Evaluation(broker)
    with RejectsFile(broker.settings.home, path, START) as rejects:
        await replay(broker, Plan(path=path, tenant="default"), rejects, Progress())
    await caught_up(evaluation)
    began: dict[tuple[str, str, int], datetime] = {}
    for event in await told(broker):
        if event.after == "firing":
            began.setdefault((event.rule, event.subject, event.episode), event.at)
    stored = {(rule, subject, at) for (rule, subject, _), at in began.items()}
    report = make(shipped().values(), read(path))
    expected = {
        (line.rule, line.subject, episode.start)
        for line in report.lines
        for episode in line.episodes
    }
    assert {rule: sum(len(line.episodes) for line in report.of(rule)) for rule in shipped()} == {
        "river-danger-level": 11,
        "river-alert-level": 8,
        "river-alert-level-tidal": 5,
        "river-rising-fast": 5,
        "river-silent": 0,
        "underpass-flooded": 0,
        "tide-high": 0,
        "rain-heavy": 0,
    }
    assert len(report.of("river-danger-level")) == 8
    assert sum(line.at for line in report.of("river-danger-level")) == 29
    assert stored == expected
