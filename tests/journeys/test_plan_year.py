"""An owner confirms, the head approves, a citizen reads: in Japanese, then in English.

The same year of two projects; the second without JavaScript.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Notes, _page
from tests.journeys.looking import accessible
from tests.plan.year.office import Office, open_office

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SHEET = "/staff/default/plan/maternal_handbook/2025/"
PUBLIC = "/plan/maternal_handbook/"
#: One width a page: the narrowest one.
NARROW = (320,)


@pytest.fixture(scope="module")
def office(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_office(cluster_dsn, tmp_path_factory.mktemp("plan-journey")) as opened:
        yield opened


def sign_in(page: "Page", office: Office, login: str) -> None:
    """Somebody comes back who signed in before; how one signs in is tried elsewhere."""
    jar = office.people[login].cookies
    page.context.add_cookies([{"name": n, "value": v, "url": office.base} for n, v in jar.items()])


def test_owner_head_citizen(browser: "Browser", office: Office) -> None:
    notes = Notes()
    with _page(browser, notes, False, {"locale": "ja-JP"}) as page:
        sign_in(page, office, "owner")
        page.goto(f"{office.base}/staff/default/plan/?year=2025")
        accessible(page, NARROW)
        page.locator("tbody a.row-link").click()
        expect(page.get_by_text("5,967人")).to_be_visible()  # the year before stands beside it
        page.get_by_label("この年度の値").fill("七千")
        page.get_by_label("この年度に行ったこと").fill("対象を未就学児まで広げた。")
        page.get_by_role("button", name="保存").click()
        expect(page.locator("#error-summary")).to_be_focused()
        accessible(page, NARROW)
        page.get_by_label("この年度の値").fill("7120")
        page.get_by_label("出典（どこの値か）").fill("管理画面")
        page.get_by_role("button", name="保存").click()
        page.get_by_role("button", name="確認して承認者に送る").click()
        expect(page.locator("#done")).to_contain_text("承認を待っています")
        page.get_by_label("何を示すか").fill("集計表")
        page.get_by_label("リンク", exact=True).fill("https://example.jp/table")
        page.get_by_role("button", name="付ける").click()
        expect(page.get_by_role("link", name="集計表")).to_be_visible()
    with _page(browser, notes, False, {"locale": "ja-JP"}) as page:
        sign_in(page, office, "head")
        page.goto(f"{office.base}/staff/default/plan/?year=2025&show=confirmed")
        page.locator("tbody a.row-link").click()
        expect(page.get_by_role("heading", name="確認済み・承認待ち")).to_be_visible()
        accessible(page, NARROW)
        page.get_by_role("button", name="承認して公開").click()
        expect(page.locator("#done")).to_contain_text("公開されています")
    with _page(browser, notes, False, {"locale": "ja-JP"}) as page:
        page.goto(f"{office.base}/plan/")
        page.get_by_label("状態").select_option(label="目標達成")
        page.get_by_role("button", name="絞り込む").click()
        card = page.locator("#maternal_handbook")
        expect(card).to_contain_text("7,120人")
        expect(card).to_contain_text("1,153人増")
        accessible(page, NARROW)
        card.locator("dt a").click()
        expect(page.get_by_text("讃岐 課長").first).to_be_visible()
        accessible(page, NARROW)
        page.goto(f"{office.base}{PUBLIC}")
        expect(page.locator("#years + .table-frame tbody")).to_contain_text("7,120人")
        expect(page.get_by_text("対象を未就学児まで広げた。")).to_be_visible()
        expect(page.get_by_role("link", name="集計表")).to_be_visible()
        accessible(page, NARROW)
    assert notes.errors == [] and notes.refused == []


def test_in_english_without_javascript(browser: "Browser", office: Office) -> None:
    notes = Notes()
    plain = {"java_script_enabled": False, "locale": "en-GB"}
    with _page(browser, notes, False, dict(plain)) as page:
        sign_in(page, office, "all")
        page.goto(f"{office.base}/en/staff/default/plan/council/2025/")
        page.get_by_label("Value of the year").first.fill("12")
        page.get_by_label("Where it comes from").first.fill("Minutes")
        page.get_by_label("What was decided").select_option(label="Not taken forward")
        page.get_by_role("button", name="Keep").click()
        expect(page.locator("#error-summary")).to_contain_text("Write the text")
        page.get_by_label("Reasons of the decision").fill("費用が見合わない。")
        page.get_by_role("button", name="Keep").click()
        page.get_by_role("button", name="Confirm and send to the head").click()
        expect(page.locator("#done")).to_contain_text("It waits for the head now")
    office.one("update role_grant set unit = null where role = 'approver' returning 1")
    with _page(browser, notes, False, dict(plain)) as page:
        sign_in(page, office, "head")
        page.goto(f"{office.base}/en/staff/default/plan/council/2025/")
        page.get_by_role("button", name="Send back").click()
        expect(page.locator("#error-summary")).to_contain_text("Say why")
        page.get_by_role("button", name="Approve and make public").click()
        expect(page.locator("#done")).to_contain_text("Everybody can read it")
    with _page(browser, notes, False, {"locale": "en-GB"}) as page:
        page.goto(f"{office.base}/en/plan/?year=2025&chapter=3")
        expect(page.locator("#council")).to_contain_text("12 meetings")
        expect(page.locator("#council")).to_contain_text("6 meetings more than in FY2020")
        accessible(page, NARROW)
        page.goto(f"{office.base}/en/plan/council/study_meetings/about/")
        expect(page.get_by_text("讃岐 課長").first).to_be_visible()
        accessible(page, NARROW)
        sign_in(page, office, "all")
        for path in ("plan/?show=all", "plan/council/2025/", "plan/import/"):
            page.goto(f"{office.base}/en/staff/default/{path}")
            accessible(page, NARROW)
    assert notes.errors == [] and notes.refused == []
