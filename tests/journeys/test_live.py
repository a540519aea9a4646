"""The page moves while it is open, can be stopped, and says when the line is broken."""

import re
import time
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.journeys.conftest import City, Visit

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

SOON = 15_000
ROSE, FELL = "木太大橋の水位が上がりました", "木太大橋の水位が下がりました"


def _connected(page: "Page") -> None:
    expect(page.locator("#live-state")).to_have_text("自動更新中", timeout=SOON)


def test_a_new_level_appears_without_a_reload(visit: Visit, city: City) -> None:
    page = visit("/?gauge=9001")
    _connected(page)
    expect(page.locator("#g-9001 .row-level")).to_have_text("0.50")
    city.set_level("9001", 0.77)
    expect(page.locator("#g-9001 .row-level")).to_have_text("0.77", timeout=SOON)
    expect(page.locator("#detail .reading__value")).to_contain_text("0.77")
    expect(page.locator("#announce-polite")).to_have_text("")


def test_card_and_row_of_a_gauge_say_the_same(visit: Visit, city: City) -> None:
    page = visit("/")
    _connected(page)
    card = page.locator("#now .alarm", has_text="長者北橋")
    expect(card.locator(".alarm__value")).to_contain_text("1.50")
    card.get_by_role("link").focus()
    city.set_level("9002", 1.55)
    expect(page.locator("#g-9002 .row-level")).to_have_text("1.55", timeout=SOON)
    expect(card.locator(".alarm__value")).to_contain_text("1.55", timeout=1_000)
    expect(card.locator(".alarm__margin")).to_have_text("氾濫開始水位まで 0.35 m")
    expect(card.get_by_role("link")).to_be_focused()


def test_a_change_of_level_is_announced_and_comes_to_the_top(visit: Visit, city: City) -> None:
    page = visit("/")
    _connected(page)
    city.set_level("9001", 2.5)
    expect(page.locator("#announce-now")).to_contain_text(
        "木太大橋の水位が上がりました", timeout=SOON
    )
    expect(page.locator(".alarm__name").first).to_contain_text("木太大橋", timeout=SOON)
    expect(page.locator("#gauge-rows tr").first).to_contain_text("木太大橋")
    city.set_level("9001", 0.5)
    expect(page.locator("#announce-polite")).to_contain_text(
        "木太大橋の水位が下がりました", timeout=SOON
    )
    expect(page.locator(".alarm")).to_have_count(2, timeout=SOON)


def test_what_the_reader_does_survives_a_refresh(visit: Visit, city: City) -> None:
    page = visit("/?gauge=9002")
    _connected(page)
    page.locator("#detail summary").scroll_into_view_if_needed()
    expect(page.locator("#chart svg")).to_be_visible(timeout=20_000)
    page.locator("#detail summary").click()
    search = page.get_by_label("観測所・河川の名前")
    search.press_sequentially("木太")
    city.set_level("9001", 2.5)
    expect(page.locator(".alarm__name").first).to_contain_text("木太大橋", timeout=SOON)
    expect(search).to_have_value("木太")
    expect(search).to_be_focused()
    expect(page.locator(".series table")).to_be_visible()
    expect(page.locator("#chart svg")).to_be_visible()


def test_a_gauge_that_is_filtered_away_still_raises_the_alarm(visit: Visit, city: City) -> None:
    page = visit("/?town=三木町")
    _connected(page)
    expect(page.locator("#gauge-rows tr")).to_have_count(1)
    city.set_level("9001", 2.5)
    expect(page.locator("#announce-now")).to_contain_text(ROSE, timeout=SOON)
    expect(page.locator(".alarm__name").first).to_contain_text("木太大橋", timeout=SOON)
    expect(page.locator("#gauge-rows tr")).to_have_count(1)


def test_an_alarm_that_the_view_shows_before_its_row_is_said(visit: Visit, city: City) -> None:
    """An alert has the whole view fetched; a gauge that is filtered away has no row in it."""
    page = visit("/?town=三木町")
    _connected(page)
    expect(page.locator("#gauge-rows tr")).to_have_count(1)
    held: list[Route] = []
    # playwright marks its handlers: a built-in method cannot be marked
    page.route("**/rows/?*", lambda route: held.append(route))  # noqa: PLW0108
    city.set_level("9001", 2.5)
    while not held:
        page.wait_for_timeout(50)
    page.evaluate("document.dispatchEvent(new CustomEvent('city:refresh'))")
    expect(page.locator(".alarm__name").first).to_contain_text("木太大橋", timeout=SOON)
    page.route("**/rows/?*", lambda route: route.continue_())
    for route in held:
        route.continue_()
    expect(page.locator("#announce-now")).to_contain_text(ROSE, timeout=5_000)


