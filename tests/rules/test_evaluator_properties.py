"""The evaluator held to what must be true of any stream of readings."""

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tamamo.rules import parse
from tamamo.rules.evaluator import evaluate
from tamamo.rules.rule import Rule
from tamamo.rules.state import State, Transition
from tests.rules.conftest import level_rule
from tests.rules.test_evaluator import reading

#: Levels in centimetres: the alert level is 1.0 m, the band ends at 0.8 m.
LEVELS = st.integers(0, 200).map(lambda cm: cm / 100)
STREAMS = st.lists(LEVELS, min_size=1, max_size=60)
IN_BAND = st.lists(st.integers(80, 99).map(lambda cm: cm / 100), min_size=1, max_size=60)
TIMINGS = st.fixed_dictionaries(
    {},
    optional={
        "for": st.sampled_from(["PT1M", "PT5M"]),
        "recover": st.sampled_from(["PT1M", "PT7M"]),
    },
)
PLAIN = parse(level_rule())


def run(rule: Rule, numbered: list[tuple[int, float]], state: State | None = None) -> Any:
    state, found = state or State(), []
    for minute, level in numbered:
        state, moved = evaluate(rule, state, reading(level, minute))
        found += moved
    return state, found


def model(levels: list[float]) -> list[tuple[int, bool]]:
    """The plainest hysteresis there is: when it switches, and to what."""
    on, found = False, []
    for minute, level in enumerate(levels):
        if not on and level >= 1.0:
            on = True
            found.append((minute, True))
        elif on and level < 0.8:
            on = False
            found.append((minute, False))
    return found


@given(STREAMS)
def test_it_switches_exactly_where_plain_hysteresis_does(levels: list[float]) -> None:
    _, moves = run(PLAIN, list(enumerate(levels)))
    start = reading(0, 0).at
    assert [(round((m.at - start) / 60), m.after == "firing") for m in moves] == model(levels)


@given(STREAMS, IN_BAND, TIMINGS)
def test_nothing_begins_inside_the_band(
    levels: list[float], band: list[float], timing: dict[str, str]
) -> None:
    rule = parse(level_rule(timing=timing))
    state, _ = run(rule, list(enumerate(levels)))
    _, moves = run(rule, list(enumerate(band, len(levels))), state)
    # What was pending or recovering settles once; then all is still.
    assert len(moves) <= 1
    assert not any(move.begins for move in moves) or state.state == "pending"


@given(STREAMS, st.data())
def test_repeats_and_late_readings_change_nothing(levels: list[float], data: st.DataObject) -> None:
    straight = list(enumerate(levels))
    muddled: list[tuple[int, float]] = []
    for place, one in enumerate(straight):
        muddled.append(one)
        muddled += data.draw(st.lists(st.sampled_from(straight[: place + 1]), max_size=3))
    late_but_other = [(minute, 2.0 - level) for minute, level in straight[:-1]]
    expected = run(PLAIN, straight)
    assert run(PLAIN, muddled) == expected
    assert run(PLAIN, straight + late_but_other) == expected


@given(STREAMS, TIMINGS)
def test_changes_follow_from_each_other(levels: list[float], timing: dict[str, str]) -> None:
    _, moves = run(parse(level_rule(timing=timing)), list(enumerate(levels)))
    assert all(one.after == other.before for one, other in pairwise(moves))
    assert all(one.at <= other.at for one, other in pairwise(moves))
    begun = [move for move in moves if move.begins]
    assert [move.episode for move in begun] == list(range(1, len(begun) + 1))


@settings(max_examples=50)
@given(STREAMS, TIMINGS, st.data())
def test_states_go_to_the_database_and_back(
    levels: list[float], timing: dict[str, str], data: st.DataObject
) -> None:
    """Wherever the stream is cut, what is stored is enough to go on."""
    import msgspec

    rule, numbered = parse(level_rule(timing=timing)), list(enumerate(levels))
    cut = data.draw(st.integers(0, len(numbered)))
    state, first = run(rule, numbered[:cut])
    stored = msgspec.json.decode(msgspec.json.encode(state), type=State)
    after, rest = run(rule, numbered[cut:], stored)
    whole: tuple[State, list[Transition]] = run(rule, numbered)
    assert (after, first + rest) == whole
