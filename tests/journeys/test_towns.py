"""A resident of Takamatsu sees Ayagawa's gauges as long as both towns agree, and no longer."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from playwright.sync_api import expect

from tamamo.context.broker import Broker, open_broker
from tamamo.context.model.entity import DEFAULT_VOCABULARY
from tamamo.kernel import time
from tamamo.kernel.database import transaction
from tamamo.kernel.identity import Actor, Grant, Role, system
from tamamo.kernel.settings import Settings
from tamamo.kernel.towns import MapView, Town
from tamamo.kernel.towns.agreement import Terms
from tests.conftest import running_server
from tests.journeys.conftest import GAUGES, Notes, _gauge, _page, level
from tests.journeys.looking import accessible
from tests.people import settle

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SOON = 15_000
KIND = DEFAULT_VOCABULARY + "FloodMonitoring"
OWNER = Actor("user:1", "", (Grant("a", "ayagawa", Role.APPROVER),))
READER = Actor("user:2", "", (Grant("b", "default", Role.APPROVER),))
#: The same code as one of Takamatsu's own.
SHARED = _gauge("9001", "綾川滝宮", "綾川町", [133.92, 34.25], 1.5)
ROW = '[id="g-ayagawa:9001"]'


@dataclass
class Towns:
    """Two towns on one server, and what a test has them agree on."""

    base: str
    settings: Settings

    def act(self, work: Callable[[Broker], Awaitable[Any]]) -> Any:
        """Do something in a process that is not the server's."""

        async def main() -> Any:
            async with open_broker(self.settings) as broker:
                return await work(broker)

        # The browser's own loop runs in this thread.
        with ThreadPoolExecutor(1) as threads:
            return threads.submit(lambda: asyncio.run(main())).result()

    def agree(self) -> UUID:
        """Have both approvers sign."""

        async def work(broker: Broker) -> UUID:
            terms = Terms("ayagawa", "default", frozenset({KIND}), frozenset({"read"}), time.now())
            async with transaction(broker.pool) as connection:
                await settle(connection, OWNER, READER)
            made = await broker.agreements.propose(OWNER, "ayagawa", terms)
            await broker.agreements.sign(OWNER, "ayagawa", made.id)
            await broker.agreements.sign(READER, "default", made.id)
            return made.id

        found: UUID = self.act(work)
        self.wait(shared=True)
        return found

    def wait(self, *, shared: bool) -> None:
        """Wait until the server has heard of it from the database."""
        end = monotonic() + 5
        while ("ayagawa:9001" in httpx.get(self.base).text) is not shared:
            assert monotonic() < end
            sleep(0.05)

    def revoke(self, agreement: UUID) -> None:
        """Have the owner end it."""
        self.act(lambda broker: broker.agreements.revoke(OWNER, "ayagawa", agreement, "over"))
        self.wait(shared=False)

    def set_level(self, value: float) -> None:
        """Report a new level of Ayagawa's gauge."""
        answer = httpx.post(
            f"{self.base}/ngsi-ld/v1/entities/{SHARED['id']}/attrs",
            json={"currentLevel": level(value)},
            headers={"NGSILD-Tenant": "ayagawa"},
        )
        assert answer.status_code == 204, answer.text


@pytest.fixture(scope="module")
def towns(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Towns]:
    home: Path = tmp_path_factory.mktemp("towns")
    settings = Settings(home=home, database_url=shared_database_url, open=True)
    with running_server(home, "--open", dsn=shared_database_url) as base:
        found = Towns(base, settings)
        place = MapView(133.93, 34.24, 11.0)
        titles = {"ja": "綾川町", "en": "Ayagawa"}
        town = Town("ayagawa", titles, "373877", map_view=place, public_types=frozenset({"*"}))
        found.act(lambda broker: broker.town_service.create(system("test"), town))
        for gauges, headers in ((GAUGES, {}), ([SHARED], {"NGSILD-Tenant": "ayagawa"})):
            answer = httpx.post(
                f"{base}/ngsi-ld/v1/entityOperations/upsert", json=gauges, headers=headers
            )
            assert answer.status_code == 201, answer.text
        yield found


@pytest.fixture
def page(browser: "Browser", request: pytest.FixtureRequest) -> "Iterator[Page]":
    notes = Notes()
    with _page(browser, notes, False, {"with_map": getattr(request, "param", False)}) as opened:
        yield opened
    assert notes.errors == []
    assert notes.refused == []