def test_stop_holds_the_page_still_and_resume_catches_up(visit: Visit, city: City) -> None:
    page = visit("/")
    _connected(page)
    page.get_by_role("button", name="更新を止める").click()
    expect(page.locator("#live-state")).to_have_text(
        re.compile(r"更新を止めています（\d\d:\d\d時点）")
    )
    city.set_level("9001", 0.81)
    time.sleep(3)
    expect(page.locator("#g-9001 .row-level")).to_have_text("0.50")
    page.get_by_role("button", name="更新を再開する").click()
    expect(page.locator("#g-9001 .row-level")).to_have_text("0.81", timeout=SOON)


def test_a_lost_connection_is_said_within_30_seconds_and_mended(visit: Visit, city: City) -> None:
    page = visit("/")
    _connected(page)
    page.context.set_offline(True)
    expect(page.locator("#live-state")).to_have_text(
        re.compile(r"更新が止まっています（\d\d:\d\d時点）"), timeout=30_000
    )
    city.set_level("9001", 0.66)
    page.context.set_offline(False)
    _connected(page)
    expect(page.locator("#g-9001 .row-level")).to_have_text("0.66", timeout=SOON)


def test_a_failing_server_does_not_empty_the_page(visit: Visit, city: City) -> None:
    page = visit("/")
    _connected(page)
    page.context.route("**/?town=*", lambda route: route.fulfill(status=503, body="<h1>503</h1>"))
    page.get_by_label("市町").select_option("高松市")
    expect(page.locator("#live-state")).to_contain_text("更新が止まっています")
    expect(page.locator("#gauge-rows tr")).to_have_count(4)
    page.context.unroute("**/?town=*")
    _connected(page)


def test_rows_alone_do_not_pass_for_a_page_up_to_date(visit: Visit, city: City) -> None:
    page = visit("/")
    _connected(page)
    page.context.route(f"{city.base}/", lambda route: route.fulfill(status=500, body="500"))
    city.set_level("9001", 1.6)
    expect(page.locator("#live-state")).to_contain_text("更新が止まっています", timeout=SOON)
    city.set_level("9001", 1.7)
    expect(page.locator("#g-9001 .row-level")).to_have_text("1.70", timeout=SOON)
    time.sleep(2)
    expect(page.locator("#live-state")).to_contain_text("更新が止まっています")
    page.context.unroute(f"{city.base}/")
    _connected(page)
    expect(page.locator("#now")).to_contain_text("木太大橋")


def test_ages_are_drawn_anew_and_readings_become_late(visit: Visit) -> None:
    page = visit("/")
    _connected(page)
    page.get_by_role("button", name="更新を止める").click()
    page.clock.install()
    page.reload()
    page.get_by_role("button", name="更新を止める").click()
    page.clock.fast_forward("05:00")
    expect(page.locator("#g-9002 [data-age]")).to_have_text("5分前")
    page.clock.fast_forward("02:00:00")
    expect(page.locator("#g-9002")).to_have_attribute("data-state", "late")
    expect(page.locator("#g-9002 .badges")).to_contain_text("遅延")


def test_a_storm_is_started_and_stopped_from_the_page(visit: Visit, city: City) -> None:
    import httpx

    url = f"{city.base}/ngsi-ld/v1/entities"
    storm = {"type": "Property", "value": {"startedAt": None, "peakHours": 2}}
    entity = {"id": "urn:ngsi-ld:Simulation:city", "type": "Simulation", "storm": storm}
    assert httpx.post(url, json=entity).status_code == 201
    try:
        page = visit("/en/?town=高松市", java_script_enabled=False)
        expect(page.locator("#simulated")).to_be_visible()
        page.get_by_role("button", name="Start a storm").click()
        expect(page.get_by_role("button", name="Stop the storm")).to_be_visible()
        expect(page.locator("#gauge-rows tr")).to_have_count(2)
        asked = httpx.get(f"{url}/{entity['id']}?options=keyValues").json()["storm"]
        assert asked["startedAt"]
        assert asked["peakHours"] == 2
        page.get_by_role("button", name="Stop the storm").click()
        expect(page.get_by_role("button", name="Start a storm")).to_be_visible()
        asked = httpx.get(f"{url}/{entity['id']}?options=keyValues").json()["storm"]
        assert asked["startedAt"] is None
    finally:
        httpx.delete(f"{url}/{entity['id']}")
