"""A city with known gauges on a real server, and pages that note what goes wrong in them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TILES = "https://cyberjapandata.gsi.go.jp/**"
Visit = Callable[..., Any]


def level(value: float, observed_at: datetime | None = None) -> dict[str, Any]:
    """A currentLevel as the broker's API takes it."""
    moment = observed_at or datetime.now(UTC)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"type": "Property", "value": value, "unitCode": "MTR", "observedAt": text}


def _gauge(code: str, name: str, town: str, place: list[float], value: float | None) -> Any:
    def metres(limit: float) -> dict[str, Any]:
        return {"type": "Property", "value": limit, "unitCode": "MTR"}

    def words(text: str) -> dict[str, Any]:
        return {"type": "Property", "value": text}

    entity = {
        "id": f"urn:ngsi-ld:FloodMonitoring:{code}",
        "type": "FloodMonitoring",
        "stationID": words(code),
        "name": words(name),
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": place}},
        "address": {"type": "Property", "value": {"addressLocality": town}},
        "observationStartLevel": metres(0.9),
        "alertLevel": metres(1.4),
        "dangerLevel": metres(1.9),
        "dataProvider": words("試験用の提供者"),
    }
    if value is not None:
        entity["currentLevel"] = level(value)
    return entity


GAUGES = [
    _gauge("9001", "木太大橋", "高松市", [134.0756, 34.3239], 0.5),
    _gauge("9002", "長者北橋", "高松市", [134.1289, 34.3828], 1.5),
    _gauge("9003", "牛堂", "宇多津町", [133.8323, 34.2930], 2.1),
    _gauge("9004", "鍛冶", "三木町", [134.1428, 34.2533], None),
]


@dataclass
class City:
    """The server and what a test does to its gauges."""

    base: str

    def set_level(self, code: str, value: float) -> None:
        """Report a new level, as a feed does."""
        url = f"{self.base}/ngsi-ld/v1/entities/urn:ngsi-ld:FloodMonitoring:{code}/attrs"
        answer = httpx.post(url, json={"currentLevel": level(value)})
        assert answer.status_code == 204, answer.text

    def reset(self) -> None:
        """Put every gauge back to its first level."""
        url = f"{self.base}/ngsi-ld/v1/entityOperations/upsert"
        for gauge in GAUGES:
            if "currentLevel" in gauge:
                gauge["currentLevel"] = level(gauge["currentLevel"]["value"])
        answer = httpx.post(url, json=GAUGES)
        assert answer.status_code in (201, 204), answer.text


@pytest.fixture(scope="module")
def _seeded(server: str) -> City:
    city = City(server)
    city.reset()
    hours = datetime.now(UTC) - timedelta(hours=30)
    url = f"{server}/ngsi-ld/v1/temporal/entities/{GAUGES[1]['id']}/attrs"
    points = [level(0.8 + n / 50, hours + n * timedelta(minutes=30)) for n in range(20)]
    answer = httpx.post(url, json={"currentLevel": points})
    assert answer.status_code == 204, answer.text
    return city


@pytest.fixture
def city(_seeded: City) -> City:
    """The city, every gauge at its first level."""
    _seeded.reset()
    return _seeded


@dataclass
class Notes:
    """What a page complained about."""

    errors: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@contextmanager
def _page(
    browser: "Browser", notes: Notes, tiles: bool, options: dict[str, Any]
) -> "Iterator[Page]":
    with_map = options.pop("with_map", False)
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    if not with_map:  # drawing it by software takes most of a page's time
        context.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    if not tiles:
        context.route(TILES, lambda route: route.abort())
    page = context.new_page()
    page.on("pageerror", lambda error: notes.errors.append(str(error)))
    page.on(
        "console",
        lambda message: (
            notes.refused.append(message.text)
            if "Content Security Policy" in message.text
            else None
        ),
    )
    yield page
    context.close()


@pytest.fixture
def visit(browser: "Browser", city: City) -> Iterator[Visit]:
    """Open a page of the city; at the end no script may have failed, nothing been refused.

    with_map: draw its map; without, the list stands alone, as in a browser that has no WebGL.
    """
    notes = Notes()
    opened = []

    def open_page(path: str, *, tiles: bool = False, **options: Any) -> "Page":
        manager = _page(browser, notes, tiles, options)
        page = manager.__enter__()
        opened.append(manager)
        page.goto(city.base + path)
        return page

    yield open_page
    for manager in opened:
        manager.__exit__(None, None, None)
    assert notes.errors == []
    assert notes.refused == []
