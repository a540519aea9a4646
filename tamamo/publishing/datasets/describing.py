"""Datasets made and described."""

import re
from typing import Final

from tamamo.context.broker import Broker
from tamamo.kernel.database import Connection, transaction
from tamamo.kernel.identity import organisation
from tamamo.kernel.time import JST, now
from tamamo.publishing.datasets import entities, store
from tamamo.publishing.datasets import metadata as described
from tamamo.publishing.datasets.acting import locked, note
from tamamo.publishing.datasets.errors import DatasetRefused
from tamamo.publishing.datasets.metadata import Metadata
from tamamo.publishing.datasets.model import Dataset
from tamamo.publishing.datasets.rights import require_write
from tamamo.registers.model import Visitor

_ID: Final = re.compile(r"[a-z0-9_-]{2,100}")
#: Ids that would hide other addresses of /data/.
RESERVED: Final = frozenset({"live", "api", "search", "new", "changes", "rss", "feed"})

#: What the entities made of rows say of their dataset, or whether there are any.
_OF_ENTITIES: Final = ("entities", "standard", "source", "unit", "simulated")


async def create(broker: Broker, visitor: Visitor, identifier: str, metadata: Metadata) -> Dataset:
    """Make a dataset. Raises Forbidden, DatasetRefused."""
    require_write(visitor, None, metadata.unit)
    if not _ID.fullmatch(identifier) or identifier in RESERVED:
        ja = "識別子は半角の小文字、数字、_ と - で、2文字以上100文字以内です"
        en = "An id is 2 to 100 small letters, digits, _ or -"
        raise DatasetRefused("bad_id", ja, en)
    async with transaction(broker.pool) as connection:
        await _require_good(connection, visitor, metadata)
        made = await store.insert(
            connection, visitor.tenant, identifier, kind="file", state="draft", type=None,
            formats=[], fields=store.fields_told(()), by=visitor.actor.subject,
            **store.described_columns(identifier, metadata),
        )  # fmt: skip
        if not made:
            ja = f"識別子「{identifier}」は使われています"
            raise DatasetRefused("taken_id", ja, f"The id {identifier!r} is taken")
        await note(connection, visitor, "create", identifier, after=described.stored(metadata))
        return await store.get(connection, visitor.tenant, identifier)


async def describe(
    broker: Broker, visitor: Visitor, identifier: str, metadata: Metadata
) -> Dataset:
    """Change what is said of a dataset. Raises Forbidden, DatasetRefused."""
    async with transaction(broker.pool) as connection:
        before = await locked(connection, visitor, identifier)
        require_write(visitor, before)
        require_write(visitor, None, metadata.unit)
        if before.metadata == metadata:
            return before
        await _require_good(connection, visitor, metadata)
        await write(connection, before, metadata, visitor.actor.subject)
        await _tell_entities(connection, broker, visitor, before, metadata)
        old, new = described.stored(before.metadata), described.stored(metadata)
        changed = [name for name in new if new[name] != old[name]]
        await note(
            connection, visitor, "describe", before.id,
            before={name: old[name] for name in changed},
            after={name: new[name] for name in changed},
        )  # fmt: skip
        return await store.get(connection, visitor.tenant, before.id)


async def _tell_entities(
    connection: Connection, broker: Broker, visitor: Visitor, before: Dataset, metadata: Metadata
) -> None:
    """Bring the entities of public rows after what is said of them now."""
    old = before.metadata
    same = all(getattr(old, name) == getattr(metadata, name) for name in _OF_ENTITIES)
    if same or before.state != "published" or before.version is None:
        return
    tenant, by = visitor.tenant, visitor.actor.subject
    version = await store.version(connection, tenant, before.id, before.version)
    if not await entities.follow(connection, broker, tenant, before.id, version, by=by):
        await store.execute(connection, "entities_follow", tenant=tenant, version=version.id)


async def write(connection: Connection, before: Dataset, metadata: Metadata, by: str) -> None:
    """Write metadata over those of a dataset."""
    changed = (before.modified_at or now()).astimezone(JST).date()
    due = described.due_after(metadata, changed) if before.published_at else None
    await store.execute(
        connection, "describe", tenant=before.town, id=before.id, due=due, by=by, fields=None,
        formats=None, type=None,
        **store.described_columns(before.id, metadata, before.fields),
    )  # fmt: skip


async def _require_good(connection: Connection, visitor: Visitor, metadata: Metadata) -> None:
    faults = described.faults_of(metadata)
    if metadata.unit:
        known = {one.id for one in await organisation.units(connection, visitor.tenant)}
        if known and metadata.unit not in known:
            ja, en = f"組織「{metadata.unit}」はありません", f"No unit {metadata.unit!r}"
            faults.append(described.Fault("unit", ja, en))
    if faults:
        raise DatasetRefused(
            "bad_metadata",
            "。".join(fault.ja for fault in faults),
            "; ".join(fault.en for fault in faults),
            {"members": {fault.member: {"ja": fault.ja, "en": fault.en} for fault in faults}},
        )
