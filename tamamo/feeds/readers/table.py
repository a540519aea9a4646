"""Tables as municipalities publish them: CSV and XLSX, read into rows of text with their numbers.

The reader finds the header, keeps the file's own metadata lines (`#LINK`, `#license`, … as in
Takamatsu's files), fills merged cells and turns every cell into text; what a text means is the
mapping's business. Nothing here writes.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path

from tamamo.feeds import quality
from tamamo.feeds.quality import Reason, UnreadableFile
from tamamo.feeds.rejects import Reject
from tamamo.kernel.home import MEBIBYTE

#: Larger files than this are refused before they are read.
LARGEST_FILE = 256 * MEBIBYTE
#: A header stands within this many rows from the top.
HEADER_WITHIN = 30
_HEADER_MARK = "#property"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: its number in the file (from 1) and {column: text}."""

    number: int
    cells: dict[str, str]
    original: Sequence[str]


@dataclass(slots=True)
class Table:
    """A file read: where its header stands and its rows.

    columns: header names; blank ones are "". about: the file's own metadata lines without "#".
    encoding: of a CSV; "xlsx" for a workbook. header_row: its number in the file.
    """

    file: str
    encoding: str
    columns: list[str]
    header_row: int
    rows: list[Row] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    about: dict[str, str] = field(default_factory=dict)
    #: Rows without any value except a running number: templates and blank lines.
    blank: int = 0


def read(
    path: Path,
    *,
    wanted: Iterable[Sequence[str]] = (),
    sheet: str | None = None,
    header_row: int | None = None,
    encoding: str | None = None,
) -> Table:
    """Read a table from a file; see read_content."""
    return read_content(
        path.name,
        _content(path),
        wanted=wanted,
        sheet=sheet,
        header_row=header_row,
        encoding=encoding,
    )


def read_content(
    name: str,
    content: bytes,
    *,
    wanted: Iterable[Sequence[str]] = (),
    sheet: str | None = None,
    header_row: int | None = None,
    encoding: str | None = None,
) -> Table:
    """Read a table.

    wanted: for each needed column its possible names; the header is the first row that has them
    all. sheet: of a workbook, default the first visible one. header_row: its number where it must
    be told. encoding: of a CSV, default found out. Raises UnreadableFile: nothing can be used.
    """
    if not content:
        raise UnreadableFile(name, quality.FILE_EMPTY)
    alternatives = [list(names) for names in wanted]
    if content.startswith(b"PK"):
        from tamamo.feeds.readers import xlsx  # noqa: PLC0415 - 23 MB for workbooks alone

        lines: Iterable[tuple[int, list[str]]] = (
            (number, [_text(cell) for cell in cells])
            for number, cells in xlsx.rows(name, content, sheet)
        )
        encoding = "xlsx"
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        ja = "旧形式のExcel（.xls）か暗号化されたファイルです。.xlsxかCSVで保存し直してください"
        en = "it is an old Excel file (.xls) or an encrypted one: save it as .xlsx or CSV"
        raise UnreadableFile(name, Reason("old_excel", ja, en))
    elif Path(name).suffix.lower() in {".xlsx", ".xlsm"}:
        ja, en = (
            "Excelのファイルとして壊れています",
            "it is not a workbook, although its name says so",
        )
        raise UnreadableFile(name, Reason("broken_workbook", ja, en))
    else:
        text, encoding = decode(name, content, encoding)
        lines = _csv_lines(name, text)
    return _table(name, encoding, lines, alternatives, header_row)


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            limit = LARGEST_FILE // MEBIBYTE
            ja, en = (
                f"ファイルが大きすぎます（{limit} MiBまで）",
                f"the file is larger than {limit} MiB",
            )
            raise UnreadableFile(path.name, Reason("too_large", ja, en))
        content = path.read_bytes()
    except OSError as error:
        reason = Reason("not_readable", "ファイルを開けません", error.strerror or str(error))
        raise UnreadableFile(path.name, reason) from None
    return content


