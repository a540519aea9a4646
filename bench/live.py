"""From a reading's POST until it stands on the wall of a browser, under the demo's load."""

import statistics
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, sync_playwright

from bench import installation
from bench.load import LoadError
from bench.measures import CHROMIUM
from bench.table import Row

GAUGE = "urn:ngsi-ld:FloodMonitoring:live-bench"
#: What a reading may take until it is seen, in milliseconds (95 of 100).
TARGET = 500
_FLAGS = ["--headless=new", "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader"]
#: Notes when a level is first on the page: milliseconds since 1970, by its text.
_WATCH = """() => {
  window.seen = {};
  const look = () => {
    const level = document.getElementById("g-live-bench")?.dataset.level;
    if (level) window.seen[level] ??= Date.now();
  };
  new MutationObserver(look).observe(document.getElementById("panel-gauges"),
    { childList: true, subtree: true, attributes: true });
}"""


def live(runs: int) -> list[Row]:
    """Return the rows of the wall. runs: a fiftieth of the readings that are measured.

    The demo's storm goes on beside them: every gauge of three towns reports every five seconds.
    """
    if not Path(CHROMIUM).exists():
        raise LoadError(f"{CHROMIUM} is not installed")
    with installation.server(verb="demo") as server, sync_playwright() as playwright:
        base = server.base
        with httpx.Client(base_url=base, timeout=30) as client:
            _storm(client)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.goto(f"{base}/wall/")
        page.locator("#live-state").get_by_text("自動更新中").wait_for(timeout=30_000)
        delays = _measure(base, page, max(60, 50 * runs))
        browser.close()
    ordered = sorted(delays)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    return [
        Row("reading → wall in a browser, under the demo's load, p95", p95, "ms", TARGET),
        Row("reading → wall in a browser, p50", statistics.median(ordered), "ms"),
    ]


def _measure(base: str, page: Page, count: int) -> list[float]:
    """Return the milliseconds each of some readings took, a storm going on beside them."""
    page.evaluate(_WATCH)
    posted: dict[str, float] = {}
    with httpx.Client(base_url=base, timeout=30) as client:
        _write(client, 5.0)
        for number in range(count):
            level = 5.0 + (number + 1) / 100
            posted[f"{level:.2f}"] = time.time() * 1000
            _write(client, level)
            page.wait_for_timeout(300)
    page.wait_for_timeout(3_000)
    seen: dict[str, float] = page.evaluate("window.seen")
    # Two readings within a few hundred milliseconds may be one picture: the first is then not seen.
    return [seen[text] - at for text, at in posted.items() if text in seen]


def _write(client: httpx.Client, level: float) -> None:
    text = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    reading = {"type": "Property", "value": level, "unitCode": "MTR", "observedAt": text}
    entity: dict[str, Any] = {
        "id": GAUGE,
        "type": "FloodMonitoring",
        "stationID": {"type": "Property", "value": "live-bench"},
        "name": {"type": "Property", "value": "計測"},
        "alertLevel": {"type": "Property", "value": 1.0},
        "dangerLevel": {"type": "Property", "value": 2.0},
        "currentLevel": reading,
    }
    answer = client.post("/ngsi-ld/v1/entityOperations/upsert", json=[entity])
    if answer.status_code not in (201, 204):
        raise LoadError(f"the reading was refused: {answer.text}")


def _storm(client: httpx.Client) -> None:
    """Press the home page's storm button, once the simulator is there."""
    end = time.monotonic() + 60
    while 'action="/storm/"' not in (page := client.get("/").text):
        if time.monotonic() > end:
            raise LoadError("the demo has no simulator")
        time.sleep(0.5)
    token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    form = {"action": "start", "csrfmiddlewaretoken": token}
    headers = {"Referer": str(client.base_url), "Origin": str(client.base_url).rstrip("/")}
    answer = client.post("/storm/", data=form, headers=headers)
    if answer.status_code not in (200, 302):
        raise LoadError(f"no storm: {answer.status_code}")
