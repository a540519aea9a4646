"""A file from the first look to its rows: guessed, settled, read again next month."""

import io

import msgspec
import openpyxl
import pytest

from tamamo.registers import intake
from tamamo.registers.intake import Choice, IntakeRefused, Recipe
from tests.registers.intake import files
from tests.registers.intake.files import POOLS


def test_a_list_of_places_goes_through() -> None:
    content = files.sheet(POOLS)
    found = intake.profile(content, "pools.xlsx")
    assert [(one.name, one.kind) for one in found.columns] == [
        ("no", "integer"), ("name", "text"), ("address", "text"), ("latitude", "latitude"),
        ("longitude", "longitude"), ("telephone", "phone"), ("startTime", "time"),
        ("capacity", "integer"),
    ]  # fmt: skip
    assert found.key is not None
    assert found.key.columns == ["no"]  # 1, 2, 4: a number that somebody gave
    assert (found.columns[-1].unit, found.columns[-1].unit_code) == ("人", "C62")
    recipe = intake.settle(found)
    assert intake.check(recipe, found) == []
    assert intake.compare(recipe, found) == []
    recipe = msgspec.json.decode(msgspec.json.encode(recipe), type=Recipe)  # as it is kept
    read = list(intake.rows(content, "pools.xlsx", recipe))
    assert read[0].values == {
        "no": 1, "name": "東プール", "address": "玉藻市東町1-1", "latitude": 34.341,
        "longitude": 134.052, "telephone": "087-000-0001", "startTime": "09:00", "capacity": 120,
    }  # fmt: skip
    assert [row.number for row in read] == [2, 3, 4]
    assert list(read[0].values) == [field.name for field in recipe.fields()]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp932", "euc_jp", "utf-16", "iso2022_jp"]
)
def test_a_csv_says_the_same_in_every_encoding(encoding: str) -> None:
    content = files.text(POOLS, encoding)
    found = intake.profile(content, "pools.csv")
    assert found.encoding == encoding
    rows = [row.values for row in intake.rows(content, "pools.csv", intake.settle(found))]
    assert rows[1]["name"] == "西プール"
    assert rows[2]["capacity"] == 1200


def test_rejected_rows_come_back_as_a_workbook() -> None:
    lines = [*POOLS, ("5", '=HYPERLINK("http://example.jp")', "", "", "", "", "", "たくさん")]
    lines += [(6 + n, f"池{n}", "", "", "", "", "", n) for n in range(20)]
    content = files.text([*lines, (1, "東プール", "", "", "", "", "", 3)])
    found = intake.profile(content, "pools.csv")
    recipe = intake.settle(found)
    recipe.key = ["no"]
    rows = intake.rows(content, "pools.csv", recipe)
    rejected = [row for row in rows if row.rejected]
    assert rows.tally.rows_in == rows.tally.rows_out + rows.tally.rejected == len(lines)
    assert rows.tally.reasons == {"not_a_number": 1, "double_key": 1}
    target = io.BytesIO()
    assert intake.write_rejects(target, recipe, rejected, "en", rows.headings) == 2
    page = openpyxl.load_workbook(target).active
    written = list(page.iter_rows(values_only=True))
    assert written[0][:5] == ("Row", "Column", "Reason", "Value", "番号")
    assert written[1][:4] == (5, "収容人数", "'たくさん' is not a number", "たくさん")
    assert written[1][5] == '\'=HYPERLINK("http://example.jp")'
    assert page["F2"].data_type == "s"
    assert written[2][2] == "the key '1' was there before"


def test_headings_that_are_gone_refuse_the_file() -> None:
    recipe = intake.settle(intake.profile(files.text(POOLS), "pools.csv"))
    other = files.text([("a", "b"), (1, 2), (3, 4)])
    with pytest.raises(IntakeRefused) as refused:
        intake.rows(other, "other.csv", recipe)
    assert refused.value.code == "header_lost"
    without = files.text([row[:7] for row in POOLS])
    with pytest.raises(IntakeRefused) as refused:
        intake.rows(without, "pools.csv", recipe)
    assert refused.value.code == "column_missing"
    assert "収容人数" in refused.value.text("ja")


def test_headings_are_found_where_they_moved_to() -> None:
    recipe = intake.settle(intake.profile(files.text(POOLS), "pools.csv"))
    moved = [("市営プール一覧",), (), *[tuple(reversed(row)) for row in POOLS]]
    rows = list(intake.rows(files.sheet(moved), "pools.xlsx", recipe))
    assert [row.values["name"] for row in rows] == ["東プール", "西プール", "南プール"]
    assert [row.number for row in rows] == [4, 5, 6]


def test_both_coordinates_in_one_cell_are_two_values() -> None:
    lines = [("id", "location", "note"), ("a1", "34.34,134.05", "x"), ("a2", "134.05, 34.3", "y")]
    found = intake.profile(files.text(lines), "a.csv", Choice(area=(133.9, 34.32, 134.2, 34.5)))
    recipe = intake.settle(found)
    names = [(field.name, field.kind) for field in recipe.fields()]
    assert names == [
        ("id", "code"), ("latitude", "latitude"), ("longitude", "longitude"), ("note", "text"),
    ]  # fmt: skip
    first, second = intake.rows(files.text(lines), "a.csv", recipe)
    assert (first.values["latitude"], first.values["longitude"]) == (34.34, 134.05)
    assert (second.values["latitude"], second.values["longitude"]) == (34.3, 134.05)
    assert [finding.code for finding in second.findings] == ["swapped_coordinates"]


def test_a_number_of_excel_can_be_settled_as_one() -> None:
    """A column of counts that somebody formatted as dates: 402 is shown as 1901-02-05."""

    def as_dates(page: openpyxl.worksheet.worksheet.Worksheet) -> None:
        for row in (2, 3, 4):
            page[f"B{row}"].number_format = "mm-dd-yy"

    lines = [("町名", "人口"), ("東町", 402), ("西町", 646), ("南町", 110)]
    content = files.sheet(lines, as_dates)
    found = intake.profile(content, "p.xlsx")
    doubts = {doubt.code: doubt for doubt in found.every_doubt()}
    assert doubts["number_as_date"].level == "problem"
    recipe = intake.settle(found)
    column = recipe.columns[1]
    column.kind, column.format = "integer", "serial"
    assert intake.check(recipe, found) == []
    assert [row.values["population"] for row in intake.rows(content, "p.xlsx", recipe)] == [
        402, 646, 110,
    ]  # fmt: skip


def test_a_large_file_is_read_as_it_is_asked_for() -> None:
    lines = [["名称", "備考"], *[[f"施設{n}", "あ" * 40] for n in range(20_000)]]
    content = files.text(lines)
    told: list[float] = []
    recipe = intake.settle(intake.profile(content, "a.csv", progress=told.append))
    assert told == sorted(told)
    assert 0 <= told[0] < told[-1] <= 1
    with intake.rows(content, "a.csv", recipe) as rows:
        assert next(rows).values["name"] == "施設0"
        assert rows.fraction < 0.1
        for _ in rows:
            pass
        assert rows.tally.rows_out == 20_000
    with pytest.raises(StopIteration):
        next(rows)
