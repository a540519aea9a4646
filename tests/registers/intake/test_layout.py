"""Where a table stands in a file, and which lines are none of its rows."""

import openpyxl
import pytest
from openpyxl.chart import BarChart
from openpyxl.worksheet.worksheet import Worksheet

from tamamo.registers import intake
from tamamo.registers.intake import Choice, IntakeRefused, Profile
from tests.registers.intake import files
from tests.registers.intake.files import Rows

DATA: Rows = (("あさひ園", 120, "34.30"), ("ひかり園", 80, "34.31"), ("みどり園", 60, "34.32"))


def profile(rows: Rows, choice: Choice | None = None) -> Profile:
    """Return what a file with these lines holds; the same as a workbook and as a CSV."""
    book = intake.profile(files.sheet(rows), "a.xlsx", choice)
    width = max(map(len, rows))
    padded = [[*row, *[""] * (width - len(row))] for row in rows]
    text = intake.profile(files.text(padded), "a.csv", choice)
    assert [one.source for one in book.columns] == [one.source for one in text.columns]
    assert (book.rows, book.header_rows) == (text.rows, text.header_rows)
    return book


def test_titles_above_and_remarks_below_are_no_data() -> None:
    found = profile(
        [("保育施設一覧",), ("令和8年4月1日現在",), (), ("施設名", "定員", "緯度"), *DATA,
         ("※ 休止中の施設を除く",), ("出典：こども園課",)]
    )  # fmt: skip
    assert found.header_rows == [4]
    assert (found.rows, found.first_row, found.last_row) == (3, 5, 7)
    assert [note.text for note in found.notes] == [
        "保育施設一覧", "令和8年4月1日現在", "※ 休止中の施設を除く", "出典：こども園課",
    ]  # fmt: skip


def test_lines_of_the_first_portal() -> None:
    found = profile(
        [("#LINK",), ("#lang", "ja"), ("#license", "http://example.jp/by"),
         ("#property", "name", "capacity"), ("#object_type_xsd", "string", "string"),
         ("1", "東", "5"), ("2", "西", "6")]
    )  # fmt: skip
    assert found.header_rows == [4]
    assert found.about == {
        "LINK": "", "lang": "ja", "license": "http://example.jp/by", "object_type_xsd": "string",
    }  # fmt: skip
    assert [column.name for column in found.columns] == ["rowNumber", "name", "capacity"]


@pytest.mark.parametrize(
    "name", ["資料館", "#1ポンプ場", "注連縄展示室", "#REF!", "備考欄のある施設"]
)
def test_a_row_that_only_looks_like_a_remark_is_data(name: str) -> None:
    found = profile([("名称", "定員", "住所"), *DATA, (name, "", "")])
    assert (found.rows, found.notes) == (4, [])


def test_two_rows_of_headings_are_joined() -> None:
    def merged(page: Worksheet) -> None:
        page.merge_cells("B1:C1")
        page.merge_cells("A1:A2")

    rows: Rows = (
        ("町名", "人口（人）", None, "面積（㎡）"),
        (None, "男", "女", None),
        ("東町", 10, 12, 3.5),
        ("西町", 20, 22, 4.5),
    )
    found = intake.profile(files.sheet(rows, merged), "a.xlsx")
    assert found.header_rows == [1, 2]
    assert [column.source for column in found.columns] == [
        "町名", "人口（人）／男", "人口（人）／女", "面積（㎡）",
    ]  # fmt: skip
    assert found.columns[3].unit_code == "MTK"
    assert "merged_cells" in [doubt.code for doubt in found.doubts]


def test_a_heading_that_is_there_twice_makes_no_second_row_of_headings() -> None:
    found = profile([("名称", "備考", "備考"), ("東", "甲", "乙"), ("西", "丙", "丁")])
    assert (found.header_rows, found.rows) == ([1], 2)
    found = profile(
        [("地区", "連絡先", "連絡先"), ("", "係", "担当"), ("東", "甲", "乙"), ("西", "丙", "丁")]
    )
    assert (found.header_rows, found.rows) == ([1, 2], 2)


def test_a_merged_cell_says_the_same_for_each_of_its_rows() -> None:
    rows: Rows = (("地区", "施設名", "定員"), ("東部", "甲", 5), (None, "乙", 6), ("西部", "丙", 7))
    content = files.sheet(rows, lambda page: page.merge_cells("A2:A3"))
    recipe = intake.settle(intake.profile(content, "a.xlsx"))
    districts = [row.values["district"] for row in intake.rows(content, "a.xlsx", recipe)]
    assert districts == ["東部", "東部", "西部"]


def test_groups_over_some_of_the_columns() -> None:
    found = profile(
        [("", "属性", "属性", "満足度", "満足度"), ("回答者ID", "性別", "年代", "問1", "問2"),
         (10001, "女性", "40代", 5, 4), (10002, "男性", "50代", 3, 4)]
    )  # fmt: skip
    assert found.header_rows == [1, 2]
    assert [column.source for column in found.columns] == [
        "回答者ID", "属性／性別", "属性／年代", "満足度／問1", "満足度／問2",
    ]  # fmt: skip
    assert found.key is not None
    assert found.key.columns == ["respondentId"]


