"""Times, days of the week, dates and angles as people write them, in the standard's form.

All take texts in half width (NFKC) and return None where a person must decide.
"""

import re
from typing import Final

from tamamo.registers.intake.parse import dates, places, times

WEEK: Final = "月火水木金土日"
_ALL_DAYS: Final = frozenset({"毎日", "年中無休", "全日", "無休", "通年", "月-日", "全曜日"})
_WEEKDAYS: Final = "月火水木金"
_RANGE: Final = re.compile(r"([月火水木金土日])(?:曜日|曜)?[~〜-]([月火水木金土日])")


def days(text: str) -> str | None:
    """Return days of the week as the standard writes them: 月火水木金土日 without anything else."""
    bare = re.sub(r"[\s、,・/]|曜日|曜", "", text)
    if bare in _ALL_DAYS:
        return WEEK
    if bare == "平日":
        return _WEEKDAYS
    whole = _RANGE.sub(lambda m: _between(m[1], m[2]), bare)
    if not whole or any(one not in WEEK for one in whole):
        return None
    return "".join(one for one in WEEK if one in whole)


def time(text: str) -> str | None:
    """Return a time as HH:MM; hours beyond 24 (25:30) stay what they are."""
    try:
        found = times.find(text) or (times.find_compact(text) if len(text) == 4 else None)
    except ValueError:
        return None
    return f"{found[0]:02}:{found[1]:02}" if found else None


def date(text: str) -> str | None:
    """Return a day as YYYY-MM-DD (ISO 8601), of the western calendar or an era."""
    try:
        found = dates.find(text)
    except ValueError:
        return None
    # 5/16/2020 can only be read one way, 5/6/2020 in two.
    if found is None or (found.form == "slashes" and found.day.day <= 12):
        return None
    return found.day.isoformat()


def degrees(text: str) -> float | None:
    """Return degrees, minutes and seconds as degrees: 34°20'34.5" is 34.342917."""
    found = places.degrees(text)
    return None if found is None else round(found, 6)


def _between(first: str, last: str) -> str:
    start, end = WEEK.index(first), WEEK.index(last)
    return WEEK[start : end + 1] if start <= end else WEEK[start:] + WEEK[: end + 1]
