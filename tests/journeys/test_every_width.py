"""Each page at each width: accessible, nothing wider than the screen, nothing refused."""

import pytest

from tests.journeys.conftest import Visit
from tests.journeys.looking import accessible

PATHS = [
    "/",
    "/en/",
    "/?gauge=9002",
    "/?at=2026-06-26T08:00%2B09:00",
    "/gauges/9003/",
    "/en/data/",
    "/sources/",
    "/requests/",
    "/en/requests/new/",
    "/?at=1812-01-01",
    "/en/nowhere/",
]


@pytest.mark.parametrize("path", PATHS)
def test_accessible_and_no_wider_than_the_screen(visit: Visit, path: str) -> None:
    page = visit(path, with_map=True)
    accessible(page)
