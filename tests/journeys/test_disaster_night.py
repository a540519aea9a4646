"""A night of heavy rain from the gauge to the public, in ja and en: rise → alarm → taken note of →
draft → second approval → banner → lifted. Each language has a gauge and people of its own."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest
from playwright.sync_api import expect

from tests.accounts.signing import make_user
from tests.conftest import _fresh_database, running_server
from tests.journeys.conftest import GAUGES, Notes, _page, level
from tests.journeys.staff import sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SOON = 30_000
WRITER, APPROVER = "writer", "approver"
TEXTS = {
    "": {
        "rule": "河川：危険水位に到達", "note": "アラートを確認する", "draft": "避難情報の案を作る",
        "template": "避難指示（洪水）", "keep": "保存して確認する", "send": "承認を依頼する",
        "waiting": "承認待ち", "approve": "この文面を承認する", "go": "公開へ進む",
        "publish": "公開する", "public": "公開しました", "lift": "解除する",
        "banner": "警戒レベル4 避難指示",
    },
    "/en": {
        "rule": "River: alert level reached", "note": "Take note of the alert",
        "draft": "Draft a warning", "template": "Evacuation order (flood)",
        "keep": "Keep and look at it", "send": "Send for approval",
        "waiting": "Waiting for approval", "approve": "Approve this text", "go": "Publish …",
        "publish": "Publish now", "public": "It is public", "lift": "Lift it",
        "banner": "Alert level 4 Evacuation order",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Town:
    """The server, and the key by which gauges report."""

    base: str
    key: str

    def report(self, gauge: dict[str, Any], value: float, ago: timedelta) -> None:
        """Report a level that was observed some time ago."""
        reading = {**gauge, "currentLevel": level(value, datetime.now(UTC) - ago)}
        answer = httpx.post(
            f"{self.base}/ngsi-ld/v1/entityOperations/upsert",
            json=[reading],
            headers={"Authorization": f"Bearer {self.key}"},
        )
        assert answer.status_code in (201, 204), answer.text


@pytest.fixture(scope="module")
def town(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    home: Path = tmp_path_factory.mktemp("night")
    with _fresh_database(cluster_dsn) as dsn:
        with psycopg.connect(dsn) as connection:
            connection.execute(
                """update tenant set title = '{"ja": "高松市", "en": "Takamatsu"}',
                code = '372013' where name = 'default'"""
            )
        for login, name, role in (
            (WRITER, "香川 花子", "editor"),
            (APPROVER, "讃岐 太郎", "approver"),
        ):
            grant = ("default", role)
            make_user(dsn, f"{login}@example.jp", grant, name=name, home_tenant="default")
        with running_server(home, dsn=dsn) as base:
            yield Town(base, (home / "secrets" / "api-key").read_text().strip())


@pytest.fixture
def visit(browser: "Browser", town: Town) -> Iterator[Callable[..., Any]]:
    """Open a page as somebody ("" as a resident); no script may fail, nothing be refused."""
    notes = Notes()
    with ExitStack() as opened:

        def visit_page(login: str, path: str) -> "Page":
            page = opened.enter_context(_page(browser, notes, False, {}))
            if login:
                sign_in(page, town.base, login)
            page.goto(town.base + path)
            return page

        yield visit_page
    assert notes.errors == []
    assert notes.refused == []


def _publish(writer: "Page", approver: "Page", say: dict[str, str]) -> None:
    writer.get_by_role("button", name=say["send"]).click()
    expect(writer.locator("#state")).to_contain_text(say["waiting"])
    # Whoever wrote it may not approve it.
    expect(writer.get_by_role("button", name=say["approve"])).to_have_count(0)
    approver.goto(writer.url.partition("?")[0])
    approver.get_by_role("button", name=say["approve"]).click()
    writer.reload()
    writer.get_by_role("link", name=say["go"]).click()
    writer.get_by_role("button", name=say["publish"]).click()
    expect(writer.locator("#done")).to_contain_text(say["public"])


@pytest.mark.parametrize(("prefix", "gauge"), [("", GAUGES[0]), ("/en", GAUGES[1])])
def test_from_the_gauge_to_the_public(
    visit: Callable[..., Any], town: Town, prefix: str, gauge: dict[str, Any]
) -> None:
    say, name = TEXTS[prefix], gauge["name"]["value"]
    resident, writer = visit("", prefix + "/"), visit(WRITER, f"{prefix}/staff/default/alerts/")
    approver = visit(APPROVER, f"{prefix}/staff/default/warnings/")

    # The river rises; the shipped rule takes it for an alarm.
    for minutes, value in ((60, 0.6), (30, 1.1), (0, 1.6)):
        town.report(gauge, value, timedelta(minutes=minutes))
    row = writer.locator("tr[data-alert]", has_text=name).filter(has_text=say["rule"])
    for _ in range(SOON // 500):
        if row.count():
            break
        writer.wait_for_timeout(500)
        writer.reload()
    row.get_by_role("link").first.click()
    writer.get_by_role("button", name=say["note"]).click()
    expect(writer.locator("#acknowledged")).to_contain_text("香川 花子")
    expect(writer.locator(".alert-state--firing")).to_be_visible()

    # It is told to the public, once a second person has approved it.
    expect(resident.locator(".warning-banner")).to_have_count(0)
    writer.get_by_role("link", name=say["draft"]).click()
    writer.get_by_role("link", name=say["template"]).click()
    expect(writer.locator("#f-description_ja")).to_have_value(re.compile(re.escape(name)))
    for field in ("contact", "description_ja", "description_en", "description_easy"):
        writer.locator(f"#f-{field}").fill(f"{name} 087-000-0000")
    writer.get_by_role("button", name=say["keep"]).click()
    _publish(writer, approver, say)
    resident.reload()
    expect(resident.locator(".warning-banner--4")).to_contain_text(say["banner"])

    # The water falls, and it is withdrawn.
    writer.get_by_role("button", name=say["lift"]).click()
    writer.get_by_role("button", name=say["keep"]).click()
    _publish(writer, approver, say)
    resident.reload()
    expect(resident.locator(".warning-banner")).to_have_count(0)
