"""Somebody sets up who is called; a river rises; the mail's link is answered on a phone."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from aiosmtpd.controller import Controller
from playwright.sync_api import expect

from tests.accounts.signing import make_user
from tests.accounts.test_mail import Inbox
from tests.conftest import _fresh_database, free_port, running_server
from tests.journeys.conftest import GAUGES, Notes, _page, level
from tests.journeys.looking import accessible
from tests.journeys.staff import Office, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SOON = 30_000
MAIL = "hanako.duty@example.jp"


@pytest.fixture(scope="module")
def inbox() -> Iterator[Inbox]:
    handler = Inbox()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    handler.port = controller.port  # type: ignore[attr-defined]
    yield handler
    controller.stop()


@pytest.fixture(scope="module")
def office(
    cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory, inbox: Inbox
) -> Iterator[Office]:
    home: Path = tmp_path_factory.mktemp("calling")
    with pytest.MonkeyPatch.context() as patch, _fresh_database(cluster_dsn) as dsn:
        patch.setenv("TAMAMO_MAIL_SERVER", f"127.0.0.1:{inbox.port}")  # type: ignore[attr-defined]
        patch.setenv("TAMAMO_MAIL_SECURITY", "plain")
        make_user(dsn, "hanako@example.jp", ("default", "editor"), name="香川 花子",
                  home_tenant="default")  # fmt: skip
        with running_server(home, dsn=dsn) as base:
            key = (home / "secrets" / "api-key").read_text().strip()
            yield Office(base, dsn, key)


@pytest.fixture
def pages(browser: "Browser", office: Office) -> Iterator[Any]:
    """Open pages of people who sign in or not; at the end no script may have failed."""
    notes, managers = Notes(), []

    def open_page(path: str, *, signed_in: bool = True, **options: Any) -> "Page":
        managers.append(_page(browser, notes, False, options))
        page = managers[-1].__enter__()
        if signed_in:
            sign_in(page, office.base, "hanako")
        page.goto(office.base + path)
        return page

    yield open_page
    for manager in managers:
        manager.__exit__(None, None, None)
    assert notes.errors == []
    assert notes.refused == []


def test_from_setting_up_to_the_answer(pages: Any, office: Office, inbox: Inbox) -> None:
    page = pages("/staff/default/calls/contacts/")
    expect(page.locator("#channels")).to_contain_text("LINE: 未接続")
    expect(page.locator("#channels")).to_contain_text("メール: 接続済み")
    page.get_by_role("link", name="新しい連絡先").click()
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#error-summary")).to_be_focused()
    page.get_by_label("名前").fill("香川 花子")
    page.get_by_label("アカウント").select_option(label="香川 花子")
    page.get_by_label("宛先1").fill(MAIL)
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#done")).to_contain_text("保存しました")

    page.goto(f"{office.base}/staff/default/calls/rosters/new/")
    page.locator("#f-name").fill("当直")
    page.locator("#f-s0-people-0").select_option(label="香川 花子")
    page.locator("#f-s0-begins").fill("00:00")
    page.locator("#f-s0-ends").fill("00:00")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#gaps")).to_have_count(0)
    accessible(page)

    page.goto(f"{office.base}/staff/default/calls/trees/new/")
    page.locator("#f-name").fill("連絡網")
    page.locator("#f-s0-target-0").select_option(label="当直：当直")
    page.locator("#f-s0-minutes").fill("30")
    page.get_by_role("button", name="誰が呼び出されるか確認").click()
    expect(page.locator("#planned")).to_contain_text("香川 花子")
    accessible(page)
    page.get_by_role("button", name="保存").click()

    page.goto(f"{office.base}/staff/default/calls/call-rules/new/")
    page.get_by_label("名前").fill("川")
    page.get_by_label("連絡網").select_option(label="連絡網")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#rules-heading")).to_be_visible()

    page.goto(f"{office.base}/staff/default/calls/")
    expect(page.locator("#live")).to_contain_text("応答を待っている呼出しはありません")
    for value in (0.5, 1.2, 1.6):
        office.put([{**GAUGES[0], "currentLevel": level(value)}])
        time.sleep(0.2)
    expect(page.locator("#live tbody")).to_contain_text("木太大橋", timeout=SOON)

    mail = inbox.take(MAIL, seconds=30)
    assert "木太大橋" in mail["Subject"]
    link = re.search(r"http://\S+/answer/\S+", mail.get_content())
    assert link
    phone = pages(
        "/answer/" + link[0].partition("/answer/")[2],
        signed_in=False,
        viewport={"width": 390, "height": 844},
    )
    accessible(phone)
    phone.get_by_role("button", name="対応します").click()
    expect(phone.locator("#said")).to_contain_text("あなたがこの呼出しの対応者です")

    expect(page.locator("#live tbody")).to_contain_text("対応者決定", timeout=SOON)
    accessible(page)
    page.get_by_role("link", name="木太大橋").click()
    expect(page.locator("#answered")).to_contain_text("香川 花子 （リンクから）")
    expect(page.locator("#live")).to_contain_text("既読")
    accessible(page)
    with psycopg.connect(office.dsn) as connection:
        rows = connection.execute("select kind, actor from alert_event order by position")
        assert ("acknowledged", "user:1") in rows.fetchall()


def test_in_english(pages: Any, office: Office) -> None:
    page = pages("/en/staff/default/calls/")
    expect(page.get_by_role("heading", name="Waiting for an answer")).to_be_visible()
    rooms = ("contacts", "rosters", "trees")
    forms = ("contacts/new", "rosters/new", "trees/new", "call-rules/new")
    for path in (f"calls/{name}/" for name in ("test", *rooms, *forms)):
        page.goto(f"{office.base}/en/staff/default/{path}")
        accessible(page)
        text = page.locator("main").inner_text()
        kept = re.sub(r"香川 花子|当直|連絡網|川|日本語", "", text)
        assert not re.search(r"[ぁ-ゖァ-ヺ一-龠]", kept), path


def test_a_pushed_message_is_shown_and_said_to_be(whole_browser: "Browser", office: Office) -> None:
    """The service worker, with a message as the push service hands it over."""
    with psycopg.connect(office.dsn) as connection:
        row = connection.execute(
            "insert into message (tenant, channel, recipient, subject, body, drill, host, state,"
            " created_at, expires_at) values ('default', 'webpush', 'x', 's', 't', false, 'h',"
            " 'sent', now(), now() + interval '1 hour') returning id::text"
        ).fetchone()
        assert row
    notes = Notes()
    with _page(whole_browser, notes, False, {}) as page:
        page.goto(office.base)
        page.context.grant_permissions(["notifications"], origin=office.base)
        session = page.context.new_cdp_session(page)
        found: list[str] = []
        session.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda event: found.extend(one["registrationId"] for one in event["registrations"]),
        )
        session.send("ServiceWorker.enable")
        page.evaluate("navigator.serviceWorker.register('/push-worker.js')")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.wait_for_timeout(200)
        assert found
        data = f'{{"title": "水位", "body": "2.41 m", "tag": "a", "receipt": "default/{row[0]}"}}'
        session.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": office.base, "registrationId": found[-1], "data": data},
        )
        shown = "navigator.serviceWorker.ready.then(r => r.getNotifications())"
        page.wait_for_function(f"{shown}.then(all => all.length === 1 && all[0].title === '水位')")
        for _ in range(40):
            with psycopg.connect(office.dsn) as connection:
                state = connection.execute(
                    "select state from message where id::text = %s", [row[0]]
                ).fetchone()
            if state == ("delivered",):
                break
            time.sleep(0.25)
        assert state == ("delivered",)
    assert notes.errors == [] and notes.refused == []
