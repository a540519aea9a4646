"""The lines of a file one by one, of text files and workbooks alike, in constant memory."""

import csv
import io
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, datetime, time, timedelta
from types import TracebackType
from typing import Final

from tamamo.feeds.quality import UnreadableFile
from tamamo.registers.intake import encoding, errors
from tamamo.registers.intake.errors import IntakeRefused
from tamamo.registers.intake.model import Inspection
from tamamo.registers.intake.source import Source, content_of, opened, size_of

#: What stands in a cell: text in a CSV, typed in a workbook.
Cell = str | int | float | bool | datetime | date | time | timedelta | None
#: A line: its number in the file (from 1), and its cells.
Line = tuple[int, list[Cell]]

#: Longest text of one cell, in characters: a quotation mark that is never closed ends here.
LONGEST_CELL: Final = 131_072
#: Columns of a table; what a spreadsheet writes as empty cells beyond them does not count.
MOST_COLUMNS: Final = 2_000
_HEAD: Final = 64 * 1024
_MIDNIGHT: Final = time()


class Lines:
    """The lines of an inspected file; a context manager. `fraction` of it is read so far."""

    def __init__(
        self,
        source: Source,
        about: Inspection,
        *,
        sheet: str | None = None,
        delimiter: str | None = None,
        kept: list[Line] | None = None,
    ) -> None:
        """Take what `inspect` said. kept: the lines of a workbook that was read before."""
        if about.refusal is not None:
            raise errors.refused(about.refusal, about.row)
        self.kind = about.kind
        self.name = about.name
        self.encoding = about.encoding
        self.delimiter = delimiter or about.delimiter
        self.sheet = ""
        if about.kind == "xlsx":
            self.sheet = _sheet(about, sheet)
        self._source = source
        self._kept = kept
        self._size = max(size_of(source), 1)
        self._raw: io.BufferedIOBase | None = None
        self._stack = ExitStack()

    def __enter__(self) -> "Lines":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._stack.close()

    @property
    def fraction(self) -> float:
        """How much of a text file is read, 0 to 1; of a workbook it is not known: 0."""
        if self._raw is None or self._raw.closed:
            return 0.0
        return min(self._raw.tell() / self._size, 1.0)

    def __iter__(self) -> Iterator[Line]:
        if self._kept is not None:
            return iter(self._kept)
        return self._workbook() if self.kind == "xlsx" else self._text()

    def _workbook(self) -> Iterator[Line]:
        from tamamo.feeds.readers import xlsx  # noqa: PLC0415 - 23 MB for workbooks alone

        try:
            content = content_of(self._source)
            for number, cells in xlsx.rows(self.name, content, self.sheet):
                yield _modest((number, cells))  # type: ignore[arg-type] # cells
        except UnreadableFile as error:
            raise errors.of_unreadable(error) from error

    def _text(self) -> Iterator[Line]:
        file = self._stack.enter_context(opened(self._source))
        self._raw = file  # type: ignore[assignment]
        text = self._stack.enter_context(io.TextIOWrapper(file, self.encoding, newline=""))
        _, skipped = encoding.delimiter(text.read(_HEAD))
        text.seek(0)
        reader = csv.reader(text, delimiter=self.delimiter, strict=True)
        line = 1
        try:
            for cells in reader:
                if line > skipped:
                    yield _modest((line, cells))  # type: ignore[arg-type] # a list of text
                line = reader.line_num + 1
        except csv.Error as error:
            raise _broken(line, error) from None
        except UnicodeDecodeError as error:
            raise _broken(line, error) from None


def _modest(line: Line) -> Line:
    """Return a line without empty cells beyond MOST_COLUMNS. Raises IntakeRefused."""
    number, cells = line
    if len(cells) <= MOST_COLUMNS:
        return line
    if all(map(is_blank, cells[MOST_COLUMNS:])):
        return number, cells[:MOST_COLUMNS]
    ja = f"{number}行目の列が多すぎます（{MOST_COLUMNS}列まで）。"
    en = f"Row {number} has too many columns: at most {MOST_COLUMNS} are taken."
    raise IntakeRefused("too_wide", ja, en, number)


def _broken(line: int, error: Exception) -> IntakeRefused:
    if "field larger" in str(error) or "end of data" in str(error):
        ja = f'{line}行目で始まる引用符（"）が閉じられていません。'
        en = f"A quotation mark that opens in row {line} is never closed."
    else:
        ja = f"{line}行目がCSVとして読めません（{error}）。"
        en = f"Row {line} is broken CSV ({error})."
    return IntakeRefused("broken_csv", ja, en, line)


def _sheet(about: Inspection, wanted: str | None) -> str:
    if wanted is None:
        shown = [sheet for sheet in about.sheets if not sheet.hidden] or about.sheets
        if not shown:
            raise errors.refused(errors.NO_ROWS)
        return shown[0].name
    if wanted not in (sheet.name for sheet in about.sheets):
        names = "、".join(sheet.name for sheet in about.sheets)
        raise IntakeRefused(
            "no_sheet",
            f"シート「{wanted}」がありません（あるシート：{names}）。",
            f"There is no sheet {wanted!r}; the sheets are: {names}.",
        )
    return wanted


def shown(cell: Cell) -> str:
    """Return a cell as the text that a CSV would have held."""
    match cell:
        case str():
            return cell
        case None:
            return ""
        case bool():
            return "TRUE" if cell else "FALSE"
        case float() if cell.is_integer() and abs(cell) < 1e15:
            return str(int(cell))
        case datetime() if cell.time() == _MIDNIGHT:
            return cell.date().isoformat()
        case datetime():
            return cell.isoformat(" ", "minutes" if not cell.second else "seconds")
        case time():
            return cell.isoformat("minutes" if not cell.second else "seconds")
        case timedelta():
            return of_day(cell)
        case _:
            return str(cell)


def of_day(span: timedelta) -> str:
    """Return a span as hours and minutes, which may be beyond 24:00 ([h]:mm of a workbook)."""
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}" + (f":{seconds:02}" if seconds else "")


def is_blank(cell: Cell) -> bool:
    """Say whether a cell holds nothing that can be seen."""
    return cell is None or (isinstance(cell, str) and not cell.strip("\u200b\ufeff \t\r\n\u3000"))
