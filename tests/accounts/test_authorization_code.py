"""Authorization codes with PKCE: consent, wrong questions, codes and tokens that come again."""

import base64
import hashlib
import re
import secrets
import threading
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tamamo.accounts.service import clients
from tests.accounts.conftest import Site
from tests.accounts.signing import make_user, sign_in, token_of
from tests.accounts.test_tokens import BACK, make_client, read, write


@pytest.fixture(scope="module")
def person(site: Site) -> int:
    return make_user(site.dsn, "owner@example.jp", ("default", "editor"), name="持ち主")


@pytest.fixture(scope="module")
def app(site: Site) -> clients.Program:
    """An app on a phone: it has no secret."""
    program, secret = make_client(
        site,
        kind="authorization-code",
        scopes=("read", "write"),
        redirect_uris=(BACK,),
        confidential=False,
    )
    assert secret is None
    return program


@pytest.fixture
def browser(site: Site, person: int) -> Any:
    with site.browser() as client:
        sign_in(client, "owner@example.jp")
        yield client


def proof() -> tuple[str, str]:
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).decode().rstrip("=")


def question(app: clients.Program, challenge: str, **others: str) -> dict[str, str]:
    return {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": BACK,
        "scope": "read write",
        "state": "s1",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **others,
    }


def consent(
    browser: httpx.Client, parameters: dict[str, str], answer: str = "yes"
) -> httpx.Response:
    html = browser.get("/oauth/authorize", params=parameters).text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', html))
    fields["csrfmiddlewaretoken"] = token_of(html)
    if answer:
        fields["allow"] = answer
    return browser.post("/oauth/authorize", data=fields)


def code_of(answer: httpx.Response) -> str:
    assert answer.status_code == 302, answer.text[:800]
    assert answer.headers["location"].startswith(BACK)
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["state"] == ["s1"]
    return query["code"][0]


def swap(
    site: Site, app: clients.Program, code: str, verifier: str, **others: str
) -> httpx.Response:
    data = {
        "grant_type": "authorization_code",
        "client_id": app.client_id,
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": verifier,
        **others,
    }
    return httpx.post(f"{site.base}/oauth/token", data=data, timeout=30)


def renew(site: Site, app: clients.Program, token: str) -> httpx.Response:
    data = {"grant_type": "refresh_token", "client_id": app.client_id, "refresh_token": token}
    return httpx.post(f"{site.base}/oauth/token", data=data, timeout=30)


def test_a_person_lets_a_program_act_for_them(
    site: Site, app: clients.Program, browser: httpx.Client, person: int
) -> None:
    verifier, challenge = proof()
    answer = consent(browser, question(app, challenge))
    assert (
        f"form-action 'self' {BACK.removesuffix('/back')};"
        in answer.headers["content-security-policy"]
    )
    tokens = swap(site, app, code_of(answer), verifier).json()
    assert write(site, tokens["access_token"]) == 201
    assert "試験" in browser.get("/account/sessions/").text
    new = renew(site, app, tokens["refresh_token"])
    assert new.status_code == 200 and read(site, new.json()["access_token"]) == 200


def test_the_page_speaks_the_language_that_is_asked_for(
    app: clients.Program, browser: httpx.Client
) -> None:
    parameters = question(app, proof()[1])
    japanese = browser.get("/oauth/authorize", params=parameters)
    assert "試験 にあなたの代わりの操作を許可しますか" in japanese.text
    english = browser.get("/oauth/authorize", params={**parameters, "ui_locales": "en"})
    assert english.status_code == 302
    html = browser.get(english.headers["location"]).text
    assert "May 試験 act for you?" in html and "Change the data that you may change" in html


def test_a_program_that_nobody_signed_in_for_leads_to_the_sign_in_page(
    site: Site, app: clients.Program
) -> None:
    parameters = question(app, proof()[1])
    answer = httpx.get(f"{site.base}/oauth/authorize", params=parameters)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/account/login/?next=%2Foauth%2Fauthorize%3F")


def test_no_is_no(app: clients.Program, browser: httpx.Client) -> None:
    answer = consent(browser, question(app, proof()[1]), answer="")
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["error"] == ["access_denied"]
    assert "code" not in query


