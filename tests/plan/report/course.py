"""A course of rates for tests; values are invented."""

from datetime import date
from decimal import Decimal

from tamamo.plan.model import Text
from tamamo.plan.report.series import Course, SeriesData
from tamamo.plan.values.courses import Point


def _course(code: str, ja: str, en: str, *values: str) -> Course:
    points = [
        Point(date(2020 + (3 + n) // 12, (3 + n) % 12 + 1, 1), Decimal(v))
        for n, v in enumerate(values)
    ]
    return Course(code, Text(ja=ja, en=en), points)


COURSE = SeriesData(
    courses=[
        _course("1", "町", "Town", "14.0", "15.1", "18.25", "22.2", "28.8"),
        _course("0", "国", "Nation", "16.0", "16.5", "18.24", "21.0", "28.3"),
    ],
    unit=Text(ja="%", en="%"),
    source=Text(ja="試験のための数値", en="values made for a test"),
)