def decode(file: str, content: bytes, encoding: str | None = None) -> tuple[str, str]:
    """Return a CSV's text and its encoding.

    UTF-8 (with BOM or not), UTF-16 with BOM, else CP932 (Shift_JIS with the vendors' characters),
    each strictly: UTF-8 is recognised beyond doubt, and one wrong byte refuses the file instead of
    spoiling a name. encoding: overrules the search. Raises UnreadableFile naming the row.
    """
    candidates = [encoding] if encoding else ["utf-8-sig", "cp932"]
    if not encoding and content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    failures: list[UnicodeDecodeError] = []
    for candidate in candidates:
        try:
            text = content.decode(candidate)
        except UnicodeDecodeError as error:
            failures.append(error)
            # Japanese text in CP932 fails as UTF-8 at its first character; text that was good
            # UTF-8 until here is spoilt UTF-8, and CP932 would make nonsense of all of it.
            if candidate == "utf-8-sig" and _characters(content[: error.start]) >= 2:
                break
            continue
        except LookupError:
            ja, en = f"文字コード「{candidate}」を知りません", f"unknown encoding {candidate!r}"
            raise UnreadableFile(file, Reason("unknown_encoding", ja, en)) from None
        if "\0" in text or (candidate == "cp932" and not encoding and not _plausible(text)):
            break
        return text, candidate
    # The reading that came furthest tells best where the file is spoilt.
    start = max((error.start for error in failures), default=0)
    names = "・".join(candidates)
    ja = f"文字コードが分かりません（{names} のどれでも読めません）。--encoding で指定できます"
    en = f"its characters are none of {', '.join(candidates)}: name the encoding with --encoding"
    row = content.count(b"\n", 0, start) + 1 if failures else None
    raise UnreadableFile(file, Reason("unknown_encoding", ja, en), row)


def _characters(content: bytes) -> int:
    """Return how many characters beyond ASCII a piece of UTF-8 has."""
    return sum(not character.isascii() for character in content.decode("utf-8-sig", "ignore"))


def _plausible(text: str) -> bool:
    """Say whether text decoded as CP932 can be Japanese.

    Other encodings (EUC-JP, Latin) "decode" too: into rows of half-width kana, or into the control
    and private characters that stand for bytes CP932 does not use.
    """
    kana = sum("\uff61" <= character <= "\uff9f" for character in text)
    unused = any("\x80" <= c <= "\xa0" or "\uf8f0" <= c <= "\uf8f3" for c in text)
    return not unused and kana * 5 <= len(text)


def _csv_lines(file: str, text: str) -> Iterator[tuple[int, list[str]]]:
    first = text.partition("\n")[0]
    delimiter = "\t" if "\t" in first and "," not in first else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        reason = Reason("broken_csv", f"CSVとして読めません（{error}）", f"broken CSV: {error}")
        raise UnreadableFile(file, reason, line) from None


def _text(cell: object) -> str:
    """Return a cell of a workbook as the text that a CSV would have held."""
    match cell:
        case None:
            return ""
        case bool():
            return "TRUE" if cell else "FALSE"
        case float() if cell.is_integer() and abs(cell) < 1e15:
            return str(int(cell))
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case datetime() | date() | time():
            return cell.isoformat()
        case _:
            return str(cell)


def _table(
    file: str,
    encoding: str,
    lines: Iterable[tuple[int, list[str]]],
    wanted: Sequence[Sequence[str]],
    header_row: int | None,
) -> Table:
    table: Table | None = None
    about: dict[str, str] = {}
    skipped: list[tuple[int, list[str]]] = []
    for number, raw in lines:
        cells = [cell.strip() for cell in raw]
        if table is not None:
            _add(table, number, cells, raw)
            continue
        if not any(cells):
            continue
        if _is_header(number, cells, wanted, header_row):
            table = Table(file, encoding, cells, number, about=about)
        elif cells[0].startswith("#"):
            about[cells[0].removeprefix("#")] = cells[1] if len(cells) > 1 else ""
        else:
            skipped.append((number, cells))
            if len(skipped) >= HEADER_WITHIN:
                break
    if table is None:
        raise _no_header(file, wanted, skipped)
    _check_columns(table, wanted)
    if not table.rows and not table.rejects:
        raise UnreadableFile(file, quality.NO_ROWS)
    return table


