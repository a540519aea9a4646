"""Reading the file of an import, and each of its rows as values of the register."""

import io
from dataclasses import dataclass
from typing import Any

from tamamo.feeds import quality
from tamamo.feeds.quality import UnreadableFile
from tamamo.feeds.readers import table
from tamamo.feeds.readers.table import Row, Table, normal
from tamamo.kernel.cells import as_typed
from tamamo.kernel.uploads import TABLE, inspect
from tamamo.registers import values
from tamamo.registers.declaration import Register
from tamamo.registers.imports.matching import ENTITY_ID, key_names
from tamamo.registers.imports.model import Blank, ImportRefused, Matching, Rejected


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is read where that must be told."""

    sheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None


@dataclass(slots=True)
class Source:
    """A file read. sheets: of a workbook."""

    name: str
    table: Table
    sheets: list[str]


def read(register: Register, filename: str, content: bytes, options: Options) -> Source:
    """Return the table in a file. Raises UploadRefused, UnreadableFile, ImportRefused."""
    upload = inspect(io.BytesIO(content), filename, TABLE)
    sheets: list[str] = []
    if upload.format == "xlsx":
        from tamamo.feeds.readers import xlsx  # noqa: PLC0415 - 23 MB for workbooks alone

        sheets = xlsx.sheets(upload.name, content)
        sheet = options.sheet or next(iter(sheets), None)
        if sheet is not None and (cells := xlsx.empty_formulas(content, sheet)):
            _refuse_formulas(cells)
    return Source(upload.name, _table(register, upload.name, content, options), sheets)


def _refuse_formulas(cells: list[str]) -> None:
    named = "、".join(cells[:3])
    ja = f"計算結果のない数式があります（{named} など）。Excelで開いて保存し直してください"
    en = f"Formulas without saved values ({', '.join(cells[:3])}): open and save it in Excel first"
    raise ImportRefused("formulas", ja, en)


def _table(register: Register, name: str, content: bytes, options: Options) -> Table:
    how: dict[str, Any] = {
        "sheet": options.sheet, "header_row": options.header_row, "encoding": options.encoding,
    }  # fmt: skip
    if options.header_row is None:
        # Titles and notes may stand above the header: the row that names the key is the one.
        try:
            return table.read_content(name, content, wanted=[key_names(register)], **how)
        except UnreadableFile as error:
            if error.reason.code not in ("no_column", "no_header", "double_column"):
                raise
    return table.read_content(name, content, **how)


@dataclass(slots=True)
class Wanted:
    """What a row says: the record it means, and the values it gives."""

    row: Row
    entity_id: str
    key: str
    values: dict[str, Any]


class RowReader:
    """Reads rows of a file by a matching; a row twice is refused the second time."""

    def __init__(self, register: Register, matching: Matching, blank: Blank) -> None:
        self._register = register
        self._columns = {
            target: normal(name) for name, target in matching.items() if target is not None
        }
        self._names = {normal(name): name for name in matching}
        self._blank = blank
        self._seen: dict[str, int] = {}

    def read(self, row: Row) -> Wanted | Rejected:
        """Return what a row says, or why it cannot be used."""
        cells = {t: as_typed(row.cells.get(c, "")) for t, c in self._columns.items()}
        entity_id = cells.pop(ENTITY_ID, "").strip()
        key = quality.fold(cells.pop(self._register.key.name, "")).strip()
        if not key and not entity_id:
            return self.reject(
                row, self._register.key.name, quality.REQUIRED.ja, quality.REQUIRED.en
            )
        if not entity_id:
            entity_id = self._register.entity_id(key)
        if entity_id in self._seen:
            ja = f"{self._seen[entity_id]}行目と同じ記録です"
            en = f"row {self._seen[entity_id]} is the same record"
            return self.reject(row, self._register.key.name, ja, en)
        self._seen[entity_id] = row.number
        found, errors = values.parse(self._register, cells)
        if errors:
            return self.reject(row, errors[0].field, errors[0].ja, errors[0].en)
        if self._blank == "keep":
            found = {name: value for name, value in found.items() if value is not None}
        return Wanted(row, entity_id, key or self._register.key_of(entity_id), found)

    def reject(self, row: Row, field: str, ja: str, en: str) -> Rejected:
        """Return the refusal of a row for a field of the register."""
        column = self._columns.get(field) or self._columns.get(f"{field}.latitude") or ""
        return Rejected(row.number, self._names.get(column, column), ja, en, row.original)


def unreadable(table_read: Table) -> list[Rejected]:
    """Return the rows that could not even be read as rows."""
    return [
        Rejected(one.row, one.field, one.reason.ja, one.reason.en, one.original)
        for one in table_read.rejects
    ]
