"""Each page of the console at each width: accessible, nothing wider than the screen; without JS."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.journeys.console import Open, Server, console, server
from tests.journeys.test_every_width import FITS

__all__ = ["console", "server"]

PATHS = [
    "", "feeds/", "feeds/default/river/", "feeds/default/river/records/1/", "devices/",
    "feeds/default/river_levels/switch/",
    "notifications/", "notifications/default/1/", "jobs/", "jobs/default/1/", "tenants/",
    "tenants/of/default/", "tenants/new/", "tenants/ayagawa/suspend/", "users/", "users/1/",
    "users/new/", "roles/user:1/new/", "keys/", "keys/devices/new/", "keys/clients/new/",
    "agreements/", "audit/", "audit/?since=yesterday", "backup/", "database/", "system/",
    "notifications/default/1/drop/",
]  # fmt: skip
BIG_ENOUGH = """() => [...document.querySelectorAll(
  'button, select, input:not([type=hidden]):not([type=checkbox]), textarea, .console-menu a,'
  + ' .language-selector a, .tabs a, .check, .button')]
  .filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 44)
  .map(e => e.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("prefix", ["", "/en"])
def test_accessible_and_no_wider_than_the_screen(
    console: Open, server: Server, path: str, prefix: str
) -> None:
    page = console(path, prefix=prefix)
    for width in (1280, 640, 390, 320):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(FITS, timeout=5_000)
        assert page.evaluate(BIG_ENOUGH) == [], width
        # What differs in English is the words, and what differs at 1280 the order of the columns.
        if width == (1280 if prefix else 390):
            found = Axe().run(page).response["violations"]
            assert [(v["id"], v["nodes"][0]["html"]) for v in found] == [], width


def test_everything_is_done_without_javascript(console: Open, server: Server) -> None:
    page = console("tenants/ayagawa/suspend/", prefix="/en", java_script_enabled=False)
    page.locator("main form button").click()
    expect(page.locator("#e-reason")).to_be_visible()
    page.fill("[name=reason]", "a trial")
    page.locator("main form button").click()
    expect(page.locator("#done")).to_contain_text("suspended")
    page.locator("#done").get_by_role("button", name="Undo").click()
    expect(page.locator("#done")).to_contain_text("goes on")
    expect(page.locator("#live-bar")).to_have_count(0)
    page.goto(f"{server.base}/en/console/feeds/")
    expect(page.locator("#live-bar")).to_be_hidden()
    expect(page.locator("#live tbody tr")).to_have_count(2)


def test_a_form_that_is_wrong_answers_422(console: Open, server: Server) -> None:
    page = console("keys/devices/new/", prefix="/en")
    page.fill("[name=name]", "<script>alert(1)</script>")
    with page.expect_navigation() as answer:
        page.locator("main form button").click()
    assert answer.value.status == 422
    expect(page.locator("[name=name]")).to_have_value("<script>alert(1)</script>")
