"""The evaluator, purely: what states follow from what readings."""

from typing import Any

import pytest

from tamamo.feeds.plausibility import QUALITY, SUSPECT
from tamamo.rules import parse
from tamamo.rules.alert import label
from tamamo.rules.evaluator import evaluate, next_due, tick
from tamamo.rules.leaves import default_instance
from tamamo.rules.rule import Rule, iri_of
from tamamo.rules.state import Reading, State, Transition
from tests.rules.conftest import START, gauge, level_rule

T0 = START.timestamp()
LEVEL = iri_of("currentLevel")


def reading(level: float | None, minutes: float, **attrs: Any) -> Reading:
    return Reading(gauge("a", level, minutes, **attrs), T0 + minutes * 60)


def suspect(level: float, minutes: float) -> Reading:
    one = reading(level, minutes)
    instance = default_instance(one.entity, LEVEL)
    assert instance is not None
    instance[QUALITY] = [{"type": "Property", "value": SUSPECT}]
    return one


def told(rule: Rule, *readings: Reading, clock: float | None = None) -> list[Transition]:
    state, found = State(), []
    for one in readings:
        state, moved = evaluate(rule, state, one, clock)
        found += moved
    return found


def steps(moves: list[Transition]) -> list[tuple[str, str, float, int]]:
    return [(m.before, m.after, (m.at - T0) / 60, m.episode) for m in moves]


def condition(**leaf: Any) -> Rule:
    return parse(level_rule(condition=leaf))


def threshold(**changes: Any) -> dict[str, Any]:
    return {"attribute": "currentLevel", "at_least": 1.0} | changes


def test_a_rule_fires_at_the_level_and_lasts_until_it_is_below_the_band() -> None:
    levels = [0.5, 1.0, 0.85, 1.3, 0.8, 0.79, 0.9, 1.0]
    readings = [reading(level, 10 * n) for n, level in enumerate(levels)]
    assert steps(told(parse(level_rule()), *readings)) == [
        ("normal", "firing", 10, 1),
        ("firing", "normal", 50, 1),
        ("normal", "firing", 70, 2),
    ]


def test_without_a_band_it_ends_below_the_level() -> None:
    rule = condition(threshold=threshold())
    readings = [reading(level, n) for n, level in enumerate([1.0, 0.99, 1.0])]
    assert [move.after for move in told(rule, *readings)] == ["firing", "normal", "firing"]


def test_at_most_fires_below_and_clears_above() -> None:
    rule = condition(threshold={"attribute": "currentLevel", "at_most": 1.0, "clear": 1.2})
    readings = [reading(level, n) for n, level in enumerate([1.5, 1.0, 1.1, 1.2, 1.21])]
    assert steps(told(rule, *readings)) == [("normal", "firing", 1, 1), ("firing", "normal", 4, 1)]


def test_a_minimum_duration_is_pending_first() -> None:
    rule = parse(level_rule(timing={"for": "PT10M"}))
    moves = told(rule, reading(1.1, 0), reading(1.2, 9), reading(1.2, 10), reading(0.1, 11))
    assert steps(moves) == [
        ("normal", "pending", 0, 0),
        ("pending", "firing", 10, 1),
        ("firing", "normal", 11, 1),
    ]
    assert steps(told(rule, reading(1.1, 0), reading(0.1, 5), reading(1.1, 11))) == [
        ("normal", "pending", 0, 0),
        ("pending", "normal", 5, 0),
        ("normal", "pending", 11, 0),
    ]


def test_recovering_goes_on_as_the_same_episode_or_ends() -> None:
    rule = parse(level_rule(timing={"recover": "PT30M"}))
    levels = [(1.1, 0), (0.5, 10), (1.1, 20), (0.5, 30), (0.5, 59), (0.5, 60)]
    moves = told(rule, *(reading(level, at) for level, at in levels))
    assert steps(moves) == [
        ("normal", "firing", 0, 1),
        ("firing", "recovering", 10, 1),
        ("recovering", "firing", 20, 1),
        ("firing", "recovering", 30, 1),
        ("recovering", "normal", 60, 1),
    ]
    assert [move.begins for move in moves] == [True, False, False, False, False]


def test_late_and_repeated_readings_change_nothing() -> None:
    rule = parse(level_rule())
    moves = told(rule, reading(0.5, 10), reading(1.5, 5), reading(1.5, 10), reading(0.6, 20))
    assert moves == []


def test_suspect_values_neither_fire_nor_end() -> None:
    rule = parse(level_rule())
    assert told(rule, reading(0.5, 0), suspect(9.0, 10)) == []
    assert steps(told(rule, reading(1.5, 0), suspect(0.1, 10))) == [("normal", "firing", 0, 1)]


