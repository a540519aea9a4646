"""A dirty file is imported: columns matched, rejects told with reasons, one undo."""

import io
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import expect

from tests.journeys.staff import (
    HANAKO,
    Desk,
    Office,
    _office,
    desk,
    office,
)

__all__ = ["_office", "desk", "office"]

IMPORT = "/en/staff/default/r/shelters/import/"
HEADER = "番号,名称,何人,緯度,経度\n"
#: Changed, unchanged, new, no name, no number, outside of the world.
DIRTY = HEADER + (
    "11,避難所11,999,34.3,134.011\n"
    "12,避難所12,120,34.3,134.012\n"
    "800,<b>新しい</b>避難所,50,34.31,134.02\n"
    "801,,50,34.31,134.02\n"
    "802,避難所802,たくさん,34.31,134.02\n"
    "803,避難所803,20,934.31,134.02\n"
)


def _file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def _counts(page) -> dict[str, str]:  # type: ignore[no-untyped-def]
    names = ("new", "changed", "unchanged", "rejected")
    return {name: page.locator(f'[data-count="{name}"] dd').inner_text() for name in names}


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_a_dirty_table_goes_in_row_by_row_and_out_in_one_step(
    desk: Desk, office: Office, tmp_path: Path, encoding: str
) -> None:
    page = desk(HANAKO, IMPORT)
    page.locator("#f-file").set_input_files(_file(tmp_path, "表.csv", DIRTY.encode(encoding)))
    page.get_by_role("button", name="Read the file").click()
    expect(page.get_by_label("Field for the column 名称")).to_have_value("name")
    page.get_by_label("Field for the column 何人").select_option("capacity")
    page.get_by_role("button", name="Show what would change").click()
    wanted = {"new": "1", "changed": "1", "unchanged": "1", "rejected": "3"}
    assert _counts(page) == wanted
    expect(page.locator("#rejects tbody tr")).to_have_count(3)
    expect(page.locator("#rejects tbody tr").nth(1)).to_contain_text("たくさん")
    assert office.value("urn:ngsi-ld:EvacuationShelter:11", "capacity") == 110
    assert office.value("urn:ngsi-ld:EvacuationShelter:800", "name") is None
    with page.expect_download() as download:
        page.get_by_role("link", name="All rejected rows as a file").click()
    book = openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes()))
    assert book.worksheets[0].max_row == 4
    page.get_by_role("button", name="Import 2 records").click()
    expect(page.locator("#done")).to_contain_text("imported")
    assert _counts(page) == wanted
    assert office.value("urn:ngsi-ld:EvacuationShelter:11", "capacity") == 999
    assert office.value("urn:ngsi-ld:EvacuationShelter:800", "name") == "<b>新しい</b>避難所"
    page.locator("#done").get_by_role("button", name="Undo").click()
    expect(page.locator("#done")).to_contain_text("Undone")
    assert office.value("urn:ngsi-ld:EvacuationShelter:11", "capacity") == 110
    assert office.value("urn:ngsi-ld:EvacuationShelter:800", "name") is None


def test_all_or_nothing_takes_nothing_with_wrong_rows(
    desk: Desk, office: Office, tmp_path: Path
) -> None:
    page = desk(HANAKO, IMPORT)
    page.locator("#f-file").set_input_files(_file(tmp_path, "t.csv", DIRTY.encode()))
    page.get_by_role("button", name="Read the file").click()
    page.get_by_label("Field for the column 何人").select_option("capacity")
    page.get_by_label("Import nothing unless every row is right").check()
    page.get_by_role("button", name="Show what would change").click()
    expect(page.locator("#error-summary")).to_contain_text("nothing is imported")
    expect(page.get_by_role("button", name="Import 2 records")).to_have_count(0)
    assert office.value("urn:ngsi-ld:EvacuationShelter:11", "capacity") == 110


def test_an_unfinished_import_waits_on_the_home_page(desk: Desk, tmp_path: Path) -> None:
    page = desk(HANAKO, IMPORT)
    page.locator("#f-file").set_input_files(_file(tmp_path, "later.csv", DIRTY.encode()))
    page.get_by_role("button", name="Read the file").click()
    expect(page.get_by_label("Field for the column 名称")).to_be_visible()
    page.get_by_role("link", name="Home", exact=True).click()
    line = page.locator("li", has_text="later.csv")
    line.get_by_role("link", name="Continue").click()
    expect(page.get_by_label("Field for the column 名称")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "content", "status", "text"),
    [
        ("empty.csv", b"", 422, "empty"),
        ("program.xlsx", b"MZ\x00\x01", 415, "program"),
        ("page.csv", b"<html><body>x</body></html>", 415, "web page"),
        ("header.csv", HEADER.encode(), 422, ""),
    ],
)
def test_files_that_are_no_tables_are_refused_with_a_reason(
    desk: Desk, tmp_path: Path, name: str, content: bytes, status: int, text: str
) -> None:
    page = desk(HANAKO, IMPORT)
    page.locator("#f-file").set_input_files(_file(tmp_path, name, content))
    with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        page.get_by_role("button", name="Read the file").click()
    assert answer.value.status == status
    expect(page.locator("#error-summary")).to_be_focused()
    expect(page.locator("#error-summary")).to_contain_text(text)


def test_a_table_of_thousands_of_rows_shows_how_far_it_is(
    desk: Desk, office: Office, tmp_path: Path
) -> None:
    rows = "".join(f"{n},大きな表{n},5,34.3,134.1\n" for n in range(10_000, 12_500))
    page = desk(HANAKO, IMPORT)
    page.locator("#f-file").set_input_files(_file(tmp_path, "big.csv", (HEADER + rows).encode()))
    page.get_by_role("button", name="Read the file").click()
    page.get_by_role("button", name="Show what would change").click()
    expect(page.locator('[data-count="new"] dd')).to_have_text("2,500", timeout=60_000)
    page.get_by_role("button", name="Import 2,500 records").click()
    expect(page.locator("progress, #done").first).to_be_visible(timeout=30_000)
    expect(page.locator("#done")).to_contain_text("imported", timeout=90_000)
    counted = office.count("select count(*) from entity where id like %s", "%Shelter:1____")
    assert counted == 2500
    page.locator("#done").get_by_role("button", name="Undo").click()
    expect(page.locator("#done")).to_contain_text("Undone", timeout=60_000)
    assert office.count("select count(*) from entity where id like %s", "%Shelter:1____") == 0
