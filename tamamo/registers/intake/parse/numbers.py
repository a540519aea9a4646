"""Numbers: full width, with separators, units, and the triangle that stands for minus."""

import math
import re
from datetime import date, datetime, time, timedelta
from typing import Final

from tamamo.feeds import quality
from tamamo.feeds.quality import Invalid, Reason
from tamamo.registers.intake import naming
from tamamo.registers.intake.lines import Cell
from tamamo.registers.intake.parse.marked import Parsed
from tamamo.registers.intake.parse.texts import HYPHENS, folded, missing

#: Larger whole numbers are not the same in every program that reads JSON (RFC 8259 section 6).
MOST_EXACT: Final = 2**53 - 1
#: Excel counts days from here; its 29 February 1900 never was, so numbers below 61 are doubtful.
EXCEL_START: Final = datetime(1899, 12, 30)
#: ▲ and △ are how Japanese accounts write a minus.
_NUMBER: Final = re.compile(
    r"(?P<minus>[▲△]\s?)?(?P<number>[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?"
    r"|[+-]?\.\d+|[+-]?\d+(?:\.\d+)?[eE][+-]?\d+)\s?(?P<unit>(?:\D\S{0,11})?)"
)
NOT_WHOLE: Final = Reason("not_an_integer", "整数ではありません", "it is not a whole number")
TOO_GREAT: Final = Reason(
    "too_great", "数が大きすぎて正確に扱えません", "the number is too great to be kept exactly"
)
A_DATE: Final = Reason(
    "date_for_number",
    "数の列に日付があります（Excelの表示形式が日付になっています）",
    "a date stands where a number should be (the cell is formatted as a date)",
)
A_TIME: Final = Reason(
    "time_for_number", "数の列に時刻があります", "a time stands where a number should be"
)
A_BOOLEAN: Final = Reason(
    "truth_for_number", "数の列に真偽値があります", "TRUE or FALSE stands where a number should be"
)


def serial(moment: datetime | date) -> float:
    """Return the number that Excel shows as this date."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)
    days = (moment - EXCEL_START) / timedelta(days=1)
    # Excel believes in 29 February 1900: its numbers up to 60 are one less than days since then.
    return days if days > 60 else days - 1


def split(text: str) -> tuple[float | int, str] | None:
    """Return the number a folded text names, and the unit behind it; None where it is none."""
    found = _NUMBER.fullmatch(text.translate(HYPHENS) if not text.isascii() else text)
    if found is None:
        return None
    unit = found["unit"].strip()
    if unit and unit.casefold() not in naming.units():
        return None
    digits = found["number"].replace(",", "")
    try:
        value: float | int = int(digits)
    except ValueError:
        value = float(digits)
        if not math.isfinite(value):
            return None
    if found["minus"]:
        if digits[0] in "+-":
            return None
        value = -value
    return value, unit


def number(cell: Cell, format_: str = "") -> Parsed:
    """Return the number of a cell, whole where it is written without a fraction.

    format "serial": a date stands for the number that Excel shows as one.
    """
    if isinstance(cell, str):
        return _of_text(cell)
    if cell is None or isinstance(cell, bool | datetime | date | time | timedelta):
        return _not_a_number(cell, format_)
    if isinstance(cell, float):
        if not math.isfinite(cell):
            raise Invalid(quality.NOT_FINITE)
        # What a spreadsheet stores as 0.1 + 0.2 is shown, and meant, with 15 digits.
        return cell if len(repr(cell)) < 17 else float(f"{cell:.15g}")
    return _exact(cell)


def _of_text(cell: str) -> Parsed:
    if cell.isdecimal() and cell.isascii() and len(cell) < 16:
        return int(cell)
    text = folded(cell)
    if missing(text):
        return None
    found = split(text)
    if found is None:
        raise Invalid(quality.not_a_number(cell[:60]))
    return _exact(found[0]) if isinstance(found[0], int) else found[0]


def _exact(value: int) -> int:
    if not -MOST_EXACT <= value <= MOST_EXACT:
        raise Invalid(TOO_GREAT)
    return value


def _not_a_number(cell: Cell, format_: str) -> Parsed:
    if cell is None:
        return None
    if isinstance(cell, bool):
        raise Invalid(A_BOOLEAN)
    if isinstance(cell, datetime | date):
        if format_ == "serial":
            days = serial(cell)
            return int(days) if days.is_integer() else days
        raise Invalid(A_DATE)
    raise Invalid(A_TIME)


def integer(cell: Cell, format_: str = "") -> Parsed:
    """Return the whole number of a cell. 12.0 is one."""
    value = number(cell, format_)
    if isinstance(value, float):
        if not value.is_integer():
            raise Invalid(NOT_WHOLE)
        return _exact(int(value))
    return value
