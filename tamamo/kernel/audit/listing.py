"""The log for people: pages of events by filter, newest first, and exports of all that match."""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from psycopg.rows import TupleRow

from tamamo.kernel import sql
from tamamo.kernel.cells import as_text
from tamamo.kernel.database import Pool, searching
from tamamo.kernel.time import from_text, to_text

_SQL = sql.load("tamamo.kernel.audit")
_SLICE: Final = 1000
COLUMNS: Final = (
    "tenant",
    "seq",
    "at",
    "actor",
    "action",
    "object",
    "before",
    "after",
    "previous",
    "hash",
)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events. Every part that is None takes all.

    tenants: those the reader may see. action: one action or what it begins with (`register` takes
    `register.edit`). since is part of the time, until is not.
    """

    tenants: tuple[str, ...] | None = None
    actor: str | None = None
    action: str | None = None
    object: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def parameters(self) -> dict[str, Any]:
        """Return the named parameters of the statements."""
        values = asdict(self)
        values["tenants"] = None if self.tenants is None else list(self.tenants)
        return values


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as it was written. before, after: the exact JSON text that was hashed."""

    tenant: str
    seq: int
    at: datetime
    actor: str
    action: str
    object: str
    before: str | None
    after: str | None
    previous: bytes
    hash: bytes

    @property
    def was(self) -> Any:
        """What was there before, as a JSON value."""
        return None if self.before is None else orjson.loads(self.before)

    @property
    def became(self) -> Any:
        """What is there after, as a JSON value."""
        return None if self.after is None else orjson.loads(self.after)


@dataclass(frozen=True, slots=True)
class Page:
    """Some events, newest first; older: the key of the page after this one, None on the last."""

    entries: list[Entry]
    older: str | None


async def page(pool: Pool, chosen: Filter, after: str | None = None, limit: int = 100) -> Page:
    """Return the newest events that match, or those older than the key `after`.

    A page by key costs the same wherever it is, and new events do not shift it. Raises ValueError
    for a key that is none.
    """
    async with searching(pool) as connection:
        cursor = await connection.execute(
            _SQL["newest"],
            {**chosen.parameters(), **_place(after), "limit": limit + 1},
            prepare=False,
        )
        rows = await cursor.fetchall()
    entries = [entry(row) for row in rows[:limit]]
    return Page(entries, _key(entries[-1]) if len(rows) > limit else None)


async def actions(pool: Pool, chosen: Filter) -> list[str]:
    """Return the actions that occur, for a filter's choices; action in `chosen` is ignored."""
    async with searching(pool) as connection:
        cursor = await connection.execute(_SQL["actions"], chosen.parameters(), prepare=False)
        return [row[0] for row in await cursor.fetchall()]


async def export_jsonl(pool: Pool, chosen: Filter) -> AsyncIterator[bytes]:
    """Yield all that match, oldest first, one JSON object a line.

    before and after stand there byte for byte as hashed: `tamamo audit verify --export` proves a
    whole tenant's export without the database.
    """
    async for entries in _slices(pool, chosen):
        yield b"".join(orjson.dumps(_document(one)) + b"\n" for one in entries)


async def export_csv(pool: Pool, chosen: Filter) -> AsyncIterator[bytes]:
    """Yield all that match, oldest first, as CSV for a spreadsheet (UTF-8 with a mark)."""
    yield b"\xef\xbb\xbf" + _csv([list(COLUMNS)])
    async for entries in _slices(pool, chosen):
        yield _csv([[as_text(text) for text in _texts(one)] for one in entries])


async def _slices(pool: Pool, chosen: Filter) -> AsyncIterator[list[Entry]]:
    after: str | None = None
    while True:
        async with searching(pool) as connection:
            cursor = await connection.execute(
                _SQL["oldest"],
                {**chosen.parameters(), **_place(after), "limit": _SLICE},
                prepare=False,
            )
            entries = [entry(row) for row in await cursor.fetchall()]
        if entries:
            yield entries
        if len(entries) < _SLICE:
            return
        after = _key(entries[-1])


def entry(row: TupleRow) -> Entry:
    """Return the event of a row with COLUMNS, before and after as text."""
    return Entry(*row)


def _key(one: Entry) -> str:
    return f"{to_text(one.at)}~{one.seq}~{one.tenant}"


def _place(key: str | None) -> dict[str, Any]:
    if key is None:
        return {"at": None, "seq": None, "tenant": None}
    try:
        at, seq, tenant = key.split("~", 2)
        return {"at": from_text(at), "seq": int(seq), "tenant": tenant}
    except ValueError as error:
        raise ValueError(f"{key!r} is not the key of a page") from error


def _document(one: Entry) -> dict[str, Any]:
    return {
        **asdict(one),
        "at": to_text(one.at),
        "before": None if one.before is None else orjson.Fragment(one.before),
        "after": None if one.after is None else orjson.Fragment(one.after),
        "previous": one.previous.hex(),
        "hash": one.hash.hex(),
    }


def _texts(one: Entry) -> list[str]:
    texts = {**asdict(one), "at": to_text(one.at)}
    texts |= {"previous": one.previous.hex(), "hash": one.hash.hex()}
    return ["" if texts[name] is None else str(texts[name]) for name in COLUMNS]


def _csv(rows: list[list[str]]) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()
