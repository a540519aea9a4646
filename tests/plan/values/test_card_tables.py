"""The ministry's tables of cards issued: the real ones, and every way a row can be wrong."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tamamo.feeds.quality import UnreadableFile
from tamamo.plan.catalog import load_plan
from tamamo.plan.report.build import build
from tamamo.plan.report.document import Chart
from tamamo.plan.report.inputs import Inputs
from tamamo.plan.values import Kept, fiscal_year_of
from tamamo.plan.values.courses import Point, crossings, summed
from tamamo.plan.values.importing import with_series
from tamamo.plan.values.keeping import series_data
from tamamo.projects.mynumber_card.published import check_digit, read

HEAD = (
    "市区町村名,総数（人口）,交付枚数,人口に対する交付枚数率,"
    "人口算出基準日,交付件数基準日,団体コード\n"
)
GOOD = "高松市,427131,107445,25.2,2020/01/01,2021/02/01,372013\n"


def test_the_real_tables_give_the_plans_figures(shared_data: Path) -> None:
    values = {}
    rejected = {}
    for file in sorted((shared_data / "mynumber").glob("*.csv")):
        found = read(file.name, file.read_bytes())
        values |= {(v.area, v.at): v for v in found.values}
        rejected[file.name] = [r.reason.code for r in found.rejects]
    days = sorted({at for area, at in values if area == "372013"})
    assert len(days) == 46
    assert len({area for area, _ in values if area.startswith("37")}) == 17
    # Rows of groups of municipalities whose printed rate is not that of their own numbers.
    assert rejected == {
        "mynumber_kagawa_2017-2022.csv": [],
        "mynumber_national_2017-2022.csv": ["other_rate"] * 4,
    }

    def points(area: str) -> list[Point]:
        found = [v for (a, _), v in sorted(values.items(), key=lambda i: i[0][1]) if a == area]
        return [Point(v.at, v.value, v.part, v.whole, v.whole_at) for v in found]

    first, second = crossings(points("372013"), points("00000"))
    assert (first.at, first.above) == (date(2021, 2, 1), True)
    assert (second.at, second.above) == (date(2022, 8, 31), False)
    april = date(2021, 4, 1)
    rates = [str(values[area, april].value) for area in ("372013", "00000")]
    assert rates == ["28.8", "28.3"]
    members = sorted({a for a, _ in values if a.startswith("37")})
    assert len(summed([points(area) for area in members])) == 46


def test_the_real_tables_draw_the_chart_of_the_report(shared_data: Path) -> None:
    plan, made = load_plan(), datetime(2026, 11, 23, tzinfo=UTC)
    folder, indicator = with_series(plan, "mynumber_card")
    kept = [
        Kept(
            "", "mynumber_card", "issue_rate", v.area, v.at, fiscal_year_of(v.at), v.value, v.part,
            v.whole, v.whole_at, "imported", file.name, v.detail, "approved", None, "", "system:x",
            made, "system:x", made, "",
        )
        for file in (shared_data / "mynumber").glob("*.csv")
        for v in read(file.name, file.read_bytes()).values
    ]  # fmt: skip
    courses = {"mynumber_card/issue_rate": series_data(folder, indicator, kept)}
    (chart,) = (
        block
        for block in build(Inputs(plan, 2020, "ja", courses=courses)).blocks
        if isinstance(block, Chart)
    )
    assert chart.sentence == (
        "2021年2月1日、高松市は25.155%となり、全国の25.154%を上回りました。 "
        "2021年4月1日は、高松市 28.8%、全国 28.3%、香川県 27.8%。 "
        "2020年9月1日から、2020年1月1日の人口で数えています（それまでは2019年1月1日）。"
    )
    assert chart.breaks == (date(2020, 9, 1),)
    rows = [[cell.text for cell in row[:3]] for row in chart.grid.rows]
    assert len(rows) == 13
    assert rows[-3:] == [
        ["2021年2月1日", "25.2", "25.2"], ["2021年3月1日", "26.6", "26.3"],
        ["2021年4月1日", "28.8", "28.3"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "code", "field"),
    [
        ("372013", "372014", "bad_code", "団体コード"),
        ("372013", "372021", "other_name", "市区町村名"),
        ("372013", "131016", "unknown_area", "市区町村名"),
        ("427131", "0", "too_small", "総数（人口）"),
        ("427131", "…", "missing", "総数（人口）"),
        ("107445", "十万", "not_a_number", "交付枚数"),
        ("107445", "507445", "more_than_all", "交付枚数"),
        ("25.2", "980", "other_rate", "人口に対する交付枚数率"),
        ("2020/01/01", "2020/10/01", "other_residents", "人口算出基準日"),
        ("2020/01/01", "2018/01/01", "other_residents", "人口算出基準日"),
        ("2021/02/01", "2021/02/30", "not_a_time", "交付件数基準日"),
    ],
)
def test_a_wrong_row_is_refused_with_its_reason(old: str, new: str, code: str, field: str) -> None:
    found = read("cards.csv", (HEAD + GOOD.replace(old, new, 1)).encode())
    assert found.values == []
    (reject,) = found.rejects
    assert (reject.reason.code, reject.field) == (code, field)
    assert reject.reason.ja != reject.reason.en


def test_two_values_of_a_day_are_refused_and_moved_rows_and_columns_are_read() -> None:
    twice = read("cards.csv", (HEAD + GOOD + GOOD).encode())
    assert len(twice.values) == 1
    assert [r.reason.code for r in twice.rejects] == ["twice"]
    moved = (
        "交付状況\n\n団体コード,交付枚数,市区町村名,人口算出基準日,総数（人口）,交付件数基準日\n"
    )
    found = read(
        "cards.csv", f'{moved}372013,"１０７，４４５",高松市,R2.1.1,427131,R3.2.1\n'.encode()
    )
    assert [(v.area, str(v.value), v.at) for v in found.values] == [
        ("372013", "25.2", date(2021, 2, 1))
    ]
    with pytest.raises(UnreadableFile):
        read("cards.csv", b"a,b\n1,2\n")


@pytest.mark.parametrize(("code", "right"), [("372013", True), ("131016", True), ("372012", False)])
def test_check_digits(code: str, right: bool) -> None:
    assert check_digit(code) is right
