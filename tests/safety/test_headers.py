"""Every answer of every face carries what keeps a browser safe, the refusals included."""

import re

import httpx
import pytest

from tests.accounts.conftest import Site
from tests.accounts.signing import make_user, sign_in
from tests.safety.conftest import OTHERS, addresses

INNER = re.compile(r"/(?:en/)?(?:staff|console|account|oauth)/")


def faults(answer: httpx.Response) -> list[str]:
    """What an answer lacks."""
    headers = answer.headers
    policy = headers.get("content-security-policy", "")
    found = []
    if not policy.startswith("default-src 'none'") or re.search(r"unsafe|\*|data:", policy):
        found.append(f"policy {policy!r}")
    if "frame-ancestors 'none'" not in policy:
        found.append("may be framed")
    if headers.get_list("x-content-type-options") != ["nosniff"]:
        found.append("type may be guessed")
    if headers.get_list("referrer-policy") != ["same-origin"]:
        found.append("tells other sites where somebody was")
    if re.search(r"\d", headers.get("server", "")) or "x-powered-by" in headers:
        found.append("says which version it runs on")
    if INNER.match(answer.request.url.path) and "no-store" not in headers.get("cache-control", ""):
        found.append("may be kept by a cache")
    for cookie in headers.get_list("set-cookie"):
        if not {"httponly", "samesite=lax"} <= {one.strip() for one in cookie.lower().split(";")}:
            found.append(f"cookie {cookie}")
    if answer.status_code >= 500:
        found.append(f"status {answer.status_code}")
    return found


def test_every_address_is_known() -> None:
    """The list is made from the faces' own tables: it cannot forget a page."""
    found = addresses()
    assert len(found) > 60
    assert {"/", "/en/", "/plan/", "/account/login/", "/en/account/login/"} <= set(found)


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_every_answer_is_safe(browser: httpx.Client, method: str) -> None:
    found = {}
    for path in [*addresses(), *OTHERS]:
        if path == "/sse":
            continue
        browser.cookies.clear()
        answer = browser.request(method, path)
        if wrong := faults(answer):
            found[f"{path} {answer.status_code}"] = wrong
    assert found == {}


def test_a_stream_is_safe(browser: httpx.Client) -> None:
    with browser.stream("GET", "/sse") as answer:
        assert faults(answer) == []


def test_what_somebody_sees_who_signed_in_is_kept_by_no_cache(site: Site) -> None:
    make_user(site.dsn, "operator@example.jp", ("*", "operator"))
    found = {}
    with site.browser(headers={"Accept": "text/html"}) as client:
        assert "no-store" not in client.get("/").headers.get("cache-control", "")
        assert sign_in(client, "operator@example.jp").status_code == 302
        kept = {name: client.cookies[name] for name in client.cookies}
        for path in addresses():
            # The script that receives pushes is one for everybody.
            if "logout" in path or path == "/push-worker.js":
                continue
            # Whatever a page did to the session, the next one is asked by the same person.
            client.cookies.clear()
            client.cookies.update(kept)
            answer = client.get(path)
            wrong = faults(answer)
            if "no-store" not in answer.headers.get("cache-control", ""):
                wrong.append("may be kept by a cache")
            if wrong:
                found[f"{path} {answer.status_code}"] = wrong
        assert client.get("/account/").status_code == 200
    assert found == {}
