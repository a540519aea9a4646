"""The map: our own base always, the online layer when it can be had, small enough."""

import re
import struct
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.journeys.conftest import City, Visit

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

BUDGET = 700 * 1024
IDLE = 30_000
GSI = "国土地理院最適化ベクトルタイル"


def _wait_idle(page: "Page") -> None:
    page.locator("#map-region").scroll_into_view_if_needed()
    expect(page.locator("#map[data-idle]")).to_be_visible(timeout=IDLE)


def test_with_tiles_blocked_the_simple_map_is_drawn_and_says_so(visit: Visit) -> None:
    page = visit("/", with_map=True)
    _wait_idle(page)
    expect(page.locator("#map-status")).to_have_text(
        "簡易地図を表示しています。観測データは最新です。", timeout=10_000
    )
    expect(page.locator("#map canvas")).to_be_visible()
    expect(page.locator(".maplibregl-ctrl-attrib")).to_contain_text("GSHHG")


def _archive() -> bytes:
    """An empty PMTiles archive (specification version 3): header, empty directory, metadata."""
    directory, metadata = b"\0", b"{}"
    start = 127
    offsets = [start, 1, start + 1, 2, 0, 0, start + 3, 0, 0, 0, 0]
    flags = bytes([1, 1, 1, 1, 4, 16])
    bounds = struct.pack("<iiiiBii", 1330000000, 330000000, 1360000000, 350000000, 8, 0, 0)
    return b"PMTiles\x03" + struct.pack("<11Q", *offsets) + flags + bounds + directory + metadata


def _serve(route: "Route") -> None:
    archive = _archive()
    wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", route.request.headers["range"])
    assert wanted
    part = archive[int(wanted[1]) : int(wanted[2]) + 1]
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Content-Range": f"bytes {wanted[1]}-{int(wanted[1]) + len(part) - 1}/{len(archive)}",
        "ETag": '"1"',
    }
    route.fulfill(status=206, body=part, headers=headers)


def test_the_online_layer_is_added_with_its_credit_when_it_answers(
    visit: Visit, city: City
) -> None:
    page = visit("/data/", with_map=True, tiles=True)
    page.context.route("https://cyberjapandata.gsi.go.jp/**", _serve)
    page.goto(city.base)
    _wait_idle(page)
    expect(page.locator("#map-status")).to_have_text(
        "地図：国土地理院最適化ベクトルタイル", timeout=10_000
    )
    expect(page.locator(".maplibregl-ctrl-attrib")).to_contain_text(
        "国土地理院最適化ベクトルタイル"
    )


def test_without_webgl_the_list_stays_and_one_line_says_so(browser: Any, city: City) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page = context.new_page()
    page.goto(city.base)
    page.locator("#map-region").scroll_into_view_if_needed()
    expect(page.locator("#map-status")).to_have_text(
        "このブラウザーでは地図を表示できません。一覧に同じ内容があります。", timeout=IDLE
    )
    expect(page.locator("#gauge-rows tr")).to_have_count(4)
    context.close()


def test_a_click_on_a_mark_selects_the_gauge_and_the_place_goes_into_the_address(
    visit: Visit,
) -> None:
    page = visit("/?map=13/34.3828/134.1289", with_map=True)
    _wait_idle(page)
    page.locator("#map canvas").click()
    expect(page.locator("#detail h2")).to_have_text("長者北橋")
    expect(page).to_have_url(re.compile(r"map=13/34\.3828/134\.1289"))
    page.get_by_role("button", name="縮小").click()
    expect(page).to_have_url(re.compile(r"map=12\.0/34\.38\d+/134\.12\d+"))
    expect(page).to_have_url(re.compile(r"gauge=9002"))
    english = page.locator("#languages a").get_attribute("href") or ""
    assert "map=12.0" in english


def test_the_home_page_with_its_map_stays_in_its_budget(visit: Visit, city: City) -> None:
    page = visit("/data/", with_map=True)
    sizes: dict[str, int] = {}

    def note(response: Any) -> None:
        if response.url.startswith(city.base) and "/sse" not in response.url:
            sizes[response.url] = response.request.sizes()["responseBodySize"]

    page.context.on("requestfinished", lambda request: note(request.response()))
    page.goto(city.base)
    _wait_idle(page)
    names = " ".join(sizes)
    for part in ("/map-", "/site-", "/land-", "/portal-"):
        assert part in names
    worker = next(iter(page.evaluate("[document.getElementById('portal').dataset.worker]")))
    if city.base + worker not in sizes:
        import httpx

        answer = httpx.get(city.base + worker, headers={"Accept-Encoding": "gzip"})
        sizes[worker] = int(answer.headers["content-length"])
    assert sum(sizes.values()) < BUDGET, sizes
    assert sum(sizes.values()) > 300 * 1024
