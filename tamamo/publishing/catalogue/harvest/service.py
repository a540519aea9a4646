"""The catalogues a town reads: added, read, searched, taken away. Each act an audit row."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit

import msgspec
from psycopg.types.json import Jsonb

from tamamo.context.broker import Broker
from tamamo.kernel import sql
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection, searching, single, transaction
from tamamo.kernel.outgoing import Outgoing
from tamamo.publishing.catalogue.entry import Entry
from tamamo.publishing.catalogue.harvest.comparing import Difference, compare
from tamamo.publishing.catalogue.harvest.fetching import Get, fetch, getting
from tamamo.publishing.catalogue.harvest.model import (
    Found,
    Kind,
    Read,
    Source,
    SourceRefused,
    UnknownSource,
)
from tamamo.publishing.datasets import Words
from tamamo.publishing.datasets.folding import patterns

_SQL: Final = sql.load("tamamo.publishing.catalogue.harvest", "queries.sql")
_ID: Final = re.compile(r"[a-z0-9_-]{2,40}")
#: Entries written by one statement.
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Harvested:
    """What a reading brought."""

    total: int
    difference: Difference
    faults: tuple[str, ...]


class Harvests:
    """The catalogues of others, of all towns."""

    def __init__(self, broker: Broker, get: Get | None = None) -> None:
        """get: how addresses are fetched; the guarded client without it."""
        self._broker = broker
        self._get = get

    async def add(self, actor: str, town: str, identifier: str, kind: Kind, url: str) -> None:
        """Note a catalogue to be read. actor: a subject. Raises SourceRefused."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
            raise SourceRefused("url: an address beginning with http:// or https://", field="url")
        if not _ID.fullmatch(identifier):
            raise SourceRefused("id: 2 to 40 of a-z, 0-9, - and _", field="id")
        async with transaction(self._broker.pool) as connection:
            values = {"tenant": town, "id": identifier, "kind": kind, "url": url, "actor": actor}
            if await _one(connection, "add_source", values) is None:
                raise SourceRefused(f"id: {identifier} is there already", field="id")
            await _note(connection, town, actor, "add", identifier, after={"url": url})

    async def remove(self, actor: str, town: str, identifier: str) -> None:
        """Forget a catalogue and what it held. Raises UnknownSource."""
        async with transaction(self._broker.pool) as connection:
            gone = await _one(connection, "remove_source", {"tenant": town, "id": identifier})
            if gone is None:
                raise UnknownSource(f"{town} reads no catalogue {identifier!r}")
            await _note(connection, town, actor, "remove", identifier, before={"url": gone[0]})

    async def sources(self, town: str) -> list[Source]:
        """Return the catalogues a town reads."""
        async with single(self._broker.pool) as connection:
            cursor = await connection.execute(_SQL["sources"], {"tenant": town})
            rows = await cursor.fetchall()
        return [
            Source(row[0], cast(Kind, row[1]), row[2], msgspec.convert(row[3], Words), *row[4:])
            for row in rows
        ]

    async def read(self, actor: str, town: str, identifier: str) -> Harvested:
        """Read a catalogue and keep what it holds; all of it, or nothing is changed.

        Raises UnknownSource, SourceRefused; why is kept with the source.
        """
        source = await self._source(town, identifier)
        key = {"tenant": town, "id": identifier}
        try:
            read = await self._fetch(source)
        except SourceRefused as refused:
            async with transaction(self._broker.pool) as connection:
                await connection.execute(_SQL["tried"], {**key, "error": refused.detail[:500]})
            raise
        async with transaction(self._broker.pool) as connection:
            if await _one(connection, "lock", key) is None:
                raise UnknownSource(f"{town} reads no catalogue {identifier!r}")
            cursor = await connection.execute(_SQL["held"], key)
            before = [msgspec.convert(row[0], Entry) for row in await cursor.fetchall()]
            difference = compare(before, read.entries)
            await _keep(connection, key, read, difference)
            await _note(
                connection, town, actor, "read", identifier, after=_counts(read, difference)
            )
        return Harvested(len(read.entries), difference, read.faults)

    async def _fetch(self, source: Source) -> Read:
        if self._get is not None:
            return await fetch(self._get, source.kind, source.url, pause=0)
        async with Outgoing(self._broker.settings) as outgoing:
            return await fetch(getting(outgoing), source.kind, source.url)

    async def _source(self, town: str, identifier: str) -> Source:
        for one in await self.sources(town):
            if one.id == identifier:
                return one
        raise UnknownSource(f"{town} reads no catalogue {identifier!r}")

    async def search(self, town: str, q: str = "", *, start: int = 0, rows: int = 20) -> Found:
        """Return entries of all catalogues that hold each word, by title."""
        values = {
            "tenant": town,
            "patterns": patterns(q),
            "limit": rows,
            "offset": start,
        }
        async with searching(self._broker.pool) as connection:
            cursor = await connection.execute(_SQL["search"], values)
            found = await cursor.fetchall()
        entries = tuple((row[0], msgspec.convert(row[1], Entry)) for row in found)
        return Found(found[0][2] if found else 0, entries)

    async def due(self) -> list[tuple[str, str]]:
        """Return town and id of the catalogues nobody has asked for a day."""
        async with single(self._broker.pool) as connection:
            cursor = await connection.execute(_SQL["due"])
            return [(row[0], row[1]) for row in await cursor.fetchall()]


async def _keep(
    connection: Connection, key: dict[str, str], read: Read, difference: Difference
) -> None:
    changed = {*difference.added, *(name for name, _ in difference.changed)}
    put = [one for one in read.entries if one.id in changed]
    for start in range(0, len(put), _BATCH):
        await connection.execute(_SQL["put"], {**key, **_columns(put[start : start + _BATCH])})
    await connection.execute(_SQL["drop"], {**key, "ids": list(difference.removed)})
    await connection.execute(_SQL["read"], {**key, "title": Jsonb(msgspec.to_builtins(read.title))})


def _columns(entries: Sequence[Entry]) -> dict[str, Any]:
    return {
        "ids": [one.id for one in entries],
        "entries": [Jsonb(msgspec.to_builtins(one)) for one in entries],
        "titles": [one.title.in_("ja") for one in entries],
        "words": [
            "\n".join((one.title.ja, one.title.en, one.description.ja, one.description.en,
                       *one.tags, one.publisher.title.in_("ja")))
            for one in entries
        ],
    }  # fmt: skip


def _counts(read: Read, difference: Difference) -> dict[str, int]:
    return {
        "entries": len(read.entries),
        "added": len(difference.added),
        "removed": len(difference.removed),
        "changed": len(difference.changed),
        "unreadable": len(read.faults),
    }


async def _one(connection: Connection, name: str, values: dict[str, Any]) -> tuple[Any, ...] | None:
    cursor = await connection.execute(_SQL[name], values)
    return await cursor.fetchone()


async def _note(
    connection: Connection,
    town: str,
    actor: str,
    act: str,
    identifier: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    event = Event(town, actor, f"harvest.{act}", f"catalogue:{identifier}", before, after)
    await append(connection, event)
