"""A 200 MB upload: a clear answer in the sender's language, and the server goes on."""

from collections.abc import Iterator

import httpx
import pytest

from tests.accounts.conftest import Site

MEBIBYTE = 1024 * 1024
CHUNK = bytes(MEBIBYTE)


def body(megabytes: int) -> Iterator[bytes]:
    for _ in range(megabytes):
        yield CHUNK


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/staff/x/import/", "一度に受け取れるのは64 MBまでです。何も保存されず"),
        ("/en/staff/x/import/", "At most 64 MB are taken at once. Nothing was kept"),
        ("/storm/", "一度に受け取れるのは16 MBまでです"),
    ],
)
def test_a_page_says_what_is_too_large(
    browser: httpx.Client, path: str, said: str, announced: bool
) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    if announced:
        headers["Content-Length"] = str(200 * MEBIBYTE)
    answer = browser.post(path, content=body(200), headers=headers)
    assert answer.status_code == 413
    assert answer.headers["content-type"].startswith("text/html")
    assert said in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert browser.get("/readyz").status_code == 200


def test_a_program_is_told_by_problem_details(site: Site) -> None:
    key = (site.home / "secrets" / "api-key").read_text().strip()
    headers = {"Authorization": f"Bearer {key}", "Content-Length": str(200 * MEBIBYTE)}
    with site.browser(headers=headers) as client:
        answer = client.post("/ngsi-ld/v1/entities", content=body(200))
        assert answer.status_code == 413
        assert answer.headers["content-type"].endswith("json")
    with site.browser() as client:
        answer = client.post("/staff/x/import/", content=body(200))
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"


def test_forms_with_files_have_more_room_than_others(browser: httpx.Client) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert browser.post("/staff/x/", content=body(20), headers=headers).status_code != 413
    assert browser.post("/plan/", content=body(20), headers=headers).status_code == 413
