"""Next month's file: it goes through by itself, or it is said what is no longer as it was."""

import datetime
from collections.abc import Callable

import pytest
from openpyxl.worksheet.worksheet import Worksheet

from tamamo.registers import intake
from tamamo.registers.intake import Kind, Recipe
from tests.registers.intake import files

Lines = list[list[object]]


def population(rows: int = 40) -> Lines:
    """Lines of a monthly table of people by town."""
    head: list[object] = ["団体コード", "surveyDate", "regionName", "totalPopulation", "面積（㎡）"]
    lines: Lines = [head]
    for n in range(rows):
        lines.append(["372013", datetime.date(2026, 2, 1), f"町{n}", 400 + n, 12.5 + n])
    return lines


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    content = files.sheet(population())
    recipe = intake.settle(intake.profile(content, "202602.xlsx"))
    assert recipe.key == ["regionName"]
    return recipe


def differences(
    recipe: Recipe, lines: Lines, change: Callable[[Worksheet], None] | None = None
) -> dict[str, tuple[str | None, bool]]:
    profile = intake.profile(files.sheet(lines, change), "202603.xlsx")
    return {one.code: (one.column, one.blocking) for one in intake.compare(recipe, profile)}


def test_the_same_form_with_other_values_goes_through(recipe: Recipe) -> None:
    lines = population(41)
    for line in lines[1:]:
        line[1] = datetime.date(2026, 3, 1)
        line[3] = 999
    assert differences(recipe, lines) == {}
    assert differences(recipe, [["人口一覧"], [], *lines]) == {}


def test_a_column_of_numbers_that_is_now_one_of_dates(recipe: Recipe) -> None:
    def formatted(page: Worksheet) -> None:
        for row in range(2, 42):
            page[f"D{row}"].number_format = "mm-dd-yy"

    profile = intake.profile(files.sheet(population(), formatted), "202603.xlsx")
    (found,) = intake.compare(recipe, profile)
    assert (found.code, found.blocking, found.count) == ("kind_changed", True, 40)
    assert found.en.startswith("column totalPopulation is now a date")
    assert "整数ではなく日付" in found.ja
    rows = intake.rows(files.sheet(population(), formatted), "202603.xlsx", recipe)
    assert all(row.rejected for row in rows)  # whoever goes on all the same loses them, said
    assert rows.tally.rejects == {"date_for_number": 40}


def test_columns_that_went_came_and_moved(recipe: Recipe) -> None:
    lines = population()
    without = [[*line[:3], line[4]] for line in lines]
    assert differences(recipe, without) == {"column_missing": ("totalPopulation", True)}
    more = [[*line, "備考" if not n else f"x{n}"] for n, line in enumerate(lines)]
    assert differences(recipe, more) == {"column_new": ("note", False)}
    turned = [list(reversed(line)) for line in lines]
    assert differences(recipe, turned) == {"column_moved": (None, False)}
    lines[0][3] = "人口総数"
    found = differences(recipe, lines)
    assert found["column_missing"] == ("totalPopulation", True)
    assert found["column_renamed"] == ("totalPopulation", False)


def test_a_text_that_is_now_all_dates_is_said(recipe: Recipe) -> None:
    lines = population()
    before = [[*line, "備考" if not n else f"x{n}"] for n, line in enumerate(lines)]
    after = [[*line, "備考" if not n else f"2026/2/{n % 28 + 1}"] for n, line in enumerate(lines)]
    settled = intake.settle(intake.profile(files.sheet(before), "202602.xlsx"))
    assert differences(settled, before) == {}
    assert differences(settled, after) == {"kind_changed": ("note", False)}
    # Whoever made dates a text on purpose is not told so each month.
    told = intake.settle(intake.profile(files.sheet(after), "202602.xlsx"))
    told.columns[-1].kind = "text"
    assert differences(told, after) == {}


def test_rows_keys_and_units(recipe: Recipe) -> None:
    assert differences(recipe, population(10))["fewer_rows"] == (None, True)
    assert differences(recipe, population(90)) == {"more_rows": (None, False)}
    lines = population()
    lines[5][2] = lines[4][2]
    assert differences(recipe, lines) == {"key_not_unique": ("regionName", True)}
    lines = population()
    lines[0][4] = "面積（ha）"
    assert "column_missing" in differences(recipe, lines)
    assert differences(recipe, [["a", "b"], ["1", "2"]])["header_lost"] == (None, True)


