"""The page of values over time: a real server with values, in both languages, in a browser."""

import asyncio
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tamamo.context.broker import open_broker
from tamamo.kernel.settings import Settings
from tamamo.plan import live
from tamamo.plan.catalog import load_plan
from tamamo.plan.values import NewValue
from tamamo.plan.values.importing import with_series
from tamamo.plan.values.publishing import keep
from tests.conftest import running_server
from tests.journeys.looking import accessible

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAGE = "/plan/mynumber_card/issue_rate/"
#: Invented cards of 1,000,000 residents, on the first of three months.
CARDS = {
    "372013": (239_000, 251_550, 266_000),
    "00000": (242_000, 251_540, 263_000),
    "373877": (210_000, 230_000, 287_000),
}


def get(url: str, **options: Any) -> httpx.Response:
    """Ask with patience: a busy machine answers late."""
    return httpx.get(url, timeout=60, **options)


def _values() -> list[NewValue]:
    whole = Decimal(1_000_000)
    return [
        NewValue(
            area, date(2021, month, 1), (Decimal(n) * 100 / whole).quantize(Decimal("0.1")),
            Decimal(n), whole, date(2020 if month < 3 else 2021, 1, 1),
        )
        for area, numbers in CARDS.items()
        for month, n in enumerate(numbers, 1)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def site(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home: Path = tmp_path_factory.mktemp("home")
    settings = Settings(home=home, database_url=shared_database_url, open=True)

    async def fill() -> None:
        async with open_broker(settings) as broker:
            about = with_series(load_plan(), "mynumber_card")
            await keep(broker, "default", about, _values(), source="cards.csv", by="user:7")
            assert await live.keep(broker, load_plan()) == []

    asyncio.run(fill())
    with running_server(home, "--open", dsn=shared_database_url) as base:
        yield base


def test_the_crossing_is_found_drawn_and_downloaded(site: str) -> None:
    japanese, english = (get(f"{site}{root}{PAGE}").text for root in ("", "/en"))
    assert "2021年2月1日、高松市は25.155%となり、全国の25.154%を上回りました。" in japanese
    assert "On 1 Feb 2021, Takamatsu with 25.155% came above Japan with 25.154%." in english
    assert "2021年3月1日、高松市は26.6%となり、綾川町の28.7%以下になりました。" in japanese
    assert "2021年3月1日から、2021年1月1日の人口で数えています" in japanese
    assert "user:7" in japanese
    assert "rate:newest" not in japanese  # counted from these values, and none of them
    now = get(f"{site}/en/plan/mynumber_card/").text
    assert "26.6% is above Japan&#x27;s 26.3%." in now

    chart = get(f"{site}{PAGE}chart.svg")
    assert chart.headers["content-type"] == "image/svg+xml"
    assert chart.text.count("<polyline") == 3  # of six areas three have values

    rows = get(f"{site}{PAGE}values.csv").text.splitlines()
    assert rows[0].startswith("\ufeffarea,area_ja,area_en,date,value,numerator")
    assert len(rows) == 10
    body = get(f"{site}{PAGE}values.json").json()
    assert (body["count"], body["values"][0]["denominator_date"]) == (9, "2020-01-01")

    kpi = (
        "/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:KeyPerformanceIndicator:mynumber_card:issue_rate"
    )
    answer = get(f"{site}{kpi}:372013", params={"options": "temporalValues"})
    assert [value for value, _ in answer.json()["kpiValue"]["values"]] == [23.9, 25.2, 26.6]


def test_the_report_is_a_page_with_the_chart_of_its_year_and_five_files(site: str) -> None:
    page = get(f"{site}/plan/report/2020/").text
    assert "2021年3月1日は、高松市 26.6%、全国 26.3%。" in page
    assert f"{PAGE}chart.svg?year=2020" in page
    assert "○ユニバーサルデザインマップの登録件数：819件（R3目標値：950件）" in page
    assert get(f"{site}{PAGE}chart.svg?year=2020").text.count("<polyline") == 2
    assert get(f"{site}{PAGE}chart.svg?year=2019").status_code == 404
    # PDF and DOCX are made by the same few lines as the workbook, in more time.
    for kind, begin in (("md", b"# "), ("html", b"<!doctype"), ("xlsx", b"PK")):
        file = get(f"{site}/plan/report/2020/report.{kind}")
        assert "attachment" in file.headers["content-disposition"]
        assert file.content.startswith(begin) and len(file.content) > 20_000
        assert f"report.{kind}" in page and "report.pdf" in page
    again = get(f"{site}/plan/report/2020/report.xlsx")
    assert again.content == file.content  # kept
    assert get(f"{site}/plan/report/2020/report.exe").status_code == 404
    assert get(f"{site}/plan/report/1999/").status_code == 404


def test_chosen_areas_are_compared_and_what_there_is_not_is_said(site: str) -> None:
    page = get(f"{site}{PAGE}?area=373877&area=00000&area=999999").text
    assert "2021年3月1日、綾川町は28.7%となり、全国の26.3%を上回りました。" in page
    assert "地域999999はありません。" in page
    assert "高松市は" not in page
    assert get(f"{site}{PAGE}chart.svg?area=372021").status_code == 404
    assert get(f"{site}/plan/open_data/datasets/").status_code == 404


def test_the_page_is_accessible_and_fits_in_both_languages(site: str, browser: "Browser") -> None:
    page = browser.new_page(viewport={"width": 320, "height": 900})
    for root in ("", "/en"):
        page.goto(f"{site}{root}/plan/mynumber_card/")
        page.locator(f'a[href$="{PAGE}"]').click()
        page.get_by_role("heading", level=1).wait_for()
        accessible(page, (320, 1280))
        page.goto(f"{site}{root}/plan/")
        page.locator('a[href$="/plan/report/2020/"]').click()
        page.get_by_role("heading", level=1).wait_for()
        accessible(page, (320, 1280))
    page.close()