@pytest.mark.parametrize(
    ("changed", "leads_back"),
    [
        ({"code_challenge": ""}, True),
        ({"code_challenge_method": "plain"}, True),
        ({"response_type": "token"}, True),
        ({"scope": "administer"}, True),
        ({"redirect_uri": "https://evil.example/back"}, False),
        ({"client_id": "nobody"}, False),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_program_that_asks_in_the_wrong_way(
    app: clients.Program, browser: httpx.Client, changed: dict[str, str], leads_back: bool
) -> None:
    answer = browser.get("/oauth/authorize", params={**question(app, proof()[1]), **changed})
    if leads_back:
        assert answer.headers["location"].startswith(BACK + "?error=")
    else:
        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert "プログラムの要求に誤りがあります" in answer.text


def test_the_proof_has_to_be_right(site: Site, app: clients.Program, browser: httpx.Client) -> None:
    code = code_of(consent(browser, question(app, proof()[1])))
    assert swap(site, app, code, proof()[0]).status_code == 400
    code = code_of(consent(browser, question(app, proof()[1])))
    assert swap(site, app, code, "").status_code == 400


def test_a_code_that_comes_again_makes_its_tokens_void(
    site: Site, app: clients.Program, browser: httpx.Client
) -> None:
    verifier, challenge = proof()
    code = code_of(consent(browser, question(app, challenge)))
    tokens = swap(site, app, code, verifier).json()
    assert read(site, tokens["access_token"]) == 200
    again = swap(site, app, code, verifier)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    time.sleep(2.1)
    assert read(site, tokens["access_token"]) == 401
    assert renew(site, app, tokens["refresh_token"]).status_code == 400
    assert site.sql("select 1 from audit_event where action = 'client.code-again'")


def test_a_code_that_comes_twice_at_once_gives_one_answer(
    site: Site, app: clients.Program, browser: httpx.Client
) -> None:
    verifier, challenge = proof()
    code = code_of(consent(browser, question(app, challenge)))
    statuses: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: statuses.append(swap(site, app, code, verifier).status_code)
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 400, 400, 400]


def test_a_refresh_token_that_comes_again_ends_the_whole_family(
    site: Site, app: clients.Program, browser: httpx.Client
) -> None:
    verifier, challenge = proof()
    first = swap(site, app, code_of(consent(browser, question(app, challenge))), verifier).json()
    second = renew(site, app, first["refresh_token"]).json()
    assert renew(site, app, first["refresh_token"]).status_code == 400
    assert renew(site, app, second["refresh_token"]).status_code == 400
    time.sleep(2.1)
    assert read(site, second["access_token"]) == 401


def test_a_person_takes_the_right_away(
    site: Site, app: clients.Program, browser: httpx.Client
) -> None:
    verifier, challenge = proof()
    tokens = swap(site, app, code_of(consent(browser, question(app, challenge))), verifier).json()
    page = browser.get("/account/sessions/").text
    data = {"csrfmiddlewaretoken": token_of(page), "program": app.client_id}
    assert browser.post("/account/sessions/", data=data).status_code == 302
    time.sleep(2.1)
    assert read(site, tokens["access_token"]) == 401
    assert renew(site, app, tokens["refresh_token"]).status_code == 400


def test_of_somebody_switched_off_no_token_counts(site: Site, app: clients.Program) -> None:
    number = make_user(site.dsn, "gone@example.jp", ("default", "editor"))
    with site.browser() as browser:
        sign_in(browser, "gone@example.jp")
        verifier, challenge = proof()
        code = code_of(consent(browser, question(app, challenge)))
        tokens = swap(site, app, code, verifier).json()
        late_verifier, challenge = proof()
        late = code_of(consent(browser, question(app, challenge)))
    site.sql("update accounts_user set is_active = false where id = %s", [number])
    time.sleep(2.1)
    assert read(site, tokens["access_token"]) == 401
    assert renew(site, app, tokens["refresh_token"]).status_code == 400
    assert swap(site, app, late, late_verifier).status_code == 400
