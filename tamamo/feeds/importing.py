"""Importing a table: the whole file is read and mapped first, then written."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tamamo.context.observations import Recorded
from tamamo.feeds import mapping as mappings
from tamamo.feeds.mapping import Mapping, Result
from tamamo.feeds.readers import table
from tamamo.feeds.readers.river import Terms
from tamamo.feeds.records import LARGEST, FeedRecords
from tamamo.feeds.status import Declaration, FeedStatuses
from tamamo.kernel import time

if TYPE_CHECKING:
    from tamamo.context.broker import Broker

#: Entities written in one transaction when rows stand for themselves.
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Original:
    """A file as it was read."""

    name: str
    body: bytes
    encoding: str | None


def original(path: Path, encoding: str | None = None) -> Original | None:
    """Return the file for keeping, None when it is too large to be kept."""
    if path.stat().st_size > LARGEST:
        return None
    return Original(path.name, path.read_bytes(), encoding)


def read(path: Path, mapping: Mapping, terms: Terms, encoding: str | None = None) -> Result:
    """Return what a file becomes. Raises UnreadableFile; writes nothing."""
    source = table.read(
        path,
        wanted=mapping.wanted(),
        sheet=mapping.sheet,
        header_row=mapping.header_row,
        encoding=encoding or mapping.encoding,
    )
    return mappings.apply(mapping, source, terms)


async def write(
    broker: "Broker",
    tenant: str,
    mapping: Mapping,
    result: Result,
    *,
    original: Original | None = None,
    at_once: bool = False,
    report: Callable[[int], None] = lambda _: None,
) -> Recorded:
    """Write the entities and return what was stored; what is equal already is not written again.

    original: the file, kept so that the same mapping can read it again. at_once: one transaction
    for the file; otherwise one for each BATCH. report: called with the number of entities written
    so far.
    """
    declaration = declare(mapping, tenant)
    statuses = FeedStatuses(broker.pool)
    await statuses.declare(declaration)
    await _keep(broker, declaration, mapping, result, original)
    size = max(len(result.entities), 1) if at_once else BATCH
    recorded = Recorded()
    for start in range(0, len(result.entities), size):
        batch = result.entities[start : start + size]
        recorded += await broker.observations.record(tenant, batch)
        report(start + len(batch))
    await statuses.succeeded(declaration, time.now(), recorded, rejected=len(result.rejects))
    return recorded


async def _keep(
    broker: "Broker",
    feed: Declaration,
    mapping: Mapping,
    result: Result,
    original: Original | None,
) -> None:
    """Keep the file and what of it could not be used."""
    records = FeedRecords(broker.pool)
    if original is not None:
        reader = {"mapping": msgspec.to_builtins(mapping), "encoding": original.encoding}
        now = time.now()
        await records.keep(feed, now, original.body, name=original.name, reader=reader)
    rejects = f"{original.name.removesuffix('.csv')}.csv" if original else ""
    await records.keep_rejects(feed, time.now(), result.rejects, rejects)


def declare(mapping: Mapping, tenant: str) -> Declaration:
    """Return the import as a feed, for the list of sources."""
    return Declaration(
        id=f"import-{mapping.id}",
        name_ja=mapping.name.ja,
        name_en=mapping.name.en,
        source=mapping.source or mapping.provider,
        licence=mapping.licence,
        tenant=tenant,
    )
