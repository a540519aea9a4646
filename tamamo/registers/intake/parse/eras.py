"""Years of Japanese eras (和暦).

The eras begin on the days their cabinet orders and laws name (元号法, Act No. 43 of 1979, and the
proclamations before it). Documents count an old era on past its end (平成37年 for 2025 in lists
made before 2019): such years are read, and said.
"""

import re
from datetime import date
from typing import Final, NamedTuple


class Era(NamedTuple):
    """An era: its letter, its name, its first day, the first day of the next one."""

    letter: str
    name: str
    begins: date
    ends: date


ERAS: Final = (
    Era("M", "明治", date(1868, 1, 25), date(1912, 7, 30)),
    Era("T", "大正", date(1912, 7, 30), date(1926, 12, 25)),
    Era("S", "昭和", date(1926, 12, 25), date(1989, 1, 8)),
    Era("H", "平成", date(1989, 1, 8), date(2019, 5, 1)),
    Era("R", "令和", date(2019, 5, 1), date.max),
)
_BY_NAME: Final = {name: era for era in ERAS for name in (era.letter, era.name, era.name[0])}
#: What may stand in front of a year; NFKC has made ㍻ 平成 and ㋿ 令和.
PATTERN: Final = (
    r"(?P<era>明治|大正|昭和|平成|令和|[MTSHRmtshr明大昭平令])[.\s]?(?P<year>元|\d{1,3})"
)
_KANJI: Final = re.compile(r"[〇一二三四五六七八九十]+")
_DIGITS: Final = {sign: value for value, sign in enumerate("〇一二三四五六七八九")}


def year_of(era: str, year: str) -> int:
    """Return the year of our calendar: ("R", "6") is 2024, 元 the first. Raises ValueError."""
    number = 1 if year == "元" else int(year)
    if not 1 <= number <= 150:
        raise ValueError(f"{era}{year} is no year of an era")
    return _BY_NAME[era.upper()].begins.year + number - 1


def past_its_end(era: str, day: date) -> bool:
    """Say whether an era was over on that day."""
    return day >= _BY_NAME[era.upper()].ends


def before_its_beginning(era: str, day: date) -> bool:
    """Say whether an era had not begun on that day."""
    return day < _BY_NAME[era.upper()].begins


def ended(era: str, year: int) -> bool:
    """Say whether an era was over when the year began."""
    return _BY_NAME[era.upper()].ends.year < year


def digits(text: str) -> str:
    """Return a text with its Japanese numerals up to 99 as digits: 令和六年 is 令和6年."""
    return _KANJI.sub(lambda found: _number(found[0]), text)


def _number(signs: str) -> str:
    if "十" not in signs:
        return "".join(str(_DIGITS[sign]) for sign in signs)
    tens, _, ones = signs.partition("十")
    if len(tens) > 1 or len(ones) > 1:
        return signs
    return str((_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0))
