"""A list as a file: CSV, XLSX or GeoJSON, made while it is sent, safe to open in a spreadsheet."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import IO, Any, Final, Literal

import orjson

from tamamo.context.model.entity import Entity
from tamamo.kernel.cells import as_text, lines
from tamamo.kernel.time import JST, now
from tamamo.registers import lists, values
from tamamo.registers.declaration import Column, Register
from tamamo.registers.desk import Desk
from tamamo.registers.model import Cell, Visitor
from tamamo.registers.query import ListQuery

Format = Literal["csv", "xlsx", "geojson"]
MEDIA_TYPES: Final[dict[Format, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "geojson": "application/geo+json",
}
_CHUNK: Final = 64 * 1024
_POINT: Final = {"ja": ("緯度", "経度"), "en": ("Latitude", "Longitude")}
_YES_NO: Final = {"ja": ("いいえ", "はい"), "en": ("no", "yes")}
#: The last column: what an import recognises each record by, whatever its key.
ID: Final = "ID (URI)"


def name_of(register: Register, format_: Format, moment: datetime | None = None) -> str:
    """Return the file's name: the register's and the time (Japan)."""
    return f"{register.id}-{(moment or now()).astimezone(JST):%Y%m%dT%H%M}.{format_}"


async def export(
    desk: Desk, query: ListQuery, format_: Format, language: str = "ja"
) -> AsyncIterator[bytes]:
    """Yield a list as a file, all its records and all columns that may be seen, in its order."""
    columns = desk.rights.columns
    batches = lists.every(desk.broker, desk.visitor, desk.register, query)
    sheet = _Sheet(desk.visitor, desk.register, columns, "en" if language == "en" else "ja")
    write = {"csv": _csv, "xlsx": _xlsx, "geojson": _geojson}[format_]
    async for chunk in write(sheet, batches):
        yield chunk


class _Sheet:
    """How records become rows of cells."""

    def __init__(
        self, visitor: Visitor, register: Register, columns: frozenset[str], language: str
    ) -> None:
        self.visitor = visitor
        self.register = register
        self.columns = [column for column in register.columns if column.name in columns]
        self.language = language

    def header(self) -> list[str]:
        """Return the names of the columns; a point takes two."""
        names: list[str] = []
        for column in self.columns:
            if column.kind == "point":
                names += _POINT[self.language]
            else:
                names.append(column.label.in_(self.language))
        return [*names, ID]

    def cells(self, entity: Entity) -> dict[str, Cell]:
        """Return what of a record may be seen."""
        seen = lists.shown(self.visitor, self.register, entity)
        wanted = frozenset(column.name for column in self.columns) & seen
        return values.cells_of(self.register, entity, wanted)

    def rows(self, entities: Sequence[Entity]) -> list[list[Any]]:
        """Return a row of cells for each record."""
        return [self._row(entity) for entity in entities]

    def _row(self, entity: Entity) -> list[Any]:
        cells = self.cells(entity)
        row: list[Any] = []
        for column in self.columns:
            value = cells[column.name].value if column.name in cells else None
            if column.kind == "point":
                row += [None, None] if value is None else [value["latitude"], value["longitude"]]
            else:
                row.append(self._cell(column, value))
        return [*row, entity.id]

    def _cell(self, column: Column, value: Any) -> Any:
        if isinstance(value, bool):
            return _YES_NO[self.language][value]
        if isinstance(value, list):
            return as_text("、".join(self._label(column, one) for one in value))
        if column.kind == "choice" and value is not None:
            return as_text(self._label(column, value))
        return as_text(value) if isinstance(value, str) else value

    def _label(self, column: Column, value: Any) -> str:
        choice = column.choice(value)
        return str(value) if choice is None else choice.in_(self.language)


Batches = AsyncIterator[list[Entity]]


async def _csv(sheet: _Sheet, batches: Batches) -> AsyncIterator[bytes]:
    # The byte order mark tells a spreadsheet that it is UTF-8.
    yield ("\ufeff" + lines([sheet.header()])).encode()
    async for entities in batches:
        yield await asyncio.to_thread(_csv_rows, sheet, entities)


def _csv_rows(sheet: _Sheet, entities: list[Entity]) -> bytes:
    return lines(sheet.rows(entities)).encode()


async def _xlsx(sheet: _Sheet, batches: Batches) -> AsyncIterator[bytes]:
    # 10 MB that only these exports need.
    import openpyxl  # noqa: PLC0415
    from openpyxl.workbook.child import INVALID_TITLE_REGEX  # noqa: PLC0415

    book = openpyxl.Workbook(write_only=True)
    # A workbook takes no more than 31 letters, and none of these, as the name of a sheet.
    title = INVALID_TITLE_REGEX.sub(" ", sheet.register.title.in_(sheet.language))
    page = book.create_sheet(title[:31])
    page.freeze_panes = "A2"
    page.append(sheet.header())

    def add(entities: list[Entity]) -> None:
        for row in sheet.rows(entities):
            page.append(row)

    async for entities in batches:
        await asyncio.to_thread(add, entities)
    with tempfile.TemporaryFile() as file:
        await asyncio.to_thread(book.save, file)
        file.seek(0)
        while chunk := await asyncio.to_thread(_read, file):
            yield chunk


def _read(file: IO[bytes]) -> bytes:
    return file.read(_CHUNK)


async def _geojson(sheet: _Sheet, batches: Batches) -> AsyncIterator[bytes]:
    """RFC 7946, with the columns' names as they stand in URLs."""
    yield b'{"type":"FeatureCollection","features":['
    first = True
    async for entities in batches:
        features = await asyncio.to_thread(_features, sheet, entities)
        if features:
            yield (b"\n" if first else b",\n") + features
            first = False
    yield b"\n]}\n"


def _features(sheet: _Sheet, entities: list[Entity]) -> bytes:
    return b",\n".join(orjson.dumps(_feature(sheet, entity)) for entity in entities)


def _feature(sheet: _Sheet, entity: Entity) -> dict[str, Any]:
    cells = {name: cell.value for name, cell in sheet.cells(entity).items()}
    place = cells.pop(sheet.register.map.name, None) if sheet.register.map else None
    geometry = None
    if place is not None:
        geometry = {"type": "Point", "coordinates": [place["longitude"], place["latitude"]]}
    return {"type": "Feature", "id": entity.id, "geometry": geometry, "properties": cells}
