"""The wall's view in its address."""

import pytest

from tamamo.web.wall.wallstate import PANELS, WallState, parse


def test_a_view_comes_back_from_its_address() -> None:
    state = WallState(town="ayagawa", area="wide", panel="gauges", updates="off")
    assert state.query() == "?town=ayagawa&area=wide&panel=gauges&updates=off"
    assert parse(dict(state.pairs())) == state


@pytest.mark.parametrize(
    "asked",
    [
        {"panel": "nothing"},
        {"area": "everything"},
        {"updates": "no"},
        {"towns": "<b>,,../x"},
        {"other": "1"},
    ],
)
def test_what_cannot_be_is_left_out(asked: dict[str, str]) -> None:
    assert parse(asked) == WallState()


def test_towns_narrow_the_wide_area() -> None:
    state = parse({"towns": "ayagawa, kanonji"})
    assert state.wide
    assert state.shows("kanonji")
    assert not state.shows("mitoyo")
    assert parse({"area": "wide"}).shows("mitoyo")
    assert not parse({}).shows("ayagawa")


def test_each_panel_has_a_key_of_its_own() -> None:
    assert len(set(PANELS.values())) == len(PANELS) == 9
