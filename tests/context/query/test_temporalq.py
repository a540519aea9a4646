"""Temporal query (4.11) and aggregation (4.5.19): bounds, parameters, periods."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamamo.context.errors import BadRequestData, TooComplexQuery
from tamamo.context.query import temporalq

MOMENTS = [f"2020-08-01T12:0{minute}:00Z" for minute in range(8)]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"timerel": "after", "timeAt": MOMENTS[5]}, MOMENTS[5:]),
        ({"timerel": "after", "timeAt": "2020-08-01T12:05:00.000Z"}, MOMENTS[5:]),
        ({"timerel": "before", "timeAt": MOMENTS[5]}, MOMENTS[:5]),
        ({"timerel": "before", "timeAt": "2020-08-01T12:05:00,000Z"}, MOMENTS[:5]),
        ({"timerel": "between", "timeAt": MOMENTS[3], "endTimeAt": MOMENTS[5]}, MOMENTS[3:5]),
        ({}, MOMENTS),
    ],
)
def test_bounds(
    connection: psycopg.Connection[Any], params: dict[str, str], expected: list[str]
) -> None:
    query = temporalq.parse(params)
    assert [text for text in MOMENTS if temporalq.matches(query, moment(text))] == expected
    assert not temporalq.matches(query, None)
    bound: dict[str, Any] = {"all": [moment(text) for text in MOMENTS]}
    rows = connection.execute(
        "select at from unnest(%(all)s::timestamptz[]) as h(at) where "
        + temporalq.to_sql(query, bound, "h.at"),
        bound,
    ).fetchall()
    assert [row[0] for row in rows] == [moment(text) for text in expected]


def test_the_time_property() -> None:
    query = temporalq.parse(
        {"timerel": "after", "timeAt": MOMENTS[1], "timeproperty": "modifiedAt", "lastN": "3"}
    )
    assert temporalq.column_of(query) == "modified_at"
    assert query.last_n == 3
    assert temporalq.matches_instance(query, {"modifiedAt": MOMENTS[2], "observedAt": MOMENTS[0]})
    assert not temporalq.matches_instance(query, {"observedAt": MOMENTS[2]})


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"timerel": "during", "timeAt": MOMENTS[0]}, "timerel"),
        ({"timerel": "after"}, "timeAt"),
        ({"timerel": "between", "timeAt": MOMENTS[0]}, "endTimeAt"),
        ({"timerel": "after", "timeAt": "2020-08-01"}, "timeAt"),
        ({"timerel": "after", "timeAt": "2020-08-01T12:00:00+09:00"}, "timeAt"),
        ({"timerel": "after", "timeAt": "2020-02-30T12:00:00Z"}, "timeAt"),
        ({"timerel": "after", "timeAt": 5}, "timeAt"),
        ({"timeAt": MOMENTS[0]}, "timerel"),
        ({"endTimeAt": MOMENTS[0]}, "timerel"),
        ({"timeproperty": "seenAt"}, "timeproperty"),
        ({"lastN": 0}, "lastN"),
        ({"lastN": "0"}, "lastN"),
        ({"lastN": 1.5}, "lastN"),
        ({"lastN": "1.5"}, "lastN"),
        ({"lastN": True}, "lastN"),
        ({"lastN": -1}, "lastN"),
    ],
)
def test_faults_name_the_parameter(params: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRequestData) as raised:
        temporalq.parse(params)
    assert raised.value.extra["field"] == field


def test_methods_as_text_and_as_array() -> None:
    expected = ("avg", "max")
    assert temporalq.parse_aggregation({"aggrMethods": "avg,max,avg"}).methods == expected
    assert temporalq.parse_aggregation({"aggrMethods": ["avg", "max"]}).methods == expected
    for wrong in ({}, {"aggrMethods": "mean"}, {"aggrMethods": []}, {"aggrMethods": 5}):
        with pytest.raises(BadRequestData, match="aggrMethods"):
            temporalq.parse_aggregation(wrong)


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("PT15M", "2020-01-31T00:15:00Z"),
        ("P1D", "2020-02-01T00:00:00Z"),
        ("P2W", "2020-02-14T00:00:00Z"),
        ("P1M", "2020-02-29T00:00:00Z"),
        ("P1Y2M3DT4H5M6S", "2021-04-03T04:05:06Z"),
        ("PT0.5S", "2020-01-31T00:00:00.500000Z"),
    ],
)
def test_durations(text: str, second: str) -> None:
    aggregation = temporalq.parse_aggregation({"aggrMethods": "max", "aggrPeriodDuration": text})
    start = datetime(2020, 1, 31, tzinfo=UTC)
    found = list(islice(temporalq.periods(aggregation, start, datetime(2030, 1, 1, tzinfo=UTC)), 1))
    assert found == [(start, moment(second))]


def test_months_keep_their_day() -> None:
    aggregation = temporalq.parse_aggregation({"aggrMethods": "max", "aggrPeriodDuration": "P1M"})
    start, end = datetime(2020, 1, 31, tzinfo=UTC), datetime(2020, 4, 1, tzinfo=UTC)
    ends = [high.date().isoformat() for _, high in temporalq.periods(aggregation, start, end)]
    assert ends == ["2020-02-29", "2020-03-31", "2020-04-30"]


@pytest.mark.parametrize("text", [None, "PT0S", "P0D", "P0Y0M"])
def test_no_duration_is_the_whole_range(text: str | None) -> None:
    params = {"aggrMethods": "max"} | ({} if text is None else {"aggrPeriodDuration": text})
    start, end = datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 2, 1, tzinfo=UTC)
    found = temporalq.periods(temporalq.parse_aggregation(params), start, end)
    assert list(found) == [(start, end)]


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "1D", "P1H", "P1DT", "P-1D", "P1W2D", "P0003-06-04T12:30:05", 5, "p1d"]
)
def test_what_is_no_duration(text: Any) -> None:
    with pytest.raises(BadRequestData, match="aggrPeriodDuration"):
        temporalq.parse_duration({"aggrPeriodDuration": text})


def test_too_many_periods_are_refused() -> None:
    aggregation = temporalq.parse_aggregation({"aggrMethods": "max", "aggrPeriodDuration": "PT1S"})
    start = datetime(2020, 1, 1, tzinfo=UTC)
    with pytest.raises(TooComplexQuery):
        list(temporalq.periods(aggregation, start, start + timedelta(days=30)))


@given(minutes=st.integers(1, 500), length=st.integers(1, 10_000))
def test_periods_follow_each_other_and_cover_the_range(minutes: int, length: int) -> None:
    start = datetime(2020, 1, 1, tzinfo=UTC)
    end = start + timedelta(minutes=length)
    found = list(
        temporalq.periods(temporalq.Aggregation((), timedelta(minutes=minutes)), start, end)
    )
    assert found[0][0] == start
    assert found[-1][0] < end <= found[-1][1]
    assert all(one[1] == next_one[0] for one, next_one in pairwise(found))
