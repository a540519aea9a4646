"""Registering context sources and finding them again (clauses 5.9, 5.10)."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from psycopg.types.json import Json

from tamamo.context import acting
from tamamo.context.errors import AlreadyExists, Conflict, ResourceNotFound
from tamamo.context.query import idpattern, plan
from tamamo.context.query.logic import And, One
from tamamo.context.query.paging import Page
from tamamo.context.registrations.document import (
    Document,
    attributes_of,
    is_temporal,
    mode_of,
    types_of,
)
from tamamo.context.registrations.matching import Wanted, exclude_each_other, matches
from tamamo.context.sourcesubscriptions import telling
from tamamo.context.sourcesubscriptions.telling import Told
from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool, single, transaction
from tamamo.kernel.drills import gate
from tamamo.kernel.errors import Unavailable
from tamamo.kernel.time import from_text, now

_SQL = sql.load(__package__)


@dataclass(frozen=True, slots=True)
class Registration:
    """A registration as it is kept, and what came of the requests to its source."""

    id: str
    document: Document
    created_at: datetime
    modified_at: datetime
    times_sent: int = 0
    times_failed: int = 0
    last_success: datetime | None = None
    last_failure: datetime | None = None


class RegistrationService:
    """The context source registrations of every tenant."""

    def __init__(self, pool: Pool, changed: Callable[[], Awaitable[None]] | None = None) -> None:
        """Use `pool`. changed: awaited after each change; other processes look for themselves."""
        self._pool = pool
        self._changed = changed

    async def create(self, tenant: str, registration_id: str, document: Document) -> None:
        """Keep a new registration (5.9.2).

        Raises AlreadyExists, NotInADrill, and Conflict when an entity or another registration
        excludes it.
        """
        async with transaction(self._pool) as connection:
            await gate.require_town(connection, tenant)
            await connection.execute(_SQL["lock_registrations"], {"tenant": tenant})
            row = _row(tenant, registration_id, document)
            await _remove_expired(connection, tenant)
            cursor = await connection.execute(_SQL["insert_registration"], row)
            if await cursor.fetchone() is None:
                raise AlreadyExists(f"There is a registration {registration_id} already")
            await _check_conflicts(connection, tenant, registration_id, document)
            await connection.execute(_SQL["next_generation"], {"tenant": tenant})
            made = Told(registration_id, document, row["now"], row["now"])
            await telling.of_change(connection, tenant, None, made)
            await acting.did(connection, "registration.create", registration_id, None, document)
        await self._tell()

    async def update(
        self, tenant: str, registration_id: str, change: Callable[[Document], Document]
    ) -> None:
        """Replace a registration's stored form by what `change` makes of it (5.9.3).

        Raises ResourceNotFound, Conflict and what `change` raises.
        """
        async with transaction(self._pool) as connection:
            await connection.execute(_SQL["lock_registrations"], {"tenant": tenant})
            found = await _find(connection, tenant, registration_id)
            document = change(found.document)
            row = _row(tenant, registration_id, document)
            await connection.execute(_SQL["update_registration"], row)
            await _check_conflicts(connection, tenant, registration_id, document)
            await connection.execute(_SQL["next_generation"], {"tenant": tenant})
            changed = Told(registration_id, document, found.created_at, row["now"])
            await telling.of_change(connection, tenant, _told(found), changed)
            sides = (found.document, document)
            await acting.did(connection, "registration.change", registration_id, *sides)
        await self._tell()

    async def delete(self, tenant: str, registration_id: str) -> None:
        """Remove a registration (5.9.4). Raises ResourceNotFound."""
        async with transaction(self._pool) as connection:
            await connection.execute(_SQL["lock_registrations"], {"tenant": tenant})
            cursor = await connection.execute(
                _SQL["delete_registration"], {"tenant": tenant, "id": registration_id}
            )
            row = await cursor.fetchone()
            if row is None:
                raise _unknown(registration_id)
            await connection.execute(_SQL["next_generation"], {"tenant": tenant})
            await telling.of_change(connection, tenant, Told(*row), None)
            await acting.did(connection, "registration.delete", registration_id, row[1])
        await self._tell()

    async def retrieve(self, tenant: str, registration_id: str) -> Registration:
        """Return one registration (5.10.1). Raises ResourceNotFound."""
        async with single(self._pool) as connection:
            return await _find(connection, tenant, registration_id)

    async def query(self, tenant: str, wanted: Wanted) -> list[Registration]:
        """Return the registrations a query is about, in order of their ids (5.10.2)."""
        async with single(self._pool) as connection:
            found = await _list(connection, tenant, wanted.temporal.timerel is not None)
        return [one for one in found if matches(one.document, wanted)]

    async def _tell(self) -> None:
        """Have this process look. What is done is done, also while it cannot be read again."""
        if self._changed is not None:
            with suppress(Unavailable):
                await self._changed()


async def sweep(pool: Pool) -> int:
    """Remove registrations whose time is over; return how many."""
    async with single(pool) as connection:
        rows = await (await connection.execute(_SQL["tenants_with_expired"])).fetchall()
    removed = 0
    for (tenant,) in rows:
        async with transaction(pool) as connection:
            await connection.execute(_SQL["lock_registrations"], {"tenant": tenant})
            removed += await _remove_expired(connection, tenant)
    return removed


async def _remove_expired(connection: Connection, tenant: str) -> int:
    cursor = await connection.execute(_SQL["remove_expired"], {"tenant": tenant})
    gone = [Told(*row) for row in await cursor.fetchall()]
    for one in gone:
        await telling.of_change(connection, tenant, one, None)
    return len(gone)


def _row(tenant: str, registration_id: str, document: Document) -> dict[str, Any]:
    expires = document.get("expiresAt")
    return {
        "tenant": tenant,
        "id": registration_id,
        "document": Json(document, orjson.dumps),
        "temporal": is_temporal(document),
        "now": now(),
        "expires_at": None if expires is None else from_text(expires),
    }


async def _find(connection: Connection, tenant: str, registration_id: str) -> Registration:
    cursor = await connection.execute(
        _SQL["find_registration"], {"tenant": tenant, "id": registration_id}
    )
    row = await cursor.fetchone()
    if row is None:
        raise _unknown(registration_id)
    return Registration(*row)


async def _list(connection: Connection, tenant: str, temporal: bool | None) -> list[Registration]:
    cursor = await connection.execute(
        _SQL["list_registrations"], {"tenant": tenant, "temporal": temporal}
    )
    return [Registration(*row) for row in await cursor.fetchall()]


async def _check_conflicts(
    connection: Connection, tenant: str, registration_id: str, document: Document
) -> None:
    """Raise Conflict when what a proxied registration claims is here or registered already."""
    mode = mode_of(document)
    if mode not in {"exclusive", "redirect"}:
        return
    for other in await _list(connection, tenant, None):
        if other.id != registration_id and exclude_each_other(document, other.document):
            raise Conflict(f"The registration {other.id} is for the same attributes of an entity")
    entity_id = await (_find_claimed if mode == "exclusive" else _find_redirected)(
        connection, tenant, document
    )
    if entity_id is not None:
        raise Conflict(f"The entity {entity_id} is kept here already")


async def _find_claimed(connection: Connection, tenant: str, document: Document) -> str | None:
    """Return an entity that has attributes which the registration gives away."""
    for info in document["information"]:
        cursor = await connection.execute(
            _SQL["find_registered_attributes"],
            {
                "tenant": tenant,
                "ids": [entity["id"] for entity in info["entities"]],
                "attrs": sorted(attributes_of(info)),
            },
        )
        row = await cursor.fetchone()
        if row is not None:
            return str(row[0])
    return None


async def _find_redirected(connection: Connection, tenant: str, document: Document) -> str | None:
    """Return an entity that matches the registration."""
    for info in document["information"]:
        selectors = tuple(_selector(entity) for entity in info.get("entities", ()))
        query = plan.Query(
            selectors=selectors or (plan.Selector(),),
            attrs=tuple(sorted(attributes_of(info))),
            page=Page(1),
        )
        result = await plan.run(connection, tenant, query)
        if result.rows:
            return result.rows[0].id
    return None


def _selector(entity: dict[str, Any]) -> plan.Selector:
    types = [One(iri) for iri in types_of(entity)]
    kind = types[0] if len(types) == 1 else And(tuple(types))
    if "id" in entity:
        return plan.Selector((entity["id"],), None, kind)
    pattern = entity.get("idPattern")
    return plan.Selector((), None if pattern is None else idpattern.parse(pattern), kind)


def _told(found: Registration) -> Told:
    return Told(found.id, found.document, found.created_at, found.modified_at)


def _unknown(registration_id: str) -> ResourceNotFound:
    return ResourceNotFound(f"There is no context source registration {registration_id}")