def test_a_single_jump_waits_and_a_second_reading_confirms_it() -> None:
    rule = condition(threshold=threshold(jump=2.0))
    assert steps(told(rule, reading(0.5, 0), reading(9.5, 10), reading(0.6, 20))) == [
        ("normal", "pending", 10, 0),
        ("pending", "normal", 20, 0),
    ]
    assert steps(told(rule, reading(0.5, 0), reading(3.5, 10), reading(3.6, 20))) == [
        ("normal", "pending", 10, 0),
        ("pending", "firing", 20, 1),
    ]
    # Nor does a jump down end what is firing, before it is confirmed.
    moves = told(rule, reading(5, 0), reading(0.1, 10), reading(5, 20), reading(0.1, 30))
    assert steps(moves) == [("normal", "firing", 0, 1)]
    # After long silence the last value says nothing of a jump.
    assert steps(told(rule, reading(0.5, 0), reading(3.5, 200))) == [("normal", "firing", 200, 1)]


def test_a_gauge_without_the_other_attribute_has_no_alarm() -> None:
    rule = parse(level_rule(condition={
        "threshold": {"attribute": "currentLevel", "at_least": {"attribute": "dangerLevel"}}
    }))  # fmt: skip
    assert told(rule, reading(99.0, 0)) == []
    assert steps(told(rule, reading(2.0, 0, dangerLevel=2.0))) == [("normal", "firing", 0, 1)]


def test_what_is_no_number_is_an_error_and_the_next_reading_goes_on() -> None:
    rule = parse(level_rule())
    broken: Any = "abc"
    moves = told(rule, reading(1.1, 0), reading(broken, 10), reading(1.2, 20), reading(0.1, 30))
    assert [(m.before, m.after, m.episode) for m in moves] == [
        ("normal", "firing", 1), ("firing", "error", 1), ("error", "firing", 1),
        ("firing", "normal", 1),
    ]  # fmt: skip
    assert sum(move.begins for move in moves) == 1


def test_a_rate_of_rise_is_measured_over_the_window() -> None:
    rule = condition(
        rate={"attribute": "currentLevel", "rises": 0.5, "window": "PT1H", "clear_by": 0.2}
    )
    steady = [reading(0.1 + 0.0075 * n, n) for n in range(0, 61, 10)]  # 0.45 m an hour
    assert told(rule, *steady) == []
    rising = [reading(0.1 + 0.01 * n, n) for n in range(0, 61, 10)]  # 0.6 m an hour
    falling = [reading(0.7 - 0.01 * n, 60 + n) for n in range(10, 121, 10)]
    moves = told(rule, *rising, *falling)
    assert [(m.before, m.after) for m in moves] == [("normal", "firing"), ("firing", "normal")]
    assert moves[0].at == T0 + 30 * 60  # half of the window has to be there
    assert moves[0].value == pytest.approx(0.6)
    # Two readings far apart say nothing of an hour.
    assert told(rule, reading(0.1, 0), reading(5.0, 600)) == []


def test_a_rate_remembers_little_however_often_a_gauge_reports() -> None:
    rule = condition(rate={"attribute": "currentLevel", "rises": 0.5, "window": "PT1H"})
    state = State()
    for second in range(0, 7200, 5):
        state, _ = evaluate(rule, state, reading(0.1, second / 60))
    (memory,) = state.memories
    assert memory is not None
    assert len(memory[5]) <= 34


def test_silence_goes_by_the_clock_and_is_dated_by_when_it_began() -> None:
    rule = condition(silence={"after": "PT40M"})
    state, _ = evaluate(rule, State(), reading(0.5, 0), clock=T0 + 5)
    assert next_due(rule, state) == T0 + 2400
    assert tick(rule, state, "urn:a", T0 + 2399)[1] == []
    silent, moved = tick(rule, state, "urn:a", T0 + 9999)
    assert [(m.after, m.at, m.begins) for m in moved] == [("firing", T0 + 2400, True)]
    assert tick(rule, silent, "urn:a", T0 + 99999)[1] == []
    _, moved = evaluate(rule, silent, reading(0.5, 200), clock=T0 + 200 * 60)
    assert [(m.after, m.at) for m in moved] == [("normal", T0 + 200 * 60)]


def test_an_archive_that_is_loaded_raises_no_silence() -> None:
    rule = condition(silence={"after": "PT40M"})
    clock = T0 + 150 * 86400
    state, _ = evaluate(rule, State(), reading(0.5, 0), clock=clock)
    assert next_due(rule, state) is None
    assert tick(rule, state, "urn:a", clock)[1] == []


