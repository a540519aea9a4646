"""Dates, months, years and moments, in every way Japan writes them; ISO 8601 comes out.

`form_of_*` say how a text is written ("iso", "era", "mdy", …): a column has one form, and two in
one column are a doubt.
"""

import re
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from tamamo.feeds import quality
from tamamo.feeds.quality import Invalid, Reason
from tamamo.kernel.time import JST
from tamamo.registers.intake.lines import Cell
from tamamo.registers.intake.parse import eras
from tamamo.registers.intake.parse.marked import Marked, Parsed
from tamamo.registers.intake.parse.numbers import EXCEL_START
from tamamo.registers.intake.parse.texts import folded, missing

_DAY: Final = r"(?:年|[./-])\s?(?P<month>\d{1,2})(?:月|[./-])\s?(?P<day>\d{1,2})日?"
#: Behind a date: its weekday in brackets, a midnight that a program added.
_TAIL: Final = re.compile(r"\s?\([月火水木金土日・祝休]+\)$|[T\s]0{1,2}:00(?::00(?:\.0+)?)?$")
_FORMS: Final = (
    ("iso", re.compile(rf"(?P<year>\d{{4}}){_DAY}")),
    ("era", re.compile(eras.PATTERN + _DAY)),
    ("compact", re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})")),
    # What Excel writes into a CSV with American settings, m/d/yyyy or m/d/yy; or British ones.
    ("slashes", re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4}|\d{2})")),
)
_YEARS: Final = (
    ("iso", re.compile(r"(?:西暦)?(?P<year>\d{4})(?:年(?P<fiscal>度)?)?\s?(?P<rest>\D{0,6})")),
    ("era", re.compile(eras.PATTERN + r"(?:年(?P<fiscal>度)?)?\s?(?P<rest>\D{0,6})")),
)
#: What may stand behind a year without making it something else.
_BEHIND_YEAR: Final = frozenset({"", "平均", "末", "現在", "時点", "分", "実績", "計", "合計"})
_MONTHS: Final = (
    ("iso", re.compile(r"(?P<year>\d{4})(?:年|[./-])\s?(?P<month>\d{1,2})(?:月(?:分|末)?)?")),
    ("era", re.compile(eras.PATTERN + r"(?:年|[./-])\s?(?P<month>\d{1,2})(?:月(?:分|末)?)?")),
    ("compact", re.compile(r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})")),
)
#: Longer than any moment.
_LONGEST: Final = 100
_MOMENT: Final = re.compile(
    r"(?P<day>.+?)(?:T|\s+)(?P<hour>\d{1,2})(?::|時)(?P<minute>\d{2})?分?"
    r"(?::(?P<second>\d{2})(?:\.\d+)?)?\s?(?P<half>[AaPp][Mm])?(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)
#: Two-digit years up to this are of this century, as POSIX has it.
_LAST_OF_CENTURY: Final = 68
_MIDNIGHT: Final = time()

NO_DAY: Final = Reason("no_such_day", "存在しない日付です", "there is no such day in the calendar")
NO_TIME_HERE: Final = Reason(
    "time_for_date", "日付の列に時刻があります", "a time stands where a date should be"
)
TIME_DROPPED: Final = Reason(
    "time_dropped",
    "日付の列に時刻も書かれています（日付だけを読みました）",
    "a time stands behind the date: only the date was taken",
)
NOT_A_MONTH: Final = Reason("not_a_month", "年月として読めません", "it is not a year and month")
NOT_A_YEAR: Final = Reason("not_a_year", "年として読めません", "it is not a year")
PAST_ERA: Final = Reason(
    "era_past_end", "終わった元号で書かれています", "it is counted in an era that was over"
)
BEFORE_ERA: Final = Reason(
    "era_before_begin", "元号が始まる前の日付です", "it lies before its era began"
)


class Found(NamedTuple):
    """A date in a text: how it is written, and the era that does not fit it, if any."""

    form: str
    day: date
    reason: Reason | None = None


def find(text: str, format_: str = "") -> Found | None:
    """Return the date a folded text names, None where it is none. Raises ValueError: no such day.

    format "dmy": the day stands first in 3/4/2021, where otherwise the month does.
    """
    if not text.isascii():
        text = eras.digits(text)
    text = _TAIL.sub("", _TAIL.sub("", text))
    for form, pattern in _FORMS:
        found = pattern.fullmatch(text)
        if found is None:
            continue
        month, day = int(found["month"]), int(found["day"])
        if form == "era":
            return _of_era(found, month, day)
        year = int(found["year"])
        if form == "slashes":
            if format_ == "dmy":
                month, day = day, month
            if year < 100:
                year += 2000 if year <= _LAST_OF_CENTURY else 1900
        return Found(form, date(year, month, day))
    return None


def _of_era(found: re.Match[str], month: int, day: int) -> Found:
    era = found["era"]
    value = date(eras.year_of(era, found["year"]), month, day)
    if eras.past_its_end(era, value):
        return Found("era", value, PAST_ERA)
    return Found("era", value, BEFORE_ERA if eras.before_its_beginning(era, value) else None)


def day(cell: Cell, format_: str = "") -> Parsed:
    """Return the ISO date of a cell. format: "dmy", or "serial" for the numbers of Excel."""
    if isinstance(cell, datetime):
        value = cell.date().isoformat()
        return value if cell.time() == _MIDNIGHT else Marked(value, TIME_DROPPED)
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, time | timedelta | bool):
        raise Invalid(NO_TIME_HERE)
    text = folded(cell)
    if missing(text):
        return None
    if format_ == "serial" and (counted := of_serial(text)):
        return counted
    try:
        found = find(text, format_)
        if found is None and (known := find_moment(text, format_)):
            return Marked(known[:10], TIME_DROPPED)
    except ValueError:
        raise Invalid(NO_DAY) from None
    if found is None:
        raise Invalid(quality.not_a_time(text[:60]))
    return Marked(found.day.isoformat(), found.reason) if found.reason else found.day.isoformat()


