"""The pages over HTTP, as a browser without scripts asks: who may do what, what is refused."""

import io
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import openpyxl
import pytest

from tests.accounts.signing import make_user, sign_in, token_of
from tests.conftest import _fresh_database, running_server

HOME = "/en/staff/default/datasets/"
PEOPLE = {
    "officer": ("default", "editor"),
    "head": ("default", "approver"),
    "second": ("default", "approver"),
    "auditor": ("default", "auditor"),
}
ROWS = "".join(f"{n},場所{n},{n * 10},2026-04-{n:02}\n" for n in range(1, 13))
CSV = "番号,名称,定員,更新日\n" + ROWS


@dataclass
class Hall:
    """The server and its people's browsers."""

    base: str
    people: dict[str, httpx.Client]

    def get(self, who: str, path: str) -> httpx.Response:
        """Open a page."""
        return self.people[who].get(HOME + path)

    def send(self, who: str, path: str, *, form: str = "", **fields: Any) -> httpx.Response:
        """Send a form with the token of a page, and its mark of what is approved.

        file: (name, content).
        """
        client, file = self.people[who], fields.pop("file", None)
        page = client.get(HOME + (form or path)).text
        hidden = {"csrfmiddlewaretoken": token_of(page)}
        if mark := re.search(r'name="mark" value="(\w+)"', page):
            hidden["mark"] = mark[1]
        return client.post(
            HOME + path,
            data={**hidden, **fields},
            files={"file": (file[0], file[1])} if file else None,
        )

    def begin(self, who: str, name: str, content: str | bytes = CSV, **more: str) -> httpx.Response:
        """Begin a dataset with a file."""
        told = content.encode() if isinstance(content, str) else content
        return self.send(who, "new/", file=(f"{name}.csv", told), title_ja=name,
                         licence="CC-BY-4.0", cycle="monthly", **more)  # fmt: skip

    def settle(self, who: str, path: str, **changes: str) -> httpx.Response:
        """Send the form of the columns as it stands, with some fields typed anew."""
        told = openpage(self.get(who, path + "columns/").text)
        token = told.pop("csrfmiddlewaretoken")
        data = {**told, **changes, "csrfmiddlewaretoken": token}
        return self.people[who].post(
            HOME + path + "columns/", data={k: v for k, v in data.items() if v}
        )


def openpage(html: str) -> dict[str, str]:
    """Return the fields of the last form of a page with their values, as a browser sends them."""
    from lxml import html as reader

    form = reader.fromstring(html).forms[-1]
    return {name: str(value) for name, value in form.form_values()}


@pytest.fixture(scope="module")
def hall(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    with _fresh_database(cluster_dsn) as dsn:
        for login, grant in PEOPLE.items():
            make_user(dsn, f"{login}@example.jp", grant, name=login, home_tenant="default")
        with running_server(tmp_path_factory.mktemp("hall"), dsn=dsn) as base:
            people = {}
            for login in PEOPLE:
                people[login] = httpx.Client(base_url=base, timeout=30)
                assert sign_in(people[login], f"{login}@example.jp").status_code == 302
            yield Hall(base, people)
            for client in people.values():
                client.close()


def checked(hall: Hall, name: str, content: str = CSV) -> str:
    """Bring a file so far that it can be sent; return the path of its version."""
    answer = hall.begin("officer", name, content)
    assert answer.status_code == 302, answer.text
    path = f"d/{name}/v/1/"
    assert hall.settle("officer", path).status_code == 302
    assert "Checked, not sent yet" in hall.get("officer", path).text
    return path


def test_who_only_reads_is_offered_nothing_and_may_do_nothing(hall: Hall) -> None:
    path = checked(hall, "rights")
    page = hall.get("auditor", path)
    assert page.status_code == 200
    assert "Send for approval</button>" not in page.text
    assert "New dataset" not in hall.get("auditor", "").text
    for closed in ("new/", path + "columns/", path + "approve/", "d/rights/describe/",
                   path + "original/", "d/rights/unpublish/"):  # fmt: skip
        assert hall.get("auditor", closed).status_code == 403, closed
    assert hall.send("auditor", path + "submit/", form=path).status_code == 403
    assert hall.get("officer", path + "approve/").status_code == 403
    assert hall.get("officer", "d/none/").status_code == 404
    assert hall.get("officer", "d/rights/v/9/").status_code == 404
    assert httpx.get(f"{hall.base}/data/rights/").status_code == 404


def test_whoever_had_a_hand_in_it_does_not_sign_and_nobody_signs_twice(hall: Hall) -> None:
    answer = hall.begin("head", "hands")
    path = "d/hands/v/1/"
    assert answer.headers["location"].endswith(path + "columns/")
    hall.settle("head", path)
    assert hall.send("head", path + "submit/", form=path).status_code == 302
    page = hall.get("head", path)
    assert "another approver has to look at it" in page.text
    own = hall.send("head", path + "approve/", form=path, seen="1", privacy_note="x")
    assert own.status_code == 409
    blank = hall.send("second", path + "decline/", form=path, reason=" ")
    assert blank.status_code == 422
    assert "error-summary" in blank.text
    unseen = hall.send("second", path + "approve/")
    assert unseen.status_code == 422
    told = {"seen": "1", "privacy_note": "town's own places"}
    assert hall.send("second", path + "approve/", **told).status_code == 302
    again = hall.send("second", path + "approve/", form="new/", **told)
    assert again.status_code == 409
    assert httpx.get(f"{hall.base}/data/hands/").status_code == 200
    assert "Approved and published" in hall.get("officer", "d/hands/").text


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty", b"", "empty"),
        ("nothing", "番号,名称\n".encode(), ""),
        ("a.xlsx", b"PK\x03\x04 broken", ""),
    ],
)
def test_what_is_no_table_makes_nothing_and_keeps_what_was_typed(
    hall: Hall, name: str, content: bytes, told: str
) -> None:
    answer = hall.begin("officer", name.partition(".")[0] + "-file", content)
    assert answer.status_code == 422
    assert f'value="{name.partition(".")[0]}-file"' in answer.text
    assert told in answer.text.lower()
    assert "error-summary" in answer.text


