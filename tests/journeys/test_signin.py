"""Signing in, in a real browser: each page in both languages at each width, without scripts too."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.accounts.conftest import Site, running_site
from tests.accounts.signing import PASSWORD, make_user
from tests.journeys.looking import accessible

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def site(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("signin")
    with running_site(cluster_dsn, home, sign_in_rate="100000") as running:
        make_user(running.dsn, "hanako@example.jp", ("default", "editor"), name="高松 花子")
        yield running


@pytest.fixture
def page(browser: "Browser", site: Site) -> "Iterator[Page]":
    """A page without scripts of ours; nothing may be refused by the policy."""
    context = browser.new_context(base_url=site.base, locale="ja-JP")
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    assert [text for text in complaints if "Content Security" in text or "Error" in text] == []


def enter(page: "Page", password: str = PASSWORD, email: str = "hanako@example.jp") -> None:
    page.fill("#id_login", email)
    page.fill("#id_password", password)
    page.click("main button[type=submit]")


@pytest.mark.parametrize("language", ["", "/en"], ids=["ja", "en"])
@pytest.mark.parametrize("path", ["login", "signup", "password/reset", "password/reset/done"])
def test_pages_of_who_is_not_signed_in(page: "Page", language: str, path: str) -> None:
    page.goto(f"{language}/account/{path}/")
    assert page.locator("html").get_attribute("lang") == (language.strip("/") or "ja")
    accessible(page)


@pytest.mark.parametrize(
    ("language", "button", "wrong", "out"),
    [
        ("", "ログイン", "次の点を確認してください", "ログアウト"),
        ("/en", "Sign in", "Please look at this again", "Sign out"),
    ],
    ids=["ja", "en"],
)
def test_somebody_signs_in_looks_around_and_signs_out(
    page: "Page", language: str, button: str, wrong: str, out: str
) -> None:
    page.goto(f"{language}/account/sessions/")
    assert page.url.endswith(
        f"{language}/account/login/?next={'%2Fen' if language else ''}%2Faccount%2Fsessions%2F"
    )
    assert page.locator("main button[type=submit]").inner_text() == button
    enter(page, "not-the-password")
    summary = page.locator("#error-summary")
    assert wrong in summary.inner_text()
    assert page.evaluate("document.activeElement.id") == "error-summary"
    assert page.input_value("#id_login") == "hanako@example.jp"
    accessible(page)
    enter(page)
    assert page.url.endswith(f"{language}/account/sessions/")
    accessible(page)
    for path in ("", "2fa/", "password/change/"):
        page.goto(f"{language}/account/{path}")
        accessible(page)
    page.goto(f"{language}/")
    page.click("#account-menu summary")
    assert "高松 花子" in page.locator("#account-menu summary").inner_text()
    assert page.locator("#account-menu button").inner_text() in (out, "サインアウト")
    page.click("#account-menu button")
    page.goto(f"{language}/account/")
    assert "/account/login/" in page.url


@pytest.mark.parametrize("language", ["", "/en"], ids=["ja", "en"])
def test_a_second_factor_is_set_up_and_asked_for(site: Site, page: "Page", language: str) -> None:
    email = f"totp{language.strip('/')}@example.jp"
    make_user(site.dsn, email, name="二要素")
    page.goto(f"{language}/account/login/")
    enter(page, email=email)
    page.goto(f"{language}/account/2fa/totp/")
    accessible(page)
    page.fill("#id_password", PASSWORD)
    page.click("main button[type=submit]")
    box = page.locator(".qr-code svg").bounding_box()
    assert box is not None and box["width"] > 150 and abs(box["width"] - box["height"]) < 2
    accessible(page)
    secret = page.locator("main code.number").inner_text()
    page.fill("#id_code", _code(secret))
    page.click("main button[type=submit]")
    expect(page.locator("main code.number")).to_have_count(10)
    codes = page.locator("main code.number").all_inner_texts()
    accessible(page)
    page.context.clear_cookies()
    page.goto(f"{language}/account/login/")
    enter(page, email=email)
    assert page.url.endswith("/account/2fa/code/?next=") or "/account/2fa/code/" in page.url
    accessible(page)
    page.fill("#id_code", codes[0])
    page.click("main button[type=submit]")
    assert re.search(r"/account/$", page.url)


def test_who_lacks_a_role_is_told_which(page: "Page") -> None:
    page.goto("/account/login/?next=/console/")
    enter(page)
    assert page.url.endswith("/console/")
    assert page.locator("main").inner_text().strip()
    accessible(page)


def test_too_many_tries_say_how_long_to_wait(site: Site, page: "Page") -> None:
    for _ in range(6):
        page.goto("/en/account/login/")
        enter(page, "not-the-password", "nobody@example.jp")
    assert "Please wait 15 minutes" in page.locator("main").inner_text()
    accessible(page)
    site.sql("delete from accounts_signinfailure")


def test_without_scripts(browser: "Browser", site: Site) -> None:
    context = browser.new_context(base_url=site.base, java_script_enabled=False)
    page = context.new_page()
    page.goto("/account/login/")
    enter(page)
    assert page.url.endswith("/account/")
    page.click("main form[action$='logout/'] button")
    page.goto("/account/")
    assert "/account/login/" in page.url
    context.close()


def _code(secret: str) -> str:
    from tests.accounts.test_second_factor import code_of

    return code_of(secret, 0)
