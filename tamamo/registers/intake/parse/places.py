"""Coordinates: degrees, degrees with minutes and seconds, both in one cell; what cannot be."""

import re
from typing import Final

from tamamo.feeds import quality
from tamamo.feeds.quality import Invalid, Reason
from tamamo.registers.intake.lines import Cell
from tamamo.registers.intake.model import Area
from tamamo.registers.intake.parse import numbers
from tamamo.registers.intake.parse.marked import Parsed
from tamamo.registers.intake.parse.texts import folded, missing

_MINUTES: Final = re.compile(
    r"(?P<side>[NSEW北南東西緯経]*)\s?(?P<degrees>\d{1,3})\s?[°度]\s?(?P<minutes>\d{1,2})\s?['′’分]\s?"
    r"(?:(?P<seconds>\d{1,2}(?:\.\d+)?)\s?(?:[\"″”秒]|''|′′))?\s?(?P<after>[NSEW]?)"
)
_BETWEEN: Final = re.compile(r"\s*[,、;\s]\s*")

NOT_A_DEGREE: Final = Reason(
    "not_a_degree", "緯度・経度の範囲の数ではありません", "it is no number of degrees"
)
NOT_A_POINT: Final = Reason(
    "not_a_point", "「緯度,経度」として読めません", "it is not latitude and longitude"
)
ZERO: Final = Reason(
    "zero_coordinates",
    "座標が 0,0 です（未入力として扱います）",
    "the coordinates are 0, 0: taken as none",
)
EQUAL: Final = Reason(
    "equal_coordinates",
    "緯度と経度が同じ値です（使いません）",
    "latitude and longitude are the same: not used",
)
SWAPPED: Final = Reason(
    "swapped_coordinates",
    "緯度と経度が入れ替わっています（正しい順に直しました）",
    "latitude and longitude had changed places: put right",
)
OUTSIDE_JAPAN: Final = Reason(
    "outside_japan", "座標が日本の範囲の外です（使いません）", "outside Japan: not used"
)
OUTSIDE_AREA: Final = Reason(
    "outside_area", "座標が市域の外です", "the place lies outside the town's area"
)
HALF: Final = Reason(
    "half_coordinates",
    "緯度と経度の一方しかありません（使いません）",
    "only one of latitude and longitude is there: not used",
)


def degrees(text: str) -> float | None:
    """Return the degrees that a folded text names, None where it names none."""
    found = numbers.split(text)
    if found is not None:
        return float(found[0]) if found[1] in ("", "度") else None
    parts = _MINUTES.fullmatch(text)
    if parts is None:
        return None
    minutes, seconds = int(parts["minutes"]), float(parts["seconds"] or 0)
    if minutes > 59 or seconds >= 60:
        return None
    value = int(parts["degrees"]) + minutes / 60 + seconds / 3600
    south_or_west = re.search("[SW南西]", parts["side"] + parts["after"])
    return round(-value if south_or_west else value, 8)


def _coordinate(cell: Cell, limit: int) -> Parsed:
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        value: float | None = float(cell)
    else:
        value = _plain(cell)
        if value is None:
            text = folded(cell)
            if missing(text):
                return None
            value = degrees(text)
    # NaN is not in any range.
    if value is None or not -limit <= value <= limit:
        raise Invalid(NOT_A_DEGREE)
    return value


def _plain(cell: Cell) -> float | None:
    """Return the degrees of a text such as 34.341, the usual form; None for any other."""
    if isinstance(cell, str) and cell.isascii() and cell.replace(".", "", 1).isdecimal():
        return float(cell)
    return None


def latitude(cell: Cell, _format: str = "") -> Parsed:
    """Return degrees of latitude, or of a longitude in its place: `judge` puts them right."""
    return _coordinate(cell, 180)


def longitude(cell: Cell, _format: str = "") -> Parsed:
    """Return degrees of longitude."""
    return _coordinate(cell, 180)


def pair(cell: Cell) -> tuple[float, float] | None:
    """Return (first, second) of both coordinates in one cell; None for an empty one.

    Raises Invalid where it is something else.
    """
    text = folded(cell).strip("()[] ")
    if missing(text):
        return None
    parts = [part for part in _BETWEEN.split(text) if part]
    if len(parts) != 2:
        raise Invalid(NOT_A_POINT)
    first, second = map(degrees, parts)
    if first is None or second is None:
        raise Invalid(NOT_A_POINT)
    return first, second


def point(cell: Cell, _format: str = "") -> Parsed:
    """Return both coordinates as one text, for guessing; rows have them as two values."""
    found = pair(cell)
    return None if found is None else f"{found[0]},{found[1]}"


def judge(
    first: float | None, second: float | None, area: Area | None
) -> tuple[float | None, float | None, Reason | None]:
    """Return (latitude, longitude, what is wrong) of a place that says (first, second).

    Coordinates that cannot be meant are None; swapped ones are put right; a place outside the area
    stays where it is.
    """
    if first is None or second is None:
        return None, None, None if first is second else HALF
    if not first and not second:
        return None, None, ZERO
    if first == second:
        return None, None, EQUAL
    reason = None
    if inside(second, first, quality.JAPAN):
        first, second, reason = second, first, SWAPPED
    elif not inside(first, second, quality.JAPAN):
        return None, None, OUTSIDE_JAPAN
    if reason is None and area is not None and not inside(first, second, area):
        reason = OUTSIDE_AREA
    return first, second, reason


def inside(latitude_: float, longitude_: float, area: Area) -> bool:
    """Say whether a place lies in an area."""
    west, south, east, north = area
    return south <= latitude_ <= north and west <= longitude_ <= east
