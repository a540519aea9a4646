"""What a single value could be: of which kinds, for certain or under a heading that says so."""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from tamamo.feeds import quality
from tamamo.feeds.quality import Invalid
from tamamo.kernel.towns.code import is_code
from tamamo.registers.intake.lines import Cell
from tamamo.registers.intake.model import Kind
from tamamo.registers.intake.parse import codes, dates, numbers, places, texts, times

Kinds = frozenset[str]
_NONE: Final[Kinds] = frozenset()
#: Numbers that Excel shows as days of 1954 to 2064.
_SERIALS: Final = (20_000, 60_000)


class Class(NamedTuple):
    """What a value could be.

    sure: kinds it has the form of. weak: kinds it could be if its heading says so. form: how a
    date, month or year in it is written. unit: what stands behind a number. empty: it is a mark
    for "no value". wide: it has full-width digits or letters.
    """

    sure: Kinds
    weak: Kinds = _NONE
    form: str = ""
    unit: str = ""
    empty: bool = False
    wide: bool = False


EMPTY: Final = Class(_NONE, empty=True)
_DATE_CELL: Final = Class(frozenset({"date"}), frozenset({"serial"}), "cell")
_MOMENT_CELL: Final = Class(frozenset({"moment"}), frozenset({"date"}), "cell")
_MIDNIGHT: Final = time()
#: Longer than any number, date or place: such a text is not looked through for one, nor kept.
_LONGEST: Final = 300


def classify(cell: Cell) -> Class:
    """Return what a cell that is not blank could be."""
    if isinstance(cell, str):
        return _of_text(cell) if len(cell) <= _LONGEST else _of_long_text(cell)
    if isinstance(cell, bool):
        return Class(frozenset({"boolean"}))
    if isinstance(cell, datetime):
        return _DATE_CELL if cell.time() == _MIDNIGHT else _MOMENT_CELL
    if isinstance(cell, date):
        return _DATE_CELL
    if isinstance(cell, time):
        return Class(frozenset({"time", "service_time"}))
    if isinstance(cell, timedelta):
        over = cell > timedelta(days=1)
        return Class(frozenset({"service_time"} if over else {"time", "service_time"}))
    return _of_number(cell)


@lru_cache(maxsize=16_384, typed=True)
def _of_number(value: float | int | None) -> Class:
    if value is None:
        return EMPTY
    sure, weak = {"number"}, set(_degrees(float(value), str(value)))
    if float(value).is_integer():
        sure.add("integer")
        weak |= _of_digits(str(int(value)))
    return Class(frozenset(sure), frozenset(weak))


def _of_long_text(given: str) -> Class:
    try:
        return Class(frozenset(_coded(texts.folded(given))))
    except Invalid:
        return Class(_NONE)


@lru_cache(maxsize=65_536)
def _of_text(given: str) -> Class:
    text = texts.folded(given)
    wide = text != given.strip() and any("０" <= sign <= "ｚ" for sign in given)
    try:
        if texts.missing(text):
            # "なし" is no value among numbers and an answer beside あり.
            said = frozenset({"boolean"}) if codes_boolean(text) else _NONE
            return Class(_NONE, said, empty=True)
    except Invalid:
        return Class(_NONE)
    sure: set[str] = set()
    weak: set[str] = set()
    form, unit = "", ""
    found = numbers.split(text)
    if found is not None:
        value, unit = found
        sure.add("number")
        if isinstance(value, int):
            sure.add("integer")
        if unit in ("", "度"):
            weak |= _degrees(float(value), text)
        if text.isdecimal():
            weak |= _of_digits(text)
    sure |= _coded(text)
    _placed(text, sure, weak)
    form = _dated(text, sure, weak)
    _timed(text, sure, weak)
    return Class(frozenset(sure), frozenset(weak), form, unit, wide=wide)


def codes_boolean(text: str) -> bool:
    """Say whether a folded text answers yes or no."""
    try:
        return codes.boolean(text) is not None
    except Invalid:
        return False


def _degrees(value: float, text: str) -> set[str]:
    found: set[str] = set()
    if -90 <= value <= 90:
        found.add("latitude")
    if -180 <= value <= 180:
        found.add("longitude")
    west, south, east, north = quality.JAPAN
    if south <= value <= north:
        found.add("north")
    if west <= value <= east:
        found.add("east")
    # Three decimals are a hundred metres: a number written that exactly may well be a place.
    if len(text.partition(".")[2]) >= 3:
        found.add("exact")
    return found


