"""The plan's pages in a real browser: accessibility, narrow screens, no JavaScript."""

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PATHS = ["/plan/", "/en/plan/", "/plan/ai_rpa/", "/en/plan/mynumber_card/"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("width", [320, 1280])
def test_no_axe_violation_no_overflow_no_refused_content(
    browser: "Browser", server: str, path: str, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(server + path)
    overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    violations = [found["id"] for found in Axe().run(page).response["violations"]]
    page.close()
    assert overflow <= 0
    assert violations == []
    assert refused == []


def test_the_reports_text_opens_without_javascript(browser: "Browser", server: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server}/plan/")
    card = page.locator("#elder_watch")
    assert not card.locator("blockquote").is_visible()
    card.locator("summary").click()
    assert "事業化は見送られた" in card.locator("blockquote").inner_text()
    context.close()


def test_from_the_list_to_a_project_and_to_its_english_page(
    browser: "Browser", server: str
) -> None:
    page = browser.new_page()
    page.goto(f"{server}/plan/")
    page.get_by_role("link", name="AI・RPAの導入").click()
    page.get_by_role("link", name="English").click()
    assert page.url == f"{server}/en/plan/ai_rpa/"
    assert "AI and robotic process automation" in page.get_by_role("heading", level=1).inner_text()
    page.close()
