"""Datasets as files: CSV, XLSX, JSON, GeoJSON, Parquet; made while they are sent, in little memory.

What a spreadsheet would carry out is text in CSV and XLSX (kernel/cells.py). The header has the
names of the fields, which stay; labels may be reworded.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final

import msgspec
import orjson

from tamamo.context.broker import Broker
from tamamo.kernel import cells
from tamamo.kernel.database import searching
from tamamo.publishing.datasets import parquet
from tamamo.publishing.datasets.errors import BadDatasetQuery
from tamamo.publishing.datasets.live import reading
from tamamo.publishing.datasets.live.declaration import Live
from tamamo.publishing.datasets.model import FORMATS, Dataset, Field, Format, RowsQuery, Version
from tamamo.publishing.datasets.rights import Sight
from tamamo.publishing.datasets.rows import Shape, page

MEDIA_TYPES: Final[dict[Format, str]] = {
    "csv": "text/csv; charset=utf-8",
    "csv-bom": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
    "geojson": "application/geo+json",
    "parquet": "application/vnd.apache.parquet",
}
#: What stands behind the id in a file's name.
EXTENSIONS: Final[dict[Format, str]] = {
    one: "-bom.csv" if one == "csv-bom" else f".{one}" for one in FORMATS
}
_CHUNK: Final = 64 * 1024
#: Rows in memory at once.
_STEP: Final = 2_000
#: Files that are made whole before they are sent: so many at once in a process, others wait.
_costly: Final = asyncio.Semaphore(2)
#: Rows of one sheet of a workbook (Excel's own limit, less the header).
MOST_IN_SHEET: Final = 1_048_575


def formats_of(fields: Sequence[Field], rows: int | None) -> tuple[Format, ...]:
    """Return the formats that rows with these fields can be had in."""
    located = {"latitude", "longitude"} <= {field.role for field in fields}
    return tuple(
        one
        for one in FORMATS
        if (one != "geojson" or located) and (one != "xlsx" or (rows or 0) <= MOST_IN_SHEET)
    )


def file_name(identifier: str, format_: Format) -> str:
    """Return the name of a dataset's file."""
    return f"{identifier}{EXTENSIONS[format_]}"


def etag(told: Dataset | Version, format_: Format) -> str:
    """Return what tells one state of a file from another (RFC 9110); live ones: by the second."""
    if isinstance(told, Version):
        return f'"v{told.id}-{format_}"'
    if told.kind == "live":
        at = told.modified_at
        return f'W/"{told.uuid}-{int(at.timestamp()) if at else 0}-{format_}"'
    return f'"v{told.version_id}-{format_}"'


@dataclass(frozen=True, slots=True)
class Table:
    """What is handed out. version: of a kept dataset; live, sight: of a live one."""

    town: str
    dataset: Dataset
    fields: tuple[Field, ...]
    version: Version | None
    live: Live | None
    sight: Sight


#: Rows as their cells, many at once.
Batches = AsyncIterator[list[list[Any]]]


async def batches(broker: Broker, table: Table) -> Batches:
    """Yield all rows of a table in order."""
    if table.version is None:
        assert table.live is not None
        part: list[list[Any]] = []
        async for row in reading.every(broker, table.sight, table.live):
            part.append(list(row.values()))
            if len(part) == _STEP:
                yield part
                part = []
        yield part
        return
    shape, after = Shape(table.fields), 0
    while True:
        query = RowsQuery(after=after, limit=_STEP, count=False)
        async with searching(broker.pool) as connection:
            found = await page(connection, table.town, table.version.id, shape, query=query, rows=0)
        yield [list(row.values.values()) for row in found.rows]
        if not found.more:
            return
        after = found.rows[-1].number


async def download(broker: Broker, table: Table, format_: Format) -> AsyncIterator[bytes]:
    """Yield a table as a file. Raises BadDatasetQuery for a format it cannot be had in."""
    rows = table.version.rows if table.version is not None else None
    if format_ not in formats_of(table.fields, rows):
        raise BadDatasetQuery(f"{table.dataset.id} is not there as {format_}", field="format")
    write = {
        "csv": _csv, "csv-bom": _csv_bom, "xlsx": _xlsx, "json": _json, "geojson": _geojson,
        "parquet": _parquet,
    }[format_]  # fmt: skip
    async for piece in write(table, batches(broker, table)):
        yield piece


