"""Organisation lists as towns publish them: one unit a line, a column for each level.

Takamatsu's has the columns 局, 部, 課, 室・出先, 係 and 所属名称, the names of a line put together.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

from tamamo.kernel.errors import SetupError
from tamamo.kernel.identity.organisation import Listed

#: The column with all names of a line in one; it is checked, not kept.
_WHOLE: Final = "所属名称"
#: Lines before the heading at most.
_PREFACE: Final = 10
_LARGEST: Final = 16 * 1024 * 1024
_MOST_LINES: Final = 50_000
_Line = tuple[int, Sequence[str]]


@dataclass(slots=True)
class Reading:
    """The units of a file, and what is odd in it: (line number, sentence)."""

    units: list[Listed] = field(default_factory=list)
    notes: list[tuple[int, str]] = field(default_factory=list)


def read(path: Path) -> Reading:
    """Read a list from a file .xlsx or .csv (UTF-8 or CP932).

    A line that stands twice is taken once, a line without a name is left out; both are noted.
    Raises SetupError when there is no list in the file.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise SetupError(f"{path} is larger than {_LARGEST // 1024**2} MB: this is no list.")
        lines = _xlsx(path) if path.suffix.lower() == ".xlsx" else _csv(path)
        return _read(lines, path)
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}.") from error


def _xlsx(path: Path) -> Iterator[_Line]:
    import openpyxl  # noqa: PLC0415 - only the one verb that imports a list needs it

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, KeyError, ValueError) as error:
        raise SetupError(f"{path} is not an XLSX file.") from error
    try:
        for number, row in enumerate(book.worksheets[0].iter_rows(values_only=True), 1):
            yield number, [_text(cell) for cell in row]
    finally:
        book.close()


def _csv(path: Path) -> Iterator[_Line]:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("cp932")
        except UnicodeDecodeError as error:
            raise SetupError(f"{path} is neither UTF-8 nor CP932 text.") from error
    for number, row in enumerate(csv.reader(io.StringIO(text)), 1):
        yield number, [_text(cell) for cell in row]


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _read(lines: Iterable[_Line], path: Path) -> Reading:
    rows = iter(lines)
    kinds = _heading(rows, path)
    found = Reading()
    seen: dict[str, int] = {}
    for number, row in rows:
        if number > _MOST_LINES:
            raise SetupError(f"{path} has more than {_MOST_LINES} lines: this is no list of units.")
        levels = [
            (name.replace("/", "／"), kind)  # a slash stands between the names of a path
            for name, kind in zip(row, kinds, strict=False)
            if name and kind != _WHOLE
        ]
        if not levels:
            if any(row):
                found.notes.append((number, "no name of a unit"))
            continue
        unit = Listed(tuple(name for name, _ in levels), levels[-1][1])
        if unit.id in seen:
            found.notes.append((number, f"{unit.id} stands in line {seen[unit.id]} already"))
            continue
        seen[unit.id] = number
        whole = dict(zip(kinds, row, strict=False)).get(_WHOLE, "")
        if whole and whole.replace("/", "／") != "".join(unit.path):
            found.notes.append((number, f"{_WHOLE} is {whole}, the columns say {unit.id}"))
        found.units.append(unit)
    return found


def _heading(rows: Iterator[_Line], path: Path) -> Sequence[str]:
    """Return the names of the columns: the first line with two or more of them."""
    for number, row in rows:
        if sum(bool(cell) for cell in row) >= 2:
            return row
        if number >= _PREFACE:
            break
    raise SetupError(f"{path} has no heading such as 局, 部, 課, 所属名称 in its first lines.")
