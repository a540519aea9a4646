"""Passwords set by mail, accounts made by residents, invitations: against a real mail server."""

import email
import re
import threading
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import default as modern
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.accounts.conftest import Site
from tests.accounts.signing import PASSWORD, make_user, post, sign_in, token_of
from tests.conftest import free_port

NEW = "another-good-password"


class Inbox:
    """Keeps what arrives (aiosmtpd handler)."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.arrived = threading.Condition()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = email.message_from_bytes(envelope.content, policy=modern)
        message["X-To"] = ",".join(envelope.rcpt_tos)
        with self.arrived:
            self.messages.append(message)  # type: ignore[arg-type]
            self.arrived.notify_all()
        return "250 OK"

    def take(self, address: str, seconds: float = 10) -> EmailMessage:
        """Return the next mail to an address, waiting for it."""

        def found() -> EmailMessage | None:
            return next((one for one in self.messages if one["X-To"] == address), None)

        with self.arrived:
            assert self.arrived.wait_for(lambda: found() is not None, seconds), "no mail came"
            message = found()
            assert message is not None
            self.messages.remove(message)
            return message


@pytest.fixture(scope="module")
def inbox() -> Iterator[Inbox]:
    handler = Inbox()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    handler.port = controller.port  # type: ignore[attr-defined]
    yield handler
    controller.stop()


@pytest.fixture(scope="module")
def site(sites: Callable[..., Site], inbox: Inbox) -> Site:
    return sites(
        mail_server=f"127.0.0.1:{inbox.port}",  # type: ignore[attr-defined]
        mail_security="plain",
        mail_from="tamamo@takamatsu.example",
        sign_in_rate="100000",
        public_url="http://data.takamatsu.example",
    )


def link_in(message: EmailMessage) -> str:
    """Return the path of the link in a mail."""
    found = re.search(r"http://data\.takamatsu\.example(/\S+)", message.get_content())
    assert found, message.get_content()
    return found[1]


def ask_for_reset(site: Site, address: str, **headers: str) -> int:
    with site.browser() as client:
        page = client.get("/account/password/reset/")
        data = {"csrfmiddlewaretoken": token_of(page.text), "email": address}
        return client.post("/account/password/reset/", data=data, headers=headers).status_code


def test_a_forgotten_password_is_set_anew_by_mail(site: Site, inbox: Inbox) -> None:
    make_user(site.dsn, "forgot@example.jp")
    with site.browser() as elsewhere, site.browser() as client:
        sign_in(elsewhere, "forgot@example.jp")
        assert elsewhere.get("/account/").status_code == 200
        assert ask_for_reset(site, "Forgot@example.jp") == 302
        message = inbox.take("forgot@example.jp")
        assert message["From"] == "tamamo@takamatsu.example"
        assert "2時間有効" in message.get_content()
        path = link_in(message)
        form = client.get(path)
        assert form.status_code == 302  # the key goes into the session, out of the address
        answer = post(client, form.headers["location"], {"password1": NEW, "password2": NEW})
        assert answer.status_code == 302, answer.text
        assert elsewhere.get("/account/").status_code == 302, "the old session still counts"
        assert sign_in(client, "forgot@example.jp").status_code == 422
        assert sign_in(client, "forgot@example.jp", NEW).status_code == 302
        with site.browser() as again:
            html = again.get(path, follow_redirects=True).text
            assert "使用済み" in html
    assert inbox.take("forgot@example.jp")["Subject"], "a notice of the change"


def test_who_has_an_account_is_told_to_its_owner_alone(site: Site, inbox: Inbox) -> None:
    make_user(site.dsn, "known@example.jp")
    assert ask_for_reset(site, "known@example.jp") == ask_for_reset(site, "unknown@example.jp")
    inbox.take("known@example.jp")
    assert "アカウントはありません" in inbox.take("unknown@example.jp").get_content()


def test_a_host_that_is_not_ours_is_refused(site: Site) -> None:
    make_user(site.dsn, "host@example.jp")
    assert ask_for_reset(site, "host@example.jp", Host="evil.example") == 400


def test_a_reset_ends_a_lock(site: Site, inbox: Inbox) -> None:
    make_user(site.dsn, "shut@example.jp")
    with site.browser() as client:
        for _ in range(6):
            status = sign_in(client, "shut@example.jp", "wrong-password").status_code
        assert status == 429
        ask_for_reset(site, "shut@example.jp")
        form = client.get(link_in(inbox.take("shut@example.jp")))
        post(client, form.headers["location"], {"password1": NEW, "password2": NEW})
        assert sign_in(client, "shut@example.jp", NEW).status_code == 302


@pytest.mark.parametrize("weak", ["short", "1234567890", "password123", "weak@example.jp"])
def test_a_weak_password_is_refused(site: Site, inbox: Inbox, weak: str) -> None:
    site.sql("delete from accounts_user where false")
    with site.browser() as client:
        fields = {"email": "weak@example.jp", "password1": weak, "password2": weak}
        answer = post(client, "/account/signup/", fields)
    assert answer.status_code == 422
    assert 'class="error-summary' in answer.text
    assert 'value="weak@example.jp"' in answer.text


def test_a_resident_makes_an_account_and_confirms_it(site: Site, inbox: Inbox) -> None:
    with site.browser() as client:
        fields = {"email": "new@example.jp", "password1": PASSWORD, "password2": PASSWORD}
        page = client.get("/en/account/signup/")
        data = {"csrfmiddlewaretoken": token_of(page.text), **fields}
        answer = client.post("/en/account/signup/", data=data)
        assert answer.headers["location"] == "/en/account/confirm-email/"
        assert client.get("/account/").status_code == 302, "in before it is confirmed"
        message = inbox.take("new@example.jp")
        assert "With this link you confirm" in message.get_content()
        post(client, link_in(message))
        sign_in(client, "new@example.jp")
        assert client.get("/account/").status_code == 200
    row = site.sql("select language, home_tenant from accounts_user where email = 'new@example.jp'")
    assert row == [("en", None)]


def test_making_an_account_that_is_there_tells_nobody_but_its_owner(
    site: Site, inbox: Inbox
) -> None:
    make_user(site.dsn, "taken@example.jp")
    with site.browser() as client:
        fields = {"email": "taken@example.jp", "password1": PASSWORD, "password2": PASSWORD}
        answer = post(client, "/account/signup/", fields)
    assert answer.headers["location"] == "/account/confirm-email/"
    assert "すでにアカウントがあります" in inbox.take("taken@example.jp").get_content()


def test_where_residents_make_no_accounts(sites: Callable[..., Site]) -> None:
    closed = sites(sign_up="false")
    with closed.browser() as client:
        assert "受け付けていません" in client.get("/account/signup/").text
        data = {
            "csrfmiddlewaretoken": token_of(client.get("/account/login/").text),
            "email": "x@example.jp",
            "password1": PASSWORD,
            "password2": PASSWORD,
        }
        client.post("/account/signup/", data=data)
    assert closed.sql("select count(*) from accounts_user") == [(0,)]


def test_mail_without_a_server_is_kept_in_the_home(sites: Callable[..., Site]) -> None:
    alone = sites()
    make_user(alone.dsn, "kept@example.jp")
    assert ask_for_reset(alone, "kept@example.jp", Host="evil.example") == 302
    [path] = (alone.home / "mail").glob("*.eml")
    assert path.stat().st_mode & 0o077 == 0
    message = email.message_from_bytes(path.read_bytes(), policy=modern)
    assert f"{alone.base}/account/password/reset/key/" in message.get_content()
    assert "evil.example" not in message.get_content(), "a link leads to where a request says"


def test_signing_in_behind_a_proxy_that_ends_tls(sites: Callable[..., Site]) -> None:
    shown = "data.takamatsu.example"
    behind = sites(public_url=f"https://{shown}")
    make_user(behind.dsn, "proxy@example.jp")

    def send(origin: str) -> int:
        with behind.browser(headers={"Host": shown}) as client:
            page = client.get("/account/login/")
            cookie = page.headers["set-cookie"].partition(";")[0]
            data = {
                "csrfmiddlewaretoken": token_of(page.text),
                "login": "proxy@example.jp",
                "password": PASSWORD,
            }
            headers = {"Origin": origin, "Cookie": cookie}
            return client.post("/account/login/", data=data, headers=headers).status_code

    assert send(f"https://{shown}") == 302
    assert send("https://evil.example") == 403


def test_cookies_of_https_are_bound_to_this_host(sites: Callable[..., Site]) -> None:
    with sites(public_url="https://data.takamatsu.example").browser() as client:
        cookies = client.get("/account/login/").headers.get_list("set-cookie")
    assert all(cookie.startswith("__Host-") and "; Secure" in cookie for cookie in cookies)
    assert cookies
