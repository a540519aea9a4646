"""48 hours of a gauge: gaps, thinning, table, sentence."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from tamamo.web.portal import series
from tamamo.web.portal.gauges import gauge_of
from tests.web.city_data import gauge

START = datetime(2026, 6, 24, 0, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_gap_stays_a_gap() -> None:
    points = [(START, 1.0), (START + HOUR, 1.1), (START + 5 * HOUR, 1.2)]
    drawn = series.with_gaps(points, HOUR)
    assert drawn == [points[0], points[1], (START + 2 * HOUR, None), points[2]]
    assert series.with_gaps(points[:2], HOUR) == points[:2]


def test_the_usual_interval_is_the_median() -> None:
    points = [(START + m * timedelta(minutes=1), 1.0) for m in (0, 10, 20, 30, 200)]
    assert series.usual_interval(points, HOUR) == timedelta(minutes=10)
    assert series.usual_interval(points[:2], HOUR) == HOUR


@given(st.lists(st.floats(-5, 50), min_size=1, max_size=400), st.integers(2, 60))
def test_thinning_keeps_the_highest_and_the_order(levels: list[float], limit: int) -> None:
    points = [(START + n * timedelta(minutes=1), level) for n, level in enumerate(levels)]
    kept = series.thinned(points, limit)
    assert max(level for _, level in kept) == max(levels)
    assert kept == sorted(kept, key=lambda point: point[0])
    assert set(kept) <= set(points)
    assert len(kept) <= limit + 1


def test_the_table_has_the_last_reading_of_each_ten_minutes_newest_first() -> None:
    points = [(START + timedelta(minutes=m), float(m)) for m in (0, 3, 9, 10, 25)]
    shown = series.table(points, gauge_of(gauge("1", "a", 1.0, START), START))
    assert [row.level for row in shown] == [25.0, 10.0, 9.0]


def _sentence(
    language: str, level: float | None, earlier: float | None = None, **more: object
) -> str:
    found = gauge_of(gauge("1", "牛堂", level, START, **more), START, earlier)  # type: ignore[arg-type]
    with translation.override(language):
        return series.sentence(found, [(START - HOUR, 2.4), (START, 2.0)])


def test_the_sentence_says_how_far_above_the_reached_level() -> None:
    assert _sentence("ja", 2.0, 1.9) == (
        "牛堂の水位は6月24日 09:00に2.00 mで、氾濫開始水位 1.91 mを0.09 m上回っています。"
        "直近1時間で0.10 m上がりました。過去48時間の最高は2.40 m（6月24日 08:00）です。"
    )
    assert _sentence("en", 2.0, 2.3) == (
        "At 24 Jun, 09:00 JST 牛堂 stood at 2.00 m, 0.09 m above its flood level of 1.91 m. "
        "It fell by 0.30 m in the last hour. "
        "Highest in the last 48 hours: 2.40 m (24 Jun, 08:00 JST)."
    )


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (1.0, "危険水位 1.36 mまであと0.36 mです。"),
        (0.5, "観測開始水位 0.91 mまであと0.41 mです。"),
        (1.36, "危険水位 1.36 mちょうどです。"),
    ],
)
def test_the_sentence_names_the_next_level(level: float, expected: str) -> None:
    assert expected in _sentence("ja", level)


def test_the_sentence_does_not_make_up_a_missing_level() -> None:
    assert _sentence("ja", None).startswith("牛堂の現在の観測値はありません。")


def test_without_thresholds_the_sentence_is_the_level() -> None:
    text = _sentence("ja", 1.0, start=None, alert=None, danger=None)
    assert text.startswith("牛堂の水位は6月24日 09:00に1.00 mです。")
