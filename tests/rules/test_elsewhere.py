"""Conditions over several entities: the level here and the rain nearby, two gauges of a river."""

from datetime import timedelta
from typing import Any

import pytest

from tamamo import rules
from tamamo.context.broker import Broker
from tamamo.context.model.entity import Attributes, Entity, Instance
from tamamo.kernel.database import single, transaction
from tamamo.rules import faults_of, parse
from tamamo.rules.evaluator import evaluate, tick
from tamamo.rules.report import make, markdown
from tamamo.rules.rule import Rule, iri_of
from tamamo.rules.service import Evaluation
from tamamo.rules.state import Reading, State, Transition
from tests.rules.conftest import START, caught_up, gauge, level_rule

T0 = START.timestamp()
LEVEL = {"threshold": {"attribute": "currentLevel", "at_least": 1.0, "clear_by": 0.2}}
RAIN = {"threshold": {"attribute": "precipitation", "at_least": 30, "clear_by": 10}}
NEAR = {"type": "WeatherObserved", "within": 10_000, "condition": RAIN}


def combined(elsewhere: dict[str, Any] = NEAR, **changes: Any) -> dict[str, Any]:
    return level_rule(condition={"all": [LEVEL, {"elsewhere": elsewhere}]}, **changes)


def station(name: str, rain: float | None, minutes: float, east: float = 134.05) -> Entity:
    """A rain station; a tenth of a degree further east is 9 km away."""
    at = (START + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
    place = {"type": "Point", "coordinates": [east, 34.34]}
    here: Instance = {"type": "GeoProperty", "value": place}
    attrs: Attributes = {iri_of("location"): [here]}
    if rain is not None:
        measured: Instance = {"type": "Property", "value": rain, "observedAt": at}
        attrs[iri_of("precipitation")] = [measured]
    return Entity(f"urn:ngsi-ld:WeatherObserved:{name}", [iri_of("WeatherObserved")], attrs)


def level(value: float, minutes: float) -> Reading:
    return Reading(gauge("a", value, minutes), T0 + minutes * 60)


def rain(value: float, minutes: float, name: str = "r", east: float = 134.05) -> Reading:
    here = gauge("a", None, 0)
    return Reading(here, T0 + minutes * 60, station(name, value, minutes, east))


def told(rule: Rule, *readings: Reading) -> list[tuple[str, float]]:
    state, found = State(), list[Transition]()
    for one in readings:
        state, moved = evaluate(rule, state, one)
        found += moved
    return [(move.after, (move.at - T0) / 60) for move in found]


def test_both_have_to_hold_whichever_is_heard_first() -> None:
    rule = parse(combined())
    assert told(rule, level(1.1, 0), level(1.2, 10)) == []
    assert told(rule, rain(40, 0), level(1.1, 10)) == [("firing", 10)]
    assert told(rule, level(1.1, 0), rain(40, 10)) == [("firing", 10)]
    assert told(rule, level(1.1, 0), rain(40, 10), rain(25, 20), rain(19, 30)) == [
        ("firing", 10),
        ("normal", 30),
    ]
    assert told(rule, rain(40, 0), level(1.1, 10), level(0.7, 20)) == [
        ("firing", 10),
        ("normal", 20),
    ]


def test_rain_that_is_far_away_or_long_ago_says_nothing() -> None:
    rule = parse(combined())
    assert told(rule, level(1.1, 0), rain(40, 10, east=134.30)) == []
    assert told(rule, rain(40, 0), level(1.1, 61)) == []
    # A gauge that fell silent is not put together with rain of two hours later.
    assert told(rule, level(1.1, 0), rain(40, 120)) == []
    assert told(rule, level(1.1, 0), rain(40, 120), level(1.1, 110)) == [("firing", 110)]


def test_one_of_several_stations_is_enough_and_each_is_remembered() -> None:
    rule = parse(combined())
    readings = [
        level(1.1, 0), rain(40, 10, "r"), rain(2, 20, "s", 134.1), rain(5, 30, "r"), level(1.1, 40)
    ]  # fmt: skip
    assert told(rule, *readings) == [("firing", 10), ("normal", 30)]


def test_two_gauges_of_one_river() -> None:
    upstream = {"type": "FloodMonitoring", "ids": ["urn:ngsi-ld:FloodMonitoring:up"]}
    rising = {"rate": {"attribute": "currentLevel", "rises": 0.5, "window": "PT1H"}}
    rule = parse(combined(upstream | {"condition": rising}))
    here = gauge("a", None, 0)

    def up(value: float, minutes: float) -> Reading:
        return Reading(here, T0 + minutes * 60, gauge("up", value, minutes))

    assert told(rule, level(1.1, 0), up(2.0, 0), up(2.1, 60)) == []
    assert told(rule, level(1.1, 0), up(2.0, 0), up(2.9, 50)) == [("firing", 50)]


def test_what_others_say_keeps_no_silent_gauge_alive() -> None:
    rule = parse(combined(timing={"no_data": "PT1H"}))
    state, _ = evaluate(rule, State(), level(1.1, 0))
    state, moved = evaluate(rule, state, rain(40, 10))
    assert [(move.after, move.value) for move in moved] == [("firing", 1.1)]
    state, moved = evaluate(rule, state, rain(45, 50))
    assert moved == []
    lost, moved = tick(rule, state, "a", T0 + 61 * 60)
    assert [(move.after, (move.at - T0) / 60) for move in moved] == [("noData", 60)]
    _, moved = evaluate(rule, lost, rain(50, 70))
    assert moved == []
    _, moved = evaluate(rule, state, rain(50, 70))
    assert [move.after for move in moved] == ["noData"]


def test_not_and_any_of_others_know_what_is_not_known() -> None:
    dry = parse(level_rule(condition={"all": [LEVEL, {"not": {"elsewhere": NEAR}}]}))
    assert told(dry, level(1.1, 0)) == []
    assert told(dry, level(1.1, 0), rain(0, 10)) == [("firing", 10)]
    either = parse(level_rule(condition={"any": [LEVEL, {"elsewhere": NEAR}]}))
    assert told(either, level(0.1, 0), rain(40, 10)) == [("firing", 10)]


def test_a_recording_has_the_gauges_of_a_river_but_no_rain() -> None:
    upstream = {
        "type": "FloodMonitoring", "ids": ["urn:ngsi-ld:FloodMonitoring:up"], "condition": LEVEL
    }  # fmt: skip
    month = {
        name: [Reading(gauge(name, value, 10 * n), T0 + 600 * n) for n, value in enumerate(levels)]
        for name, levels in {"a": [0.5, 1.2, 1.3, 0.5], "up": [0.5, 0.6, 1.1, 1.4]}.items()
    }
    river, wet = parse(combined(upstream)), parse(combined(id="wet"))
    report = make([river, wet], month)
    (line,) = report.lines
    assert (line.rule, [one.start for one in line.episodes]) == (
        "level",
        [START + timedelta(minutes=20)],
    )
    text = "\n".join(markdown(report, [river, wet]))
    assert text.count("not in this file") == 1


@pytest.mark.parametrize(
    ("elsewhere", "field"),
    [
        ({**NEAR, "type": "Alert"}, "condition.all[1].elsewhere.type"),
        ({**NEAR, "where": "a==("}, "condition.all[1].elsewhere.where"),
        ({**NEAR, "within": 0}, "condition.all[1].elsewhere.within"),
        ({**NEAR, "fresh": "PT0S"}, "condition.all[1].elsewhere.fresh"),
        ({**NEAR, "condition": {"silence": {"after": "PT1H"}}},
         "condition.all[1].elsewhere.condition"),
        ({**NEAR, "condition": {"threshold": {"attribute": "a"}}},
         "condition.all[1].elsewhere.condition.threshold"),
    ],
)  # fmt: skip
def test_faults_are_named(elsewhere: dict[str, Any], field: str) -> None:
    assert [fault.field for fault in faults_of(combined(elsewhere))] == [field]


def test_a_rule_says_something_of_its_own_subject() -> None:
    only = level_rule(condition={"not": {"elsewhere": NEAR}})
    assert [fault.field for fault in faults_of(only)] == ["condition"]


async def _save(broker: Broker, document: dict[str, Any]) -> None:
    async with transaction(broker.pool) as connection:
        await rules.save(connection, "default", document, actor="user:1")


async def test_the_service_hears_both_and_a_preview_says_the_same(broker: Broker) -> None:
    await _save(broker, combined())
    evaluation = Evaluation(broker)
    for minutes, value, mm in ((0, 1.1, 5), (10, 1.2, 20), (20, 1.3, 35), (30, 1.3, 12)):
        await broker.observations.record("default", [gauge("a", value, minutes)])
        await broker.observations.record("default", [gauge("b", 0.2, minutes)])
        await broker.observations.record("default", [station("r", mm, minutes + 1)])
        await caught_up(evaluation)
    async with single(broker.pool) as connection:
        heard = await rules.events_after(connection, "default", 0)
    events = [event for event in heard if event.rule == "level"]  # the rain has a shipped one
    assert [(event.alert[-7:], event.after, event.value) for event in events] == [
        ("level:a", "firing", 1.3),
        ("level:a", "normal", 1.3),
    ]
    assert [(event.at - START).total_seconds() / 60 for event in events] == [21, 31]
    found = await rules.preview(broker, "default", combined(id="again"))
    assert (found.fired, found.subjects, found.complete) == (1, 2, True)
    assert found.episodes[0].start == START + timedelta(minutes=21)
    assert found.episodes[0].end == START + timedelta(minutes=31)


async def test_a_rule_that_is_saved_sees_what_is_true_elsewhere(broker: Broker) -> None:
    evaluation = Evaluation(broker)
    await broker.observations.record("default", [gauge("a", 1.3, 0), station("r", 40, 1)])
    await caught_up(evaluation)
    await _save(broker, combined())
    await caught_up(evaluation)
    async with single(broker.pool) as connection:
        (alert,) = await rules.alerts(connection, "default", rule="level")
    assert (alert.id, alert.state) == ("urn:ngsi-ld:Alert:level:a", "firing")
