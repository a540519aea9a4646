"""Putting the results of queries into a snapshot (clause 5.16.1.4), copying one, emptying one.

Everything is done in small transactions: a long one would hold back whoever reads changes in
order. The current state is read in one view of the database, so that it fits together.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from psycopg import IsolationLevel
from psycopg.sql import SQL, Identifier

from tamamo.context.entities import store
from tamamo.context.model.entity import Attributes, Entity
from tamamo.context.model.represent import View, is_shown, select
from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool, transaction
from tamamo.kernel.time import now, to_text

_SQL = sql.load(__package__, "filling.sql")

#: Entities written in one transaction, and evolutions, which bring their history.
SLICE: Final = 500
EVOLUTIONS: Final = 50
_DELETE: Final = SQL("delete from {} where tenant = %(tenant)s")
_ENTITY_MEMBERS: Final = frozenset({"id", "type", "scope"})


@dataclass(frozen=True, slots=True)
class Target:
    """Where results go: the tenant of the snapshot's data."""

    pool: Pool
    tenant: str

    async def put(self, entities: Sequence[Entity]) -> None:
        """Add entities. What was transient stays as long as the snapshot does (4.22).

        What comes from a source that tells no times has those of now.
        """
        if not entities:
            return
        moment = to_text(now())
        row = {
            "tenant": self.tenant,
            "ids": [entity.id for entity in entities],
            "type": [entity.types[0] for entity in entities],
            "types": [store.array_literal(tuple(entity.types)) for entity in entities],
            "scopes": [store.array_literal(tuple(entity.scopes)) for entity in entities],
            "attrs": [orjson.dumps(_lasting(entity, moment)).decode() for entity in entities],
            "bounds": [store.bounds(entity) for entity in entities],
            "created": [entity.created_at or moment for entity in entities],
            "modified": [entity.modified_at or moment for entity in entities],
        }
        async with transaction(self.pool) as connection:
            await connection.execute(_SQL["put_entities"], row)


def _lasting(entity: Entity, moment: str) -> Attributes:
    times = {"createdAt": moment, "modifiedAt": moment}
    return {
        attr: [
            times | {name: value for name, value in item.items() if name != "expiresAt"}
            for item in instances
        ]
        for attr, instances in entity.attrs.items()
    }


def narrowed(entity: Entity, view: View) -> Entity | None:
    """Return what a query shows of an entity, None when that is nothing (clause 5.7.2.5)."""
    attrs = {
        attr: shown
        for attr, instances in entity.attrs.items()
        if is_shown(attr, view) and (shown := list(select(instances, view)))
    }
    if not attrs and view.pick is not None and view.pick.isdisjoint(_ENTITY_MEMBERS):
        return None
    scoped = "scope" not in view.omit and (view.pick is None or "scope" in view.pick)
    return replace(entity, attrs=attrs, scopes=entity.scopes if scoped else [])


@asynccontextmanager
async def one_view(pool: Pool) -> AsyncIterator[Connection]:
    """Yield a connection that reads one view of the database; it never writes."""
    async with pool.connection() as connection:
        await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        await connection.set_read_only(True)
        try:
            async with connection.transaction():
                yield connection
        finally:
            await connection.set_isolation_level(None)
            await connection.set_read_only(None)


@asynccontextmanager
async def locked(pool: Pool, data_tenant: str) -> AsyncIterator[bool]:
    """Yield whether this process may fill the snapshot; nobody else may until the block ends."""
    async with pool.connection() as connection:
        await connection.set_autocommit(True)
        key = {"data_tenant": data_tenant}
        try:
            row = await (await connection.execute(_SQL["try_lock"], key)).fetchone()
            mine = bool(row and row[0])
            try:
                yield mine
            finally:
                if mine:
                    await connection.execute(_SQL["unlock"], key)
        finally:
            await connection.set_autocommit(False)


async def copy(pool: Pool, source: str, into: str) -> None:
    """Copy everything of one snapshot into another (5.16.2.4)."""
    for statement, limit in (("copy_entities", SLICE), ("copy_evolutions", EVOLUTIONS)):
        after: str | None = ""
        while after is not None:
            row = {"source": source, "into": into, "after": after, "limit": limit}
            async with transaction(pool) as connection:
                found = await (await connection.execute(_SQL[statement], row)).fetchone()
            after = found[0] if found else None


async def empty(pool: Pool, tenant: str, keep: Collection[str] = ()) -> None:
    """Remove all that stands under a tenant, such as that of a snapshot's data.

    keep: tables that are left as they are.
    """
    row: dict[str, Any] = {"tenant": tenant, "limit": SLICE}
    while await _changes(pool, "remove_entities", row):
        pass
    row["limit"] = EVOLUTIONS
    while await _has_evolutions(pool, row):
        await _changes(pool, "remove_evolutions", row)
    async with transaction(pool) as connection:
        cursor = await connection.execute(_SQL["tenant_tables"])
        for (table,) in await cursor.fetchall():
            if table in keep:
                continue
            cursor = await connection.execute(_DELETE.format(Identifier(table)), row)
            if table == "subscription" and cursor.rowcount:
                await connection.execute(_SQL["subscriptions_changed"])


async def _changes(pool: Pool, statement: str, row: Mapping[str, Any]) -> int:
    async with transaction(pool) as connection:
        return (await connection.execute(_SQL[statement], row)).rowcount


async def _has_evolutions(pool: Pool, row: Mapping[str, Any]) -> bool:
    async with transaction(pool) as connection:
        found = await (await connection.execute(_SQL["has_evolutions"], row)).fetchone()
    return bool(found and found[0])


async def remove_remains(pool: Pool) -> int:
    """Remove what deleted snapshots held; return of how many."""
    async with transaction(pool) as connection:
        tenants = await (await connection.execute(_SQL["remains"])).fetchall()
    for (tenant,) in tenants:
        async with locked(pool, tenant) as mine:
            if mine:
                await empty(pool, tenant)
                await _changes(pool, "remains_removed", {"tenant": tenant})
    return len(tenants)
