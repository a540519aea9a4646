"""Requests for data on the pages: asked, found, answered, moderated, erased; one server."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Et

import httpx
import psycopg
import pytest

from tests.accounts.signing import make_user, sign_in, token_of
from tests.conftest import _fresh_database, running_server

ASK = {"title": "バス停の位置と時刻表", "body": "時刻表をGTFSで公開してください。", "name": "乗客",
       "mail": "rider@mail.example"}  # fmt: skip
STAFF = "/staff/default/requests/"


@dataclass
class Hall:
    """The server, its database, and its people's browsers."""

    dsn: str
    people: dict[str, httpx.Client]

    def send(self, who: str, path: str, form: str = "", **fields: Any) -> httpx.Response:
        """Send a form with the token of a page."""
        client = self.people[who]
        token = token_of(client.get(form or path).text)
        return client.post(path, data={"csrfmiddlewaretoken": token, **fields})

    def ask(self, **changes: str) -> str:
        """Ask as anybody; return the address of one's own page."""
        answer = self.send("", "/requests/new/", step="send", **(ASK | changes))
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"].partition("?")[0])

    def number(self, mine: str) -> int:
        """Return the number of the request a page is about."""
        found = re.search(r"/requests/(\d+)/", self.people[""].get(mine).text)
        assert found
        return int(found[1])


