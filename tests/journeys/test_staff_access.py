"""The staff pages by keyboard alone, without JavaScript, at every width, for every reader."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.looking import accessible, fits
from tests.journeys.staff import (
    GAUGE,
    HANAKO,
    TARO,
    Desk,
    Office,
    _office,
    desk,
    office,
)

__all__ = ["_office", "desk", "office"]

LIST = "/staff/default/r/river_gauges/"
PAGES = [
    "/staff/",
    LIST,
    "/staff/default/r/shelters/?q=避難所1&f.capacity.from=100&map=off",
    LIST + "?q=無い",
    f"{LIST}record/{GAUGE}/",
    f"{LIST}edit/{GAUGE}/",
    "/staff/default/r/shelters/new/",
    f"{LIST}delete/{GAUGE}/",
    f"{LIST}changes/",
    f"{LIST}import/",
]


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_every_page_at_every_width(desk: Desk, office: Office, prefix: str) -> None:
    page = desk(HANAKO, prefix + "/staff/")
    for path in PAGES:
        page.goto(office.base + prefix + path)
        # What differs in English is the words: it is asked whether they fit.
        if prefix:
            fits(page, (640, 320))
        else:
            accessible(page)


def test_the_pages_between_the_steps_too(desk: Desk, tmp_path: Path) -> None:
    page = desk(HANAKO, f"/en{LIST}edit/{GAUGE}/")
    other = desk(TARO, f"/en{LIST}edit/{GAUGE}/")
    page.locator('[name="v.alertLevel"]').fill("x")
    page.get_by_role("button", name="Check the changes").click()
    accessible(page)
    for one, level in ((page, "1.45"), (other, "1.5")):
        one.locator('[name="v.alertLevel"]').fill(level)
        one.get_by_role("button", name="Check the changes").click()
    accessible(page)
    page.get_by_role("button", name="Publish the changes").click()
    expect(page.locator("#done")).to_be_visible()
    accessible(page)
    other.get_by_role("button", name="Publish the changes").click()
    accessible(other)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(page.url.partition("record/")[0])
    page.locator("#tick-all").check()
    page.get_by_role("button", name="Edit the selected").click()
    accessible(page)
    page.locator('[id="change-v.river"]').check()
    page.locator('[name="v.river"]').fill("新川")
    page.get_by_role("button", name="Check the changes").click()
    accessible(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    table = tmp_path / "gauges.csv"
    table.write_text("stationID,name,alertLevel\n9001,木太大橋,1.7\n9002,,x\n", "utf-8")
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("link", name="Import").click()
    page.locator("#f-file").set_input_files(table)
    page.get_by_role("button", name="Read the file").click()
    accessible(page)
    page.get_by_role("button", name="Show what would change").click()
    accessible(page)


def test_the_keyboard_alone_is_enough(desk: Desk, office: Office) -> None:
    page = desk(HANAKO, "/en/staff/default/r/shelters/")
    page.keyboard.press("/")
    expect(page.locator("#f-q")).to_be_focused()
    page.keyboard.type("避難所1/")  # in a field it is a character
    expect(page.locator("#f-q")).to_have_value("避難所1/")
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    expect(page.locator("#register-rows > tr")).to_have_count(10)
    page.locator("#count").click()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="避難所11")).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator("#selected-count")).to_have_text("1 selected")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="避難所11", level=1)).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("e")
    expect(page.locator('[name="v.capacity"]')).to_be_visible()
    page.locator('[name="v.capacity"]').focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("115")
    page.keyboard.press("Enter")
    expect(page.locator(".changes ins")).to_contain_text("115")
    for _ in range(40):
        if page.evaluate("document.activeElement.value") == "save":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#done")).to_be_focused()
    assert office.value("urn:ngsi-ld:EvacuationShelter:11", "capacity") == 115
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#edits")).to_contain_text("undone")
    assert office.value("urn:ngsi-ld:EvacuationShelter:11", "capacity") == 110


def test_single_keys_can_be_switched_off(desk: Desk) -> None:
    page = desk(HANAKO, "/en" + LIST)
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_have_attribute("open", "")
    page.get_by_label("Use single keys").uncheck()
    page.locator("#count").click()
    page.keyboard.press("/")
    expect(page.locator("#f-q")).not_to_be_focused()
    page.reload()
    page.keyboard.press("/")
    expect(page.locator("#f-q")).not_to_be_focused()


def test_everything_works_without_javascript(desk: Desk, office: Office, tmp_path: Path) -> None:
    page = desk(HANAKO, "/staff/default/", java_script_enabled=False)
    menu = page.locator("#menu")
    expect(menu.get_by_role("link", name="河川水位計")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 800})
    expect(menu.locator("summary")).to_have_text(re.compile(r"メニュー\s+ホーム"))
    expect(menu.get_by_role("link")).to_have_count(0)
    menu.locator("summary").press("Enter")
    menu.get_by_role("link", name="河川水位計").click()
    expect(menu.locator("summary")).to_contain_text("河川水位計")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.locator("#f-q").fill("木太")
    page.get_by_role("button", name="絞り込む").click()
    expect(page.locator("#register-rows > tr")).to_have_count(1)
    page.get_by_role("link", name="木太大橋").click()
    page.get_by_role("link", name="編集", exact=True).first.click()
    page.locator('[name="v.alertLevel"]').fill("1.6")
    page.get_by_role("button", name="変更内容を確認する").click()
    page.get_by_role("button", name="変更を公開する").click()
    assert office.value(GAUGE, "alertLevel") == 1.6
    page.locator("#done").get_by_role("button", name="元に戻す").click()
    assert office.value(GAUGE, "alertLevel") == 1.4
    page.goto(office.base + LIST)
    page.get_by_label("木太大橋を選ぶ").check()
    page.get_by_role("button", name="選んだものを編集").click()
    page.locator('[id="change-v.river"]').check()
    page.locator('[name="v.river"]').fill("詰田川")
    page.get_by_role("button", name="変更内容を確認する").click()
    page.get_by_role("button", name="1件を変更する").click()
    assert office.value(GAUGE, "river") == "詰田川"
    page.locator("#done").get_by_role("button", name="元に戻す").click()
    page.get_by_role("link", name="取り込み").click()
    table = tmp_path / "gauges.csv"
    table.write_text("stationID,name,alertLevel\n9001,木太大橋,1.7\n", "utf-8")
    page.locator("#f-file").set_input_files(table)
    page.get_by_role("button", name="ファイルを読み取る").click()
    page.get_by_role("button", name="何が変わるか確認する").click()
    page.get_by_role("button", name="1件を取り込む").click()
    expect(page.locator("#done")).to_contain_text("取り込みました")
    assert office.value(GAUGE, "alertLevel") == 1.7
