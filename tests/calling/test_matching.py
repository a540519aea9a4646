"""Which alerts call which tree; where a tree stands after each step; what links are signed for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tamamo.calling import links, matching, tree
from tamamo.calling.links import Answerer
from tamamo.calling.matching import Alarm, CallRule, Circle, chosen, matches
from tamamo.calling.tree import Mode, Position, Step, Target, Tree, move
from tamamo.kernel.settings import Settings

NOW = datetime(2026, 6, 1, tzinfo=UTC)
RIVER = CallRule("1", "川", "t1", "high", frozenset({"flood"}))
ALARM = Alarm("urn:a", "river-alert", "high", frozenset({"weather", "flood"}), (134.05, 34.34))


@pytest.mark.parametrize(
    ("rule", "calls"),
    [
        (RIVER, True),
        (replace(RIVER, severity="critical"), False),
        (replace(RIVER, severity="informational"), True),
        (replace(RIVER, categories=frozenset({"tide"})), False),
        (replace(RIVER, categories=frozenset()), True),
        (replace(RIVER, alert_rules=frozenset({"river-alert"})), True),
        (replace(RIVER, alert_rules=frozenset({"other"})), False),
        (replace(RIVER, place=Circle(134.05, 34.34, 1)), True),
        (replace(RIVER, place=Circle(134.05, 34.44, 10)), False),  # 11.1 km to the north
        (replace(RIVER, place=Circle(134.05, 34.44, 12)), True),
        (replace(RIVER, active=False), False),
    ],
)
def test_which_alerts_a_rule_is_for(rule: CallRule, calls: bool) -> None:
    assert matches(rule, ALARM) is calls


def test_an_alert_without_a_place_is_not_forgotten() -> None:
    assert matches(replace(RIVER, place=Circle(0, 0, 1)), replace(ALARM, point=None))


def test_a_tree_is_called_once_by_the_first_rule_that_fits() -> None:
    second = replace(RIVER, id="2", position=1)
    other = replace(RIVER, id="3", tree="t2", position=2)
    found = chosen([other, second, RIVER], ALARM)
    assert [one.id for one in found] == ["1", "3"]


def test_rules_and_trees_come_back_as_stored() -> None:
    rule = replace(RIVER, place=Circle(134, 34, 5), alert_rules=frozenset({"x"}))
    row = {
        "id": "1", "name": "川", "tree": "t1", "active": True, "position": 0,
        "document": matching.to_document(rule),
    }  # fmt: skip
    assert matching.of_columns(row) == rule
    one = Tree("i", "n", (Step((Target("c"), Target(roster="r")), 3, Mode.IN_TURN, "x"),), 2, 5)
    assert tree.of_document("i", "n", tree.to_document(one)) == one


def test_the_middle_of_a_place() -> None:
    assert matching.middle_of({"type": "Point", "coordinates": [134, 34]}) == (134, 34)
    line = {"type": "LineString", "coordinates": [[134, 34], [136, 36]]}
    assert matching.middle_of(line) == (135, 35)
    assert matching.middle_of(None) is None
    assert matching.middle_of({"type": "Point", "coordinates": []}) is None


def walk(one: Tree, people: dict[int, tuple[str, ...]]) -> list[tuple[int, int, tuple[str, ...]]]:
    """Return (minute, round, who is called) until the rounds are over."""
    found, position, now = [], Position(), NOW
    while position.round < one.rounds:
        done = move(one, position, people[position.step], now)
        if done.people:
            found.append((int((now - NOW) / timedelta(minutes=1)), position.round, done.people))
        position, now = done.then, done.next_at
    return [*found, (int((now - NOW) / timedelta(minutes=1)), one.rounds, ())]


def test_together_in_turn_and_rounds() -> None:
    steps = (
        Step((), 5, Mode.TOGETHER),
        Step((), 2, Mode.IN_TURN),
        Step((), 10, Mode.TOGETHER),
    )
    people = {0: ("a", "b"), 1: ("c", "d"), 2: ()}
    assert walk(Tree("", "", steps, rounds=2), people) == [
        (0, 0, ("a", "b")),
        (5, 0, ("c",)),
        (7, 0, ("d",)),
        (9, 1, ("a", "b")),
        (14, 1, ("c",)),
        (16, 1, ("d",)),
        (18, 2, ()),
    ]


def test_links_are_for_one_person_and_one_call(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    settings, other = Settings(home=tmp_path / "a"), Settings(home=tmp_path / "b")
    answerer = Answerer("default", "c1", "p1")
    token = links.token_of(settings, answerer)
    assert links.read(settings, token) == answerer
    assert links.read(other, token) is None, "signed by another installation"
    forged = links.token_of(other, replace(answerer, contact="p2")).partition(".")[0]
    signature = token.partition(".")[2]
    for wrong in ("", ".", token[:-1], f"{forged}.{signature}", token + "é", "x" * 5000):
        assert links.read(settings, wrong) is None
    url = links.url_of(settings, answerer, "en")
    assert url == f"http://127.0.0.1:8080/en/answer/{token}/"
    public = links.url_of(Settings(home=tmp_path / "a", public_url="https://t.jp/"), answerer, "ja")
    assert public == f"https://t.jp/answer/{token}/"
