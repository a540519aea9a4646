"""What no column can hold, in an address or a form, is a plain refusal and no fault of ours."""

from collections.abc import Iterator

import httpx
import pytest

from tests.accounts.conftest import Site
from tests.accounts.signing import make_user, post, sign_in, token_of

LARGE = "9" * 30
HUGE = "9" * 5000


@pytest.fixture(scope="module")
def operator(site: Site) -> Iterator[httpx.Client]:
    make_user(site.dsn, "odd@example.jp", ("*", "operator"))
    with site.browser() as client:
        sign_in(client, "odd@example.jp")
        yield client


@pytest.mark.parametrize(
    "path",
    [
        f"/console/users/{LARGE}/",
        f"/console/users/?after={LARGE}",
        "/console/users/?q=%00",
        f"/console/jobs/default/{LARGE}/",
        "/console/jobs/?before=%C2%B2",
        "/console/audit/?actor=%00",
        "/console/audit/?until=9999-12-31",
        "/console/audit/log.csv?until=9999-12-31",
        "/console/keys/clients/%00/",
        "/console/roles/client:%00/new/",
        "/console/notifications/?subscription=%00",
        "/staff/default/r/shelters/?q=%00",
        "/staff/default/r/shelters/record/%00/",
        "/staff/default/r/shelters/edit/%00/",
        f"/staff/default/r/shelters/views/{LARGE}/",
        *(f"/staff/default/r/shelters/changes/?before={n}" for n in (LARGE, HUGE, "%C2%B2")),
        *(f"/staff/default/r/shelters/changes/urn:x/?page={n}" for n in (LARGE, HUGE)),
    ],
)
def test_an_odd_address_is_refused(operator: httpx.Client, path: str) -> None:
    assert operator.get(path).status_code < 500


@pytest.mark.parametrize(
    ("path", "data"),
    [
        (f"/console/users/{LARGE}/off/", {}),
        (f"/console/jobs/default/{LARGE}/retry/", {}),
        (f"/staff/default/r/shelters/undo/{LARGE}/", {}),
        ("/staff/default/r/shelters/views/", {"name": "a", "query": "?q=%00\0"}),
        ("/account/sessions/", {"end": HUGE}),
        ("/account/sessions/", {"end": "²"}),
        ("/account/sessions/", {"program": "\0"}),
        ("/console/users/new/", {"email": "a\0@b.jp", "name": "\0", "home": "*", "password": "x"}),
    ],
)
def test_an_odd_form_is_refused(operator: httpx.Client, path: str, data: dict[str, str]) -> None:
    assert post(operator, path, data, "/account/sessions/").status_code < 500


def test_an_upload_is_found_at_its_own_register_only(operator: httpx.Client) -> None:
    begin = "/staff/default/r/shelters/import/"
    token = token_of(operator.get(begin).text)
    file = {"file": ("a.csv", "名称,備考\n玉藻小学校,海抜3m\n".encode(), "text/csv")}
    answer = operator.post(begin, data={"csrfmiddlewaretoken": token}, files=file)
    assert answer.status_code == 302, answer.text
    place = answer.headers["location"]
    assert operator.get(place).status_code == 200
    for end in ("", "rejects.xlsx"):
        assert operator.get(place.replace("/shelters/", "/river_gauges/") + end).status_code == 404
