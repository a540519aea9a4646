"""Keeping entity maps (clause 5.14) and giving back what they hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote
from uuid import uuid4

import orjson
from psycopg.types.json import Json

from tamamo.context.errors import ResourceNotFound, TooManyResults
from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool, single, transaction
from tamamo.kernel.time import now, to_text

_SQL = sql.load(__package__)

PREFIX: Final = "urn:ngsi-ld:EntityMap:"
#: Says of an entity that it is held here (table 5.2.39-2).
LOCAL: Final = "@none"
#: How long a map is kept when nobody says, and at most.
LIFETIME: Final = timedelta(hours=1)
MAX_LIFETIME: Final = timedelta(days=1)
#: Entries of one map, and of all maps of a tenant.
MAX_ENTRIES: Final = 100_000
MAX_ALL_ENTRIES: Final = 2_000_000
#: Maps removed in one step of the housekeeping.
_SLICE: Final = 20
_SEPARATOR: Final = "\x1f"

#: Entity id → where it is held: ids of registrations, LOCAL.
Sources = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class EntityMap:
    """A map in use. linked: registration id → the map that source made, as the source names it."""

    id: str
    expires_at: datetime
    linked: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entity of a map. place: where it stood when the map was made, from 0."""

    place: int
    entity_id: str
    sources: tuple[str, ...]