def test_an_encoding_that_cannot_be_found_out_can_be_named(hall: Hall) -> None:
    content = CSV.replace("場所1,", "𠮟,").encode("shift_jis_2004")
    answer = hall.begin("officer", "encoded", content)
    assert answer.status_code == 422
    assert 'name="encoding"' in answer.text
    answer = hall.begin("officer", "encoded", content, encoding="shift_jis_2004")
    assert answer.status_code == 302
    assert "𠮟" in hall.get("officer", "d/encoded/v/1/columns/").text


def test_a_mapping_that_would_lose_half_of_the_rows_is_refused_with_the_numbers(hall: Hall) -> None:
    hall.begin("officer", "lossy")
    wrong = hall.settle("officer", "d/lossy/v/1/", **{"c1.kind": "integer"})
    assert wrong.status_code == 422
    assert "12 of 12" in wrong.text
    assert 'href="#column-1"' in wrong.text
    double = hall.settle("officer", "d/lossy/v/1/", **{"c1.name": "no", "c0.name": "no"})
    assert double.status_code == 422


def test_a_form_made_for_other_columns_is_shown_again(hall: Hall) -> None:
    hall.begin("officer", "reread", "表題\n" + CSV)
    path = "d/reread/v/1/columns/"
    again = hall.send("officer", path, do="reread", header_rows="3", **{"was.header_rows": "2"})
    assert again.status_code == 200
    assert "場所1" in again.text
    stale = hall.settle("officer", "d/reread/v/1/", mark="0" * 16)
    assert stale.status_code == 422
    assert "read anew" in stale.text
    bad = hall.send("officer", path, do="reread", header_rows="first")
    assert bad.status_code == 422
    assert 'value="first"' in bad.text


def test_next_months_file_with_another_kind_waits_for_a_person(hall: Hall) -> None:
    path = checked(hall, "monthly")
    hall.send("officer", path + "submit/", form=path)
    told = {"seen": "1", "privacy_note": "places"}
    assert hall.send("head", path + "approve/", **told).status_code == 302
    same = CSV.replace("場所3", "場所三")
    answer = hall.send("officer", "d/monthly/upload/", file=("next.csv", same.encode()))
    assert answer.headers["location"].endswith("v/2/?done=same")
    hall.send("officer", "d/monthly/v/2/discard/", form="d/monthly/v/2/")
    days = CSV.replace(ROWS, "".join(f"{n},場所{n},2026-05-{n:02},2026-04-{n:02}\n"
                                     for n in range(1, 13)))  # fmt: skip
    answer = hall.send("officer", "d/monthly/upload/", file=("odd.csv", days.encode()))
    assert answer.headers["location"].endswith("v/3/columns/")
    page = hall.get("officer", "d/monthly/v/3/columns/").text
    assert "must be decided" in page
    assert "is now" in page
    busy = hall.send("officer", "d/monthly/upload/", file=("more.csv", CSV.encode()))
    assert busy.status_code == 409
    # The wrong file: put aside where its columns are shown.
    assert 'action="/en/staff/default/datasets/d/monthly/v/3/discard/"' in page
    hall.send("officer", "d/monthly/v/3/discard/", form="d/monthly/v/3/columns/")
    again = hall.send("officer", "d/monthly/upload/", file=("more.csv", same.encode()))
    assert again.headers["location"].endswith("v/4/?done=same")


