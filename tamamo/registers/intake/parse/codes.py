"""Codes, telephone numbers, addresses of pages, and marks for yes and no."""

import re
from typing import Final

from tamamo.feeds.quality import Invalid, Reason
from tamamo.kernel.towns.code import is_code
from tamamo.registers.intake.lines import Cell
from tamamo.registers.intake.parse.marked import Marked, Parsed
from tamamo.registers.intake.parse.texts import HYPHENS, folded, missing, text

_PHONE: Final = re.compile(r"\+?\d{1,4}(?:-\d{1,4}){1,3}|\+?\d{9,13}")
_URL: Final = re.compile(r"(?i)https?://[^\s/$.?#][^\s]*\.[^\s]+")
# fmt: off
YES: Final = frozenset((
    "○", "〇", "◯", "●", "◎", "有", "有り", "あり", "可", "true", "yes", "はい", "1", "✓", "レ",
    "該当",
))
NO: Final = frozenset((
    "×", "✕", "✖", "x", "無", "無し", "なし", "不可", "false", "no", "いいえ", "0", "非該当",
))
# fmt: on

BAD_CHECK: Final = Reason(
    "bad_check_digit", "検査数字（チェックデジット）が合いません", "its check digit does not match"
)
NO_CODE: Final = Reason("not_a_code", "コードの形ではありません", "it has not the form of the code")
NO_PHONE: Final = Reason(
    "not_a_phone", "電話番号として読めません", "it is not one telephone number"
)
ZERO_LOST: Final = Reason(
    "leading_zero_lost",
    "先頭の0が失われています（0を補いました）",
    "its leading zero was lost (it was put back)",
)
NO_URL: Final = Reason("not_a_url", "URLではありません", "it is not the address of a page")
NO_MARK: Final = Reason(
    "not_yes_or_no", "○・×（有・無）のどちらでもありません", "it is neither yes nor no"
)


def corporate_check(digits: str) -> int:
    """Return the check digit of the lower 12 digits of a corporate number (法人番号).

    Ministry of Finance Ordinance No. 70 of 2014, article 2: weights 1 and 2 from the right, 9 less
    the remainder of 9.
    """
    total = sum(int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(digits[::-1]))
    return 9 - total % 9


def is_corporate(code: str) -> bool:
    """Say whether a 13-digit number has its check digit in front."""
    return len(code) == 13 and code.isdecimal() and int(code[0]) == corporate_check(code[1:])


def code(cell: Cell, format_: str = "") -> Parsed:
    """Return the code of a cell as text, with its leading zeros.

    format: "municipality" (5 digits, or 6 with the check digit), "corporate", "postal", else any.
    """
    if not format_ and isinstance(cell, str) and cell.isdecimal() and cell.isascii():
        return cell
    found = folded(cell)
    if missing(found):
        return None
    if not format_:
        return text(found)
    digits = found.translate(HYPHENS).replace("-", "").removeprefix("〒").strip()
    if format_ == "municipality":
        return _checked(digits, (5, 6), len(digits) == 5 or is_code(digits))
    if format_ == "corporate":
        return _checked(digits, (13,), is_corporate(digits))
    if format_ == "postal":
        if len(digits) != 7 or not digits.isdecimal():
            raise Invalid(NO_CODE)
        return f"{digits[:3]}-{digits[3:]}"
    return text(found)


def _checked(digits: str, lengths: tuple[int, ...], matches: bool) -> str:
    if len(digits) not in lengths or not digits.isdecimal():
        raise Invalid(NO_CODE)
    if not matches:
        raise Invalid(BAD_CHECK)
    return digits


def phone(cell: Cell, _format: str = "") -> Parsed:
    """Return the telephone number of a cell: half width, one hyphen between its groups."""
    found = folded(cell)
    if missing(found):
        return None
    plain = found.translate(HYPHENS)
    plain = re.sub(r"(?i)^(?:tel|電話)[.: ]*", "", plain)
    plain = re.sub(r"\s*[()]\s*", "-", plain).strip("-").replace(" ", "-")
    digits = sum(sign.isdigit() for sign in plain)
    if not _PHONE.fullmatch(plain) or not 9 <= digits <= 13:
        raise Invalid(NO_PHONE)
    if plain[0] in "0+":
        return plain
    # Excel took the number for a number.
    if digits == 9 and plain.isdecimal():
        return Marked(f"0{plain}", ZERO_LOST)
    raise Invalid(NO_PHONE)


def url(cell: Cell, _format: str = "") -> Parsed:
    """Return the address of a page."""
    found = folded(cell)
    if missing(found):
        return None
    if not _URL.fullmatch(found):
        raise Invalid(NO_URL)
    return found


def boolean(cell: Cell, _format: str = "") -> Parsed:
    """Return whether a cell says yes; None where it says nothing."""
    if isinstance(cell, bool):
        return cell
    found = folded(cell).casefold()
    # なし is one of the marks for "no value" elsewhere; here it is an answer.
    if found in YES:
        return True
    if found in NO:
        return False
    if missing(found):
        return None
    raise Invalid(NO_MARK)