class EntityMapService:
    """The entity maps of every tenant, or of them those that somebody made."""

    def __init__(self, pool: Pool, owner: str | None = None) -> None:
        """owner: the subject whose maps alone are known of; None: those of all."""
        self._pool = pool
        self._owner = owner

    def owned_by(self, owner: str) -> "EntityMapService":
        """Return the maps of one subject: a map tells which entities its maker could see."""
        return EntityMapService(self._pool, owner)

    async def create(
        self,
        tenant: str,
        sources: Sources,
        lifetime: timedelta | None = None,
        linked: Mapping[str, str] | None = None,
    ) -> EntityMap:
        """Keep a new map of these entities, in their order.

        lifetime: as suggested; it is bounded. Raises TooManyResults beyond MAX_ENTRIES.
        """
        if len(sources) > MAX_ENTRIES:
            raise TooManyResults(
                f"An entity map holds at most {MAX_ENTRIES} entities: narrow the query"
            )
        made = EntityMap(f"{PREFIX}{uuid4()}", _expiry(lifetime or LIFETIME), dict(linked or {}))
        row = {
            "tenant": tenant,
            "id": made.id,
            "owner": self._owner,
            "linked": Json(made.linked, orjson.dumps),
            "expires_at": made.expires_at,
            "entities": list(sources),
            "sources": [_SEPARATOR.join(held) for held in sources.values()],
        }
        room = {"tenant": tenant, "room": MAX_ALL_ENTRIES, "kept": made.id}
        async with transaction(self._pool) as connection:
            await connection.execute(_SQL["insert_map"], row)
            for (crowded,) in await _all(connection, "crowded_out", room):
                key = {"tenant": tenant, "id": crowded, "owner": None}
                await connection.execute(_SQL["delete_map"], key)
        return made

    async def find(self, tenant: str, map_id: str) -> EntityMap | None:
        """Return a map that can be used, None when there is none (5.5.14)."""
        async with single(self._pool) as connection:
            rows = await _all(connection, "find_map", self._key(tenant, map_id))
        return EntityMap(rows[0][0], rows[0][2], rows[0][1]) if rows else None

    async def show(self, tenant: str, map_id: str) -> dict[str, Any]:
        """Return a map as clause 5.2.39 has it (5.14.1). Raises ResourceNotFound."""
        found = await self.find(tenant, map_id)
        if found is None:
            raise _unknown(map_id)
        async with single(self._pool) as connection:
            entries = await _all(connection, "list_entries", {"tenant": tenant, "id": map_id})
        return {
            "id": found.id,
            "type": "EntityMap",
            "expiresAt": to_text(found.expires_at),
            "entityMap": dict(entries),
            "linkedMaps": {source: id_of(location) for source, location in found.linked.items()},
        }

    async def set_expiry(self, tenant: str, map_id: str, moment: datetime | None) -> None:
        """Change when a map ends, within bounds (5.14.2). Raises ResourceNotFound.

        moment: None leaves it as it is.
        """
        if moment is None:
            if await self.find(tenant, map_id) is None:
                raise _unknown(map_id)
            return
        row = self._key(tenant, map_id) | {"expires_at": min(moment, now() + MAX_LIFETIME)}
        async with transaction(self._pool) as connection:
            if not await _all(connection, "set_expiry", row):
                raise _unknown(map_id)

    async def delete(self, tenant: str, map_id: str) -> None:
        """Remove a map (5.14.3). Raises ResourceNotFound."""
        async with transaction(self._pool) as connection:
            rows = await _all(connection, "delete_map", self._key(tenant, map_id))
        if not rows or not rows[0][0]:
            raise _unknown(map_id)

    async def entries(self, tenant: str, map_id: str, place: int, limit: int) -> list[Entry]:
        """Return up to `limit` entries from a place on."""
        row = {"tenant": tenant, "id": map_id, "place": place, "limit": limit}
        async with single(self._pool) as connection:
            rows = await _all(connection, "entries_from", row)
        return [Entry(at, entity_id, tuple(held)) for at, entity_id, held in rows]

    async def sources_of(self, tenant: str, map_id: str, entity_id: str) -> tuple[str, ...] | None:
        """Return where a map says an entity is held, None when it does not name it."""
        row = {"tenant": tenant, "id": map_id, "entity_id": entity_id}
        async with single(self._pool) as connection:
            rows = await _all(connection, "sources_of", row)
        return tuple(rows[0][0]) if rows else None

    async def page_before(
        self, tenant: str, map_id: str, place: int, limit: int
    ) -> tuple[int, int] | None:
        """Return place and number of the entries just before a place, None when there are none."""
        row = {"tenant": tenant, "id": map_id, "place": place, "limit": limit}
        async with single(self._pool) as connection:
            first, number = (await _all(connection, "places_before", row))[0]
        return (first, number) if number else None

    async def remove(self, tenant: str, map_id: str, places: Sequence[int]) -> None:
        """Take entries out of a map; the places of the others stay."""
        row = {"tenant": tenant, "id": map_id, "places": list(places)}
        async with transaction(self._pool) as connection:
            await connection.execute(_SQL["remove_entries"], row)

    async def link(self, tenant: str, map_id: str, linked: Mapping[str, str]) -> None:
        """Note the maps that sources made (5.7.2.4), by registration id."""
        row = {"tenant": tenant, "id": map_id, "linked": orjson.dumps(linked).decode()}
        async with transaction(self._pool) as connection:
            await connection.execute(_SQL["link_maps"], row)

    def _key(self, tenant: str, map_id: str) -> dict[str, Any]:
        return {"tenant": tenant, "id": map_id, "owner": self._owner}


async def sweep(pool: Pool) -> int:
    """Remove maps whose time is over; return how many."""
    async with transaction(pool) as connection:
        keys = await _all(connection, "expired_maps", {"limit": _SLICE})
        for tenant, map_id in keys:
            key = {"tenant": tenant, "id": map_id, "owner": None}
            await connection.execute(_SQL["delete_map"], key)
    return len(keys)


async def _all(
    connection: Connection, statement: str, row: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    return await (await connection.execute(_SQL[statement], row)).fetchall()


def id_of(location: str) -> str:
    """Return the id in the location of an entity map: an address, a path or the id itself."""
    return unquote(location.rstrip("/").rpartition("/")[2])


def _expiry(lifetime: timedelta) -> datetime:
    return now() + min(lifetime, MAX_LIFETIME)


def _unknown(map_id: str) -> ResourceNotFound:
    return ResourceNotFound(f"There is no entity map {map_id}")
