"""What is guessed of columns, how sure, and everything that a person should look at."""

from collections.abc import Sequence
from typing import Any

import pytest
from openpyxl.comments import Comment
from openpyxl.worksheet.worksheet import Worksheet

from tamamo.registers import intake
from tamamo.registers.intake import Choice, ColumnGuess, Profile
from tests.registers.intake import files


def column(name: str, values: Sequence[Any], choice: Choice | None = None) -> ColumnGuess:
    """Return what a column seems to be, in a workbook where it stands beside a name."""
    return profile(name, values, choice).columns[1]


def profile(name: str, values: Sequence[Any], choice: Choice | None = None) -> Profile:
    rows = [("名称", name), *((f"もの{n}", value) for n, value in enumerate(values))]
    return intake.profile(files.sheet(rows), "a.xlsx", choice)


def codes(guess: ColumnGuess) -> set[str]:
    return {doubt.code for doubt in guess.doubts}


@pytest.mark.parametrize(
    ("name", "values", "kind", "format_"),
    [
        ("調査日", ["20260201", "20260301"], "date", "compact"),
        ("金額", ["20260201", "20260301"], "integer", ""),
        ("設置日", [46054, 46055], "date", "serial"),
        ("設置年月日", ["S47.4.1", "H19.4.1", "R4.4.1"], "date", "era"),
        ("年度", ["令和6年度", "令和7年度"], "year", "era fiscal"),
        ("year", [2020, 2021], "year", ""),
        ("戸数", [2020, 2021], "integer", ""),
        ("月", [1, 2, 3], "integer", ""),
        ("年月", ["202601", "202602"], "month", "compact"),
        ("開始時間", ["9:00", "1700", "8:30"], "time", ""),
        ("終了", ["25:30", "24:30"], "service_time", ""),
        ("団体コード", [372013, 372021], "code", "municipality"),
        ("法人番号", ["1000020372013"] * 2, "code", "corporate"),
        ("郵便番号", ["760-0001", "7600002"], "code", "postal"),
        ("整理番号", ["001", "002", "013"], "code", ""),
        ("有無", [1, 0, 1], "boolean", ""),
        ("設備", ["○", "×", "－"], "boolean", ""),
        ("洪水", ["○", "×", "△"], "text", ""),
        ("標高", ["1.5", "２．５", "-"], "number", ""),
        ("幅", ["34.301", "34.302", "34.303"], "latitude", ""),
        ("連絡先", ["087-000-0001", "０８７－０００－０００２"], "phone", ""),
        ("位置", ["34.3,134.0", "34.4,134.1"], "point", ""),
        ("世帯数", ["5,980", "9,002", "3,905"], "integer", ""),
        ("location", ["0,0", "34.4,134.1"], "point", ""),
        ("更新", ["2026-02-01 09:00", "2026-02-02"], "moment", ""),
        ("備考", ["-", "-"], "text", ""),
    ],
)
def test_kinds(name: str, values: Sequence[Any], kind: str, format_: str) -> None:
    found = column(name, values)
    assert (found.kind, found.format) == (kind, format_)


def test_a_guess_says_how_sure_it_is() -> None:
    sure = column("人口", list(range(100)))
    mixed = column("人口", [*range(92), *["調査中"] * 8])
    text = column("人口", [*range(60), *["調査中"] * 40])
    assert sure.confidence > mixed.confidence > text.confidence
    assert (mixed.kind, text.kind) == ("integer", "text")
    (doubt,) = mixed.doubts
    assert (doubt.code, doubt.level, doubt.count, doubt.row) == ("not_a_number", "problem", 8, 94)
    assert doubt.sample == "調査中"
    (doubt,) = text.doubts
    assert (doubt.code, doubt.count, doubt.rows[:2]) == ("mostly_integer", 40, [62, 63])


@pytest.mark.parametrize(
    ("name", "values", "code"),
    [
        ("日付", ["3/4/2021", "5/6/2021"], "day_or_month"),
        ("日付", ["3/14/21", "5/6/21"], "two_digit_year"),
        ("日付", ["令和3年3月14日", "2021-05-06", "2021-05-07"], "mixed_forms"),
        ("日付", ["平成37年3月31日", "平成30年3月31日"], "era_past_end"),
        ("人口", [100, 200, "３００"], "full_width"),
        ("数量", ["5人", "3台"], "mixed_units"),
        ("団体コード", ["37201", "37202"], "code_without_check"),
        ("町コード", ["372010010", "37201003001"], "mixed_lengths"),
        ("時間帯", ["9：00～18：00", "7：30～78：30", "9：00～18：00"], "impossible_time"),
        ("設備", ["有", "有"], "yes_or_no"),
        ("氏名", ["渡\ue000一", "山田"], "private_character"),
        ("住所", ["", ""], "empty_column"),
    ],
)
def test_doubts_of_a_column(name: str, values: Sequence[Any], code: str) -> None:
    assert code in codes(column(name, values))


def test_one_date_says_how_the_others_are_meant() -> None:
    found = column("日付", ["3/4/2021", "25/12/2021"])
    assert (found.kind, found.format) == ("date", "dmy")
    assert "day_or_month" not in codes(found)


