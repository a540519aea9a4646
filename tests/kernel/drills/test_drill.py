from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tamamo.kernel import drills
from tamamo.kernel.drills import Clock, Drill, State
from tamamo.kernel.drills.errors import InvalidDrill
from tamamo.kernel.drills.plan import LONGEST, Plan, check, is_address, name_of
from tamamo.kernel.identity.model import Role

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
DRILL = Drill(
    "alpha-drill-20261123-abcdef",
    "alpha",
    "高潮訓練",
    State.RUNNING,
    Clock(NOW),
    frozenset(map(drills.folded, ("Duty@Example.jp", "https://Hook.example/Path", "087-839-2011"))),
    NOW + timedelta(days=1),
)
PLAN = Plan("alpha", "高潮訓練", {"user:1": (Role.EDITOR,)}, NOW, NOW + timedelta(days=1))


@pytest.mark.parametrize(
    "address",
    [
        "duty@example.jp",
        " mailto:DUTY@example.jp ",
        "https://hook.example/Path",
        "HTTPS://hook.example/Path/",
        "0878392011",
        "087 839 2011",
    ],
)
def test_what_is_on_the_list_is_reached(address: str) -> None:
    assert DRILL.allows(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "   ",
        "duty@example.jp.evil.example",
        "other@example.jp",
        "https://hook.example/path",
        "https://hook.example",
        "https://hook.example/Path/more",
        "http://hook.example/Path",
        "08783920111",
    ],
)
def test_nothing_else_is(address: str) -> None:
    assert not DRILL.allows(address)


@pytest.mark.parametrize("state", [State.ENDED, State.DELETING])
def test_a_drill_that_is_over_reaches_nobody(state: State) -> None:
    assert not replace(DRILL, state=state).allows("duty@example.jp")


def test_the_mark_stands_once() -> None:
    assert drills.mark("水位上昇") == "【訓練】水位上昇"
    assert drills.mark(drills.mark("水位上昇")) == "【訓練】水位上昇"
    assert drills.mark("Level rises", "en") == "[DRILL] Level rises"


def test_the_header_is_ascii() -> None:
    assert DRILL.header() == '"alpha-drill-20261123-abcdef"; of="alpha"'


def test_names_are_a_tenants_and_differ() -> None:
    name = name_of("a" * 63, NOW)
    assert len(name) == 63
    assert len({name_of("alpha", NOW) for _ in range(50)}) == 50


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("title", {"title": "  "}),
        ("title", {"title": "a\u0007"}),
        ("people", {"people": {}}),
        ("people", {"people": {"user:1": ()}}),
        ("people", {"people": {"user:1": (Role.DEVICE,)}}),
        ("expires_at", {"expires_at": NOW}),
        ("expires_at", {"expires_at": NOW + LONGEST + timedelta(seconds=1)}),
        ("begins_at", {"begins_at": NOW + timedelta(hours=1)}),
        ("recipients", {"recipients": ("nobody",)}),
    ],
)
def test_a_plan_says_which_field_is_wrong(field: str, change: dict[str, object]) -> None:
    with pytest.raises(InvalidDrill) as refused:
        check(replace(PLAN, **change), NOW)  # type: ignore[arg-type]
    assert [fault.field for fault in refused.value.faults] == [field]


def test_a_sound_plan_is_taken() -> None:
    check(replace(PLAN, recipients=("a@b.jp", "https://h.example/x", "+81878392011")), NOW)


@pytest.mark.parametrize("text", ["file:///etc/passwd", "a b@c.jp", "https://", "12345", "@", "*"])
def test_what_is_no_address(text: str) -> None:
    assert not is_address(text)
