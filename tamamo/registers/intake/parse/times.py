"""Times of day: 9：00, 午前9時半, 1700, and 25:30 of a night that belongs to the day before."""

import re
from datetime import date, datetime, time, timedelta
from typing import Final

from tamamo.feeds import quality
from tamamo.feeds.quality import Invalid, Reason
from tamamo.registers.intake.lines import Cell, of_day
from tamamo.registers.intake.parse.marked import Marked, Parsed
from tamamo.registers.intake.parse.texts import folded, missing

_TIME: Final = re.compile(
    r"(?P<half>午前|午後|[AaPp]\.?[Mm]\.?)?\s?(?P<hour>\d{1,2})"
    r"(?:時(?:(?P<minutes>\d{1,2})分?|(?P<半>半))?|[:;](?P<minute>\d{2})(?::(?P<second>\d{2}))?)"
    r"\s?(?P<after>[AaPp]\.?[Mm]\.?)?"
)
_COMPACT: Final = re.compile(r"(?P<hour>\d{1,2})(?P<minute>\d{2})")
#: A time in the middle of a text; addresses of machines and ratios have more or fewer digits.
_ANYWHERE: Final = re.compile(r"(?<![\d:.])(\d{1,2}):(\d{2})(?![\d:])")
#: A day of service ends at the latest here: GTFS and Japanese timetables stay below.
_LATEST: Final = 48

NO_SUCH_TIME: Final = Reason("no_such_time", "存在しない時刻です", "there is no such time of day")
BEYOND: Final = Reason(
    "beyond_midnight",
    "24時を超える時刻です（25:30は翌日の1:30）",
    "the time is beyond 24:00 (25:30 is 1:30 of the next day)",
)
COMPACT: Final = Reason(
    "time_without_colon",
    "コロンのない時刻です（1700を17:00と読みました）",
    "the time has no colon (1700 was read as 17:00)",
)


def find(text: str) -> tuple[int, int, int] | None:
    """Return (hour, minute, second) of a folded text, None where it is no time.

    Raises ValueError for a time that no clock shows. The hour may be up to 47.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hour = int(found["hour"])
    minute = 30 if found["半"] else int(found["minutes"] or found["minute"] or 0)
    half = (found["half"] or found["after"] or "").replace(".", "").lower()
    if half:
        if hour > 12:
            raise ValueError(text)
        hour = hour % 12 + (12 if half in ("午後", "pm") else 0)
    return _valid(hour, minute, int(found["second"] or 0))


def _valid(hour: int, minute: int, second: int) -> tuple[int, int, int]:
    if hour >= _LATEST or minute > 59 or second > 59:
        raise ValueError(hour, minute, second)
    return hour, minute, second


def find_compact(text: str) -> tuple[int, int, int] | None:
    """Return the time of "930" or "1700", None where it is none."""
    found = _COMPACT.fullmatch(text)
    if found is None or int(found["hour"]) > 24 or int(found["minute"]) > 59:
        return None
    return int(found["hour"]), int(found["minute"]), 0


def impossible(text: str) -> bool:
    """Say whether a folded text names a time that no clock shows, wherever: 7:30～78:30."""
    return any(int(hour) >= _LATEST or int(minute) > 59 for hour, minute in _ANYWHERE.findall(text))


def beyond(parts: tuple[int, int, int]) -> bool:
    """Say whether a time lies beyond 24:00."""
    return parts > (24, 0, 0)


def clock(cell: Cell, format_: str = "") -> Parsed:
    """Return the time of day of a cell, HH:MM or HH:MM:SS; 24:00 is the end of a day."""
    value = service(cell, format_)
    text = value.value if isinstance(value, Marked) else value
    if isinstance(text, str) and text[:5] > "24:00":
        raise Invalid(BEYOND)
    return value


def service(cell: Cell, _format: str = "") -> Parsed:
    """Return the time of a day of service: as `clock`, and beyond 24:00 up to 47:59."""
    if isinstance(cell, time):
        return cell.isoformat("seconds" if cell.second else "minutes")
    if isinstance(cell, timedelta):
        if not timedelta() <= cell < timedelta(hours=_LATEST):
            raise Invalid(NO_SUCH_TIME)
        return of_day(cell)
    if isinstance(cell, datetime) and cell.year <= 1900:
        # A workbook's [h]:mm beyond a day: the first days of its calendar.
        return of_day(cell - datetime(1899, 12, 30 if cell.month > 2 else 31))
    if isinstance(cell, datetime | date):
        raise Invalid(quality.not_a_time(cell.isoformat()))
    text = folded(cell)
    if missing(text):
        return None
    return _of_text(text)


def _of_text(text: str) -> Parsed:
    try:
        parts = find(text)
    except ValueError:
        raise Invalid(NO_SUCH_TIME) from None
    if parts is not None:
        return _written(parts)
    parts = find_compact(text)
    if parts is None:
        raise Invalid(quality.not_a_time(text[:60]))
    return Marked(_written(parts), COMPACT)


def _written(parts: tuple[int, int, int]) -> str:
    hour, minute, second = parts
    return f"{hour:02}:{minute:02}" + (f":{second:02}" if second else "")
