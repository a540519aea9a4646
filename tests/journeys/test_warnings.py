"""A warning's whole life: draft → second approval → banner → correct → lift, in ja and en."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest
from lxml import etree
from playwright.sync_api import expect

from tamamo.publishing.warnings import cap
from tests.accounts.signing import make_user
from tests.conftest import _fresh_database, running_server
from tests.journeys.conftest import Notes, _page
from tests.journeys.looking import accessible
from tests.journeys.staff import sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Open = Callable[..., Any]
CAP = {"c": cap.NAMESPACE}


@pytest.fixture(scope="module")
def base(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A town with somebody who writes and somebody who approves."""
    home: Path = tmp_path_factory.mktemp("warnings")
    with _fresh_database(cluster_dsn) as dsn:
        with psycopg.connect(dsn) as connection:
            connection.execute(
                """update tenant set title = '{"ja": "高松市", "en": "Takamatsu"}',
                code = '372013' where name = 'default'"""
            )
        for login, name, role in (
            ("writer", "香川 花子", "editor"),
            ("approver", "讃岐 太郎", "approver"),
        ):
            make_user(dsn, f"{login}@example.jp", ("default", role), name=name,
                      home_tenant="default")  # fmt: skip
        with running_server(home, dsn=dsn) as address:
            yield address


@pytest.fixture
def visit(browser: "Browser", base: str) -> Iterator[Open]:
    """Open a page as somebody ("" as a resident); no script may fail, nothing be refused."""
    notes = Notes()
    with ExitStack() as opened:

        def visit_page(login: str, path: str, **options: Any) -> "Page":
            page = opened.enter_context(_page(browser, notes, False, options))
            if login:
                sign_in(page, base, login)
            page.goto(base + path)
            return page

        yield visit_page
    assert notes.errors == []
    assert notes.refused == []


def approve_and_publish(writer: "Page", approver: "Page", *, look: bool = False) -> None:
    """Send for approval in Japanese, approve in English, publish in Japanese."""
    writer.get_by_role("button", name="承認を依頼する").click()
    expect(writer.locator("#state")).to_contain_text("承認待ち")
    expect(writer.get_by_role("button", name="承認する")).to_have_count(0)
    approver.goto(writer.url.split("?")[0].replace("/staff/", "/en/staff/"))
    if look:
        accessible(approver)
    approver.get_by_role("button", name="Approve this text").click()
    expect(approver.locator("#state")).to_contain_text("Approved, not yet public")
    writer.reload()
    writer.get_by_role("link", name="公開へ進む").click()
    if look:
        accessible(writer)
    writer.get_by_role("button", name="公開する").click()
    expect(writer.locator("#done")).to_contain_text("公開しました")


def documents(base: str) -> list[etree._Element]:
    """Return the CAP documents of the index, the newest first; each is valid."""
    index = etree.fromstring(httpx.get(f"{base}/cap/").content)
    links = index.findall("{*}entry/{*}link[@type='application/cap+xml']")
    found = []
    for link in links:
        path = link.get("href", "").partition("/cap/")[2]
        text = httpx.get(f"{base}/cap/{path}").text
        assert cap.validate(text) == []
        found.append(etree.fromstring(text.encode()))
    return found


def test_the_whole_life_of_a_warning(visit: Open, base: str) -> None:
    writer = visit("writer", "/staff/default/warnings/")
    approver = visit("approver", "/en/staff/default/warnings/")
    resident = visit("", "/")
    expect(resident.locator(".warning-banner")).to_have_count(0)
    accessible(writer)

    writer.get_by_role("link", name="新しい発表").click()
    accessible(writer)
    writer.get_by_role("link", name="避難指示（洪水）").click()
    accessible(writer)
    # Gaps that nobody filled are found, and nothing typed is lost.
    writer.locator("#f-contact").fill("危機管理課 087-000-0000")
    writer.get_by_role("button", name="保存して確認する").click()
    expect(writer.locator("#error-summary")).to_be_focused()
    expect(writer.locator("#f-contact")).to_have_value("危機管理課 087-000-0000")
    writer.locator("#f-description_ja").fill("春日川の水位が危険な高さになっています。")
    writer.locator("#f-description_en").fill("The Kasuga River is dangerously high.")
    writer.locator("#f-description_easy").fill("川の 水が 増えています。")
    writer.get_by_role("button", name="保存して確認する").click()
    expect(writer.locator("#done")).to_be_visible()
    expect(writer.locator(".preview .warning-banner").first).to_contain_text("高松市全域")
    accessible(writer)
    resident.reload()
    expect(resident.locator(".warning-banner")).to_have_count(0)

    approve_and_publish(writer, approver, look=True)
    accessible(writer)
    expect(writer.get_by_text("ポータル・RSS・Atom・CAP")).to_be_visible()

    # The open page is told within a quarter of a minute, or at once when it is looked at again.
    resident.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    banner = resident.locator(".warning-banner--4")
    expect(banner).to_contain_text("警戒レベル4 避難指示")
    expect(resident.locator("#warnings-said")).to_contain_text("警戒レベル4 避難指示")
    accessible(resident)
    for path in ("/data/", "/plan/", "/en/", "/account/login/"):
        other = resident.context.new_page()
        other.goto(base + path)
        expect(other.locator(".warning-banner--4")).to_be_visible()
        # Said once: this browser has heard it.
        assert other.locator("#warnings-said").text_content() == ""
        other.close()
    english = visit("", "/en/")
    expect(english.locator(".warning-banner--4")).to_contain_text("Alert level 4 Evacuation order")
    english.locator(".warning-banner a").click()
    expect(english.locator("h1")).to_have_text("Level 4, evacuation order: All of Takamatsu")
    accessible(english)
    resident.locator(".warning-banner a").click()
    expect(resident.locator(".warning-body__easy")).to_contain_text("逃（に）げて")
    accessible(resident)

    writer.get_by_role("button", name="訂正する").click()
    writer.locator("#f-level").select_option("5")
    writer.locator("#f-headline_ja").fill("警戒レベル5 緊急安全確保：{area}")
    writer.get_by_role("button", name="保存して確認する").click()
    approve_and_publish(writer, approver)
    resident.reload()
    expect(resident.locator(".warning-banner.warning-banner--5")).to_be_visible()
    expect(resident.locator(".warning-line__one")).to_have_count(2)

    writer.get_by_role("button", name="解除する").click()
    writer.get_by_role("button", name="保存して確認する").click()
    approve_and_publish(writer, approver)
    resident.reload()
    expect(resident.locator(".warning-banner")).to_have_count(0)
    expect(resident.locator("h1")).to_contain_text("解除")
    expect(resident.locator(".warning-line__one")).to_have_count(3)

    cancel, update, alert = documents(base)
    assert [one.findtext("c:msgType", namespaces=CAP) for one in (alert, update, cancel)] == [
        "Alert", "Update", "Cancel",
    ]  # fmt: skip
    references = cancel.findtext("c:references", namespaces=CAP) or ""
    for one in (alert, update):
        assert (one.findtext("c:identifier", namespaces=CAP) or "") in references
    for path in ("/warnings/feed.rss", "/en/warnings/feed.atom"):
        feed = etree.fromstring(httpx.get(base + path).content)
        assert len(feed.findall(".//{*}item") or feed.findall("{*}entry")) == 3
    for path in ("/warnings/", "/en/warnings/", "/warnings/subscribe/", "/en/warnings/subscribe/"):
        resident.goto(base + path)
        accessible(resident)