@pytest.fixture(scope="module")
def hall(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    home: Path = tmp_path_factory.mktemp("requests")
    with _fresh_database(cluster_dsn) as dsn:
        for who, role in (("editor", "editor"), ("auditor", "auditor")):
            make_user(dsn, f"{who}@example.jp", ("default", role), name=who)
        with running_server(home, dsn=dsn) as base:
            people = {n: httpx.Client(base_url=base, timeout=30) for n in ("", "editor", "auditor")}
            for who in ("editor", "auditor"):
                assert sign_in(people[who], f"{who}@example.jp").status_code == 302
            yield Hall(dsn, people)
            for client in people.values():
                client.close()


def test_what_is_there_already_comes_before_sending(hall: Hall) -> None:
    hall.ask(title="公園の遊具の点検結果")
    near = {"title": "公園遊具の点検", "body": "点検の結果を知りたい。"}
    check = hall.send("", "/requests/new/", step="check", **near)
    assert check.status_code == 200
    assert "公園の遊具の点検結果" in check.text and "公開される内容" in check.text
    back = hall.send("", "/requests/new/", step="back", **near)
    assert 'value="公園遊具の点検"' in back.text


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(hall: Hall) -> None:
    typed = {"title": "x", "body": "<b>時刻表を公開</b>", "mail": "nobody"}
    answer = hall.send("", "/en/requests/new/", step="send", **typed)
    assert answer.status_code == 422
    for part in ('href="#f-title"', 'href="#f-mail"', "&lt;b&gt;時刻表を公開", 'value="nobody"'):
        assert part in answer.text
    trapped = hall.send("", "/requests/new/", step="send", website="x", **ASK)
    assert trapped.status_code == 422 and 'href="#f-website"' in trapped.text


def test_a_request_from_asking_to_the_answer(hall: Hall) -> None:
    mine = hall.ask()
    number = hall.number(mine)
    own = hall.people[""].get(mine)
    assert own.headers["cache-control"] == "no-store" and "rider@mail.example" in own.text
    page = hall.people[""].get(f"/requests/{number}/").text
    assert ASK["title"] in page and "乗客" in page and "rider@" not in page

    seen = re.search(r'name="seen" value="([^"]+)"', hall.people["editor"].get(
        f"{STAFF}{number}/").text)  # fmt: skip
    assert seen
    answer = {"state": "declined", "body": "事業者との契約により公開できません。", "seen": seen[1]}
    where = f"{STAFF}{number}/answer/"
    wrong = hall.send("editor", where, step="check", **(answer | {"body": " "}))
    assert wrong.status_code == 422 and 'href="#f-body"' in wrong.text
    check = hall.send("editor", where, step="check", **answer)
    assert "回答はすぐにだれでも読めるようになります" in check.text
    assert hall.send("editor", where, step="send", **answer).status_code == 302
    late = hall.send("editor", where, step="send", **answer)
    assert late.status_code == 409  # it was written to since that page was made

    page = hall.people[""].get(f"/en/requests/{number}/").text
    assert answer["body"] in page and "Cannot be published" in page
    figures = hall.people[""].get("/requests/statistics.json").json()
    assert figures["counts"]["declined"] == 1 and figures["median"] == 0
    feed = Et.fromstring(hall.people[""].get("/requests/feed.rss").text)
    assert any(ASK["title"] in (one.findtext("title") or "") for one in feed.iter("item"))


def test_a_comment_with_a_number_waits_and_is_let_through(hall: Hall) -> None:
    number = hall.number(hall.ask(title="ごみ収集日のカレンダー"))
    said = {"body": "連絡は 090-0000-0001 まで。", "name": ""}
    path = f"/requests/{number}/comment/"
    assert "職員が先に確認します" in hall.send("", path, step="check", **said).text
    sent = hall.send("", path, step="send", **said)
    assert sent.status_code == 302
    assert "090-0000-0001" not in hall.people[""].get(f"/requests/{number}/").text
    desk = hall.people["editor"].get(STAFF).text
    assert "公開前に確認する投稿" in desk
    page = hall.people["editor"].get(f"{STAFF}{number}/").text
    held = re.findall(r'name="post" value="([0-9a-f-]{36})"><button[^>]+value="show"', page)
    assert len(held) == 1
    moderate = f"{STAFF}{number}/moderate/"
    form = f"{STAFF}{number}/"
    assert hall.send("editor", moderate, form, post=held[0], step="hide").status_code == 422
    assert hall.send("editor", moderate, form, post=held[0], step="show").status_code == 302
    assert "090-0000-0001" in hall.people[""].get(f"/requests/{number}/").text


def test_name_and_address_are_erased_by_their_owner_and_by_staff(hall: Hall) -> None:
    mine = hall.ask(title="保育所の空き状況", name="花子")
    number = hall.number(mine)
    assert "消しますか" in hall.send("", mine, step="ask").text
    assert hall.send("", mine, step="forget").status_code == 200
    assert hall.people[""].get(mine).status_code == 404
    assert "花子" not in hall.people[""].get(f"/requests/{number}/").text

    number = hall.number(hall.ask(title="街路樹の位置", name="太郎"))
    page = hall.people["editor"].get(f"{STAFF}{number}/").text
    post = re.findall(r'name="post" value="([0-9a-f-]{36})"', page)[0]
    erase, form = f"{STAFF}{number}/erase/", f"{STAFF}{number}/"
    assert "元に戻せません" in hall.send("editor", erase, form, post=post).text
    assert hall.send("editor", erase, form, post=post, step="erase").status_code == 302
    assert "太郎" not in hall.people[""].get(f"/requests/{number}/").text


def test_who_may_not_answer_is_not_offered_it(hall: Hall) -> None:
    number = hall.number(hall.ask(title="防災倉庫の一覧"))
    page = hall.people["auditor"].get(f"{STAFF}{number}/")
    assert page.status_code == 200 and f"{STAFF}{number}/answer/" not in page.text
    refused = hall.people["auditor"].get(f"{STAFF}{number}/answer/")
    assert refused.status_code == 403
    assert hall.people[""].get(f"{STAFF}{number}/").status_code == 302  # to sign in
    assert hall.people["editor"].get(f"{STAFF}999999/").status_code == 404


def test_the_list_is_searched_and_says_how_requests_are_answered(hall: Hall) -> None:
    page = hall.people[""].get("/requests/?q=%E9%98%B2%E7%81%BD%E5%80%89%E5%BA%AB")
    assert "防災倉庫の一覧" in page.text and "街路樹" not in page.text
    assert "最初の回答までの日数（中央値）" in page.text
    nothing = hall.people[""].get("/en/requests/?q=zzzz&state=published&page=99999999")
    assert nothing.status_code == 200 and "No request matches." in nothing.text


def test_no_name_and_no_address_is_in_the_audit_log(hall: Hall) -> None:
    with psycopg.connect(hall.dsn) as connection:
        rows = connection.execute(
            "select coalesce(before::text, '') || coalesce(after::text, '') || object"
            " from audit_event where action like 'data_request.%'"
        ).fetchall()
    text = str(rows)
    assert len(rows) > 10
    for secret in ("rider@", "乗客", "花子", "太郎"):
        assert secret not in text
