"""A wide-area wall on one installation: what an agreement shares, and a town that is suspended."""

import re
import time

import httpx
import pytest

from tamamo.kernel.identity import system
from tests.journeys.test_towns import SHARED, Towns, towns

__all__ = ["towns"]

ROWS = "/wall/rows/"


def _get(towns: Towns, path: str) -> str:
    answer = httpx.get(towns.base + path, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.text


def _main(html: str) -> str:
    """Return a page without its foot, which names all towns."""
    return html.split("<main", 1)[-1]


def test_shared_gauges_stand_on_the_wide_wall_and_on_no_other(towns: Towns) -> None:
    assert "綾川" not in _main(_get(towns, "/wall/?area=wide"))
    agreement = towns.agree()
    wide = _main(_get(towns, "/wall/?area=wide"))
    assert "綾川滝宮" in wide
    assert "綾川町提供" in wide
    assert re.search(r'data-part="ayagawa">\s*<b>綾川町</b>', wide)
    assert "綾川" not in _main(_get(towns, "/wall/"))
    assert "綾川滝宮" not in _main(_get(towns, "/wall/?towns=kanonji"))
    assert "Provided by Ayagawa" in _get(towns, "/en/wall/?area=wide")
    own = _main(_get(towns, "/wall/?town=ayagawa"))
    assert "綾川滝宮" in own
    assert "木太大橋" not in own
    assert own.count("data-rank") == _main(_get(towns, "/t/ayagawa/wall/")).count("data-rank") == 1
    towns.revoke(agreement)
    assert "綾川" not in _main(_get(towns, "/wall/?area=wide"))


def test_rows_tell_no_more_than_the_page(towns: Towns) -> None:
    mine = "id=default|urn:ngsi-ld:FloodMonitoring:9002"
    theirs = f"id=ayagawa|{SHARED['id']}"
    # The same address asked of the wrong wall, of nothing, of the wrong tenant.
    assert "綾川滝宮" not in _get(towns, f"{ROWS}?area=wide&{mine}&{theirs}")
    agreement = towns.agree()
    found = _get(towns, f"{ROWS}?area=wide&{mine}&{theirs}")
    assert "長者北橋" in found
    assert "綾川滝宮" in found
    assert "綾川滝宮" not in _get(towns, f"{ROWS}?{mine}&{theirs}")
    assert "綾川滝宮" not in _get(towns, f"{ROWS}?area=wide&id=default|{SHARED['id']}")
    towns.revoke(agreement)


NOTHING = ("id=", "id=|", "id=default|%00", "id=default|" + "x" * 600, "id=x")


@pytest.mark.parametrize("ids", NOTHING)
def test_rows_of_nothing_are_no_rows(towns: Towns, ids: str) -> None:
    assert "wall-row" not in _get(towns, f"{ROWS}?{ids}")


def test_a_suspended_town_is_missing_with_the_time_and_the_rest_goes_on(towns: Towns) -> None:
    agreement = towns.agree()
    towns.act(lambda broker: broker.town_service.suspend(system("test"), "ayagawa", "trial"))
    end = time.monotonic() + 10
    while 'data-missing="suspended"' not in (html := _get(towns, "/wall/?area=wide")):
        assert time.monotonic() < end
        time.sleep(0.2)
    part = re.sub(r"<[^>]+>", " ", html[html.index('data-part="ayagawa"') :].split("</li>", 1)[0])
    assert "欠測" in part
    assert re.search(r"最終受信 \d+月\d+日 \d\d:\d\d", part)
    assert "綾川滝宮" not in html
    assert "木太大橋" in html
    towns.act(lambda broker: broker.town_service.resume(system("test"), "ayagawa"))
    towns.wait(shared=True)
    towns.revoke(agreement)
