"""Each page at each width: accessible, nothing wider than the screen, nothing refused."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.journeys.conftest import Visit

PATHS = [
    "/",
    "/en/",
    "/?gauge=9002",
    "/?at=2026-06-26T08:00%2B09:00",
    "/gauges/9003/",
    "/en/data/",
    "/sources/",
    "/?at=1812-01-01",
    "/en/nowhere/",
]
#: 640 is 1280 at 200 %.
WIDTHS = [1280, 640, 390, 320]
FITS = "document.documentElement.scrollWidth <= innerWidth"
BIG_ENOUGH = """() => [...document.querySelectorAll(
  'button, select, input:not([type=hidden]), summary, .menu a, .language-selector a, .row-link,'
  + ' .downloads a, .layer__switch, .alarm__name a, .site-name')]
  .filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 44)
  .map(e => e.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("path", PATHS)
def test_accessible_and_no_wider_than_the_screen(visit: Visit, path: str) -> None:
    page = visit(path)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        # The map and the chart follow a moment after the window.
        page.wait_for_function(FITS, timeout=5_000)
        assert page.evaluate(BIG_ENOUGH) == [], width
        if width in (1280, 390):
            found = Axe().run(page).response["violations"]
            assert [(v["id"], v["nodes"][0]["html"]) for v in found] == [], width
