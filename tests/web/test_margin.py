"""The room a gauge has left, beside its value."""

from datetime import UTC, datetime

import pytest
from django.utils.translation import override

from tamamo.web.portal.gauges import gauge_of
from tamamo.web.portal.margin import margin
from tests.web.city_data import gauge

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("level", "limits", "english", "japanese"),
    [
        (0.5, {}, "0.41 m below observation start level", "観測開始水位まで 0.41 m"),
        (1.0, {}, "0.36 m below danger level", "危険水位まで 0.36 m"),
        (1.5, {}, "0.41 m below flood level", "氾濫開始水位まで 0.41 m"),
        (2.0, {}, "0.09 m above flood level", "氾濫開始水位を 0.09 m 上回る"),
        (1.91, {}, "at flood level", "氾濫開始水位に到達"),
        (1.5, {"danger": None}, "0.14 m above danger level", "危険水位を 0.14 m 上回る"),
        (1.5, {"start": None, "alert": None, "danger": None}, "", ""),
        (None, {}, "", ""),
    ],
)
def test_the_room_to_the_next_threshold_or_the_height_above_the_last(
    level: float | None, limits: dict[str, None], english: str, japanese: str
) -> None:
    shown = gauge_of(gauge("1", "長者北橋", level, NOW, **limits), NOW)
    with override("en"):
        assert margin(shown) == english
    with override("ja"):
        assert margin(shown) == japanese
