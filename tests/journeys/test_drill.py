"""The night of 2004 as a drill: made, played fast, marked everywhere, alarmed, ended, reviewed."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest
from playwright.sync_api import expect

from tamamo.kernel.database import open_pool, transaction
from tamamo.messaging import Message, send
from tests.accounts.signing import make_user
from tests.conftest import _fresh_database, running_server
from tests.journeys.conftest import GAUGES, Notes, _page
from tests.journeys.looking import accessible
from tests.journeys.staff import sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Open = Callable[..., Any]
ON_THE_LIST, OUTSIDE = "leader@example.jp", "citizen@example.jp"


@pytest.fixture(scope="module")
def town(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A town with gauges and a head of crisis management."""
    home: Path = tmp_path_factory.mktemp("drill")
    with _fresh_database(cluster_dsn) as dsn:
        with psycopg.connect(dsn) as connection:
            connection.execute(
                """update tenant set title = '{"ja": "高松市", "en": "Takamatsu"}',
                code = '372013' where name = 'default'"""
            )
        make_user(dsn, ON_THE_LIST, ("default", "approver"), name="危機 一郎",
                  home_tenant="default")  # fmt: skip
        with running_server(home, dsn=dsn) as base:
            key = (home / "secrets" / "api-key").read_text().strip()
            answer = httpx.post(
                f"{base}/ngsi-ld/v1/entityOperations/upsert",
                json=GAUGES,
                headers={"Authorization": f"Bearer {key}"},
            )
            assert answer.status_code == 201, answer.text
            yield base, dsn


@pytest.fixture
def visit(browser: "Browser", town: tuple[str, str]) -> Iterator[Open]:
    """Open a page as somebody ("" as a resident); no script may fail, nothing be refused."""
    notes = Notes()
    with ExitStack() as opened:

        def visit_page(login: str, path: str, **options: Any) -> "Page":
            page = opened.enter_context(_page(browser, notes, False, options))
            if login:
                sign_in(page, town[0], login)
            page.goto(town[0] + path)
            return page

        yield visit_page
    assert notes.errors == []
    assert notes.refused == []


def marked(page: "Page", word: str) -> None:
    """The banner is in sight, wherever the page is scrolled to, and the title says it."""
    banner = page.locator(".drill-banner")
    expect(banner).to_contain_text("訓練")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(banner).to_be_in_viewport()
    assert page.title().startswith(word), page.title()
    page.evaluate("scrollTo(0, 0)")


async def _send(dsn: str, tenant: str) -> None:
    async with open_pool(dsn, 1) as pool, transaction(pool) as connection:
        await send(
            connection,
            [
                Message(tenant, "mail", to, "水位のお知らせ", "…", about="test")
                for to in (ON_THE_LIST, OUTSIDE)
            ],
        )


def test_the_night_of_2004(visit: Open, town: tuple[str, str]) -> None:
    base, dsn = town
    page = visit("leader", "/staff/default/drills/")
    accessible(page)
    page.get_by_role("link", name="新しい訓練").click()
    accessible(page)
    page.get_by_role("button", name="訓練を作成").click()
    expect(page.locator("#error-summary")).to_contain_text("名称")
    page.get_by_label("名称").fill("高潮の夜")
    page.get_by_role("button", name="訓練を作成").click()
    expect(page.locator("#drill-state")).to_have_text("開始前", timeout=30_000)
    drill = page.url.partition("?")[0].rstrip("/").rpartition("/")[2]
    page.reload()
    page.get_by_label("速さ").select_option("1200")
    page.get_by_role("button", name="開始", exact=True).click()
    log = page.locator("#drill-log")
    expect(log).to_contain_text("アラート発生: 高松港 検潮所（訓練）の潮位が", timeout=45_000)
    expect(log).to_contain_text("高潮警報の電文")
    page.get_by_role("button", name="一時停止").click()
    expect(page.locator("#drill-state")).to_have_text("一時停止中")
    marked(page, "【訓練】")
    accessible(page)
    page.emulate_media(media="print")
    position = "getComputedStyle(document.querySelector('.drill-banner')).position"
    assert page.evaluate(position) == "fixed"
    page.emulate_media(media="screen")

    # Whoever has the address sees the portal and the wall, marked in both languages.
    resident = visit("", f"/t/{drill}/")
    marked(resident, "【訓練】")
    expect(resident.locator("main")).to_contain_text("春日川")
    resident.goto(f"{base}/t/{drill}/en/")
    marked(resident, "[DRILL]")
    resident.goto(f"{base}/wall/?town={drill}")
    marked(resident, "【訓練】")
    assert httpx.get(f"{base}/t/{drill}/").headers["Tamamo-Drill"].startswith(f'"{drill}"')

    # Inside the drill the alert of the tide is taken note of: that is the expected decision.
    duty = visit("leader", f"/staff/{drill}/alerts/")
    marked(duty, "【訓練】")
    duty.get_by_role("link", name="高松港").first.click()
    duty.get_by_role("button", name="アラートを確認する").click()
    expect(duty.locator("main")).to_contain_text("危機 一郎")
    # The browser has a loop of its own in this thread.
    with ThreadPoolExecutor(1) as aside:
        aside.submit(asyncio.run, _send(dsn, drill)).result()
    page.goto(f"{base}/en/staff/default/drills/{drill}/")
    expect(page.locator("#drill-log")).to_contain_text("Took note of the alert")
    expect(page.locator("#decisions")).to_contain_text("Done at")

    page.get_by_role("link", name="End the drill").click()
    expect(page.locator("main")).to_contain_text("cannot be begun again")
    page.get_by_role("button", name="End the drill").click()
    review = page.locator("main")
    expect(review).to_contain_text("Withheld (not on the list)")
    expect(review).to_contain_text(OUTSIDE)
    whole = page.locator("#about-whole")
    whole.get_by_text("Comment", exact=True).first.click()
    whole.get_by_label("Comment").fill("Two people were needed at the telephone.")
    whole.get_by_role("button", name="Keep").click()
    expect(page.locator("#about-whole")).to_contain_text("危機 一郎")
    accessible(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename.startswith("drill-log-")
    text = Path(download.value.path()).read_text("utf-8-sig")
    assert text.startswith("訓練 DRILL: 高潮の夜")
    assert "Two people were needed" in text
    # Nobody can go on in it, and the town's own pages never said a word of it.
    assert httpx.get(f"{base}/t/{drill}/").status_code == 404
    resident.goto(f"{base}/")
    expect(resident.locator(".drill-banner")).to_have_count(0)
    expect(resident.locator("body")).not_to_contain_text("高松港")
