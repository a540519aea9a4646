import io
import zipfile

import openpyxl
import pytest

from tamamo.feeds.quality import UnreadableFile
from tamamo.feeds.readers import table, xlsx

NAME, PLACE = ["name", "名称"], ["latitude", "緯度"]


def save(tmp_path, content, name="data.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def workbook(tmp_path, rows, merge=None, title="Sheet1", name="data.xlsx"):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    if merge:
        sheet.merge_cells(merge)
    path = tmp_path / name
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8-sig"),
        ("utf-8-sig", "utf-8-sig"),
        ("cp932", "cp932"),
        ("utf-16", "utf-16"),
    ],
)
def test_the_encoding_is_found(tmp_path, encoding, found):
    path = save(tmp_path, "名称,緯度\n①高松駅～髙,34.35\n".encode(encoding))
    read = table.read(path, wanted=[NAME])
    assert read.encoding == found
    assert read.rows[0].cells["名称"] == "①高松駅~髙" or read.rows[0].cells["名称"] == "①高松駅～髙"


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\xfd\x00abc", "名称\n高松市役所\n".encode("euc_jp"), b"a\0b"]
)
def test_an_unknown_encoding_is_refused_and_not_guessed(tmp_path, content):
    with pytest.raises(UnreadableFile) as caught:
        table.read(save(tmp_path, content), wanted=[])
    assert caught.value.reason.code == "unknown_encoding"


def test_the_encoding_can_be_told(tmp_path):
    path = save(tmp_path, "名称,緯度\n高松市役所,34\n".encode("euc_jp"))
    assert table.read(path, wanted=[NAME], encoding="euc_jp").rows[0].cells["名称"] == "高松市役所"
    with pytest.raises(UnreadableFile, match="none of utf-8"):
        table.read(path, wanted=[NAME], encoding="utf-8")
    with pytest.raises(UnreadableFile, match="unknown encoding"):
        table.read(path, wanted=[NAME], encoding="klingon")


def test_one_wrong_byte_names_its_row(tmp_path):
    path = save(tmp_path, "name,latitude\n高松,1\n".encode() + b"\x80\xff,2\n")
    with pytest.raises(UnreadableFile, match="row 3"):
        table.read(path, wanted=[NAME])


def test_takamatsus_own_header_lines(tmp_path):
    path = save(
        tmp_path,
        "#LINK,,\n#lang,ja,\n#attribution_name,高松市,\n#property,name,note\n"
        "#object_type_xsd,string,string\n1,高松駅,あ\n2,,\n#property,name,note\n3,瓦町駅,\n",
    )
    read = table.read(path, wanted=[NAME])
    assert read.header_row == 4
    assert read.about["attribution_name"] == "高松市"
    assert [(row.number, row.cells["name"]) for row in read.rows] == [(6, "高松駅"), (9, "瓦町駅")]
    assert read.blank == 1


def test_the_header_is_found_below_a_title(tmp_path):
    rows = [["施設一覧"], [], ["番号", "名称\n（正式）", "緯度"], [1, "高松駅", 34.35]]
    read = table.read(workbook(tmp_path, rows), wanted=[["名称（正式）"], ["緯度"]])
    assert read.header_row == 3
    assert read.rows[0].cells["緯度"] == "34.35"


def test_a_missing_column_is_named_with_those_that_are_there(tmp_path):
    with pytest.raises(UnreadableFile) as caught:
        table.read(save(tmp_path, "name,address\nA,B\n"), wanted=[NAME, PLACE])
    assert "'latitude / 緯度' is missing; the columns are: name, address" in caught.value.detail


def test_a_column_that_stands_twice_is_refused_when_it_is_needed(tmp_path):
    path = save(tmp_path, "name,name,note,note\nA,B,C,D\n")
    assert table.read(path, wanted=[["note"]][:0]).rows
    with pytest.raises(UnreadableFile, match="more than once"):
        table.read(path, wanted=[NAME])


def test_short_and_long_rows_of_a_csv_are_rejected(tmp_path):
    read = table.read(save(tmp_path, "name,latitude\nA,1\nB\nC,1,9\nD,1,\n"), wanted=[NAME])
    assert [row.cells["name"] for row in read.rows] == ["A", "D"]
    assert [(r.row, r.field, r.reason.code) for r in read.rejects] == [
        (3, "latitude", "too_few_columns"),
        (4, "", "too_many_columns"),
    ]


