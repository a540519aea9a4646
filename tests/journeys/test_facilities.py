"""Somebody in a wheelchair finds a toilet, corrects the map, and a division takes it over.

In Japanese by the keyboard with the map, then in English without JavaScript.
"""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.accounts.signing import PASSWORD
from tests.journeys.conftest import Notes, _page
from tests.journeys.looking import accessible
from tests.publishing.facilities.office import Town, open_town

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LIST = "/facilities/"
#: One width a page: the narrowest one.
NARROW = (320,)


@pytest.fixture(scope="module")
def town(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with open_town(cluster_dsn, tmp_path_factory.mktemp("facilities")) as opened:
        yield opened


def press_to(page: "Page", selector: str, most: int = 80) -> None:
    """Go to a control with the Tab key alone."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("(s) => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"{selector} is not reached by the keyboard")


def names(page: "Page") -> list[str]:
    return page.locator(".facility-card h3 a").all_inner_texts()


def photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), "teal").save(out, "JPEG")
    return out.getvalue()


def test_from_the_need_to_the_corrected_map(browser: "Browser", town: Town) -> None:
    notes = Notes()
    with _page(browser, notes, False, {"locale": "ja-JP", "with_map": True}) as page:
        page.goto(town.base + LIST)
        expect(page.locator(".facility-card")).to_have_count(5)
        # By the keyboard alone: choose two needs, show.
        press_to(page, "input[value=wheelchair_toilet]")
        page.keyboard.press("Space")
        press_to(page, "input[value=step_free]")
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        expect(page.locator("#counted")).to_have_text(
            "車いす対応トイレ・段差なし・スロープのある3件の施設"
        )
        assert sorted(names(page)) == ["中央図書館", "仏生山公園", "模擬センター"]
        # The map draws these and no others.
        expect(page.locator("#map-region[data-drawn='3']")).to_be_attached(timeout=30_000)
        accessible(page, NARROW)
        page.get_by_role("link", name="仏生山公園").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("仏生山公園")
        accessible(page, NARROW)
        page.get_by_role("link", name="訂正を知らせる").click()
        accessible(page, NARROW)
        page.get_by_role("button", name="送る前に確かめる").click()
        expect(page.locator("#error-summary")).to_be_focused()
        page.get_by_label("オストメイト").select_option("yes")
        page.get_by_label("違っているところ").fill("2階のトイレが新しくなりました")
        page.get_by_role("button", name="送る前に確かめる").click()
        expect(page.locator("tbody tr")).to_have_text(["オストメイトなしあり"])
        accessible(page, NARROW)
        page.get_by_role("button", name="送る", exact=True).click()
        expect(page.locator(".banner--success")).to_contain_text("送りました")
        mine = page.url
        page.locator("input[name=photo]").set_input_files(
            {"name": "toilet.jpg", "mimeType": "image/jpeg", "buffer": photo()}
        )
        page.get_by_label("写真の説明").fill("2階のトイレ")
        page.get_by_role("button", name="写真を送る").click()
        expect(page.get_by_text("写真1枚を受け取りました")).to_be_visible()
        accessible(page, NARROW)

        page.goto(f"{town.base}/account/login/")
        page.locator("input[name=login]").fill("parks@example.jp")
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("form:has(input[name=password]) button").first.click()
        expect(page.locator("input[name=password]")).to_have_count(0)
        page.goto(f"{town.base}/staff/default/facilities/")
        accessible(page, NARROW)
        page.get_by_role("link", name="仏生山公園", exact=True).click()
        page.locator("input[name='d.ostomate'][value=accept]").check()
        page.get_by_label("見た日を調査日としても記録する").check()
        accessible(page, NARROW)
        page.get_by_role("button", name="決定する").click()
        expect(page.locator("#done")).to_contain_text("決定を記録しました")
        page.get_by_role("link", name="仏生山公園の写真を確かめる").click()
        page.get_by_label("写真の説明（英語）").fill("The toilet on the second floor")
        page.get_by_role("button", name="地図で公開する").click()
        expect(page.locator("#done")).to_contain_text("写真を公開しました")
        accessible(page, NARROW)

        page.goto(mine)
        expect(page.locator(".chip--green")).to_have_text("採用")
        page.goto(f"{town.base}{LIST}?need=ostomate")
        assert "仏生山公園" in names(page)
    assert notes.errors == [] and notes.refused == []


def test_in_english_without_javascript(browser: "Browser", town: Town) -> None:
    notes = Notes()
    options = {"java_script_enabled": False, "locale": "en-GB"}
    with _page(browser, notes, False, dict(options)) as page:
        page.goto(f"{town.base}/en{LIST}")
        page.get_by_label("Lift (or one floor)").check()
        page.get_by_label("Hearing loop").check()
        page.get_by_role("button", name="Show").click()
        said = "1 facility with Lift (or one floor) and Hearing loop"
        expect(page.locator("#counted")).to_have_text(said)
        assert names(page) == ["Central Library"]
        page.get_by_role("link", name="Print this list").click()
        expect(page.locator(".print-table tbody tr")).to_have_count(1)
        page.goto(f"{town.base}/en{LIST}1/")
        expect(page.get_by_text("Surveyed: 1 Apr 2026")).to_be_visible()
        page.get_by_role("link", name="Send a correction").click()
        page.get_by_label("Nursing room").select_option("no")
        page.get_by_role("button", name="Check before sending").click()
        page.get_by_role("button", name="Change the entries").click()
        expect(page.get_by_label("Nursing room")).to_have_value("no")
    with _page(browser, notes, False, {"locale": "en-GB"}) as page:
        for path in ("", "1/", "1/correct/", "print/"):
            page.goto(f"{town.base}/en{LIST}{path}")
            accessible(page, NARROW)
    assert notes.errors == [] and notes.refused == []
