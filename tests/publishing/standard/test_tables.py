"""Whole tables: which kind they are, how far, and as the standard has them."""

import pytest

from tamamo.publishing.standard import (
    CODES,
    Column,
    Match,
    Report,
    check,
    convert,
    guess,
    kinds,
    match,
    unmatched,
)
from tests.publishing.standard.tables import AED, AED_ROWS, TOWN, columns, rows

EVENTS = columns(
    "№", "対象", "開催日", "開始時間", "終了時間", "行事名", "場所名称", "緯度", "経度", "説明",
    "料金", "定員", "申込期間", "URL", "問い合わせ先（市の担当課）", "TEL",
)  # fmt: skip
PLACE = ("#property", "latitude", "longitude", "name", "address", "telephoneNumber")
SHELTERS = columns(
    *PLACE, "flood_L1", "flood_L2", "inundation", "sedimentDisaster", "stormSurge", "tunami",
    "fire", "earthquake", "evacuationSpace", "jurisdiction", "elevation",
)  # fmt: skip
POOLS = columns(*PLACE, "referenceObject", "note", "availableDate", "startTime", "endTime")
WASTE = columns("#property", "name", "classification", "note")
TAXES = columns("year", "taxItem", "adjustedAmount", "incomeAmount", "incomeRate")


@pytest.mark.parametrize("one", kinds(), ids=lambda one: one.id)
def test_a_table_with_the_standards_own_headers_is_of_its_kind(one: object) -> None:
    kind = next(known for known in kinds() if known == one)
    table = columns(*(item.name for item in kind.items))
    first = guess(table)[0]
    assert first.kind == kind.id and first.confidence > 0.95
    assert all(found.exact for found in match(kind.id, table))
    assert unmatched(kind.id, table) == []


@pytest.mark.parametrize(
    ("table", "kind"),
    [(AED, "aed"), (EVENTS, "events"), (SHELTERS, "evacuation_sites"), (POOLS, "facilities")],
)
def test_a_citys_own_headers_are_understood(table: list[Column], kind: str) -> None:
    first = guess(table)[0]
    assert first.kind == kind and first.confidence >= 0.5


@pytest.mark.parametrize("table", [WASTE, TAXES])
def test_what_is_of_no_kind_is_not_called_one(table: list[Column]) -> None:
    assert all(found.confidence < 0.5 for found in guess(table))


def test_a_title_helps() -> None:
    plain = {one.kind: one.confidence for one in guess(POOLS)}
    told = {one.kind: one.confidence for one in guess(POOLS, "認可保育所一覧.xlsx")}
    assert told["childcare"] > plain["childcare"]
    assert told["facilities"] == plain["facilities"]


def test_of_two_columns_the_one_nearer_to_the_item_is_taken() -> None:
    found = {one.item: one.column for one in match("evacuation_sites", SHELTERS)}
    assert found["災害種別_洪水"] == "c7"  # the largest flood, not the planned one
    assert [one.header for one in unmatched("evacuation_sites", SHELTERS)] == [
        "flood_L1",
        "jurisdiction",
    ]


def test_a_person_may_settle_which_column_is_meant() -> None:
    mapping = {"災害種別_洪水": "c6", "電話番号": ""}
    found = {one.item: one for one in match("evacuation_sites", SHELTERS, mapping)}
    assert found["災害種別_洪水"] == Match("災害種別_洪水", "c6")
    assert found["電話番号"].column is None


@pytest.fixture(scope="module")
def report() -> Report:
    return check("aed", AED, AED_ROWS, TOWN)


def test_fixes_name_row_column_and_what_should_stand_there(report: Report) -> None:
    told = {(one.row, one.item, one.code): one.should for one in report.fixes if one.row}
    assert told[2, "住所", "address_width"] == "香川県高松市番町一丁目1-1"
    assert told[2, "利用可能曜日", "days"] == "月火水木金"
    assert told[3, "緯度", "coordinates_swapped"] == "34.35"
    assert told[3, "経度", "coordinates_swapped"] == "134.06"
    assert told[3, "設置位置", "empty_required"] is None
    assert told[3, "終了時間", "time_over_24"] is None
    assert told[4, "緯度", "coordinate_zero"] is None
    assert told[4, "小児対応設備の有無", "yes_no"] is None
    missing = [one.item for one in report.fixes if one.code == "column_missing"]
    assert missing == ["名称_カナ"]


def test_the_score_is_what_its_parts_say(report: Report) -> None:
    parts = report.parts
    assert parts.required == 0.75  # 名称, 住所, 設置位置 of four
    assert parts.names == 0.0
    assert report.cells == 30 and report.right == 30 - 17
    assert parts.values == pytest.approx(13 / 30)
    assert report.score == round(40 * 0.75 + 50 * 13 / 30)
    assert report.rows == 3 and sum(report.counts.values()) == len(report.fixes)


def test_every_code_has_words_in_both_languages(report: Report) -> None:
    assert all(ja and en for ja, en in CODES.values())
    assert all(one.ja.startswith(one.item) and one.en for one in report.fixes)


def test_converted_rows_have_nothing_left_to_mend_but_what_a_person_decides() -> None:
    again = columns(*(item.name for item in kinds()[0].items))
    made = [
        (number, dict(zip([one.name for one in again], row.values(), strict=True)))
        for number, row in ((n, convert("aed", AED, values, TOWN)) for n, values in AED_ROWS)
    ]
    report = check("aed", again, made, TOWN)
    assert set(report.counts) == {"empty_required", "time_over_24", "coordinate_zero", "yes_no"}
    assert report.parts.required == report.parts.names == 1.0


def test_a_table_without_a_fault_has_100() -> None:
    names = ["名称", "名称_カナ", "住所", "設置位置"]
    whole = check("aed", columns(*names), rows(("会館", "カイカン", "香川県高松市1", "玄関")), TOWN)
    assert (whole.score, whole.fixes) == (100, ())


def test_a_converted_row_says_whose_it_is_and_keeps_what_it_cannot_read() -> None:
    row = convert("aed", AED, AED_ROWS[1][1], TOWN)
    assert (row["都道府県コード又は市区町村コード"], row["都道府県名"], row["市区町村名"]) == (
        "372013",
        "香川県",
        "高松市",
    )
    assert (row["緯度"], row["経度"]) == (34.35, 134.06)
    assert row["終了時間"] == "25:00"
    assert row["小児対応設備の有無"] == "無"


def test_a_price_in_words_moves_to_the_details() -> None:
    table = columns("name", "basicPrice", "detailPrice")
    row = convert("tourism", table, {"c0": "展望台", "c1": "大人300円、子供150円"})
    assert (row["料金(基本)"], row["料金(詳細)"]) == (None, "大人300円、子供150円")


def test_sums_and_orders_are_looked_at() -> None:
    people = columns("調査年月日", "地域名", "総人口", "男性", "女性")
    report = check("population", people, rows(("2026-02-01", "中町", 10, 4, 5)))
    assert [(one.item, one.code) for one in report.fixes if one.row] == [("総人口", "sum")]
    event = columns("イベント名", "開始日", "終了日")
    report = check("events", event, rows(("祭", "2026-05-03", "2026-05-02")))
    assert "dates_order" in report.counts


def test_a_number_twice_is_said() -> None:
    report = check("aed", columns("NO", "名称"), rows(("1", "a"), ("2", "b"), ("1", "c")))
    assert [one.row for one in report.fixes if one.code == "key_repeated"] == [4]