def test_a_unit_that_changed_behind_the_numbers() -> None:
    before = [["名称", "水量"], *[[f"池{n}", f"{n}m3"] for n in range(5)]]
    after = [["名称", "水量"], *[[f"池{n}", f"{n}L"] for n in range(5)]]
    recipe = intake.settle(intake.profile(files.sheet(before), "a.xlsx"))
    assert recipe.columns[1].unit_code == "MTQ"
    assert differences(recipe, after) == {"unit_changed": ("column2", True)}


def test_dates_written_in_another_way() -> None:
    before = [["名称", "日付"], *[[f"池{n}", f"2026-02-{n + 1:02}"] for n in range(5)]]
    after = [["名称", "日付"], *[[f"池{n}", f"R8.3.{n + 1}"] for n in range(5)]]
    recipe = intake.settle(intake.profile(files.sheet(before), "a.xlsx"))
    assert differences(recipe, after) == {"format_changed": ("date", False)}


def test_a_month_that_is_now_a_day_stops_the_file() -> None:
    before = [["名称", "日付"], *[[f"池{n}", f"{n + 1}/25/2026"] for n in range(5)]]
    after = [["名称", "日付"], *[[f"池{n}", f"25/{n + 1}/2026"] for n in range(5)]]
    recipe = intake.settle(intake.profile(files.sheet(before), "a.xlsx"))
    assert differences(recipe, after) == {"format_changed": ("date", True)}


@pytest.mark.parametrize(
    ("values", "kind", "format_"),
    [
        ([46054, 46055], "date", "serial"),
        ([900, 1730], "time", ""),
        (["20260201", "20260202"], "date", ""),
        ([0, 1], "boolean", ""),
        ([2024, 2025], "year", ""),
        (["34.1", "34.2"], "number", ""),
        ([1, 2], "code", ""),
        ([1, 2], "number", ""),
    ],
)
def test_what_an_officer_settled_goes_through_next_month(
    values: list[object], kind: Kind, format_: str
) -> None:
    """Though its heading says nothing, and the guess would be another one."""
    lines: Lines = [["名称", "甲"], *[[f"池{n}", value] for n, value in enumerate(values * 3)]]
    profile = intake.profile(files.sheet(lines), "a.xlsx")
    recipe = intake.settle(profile)
    recipe.columns[1].kind, recipe.columns[1].format = kind, format_
    assert intake.check(recipe, profile) == []
    assert intake.compare(recipe, profile) == []
    assert not any(row.rejected for row in intake.rows(files.sheet(lines), "a.xlsx", recipe))


def test_a_sheet_that_is_gone(recipe: Recipe) -> None:
    pinned = intake.settle(intake.profile(files.sheet(population()), "a.xlsx"))
    pinned.sheet = "R8"
    assert differences(pinned, population()) == {"sheet_missing": (None, True)}


def test_what_is_wrong_with_a_mapping(recipe: Recipe) -> None:
    profile = intake.profile(files.sheet(population()), "a.xlsx")
    wrong = intake.settle(profile)
    wrong.columns[0].name = "1st"
    wrong.columns[1].name = "regionName"
    wrong.columns[3].kind = "latitude"
    wrong.columns[4].label = " "
    wrong.key = ["nothing"]
    assert sorted((one.code, one.column) for one in intake.check(wrong)) == [
        ("bad_name", "1st"), ("double_name", "regionName"), ("double_name", "regionName"),
        ("half_place", "totalPopulation"), ("key_not_used", "nothing"),
        ("no_label", wrong.columns[4].name),
    ]  # fmt: skip
    for column in wrong.columns:
        column.use = False
    assert [one.code for one in intake.check(wrong)] == ["no_column"]


def test_a_mapping_that_would_drop_half_of_the_rows(recipe: Recipe) -> None:
    profile = intake.profile(files.sheet(population()), "a.xlsx")
    wrong = intake.settle(profile)
    wrong.columns[2].kind = "integer"
    (found,) = intake.check(wrong, profile)
    assert (found.code, found.column) == ("drops_half", "regionName")
    assert "40 of 40 values" in found.en
    wrong.columns[2].bad = "keep"
    wrong.columns[2].kind = "phone"
    assert intake.check(wrong, profile) == []
