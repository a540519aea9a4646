"""Cutting incomplete answers in time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamamo.context.temporal.window import Cut, Found, Series, content_range, cut

START = datetime(2026, 6, 1, tzinfo=UTC)
PAGE = 5


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def series(**attrs: list[int]) -> Series:
    return {"urn:x:1": {a: [Found(at(m), str(m), {}) for m in ms] for a, ms in attrs.items()}}


def minutes(found: Series) -> dict[str, list[int]]:
    (attrs,) = found.values()
    return {a: [round((f.at - START).total_seconds() / 60) for f in fs] for a, fs in attrs.items()}


def test_a_complete_answer_is_left_alone() -> None:
    given_series = series(level=[1, 2, 3, 4], rain=[1])
    assert cut(given_series, PAGE, PAGE, backwards=False) is None
    assert minutes(given_series) == {"level": [1, 2, 3, 4], "rain": [1]}


def test_all_attributes_end_where_the_full_one_ends() -> None:
    found = series(level=[1, 2, 3, 4, 5], rain=[2, 6, 7], tide=[9])
    assert cut(found, PAGE, PAGE, backwards=False) == Cut(at(1), at(5))
    assert minutes(found) == {"level": [1, 2, 3, 4, 5], "rain": [2], "tide": []}


def test_of_two_full_attributes_the_shorter_range_counts() -> None:
    found = series(level=[1, 2, 3, 4, 5], rain=[1, 2, 3, 4, 9])
    assert cut(found, PAGE, PAGE, backwards=False) == Cut(at(1), at(5))
    assert minutes(found)["rain"] == [1, 2, 3, 4]


def test_backwards_the_newest_stay() -> None:
    found = series(level=[5, 6, 7, 8, 9], rain=[1, 2, 6])
    assert cut(found, PAGE, PAGE, backwards=True) == Cut(at(5), at(9))
    assert minutes(found) == {"level": [5, 6, 7, 8, 9], "rain": [6]}


def test_fewer_than_a_page_asked_for_is_complete() -> None:
    assert cut(series(level=[8, 9]), 2, PAGE, backwards=True) is None


@pytest.mark.parametrize(
    ("start", "end", "last_n", "expected"),
    [
        (None, None, None, "2026-06-01T00:01:00Z-2026-06-01T00:05:00Z/*"),
        (at(0), None, None, "2026-06-01T00:00:00Z-2026-06-01T00:05:00Z/*"),
        (at(0), at(9), None, "2026-06-01T00:00:00Z-2026-06-01T00:05:00Z/*"),
        (None, at(9), None, "2026-06-01T00:01:00Z-2026-06-01T00:05:00Z/*"),
        (at(0), None, 50, "2026-06-01T00:05:00Z-2026-06-01T00:01:00Z/50"),
        (at(0), at(9), 50, "2026-06-01T00:09:00Z-2026-06-01T00:01:00Z/50"),
    ],
)
def test_content_range_by_clause_6_3_10(
    start: datetime | None, end: datetime | None, last_n: int | None, expected: str
) -> None:
    assert content_range(Cut(at(1), at(5)), start, end, last_n) == f"date-time {expected}"


@given(
    st.dictionaries(
        st.sampled_from(["level", "rain", "tide"]),
        st.lists(st.integers(0, 30), unique=True, min_size=1, max_size=12).map(sorted),
        min_size=1,
    )
)
def test_paging_forwards_meets_every_instance_once(histories: dict[str, list[int]]) -> None:
    """A client that goes on behind the range it got sees all, in pieces of bounded size."""
    seen: dict[str, list[int]] = {name: [] for name in histories}
    start = 0
    for _ in range(40):
        page = series(**{a: [m for m in ms if m >= start][:PAGE] for a, ms in histories.items()})
        covered = cut(page, PAGE, PAGE, backwards=False)
        for name, found in minutes(page).items():
            assert len(found) <= PAGE
            seen[name] += found
        if covered is None:
            break
        start = round((covered.newest - START).total_seconds() / 60) + 1
    assert seen == histories
