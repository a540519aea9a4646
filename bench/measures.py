"""What is measured: each function returns rows of the table."""

import contextlib
import json
import os
import re
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx
from playwright.sync_api import sync_playwright

from bench import installation, load
from bench.installation import Server

CHROMIUM = "/usr/bin/chromium"
SUMMARY = "89 gauges, 5,488 observations stored, 392 repeats, 0 rejected"
_BATCH, _BATCHES, _CONNECTIONS = 1_000, 20, 4


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. better: "low" or "high"; target None where it is only for information."""

    name: str
    value: float
    unit: str
    target: float | None = None
    better: str = "low"

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        return self.value <= self.target if self.better == "low" else self.value >= self.target


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


def reading(server: Server, runs: int) -> list[Row]:
    """GET of one entity against a bare route of the same server process, in turns."""
    entity = quote(str(_entity(0)["id"]), safe=":")
    one, bare = f"{server.base}/ngsi-ld/v1/entities/{entity}", f"{server.base}/healthz"
    _upsert(server, [[_entity(0)]])
    load.get_rate(one, seconds=1)
    pairs = [(load.get_rate(bare), load.get_rate(one)) for _ in range(runs)]
    ratio = statistics.median(single / hello for hello, single in pairs)
    return [
        Row("GET one entity / bare route", ratio, "", 0.25, "high"),
        Row("GET one entity", statistics.median(p[1] for p in pairs), "/s", None, "high"),
        Row("GET /healthz, the bare route", statistics.median(p[0] for p in pairs), "/s"),
    ]


def batches(server: Server, runs: int) -> list[Row]:
    """Batch upsert over HTTP: first creating, then changing the same entities."""
    total = _BATCH * _BATCHES
    rates: dict[str, list[float]] = {"new": [], "changed": []}
    costs: dict[str, list[float]] = {"new": [], "changed": []}
    for run in range(runs):
        for kind, level in (("new", 0.0), ("changed", 1.0)):
            entities = [_entity(run * total + n, level) for n in range(total)]
            groups = [entities[n : n + _BATCH] for n in range(0, total, _BATCH)]
            before = server.processor_seconds()
            rates[kind].append(total / _upsert(server, groups))
            costs[kind].append((server.processor_seconds() - before) / total * 1e6)
    return [
        row
        for kind in rates
        for row in (
            Row(f"batch upsert, {kind}", statistics.median(rates[kind]), "/s", 10_000, "high"),
            Row(f"  processor time each, {kind}", statistics.median(costs[kind]), "µs"),
        )
    ]


def _upsert(server: Server, groups: Sequence[Sequence[object]]) -> float:
    bodies = [json.dumps(group).encode() for group in groups]
    path = "/ngsi-ld/v1/entityOperations/upsert"
    return load.post_all("127.0.0.1", server.port, path, bodies, _CONNECTIONS)


def _entity(number: int, level: float = 0.0) -> dict[str, object]:
    """Return a gauge as devices send it: three attributes and a place."""
    point = {"type": "Point", "coordinates": [134 + number % 997 / 10_000, 34.3]}
    return {
        "id": f"urn:ngsi-ld:Bench:{number:07}",
        "type": "Bench",
        "name": {"type": "Property", "value": f"水位計 {number}"},
        "location": {"type": "GeoProperty", "value": point},
        "currentLevel": {
            "type": "Property",
            "value": level + number % 100 / 100,
            "unitCode": "MTR",
            "observedAt": f"2026-06-26T{int(level):02}:00:00Z",
        },
    }


def machine() -> dict[str, str]:
    """Return what the figures were measured on."""
    processor = "unknown"
    with contextlib.suppress(OSError):
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
        processor = found[1] if found else processor
    cores = len(os.sched_getaffinity(0))
    others = os.getloadavg()[0]
    return {
        "processor": processor,
        "cores": str(cores),
        "load average before": f"{others:.1f}",
        "load made by": load.tool(),
    }