def test_no_data_is_a_state_of_its_own_and_the_episode_goes_on() -> None:
    rule = parse(level_rule(timing={"no_data": "PT2H"}))
    calm, _ = evaluate(rule, State(), reading(0.5, 0))
    assert next_due(rule, calm) is None
    state, _ = evaluate(rule, State(), reading(1.5, 0))
    state, moved = tick(rule, state, "urn:a", T0 + 7200)
    assert [(m.before, m.after, m.at) for m in moved] == [("firing", "noData", T0 + 7200)]
    again, moved = evaluate(rule, state, reading(1.5, 180))
    assert [(m.before, m.after, m.begins) for m in moved] == [("noData", "firing", False)]
    assert again.episode == 1
    later, moved = evaluate(rule, state, reading(1.5, 300))
    assert [(m.before, m.after, m.begins) for m in moved] == [("noData", "firing", True)]
    assert later.episode == 2
    _, moved = evaluate(rule, state, reading(0.2, 180))
    assert [(m.before, m.after) for m in moved] == [("noData", "normal")]


def test_no_data_also_where_all_is_well_when_asked_for() -> None:
    rule = parse(level_rule(timing={"no_data": "PT2H", "no_data_always": True}))
    state, _ = evaluate(rule, State(), reading(0.5, 0))
    state, moved = tick(rule, state, "urn:a", T0 + 7200)
    assert [move.after for move in moved] == ["noData"]


def test_combinations_know_what_is_not_known() -> None:
    level, rain = {"threshold": threshold()}, {
        "threshold": {"attribute": "precipitation", "at_least": 30}
    }  # fmt: skip
    both, either = condition(all=[level, rain]), condition(any=[level, rain])
    assert told(both, reading(1.5, 0)) == []
    assert [m.after for m in told(either, reading(1.5, 0))] == ["firing"]
    assert [m.after for m in told(both, reading(1.5, 0, precipitation=31))] == ["firing"]
    closed = {"is": {"attribute": "gate", "any_of": ["closed"]}}
    open_gate = condition(all=[level, {"not": closed}])
    assert [m.after for m in told(open_gate, reading(1.5, 0))] == ["firing"]
    assert told(open_gate, reading(1.5, 0, gate="closed")) == []


def test_a_geofence_is_left_by_its_margin() -> None:
    square = [[134.0, 34.3], [134.1, 34.3], [134.1, 34.4], [134.0, 34.4]]
    rule = condition(geofence={"outside": {"polygon": square}, "margin": 200})

    def at(longitude: float, minutes: float) -> Reading:
        one = reading(None, minutes)
        place = {"type": "Point", "coordinates": [longitude, 34.35]}
        one.entity.attrs["https://uri.etsi.org/ngsi-ld/location"] = [
            {"type": "GeoProperty", "value": place}
        ]
        return one

    # 0.001° of longitude is 92 m there.
    moves = told(rule, at(134.05, 0), at(134.101, 10), at(134.099, 20), at(134.09, 30))
    assert steps(moves) == [("normal", "firing", 10, 1), ("firing", "normal", 30, 1)]


def test_place_and_filter_select_and_whoever_leaves_is_back_to_normal() -> None:
    rule = parse(level_rule(subject={
        "type": "FloodMonitoring", "where": '(!status|status!="withdrawn")'
    }))  # fmt: skip
    moves = told(rule, reading(1.5, 0), reading(1.5, 10, status="withdrawn"), reading(1.5, 20))
    assert steps(moves) == [
        ("normal", "firing", 0, 1),
        ("firing", "normal", 10, 1),
        ("normal", "firing", 20, 2),
    ]
    square = [[135.0, 34.3], [135.1, 34.3], [135.1, 34.4], [135.0, 34.4]]
    elsewhere = level_rule(subject={"type": "FloodMonitoring", "place": {"polygon": square}})
    assert told(parse(elsewhere), reading(1.5, 0)) == []


@pytest.mark.parametrize(("town", "fires"), [("小豆島町", True), ("高松市", False)])
def test_a_municipality_is_the_end_of_the_locality(town: str, fires: bool) -> None:
    subject = {"type": "FloodMonitoring", "place": {"municipality": [town]}}
    address: Any = {"addressRegion": "香川県", "addressLocality": "小豆郡小豆島町"}
    rule = parse(level_rule(subject=subject))
    assert bool(told(rule, reading(1.5, 0, address=address))) is fires


@pytest.mark.parametrize(
    ("first", "last", "fires"), [("06-01", "10-31", True), ("11-01", "05-31", False)]
)
def test_a_season_is_of_days_in_japan(first: str, last: str, fires: bool) -> None:
    subject = {"type": "FloodMonitoring", "season": {"from": first, "to": last}}
    rule = parse(level_rule(subject=subject))
    # 31 May 15:30 UTC is 1 June in Japan.
    assert bool(told(rule, reading(1.5, -8.5 * 60))) is fires


def test_a_place_is_called_by_its_english_name_in_english() -> None:
    place = gauge("gobo", 1.0, 0)
    place.attrs[iri_of("name")] = [{"type": "Property", "value": "御坊川"}]
    assert (label(place, "ja"), label(place, "en")) == ("御坊川", "御坊川")
    place.attrs[iri_of("alternateName")] = [{"type": "Property", "value": "Gobo River"}]
    assert (label(place, "ja"), label(place, "en")) == ("御坊川", "Gobo River")
