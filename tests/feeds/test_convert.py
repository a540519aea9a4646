import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamamo.feeds import convert
from tamamo.feeds.quality import Invalid


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-06-26", "2026-06-26"),
        ("2026/6/5", "2026-06-05"),
        ("２０２６年６月５日", "2026-06-05"),
        ("20260605", "2026-06-05"),
        ("S47.4.1", "1972-04-01"),
        ("s64.1.7", "1989-01-07"),
        ("H19.4.1", "2007-04-01"),
        ("R6/4/1", "2024-04-01"),
        ("令和元年5月1日", "2019-05-01"),
        ("平成31年4月30日", "2019-04-30"),
        ("昭和 47年 4月 1日", "1972-04-01"),
        ("5/16/2020", "2020-05-16"),
        ("5/16/20", "2020-05-16"),
        ("4/1/72", "1972-04-01"),
        ("8/2/2020  3:30:00 PM", "2020-08-02"),
        ("2026-06-26T09:30:00", "2026-06-26"),
        ("2026年8月5日（水）", "2026-08-05"),
        ("－", None),
        ("", None),
    ],
)
def test_dates_in_every_way_japan_writes_them(text, iso):
    assert convert.day(text) == iso


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("明治5年1月1日", "too_early"),
        ("1899/12/31", "too_early"),
        ("2026-02-30", "not_a_time"),
        ("13/45/2020", "not_a_time"),
        ("8月5日～8月16日", "not_a_time"),
        ("X6.4.1", "not_a_time"),
        ("平成0年1月1日x", "not_a_time"),
    ],
)
def test_dates_that_cannot_be_used(text, code):
    with pytest.raises(Invalid) as caught:
        convert.day(text)
    assert caught.value.reason.code == code


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("令和6年度", 2024),
        ("令和元年度", 2019),
        ("R6", 2024),
        ("2024年度", 2024),
        ("２０２４", 2024),
    ],
)
def test_years(text, year):
    assert convert.year(text) == year


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("9:00", "09:00"),
        ("09:00:00", "09:00"),
        ("9時", "09:00"),
        ("２１：３０", "21:30"),
        ("25:00", "25:00"),
    ],
)
def test_times_of_day(text, clock):
    assert convert.clock(text) == clock


@pytest.mark.parametrize("text", ["24:60", "30:00", "9-17", "休"])
def test_times_of_day_that_cannot_be_used(text):
    with pytest.raises(Invalid):
        convert.clock(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("○", True),
        ("◯", True),
        ("有", True),
        ("1", True),
        ("×", False),
        ("無", False),
        ("なし", False),
        ("", None),
    ],
)
def test_marks(text, value):
    assert convert.boolean(text) is value


def test_a_mark_that_is_neither_is_refused():
    with pytest.raises(Invalid, match="neither yes nor no"):
        convert.boolean("△")


def test_whole_numbers_stay_whole():
    assert convert.number("238") == 238
    assert isinstance(convert.number("238"), int)
    assert convert.number("1.0") == 1.0
    with pytest.raises(Invalid):
        convert.integer("1.5")


def test_a_spreadsheet_error_is_not_taken_for_text():
    with pytest.raises(Invalid, match="spreadsheet"):
        convert.text("#REF!")


@pytest.mark.parametrize("text", ["javascript:alert(1)", "http://", "www.city.jp", "http://a b"])
def test_only_web_addresses_are_urls(text):
    with pytest.raises(Invalid):
        convert.url(text)


@pytest.mark.parametrize("name", sorted(convert.CONVERSIONS))
@given(cell=st.text())
def test_any_text_is_converted_missing_or_refused(name, cell):
    try:
        convert.CONVERSIONS[name](cell)
    except Invalid as error:
        assert error.reason.code
