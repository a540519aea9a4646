"""The wall: live, sorted by what presses, by keys, readable from five metres, flat for hours."""

import re
from math import radians, tan
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import City, Visit
from tests.journeys.looking import FITS, accessible

if TYPE_CHECKING:
    from playwright.sync_api import Page

SOON = 20_000
#: ISO 9241-303: at least 16 minutes of arc for a character's height; from five metres, on a 75-inch
#: screen of 16:9. Digits of the fonts in question are about 0.73 of their size high.
DISTANCE, ARC, SCREEN, DIGIT = 5_000.0, 16.0, 1_660.0, 0.73
FAR = (
    ".wall-row__name, .wall-row__level, .wall-row__rate, .wall-row__eta, .level__word,"
    " .level__digit, .wall-stations__name, .wall-stations__value, .wall-shelters, #as-of"
)
SIZES = """(selector) => [...document.querySelectorAll(selector)].filter(e => e.checkVisibility())
  .map(e => [parseFloat(getComputedStyle(e).fontSize), e.className || e.id])"""
STATE = "#live-state"


def _live(page: "Page") -> None:
    expect(page.locator(STATE)).to_have_text(re.compile("自動更新中|Updating live"), timeout=SOON)


def _first(page: "Page") -> Any:
    return page.locator("#gauge-rows > li").first


def test_a_rise_is_seen_comes_to_the_top_and_is_said_once(visit: Visit, city: City) -> None:
    page = visit("/wall/", viewport={"width": 1920, "height": 1080})
    _live(page)
    expect(_first(page)).to_contain_text("牛堂")
    row = page.locator("#g-9001")
    city.set_level("9001", 0.66)
    expect(row.locator(".wall-row__level")).to_contain_text("0.66", timeout=SOON)
    assert page.locator("#announce-polite").text_content() == ""
    city.set_level("9001", 2.5)
    expect(_first(page)).to_contain_text("木太大橋", timeout=SOON)
    expect(page.locator("#announce-now")).to_contain_text("木太大橋の水位が上がりました")
    expect(page.locator(".wall-stages li").first).to_contain_text("2", timeout=SOON)
    # Values that move are not said.
    city.set_level("9001", 2.6)
    expect(row.locator(".wall-row__level")).to_contain_text("2.60", timeout=SOON)
    assert "2.50" in (page.locator("#announce-now").text_content() or "")


