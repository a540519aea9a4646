"""From the text of a cell to a value: numbers, dates in every way Japan writes them, times, marks.

Each conversion returns None where the cell has no value and raises quality.Invalid where it has one
that does not fit.
"""

import re
from collections.abc import Callable
from datetime import date, time
from typing import Any, Final
from urllib.parse import urlsplit

from tamamo.feeds import quality
from tamamo.feeds.quality import Invalid, Reason
from tamamo.kernel.time import EARLIEST, to_text

#: First year of each era by its letter and its name (令和元年 = 2019).
ERAS: Final = {
    "M": 1868, "明治": 1868, "T": 1912, "大正": 1912, "S": 1926, "昭和": 1926,
    "H": 1989, "平成": 1989, "R": 2019, "令和": 2019,
}  # fmt: skip
_ERA = r"(?P<era>明治|大正|昭和|平成|令和|[MTSHR])"
_YEAR = r"(?P<year>元|\d{1,4})"
_DATES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_ERA}{_YEAR}(?:年度?|[./-])(?P<month>\d{{1,2}})(?:月|[./-])(?P<day>\d{{1,2}})日?",
        r"(?P<year>\d{4})(?:年|[./-])(?P<month>\d{1,2})(?:月|[./-])(?P<day>\d{1,2})日?",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
        # What Excel writes into a CSV with American settings: m/d/yyyy or m/d/yy.
        r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4}|\d{2})",
    )
)
_YEARS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (rf"{_ERA}{_YEAR}(?:年度?)?", r"(?P<year>\d{4})(?:年度?)?")
)
_TIME_OF_DAY = re.compile(
    r"(?:T|\s+)\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s*[AP]M)?$", re.IGNORECASE
)
_WEEKDAY = re.compile(r"\([月火水木金土日祝・]+\)$")
_TIME = re.compile(r"(?P<hour>\d{1,2})(?::|時)(?P<minute>\d{2})?分?(?::\d{2})?")
#: Two-digit years up to this are of this century, as POSIX has it.
_LAST_OF_CENTURY = 68
_TRUE = frozenset(
    {"○", "〇", "◯", "有", "有り", "あり", "可", "true", "1", "yes", "はい", "●", "◎"}
)
_FALSE = frozenset({"×", "✕", "無", "無し", "なし", "不可", "false", "0", "no", "いいえ"})


def text(cell: str) -> str | None:
    """Return the text with outer blanks removed; a lone dash is no value."""
    stripped = cell.strip().replace("\r\n", "\n")
    if stripped in quality.SHEET_ERRORS:
        ja, en = f"表計算のエラー値です：{stripped}", f"{stripped} is a spreadsheet's error"
        raise Invalid(Reason("sheet_error", ja, en))
    return None if stripped in quality.DASHES else stripped


def number(cell: str) -> float | int | None:
    """Return the number, an int where the text has no fraction."""
    value = quality.number(cell)
    if value is not None and value.is_integer() and "." not in quality.fold(cell):
        return int(value)
    return value


def integer(cell: str) -> int | None:
    """Return the whole number."""
    value = quality.number(cell)
    if value is None:
        return None
    if not value.is_integer():
        ja, en = f"整数ではありません：{cell!r}", f"{cell!r} is not a whole number"
        raise Invalid(Reason("not_an_integer", ja, en))
    return int(value)


def day(cell: str) -> str | None:
    """Return an ISO date from ISO, 2021年3月1日, m/d/yy, 20210301, S47.4.1 or 令和6年4月1日."""
    if quality.is_missing(cell):
        return None
    # A time of day behind the date is left out.
    folded = _TIME_OF_DAY.sub("", quality.fold(cell))
    folded = _WEEKDAY.sub("", "".join(folded.split()))
    for pattern in _DATES:
        match = pattern.fullmatch(folded)
        if match:
            try:
                value = date(_year(match), int(match["month"]), int(match["day"]))
            except ValueError:
                break
            if value < EARLIEST.date():
                raise Invalid(quality.TOO_EARLY)
            return value.isoformat()
    raise Invalid(quality.not_a_time(cell))


def year(cell: str) -> int | None:
    """Return the (fiscal) year from 令和6年度, R6, 2024年度 or 2024."""
    if quality.is_missing(cell):
        return None
    folded = "".join(quality.fold(cell).split())
    for pattern in _YEARS:
        match = pattern.fullmatch(folded)
        if match:
            value = _year(match)
            if value < EARLIEST.year:
                raise Invalid(quality.TOO_EARLY)
            return value
    raise Invalid(quality.not_a_time(cell))


def _year(match: re.Match[str]) -> int:
    written = match["year"]
    value = 1 if written == "元" else int(written)
    era = match.groupdict().get("era")
    if era:
        return ERAS[era.upper()] + value - 1
    if len(written) == 2:
        return value + (2000 if value <= _LAST_OF_CENTURY else 1900)
    return value


def clock(cell: str) -> str | None:
    """Return HH:MM from 9:00, 09:00:00, 9時 or 9時30分; hours up to 29 mean after midnight."""
    if quality.is_missing(cell):
        return None
    match = _TIME.fullmatch("".join(quality.fold(cell).split()))
    if match is None:
        raise Invalid(quality.not_a_time(cell))
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    # 25:00 is how opening hours past midnight are written; it stays as it is.
    if hour > 29 or minute > 59:
        raise Invalid(quality.not_a_time(cell))
    return f"{hour:02}:{minute:02}" if hour > 23 else time(hour, minute).strftime("%H:%M")


def boolean(cell: str) -> bool | None:
    """Return True for ○ 有 あり 可 1, False for × 無 なし 不可 0."""
    folded = quality.fold(cell).casefold()
    stripped = cell.strip()
    if stripped in _TRUE or folded in _TRUE:
        return True
    if stripped in _FALSE or folded in _FALSE:
        return False
    if quality.is_missing(cell):
        return None
    ja, en = f"○×・有無として読めません：{cell!r}", f"{cell!r} is neither yes nor no"
    raise Invalid(Reason("not_a_boolean", ja, en))


def url(cell: str) -> str | None:
    """Return an absolute http(s) URL."""
    stripped = cell.strip()
    if quality.is_missing(stripped):
        return None
    try:
        parts = urlsplit(stripped)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.netloc or re.search(r"\s", stripped):
        raise Invalid(Reason("not_a_url", f"URLではありません：{cell!r}", f"{cell!r} is not a URL"))
    return stripped


def moment(cell: str) -> str | None:
    """Return a date and time with its zone, in UTC."""
    return None if quality.is_missing(cell) else to_text(quality.moment(cell))


def link(cell: str) -> str | None:
    """Return an address a page may link to: https, without a user's name in it."""
    found = url(cell)
    if found is not None and (not found.startswith("https://") or "@" in urlsplit(found).netloc):
        ja = "https:// のアドレスではありません"
        raise Invalid(Reason("not_https", ja, "this is no https address without a user's name"))
    return found


#: What `convert` may say in a mapping.
CONVERSIONS: Final[dict[str, Callable[[str], Any]]] = {
    "text": text,
    "number": number,
    "integer": integer,
    "date": day,
    "year": year,
    "time": clock,
    "boolean": boolean,
    "url": url,
    "moment": moment,
    "link": link,
}
