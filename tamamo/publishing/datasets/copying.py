"""Rows into the database: COPY, a part in each transaction, whatever their number in little memory.

Parts are seen by nobody until the version is published, and a version whose copying was cut off is
copied anew; so nothing is lost by not holding one transaction open, which would hold up the changes
of everybody else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import orjson

from tamamo.kernel.database import Connection, Pool, transaction
from tamamo.publishing.datasets.folding import fold
from tamamo.publishing.datasets.model import Field
from tamamo.publishing.datasets.places import quad
from tamamo.publishing.datasets.rows import Shape

#: Rows of one transaction.
STEP: Final = 10_000
#: Rows from which the planner is told at once what the table has become.
_MANY: Final = 50_000
_COPY: Final = "copy dataset_row (tenant, version, number, key, quad, cells, texts) from stdin"
#: How COPY's text format writes what has a meaning there.
_ESCAPED: Final = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": ""})
_BETWEEN_KEYS: Final = "|"

Values = Mapping[str, Any]
#: Told in each part's transaction how many rows there are with it; what it raises undoes the part.
Tell = Callable[[Connection, int], Awaitable[None]]


@dataclass(slots=True)
class Copied:
    """What was copied: rows, and the box around their places."""

    rows: int = 0
    west: float = field(default=float("inf"))
    south: float = field(default=float("inf"))
    east: float = field(default=float("-inf"))
    north: float = field(default=float("-inf"))

    @property
    def bbox(self) -> list[float] | None:
        """West, south, east, north; None where nothing has a place."""
        if self.west > self.east:
            return None
        return [self.west, self.south, self.east, self.north]

    def add(self, longitude: float, latitude: float) -> None:
        """Widen the box."""
        self.west, self.east = min(self.west, longitude), max(self.east, longitude)
        self.south, self.north = min(self.south, latitude), max(self.north, latitude)


class Liner:
    """Turns rows into lines of COPY."""

    def __init__(self, tenant: str, version: int, fields: Sequence[Field]) -> None:
        self._head = f"{tenant.translate(_ESCAPED)}\t{version}\t"
        self._shape = Shape(fields)
        self._keys = [n for n, one in enumerate(fields) if one.role == "key"]
        self.copied = Copied()

    def block(self, rows: Sequence[Values]) -> bytes:
        """Return the lines of some rows."""
        return b"".join(map(self._line, rows))

    def _line(self, row: Values) -> bytes:
        cells = list(row.values())
        copied = self.copied
        copied.rows += 1
        longitude, latitude = self._shape.position(cells)
        place = None
        if longitude is not None and latitude is not None:
            place = quad(longitude, latitude)
            copied.add(longitude, latitude)
        key = self._key(cells)
        texts = fold("\n".join([cell for cell in cells if isinstance(cell, str)]))
        told = orjson.dumps(cells)
        if b"\\u0000" in told:  # the one character that PostgreSQL has no place for
            told = orjson.dumps([_without_null(cell) for cell in cells])
        told = told.replace(b"\\", b"\\\\")
        head = self._start(copied.rows, key, place)
        return b"%b%b\t%b\n" % (head, told, texts.translate(_ESCAPED).encode())

    def _start(self, number: int, key: str | None, place: int | None) -> bytes:
        told = "\\N" if key is None else key.translate(_ESCAPED)
        where = "\\N" if place is None else str(place)
        return f"{self._head}{number}\t{told}\t{where}\t".encode()

    def _key(self, cells: Sequence[Any]) -> str | None:
        if not self._keys:
            return None
        parts = [cells[n] for n in self._keys]
        if all(part is None for part in parts):
            return None
        return _BETWEEN_KEYS.join("" if part is None else str(part) for part in parts)


def _without_null(cell: Any) -> Any:
    return cell.replace("\0", "") if isinstance(cell, str) else cell


async def copy(
    pool: Pool,
    tenant: str,
    version: int,
    fields: Sequence[Field],
    *,
    rows: Iterator[Values],
    tell: Tell,
) -> Copied:
    """Copy rows into a version, in place of those it has. rows is read in a thread."""
    liner = Liner(tenant, version, fields)
    await forget(pool, tenant, version, tell)
    coming = asyncio.create_task(asyncio.to_thread(_next, liner, rows))
    try:
        while block := (await coming)[0]:
            done = coming.result()[1]
            # The next part is read while this one is written.
            coming = asyncio.create_task(asyncio.to_thread(_next, liner, rows))
            async with transaction(pool) as connection:
                async with connection.cursor() as cursor, cursor.copy(_COPY) as stream:
                    await stream.write(block)
                await tell(connection, done)
    finally:
        # Whoever closes the file must not do so under a thread that reads it.
        await asyncio.gather(coming, return_exceptions=True)
    if liner.copied.rows >= _MANY:
        async with transaction(pool) as connection:
            await connection.execute("analyze dataset_row (tenant, version, number, quad)")
    return liner.copied


def _next(liner: Liner, rows: Iterator[Values]) -> tuple[bytes, int]:
    """Return the lines of the next part, and how many rows there are with them."""
    block = liner.block(list(islice(rows, STEP)))
    return block, liner.copied.rows


async def forget(pool: Pool, tenant: str, version: int, tell: Tell | None = None) -> None:
    """Take away all rows of a version, a part in each transaction."""
    while True:
        async with transaction(pool) as connection:
            cursor = await connection.execute(
                "delete from dataset_row where tenant = %(tenant)s and version = %(version)s"
                " and number in (select number from dataset_row where tenant = %(tenant)s"
                " and version = %(version)s order by number limit %(step)s)",
                {"tenant": tenant, "version": version, "step": STEP},
            )
            if tell is not None:
                await tell(connection, 0)
            if cursor.rowcount < STEP:
                return
