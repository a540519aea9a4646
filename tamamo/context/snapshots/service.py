"""Snapshots of every tenant: making, changing, deleting, and finding them for requests (5.16)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import orjson
from psycopg.types.json import Json

from tamamo.context import acting
from tamamo.context.errors import AlreadyExists, BadRequestData, ResourceNotFound
from tamamo.context.jsonld import TermMap
from tamamo.context.jsonld.pack import pack
from tamamo.context.model.entity import Entity
from tamamo.context.query import paths, q
from tamamo.context.query.logic import leaves
from tamamo.context.snapshots import document as documents
from tamamo.context.snapshots import notices
from tamamo.context.snapshots.document import MEMBERS, Document, Snapshot
from tamamo.context.tenants import snapshot_tenant
from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool, single, transaction
from tamamo.kernel.errors import Unavailable
from tamamo.kernel.time import now, to_text

_SQL = sql.load(__package__)

#: Snapshots of one tenant; further ones take the place of the least important (5.5.15).
MAX_SNAPSHOTS: Final = 100
_VOCABULARY: Final = "snapshot:"


class SnapshotService:
    """The snapshots of every tenant."""

    def __init__(self, pool: Pool) -> None:
        """Use `pool`."""
        self._pool = pool

    async def create(
        self,
        tenant: str,
        snapshot_id: str,
        document: Document,
        terms: TermMap,
        source: Snapshot | None = None,
    ) -> None:
        """Keep a new snapshot; it is filled in the background (5.16.1, 5.16.2).

        source: what it is a clone of. Raises AlreadyExists.
        """
        row = {
            "tenant": tenant,
            "id": snapshot_id,
            "data_tenant": snapshot_tenant(tenant, snapshot_id, uuid4().hex),
            "document": Json(document, orjson.dumps),
            "terms": pack(terms) if source is None else source.terms,
            "source": None if source is None else source.data_tenant,
            "details": Json({} if source is None else source.details, orjson.dumps),
            "priority": documents.priority_of(document),
            "expires_at": documents.expiry_of(document),
        }
        room = {"tenant": tenant, "kept": snapshot_id, "room": MAX_SNAPSHOTS}
        async with transaction(self._pool) as connection:
            await connection.execute(_SQL["make_room_for_id"], row)
            cursor = await connection.execute(_SQL["insert_snapshot"], row)
            if await cursor.fetchone() is None:
                raise AlreadyExists(f"There is a snapshot {snapshot_id} already")
            crowded = await (await connection.execute(_SQL["crowded_out"], room)).fetchall()
            await delete(connection, tenant, [one[0] for one in crowded])
            await acting.did(connection, "snapshot.create", snapshot_id, None, document)
            for (gone,) in crowded:
                await acting.did(connection, "snapshot.delete", gone)

    async def get(self, tenant: str, snapshot_id: str) -> Snapshot:
        """Return a snapshot (5.16.3). Raises ResourceNotFound."""
        async with single(self._pool) as connection:
            return await _find(connection, "find_snapshot", tenant, snapshot_id)

    async def update(
        self, tenant: str, snapshot_id: str, body: Mapping[str, Any], terms: TermMap
    ) -> Snapshot:
        """Change a snapshot and return it (5.16.4). Raises ResourceNotFound, BadRequestData."""
        async with transaction(self._pool) as connection:
            known = await _find(connection, "lock_snapshot", tenant, snapshot_id)
            document = documents.update(body, terms, known)
            changed = "snapshotLifetime" in body
            row = {
                "tenant": tenant,
                "id": snapshot_id,
                "document": Json(document, orjson.dumps),
                "priority": documents.priority_of(document),
                "expires_at": documents.expiry_of(document) if changed else known.expires_at,
            }
            await connection.execute(_SQL["update_snapshot"], row)
            after = await _find(connection, "find_snapshot", tenant, snapshot_id)
            sides = (known.document, document)
            await acting.did(connection, "snapshot.change", snapshot_id, *sides)
            await notices.write(
                connection,
                tenant,
                snapshot_id,
                document,
                status=after.status,
                details=after.details,
                priority=after.priority,
                expires_at=after.expires_at,
            )
        return after

    async def delete(self, tenant: str, snapshot_id: str) -> None:
        """Delete a snapshot (5.16.5). Raises ResourceNotFound."""
        async with transaction(self._pool) as connection:
            found = await _find(connection, "lock_snapshot", tenant, snapshot_id)
            await delete(connection, tenant, [snapshot_id])
            await acting.did(connection, "snapshot.delete", snapshot_id, found.document)

    async def purge(self, tenant: str, text: str) -> int:
        """Delete what fits a query about members of snapshots (5.16.7); return how many.

        Raises BadRequestData.
        """
        condition = _read_query(text)
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(_SQL["list_snapshots"], {"tenant": tenant})
            found = [Snapshot(*row) for row in await cursor.fetchall()]
            doomed = [one for one in found if q.matches(condition, _as_entity(one))]
            await delete(connection, tenant, [one.id for one in doomed])
            for gone in doomed:
                await acting.did(connection, "snapshot.delete", gone.id, gone.document)
        return len(doomed)

    async def use(self, tenant: str, snapshot_id: str) -> str:
        """Return the tenant under which a snapshot's data stand (5.5.15).

        Raises ResourceNotFound, and Unavailable while it is being filled.
        """
        found = await self.get(tenant, snapshot_id)
        if found.status == "preparing":
            raise Unavailable(f"The snapshot {snapshot_id} is being prepared. Try again shortly.")
        if (now() - found.last_used_at).total_seconds() > 5:
            async with transaction(self._pool) as connection:
                row = {"tenant": tenant, "id": snapshot_id}
                await connection.execute(_SQL["use_snapshot"], row)
        return found.data_tenant


async def delete(connection: Connection, tenant: str, ids: Sequence[str]) -> None:
    """Delete snapshots and say so to whoever wants to know; their data are removed later."""
    if not ids:
        return
    cursor = await connection.execute(
        _SQL["delete_snapshots"], {"tenant": tenant, "ids": list(ids)}
    )
    moment: datetime = now()
    for snapshot_id, document, _, details, priority in await cursor.fetchall():
        # That it ended says that it is gone (5.3.4); no status says that.
        await notices.write(
            connection,
            tenant,
            snapshot_id,
            document,
            status="failure",
            details=details,
            priority=priority,
            expires_at=moment,
        )


async def finish(
    connection: Connection,
    tenant: str,
    data_tenant: str,
    status: str,
    details: Document | None,
) -> bool:
    """Note what came of filling a snapshot and say so; False when it was deleted meanwhile.

    details: results of its queries, None to leave them as they are.
    """
    given = None if details is None else Json(details, orjson.dumps)
    row = {"tenant": tenant, "data_tenant": data_tenant, "status": status, "details": given}
    found = await (await connection.execute(_SQL["finish_snapshot"], row)).fetchone()
    if found is None:
        return False
    snapshot_id, document, _, kept, priority, expires_at = found
    await notices.write(
        connection,
        tenant,
        snapshot_id,
        document,
        status=status,
        details=kept,
        priority=priority,
        expires_at=expires_at,
    )
    return True


async def _find(connection: Connection, statement: str, tenant: str, snapshot_id: str) -> Snapshot:
    cursor = await connection.execute(_SQL[statement], {"tenant": tenant, "id": snapshot_id})
    row = await cursor.fetchone()
    if row is None:
        raise ResourceNotFound(f"There is no snapshot {snapshot_id}")
    return Snapshot(*row)


class _Members:
    """Names in a query are members of snapshots, whatever the @context."""

    #: id and type too, which in a query for entities have parameters of their own.
    takes_members = True

    def expand_term(self, name: str) -> str:
        """Return a member's name as an IRI."""
        return _VOCABULARY + name

    expand_type = expand_vocab_value = expand_term


def _read_query(text: str) -> q.Node:
    condition = q.parse(text, _Members())
    for term in leaves(condition):
        path = term.path
        if isinstance(path, paths.EntityTime):
            continue
        names = path.names if isinstance(path, paths.AttrPath) else ()
        if len(names) != 1 or names[0].removeprefix(_VOCABULARY) not in MEMBERS:
            raise BadRequestData("q: only members of snapshots can be asked about", field="q")
    return condition


def _as_entity(one: Snapshot) -> Entity:
    shown = documents.show(one)
    attrs = {
        _VOCABULARY + name: [{"type": "Property", "value": value}] for name, value in shown.items()
    }
    times = (to_text(one.created_at), to_text(one.modified_at), to_text(one.expires_at))
    return Entity(one.id, ["Snapshot"], attrs, [], *times)
