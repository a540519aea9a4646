"""Reading a raw record again: the job `feed.replay`, after a reader or a mapping was mended.

What is stored already is counted as a repeat, so that a record can be read again at any time.
"""

import importlib
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from tamamo.context.broker import Broker
from tamamo.context.model.entity import Entity
from tamamo.context.observations import Recorded
from tamamo.feeds import importing
from tamamo.feeds.mapping import Mapping
from tamamo.feeds.records import FeedRecords, Record, record
from tamamo.feeds.rejects import Reject
from tamamo.feeds.status import Declaration
from tamamo.kernel import time
from tamamo.kernel.database import transaction
from tamamo.kernel.errors import SetupError
from tamamo.kernel.jobs import Run

#: `module:function` of a feed names one of these: what turns its raw records into entities.
Reading = Callable[[Broker], Awaitable[Callable[[bytes], Iterable[Entity | Reject]]]]


async def handle(run: Run) -> dict[str, int]:
    """Do the job. args: `feed`, `numbers` (of kept records). Returns what became of the readings.

    Raises SetupError for a record that nothing here can read.
    """
    feed = Declaration(
        id=run.args["feed"], name_ja="", name_en="", source="", licence="", tenant=run.tenant
    )
    numbers = sorted(run.args["numbers"])
    total, refused = Recorded(), 0
    for done, number in enumerate(numbers):
        await run.progress(done, len(numbers))
        async with transaction(run.pool) as connection:
            kept = await record(connection, run.tenant, feed.id, number)
        if kept is None:
            raise SetupError(f"Record {number} of {feed.id} is no longer kept")
        entities, rejects = await _read(run.broker, feed, kept)
        total += await run.broker.observations.record(run.tenant, entities)
        refused += len(rejects)
        await FeedRecords(run.pool).keep_rejects(feed, time.now(), rejects)
    await run.progress(len(numbers), len(numbers))
    return {
        "stored": total.stored,
        "repeated": total.repeated,
        "late": total.late,
        "changed": total.metadata,
        "rejected": refused,
    }


async def _read(
    broker: Broker, feed: Declaration, kept: Record
) -> tuple[list[Entity], list[Reject]]:
    reader = kept.reader or {}
    if "mapping" in reader:
        return await _import(broker, feed.tenant, kept, reader)
    if "reader" not in reader:
        raise SetupError(f"Nothing here can read a record of {feed.id} again")
    module, _, name = str(reader["reader"]).partition(":")
    reading: Reading = getattr(importlib.import_module(module), name)
    items = list((await reading(broker))(kept.body))
    entities = [item for item in items if isinstance(item, Entity)]
    return entities, [item for item in items if isinstance(item, Reject)]


async def _import(
    broker: Broker, tenant: str, kept: Record, reader: dict[str, Any]
) -> tuple[list[Entity], list[Reject]]:
    mapping = msgspec.convert(reader["mapping"], Mapping)
    terms = await broker.contexts.resolve(tenant, mapping.context)
    with TemporaryDirectory(prefix="tamamo-") as folder:
        # Its name counts: it tells CSV from XLSX, and may be part of entities' ids.
        path = Path(folder) / (Path(kept.name).name or "record")
        path.write_bytes(kept.body)
        result = importing.read(path, mapping, terms, reader.get("encoding"))
    return result.entities, result.rejects
