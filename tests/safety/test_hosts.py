"""Names of the installation: what a Host header or an address cannot make it say."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.accounts.conftest import Site, running_site
from tests.accounts.signing import make_user, sign_in
from tests.safety.conftest import addresses

EVIL = "evil.example"


@pytest.fixture(scope="module")
def public(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One behind a proxy that speaks https."""
    with running_site(
        cluster_dsn, tmp_path_factory.mktemp("public"), public_url="https://data.example.jp"
    ) as running:
        yield running


def test_by_https_browsers_are_told_to_stay_with_it(public: Site, site: Site) -> None:
    with public.browser() as client:
        for path in ("/", "/ngsi-ld/v1/types", "/healthz", "/nothing", "/account/login/"):
            answer = client.get(path, headers={"Host": "data.example.jp"})
            assert answer.headers.get_list("strict-transport-security") == [
                "max-age=63072000; includeSubDomains"
            ]
            for cookie in answer.headers.get_list("set-cookie"):
                assert "secure" in cookie.lower() and cookie.startswith("__Host-")
    with site.browser() as client:
        assert "strict-transport-security" not in client.get("/").headers


def test_another_name_is_not_answered_where_the_own_is_known(public: Site) -> None:
    with public.browser() as client:
        assert client.get("/", headers={"Host": EVIL}).status_code == 400
        assert client.get("/", headers={"Host": "data.example.jp"}).status_code == 200
        assert client.get("/", headers={"Host": "127.0.0.1"}).status_code == 200


def test_the_host_header_reaches_no_link(browser: httpx.Client) -> None:
    """Without a public name any is answered, and none is repeated where a link could lead.

    (The examples for programs show the address as it was reached, as text.)
    """
    found = []
    for path in addresses():
        answer = browser.get(path, headers={"Host": EVIL, "X-Forwarded-Host": EVIL})
        links = re.findall(r'(?:href|src|action|content)="([^"]*)"', answer.text)
        links.append(answer.headers.get("location", ""))
        if any(EVIL in link for link in links):
            found.append(path)
    assert found == []


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "javascript:alert(1)",
        "https:evil.example",
        " //evil.example",
        "/\t/evil.example",
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(site: Site, target: str) -> None:
    email = "next@example.jp"
    if not site.sql("select 1 from accounts_user where email = %s", [email]):
        make_user(site.dsn, email)
    with site.browser() as client:
        answer = sign_in(client, email, next_page=target)
        assert answer.status_code == 302
        assert _leads_home(answer)


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/account",
        "/%2f%2fevil.example/account",
        "//evil.example/en/plan",
        "/en//evil.example/plan",
        "/account/login?next=//evil.example",
        "/plan?x=//evil.example",
        "/%5cevil.example/plan",
    ],
)
def test_no_address_leads_elsewhere(browser: httpx.Client, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code < 500
    assert _leads_home(answer)


def _leads_home(answer: httpx.Response) -> bool:
    """Whether a browser that follows stays here: it reads a backslash as a slash."""
    location = answer.headers.get("location")
    if location is None:
        return True
    read = location.replace("\\", "/").replace("\t", "").strip()
    return read.startswith("/") and not read.startswith("//")
