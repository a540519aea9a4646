"""What is measured: each function returns rows of the table."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from playwright.sync_api import sync_playwright

from bench import installation
from bench.installation import Server
from bench.table import Row

_SHELL = "/usr/bin/chromium-headless-shell"
CHROMIUM = _SHELL if Path(_SHELL).exists() else "/usr/bin/chromium"
SUMMARY = "89 gauges, 5,488 observations stored, 392 repeats, 0 rejected"


def median(runs: int, measure: Callable[[], float]) -> float:
    """Return the median of several runs."""
    return statistics.median(measure() for _ in range(runs))


def replay(recording: Path, runs: int) -> list[Row]:
    """Replay 5,880 rows at speed 0 into an empty home, the making of the database included."""

    def once() -> float:
        with installation.home() as folder:
            began = time.perf_counter()
            out = installation.verb(folder, "replay", "river", str(recording), "--speed", "0")
            if out.strip() != SUMMARY:
                raise SystemExit(f"The replay said: {out}")
            return time.perf_counter() - began

    return [Row("replay of 5,880 rows, empty home", median(runs, once), "s", 5)]


def idle(server: Server, seconds: float) -> list[Row]:
    """Memory of everything while nothing is asked."""
    time.sleep(seconds)
    parts = server.resident()
    rows = [Row(f"idle memory, {name}", value, "MB") for name, value in parts.items()]
    return [Row("idle memory, everything (PSS)", sum(parts.values()), "MB", 300), *rows]


def home_page(server: Server, runs: int) -> list[Row]:
    """Time until the server has drawn the whole first page, and what a visit carries."""
    with httpx.Client(headers={"Accept-Encoding": "gzip", "Accept-Language": "ja"}) as client:

        def once() -> float:
            began = time.perf_counter()
            client.get(f"{server.base}/").raise_for_status()
            return (time.perf_counter() - began) * 1000

        once()
        rows = [Row("home page, drawn by the server", median(max(runs, 15), once), "ms", 100)]
        with client.stream("GET", f"{server.base}/") as response:
            document = sum(len(chunk) for chunk in response.iter_raw())
    rows.append(Row("home page, the document alone, gz", document / 1000, "KB"))
    weight = _visit(f"{server.base}/")
    if weight is not None:
        rows.append(Row("home page with the map, gz", weight / 1000, "KB", 700))
    return rows


def _visit(url: str) -> float | None:
    """Return the bytes a browser receives for a first visit; None without a browser."""
    if not Path(CHROMIUM).exists():
        return None
    flags = ["--headless=new", "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader"]
    flags.append("--enable-unsafe-swiftshader")
    received: list[float] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on(
            "Network.loadingFinished", lambda event: received.append(event["encodedDataLength"])
        )
        page.goto(url)
        # The map and what scrolls into view load after the page; the event stream stays open, so
        # "network idle" never comes.
        page.wait_for_timeout(8000)
        browser.close()
    return sum(received)