def test_shared_gauges_appear_move_and_go_with_the_agreement(page: "Page", towns: Towns) -> None:
    page.goto(towns.base)
    expect(page.locator("#live-state")).to_have_text("自動更新中", timeout=SOON)
    expect(page.locator(ROW)).to_have_count(0)
    agreement = towns.agree()
    # The page that is open learns of it by itself.
    expect(page.locator(ROW)).to_contain_text("綾川町提供", timeout=SOON)
    expect(page.locator("#g-9001")).not_to_contain_text("綾川町提供")
    expect(page.locator("#now .alarm", has_text="綾川滝宮")).to_contain_text("綾川町提供")
    towns.set_level(1.77)
    expect(page.locator(f"{ROW} .row-level")).to_have_text("1.77", timeout=SOON)
    page.locator(f"{ROW} a.row-link").click()
    expect(page.locator("#detail")).to_contain_text("データ連携協定により綾川町から提供")
    expect(page).to_have_url(re.compile(r"gauge=ayagawa:9001|gauge=ayagawa%3A9001"))
    listed = httpx.get(f"{towns.base}/gauges.json").json()["items"]
    assert [item["owner_label"] for item in listed if item["owner"]] == ["綾川町提供"]
    towns.revoke(agreement)
    expect(page.locator(ROW)).to_have_count(0, timeout=SOON)
    expect(page.locator("#g-9001")).to_be_visible()
    assert httpx.get(f"{towns.base}/gauges/ayagawa:9001/").status_code == 404
    assert "綾川" not in httpx.get(f"{towns.base}/gauges.csv").text
    assert "綾川" not in httpx.get(towns.base).text.split("<footer")[0]


def test_a_shared_gauge_says_whose_it_is_in_english_and_at_every_width(
    page: "Page", towns: Towns
) -> None:
    agreement = towns.agree()
    for path in ("/en/?gauge=ayagawa:9001", "/en/gauges/ayagawa:9001/"):
        page.goto(towns.base + path)
        expect(page.locator("#detail")).to_contain_text("Provided by Ayagawa")
        accessible(page)
    towns.revoke(agreement)


@pytest.mark.parametrize("page", [True], indirect=True, ids=["with_map"])
def test_each_town_has_its_pages_and_leads_to_the_others(page: "Page", towns: Towns) -> None:
    page.goto(f"{towns.base}/t/ayagawa/")
    expect(page.get_by_role("heading", level=1)).to_have_text("いまの綾川町")
    expect(page.locator("#g-9001")).to_contain_text("綾川滝宮")
    expect(page.locator("tr[data-station]")).to_have_count(1)
    expect(page.locator("#live-state")).to_have_text("自動更新中", timeout=SOON)
    towns.set_level(1.33)
    expect(page.locator("#g-9001 .row-level")).to_have_text("1.33", timeout=SOON)
    expect(page.locator("#map")).to_have_attribute("data-idle", "true", timeout=60_000)
    page.locator("#languages a").click()
    expect(page).to_have_url(f"{towns.base}/t/ayagawa/en/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ayagawa now")
    page.get_by_role("link", name="Open data").first.click()
    expect(page).to_have_url(f"{towns.base}/t/ayagawa/en/data/")
    page.get_by_role("navigation", name="Towns of this platform").get_by_role(
        "link", name="Takamatsu"
    ).click()
    expect(page).to_have_url(f"{towns.base}/en/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Takamatsu now")


def test_the_pages_of_a_town_fit_every_width(page: "Page", towns: Towns) -> None:
    page.goto(f"{towns.base}/t/ayagawa/")
    accessible(page)


def test_without_javascript_all_of_it_is_there(browser: "Browser", towns: Towns) -> None:
    agreement = towns.agree()
    with _page(browser, Notes(), False, {"java_script_enabled": False}) as plain:
        plain.goto(towns.base)
        expect(plain.locator(ROW)).to_contain_text("綾川町提供")
        plain.goto(f"{towns.base}/t/ayagawa/")
        expect(plain.get_by_role("heading", level=1)).to_have_text("いまの綾川町")
    towns.revoke(agreement)


@pytest.mark.parametrize(
    ("path", "status", "leads_to"),
    [
        ("/t/nowhere/", 404, None),
        ("/t/ayagawa/plan/", 302, "/plan/"),
        ("/t/ayagawa/en/plan/?q=1", 302, "/en/plan/?q=1"),
        ("/t/default/", 302, "/"),
        ("/t/ayagawa/storm/", 405, None),
        ("/t/ayagawa/gauges/9002/", 404, None),
    ],
)
def test_addresses_of_towns(towns: Towns, path: str, status: int, leads_to: str | None) -> None:
    answer = httpx.get(towns.base + path)
    assert (answer.status_code, answer.headers.get("Location")) == (status, leads_to)
