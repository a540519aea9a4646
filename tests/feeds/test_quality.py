from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamamo.feeds import quality
from tamamo.feeds.quality import Invalid


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.34", 1.34),
        ("０．９１", 0.91),
        ("−0.25", -0.25),  # U+2212, as spreadsheets write it
        ("－12", -12),  # full-width hyphen
        ("1,530", 1530),
        ("12,345,678.5", 12345678.5),
        ("1e2", 100),
        (" 7 ", 7),
    ],
)
def test_numbers_as_japanese_sources_write_them(text, value):
    assert quality.number(text) == value


@pytest.mark.parametrize(
    "text", ["", "-", "−", "ー", "***", "欠測", " 欠測 ", "＊＊＊", "－", "N/A"]
)
def test_a_missing_number_is_none_and_never_zero(text):
    assert quality.number(text) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("NaN", "not_finite"),
        ("inf", "not_finite"),
        ("-Infinity", "not_finite"),
        ("1e999", "not_finite"),
        ("abc", "not_a_number"),
        ("1,53", "not_a_number"),
        ("1_000", "not_finite"),
        ("1.2.3", "not_a_number"),
        ("約5", "not_a_number"),
    ],
)
def test_what_is_no_number_is_refused(text, code):
    with pytest.raises(Invalid) as caught:
        quality.number(text)
    assert caught.value.reason.code == code


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_survives_its_text(value):
    assert quality.number(repr(value)) == value


@given(st.text())
def test_any_text_is_a_number_missing_or_refused(text):
    try:
        value = quality.number(text)
    except Invalid as error:
        assert error.reason.ja
        assert error.reason.en
    else:
        assert value is None or isinstance(value, float)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-06-26T08:00:00", "no_zone"),
        ("1899-12-31T00:00:00+09:00", "too_early"),
        ("0001-01-01T00:00:00+14:00", "not_a_time"),
        ("1899-12-30", "too_early"),
        ("26/6/2026", "not_a_time"),
        ("", "required"),
        ("2026-06-31T00:00:00Z", "not_a_time"),
    ],
)
def test_times_that_cannot_be_used_say_why(text, code):
    with pytest.raises(Invalid) as caught:
        quality.moment(text)
    assert caught.value.reason.code == code


def test_a_clock_may_run_a_little_ahead_but_not_a_day():
    now = datetime(2026, 6, 26, 0, 0, tzinfo=UTC)
    assert quality.moment("2026-06-26T09:05:00+09:00", now) == now + timedelta(minutes=5)
    with pytest.raises(Invalid) as caught:
        quality.moment("2026-06-27T09:00:00+09:00", now)
    assert caught.value.reason is quality.IN_FUTURE


def test_places():
    assert quality.place("34.34", "134.05") == (134.05, 34.34)


@pytest.mark.parametrize(
    ("latitude", "longitude", "field", "code"),
    [
        ("134.05", "34.34", "longitude", "outside_japan"),  # swapped
        ("0", "0", "longitude", "outside_japan"),
        ("91", "134.05", "latitude", "outside_japan"),
        ("", "134.05", "latitude", "required"),
        ("34.34", "NaN", "longitude", "not_finite"),
        ("34°20'", "134.05", "latitude", "not_a_number"),
    ],
)
def test_places_that_cannot_be_used_name_the_field(latitude, longitude, field, code):
    with pytest.raises(Invalid) as caught:
        quality.place(latitude, longitude)
    assert (caught.value.field, caught.value.reason.code) == (field, code)
