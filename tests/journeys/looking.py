"""What every page is held to: accessible, no wider than the screen, nothing too small to hit."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import TimeoutError as Late

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: 640 is 1280 at 200 %.
WIDTHS = (1280, 640, 390, 320)
#: Asked of a page that is whole: without its styles everything fits, and nothing is big enough.
#: A function, because a page evaluates no text (its policy).
FITS = """() => document.readyState === 'complete'
  && document.documentElement.scrollWidth <= innerWidth"""
#: What is in the way of that: how far the page has come, and what is too wide.
WIDE = """() => [document.readyState, document.documentElement.scrollWidth,
  ...[...document.querySelectorAll('body *')]
  .filter(e => Math.max(e.getBoundingClientRect().right,
    e.getBoundingClientRect().left + e.scrollWidth) > innerWidth)
  .map(e => e.outerHTML.slice(0, 80))]"""
BIG_ENOUGH = """() => [...document.querySelectorAll(
  'button, select, textarea, summary, label.choice, label.tick, label.check,'
  + ' input:not([type=hidden]):not([type=checkbox]):not([type=radio]), .button, .tabs a,'
  + ' .menu a, .staff-menu a, .console-menu a, .language-selector a, .row-link, .downloads a,'
  + ' .layer__switch, .alarm__name a, .site-name, .sort-link, .pager a, .filter-chip')]
  .filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 44)
  .map(e => e.outerHTML.slice(0, 80))"""

#: A text of some words in less room than three of its letters take: one letter a line.
#: What only a screen reader is told takes no room.
SQUEEZED = """() => [...document.querySelectorAll('a, p, th, td, dd, li, label, h1, h2, h3')]
  .filter(e => e.checkVisibility()
    && [...e.querySelectorAll('.visually-hidden')].reduce(
      (left, hidden) => left - hidden.innerText.length, e.innerText.trim().length) > 12
    && e.closest('.visually-hidden') === null
    && e.getBoundingClientRect().width < 40 && e.getBoundingClientRect().height > 120)
  .map(e => e.outerHTML.slice(0, 80))"""


def fits(page: "Page", widths: Sequence[int] = WIDTHS) -> None:
    """At each width nothing is wider than the screen, what one presses is 44 px high, texts fit.

    The page is left at the width it had.
    """
    before = page.viewport_size
    assert before is not None
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        # Maps and charts follow a moment after the window.
        try:
            page.wait_for_function(FITS, timeout=20_000)
        except Late as error:
            wide = page.evaluate(WIDE)
            raise AssertionError(f"{page.url} at {width} px: {wide}") from error
        small = page.evaluate(BIG_ENOUGH)
        assert small == [], (page.url, width, small)
        squeezed = page.evaluate(SQUEEZED)
        assert squeezed == [], (page.url, width, squeezed)
    page.set_viewport_size(before)


def accessible(page: "Page", widths: Sequence[int] = WIDTHS) -> None:
    """Axe finds nothing at the page's own width, and it fits all of `widths`."""
    page.wait_for_function("() => document.readyState === 'complete'")
    found = Axe().run(page).response["violations"]
    faults = [(v["id"], v["nodes"][0]["html"]) for v in found]
    assert faults == [], (page.url, faults)
    fits(page, widths)
