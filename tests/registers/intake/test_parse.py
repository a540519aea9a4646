"""Every way in which departments write a value, and what is no value."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from tamamo.feeds.quality import Invalid
from tamamo.registers.intake.kinds import PARSERS
from tamamo.registers.intake.lines import Cell
from tamamo.registers.intake.model import Kind
from tamamo.registers.intake.parse import codes, dates, places
from tamamo.registers.intake.parse.marked import Marked


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("text", "　名前 ", "名前"),
        ("text", "一_x000D_\n二\r\n三", "一\n二\n三"),
        ("text", "a\u200bb", "ab"),
        ("text", "-", "-"),
        ("text", 12.0, "12"),
        ("integer", "１，２３４", 1234),
        ("integer", "−５", -5),
        ("integer", "▲1,200", -1200),
        ("integer", "238人", 238),
        ("integer", 12.0, 12),
        ("integer", "－", None),
        ("number", "99.2", 99.2),
        ("number", 0.1 + 0.2, 0.3),
        ("number", "12.5％", 12.5),
        ("number", "欠測", None),
        ("boolean", "○", True),
        ("boolean", "無", False),
        ("boolean", "なし", False),
        ("boolean", "-", None),
        ("date", "R02.07.21", "2020-07-21"),
        ("date", "Ｓ４７．４．１", "1972-04-01"),
        ("date", "令和元年5月1日（水）", "2019-05-01"),
        ("date", "令和六年十一月二十三日", "2024-11-23"),
        ("date", "㍻31年4月30日", "2019-04-30"),
        ("date", "2026/2/1 0:00:00", "2026-02-01"),
        ("date", "7/4/20", "2020-07-04"),
        ("date", "20260201", "2026-02-01"),
        ("date", datetime(2026, 2, 1), "2026-02-01"),
        ("year", "令和6年度", 2024),
        ("year", "2021年　平均", 2021),
        ("year", "S64", 1989),
        ("month", "令和8年2月", "2026-02"),
        ("month", "202602", "2026-02"),
        ("moment", "2026/2/1 9:05", "2026-02-01T09:05:00+09:00"),
        ("moment", "8/2/2020  3:30:00 PM", "2020-08-02T15:30:00+09:00"),
        ("time", "9：00", "09:00"),
        ("time", "午後１時半", "13:30"),
        ("time", "24:00", "24:00"),
        ("time", time(9), "09:00"),
        ("service_time", "25:30", "25:30"),
        ("service_time", timedelta(hours=25, minutes=30), "25:30"),
        ("code", 372013, "372013"),
        ("code", "0012", "0012"),
        ("phone", "（087）０００－０００１", "087-000-0001"),
        ("phone", "TEL 087-000-0001", "087-000-0001"),
        ("url", "https://example.jp/a", "https://example.jp/a"),
        ("latitude", "北緯34度20分30秒", 34.34166667),
        ("longitude", "１３４．０５", 134.05),
    ],
)
def test_a_cell_has_a_value(kind: Kind, cell: Cell, value: Any) -> None:
    assert PARSERS[kind](cell, "") == value


@pytest.mark.parametrize(
    ("kind", "cell", "format_", "value", "code"),
    [
        ("date", "H31.5.1", "", "2019-05-01", "era_past_end"),
        ("date", "R1.4.30", "", "2019-04-30", "era_before_begin"),
        ("date", "8/2/2020 3:30:00 PM", "", "2020-08-02", "time_dropped"),
        ("time", "1700", "", "17:00", "time_without_colon"),
        ("phone", "870000001", "", "0870000001", "leading_zero_lost"),
        ("text", "渡\ue000", "", "渡\ue000", "private_character"),
        ("text", "a\x07b", "", "ab", "control_character"),
    ],
)
def test_a_value_is_usable_and_something_is_said(
    kind: Kind, cell: Cell, format_: str, value: Any, code: str
) -> None:
    found = PARSERS[kind](cell, format_)
    assert isinstance(found, Marked)
    assert (found.value, found.reason.code) == (value, code)


@pytest.mark.parametrize(
    ("kind", "cell", "code"),
    [
        ("integer", "12.5", "not_an_integer"),
        ("integer", "12-3", "not_a_number"),
        ("integer", datetime(1901, 2, 5), "date_for_number"),
        ("integer", time(9), "time_for_number"),
        ("integer", True, "truth_for_number"),
        ("integer", "90071992547409930", "too_great"),
        ("number", "1_000", "not_a_number"),
        ("number", "12,34", "not_a_number"),
        ("number", "#REF!", "sheet_error"),
        ("date", "2026-02-30", "no_such_day"),
        ("date", "2013-09-26、2020-10-09", "not_a_time"),
        ("date", time(9), "time_for_date"),
        ("month", "2026-13", "not_a_month"),
        ("year", "昭和", "not_a_year"),
        ("time", "7：30～78：30", "not_a_time"),
        ("time", "18:75", "no_such_time"),
        ("time", "25:30", "beyond_midnight"),
        ("service_time", "48:00", "no_such_time"),
        ("boolean", "△", "not_yes_or_no"),
        ("phone", "087-000-0001（内線2）", "not_a_phone"),
        ("url", "www.example.jp", "not_a_url"),
        ("latitude", "北の方", "not_a_degree"),
        ("longitude", "1340.5", "not_a_degree"),
        ("point", "34.3", "not_a_point"),
    ],
)
def test_a_cell_is_refused(kind: Kind, cell: Cell, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        PARSERS[kind](cell, "")
    assert refused.value.reason.code == code


def test_the_numbers_of_excel() -> None:
    assert dates.day("46054", "serial") == "2026-02-01"
    assert PARSERS["integer"](datetime(1901, 2, 5), "serial") == 402
    assert PARSERS["integer"](date(2026, 2, 1), "serial") == 46054


def test_day_first_where_the_column_says_so() -> None:
    assert dates.day("3/4/2021", "") == "2021-03-04"
    assert dates.day("3/4/2021", "dmy") == "2021-04-03"


@pytest.mark.parametrize(
    ("code", "format_", "wrong"),
    [
        ("372013", "municipality", "372014"),
        ("131016", "municipality", "131011"),
        ("1000020372013", "corporate", "2000020372013"),
    ],
)
def test_check_digits(code: str, format_: str, wrong: str) -> None:
    assert codes.code(code, format_) == code
    with pytest.raises(Invalid) as refused:
        codes.code(wrong, format_)
    assert refused.value.reason.code == "bad_check_digit"


@pytest.mark.parametrize(
    ("given", "place", "code"),
    [
        ((34.3, 134.0), (34.3, 134.0), None),
        ((0.0, 0.0), (None, None), "zero_coordinates"),
        ((34.3, 34.3), (None, None), "equal_coordinates"),
        ((134.0, 34.3), (34.3, 134.0), "swapped_coordinates"),
        ((51.5, -0.1), (None, None), "outside_japan"),
        ((35.7, 139.7), (35.7, 139.7), "outside_area"),
        ((34.3, None), (None, None), "half_coordinates"),
        ((None, None), (None, None), None),
    ],
)
def test_places_are_judged(
    given: tuple[float | None, float | None],
    place: tuple[float | None, float | None],
    code: str | None,
) -> None:
    latitude, longitude, reason = places.judge(*given, area=(133.9, 34.1, 134.2, 34.5))
    assert (latitude, longitude) == place
    assert (reason and reason.code) == code