def test_merged_cells_have_their_value_in_every_row(tmp_path):
    rows = [["area", "name"], ["北部", "A"], [None, "B"], [None, "C"], ["南部", "D"]]
    read = table.read(workbook(tmp_path, rows, merge="A2:A4"), wanted=[["name"]])
    assert [row.cells["area"] for row in read.rows] == ["北部", "北部", "北部", "南部"]


def test_cells_of_a_workbook_become_the_text_a_csv_would_have(tmp_path):
    from datetime import datetime, time

    rows = [["a", "b", "c", "d", "e"], [1.0, 2.5, datetime(2026, 2, 1), time(9, 0), True]]
    cells = table.read(workbook(tmp_path, rows), wanted=[["a"]]).rows[0].cells
    assert list(cells.values()) == ["1", "2.5", "2026-02-01", "09:00:00", "TRUE"]


def test_a_sheet_can_be_named(tmp_path):
    path = workbook(tmp_path, [["name"], ["A"]], title="データ")
    assert table.read(path, wanted=[NAME], sheet="データ").rows
    with pytest.raises(UnreadableFile, match="the sheets are: データ"):
        table.read(path, wanted=[NAME], sheet="無い")


def test_a_wrong_size_in_the_sheet_loses_no_row(tmp_path):
    path = workbook(tmp_path, [["name", "note"], ["A", "x"], ["B", "y"]])
    rewrite(path, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"A1:B3", b"A1"))
    assert [row.cells["name"] for row in table.read(path, wanted=[NAME]).rows] == ["A", "B"]


def rewrite(path, part, change):
    buffer = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, change(content) if name == part else content)
    path.write_bytes(buffer.getvalue())


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "a.xlsx", "file_empty"),
        (b"", "a.csv", "file_empty"),
        (b"name,latitude\n", "a.csv", "no_rows"),
        (b"\n\n", "a.csv", "no_rows"),
        (b"PK\x03\x04 not a zip", "a.xlsx", "broken_workbook"),
        (b"hello", "a.xlsx", "broken_workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.xls", "old_excel"),
        (b'name,latitude\n"A,1\n', "a.csv", "broken_csv"),
    ],
)
def test_a_file_without_a_table_is_refused(tmp_path, content, name, code):
    with pytest.raises(UnreadableFile) as caught:
        table.read(save(tmp_path, content, name), wanted=[NAME])
    assert caught.value.reason.code == code
    assert name in caught.value.detail


def test_a_workbook_without_rows_is_refused(tmp_path):
    for rows in ([], [["name", "latitude"]], [["name"], [None], [None]]):
        with pytest.raises(UnreadableFile) as caught:
            table.read(workbook(tmp_path, rows), wanted=[NAME])
        assert caught.value.reason.code == "no_rows"


def test_a_zip_that_is_no_workbook_is_refused(tmp_path):
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(UnreadableFile, match="not a workbook"):
        table.read(path, wanted=[NAME])


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    path = workbook(tmp_path, [["name"], ["A"]])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.bin", bytes(8_000_000))
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(xlsx, "LARGEST_UNPACKED", 4_000_000)
    with pytest.raises(UnreadableFile) as caught:
        table.read(path, wanted=[NAME])
    assert caught.value.reason.code == "unpacks_too_large"


def test_an_xml_bomb_is_refused(tmp_path):
    path = workbook(tmp_path, [["name"], ["A"]])
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    rewrite(
        path,
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(b"<worksheet", bomb + b"<worksheet"),
    )
    with pytest.raises(UnreadableFile) as caught:
        table.read(path, wanted=[NAME])
    assert caught.value.reason.code == "unsafe_xml"


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml"])
def test_a_workbook_with_a_broken_part_is_refused(tmp_path, part):
    path = workbook(tmp_path, [["name"], ["A"]])
    rewrite(path, part, lambda xml: xml[: len(xml) // 2])
    with pytest.raises(UnreadableFile) as caught:
        table.read(path, wanted=[NAME])
    assert caught.value.reason.code == "broken_workbook"


def test_too_large_a_file_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "LARGEST_FILE", 10)
    with pytest.raises(UnreadableFile, match="larger than"):
        table.read(save(tmp_path, "name,latitude\nA,1\n"), wanted=[NAME])


def test_more_merged_cells_than_any_table_has_are_refused(tmp_path, monkeypatch):
    path = workbook(tmp_path, [["name"], ["A"], ["B"]], merge="A2:A3")
    monkeypatch.setattr(xlsx, "MOST_MERGED", 1)
    with pytest.raises(UnreadableFile) as caught:
        table.read(path, wanted=[NAME])
    assert caught.value.reason.code == "too_many_merged"