def test_one_key_a_panel_and_the_view_in_the_address(visit: Visit, city: City) -> None:
    page = visit("/wall/")
    _live(page)
    for key, panel in (("3", "gauges"), ("9", "sources")):
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(f"panel={panel}"))
        expect(page.locator("[data-panel]:visible")).to_have_count(1)
        expect(page.locator(f"#title-{panel}")).to_be_focused()
    page.go_back()
    expect(page.locator("#panel-gauges")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[data-panel]:visible")).to_have_count(9)
    page.keyboard.press("?")
    expect(page.locator("#keys dl")).to_be_visible()
    page.locator("#keys-on").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("3")
    page.wait_for_timeout(300)
    expect(page.locator("[data-panel]:visible")).to_have_count(9)
    page.keyboard.press("p")
    expect(page.locator("#pause")).to_have_text("更新を止める")


def test_stop_holds_the_wall_still_and_stays_when_it_is_loaded_again(
    visit: Visit, city: City
) -> None:
    page = visit("/wall/")
    _live(page)
    page.locator("#pause").click()
    expect(page.locator(STATE)).to_have_text(re.compile(r"更新を止めています（\d\d:\d\d時点）"))
    expect(page).to_have_url(re.compile("updates=off"))
    city.set_level("9001", 0.81)
    page.wait_for_timeout(2_000)
    expect(page.locator("#g-9001 .wall-row__level")).to_contain_text("0.50")
    page.locator("#pause").click()
    expect(page.locator("#g-9001 .wall-row__level")).to_contain_text("0.81", timeout=SOON)


def test_a_lost_connection_is_said_within_30_seconds_and_mended(visit: Visit, city: City) -> None:
    page = visit("/wall/")
    _live(page)
    page.context.set_offline(True)
    expect(page.locator(STATE)).to_have_text(
        re.compile(r"更新が止まっています（\d\d:\d\d時点）"), timeout=30_000
    )
    assert page.evaluate("document.body.classList.contains('is-stale')")
    city.set_level("9001", 0.66)
    page.context.set_offline(False)
    _live(page)
    expect(page.locator("#g-9001 .wall-row__level")).to_contain_text("0.66", timeout=SOON)


def test_readings_that_grow_old_turn_grey_by_themselves(visit: Visit) -> None:
    page = visit("/wall/?updates=off")
    page.clock.install()
    page.reload()
    page.clock.fast_forward("03:00:00")
    expect(page.locator("#g-9002")).to_have_attribute("data-state", "late")


@pytest.mark.parametrize(
    ("path", "size"),
    [("/wall/", (3840, 2160)), ("/wall/", (1920, 1080)), ("/en/wall/", (1920, 1080))],
)
def test_what_matters_is_read_from_five_metres(
    visit: Visit, path: str, size: tuple[int, int]
) -> None:
    width, height = size
    screen = {"width": width, "height": height}
    page = visit(f"{path}?updates=off", with_map=True, viewport=screen)
    needed = DISTANCE * tan(radians(ARC / 60)) / SCREEN * width / DIGIT
    sizes = page.evaluate(SIZES, FAR)
    assert len(sizes) > 20
    assert [one for one in sizes if one[0] < needed * 0.995] == [], needed
    # One screen: nothing has to be scrolled to, once the map has its place.
    page.wait_for_function(
        "height => document.documentElement.scrollHeight <= height", arg=height, timeout=10_000
    )
    page.wait_for_function(FITS, timeout=5_000)
    title = page.locator(".wall-bar__title").bounding_box()
    assert title is not None
    assert title["height"] < title["width"] / 3, "the title stands in one line"
    box = page.locator("#panel-sources").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= height + 1


def test_accessible_at_every_width_in_both_languages(visit: Visit, city: City) -> None:
    for path, widths in (("/wall/", (1280, 640, 390, 320)), ("/en/wall/?area=wide", (390,))):
        page = visit(path, with_map=True)
        accessible(page, widths)


def test_without_javascript_everything_is_there(visit: Visit, city: City) -> None:
    page = visit("/wall/", java_script_enabled=False)
    expect(page.locator("#gauge-rows")).to_contain_text("木太大橋")
    expect(page.locator("#panel-map .wall-plain")).to_be_visible()
    page.locator("#panel-gauges .panel-wall__large").click()
    expect(page).to_have_url(re.compile("panel=gauges"))
    expect(page.locator("#panel-rain")).to_be_hidden()
    page.locator("#pause").click()
    expect(page).to_have_url(re.compile("updates=off"))
    expect(page.locator(STATE)).to_contain_text("更新を止めています")


#: In the page: a stream and answers of our own, so that hours of updates pass in seconds.
ACCELERATED = """() => {
  window.EventSource = class {
    static OPEN = 1; static CLOSED = 2;
    constructor() { window.stream = this; this.readyState = 1; this.on = {}; }
    addEventListener(name, run) { (this.on[name] ??= []).push(run); }
    close() { this.readyState = 2; }
    emit(name, data) { for (const run of this.on[name] ?? []) run({ data: JSON.stringify(data) }); }
  };
  const through = window.fetch;
  let number = 0;
  window.fetch = async (url, options) => {
    const address = String(url);
    if (!/\\/wall\\/(rows|view)\\//.test(address)) return through(url, options);
    const key = address.includes("rows") ? "rows" : "view";
    window.kept ??= {};
    window.kept[key] ??= await (await through(url, options)).text();
    number += 1;
    const level = (number % 300 / 100).toFixed(2);
    const text = window.kept[key].replace(/data-level="[^"]*"/g, `data-level="${level}"`)
      .replace(/(<span class="number">)[\\d.]+/g, `$1${level}`)
      .replace(/data-rank="\\d/g, `data-rank="${number % 3}`);
    return new Response(text, { headers: { "Content-Type": "text/html" } });
  };
  window.drawn = 0;
  document.addEventListener("wall:view", () => (window.drawn += 1));
}"""
UPDATES = """async (count) => {
  const ids = ["9001", "9002", "9003", "9004"].map((code) => `urn:ngsi-ld:FloodMonitoring:${code}`);
  for (let n = 0; n < count; n += 1) {
    window.stream.emit("entity", { tenant: "default", type: "FloodMonitoring", id: ids[n % 4] });
    window.stream.emit("entity", { tenant: "default", type: "Alert", id: "urn:ngsi-ld:Alert:x" });
    window.tick(400);
    for (let turn = 0; turn < 12; turn += 1) await window.turn();
  }
}"""
#: Timers go by a clock that the test turns; what waits takes its turn by messages.
CLOCK = """() => {
  const { port1, port2 } = new MessageChannel();
  window.turn = () => new Promise((go) => { port1.onmessage = go; port2.postMessage(0); });
  const due = new Map(); let now = 0, last = 0;
  window.setTimeout = (run, pause = 0) => { due.set(++last, [now + pause, run]); return last; };
  window.clearTimeout = (id) => due.delete(id);
  window.tick = (span) => {
    now += span;
    for (const [id, [at, run]] of [...due]) if (at <= now && due.delete(id)) run();
  };
}"""


def test_memory_stays_flat_over_thousands_of_updates(visit: Visit, city: City) -> None:
    page = visit("/wall/?updates=off", tiles=False)
    page.add_init_script(f"({CLOCK})(); ({ACCELERATED})()")
    # The map draws by frames, not by updates; where WebGL is software it would measure that.
    page.route("**/wall-map-*.js", lambda route: route.abort())
    page.goto(city.base + "/wall/")
    page.wait_for_function("window.stream && window.stream.on.entity")
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def measured() -> dict[str, float]:
        # What one collection finds still held by something that is about to go, the next one takes.
        turns = []
        for _ in range(4):
            session.send("HeapProfiler.collectGarbage")
            metrics = session.send("Performance.getMetrics")["metrics"]
            turns.append({one["name"]: one["value"] for one in metrics})
            page.wait_for_timeout(50)
        kept = ("JSHeapUsedSize", "Nodes", "JSEventListeners")
        return {name: min(turn[name] for turn in turns) for name in kept}

    page.evaluate(UPDATES, 200)  # caches of the engine are filled
    before = measured()
    page.evaluate(UPDATES, 2_000)
    after = measured()
    print(f"2,000 updates: {before} -> {after}, drawn {page.evaluate('window.drawn')} times")
    assert page.evaluate("window.drawn") > 500
    assert page.evaluate("document.querySelectorAll('#gauge-rows > li').length") <= 10
    assert after["JSHeapUsedSize"] < before["JSHeapUsedSize"] * 1.1 + 300_000
    assert after["Nodes"] < before["Nodes"] * 1.05 + 50
    assert after["JSEventListeners"] <= before["JSEventListeners"] + 2
