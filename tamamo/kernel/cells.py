"""Cells of CSV and XLSX exports that a spreadsheet shows instead of carrying out.

A name such as `=HYPERLINK("http://…")` in a register would be a formula for whoever opens the
export ("CSV injection", OWASP). A leading apostrophe is how spreadsheets themselves mark text.
"""

import csv
import io
import re
from collections.abc import Iterable
from typing import Any, Final

#: Starts that Excel, LibreOffice or Google Sheets may take for a formula, full width ones included.
_FORMULA: Final = re.compile(r"'*(?:[\s\x00]*[=+\-@＝＋－＠]|[\t\r\n])")
#: What XML 1.0, and with it a workbook, does not take.
_UNWRITABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
#: Numbers, with commas between thousands too, and the dash that stands for "none".
_PLAIN: Final = re.compile(r"[+-]?(?:[0-9][0-9,]*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[-－]")


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


def cell(value: Any) -> Any:
    """Return a value as a cell of a CSV: a text stays text, truth is true or false."""
    if isinstance(value, str):
        return as_text(value)
    return str(value).lower() if isinstance(value, bool) else value


def in_sheet(value: Any) -> Any:
    """Return a value as a cell of a workbook: a text stays text, without what XML does not take."""
    return as_text(_UNWRITABLE.sub("", value)) if isinstance(value, str) else value


def lines(rows: Iterable[Iterable[Any]]) -> str:
    """Return rows as CSV (RFC 4180), their cells as they are: `cell` is the caller's to apply."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()