def of_serial(text: str) -> str | None:
    """Return the date that Excel shows for a number; None where it is none that it could."""
    try:
        number = float(text)
    except ValueError:
        return None
    # Below 61 stands the day that Excel invented; 2958465 is 31 December 9999.
    if not 61 <= number <= 2_958_465:
        return None
    return (EXCEL_START + timedelta(days=int(number))).date().isoformat()


def month(cell: Cell, _format: str = "") -> Parsed:
    """Return the month of a cell as YYYY-MM."""
    if isinstance(cell, datetime | date):
        return f"{cell.year:04}-{cell.month:02}"
    text = folded(cell)
    if missing(text):
        return None
    found = find_month(text)
    if found is None:
        raise Invalid(NOT_A_MONTH)
    return found[1]


def find_month(text: str) -> tuple[str, str] | None:
    """Return how a folded text is written, and the month it names."""
    if not text.isascii():
        text = eras.digits(text)
    for form, pattern in _MONTHS:
        found = pattern.fullmatch(text)
        if found is None:
            continue
        try:
            year = _year_in(form, found)
        except ValueError:
            return None
        number = int(found["month"])
        return (form, f"{year:04}-{number:02}") if 1 <= number <= 12 else None
    return None


def _year_in(form: str, found: re.Match[str]) -> int:
    return eras.year_of(found["era"], found["year"]) if form == "era" else int(found["year"])


def year(cell: Cell, _format: str = "") -> Parsed:
    """Return the year of a cell as a number; a fiscal year is the one it begins in (April)."""
    if isinstance(cell, datetime | date):
        return cell.year
    text = folded(cell)
    if missing(text):
        return None
    found = find_year(text)
    if found is None:
        raise Invalid(NOT_A_YEAR)
    return found[1]


def find_year(text: str) -> tuple[str, int] | None:
    """Return how a folded text is written ("fiscal" in it for 年度), and the year it names."""
    if not text.isascii():
        text = eras.digits(text)
    for form, pattern in _YEARS:
        found = pattern.fullmatch(text)
        if found is None or found["rest"] not in _BEHIND_YEAR:
            continue
        try:
            value = _year_in(form, found)
        except ValueError:
            return None
        written = f"{form} fiscal" if found["fiscal"] else form
        return f"{written} {found['rest']}".strip(), value
    return None


def moment(cell: Cell, format_: str = "") -> Parsed:
    """Return the moment of a cell, ISO 8601 with its zone: that of Japan where none is told."""
    if isinstance(cell, datetime):
        return (cell if cell.tzinfo else cell.replace(tzinfo=JST)).isoformat()
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day, tzinfo=JST).isoformat()
    text = folded(cell)
    if missing(text):
        return None
    try:
        value = find_moment(text, format_)
    except ValueError:
        raise Invalid(NO_DAY) from None
    if value is None:
        raise Invalid(quality.not_a_time(text[:60]))
    return value


def find_moment(text: str, format_: str = "") -> str | None:
    """Return the moment a folded text names. Raises ValueError: no such day or time."""
    found = _MOMENT.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    on = find(found["day"], format_)
    if on is None:
        return None
    hour = int(found["hour"])
    if found["half"]:
        hour = hour % 12 + (12 if found["half"].lower() == "pm" else 0)
    at = time(hour, int(found["minute"] or 0), int(found["second"] or 0))
    zone = found["zone"]
    if not zone:
        return datetime.combine(on.day, at, JST).isoformat()
    return datetime.fromisoformat(f"{on.day.isoformat()}T{at.isoformat()}{zone}").isoformat()
