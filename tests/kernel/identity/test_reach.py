"""How far a right goes."""

import pytest

from tamamo.kernel.identity.reach import ALL, EVERYTHING, NOTHING, Part, Reach

GAUGE, CARE, ROAD = "https://t.example/Gauge", "https://t.example/Care", "https://t.example/Road"


def test_everything_and_nothing() -> None:
    assert EVERYTHING.everything
    assert EVERYTHING.allows([GAUGE])
    assert EVERYTHING.attrs_of([GAUGE]) is ALL
    assert not NOTHING
    assert not NOTHING.allows([GAUGE])
    assert NOTHING.attrs_of([GAUGE]) == frozenset()
    assert not Reach((Part(frozenset({GAUGE})),)).everything


def test_an_entity_of_several_types_needs_the_right_to_all_of_them() -> None:
    reach = Reach((Part(frozenset({GAUGE, ROAD})),))
    assert reach.allows([GAUGE, ROAD])
    assert not reach.allows([GAUGE, CARE])
    assert not reach.allows([])


def test_what_is_never_meant_stays_out_of_all_types() -> None:
    reach = Reach((Part(but_types=frozenset({CARE})),))
    assert reach.allows([GAUGE])
    assert not reach.allows([GAUGE, CARE])
    assert not reach.everything


@pytest.mark.parametrize(
    ("scopes", "inside"),
    [
        (["/town/north"], True),
        (["town/north/1"], True),
        (["/town/northern"], False),
        (["/elsewhere", "/town/north/2"], True),
        ([], False),
    ],
)
def test_a_scope_takes_in_what_lies_under_it(scopes: list[str], inside: bool) -> None:
    assert Reach((Part(scopes=("/town/north",)),)).allows([GAUGE], scopes) is inside


def test_attributes_add_up() -> None:
    one = Reach((Part(frozenset({GAUGE}), frozenset({"level"})),))
    other = Reach((Part(frozenset({GAUGE}), frozenset({"name"}), ("/public",)),))
    both = one | other
    assert both.attrs_of([GAUGE]) == frozenset({"level"})
    assert both.attrs_of([GAUGE], ["/public/a"]) == frozenset({"level", "name"})
    assert (both | Reach((Part(frozenset({GAUGE})),))).attrs_of([GAUGE]) is ALL
    assert (both | EVERYTHING) is EVERYTHING
    assert both.types == frozenset({GAUGE})
    assert (both | Reach((Part(but_types=frozenset({CARE})),))).types is None


def test_a_scope_may_be_given_only_within_reach() -> None:
    reach = Reach((Part(frozenset({GAUGE}), scopes=("/north",)),))
    assert reach.covers([GAUGE], "/north/1")
    assert not reach.covers([GAUGE], "/south")
    assert not reach.covers([ROAD], "/north/1")


def test_what_one_reach_includes_of_another() -> None:
    gauges, levels = Part(frozenset({GAUGE})), Part(frozenset({GAUGE}), frozenset({"level"}))
    both, roads = Part(frozenset({GAUGE, ROAD})), Part(frozenset({ROAD}))
    anything_but_care = Part(but_types=frozenset({CARE}))
    north = Part(frozenset({GAUGE}), scopes=("/north",))
    assert Reach((both,)).includes(Reach((gauges, levels, roads, north)))
    assert Reach((anything_but_care,)).includes(Reach((both,)))
    assert EVERYTHING.includes(Reach((anything_but_care,)))
    assert Reach((gauges,)).includes(NOTHING)
    assert Reach((north,)).includes(
        Reach((Part(frozenset({GAUGE}), scopes=("/north/1", "north/2")),))
    )
    for less, more in (
        (levels, gauges),
        (gauges, both),
        (anything_but_care, Part()),
        (anything_but_care, Part(frozenset({CARE}))),
        (north, gauges),
        (north, Part(frozenset({GAUGE}), scopes=("/north", "/south"))),
        (gauges, anything_but_care),
    ):
        assert not Reach((less,)).includes(Reach((more,)))


def test_a_reach_is_kept_as_json() -> None:
    parts = (
        Part(frozenset({GAUGE}), frozenset({"level"}), ("/a",)),
        Part(but_types=frozenset({CARE})),
    )
    assert Reach.of_document(Reach(parts).to_document()) == Reach(parts)
    assert Reach.of_document(NOTHING.to_document()) == NOTHING
    assert Reach.of_document(EVERYTHING.to_document()).everything
