"""Importing a table: the whole file is read and mapped first, then written."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tamamo.context.observations import Recorded
from tamamo.feeds import mapping as mappings
from tamamo.feeds.mapping import Mapping, Result
from tamamo.feeds.readers import table
from tamamo.feeds.readers.river import Terms
from tamamo.feeds.status import Declaration, FeedStatuses
from tamamo.kernel import time

if TYPE_CHECKING:
    from tamamo.context.broker import Broker

#: Entities written in one transaction when rows stand for themselves.
BATCH = 1000


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
    at_once: bool = False,
    report: Callable[[int], None] = lambda _: None,
) -> Recorded:
    """Write the entities and return what was stored; what is equal already is not written again.

    at_once: one transaction for the file; otherwise one for each BATCH. report: called with the
    number of entities written so far.
    """
    declaration = declare(mapping, tenant)
    statuses = FeedStatuses(broker.pool)
    await statuses.declare(declaration)
    size = max(len(result.entities), 1) if at_once else BATCH
    recorded = Recorded()
    for start in range(0, len(result.entities), size):
        batch = result.entities[start : start + size]
        recorded += await broker.observations.record(tenant, batch)
        report(start + len(batch))
    await statuses.succeeded(declaration, time.now(), recorded, rejected=len(result.rejects))
    return recorded


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
