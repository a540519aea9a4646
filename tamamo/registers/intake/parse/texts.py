"""Texts: without blanks around them, with their line breaks, without what nobody can see."""

import re
import unicodedata
from typing import Final

from tamamo.feeds import quality
from tamamo.feeds.quality import Invalid, Reason
from tamamo.registers.intake.lines import Cell, shown
from tamamo.registers.intake.parse.marked import Marked, Parsed

#: Longest text taken, in characters, as registers have it.
LONGEST: Final = 20_000
_BLANKS: Final = " \t\r\n\u3000\u00a0\u200b\ufeff"
#: How XML of a workbook writes a carriage return (ISO/IEC 29500-1 22.4.2.4).
_ESCAPED: Final = re.compile(r"_x000[Dd]_")
#: Marks without width that copying from web pages and Word leaves.
_UNSEEN: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad]")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
#: What people write for a hyphen or a minus and NFKC leaves as it is.
HYPHENS: Final = str.maketrans(dict.fromkeys("‐‑‒–—―−ー", "-"))
#: Characters that only the machine they were typed on can show (外字, gaiji), or that were lost.
_PRIVATE: Final = re.compile("[\ue000-\uf8ff\U000f0000-\U0010fffd]")

PRIVATE: Final = Reason(
    "private_character",
    "外字など、ほかの環境では表示できない文字があります",
    "it has a character that other computers cannot show (gaiji)",
)
LOST: Final = Reason(
    "lost_character",
    "文字化けの跡（�）があります",
    "it has the mark of a character that was lost (�)",
)
REMOVED: Final = Reason(
    "control_character",
    "見えない制御文字を取り除きました",
    "control characters that cannot be seen were removed",
)
TOO_LONG: Final = Reason(
    "too_long", f"{LONGEST}文字を超えています", f"it has more than {LONGEST} characters"
)


def sheet_error(text: str) -> Reason:
    """Return the reason for a spreadsheet's error value."""
    return Reason(
        "sheet_error", f"表計算のエラー値です：{text}", f"{text} is a spreadsheet's error"
    )


def text(cell: Cell, _format: str = "") -> Parsed:
    """Return the text of a cell. A lone dash stays: in a text it may mean something."""
    given = cell if isinstance(cell, str) else shown(cell)
    if given.isprintable() and given[:1] != " " and given[-1:] != " " and given[:1] != "#":
        return (given or None) if len(given) <= LONGEST else _too_long()
    return _slowly(given)


def _too_long() -> Parsed:
    raise Invalid(TOO_LONG)


def _slowly(given: str) -> Parsed:
    found = _ESCAPED.sub("", given).replace("\r\n", "\n").replace("\r", "\n")
    found = _UNSEEN.sub("", found).strip(_BLANKS)
    if found in quality.SHEET_ERRORS:
        raise Invalid(sheet_error(found))
    if len(found) > LONGEST:
        raise Invalid(TOO_LONG)
    if not found:
        return None
    if _CONTROL.search(found):
        return Marked(_CONTROL.sub("", found) or None, REMOVED)
    if _PRIVATE.search(found):
        return Marked(found, PRIVATE, "kept")
    if "\ufffd" in found:
        return Marked(found, LOST, "kept")
    return found


def folded(cell: Cell) -> str:
    """Return a cell's text in half-width forms (NFKC), without blanks around it."""
    given = cell if isinstance(cell, str) else shown(cell)
    if given.isascii():
        return given.strip()
    return unicodedata.normalize("NFKC", _UNSEEN.sub("", given)).strip()


def missing(text_: str) -> bool:
    """Say whether a folded text is a mark for "no value". Raises Invalid for a sheet's error."""
    if not text_:
        return True
    if text_[0] == "#" and text_ in quality.SHEET_ERRORS:
        raise Invalid(sheet_error(text_))
    return text_ in quality.MISSING_MARKS or text_.casefold() in quality.MISSING_MARKS