def _is_header(
    number: int, cells: list[str], wanted: Sequence[Sequence[str]], header_row: int | None
) -> bool:
    if header_row is not None:
        return number == header_row
    if cells[0] == _HEADER_MARK:
        return True
    if cells[0].startswith("#"):
        return False
    present = {normal(cell) for cell in cells}
    if wanted:
        return all(any(normal(name) in present for name in names) for names in wanted)
    return sum(bool(cell) for cell in cells) > 1


def normal(name: str) -> str:
    """Return a column name without line breaks and with NFKC forms, for comparing."""
    return "".join(quality.fold(name).split())


def _no_header(
    file: str, wanted: Sequence[Sequence[str]], skipped: list[tuple[int, list[str]]]
) -> UnreadableFile:
    if not skipped:
        return UnreadableFile(file, quality.NO_ROWS)
    # The fullest row near the top is the likeliest header: say what it lacks.
    number, cells = max(skipped, key=lambda entry: sum(bool(cell) for cell in entry[1]))
    present = {normal(cell) for cell in cells}
    for names in wanted:
        if not any(normal(name) in present for name in names):
            return _no_column(file, number, names, cells)
    reason = Reason("no_header", "見出しの行が見つかりません", "no header row was found")
    return UnreadableFile(file, reason)


def _no_column(file: str, row: int, names: Sequence[str], columns: Sequence[str]) -> UnreadableFile:
    wish = " / ".join(names)
    there = ", ".join(" ".join(column.split())[:30] for column in columns if column)
    there = there if len(there) <= 160 else there[:160] + "…"
    ja = f"列「{wish}」がありません（ある列：{there}）"
    en = f"the column {wish!r} is missing; the columns are: {there}"
    return UnreadableFile(file, Reason("no_column", ja, en), row, names[0])


def _check_columns(table: Table, wanted: Sequence[Sequence[str]]) -> None:
    present = [normal(column) for column in table.columns]
    for names in wanted:
        found = [name for name in names if normal(name) in present]
        if not found:
            raise _no_column(table.file, table.header_row, names, table.columns)
        if present.count(normal(found[0])) > 1:
            ja, en = "同じ名前の列が二つ以上あります", "the column stands there more than once"
            reason = Reason("double_column", ja, en)
            raise UnreadableFile(table.file, reason, table.header_row, found[0])


def _add(table: Table, number: int, cells: list[str], raw: list[str]) -> None:
    """Put one row below the header into the table: as a row, a reject or a blank."""
    if cells and cells[0].startswith("#") and cells[0] not in quality.SHEET_ERRORS:
        # `#object_type_xsd`, `#property_context`, or a header repeated in a joined file.
        table.about.setdefault(cells[0].removeprefix("#"), cells[1] if len(cells) > 1 else "")
        return
    numbered = table.columns[0] == _HEADER_MARK
    named = [c for c, name in zip(cells, table.columns, strict=False) if normal(name)]
    if not any(named[1:] if numbered else named):
        table.blank += 1
        return
    width = len(table.columns)
    if any(cells[width:]):
        table.rejects.append(Reject(number, "", quality.TOO_MANY_COLUMNS, raw))
        return
    if len(cells) < width:
        if table.encoding != "xlsx":
            missing = table.columns[len(cells)]
            table.rejects.append(Reject(number, missing, quality.TOO_FEW_COLUMNS, raw))
            return
        # A workbook does not store empty cells at the end of a row.
        cells = cells + [""] * (width - len(cells))
    row = {normal(n): cell for n, cell in zip(table.columns, cells, strict=False) if normal(n)}
    table.rows.append(Row(number, row, raw))
