"""Times, days of the week, dates and angles as people write them, in the standard's form.

All take texts in half width (NFKC) and return None where a person must decide.
"""

import re
from datetime import date as day_of
from typing import Final

WEEK: Final = "月火水木金土日"
_ALL_DAYS: Final = frozenset({"毎日", "年中無休", "全日", "無休", "通年", "月-日", "全曜日"})
_WEEKDAYS: Final = "月火水木金"
_RANGE: Final = re.compile(r"([月火水木金土日])(?:曜日|曜)?[~〜-]([月火水木金土日])")
_TIME: Final = re.compile(
    r"(午前|午後|AM|PM)?\s*(\d{1,2})(?:[:時]\s*(\d{1,2})?(?::\d{2}(?:\.0+)?)?分?)\s*(AM|PM)?", re.I
)
_DATE: Final = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})日?")
_AMERICAN: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_ERA: Final = re.compile(
    r"(明治|大正|昭和|平成|令和|[MTSHR])\s*(元|\d{1,2})\s*[-/.年]\s*(\d{1,2})"
    r"\s*[-/.月]\s*(\d{1,2})日?",
    re.I,
)
#: First year of each era (元号), less one.
_ERAS: Final = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018}
_LETTERS: Final = dict(zip("MTSHR", _ERAS, strict=True))
#: What may follow a date and is not needed: the day of the week, a time at midnight.
_TAIL: Final = re.compile(r"\s*(?:\([月火水木金土日](?:・祝)?\)|[T ]00:00(?::00)?)\Z")
_DEGREES: Final = re.compile(
    r"([0-9]{1,3})\s*[°度]\s*([0-9]{1,2})\s*['′分]\s*([0-9]{1,2}(?:\.[0-9]+)?)\s*(?:[\"″秒]|'')?"
)


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
    bare = text.strip()
    digits = re.fullmatch(r"([0-2][0-9])([0-5][0-9])", bare)
    found = _TIME.fullmatch(f"{digits[1]}:{digits[2]}" if digits else bare)
    if found is None:
        return None
    hour, minute = int(found[2]), int(found[3] or 0)
    half = (found[1] or found[4] or "").upper()
    if half in ("午後", "PM") and hour < 12:
        hour += 12
    return f"{hour:02}:{minute:02}" if hour <= 29 and minute < 60 else None


def date(text: str) -> str | None:
    """Return a day as YYYY-MM-DD (ISO 8601), of the western calendar or an era."""
    bare = _TAIL.sub("", text.strip())
    found = _DATE.fullmatch(bare)
    if found:
        return _day(int(found[1]), int(found[2]), int(found[3]))
    found = _AMERICAN.fullmatch(bare)
    if found:  # 5/16/2020 can only be read one way, 5/6/2020 in two
        return _day(int(found[3]), int(found[1]), int(found[2])) if int(found[2]) > 12 else None
    if re.fullmatch(r"(19|20)[0-9]{6}", bare):
        return _day(int(bare[:4]), int(bare[4:6]), int(bare[6:]))
    found = _ERA.fullmatch(bare)
    if found is None:
        return None
    era = _LETTERS.get(found[1].upper(), found[1])
    year = 1 if found[2] == "元" else int(found[2])
    return _day(_ERAS[era] + year, int(found[3]), int(found[4]))


def degrees(text: str) -> float | None:
    """Return degrees, minutes and seconds as degrees: 34°20'34.5" is 34.342917."""
    found = _DEGREES.fullmatch(text.strip())
    if found is None or int(found[2]) >= 60 or float(found[3]) >= 60:
        return None
    return round(int(found[1]) + int(found[2]) / 60 + float(found[3]) / 3600, 6)


def _between(first: str, last: str) -> str:
    start, end = WEEK.index(first), WEEK.index(last)
    return WEEK[start : end + 1] if start <= end else WEEK[start:] + WEEK[: end + 1]


def _day(year: int, month: int, day: int) -> str | None:
    try:
        return day_of(year, month, day).isoformat()
    except ValueError:
        return None
