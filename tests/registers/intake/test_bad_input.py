"""What is no table, or a dangerous one: refused by name, and nothing of it is used."""

import io
import zipfile
import zlib
from pathlib import Path

import pytest

from tamamo.registers import intake
from tamamo.registers.intake import IntakeRefused, source
from tests.registers.intake import files
from tests.registers.intake.files import POOLS

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PACKAGE = "EncryptedPackage".encode("utf-16-le")
WORKBOOK = files.sheet(POOLS)
TYPES = zipfile.ZipFile(io.BytesIO(WORKBOOK)).read("[Content_Types].xml")


def liar() -> bytes:
    """A workbook whose archive says that a part is small, and it is not."""
    target = bytearray(files.with_parts(WORKBOOK, {"xl/sharedStrings.xml": b" " * (1 << 20)}))
    size = (1 << 20).to_bytes(4, "little")
    at = target.rfind(size)
    target[at : at + 4] = (64).to_bytes(4, "little")
    return bytes(target)


DOCTYPE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'

BAD: dict[str, tuple[str, bytes, str]] = {
    "zero bytes": ("a.xlsx", b"", "empty"),
    "a PDF named .xlsx": ("a.xlsx", b"%PDF-1.7\n", "not_a_workbook"),
    "a PDF": ("a.csv", b"%PDF-1.7\n", "wrong_kind"),
    "a CSV named .xlsx": ("a.xlsx", b"a,b\n1,2\n", "not_a_workbook"),
    "a web page": ("a.csv", b"<!DOCTYPE html><html></html>", "wrong_kind"),
    "a program": ("a.csv", b"MZ\x90\x00", "wrong_kind"),
    "old Excel": ("a.xls", OLE + b"\0" * 600, "old_excel"),
    "a password": ("a.xlsx", OLE + PACKAGE, "encrypted"),
    "a password, far inside": (
        "a.xlsx", OLE + b"\0" * ((1 << 20) - 20) + PACKAGE, "encrypted",
    ),
    "macros": ("a.xlsm", files.with_parts(WORKBOOK, {"xl/vbaProject.bin": b"x"}), "macros"),
    "macros without a name": (
        "a.xlsx",
        files.with_parts(WORKBOOK, {"[Content_Types].xml": TYPES.replace(
            b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
            b"application/vnd.ms-excel.sheet.macroEnabled.main+xml")}),
        "macros",
    ),
    "a file inside": (
        "a.xlsx", files.with_parts(WORKBOOK, {"xl/embeddings/a.bin": b"x"}), "embedded",
    ),
    "a ZIP": ("a.xlsx", b"PK\x05\x06" + b"\0" * 18, "not_a_workbook"),
    "a broken archive": ("a.xlsx", WORKBOOK[: len(WORKBOOK) // 2], "broken"),
    "a document type": (
        "a.xlsx", files.with_parts(WORKBOOK, {"xl/worksheets/sheet1.xml": DOCTYPE}), "unsafe_xml",
    ),
    "no encoding": ("a.csv", "名称,数\n東,1\n".encode() + b"\xff\xfe\n", "unknown_encoding"),
    "only headings": ("a.csv", "名称,数\n".encode(), "no_rows"),
    "only blank lines": ("a.csv", b"\n,,\n\n", "no_rows"),
    "an open quotation": ("a.csv", b'a,b\n"x,1\n' + b"y,2\n" * 50_000, "broken_csv"),
    "a stray quotation": ("a.csv", b'a,b\n"x"y,1\n', "broken_csv"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_it_is_refused_by_name(what: str) -> None:
    name, content, code = BAD[what]
    with pytest.raises(IntakeRefused) as refused:
        intake.profile(content, name)
    assert refused.value.code == code
    assert refused.value.status == 422
    assert refused.value.text("ja") != refused.value.text("en")
    inspection = intake.inspect(content, name)
    if inspection.refusal is not None:
        assert (inspection.kind, inspection.refusal.code) == ("", code)


def test_a_bomb_is_refused_unopened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tamamo.kernel.uploads.LARGEST_UNPACKED", 1 << 20)
    content = files.with_parts(WORKBOOK, {"xl/worksheets/sheet1.xml": b" " * (2 << 20)})
    assert len(content) < 20_000
    with pytest.raises(IntakeRefused) as refused:
        intake.profile(content, "a.xlsx")
    assert refused.value.code == "unpacks_too_large"


def test_an_archive_that_lies_about_its_parts_gives_no_more_than_it_said() -> None:
    with pytest.raises((IntakeRefused, zlib.error)):
        intake.profile(liar(), "a.xlsx")


def test_two_gigabytes_are_refused_by_their_size(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.write(b"a,b\n")
        file.truncate(2 << 30)  # sparse: nothing of it is on the disk
    found = intake.inspect(path, "large.csv")
    assert found.refusal is not None
    assert found.refusal.code == "too_large"
    assert found.sha256 == ""  # not read at all
    with path.open("r+b") as file:
        file.write(b"PK\x03\x04")
        file.truncate(source.LARGEST_WORKBOOK + 1)
    found = intake.inspect(path, "large.xlsx")
    assert found.refusal is not None
    assert "64 MiB" in found.refusal.en


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    found = intake.inspect(tmp_path / "gone.csv", "gone.csv")
    assert found.refusal is not None
    assert found.refusal.code == "not_readable"


def test_where_a_file_is_spoilt_is_said() -> None:
    lines = [["名称", "数"], *[[f"施設{n}", n] for n in range(50)]]
    content = files.text(lines).replace("施設30".encode(), b"\xe6\x96\xff30")
    with pytest.raises(IntakeRefused) as refused:
        intake.profile(content, "a.csv")
    assert refused.value.row == 32
    assert "row 32" in refused.value.en


def test_a_named_encoding_is_the_only_one_tried() -> None:
    content = files.text(POOLS, "cp932")
    assert intake.profile(content, "a.csv", intake.Choice(encoding="cp932")).rows == 3
    other = "이름,수\n한국,1\n".encode("johab")
    with pytest.raises(IntakeRefused):
        intake.profile(other, "b.csv")
    found = intake.profile(other, "b.csv", intake.Choice(encoding="johab"))
    assert found.columns[0].samples == ["한국"]
    marked = files.text(POOLS, "utf-8-sig")
    found = intake.profile(marked, "c.csv", intake.Choice(encoding="utf-8"))
    assert found.columns[0].source == "番号"
    for encoding in ("utf-8", "no-such-encoding"):
        with pytest.raises(IntakeRefused) as refused:
            intake.profile(content, "a.csv", intake.Choice(encoding=encoding))
        assert refused.value.code == "unknown_encoding"


@pytest.mark.parametrize(
    ("head", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a\tb,c\n1\t2\n", "\t"),
        ("a;b\n1,5;2\n", ";"),
        ("sep=;\na;b\n1;2\n", ";"),
    ],
)
def test_what_separates_the_cells(head: str, delimiter: str) -> None:
    found = intake.profile(head.encode(), "a.csv")
    assert (found.delimiter, found.rows, found.columns[0].source) == (delimiter, 1, "a")


def test_rows_of_another_width_are_rejected_not_shifted() -> None:
    content = files.text([("a", "b", "c"), (1, 2, 3), (1, 2), (1, 2, 3, 4), (1, 2, 3, "", "")])
    rows = intake.rows(content, "a.csv", intake.settle(intake.profile(content, "a.csv")))
    assert [[one.code for one in row.findings] for row in rows] == [
        [], ["too_few_columns"], ["too_many_columns"], [],
    ]  # fmt: skip


def test_what_stands_apart_from_the_table_of_a_sheet_does_not_cost_its_row() -> None:
    apart = [*[""] * 46, "はみ出し"]
    lines = [("a", "b", "c"), (1, 2, 3), (1, 2, 3, *apart), ("", "", "", *apart), (1, 2, 3, 4)]
    content = files.sheet(lines)
    found = intake.profile(content, "a.xlsx")
    assert len(found.columns) == 3
    rows = list(intake.rows(content, "a.xlsx", intake.settle(found)))
    assert [[one.code for one in row.findings] for row in rows] == [
        [], ["beside_table"], ["too_many_columns"], ["too_many_columns"],
    ]  # fmt: skip
    assert not rows[1].rejected and set(rows[1].values) == set(rows[0].values)


def test_what_a_spreadsheet_would_run_stays_text() -> None:
    lines = [["名称", "備考"], ['=HYPERLINK("http://example.jp")', "@SUM(1)"], ["東", "+1-1"]]
    content = files.text(lines)
    rows = list(intake.rows(content, "a.csv", intake.settle(intake.profile(content, "a.csv"))))
    assert rows[0].values == {"name": '=HYPERLINK("http://example.jp")', "note": "@SUM(1)"}