def test_a_renamed_heading_is_told_once(hall: Hall) -> None:
    path = checked(hall, "renamed")
    hall.send("officer", path + "submit/", form=path)
    hall.send("head", path + "approve/", seen="1", privacy_note="places")
    later = CSV.replace("定員", "収容人数")
    answer = hall.send("officer", "d/renamed/upload/", file=("next.csv", later.encode()))
    assert answer.headers["location"].endswith("v/2/columns/")
    page = hall.get("officer", "d/renamed/v/2/columns/").text
    assert "not in this file" in page
    assert hall.settle("officer", "d/renamed/v/2/", **{"c2.from": "4"}).status_code == 302
    page = hall.get("officer", "d/renamed/v/2/").text
    assert "Checked, not sent yet" in page
    assert 'data-count="removed"><dt>Gone</dt><dd>0<' in page
    hall.send("officer", "d/renamed/v/2/submit/", form="d/renamed/v/2/")
    hall.send("head", "d/renamed/v/2/approve/", seen="1", privacy_note="places")
    again = hall.send("officer", "d/renamed/upload/", file=("third.csv", later.encode()))
    assert again.headers["location"].endswith("v/3/?done=same")


def test_what_changes_after_it_was_read_is_not_signed(hall: Hall) -> None:
    path = checked(hall, "moved")
    told = {"seen": "1", "privacy_note": "places"}
    assert hall.send("officer", path + "submit/", form=path).status_code == 302
    read = hall.get("second", path + "approve/").text
    found = re.search(r'name="mark" value="(\w+)"', read)
    assert found is not None
    assert hall.send("officer", path + "take-back/", form=path).status_code == 302
    assert hall.settle("officer", path).status_code == 302
    assert hall.send("officer", path + "submit/", form=path).status_code == 302
    for mark in (found[1], ""):
        late = hall.send("second", path + "approve/", **told, mark=mark)
        assert late.status_code == 409 and "read it again" in late.text
    assert httpx.get(f"{hall.base}/data/moved/").status_code == 404
    assert hall.send("second", path + "approve/", **told).status_code == 302


def test_a_live_dataset_is_withdrawn_and_shown_again_by_an_approver(hall: Hall) -> None:
    end = time.monotonic() + 30
    while hall.get("head", "d/plan-indicators/").status_code == 404:
        assert time.monotonic() < end, "the declared datasets do not come"
        time.sleep(0.2)
    public = f"{hall.base}/data/plan-indicators/"
    answer = hall.send("head", "d/plan-indicators/unpublish/", reason="wrong figures")
    assert answer.status_code == 302
    assert httpx.get(public).status_code == 404
    assert hall.get("officer", "d/plan-indicators/v/0/roll-back/").status_code == 403
    assert hall.send("head", "d/plan-indicators/v/0/roll-back/", reason="").status_code == 302
    assert httpx.get(public).status_code == 200


def test_rejected_rows_come_back_as_a_workbook_with_the_reasons(hall: Hall) -> None:
    path = checked(hall, "rejected", CSV.replace("2026-04-05", "いつか"))
    page = hall.get("officer", path).text
    assert "いつか" in page
    assert "1 row, such as: " in page
    content = hall.get("officer", path + "rejects.xlsx").content
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert any("いつか" in str(cell.value) for row in sheet.iter_rows() for cell in row)
    assert hall.get("auditor", path + "rejects.xlsx").status_code == 403
    assert "rejects.xlsx" not in hall.get("auditor", path).text
    original = hall.get("officer", path + "original/")
    assert original.headers["content-disposition"].startswith("attachment")
    assert "いつか" in original.content.decode()
