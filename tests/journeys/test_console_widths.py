"""Each page of the console at each width: accessible, nothing wider than the screen; without JS."""

import pytest
from playwright.sync_api import expect

from tests.journeys.console import Open, Server, console, server
from tests.journeys.looking import accessible, fits

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


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_accessible_and_no_wider_than_the_screen(
    console: Open, server: Server, prefix: str
) -> None:
    page = console("", prefix=prefix, viewport={"width": 390 if prefix else 1280, "height": 900})
    for path in PATHS:
        page.goto(f"{server.base}{prefix}/console/{path}")
        # What differs in English is the words: it is asked whether they fit.
        if prefix:
            fits(page, (640, 320))
        else:
            accessible(page)


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
