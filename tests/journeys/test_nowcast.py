"""The rain nowcast on the portal's map: from our own address, by slider, keyboard and button."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tamamo.feeds.readers.nowcast import Box, picture, stamp, tiles
from tests.conftest import _fresh_database, running_server
from tests.journeys.conftest import TILES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

KAGAWA = Box(133.4, 33.95, 134.65, 34.75)
IDLE = 30_000
BLUE = picture(256, 256, [bytes([0, 65, 255, 255]) * 256] * 256)


@pytest.fixture(scope="module")
def town(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A server without a nowcast, and its database."""
    with (
        _fresh_database(cluster_dsn) as dsn,
        running_server(tmp_path_factory.mktemp("serve"), "--open", dsn=dsn) as base,
    ):
        yield base, dsn


def rain(dsn: str, newest: datetime) -> None:
    """Let it rain: three pictures observed and two foretold, blue all over."""
    moments = [(newest + timedelta(minutes=m), newest + timedelta(minutes=min(m, 0)))
               for m in (-10, -5, 0, 5, 10)]  # fmt: skip
    clear(dsn)
    with psycopg.connect(dsn) as connection:
        for valid, base in moments:
            connection.execute(
                "insert into nowcast_frame values ('default', %s, %s, now())", (valid, base)
            )
            for place in tiles(KAGAWA, 8):
                connection.execute(
                    "insert into nowcast_tile values ('default', %s, %s, %s, %s, %s)",
                    (valid, place.z, place.x, place.y, BLUE),
                )


def clear(dsn: str) -> None:
    """Let there be no nowcast."""
    with psycopg.connect(dsn) as connection:
        connection.execute("truncate nowcast_frame, nowcast_tile")


def now() -> datetime:
    """The last five minutes that are full."""
    moment = datetime.now(UTC).replace(second=0, microsecond=0)
    return moment - timedelta(minutes=moment.minute % 5)


def open_map(browser: "Browser", address: str, notes: list[Any]) -> "Page":
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.context.route(TILES, lambda route: route.abort())
    page.on("response", lambda answer: notes.append(answer) if "/nowcast/" in answer.url else None)

    def note(error: Any) -> None:
        notes.append(error)

    page.on("pageerror", note)
    page.goto(address)
    page.locator("#map-region").scroll_into_view_if_needed()
    expect(page.locator("#map[data-idle]")).to_be_visible(timeout=IDLE)
    return page


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/", {"show": "雨雲を表示", "play": "再生", "stop": "停止", "past": "（観測）",
               "ahead": "（10分後の予測）", "old": "更新が止まっています",
               "none": "現在、雨雲の動きの情報はありません。"}),
        ("/en/", {"show": "Show the rain", "play": "Play the rain", "stop": "Stop the rain",
                  "past": ", observed", "ahead": "forecast (10 minutes ahead)",
                  "old": "Updates have stopped",
                  "none": "There is no rain nowcast now."}),
    ],
)  # fmt: skip
def test_the_rain_of_a_moment(
    browser: "Browser", town: tuple[str, str], path: str, words: dict[str, str]
) -> None:
    base, dsn = town
    clear(dsn)
    notes: list[Any] = []
    page = open_map(browser, base + path, notes)
    expect(page.locator("#nowcast-state")).to_have_text(words["none"], timeout=IDLE)
    expect(page.locator("#nowcast-show, #nowcast-controls").first).to_be_hidden()
    assert notes == []
    rain(dsn, now())
    page.reload()
    page.get_by_role("button", name=words["show"]).click()
    slider, label = page.locator("#nowcast-moment"), page.locator("#nowcast-label")
    expect(slider).to_have_value("2")
    expect(label).to_contain_text(words["past"])
    slider.focus()
    page.keyboard.press("End")
    expect(label).to_contain_text(words["ahead"])
    assert words["ahead"] in (slider.get_attribute("aria-valuetext") or "")
    expect(page.locator("#nowcast-controls.is-forecast")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(slider).to_have_value("3")
    page.get_by_role("button", name=words["play"]).click()
    expect(slider).to_have_value("4", timeout=5_000)
    expect(slider).to_have_value("0", timeout=5_000)
    page.get_by_role("button", name=words["stop"]).click()
    expect(page.get_by_role("button", name=words["play"])).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert len(notes) >= 4
    assert {(n.status, n.headers["content-type"], n.url.startswith(base)) for n in notes} == {
        (200, "image/png", True)
    }
    expect(page.locator(".maplibregl-ctrl-attrib")).to_contain_text(
        "気象庁" if path == "/" else "Japan Meteorological Agency"
    )
    assert Axe().run(page).response["violations"] == []
    rain(dsn, now() - timedelta(hours=1))
    page.reload()
    expect(page.locator("#nowcast-state")).to_contain_text(words["old"], timeout=IDLE)
    page.context.close()


def test_tiles_that_are_not_there_are_not_found(town: tuple[str, str]) -> None:
    base, dsn = town
    newest = now()
    rain(dsn, newest)
    told = httpx.get(f"{base}/nowcast.json").json()
    assert (told["state"], told["zoom"], len(told["frames"])) == ("current", 8, 5)
    address = base + told["frames"][0]["tiles"]
    tile = httpx.get(address.format(z=8, x=222, y=101))
    assert tile.content == BLUE and "immutable" in tile.headers["cache-control"]
    gone = stamp(newest - timedelta(hours=5))
    for wrong in (
        address.format(z=9, x=444, y=202),
        address.format(z=8, x=1, y=1),
        address.format(z=8, x=999, y=1),
        f"{base}/nowcast/{gone}-{gone}/8/222/101.png",
        f"{base}/nowcast/now-then/8/222/101.png",
        f"{base}/t/nowhere/nowcast.json",
    ):
        assert httpx.get(wrong).status_code == 404, wrong
