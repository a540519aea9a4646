"""The view in the address."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from django.utils import translation

from tamamo.web.portal.gauges import gauge_of
from tamamo.web.portal.viewstate import ViewState, parse, read_moment
from tests.web.city_data import gauge

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-26T08:00+09:00",
        "2026-06-26T08:00 09:00",
        "2026-06-25T23:00Z",
        "2026-06-26T08:00",
        "2026-06-26 08:00",
        "2026-06-26T08:00:00+0900",
    ],
)
def test_a_moment_in_any_usual_form(text: str) -> None:
    assert read_moment(text, NOW) == datetime(2026, 6, 25, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1899-12-31T23:59+00:00", "1900年より前"),
        ("0001-01-01", "1900年より前"),
        ("2026-11-22T09:01Z", "未来"),
        ("9999-12-31T23:59:59", "未来"),
        ("yesterday", "読み取れません"),
        ("2026-02-30T00:00", "読み取れません"),
        ("２０２６年６月", "読み取れません"),
    ],
)
def test_a_bad_moment_is_refused_in_words(text: str, reason: str) -> None:
    with translation.override("ja"), pytest.raises(ValueError, match=reason):
        read_moment(text, NOW)


def test_the_address_comes_back_as_it_was() -> None:
    given = {
        "at": "2026-06-26T08:00+09:00",
        "town": "高松市",
        "stage": "2",
        "gauge": "370",
        "layers": "gauges,rain",
        "map": "12.5/34.34/134.05",
    }
    view, errors = parse(given, NOW)
    assert errors == []
    assert {k: v[0] for k, v in parse_qs(view.query()[1:]).items()} == given
    assert "at=" not in view.query(at="")


def test_a_bad_moment_keeps_what_was_typed_and_names_the_field() -> None:
    view, errors = parse({"at": "soon", "town": "高松市"}, NOW)
    assert [error.field for error in errors] == ["at"]
    assert (view.at, view.town, view.moment) == ("soon", "高松市", None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stage", "9"),
        ("stage", "x"),
        ("state", "odd"),
        ("sort", "id;drop"),
        ("map", "a/b/c"),
        ("layers", "gauges,x"),
        ("q", "x" * 61),
    ],
)
def test_other_unknown_values_are_left_out(name: str, value: str) -> None:
    view, errors = parse({name: value}, NOW)
    assert errors == []
    assert view == ViewState()


def _gauges() -> tuple:  # type: ignore[type-arg]
    seen = NOW - timedelta(minutes=5)
    made = [
        gauge("1", "鍛冶", 0.2, seen, town="三木町"),
        gauge("2", "木太大橋", 1.5, seen - timedelta(minutes=3), river="詰田川"),
        gauge("3", "牛堂", 2.0, seen, town="宇多津町"),
        gauge("4", "欠け", None, None),
        gauge("5", "遅れ", 2.5, seen - timedelta(hours=4)),
    ]
    return tuple(gauge_of(entity, NOW) for entity in made)


@pytest.mark.parametrize(
    ("view", "stations"),
    [
        (ViewState(), ["3", "5", "2", "1", "4"]),
        (ViewState(sort="name"), ["2", "4", "3", "5", "1"]),
        (ViewState(sort="level"), ["5", "3", "2", "1", "4"]),
        (ViewState(sort="observed"), ["3", "1", "2", "5", "4"]),
        (ViewState(town="高松市"), ["5", "2", "4"]),
        (ViewState(q="詰田"), ["2"]),
        (ViewState(stage="2"), ["3", "5", "2"]),
        (ViewState(stage="3"), ["3", "5"]),
        (ViewState(state="missing"), ["4"]),
        (ViewState(town="高松市", state="late"), ["5"]),
    ],
)
def test_filter_and_order(view: ViewState, stations: list[str]) -> None:
    assert [g.station for g in view.select(_gauges())] == stations