def test_blank_and_repeated_headings_and_stray_cells() -> None:
    rows = [
        ("名称", "電話", "電話", "", "", ""),
        *[(f"施設{n}", n, n, "x", "", "") for n in range(99)],
    ]
    rows.append(("施設99", 99, 99, "x", "", "メモ"))
    found = profile(rows)
    assert [column.name for column in found.columns] == [
        "name", "telephone", "telephone_2", "column4", "column5", "column6",
    ]  # fmt: skip
    assert [column.use for column in found.columns] == [True, True, True, True, False, False]
    codes = {doubt.code: doubt for doubt in found.every_doubt()}
    assert codes["repeated_name"].column == "telephone_2"
    assert codes["blank_name"].column in ("column4", "column6")
    assert codes["blank_columns"].count == 1
    assert codes["stray_column"].count == 1


def test_forms_that_nobody_filled_in() -> None:
    found = profile(
        [("番号", "名称", "定員", "←データの項目名を入力"),
         (1, "東", 5, "←2行目以降にデータを入力"),
         (2, "西", 6, ""), (3, "", "", ""), (4, "", "", ""), ()]
    )  # fmt: skip
    assert (found.rows, found.template_rows, found.last_row) == (2, 2, 3)
    assert found.columns[3].use is False


def test_blank_rows_within_and_below() -> None:
    content = files.sheet([("名称", "定員"), ("東", 5), (), ("西", 6), *[("",)] * 899])
    found = intake.profile(content, "a.xlsx")
    codes = {doubt.code: doubt.count for doubt in found.doubts}
    assert (codes["blank_rows"], codes["blank_tail"]) == (1, 899)
    assert (found.rows, found.last_row) == (2, 4)


def test_headings_again_in_the_middle_of_a_file_put_together() -> None:
    content = files.text([("名称", "定員"), ("東", 5), ("名称", "定員"), ("西", 6)])
    rows = intake.rows(content, "a.csv", intake.settle(intake.profile(content, "a.csv")))
    assert [row.values["name"] for row in rows] == ["東", "西"]
    assert rows.tally.notes == 1


def test_totals_are_said_and_left_out_on_wish() -> None:
    content = files.text([("町名", "人口"), ("東町", 5), ("西町", 6), ("合　計", 11)])
    found = intake.profile(content, "a.csv")
    assert next(d for d in found.doubts if d.code == "total_row").rows == [4]
    recipe = intake.settle(found)
    assert len(list(intake.rows(content, "a.csv", recipe))) == 3
    recipe.totals = "leave_out"
    rows = intake.rows(content, "a.csv", recipe)
    assert [row.values["population"] for row in rows] == [5, 6]
    assert rows.tally.totals == 1


def test_a_table_without_headings() -> None:
    found = profile([("1", "34.1", "134.1"), ("2", "34.2", "134.2"), ("3", "34.3", "134.3")])
    assert (found.header_rows, found.rows) == ([], 3)
    assert found.doubts[0].code == "no_header"
    recipe = intake.settle(found)
    assert recipe.header_rows == []
    rows = list(intake.rows(files.text([("9", "34.4", "134.4")]), "b.csv", recipe))
    assert rows[0].values["column1"] == 9


def test_headings_that_a_person_named() -> None:
    rows: Rows = [("a", "b", "c"), ("d", "e", "f"), ("g", "h", "i")]
    assert profile(rows, Choice(header_rows=[2])).columns[0].source == "d"
    with pytest.raises(IntakeRefused) as refused:
        profile(rows, Choice(header_rows=[9]))
    assert refused.value.code == "no_header"


def test_the_first_visible_sheet_is_read() -> None:
    book = openpyxl.Workbook()
    book.active.title = "作業用"
    book.active.append(["隠し", "x"])
    book.active.sheet_state = "hidden"
    for name in ("公開", "入力例"):
        page = book.create_sheet(name)
        for row in (("名称", "定員"), (name, 5), ("西", 6)):
            page.append(row)
    book.create_chartsheet("グラフ", 0).add_chart(BarChart())
    content = files.saved(book)
    found = intake.profile(content, "a.xlsx")
    assert (found.sheet, len(found.sheets), found.sheets[0].hidden) == ("公開", 3, True)
    assert "several_sheets" in [doubt.code for doubt in found.doubts]
    assert intake.settle(found).sheet is None
    other = intake.profile(content, "a.xlsx", Choice(sheet="入力例"))
    assert intake.settle(other).sheet == "入力例"
    with pytest.raises(IntakeRefused) as refused:
        intake.profile(content, "a.xlsx", Choice(sheet="ない"))
    assert refused.value.code == "no_sheet"
