"""The view in the address: filter, selection, Back, languages; with and without JavaScript."""

import re

from playwright.sync_api import expect

from tests.journeys.conftest import Visit

TOWN = "%E9%AB%98%E6%9D%BE%E5%B8%82"


def test_a_filter_goes_into_the_address_and_back_takes_it_out(visit: Visit) -> None:
    page = visit("/")
    expect(page.locator("#gauge-rows tr")).to_have_count(4)
    page.get_by_label("市町").select_option("高松市")
    expect(page.locator("#gauge-rows tr")).to_have_count(2)
    expect(page).to_have_url(re.compile(rf"/\?town={TOWN}$"))
    page.go_back()
    expect(page.locator("#gauge-rows tr")).to_have_count(4)
    expect(page.get_by_label("市町")).to_have_value("")
    page.go_forward()
    expect(page.locator("#gauge-rows tr")).to_have_count(2)


def test_a_gauge_is_selected_shown_with_its_chart_and_closed(visit: Visit) -> None:
    page = visit("/")
    page.locator("#g-9002 a.row-link").click()
    expect(page.locator("#detail h2")).to_have_text("長者北橋")
    expect(page).to_have_url(re.compile(r"\?gauge=9002(#detail)?$"))
    chart = page.locator("#chart svg")
    expect(chart).to_be_visible(timeout=20_000)
    expect(chart.locator("text", has_text="氾濫開始水位").first).to_be_visible()
    page.get_by_role("link", name="閉じる").click()
    expect(page.locator("#detail")).to_have_count(0)
    page.go_back()
    expect(page.locator("#detail h2")).to_have_text("長者北橋")


def test_the_keyboard_keeps_its_place(visit: Visit) -> None:
    page = visit("/")
    town = page.get_by_label("市町")
    town.focus()
    town.select_option("高松市")
    expect(page.locator("#gauge-rows tr")).to_have_count(2)
    expect(page.get_by_label("市町")).to_be_focused()
    page.locator("#g-9002 a.row-link").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#detail")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#detail")).to_have_count(0)
    page.goto(page.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="本文へ移動")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_the_other_language_shows_the_same_view(visit: Visit) -> None:
    page = visit("/")
    page.get_by_label("水位の段階").select_option("2")
    expect(page.locator("#gauge-rows tr")).to_have_count(2)
    page.locator("#languages").get_by_role("link", name="English").click()
    expect(page).to_have_url(re.compile(r"/en/\?stage=2$"))
    expect(page.get_by_role("heading", name="Takamatsu now")).to_be_visible()
    expect(page.locator("#gauge-rows tr")).to_have_count(2)


def test_a_bad_moment_takes_the_focus_and_keeps_the_input(visit: Visit) -> None:
    page = visit("/?at=tomorrow")
    expect(page.locator("#error-summary")).to_be_focused()
    expect(page.get_by_label("日時（日本時間）")).to_have_value("tomorrow")
    page.get_by_role("link", name="日時として読み取れません").click()
    expect(page.get_by_label("日時（日本時間）")).to_be_focused()


def test_a_past_moment_does_not_move(visit: Visit) -> None:
    page = visit("/?at=2026-06-26T08:00%2B09:00")
    expect(page.get_by_text("2026年6月26日(金) 08:00 時点のまちの様子です")).to_be_visible()
    expect(page.locator("#pause")).to_have_count(0)
    page.get_by_role("link", name="いまに戻る").click()
    expect(page.locator("#pause")).to_be_visible()


def test_everything_can_be_read_and_done_without_javascript(visit: Visit) -> None:
    page = visit("/", java_script_enabled=False)
    expect(page.locator(".alarm")).to_have_count(2)
    expect(page.locator("#map-region")).to_be_hidden()
    page.get_by_label("市町").select_option("高松市")
    page.get_by_role("button", name="絞り込む").click()
    expect(page.locator("#gauge-rows tr")).to_have_count(2)
    page.locator("#g-9002 a.row-link").click()
    expect(page.locator("#detail .sentence")).to_contain_text("長者北橋の水位は")
    page.locator("#detail summary").click()
    expect(page.locator(".series tbody tr").first).to_be_visible()
    with page.expect_download() as download:
        page.locator("#detail").get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename.startswith("levels-9002")
