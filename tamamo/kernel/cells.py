"""Cells of CSV and XLSX exports that a spreadsheet shows instead of carrying out.

A name such as `=HYPERLINK("http://…")` in a register would be a formula for whoever opens the
export ("CSV injection", OWASP). A leading apostrophe is how spreadsheets themselves mark text.
"""

import re
from typing import Final

#: Starts that Excel, LibreOffice or Google Sheets may take for a formula, full width ones included.
_FORMULA: Final = re.compile(r"'*(?:[\s\x00]*[=+\-@＝＋－＠]|[\t\r\n])")
#: Numbers, and the dash that stands for "none".
_PLAIN: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[-－]")


def as_text(text: str) -> str:
    """Return what to write into a cell so that it stays text; plain numbers stay as they are."""
    if _FORMULA.match(text) and not _PLAIN.fullmatch(text):
        return f"'{text}"
    return text


def as_typed(cell: str) -> str:
    """Return what `as_text` was given: for reading an export back in."""
    if cell.startswith("'") and as_text(cell[1:]) == cell:
        return cell[1:]
    return cell