def test_doubts_of_places() -> None:
    rows = [("名称", "緯度", "経度")]
    rows += [("東", 34.3, 134.0), ("零", 0, 0), ("同", 34.3, 34.3), ("逆", 134.0, 34.3)]
    rows += [("隣", 34.3, 134.9), ("国外", 51.5, -0.1), ("片", 34.3, None)]
    choice = Choice(area=(133.9, 34.1, 134.2, 34.5))
    found = intake.profile(files.sheet(rows), "a.xlsx", choice)
    told = {doubt.code: (doubt.row, doubt.level) for doubt in found.columns[1].doubts}
    assert told == {
        "zero_coordinates": (3, "check"), "equal_coordinates": (4, "check"),
        "swapped_coordinates": (5, "check"), "outside_area": (6, "info"),
        "outside_japan": (7, "check"), "half_coordinates": (8, "check"),
    }  # fmt: skip
    assert found.place is not None
    assert (found.place.latitude, found.place.longitude) == ("latitude", "longitude")


def test_a_place_far_from_all_others() -> None:
    rows = [("名称", "緯度", "経度"), *[(f"所{n}", 34.3 + n / 100, 134.0) for n in range(9)]]
    rows.append(("支店", 35.7, 139.7))
    found = intake.profile(files.sheet(rows), "a.xlsx")
    (doubt,) = found.columns[1].doubts
    assert (doubt.code, doubt.rows, doubt.sample) == ("far_from_others", [11], "35.7, 139.7")
    near = intake.profile(files.sheet(rows[:-1]), "a.xlsx")
    assert near.columns[1].doubts == []


def test_headings_of_coordinates_that_changed_places() -> None:
    rows = [("名称", "緯度", "経度"), *[(f"所{n}", 134.0 + n / 100, 34.3) for n in range(9)]]
    found = intake.profile(files.sheet(rows), "a.xlsx")
    assert [one.kind for one in found.columns[1:]] == ["longitude", "latitude"]
    assert "swapped_columns" in codes(found.columns[1])
    row = next(intake.rows(files.sheet(rows), "a.xlsx", intake.settle(found)))
    assert row.values == {"name": "所0", "latitude": 134.0, "longitude": 34.3}


def test_a_sheet_has_more_than_its_values() -> None:
    def change(page: Worksheet) -> None:
        page["A2"].comment = Comment("移転予定", "係")
        page["B3"] = '=WEBSERVICE("http://example.jp/")'
        page.row_dimensions[4].hidden = True
        page.column_dimensions["C"].hidden = True
        page["D2"].number_format = "0.0%"

    rows = [
        ("名称", "定員", "電話", "率"),
        *[(f"所{n}", n, f"087-000-000{n}", 0.5) for n in range(4)],
    ]
    found = intake.profile(files.sheet(rows, change), "a.xlsx")
    told = {doubt.code: doubt for doubt in found.doubts}
    assert (told["cell_note"].row, told["cell_note"].sample) == (2, "移転予定")
    assert told["formula_outward"].level == "problem"
    assert told["formulas"].count == 1
    assert told["hidden_rows"].rows == [4]
    assert told["hidden_column"].column == "telephone"
    assert told["percent"].column == "column4"
    rows_read = intake.rows(files.sheet(rows, change), "a.xlsx", intake.settle(found))
    refused = [row for row in rows_read if row.rejected]
    assert [(row.number, row.findings[0].code) for row in refused] == [(3, "formula_without_value")]


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        ([("施設ID", "名称"), ("a1", "東"), ("a2", "西")], ["facilityId"]),
        ([("番号", "名称"), (1, "東"), (3, "西")], ["no"]),
        ([("番号", "名称"), (1, "東"), (2, "西")], ["name"]),
        ([("番号", "種別"), (1, "東"), (2, "東")], ["no"]),
        (
            [("種別", "年", "数"), ("東", 2020, 1), ("東", 2021, 1), ("西", 2020, 1)],
            ["kind", "year"],
        ),
        ([("種別", "数"), ("東", 1), ("東", 1)], None),
    ],
)
def test_keys(rows: files.Rows, key: list[str] | None) -> None:
    found = intake.profile(files.sheet(rows), "a.xlsx")
    assert (found.key and found.key.columns) == key
    if key == ["no"] and rows[2][0] == 2:
        assert "key_is_order" in [doubt.code for doubt in found.doubts]


def test_a_large_file_is_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tamamo.registers.intake.profiling.ALL_OF", 100)
    rows = [("名称", "数"), *((f"n{n}", n) for n in range(1000))]
    found = intake.profile(files.text(rows), "a.csv")
    assert (found.rows, found.looked_at) == (1000, 118)
    assert "sampled" in [doubt.code for doubt in found.doubts]
    assert len(list(intake.rows(files.text(rows), "a.csv", intake.settle(found)))) == 1000


def test_a_file_that_was_looked_at_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    content = files.sheet([("名称", "数"), ("東", 1), ("西", 2)])
    first = intake.profile(content, "known.xlsx")
    first.columns[0].name = "changed by whoever asked"
    monkeypatch.setattr("tamamo.registers.intake.profiling._profile", None)
    assert intake.profile(content, "known.xlsx").columns[0].name == "name"
    with pytest.raises(TypeError):  # read in another way it is looked at anew
        intake.profile(content, "known.xlsx", Choice(header_rows=[2]))
