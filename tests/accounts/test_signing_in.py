"""Signing in and out, wrong passwords, lock-out, what a session is worth and when it ends."""

import re
import time
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest

from tests.accounts.conftest import Site
from tests.accounts.signing import PASSWORD, make_user, post, sign_in


@pytest.fixture(scope="module")
def aoki(site: Site) -> int:
    return make_user(site.dsn, "aoki@example.jp", ("default", "editor"), name="青木")


def test_signing_in_leads_back_to_where_one_wanted_to_go(site: Site, aoki: int) -> None:
    with site.browser() as client:
        asked = client.get("/account/sessions/?x=1")
        assert asked.status_code == 302
        assert asked.headers["location"] == "/account/login/?next=%2Faccount%2Fsessions%2F%3Fx%3D1"
        assert asked.headers["cache-control"] == "no-store"
        answer = sign_in(client, "Aoki@Example.jp", next_page="/account/sessions/?x=1")
        assert (answer.status_code, answer.headers["location"]) == (302, "/account/sessions/?x=1")
        assert client.get("/account/sessions/?x=1").status_code == 200
        html = client.get("/account/").text
        assert "aoki@example.jp" in html and "部署の編集者" in html
    [(row,)] = site.sql(
        "select after->>'address' from audit_event where action = 'session.begin'"
        " and actor = %s order by seq desc limit 1",
        [f"user:{aoki}"],
    )
    assert row == "127.0.0.1"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:x", ""])
def test_signing_in_leads_nowhere_else(site: Site, aoki: int, target: str) -> None:
    with site.browser() as client:
        answer = sign_in(client, "aoki@example.jp", next_page=target)
        assert (answer.status_code, answer.headers["location"]) == (302, "/account/")


def test_the_cookie_is_for_this_site_alone_and_no_script_reads_it(site: Site, aoki: int) -> None:
    with site.browser() as client:
        cookie = sign_in(client, "aoki@example.jp").headers["set-cookie"]
    parts = {part.strip().partition("=")[0].lower() for part in cookie.split(";")}
    assert {"httponly", "samesite"} <= parts and "SameSite=Lax" in cookie and "Path=/" in cookie
    assert "domain" not in parts


def test_a_session_gets_a_new_key_when_somebody_signs_in(site: Site, aoki: int) -> None:
    """So that who planted a key in a browser has nothing of it (session fixation)."""
    with site.browser() as client:
        sign_in(client, "aoki@example.jp", "wrong-password")
        client.cookies.set("session", "planted0planted0planted0planted0")
        sign_in(client, "aoki@example.jp")
        keys = {cookie.value for cookie in client.cookies.jar if cookie.name == "session"}
        assert keys - {"planted0planted0planted0planted0"}
    assert (
        site.sql(
            "select 1 from django_session where session_key = 'planted0planted0planted0planted0'"
        )
        == []
    )


def test_who_is_unknown_and_who_is_wrong_get_the_same_answer(site: Site, aoki: int) -> None:
    def shown(email: str) -> tuple[int, str]:
        with site.browser() as client:
            answer = sign_in(client, email, "wrong-password-here")
            html = re.sub(r'value="[^"]*"', "", answer.text)
            return answer.status_code, html

    known, unknown = shown("aoki@example.jp"), shown("nobody@example.jp")
    assert known == unknown
    assert known[0] == 422
    assert 'class="error-summary' in known[1]
    site.sql("delete from accounts_signinfailure")


def test_what_was_typed_is_kept_but_the_password(site: Site) -> None:
    with site.browser() as client:
        html = sign_in(client, "typed@example.jp", "a-wrong-password").text
    assert 'value="typed@example.jp"' in html
    assert "a-wrong-password" not in html


@pytest.mark.parametrize("there", [True, False], ids=["account", "no account"])
def test_an_account_is_locked_after_five_failures(site: Site, there: bool) -> None:
    email = f"locked{there}@example.jp"
    if there:
        make_user(site.dsn, email)
    with site.browser() as client:
        for _ in range(5):
            assert sign_in(client, email, "wrong-password").status_code == 422
        answer = sign_in(client, email, PASSWORD)
        assert answer.status_code == 429
        assert 800 < int(answer.headers["retry-after"]) <= 900
        assert "15 分" in answer.text or "15分" in answer.text
    rows = site.sql("select object from audit_event where action = 'session.lock'")
    assert any(row[0].startswith("account:") for row in rows)
    site.sql(
        "update accounts_signinfailure set locked_until = now() - interval '1 second',"
        " first_at = now() - interval '16 minutes'"
    )
    with site.browser() as client:
        assert sign_in(client, email, PASSWORD).status_code == (302 if there else 422)
    site.sql("delete from accounts_signinfailure")


