"""A department's Excel becomes open data: two doubts, a second person, a citizen, a program."""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import openpyxl
import pytest
from ckanapi import RemoteCKAN
from playwright.sync_api import expect

from tests.accounts.signing import make_user
from tests.conftest import _fresh_database, running_server
from tests.journeys.conftest import Notes, _page
from tests.journeys.looking import accessible
from tests.journeys.staff import sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Open = Callable[..., Any]
DESK = "/staff/default/datasets/"
HEADINGS = (
    "番号", "名称", "住所", "緯度", "経度", "想定収容人数", "指定日", "備考", "災害種別_地震",
)  # fmt: skip
#: The row of the file whose day nobody can read, and the one that lies at 0, 0.
UNREADABLE, NOWHERE = 5, 9


@pytest.fixture(scope="module")
def base(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A town with an officer and an approver."""
    with _fresh_database(cluster_dsn) as dsn:
        for login, name, role in (("officer", "香川 花子", "editor"),
                                  ("approver", "讃岐 太郎", "approver")):  # fmt: skip
            make_user(dsn, f"{login}@example.jp", ("default", role), name=name,
                      home_tenant="default")  # fmt: skip
        with running_server(tmp_path_factory.mktemp("open-data"), dsn=dsn) as address:
            yield address


@pytest.fixture
def visit(browser: "Browser", base: str) -> Iterator[Open]:
    """Open a page as somebody ("" as a citizen); no script may fail, nothing be refused."""
    notes = Notes()
    with ExitStack() as opened:

        def visit_page(login: str, path: str) -> "Page":
            page = opened.enter_context(_page(browser, notes, False, {}))
            if login:
                sign_in(page, base, login)
            page.goto(base + path)
            return page

        yield visit_page
    assert notes.errors == []
    assert notes.refused == []


def excel(path: Path, *, next_month: bool = False) -> Path:
    """Write a list as departments keep it: a title above, wareki, full-width digits, one mess."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["避難場所一覧（模擬データ）"])
    sheet.append([])
    sheet.append(HEADINGS)
    for n in range(1, 25):
        capacity = str(n * 10 + 500 * (next_month and n == 2))
        if n % 3 == 0:
            capacity = capacity.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789"})
        place = (0, 0) if n == NOWHERE else (34.3 + n / 1000, 134.04 + n / 1000)
        day = "令和五年ごろ" if n == UNREADABLE and not next_month else f"R0{n % 5 + 2}.04.{n:02}"
        kept = "体育館" if n % 2 else None
        if not (next_month and n == 24):
            sheet.append([f"{n:04}", f"模擬小学校{n}", f"高松市模擬町{n}番地", *place, capacity,
                          day, kept, "1" if n % 2 else None])  # fmt: skip
    book.save(path)
    return path


def send(page: "Page", file: Path, button: str) -> None:
    """Choose a file and send the form."""
    page.locator("#f-file").set_input_files(file)
    page.get_by_role("button", name=button).click()


def counts(page: "Page") -> dict[str, str]:
    """Return the figures of a check."""
    return {
        one.get_attribute("data-count") or "": one.locator("dd").inner_text()
        for one in page.locator("#counts > div").all()
    }


def test_from_a_departments_excel_to_a_program_that_reads_it(
    visit: Open, base: str, tmp_path: Path
) -> None:
    officer, approver = visit("officer", DESK), visit("approver", "/en" + DESK)
    accessible(officer)
    begin(officer, tmp_path)
    settle(officer)
    hand_in(officer)
    sign(approver)
    download(visit("", "/data/school-shelters/"))
    read_by_program(base)
    next_month(officer, approver, tmp_path)
    undo(approver, base)


def begin(officer: "Page", folder: Path) -> None:
    """A PDF that calls itself Excel is refused with what was typed kept; then the real one."""
    officer.get_by_role("link", name="新しいデータセット").click()
    accessible(officer)
    officer.get_by_label("題名 (日本語)").fill("学校避難場所")
    officer.get_by_label("題名 (English)").fill("School shelters")
    officer.get_by_label("アドレスに使う短い名前").fill("school-shelters")
    pdf = folder / "list.xlsx"
    pdf.write_bytes(b"%PDF-1.7 no table")
    send(officer, pdf, "ファイルを読み取る")
    expect(officer.locator("#error-summary")).to_be_focused()
    expect(officer.locator("#error-summary")).to_contain_text("PDF")
    accessible(officer, (320,))
    expect(officer.get_by_label("題名 (English)")).to_have_value("School shelters")
    send(officer, excel(folder / "学校避難場所.xlsx"), "ファイルを読み取る")


def settle(officer: "Page") -> None:
    """Each doubt leads to its column; the officer settles two."""
    doubts = officer.locator("#doubts li")
    expect(doubts.filter(has_text="令和五年ごろ")).to_have_count(1)
    expect(doubts.filter(has_text="0,0")).to_have_count(1)
    accessible(officer)
    doubts.filter(has_text="令和五年ごろ").get_by_role("link").click()
    day = officer.locator("details.column", has_text="指定日")
    expect(day).to_have_attribute("open", "")
    day.get_by_label("値が合わないとき").select_option("blank")
    day.get_by_label("名前（英語）").fill("Designated on")
    capacity = officer.locator("details.column", has_text="想定収容人数")
    capacity.locator("summary").click()
    capacity.get_by_label("プログラム用の名前").fill("capacity")
    note = officer.locator("details.column", has_text="備考")
    note.locator("summary").click()
    note.get_by_label("プログラム用の名前").fill("9 nine")
    officer.get_by_role("button", name="決めて行を点検する").click()
    expect(officer.locator("#error-summary")).to_be_focused()
    expect(day.get_by_label("名前（英語）")).to_have_value("Designated on")
    note.get_by_label("プログラム用の名前").fill("note")
    officer.get_by_role("button", name="決めて行を点検する").click()


def hand_in(officer: "Page") -> None:
    """The check counts the rows, the preview shows them as everybody will see them."""
    expect(officer.locator("#state")).to_contain_text("点検済み")
    assert counts(officer) == {"in": "24", "out": "24", "rejected": "0"}
    accessible(officer)
    officer.get_by_role("button", name="この種類として比べる").click()
    expect(officer.locator("#score")).to_contain_text("%")
    officer.get_by_role("link", name="ページ全体をプレビュー").click()
    expect(officer.locator("#preview")).to_contain_text("模擬小学校24")
    officer.go_back()
    officer.get_by_label("承認者への連絡").fill("4月1日現在")
    officer.get_by_role("button", name="承認を依頼する").click()
    expect(officer.locator("#state")).to_contain_text("承認待ち")
    expect(officer.get_by_role("link", name="承認へ進む")).to_have_count(0)


def sign(approver: "Page") -> None:
    """The second person finds it, has to say that the report was seen, and publishes."""
    approver.goto(approver.url.partition("/en/")[0] + "/en/staff/default/")
    approver.get_by_role("link", name="Look at it").click()
    accessible(approver)
    approver.get_by_role("link", name="Approve …").click()
    approver.get_by_role("button", name="Approve and publish").click()
    expect(approver.locator("#error-summary")).to_be_focused()
    accessible(approver)
    approver.get_by_label("I have looked at the report on personal data").check()
    if approver.locator("#f-privacy_note").count():
        approver.locator("#f-privacy_note").fill("Places of the town, not of people")
    approver.get_by_role("button", name="Approve and publish").click()
    expect(approver.locator("#done")).to_contain_text("it is published")


def download(citizen: "Page") -> None:
    """A citizen reads the page and takes the file home."""
    expect(citizen.locator("h1")).to_contain_text("学校避難場所")
    with citizen.expect_download() as taken:
        citizen.locator("a[href$='school-shelters.csv']").first.click()
    text = taken.value.path().read_text("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == 25
    assert "2021-04-01" in rows[1]


def read_by_program(base: str) -> None:
    """CKAN's own client finds the dataset and reads its rows."""
    with RemoteCKAN(base, user_agent="tests") as ckan:
        package = ckan.action.package_show(id="school-shelters")
        assert package["title"] == "学校避難場所"
        found = ckan.action.datastore_search(
            resource_id=package["resources"][0]["id"], filters={"no": "0002"}
        )
    assert [row["capacity"] for row in found["records"]] == [20]


def next_month(officer: "Page", approver: "Page", folder: Path) -> None:
    """The next file goes through by itself; what differs is counted and shown row by row."""
    officer.goto(officer.url.partition("/v/")[0] + "/")
    expect(officer.locator("#state")).to_contain_text("公開中")
    officer.get_by_role("link", name="新しい版を作る").click()
    send(officer, excel(folder / "学校避難場所.xlsx", next_month=True), "ファイルを読み取る")
    expect(officer.locator("#done")).to_contain_text("前の版と同じ読み方")
    wanted = {"in": "23", "out": "23", "rejected": "0", "added": "0", "changed": "2"}
    assert counts(officer) == {**wanted, "removed": "1"}
    officer.get_by_role("link", name="公開中の版と行ごとに比べる").click()
    changed = officer.locator("#changes tr", has_text="0002")
    expect(changed).to_contain_text("20")
    expect(changed).to_contain_text("520")
    accessible(officer)
    officer.go_back()
    officer.get_by_role("button", name="承認を依頼する").click()
    approver.goto(officer.url.partition("?")[0].replace("/staff/", "/en/staff/") + "approve/")
    approver.get_by_label("I have looked at the report on personal data").check()
    approver.get_by_role("button", name="Approve and publish").click()
    expect(approver.locator("#done")).to_contain_text("it is published")


def undo(approver: "Page", base: str) -> None:
    """An earlier version is public again with one step, and nothing is public with another."""
    approver.goto(base + "/en" + DESK + "d/school-shelters/")
    accessible(approver)
    approver.get_by_role("link", name="Make public again …").click()
    accessible(approver, (320,))
    approver.get_by_role("button", name="Make version 1 public").click()
    expect(approver.locator("#done")).to_contain_text("public again")
    file = f"{base}/data/school-shelters/school-shelters.csv"
    assert "模擬小学校24" in httpx.get(file).text
    approver.get_by_role("link", name="Withdraw from the public …").click()
    approver.get_by_role("button", name="Withdraw it").click()
    expect(approver.locator("#error-summary")).to_be_focused()
    approver.get_by_label("Reason").fill("a mistake")
    approver.get_by_role("button", name="Withdraw it").click()
    expect(approver.locator("#state")).to_contain_text("Withdrawn")
    assert httpx.get(file).status_code == 404