def _of_digits(text: str) -> set[str]:
    """Return what a text of digits could be under a heading that says so."""
    found = {"code"}
    number = int(text[:18])
    if text[0] == "0" and len(text) > 1:
        found.add("zeros")
    if _SERIALS[0] <= number <= _SERIALS[1]:
        found.add("serial")
    if 1868 <= number <= 2150:
        found.add("year")
    if text in ("0", "1"):
        found.add("boolean")
    if len(text) == 5 or is_code(text):
        found.add("municipality")
    if codes.is_corporate(text):
        found.add("corporate")
    if len(text) == 7:
        found.add("postal")
    if 9 <= len(text) <= 11:
        found.add("phone")
    if 3 <= len(text) <= 4 and times.find_compact(text):
        found |= {"time", "service_time"}
    return found


def _coded(text: str) -> set[str]:
    found: set[str] = set()
    if codes_boolean(text) and not text.isdecimal():
        found.add("boolean")
    if _fits(codes.url, text):
        return {"url"}
    if "-" in text or text.startswith("0"):
        if _fits(codes.phone, text) and not text.isdecimal():
            found.add("phone")
        digits = text.replace("-", "").removeprefix("〒")
        if len(digits) == 7 and digits.isdecimal():
            found |= {"postal", "code"}
    if len(text) <= 40 and text.isascii() and not text.isdecimal():
        head = text.replace("-", "").replace("_", "")
        if head.isalnum() and any(sign.isdigit() for sign in head):
            found.add("code")
    return found


def _placed(text: str, sure: set[str], weak: set[str]) -> None:
    """Add what a text could be of coordinates."""
    try:
        pair = places.pair(text)
    except Invalid:
        pair = None
    if pair is not None:
        # 5,980 is a number with its separator; 34.3,134.0 can only be a place.
        japan = quality.JAPAN
        known = places.inside(*pair, japan) or places.inside(*pair[::-1], japan)
        (sure if known and "." in text else weak).add("point")
    elif places.degrees(text) is not None and numbers.split(text) is None:
        sure |= {"latitude", "longitude"}


def _fits(parse: Callable[[Cell, str], object], text: str) -> bool:
    try:
        return parse(text, "") is not None
    except Invalid:
        return False


def _dated(text: str, sure: set[str], weak: set[str]) -> str:
    """Add what a text could be of dates; return how they are written."""
    try:
        day = dates.find(text)
    except ValueError:
        day = None
        if _other_way(text):
            sure.add("date")
            return "dmy"
    if day is not None:
        (weak if day.form == "compact" else sure).add("date")
        return _slashes(text) if day.form == "slashes" else day.form
    try:
        if dates.find_moment(text) is not None:
            sure.add("moment")
            return "iso"
    except ValueError:
        return ""
    month = dates.find_month(text)
    if month is not None:
        (weak if month[0] == "compact" else sure).add("month")
        return month[0]
    year = dates.find_year(text)
    if year is not None:
        (weak if text.isdecimal() else sure).add("year")
        return "" if text.isdecimal() else year[0]
    return ""


def _slashes(text: str) -> str:
    """Return "mdy", "dmy" or "either" for 3/4/2021; with "2" behind it for a year of two digits."""
    first, second, year = (re.sub(r"\D.*", "", part.strip()) for part in text.split("/")[:3])
    short = "2" if len(year) == 2 else ""
    return ("mdy" if int(second) > 12 else "either") + short if int(first) <= 12 else "dmy"


def _other_way(text: str) -> bool:
    try:
        return "/" in text and dates.find(text, "dmy") is not None
    except ValueError:
        return False


def _timed(text: str, sure: set[str], weak: set[str]) -> None:
    if ":" in text and times.impossible(text):
        weak.add("no_time")
    try:
        parts = times.find(text)
    except ValueError:
        return
    if parts is not None:
        sure.add("service_time")
        if not times.beyond(parts):
            sure.add("time")


def kind_fits(found: Class, kind: Kind, hints: frozenset[str]) -> bool:
    """Say whether a value could be of a kind in a column whose heading says `hints`."""
    if kind == "text" or found.empty or kind in found.sure:
        return True
    if kind == "service_time":
        return kind in found.weak and "time" in hints
    return kind in found.weak and kind in hints