async def _csv(table: Table, rows: Batches) -> AsyncIterator[bytes]:
    yield cells.lines([[field.name for field in table.fields]]).encode()
    async for part in rows:
        yield await asyncio.to_thread(_csv_part, part)


async def _csv_bom(table: Table, rows: Batches) -> AsyncIterator[bytes]:
    # The byte order mark tells a spreadsheet that it is UTF-8.
    yield "\ufeff".encode()
    async for piece in _csv(table, rows):
        yield piece


def _csv_part(part: list[list[Any]]) -> bytes:
    return cells.lines(map(cells.cell, row) for row in part).encode()


async def _xlsx(table: Table, rows: Batches) -> AsyncIterator[bytes]:
    with tempfile.TemporaryFile() as file:
        async with _costly:
            await _write_book(table, rows, file)
        async for piece in _pieces(file):
            yield piece


async def _write_book(table: Table, rows: Batches, file: IO[bytes]) -> None:
    import openpyxl  # noqa: PLC0415 - 10 MB that only these files need

    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet(table.dataset.id[:31])
    page.freeze_panes = "A2"
    page.append([field.name for field in table.fields])

    def add(part: list[list[Any]]) -> None:
        for row in part:
            page.append(list(map(cells.in_sheet, row)))

    try:
        async for part in rows:
            await asyncio.to_thread(add, part)
        await asyncio.to_thread(book.save, file)
    except BaseException:
        # The library keeps its own file of a sheet that was not saved until the process ends.
        page.close()
        page._writer.cleanup()
        raise


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    file.seek(0)
    while chunk := await asyncio.to_thread(file.read, _CHUNK):
        yield chunk


async def _json(table: Table, rows: Batches) -> AsyncIterator[bytes]:
    """An array of objects, a row a line."""
    names = [field.name for field in table.fields]
    yield b"["
    first = True
    async for part in rows:
        if part:
            lines = b",\n".join(orjson.dumps(dict(zip(names, row, strict=False))) for row in part)
            yield (b"\n" if first else b",\n") + lines
            first = False
    yield b"\n]\n"


async def _geojson(table: Table, rows: Batches) -> AsyncIterator[bytes]:
    """RFC 7946; a row without a place has the geometry null (section 3.2)."""
    shape, number = Shape(table.fields), 0
    names = [field.name for field in table.fields]
    yield b'{"type":"FeatureCollection","features":['
    async for part in rows:
        if not part:
            continue
        features = []
        for row in part:
            number += 1
            features.append(orjson.dumps(_feature(shape, names, number, row)))
        yield (b"\n" if number == len(part) else b",\n") + b",\n".join(features)
    yield b"\n]}\n"


def _feature(shape: Shape, names: list[str], number: int, row: list[Any]) -> dict[str, Any]:
    longitude, latitude = shape.position(row)
    geometry = None
    if longitude is not None and latitude is not None:
        geometry = {"type": "Point", "coordinates": [longitude, latitude]}
    properties = dict(zip(names, row, strict=False))
    return {"type": "Feature", "id": number, "geometry": geometry, "properties": properties}


async def _parquet(table: Table, rows: Batches) -> AsyncIterator[bytes]:
    """Written by a process of its own: the library takes 80 MB wherever it was loaded once."""
    columns = [{"name": field.name, "kind": field.kind} for field in table.fields]
    with tempfile.TemporaryFile() as lines, tempfile.TemporaryFile() as file:
        await asyncio.to_thread(lines.write, msgspec.json.encode(columns) + b"\n")
        async with _costly:
            async for part in rows:
                if part:
                    told = b"\n".join(map(orjson.dumps, part)) + b"\n"
                    await asyncio.to_thread(lines.write, told)
            lines.seek(0)
            await parquet.convert(lines, file)
        async for piece in _pieces(file):
            yield piece
