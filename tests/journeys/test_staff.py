"""An editor's day: find a gauge, change its threshold, see its history, undo it; in ja and en."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.looking import accessible
from tests.journeys.staff import (
    AUDITOR,
    GAUGE,
    HANAKO,
    RESIDENT,
    SCRIPT,
    Desk,
    Office,
    _office,
    desk,
    office,
)

__all__ = ["_office", "desk", "office"]

GAUGES_LIST = "/staff/default/r/river_gauges/"
SHELTERS = "/staff/default/r/shelters/"
TEXTS = {
    "": {
        "edit": "編集",
        "field": "氾濫注意水位",
        "check": "変更内容を確認する",
        "publish": "変更を公開する",
        "undo": "元に戻す",
        "undone": "取り消し済み",
    },
    "/en": {
        "edit": "Edit",
        "field": "Alert level",
        "check": "Check the changes",
        "publish": "Publish the changes",
        "undo": "Undo",
        "undone": "undone",
    },
}


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_a_threshold_is_changed_seen_in_the_history_and_undone(
    desk: Desk, office: Office, prefix: str
) -> None:
    say = TEXTS[prefix]
    page = desk(HANAKO, prefix + GAUGES_LIST)
    page.get_by_role("link", name="木太大橋").click()
    page.get_by_role("link", name=say["edit"], exact=True).first.click()
    field = page.locator('[name="v.alertLevel"]')
    expect(field).to_have_value("1.4")
    field.fill("1.55")
    page.get_by_role("button", name=say["check"]).click()
    expect(page.locator(".changes tbody tr")).to_have_count(1)
    expect(page.locator(".changes del")).to_contain_text("1.40 m")
    expect(page.locator(".changes ins")).to_contain_text("1.55 m")
    accessible(page)
    assert office.value(GAUGE, "alertLevel") == 1.4  # only shown so far
    page.get_by_role("button", name=say["publish"]).click()
    expect(page.locator("#done")).to_be_focused()
    assert office.value(GAUGE, "alertLevel") == 1.55
    edit = page.locator("#edits > li").first
    expect(edit).to_contain_text("香川 花子")
    expect(edit.locator("del")).to_contain_text("1.40 m")
    expect(edit.locator("ins")).to_contain_text("1.55 m")
    edit.get_by_role("button", name=say["undo"]).click()
    expect(page.locator("#edits > li").nth(1)).to_contain_text(say["undone"])
    accessible(page)
    assert office.value(GAUGE, "alertLevel") == 1.4


def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(desk: Desk) -> None:
    page = desk(HANAKO, f"/en/staff/default/r/river_gauges/edit/{GAUGE}/")
    page.locator('[name="v.alertLevel"]').fill("high")
    page.locator('[name="v.name"]').fill("")
    page.locator('[name="v.river"]').fill("Kotsubo")
    with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        page.get_by_role("button", name="Check the changes").click()
    assert answer.value.status == 422
    expect(page.locator("#error-summary")).to_be_focused()
    wrong = page.locator('[name="v.alertLevel"]')
    expect(wrong).to_have_value("high")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    described = (wrong.get_attribute("aria-describedby") or "").split()
    assert "f-v.alertLevel-error" in described
    expect(page.locator('[name="v.river"]')).to_have_value("Kotsubo")
    page.locator('#error-summary a[href="#f-v.alertLevel"]').click()
    expect(wrong).to_be_focused()


def test_a_record_is_made_deleted_and_brought_back(desk: Desk, office: Office) -> None:
    made = "urn:ngsi-ld:EvacuationShelter:900"
    page = desk(HANAKO, "/en" + SHELTERS)
    page.get_by_role("link", name="New record").click()
    for name, text in {
        "v.shelterID": "900",
        "v.name": "New hall",
        "v.location.latitude": "34.31",
        "v.location.longitude": "134.05",
    }.items():
        page.locator(f'[name="{name}"]').fill(text)
    page.get_by_role("button", name="Check the changes").click()
    page.get_by_role("button", name="Publish the record").click()
    expect(page.get_by_role("heading", name="New hall", level=1)).to_be_visible()
    assert office.value(made, "name") == "New hall"
    page.get_by_role("link", name="Delete…").click()
    expect(page.get_by_text("“New hall” will be deleted from")).to_be_visible()
    page.get_by_role("button", name="Delete “New hall”").click()
    expect(page.locator("#done")).to_contain_text("deleted")
    assert office.value(made, "name") is None
    page.locator("#done").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="New hall", level=1)).to_be_visible()
    assert office.value(made, "name") == "New hall"


def test_the_list_is_searched_filtered_sorted_and_paged_in_the_address(desk: Desk) -> None:
    page = desk(HANAKO, "/en" + SHELTERS)
    rows = page.locator("#register-rows > tr")
    expect(rows).to_have_count(50)
    page.get_by_role("link", name="Next").click()
    expect(page).to_have_url(re.compile(r"page=2"))
    expect(page.locator("#count")).to_contain_text("51–")
    page.locator("#f-q").fill("避難所1")
    page.locator("#f-q").press("Enter")
    expect(rows).to_have_count(10)
    page.locator('[name="f.capacity.from"]').fill("150")
    page.locator('[name="f.capacity.from"]').press("Enter")
    expect(rows).to_have_count(5)
    page.locator("#sort-capacity").click()
    expect(page.locator('th[aria-sort="ascending"]')).to_contain_text("Capacity")
    expect(rows.first).to_contain_text("避難所15")
    page.locator("#sort-capacity").click()
    expect(page.locator('th[aria-sort="descending"]')).to_contain_text("Capacity")
    expect(rows.first).to_contain_text("避難所19")
    address = page.url
    page.locator("#chips a").first.click()
    expect(rows).not_to_have_count(5)
    page.go_back()
    expect(rows).to_have_count(5)
    page.goto(address.replace("/en/", "/"))
    expect(rows).to_have_count(5)
    expect(rows.first).to_contain_text("避難所19")


def test_a_view_is_saved_under_a_name_and_shared(desk: Desk) -> None:
    page = desk(HANAKO, "/en" + SHELTERS + "?q=避難所2&sort=-capacity")
    page.locator("#views > summary").click()
    page.get_by_label("Save this view as").fill("Twenties")
    page.get_by_label("Share with my department").check()
    page.get_by_role("button", name="Save the view").click()
    expect(page.locator("#done")).to_contain_text("saved")
    other = desk("taro", "/staff/")
    other.get_by_role("link", name="Twenties").click()
    expect(other.locator("#register-rows > tr")).to_have_count(10)
    expect(other.locator("#register-rows > tr").first).to_contain_text("避難所29")
    expect(other.locator("#views > summary")).to_have_text("Twenties")


def test_a_script_in_a_name_is_shown_as_text(desk: Desk) -> None:
    page = desk(HANAKO, "/en" + SHELTERS)
    expect(page.get_by_role("link", name=SCRIPT)).to_be_visible()
    page.get_by_role("link", name=SCRIPT).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(SCRIPT)
    assert "taken" not in page.title().replace(SCRIPT, "")


def test_the_map_shows_the_places_of_the_list(desk: Desk) -> None:
    page = desk(HANAKO, SHELTERS + "?q=避難所1", with_map=True)
    region = page.locator("#map-region")
    region.scroll_into_view_if_needed()
    expect(region).to_have_attribute("data-drawn", "10", timeout=60_000)


@pytest.mark.parametrize("name", ["csv", "xlsx", "geojson"])
def test_the_list_is_exported_with_its_filter(desk: Desk, name: str) -> None:
    page = desk(HANAKO, SHELTERS + "?q=避難所1")
    page.get_by_text("書き出し", exact=True).click()
    with page.expect_download() as download:
        page.locator(f'#exports a[href*="export.{name}"]').click()
    content = download.value.path().read_bytes()
    assert download.value.suggested_filename.endswith(f".{name}")
    if name != "xlsx":
        text = content.decode("utf-8-sig")
        assert "避難所19" in text
        assert "避難所20" not in text


def test_what_may_not_be_done_is_not_offered_and_is_refused(desk: Desk, office: Office) -> None:
    page = desk(AUDITOR, "/en" + GAUGES_LIST)
    expect(page.locator("#register-rows > tr")).to_have_count(4)
    assert page.locator("#tick-all, a:has-text('New record'), a:has-text('Import')").count() == 0
    for path, status in {
        f"/en/staff/default/r/river_gauges/edit/{GAUGE}/": 403,
        "/en/staff/default/r/shelters/new/": 403,
        "/en/staff/default/r/shelters/import/": 403,
        "/en/staff/ayagawa/": 404,
        "/en/staff/default/r/nothing/": 404,
        "/en/staff/default/r/shelters/record/urn:nothing/": 404,
    }.items():
        answer = page.goto(office.base + path)
        assert answer is not None
        assert answer.status == status, path
    resident = desk(RESIDENT, "/en/")
    answer = resident.goto(office.base + "/en/staff/")
    assert answer is not None
    assert answer.status == 403


def test_whoever_is_not_signed_in_comes_back_after_signing_in(desk: Desk, office: Office) -> None:
    page = desk(HANAKO, "/en/staff/")
    page.get_by_role("button", name="Sign out").click()
    page.goto(office.base + "/en" + SHELTERS + "?q=避難所1")
    page.locator("input[name=login]").fill(f"{HANAKO}@example.jp")
    page.locator("input[name=password]").fill("correct-horse-battery")
    page.locator("form:has(input[name=password]) button").first.click()
    expect(page.locator("#register-rows > tr")).to_have_count(10)
