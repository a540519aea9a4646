"""The second factor: set up, asked for, recovered, lost, and required of staff."""

import re
import time
from collections.abc import Callable

import httpx
import pytest

from tests.accounts.conftest import Site
from tests.accounts.signing import PASSWORD, make_user, post, sign_in, token_of


def code_of(secret: str, shift: int = 0) -> str:
    """Return the TOTP code of a secret, `shift` periods from now (RFC 6238)."""
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + shift))


def set_up(client: httpx.Client) -> tuple[str, list[str]]:
    """Set up a second factor and return its secret and the recovery codes."""
    assert "reauthenticate" in client.get("/account/2fa/totp/").headers["location"]
    post(client, "/account/reauthenticate/", {"password": PASSWORD})
    html = client.get("/account/2fa/totp/").text
    assert re.search(r"<svg [^>]*>", html) and "style=" not in html
    found = re.search(r'<code class="number">(\w+)</code>', html)
    assert found
    data = {"csrfmiddlewaretoken": token_of(html), "code": code_of(found[1], -1)}
    answer = client.post("/account/2fa/totp/", data=data)
    assert answer.status_code == 302, answer.text
    codes = re.findall(
        r'<code class="number">(\w+)</code>', client.get("/account/2fa/recovery-codes/").text
    )
    return found[1], codes


def test_signing_in_needs_a_code_that_counts_once(site: Site) -> None:
    number = make_user(site.dsn, "totp@example.jp")
    with site.browser() as client:
        sign_in(client, "totp@example.jp")
        secret, codes = set_up(client)
    assert len(codes) == 10
    with site.browser() as client:
        answer = sign_in(client, "totp@example.jp")
        assert answer.headers["location"].startswith("/account/2fa/code/")
        assert client.get("/account/").status_code == 302, "in with the password alone"
        assert post(client, "/account/2fa/code/", {"code": "000000"}).status_code == 422
        good = code_of(secret)
        assert post(client, "/account/2fa/code/", {"code": good}).status_code == 302
        assert client.get("/account/").status_code == 200
    with site.browser() as client:
        sign_in(client, "totp@example.jp")
        assert post(client, "/account/2fa/code/", {"code": good}).status_code == 422, "used twice"
        assert post(client, "/account/2fa/code/", {"code": codes[0]}).status_code == 302
        assert client.get("/account/").status_code == 200
    with site.browser() as client:
        sign_in(client, "totp@example.jp")
        assert post(client, "/account/2fa/code/", {"code": codes[0]}).status_code == 422
    stored = str(site.sql("select data from mfa_authenticator where user_id = %s", [number]))
    assert secret not in stored and codes[1] not in stored


def test_guessing_codes_is_locked_even_by_who_knows_the_password(site: Site) -> None:
    make_user(site.dsn, "guess@example.jp")
    with site.browser() as client:
        sign_in(client, "guess@example.jp")
        set_up(client)
    statuses = []
    for _ in range(3):
        with site.browser() as client:
            sign_in(client, "guess@example.jp")
            for _ in range(2):
                statuses.append(post(client, "/account/2fa/code/", {"code": "123456"}).status_code)
    assert statuses == [422] * 5 + [429]
    site.sql("delete from accounts_signinfailure")


def test_an_operator_takes_away_a_factor_that_was_lost(site: Site) -> None:
    from tamamo.accounts.service import users
    from tamamo.kernel.identity import INSTALLATION
    from tests.accounts.test_tokens import acting

    number = make_user(site.dsn, "lost@example.jp")
    with site.browser() as client:
        sign_in(client, "lost@example.jp")
        set_up(client)
        acting(site, lambda c: users.reset_second_factor(c, INSTALLATION, number))
        assert client.get("/account/").status_code == 302, "sessions go on"
        assert sign_in(client, "lost@example.jp").headers["location"] == "/account/"


def test_what_concerns_safety_asks_again_who_it_is(site: Site) -> None:
    make_user(site.dsn, "again@example.jp")
    with site.browser() as client:
        sign_in(client, "again@example.jp")
        set_up(client)
        assert client.get("/account/2fa/totp/off/").status_code == 200
        from tests.accounts.test_signing_in import rewrite_sessions

        def forget(content: dict[str, object]) -> None:
            for record in content["account_authentication_methods"]:  # type: ignore[attr-defined]
                record["at"] -= 3600

        rewrite_sessions(site, forget)
        answer = client.get("/account/2fa/totp/off/")
        assert answer.status_code == 302
        assert "reauthenticate" in answer.headers["location"]


@pytest.mark.parametrize("role", ["editor", "operator"])
def test_staff_need_a_second_factor_where_the_setting_says_so(
    sites: Callable[..., Site], role: str
) -> None:
    strict = sites(staff_second_factor="true", sign_in_rate="100000")
    make_user(strict.dsn, "staff@example.jp", ("default", role))
    make_user(strict.dsn, "resident@example.jp", ("default", "resident"))
    with strict.browser() as client:
        sign_in(client, "staff@example.jp")
        html = client.get("/account/").text
        assert "二要素認証が必要です" in html
        assert "役割はありません" in html
        # A token would count without it: no program is let act before.
        answer = client.get("/oauth/authorize?response_type=code&client_id=x")
        assert answer.headers["location"].startswith("/account/2fa/totp/?next=%2Foauth%2Fauthorize")
        set_up(client)
        assert "二要素認証が必要です" not in client.get("/account/").text
        assert client.get("/oauth/authorize?response_type=code&client_id=x").status_code == 400
    with strict.browser() as client:
        sign_in(client, "resident@example.jp")
        assert "二要素認証が必要です" not in client.get("/account/").text