def test_many_tries_at_the_same_moment_do_not_slip_by(site: Site) -> None:
    import threading

    make_user(site.dsn, "burst@example.jp")
    statuses: list[int] = []

    def once() -> None:
        with site.browser() as client:
            statuses.append(sign_in(client, "burst@example.jp", "wrong-password").status_code)

    threads = [threading.Thread(target=once) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [422] * 5 + [429] * 7
    site.sql("delete from accounts_signinfailure")


def test_an_address_that_fails_with_many_accounts_is_locked(site: Site) -> None:
    with site.browser() as client:
        for number in range(30):
            answer = sign_in(client, f"guess{number}@example.jp", "wrong-password")
            assert answer.status_code == 422, number
        assert sign_in(client, "guess30@example.jp", "wrong-password").status_code == 429
    site.sql("delete from accounts_signinfailure")


def test_signing_out_is_a_post_and_ends_the_session(site: Site, aoki: int) -> None:
    with site.browser() as client:
        sign_in(client, "aoki@example.jp")
        stolen = httpx.Cookies(client.cookies)
        assert client.get("/account/logout/").status_code == 200
        assert client.get("/account/").status_code == 200
        assert post(client, "/account/logout/").status_code == 302
        assert client.get("/account/").status_code == 302
    with site.browser(cookies=stolen) as thief:
        assert thief.get("/account/").status_code == 302


def test_a_form_from_another_site_is_refused(site: Site, aoki: int) -> None:
    with site.browser() as client:
        client.get("/account/login/")
        fields = {"login": "aoki@example.jp", "password": PASSWORD, "csrfmiddlewaretoken": "x" * 64}
        assert client.post("/account/login/", data=fields).status_code == 403


def rewrite_sessions(site: Site, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what every session holds, as Django's own code would store it."""
    from django.contrib.sessions.backends.db import SessionStore
    from django.test import override_settings

    from tamamo.web.signing import signing_key

    with override_settings(SECRET_KEY=signing_key(site.home)):
        store = SessionStore()
        for key, data in site.sql("select session_key, session_data from django_session"):
            content = store.decode(data)
            change(content)
            site.sql(
                "update django_session set session_data = %s where session_key = %s",
                [store.encode(content), key],
            )


def age_sessions(site: Site, **seconds: float) -> None:
    """Make every session older."""

    def older(content: dict[str, Any]) -> None:
        for name, value in seconds.items():
            content[name] = content.get(name, 0) - value

    rewrite_sessions(site, older)


@pytest.mark.parametrize(
    ("older", "ended"),
    [
        ({"seen": 3500}, False),
        ({"seen": 3700}, True),
        ({"since": 11 * 3600}, False),
        ({"since": 12 * 3600 + 60}, True),
    ],
    ids=["used", "not used for an hour", "this morning", "of yesterday"],
)
def test_a_session_ends_by_itself(
    site: Site, aoki: int, older: dict[str, float], ended: bool
) -> None:
    with site.browser() as client:
        sign_in(client, "aoki@example.jp")
        age_sessions(site, **older)
        answer = client.get("/account/")
        assert answer.status_code == (302 if ended else 200)
        if ended:
            assert client.get("/account/").status_code == 302


def test_an_account_switched_off_counts_at_the_next_request(site: Site) -> None:
    number = make_user(site.dsn, "leaver@example.jp", ("default", "editor"))
    with site.browser() as client:
        sign_in(client, "leaver@example.jp")
        assert client.get("/account/").status_code == 200
        site.sql("update accounts_user set is_active = false where id = %s", [number])
        assert client.get("/account/").status_code == 302
        answer = sign_in(client, "leaver@example.jp")
        assert answer.headers["location"] == "/account/inactive/"
        assert client.get("/account/").status_code == 302


def test_a_role_taken_away_counts_at_the_next_request(site: Site) -> None:
    number = make_user(site.dsn, "mover@example.jp", ("default", "editor"))
    with site.browser() as client:
        sign_in(client, "mover@example.jp")
        assert "部署の編集者" in client.get("/account/").text
        site.sql("update role_grant set revoked_at = now() where subject = %s", [f"user:{number}"])
        assert "部署の編集者" not in client.get("/account/").text


def test_sessions_are_listed_and_ended_by_their_owner_only(site: Site) -> None:
    make_user(site.dsn, "two@example.jp")
    make_user(site.dsn, "other@example.jp")
    with (
        site.browser(headers={"User-Agent": "First"}) as first,
        site.browser(headers={"User-Agent": "Second"}) as second,
        site.browser() as other,
    ):
        sign_in(first, "two@example.jp")
        sign_in(second, "two@example.jp")
        sign_in(other, "other@example.jp")
        html = first.get("/account/sessions/").text
        assert "First" in html and "Second" in html
        [number] = re.findall(r'name="end" value="(\d+)"', html)
        post(other, "/account/sessions/", {"end": number}, form="/account/")
        assert second.get("/account/").status_code == 200
        post(first, "/account/sessions/", {"end": number})
        assert second.get("/account/").status_code == 302
        assert first.get("/account/").status_code == 200


def test_pages_of_nobody_do_not_ask_who_it_is(site: Site) -> None:
    """Neither session nor user is looked for where no cookie comes; none is made either."""
    before = site.sql("select count(*) from django_session")
    with site.browser() as client:
        answer = client.get("/")
        assert answer.status_code == 200
        assert "session" not in answer.headers.get("set-cookie", "")
    assert site.sql("select count(*) from django_session") == before


def test_a_database_that_is_away_signs_nobody_out(site: Site, aoki: int, cluster_dsn: str) -> None:
    name = site.sql("select current_database()")[0][0]

    def reachable(yes: bool) -> None:
        with psycopg.connect(cluster_dsn, autocommit=True) as connection:
            connection.execute(f'alter database "{name}" allow_connections {yes}')
            if not yes:
                connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
                    [name],
                )

    with site.browser() as client:
        sign_in(client, "aoki@example.jp")
        reachable(False)
        try:
            answer = client.get("/account/")
        finally:
            reachable(True)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        assert "データに接続できません" in answer.text
        assert "session" not in answer.headers.get("set-cookie", "")
        begun = time.monotonic()
        while (status := client.get("/account/").status_code) == 503:
            assert time.monotonic() - begun < 20
            time.sleep(0.5)
        assert status == 200
