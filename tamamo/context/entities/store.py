"""Entities as rows and as documents: the one place that knows both shapes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from tamamo.context.model.entity import LOCATION, Entity
from tamamo.kernel import sql
from tamamo.kernel.database import Connection
from tamamo.kernel.time import from_text, now

SQL = sql.load("tamamo.context.entities")

#: Tenant and entity id.
Key = tuple[str, str]
#: Columns of the statements that read entities, after the tenant.
StateRow = tuple[str, list[str], list[str], dict[str, Any], datetime, datetime, datetime | None]


def from_row(row: StateRow) -> Entity:
    """Return the entity of a row (id, types, scopes, attrs, created, modified, expires)."""
    identifier, types, scopes, attrs, created, modified, expires = row
    expiry = None if expires is None else _text(expires)
    return Entity(identifier, types, attrs, scopes, _text(created), _text(modified), expiry)


@lru_cache(maxsize=4096)  # entities that were written together share their times
def _text(moment: datetime) -> str:
    # Connections run in UTC; this is several times faster than a general conversion.
    return moment.isoformat()[:-6] + "Z"


def living(entity: Entity) -> Entity:
    """Return the entity without the attribute instances whose time is over (clause 4.22).

    The housekeeping removes them within a second or two; no reader sees them meanwhile.
    """
    for items in entity.attrs.values():
        for item in items:
            if "expiresAt" in item:
                return _without_expired(entity)
    return entity


def _without_expired(entity: Entity) -> Entity:
    moment = now()
    attrs = {
        attr: [
            item
            for item in items
            if "expiresAt" not in item or from_text(item["expiresAt"]) > moment
        ]
        for attr, items in entity.attrs.items()
    }
    return replace(entity, attrs={attr: items for attr, items in attrs.items() if items})


async def fetch(connection: Connection, keys: Sequence[Key]) -> dict[Key, Entity]:
    """Return those of the entities that exist and have not expired, as readers see them."""
    found = await _read(connection, "get_entities", keys)
    return {key: living(entity) for key, entity in found.items()}


async def lock(connection: Connection, keys: Iterable[Key]) -> dict[Key, Entity]:
    """Return those of the entities that exist, expired ones too, locked in the order of keys."""
    return await _read(connection, "lock_entities", sorted(keys))


@dataclass(frozen=True, slots=True)
class Seen:
    """Entities as they were read for a change, not locked, expired ones too.

    rows: of the statement `read_entities`, by key. closed_until: the day before which measurements
    are rolled up.
    """

    rows: dict[Key, tuple[Any, ...]]
    closed_until: str

    def get(self, key: Key) -> Entity | None:
        """Return an entity that is there, made anew each time."""
        row = self.rows[key]
        if row[1] is None:
            return None
        identifier, types, scopes, attrs, *times = row[4:]
        return from_row((identifier, texts(types), texts(scopes), orjson.loads(attrs), *times))

    def version(self, key: Key) -> str | None:
        """Return the version of an entity's row, None where there is none."""
        version: str | None = self.rows[key][1]
        return version

    def is_first(self, key: Key) -> bool:
        """Whether an entity is not there and has no evolution from earlier days."""
        row = self.rows[key]
        return row[1] is None and not row[2]


async def see(connection: Connection, keys: Iterable[Key]) -> Seen:
    """Return those of the entities that exist, with what tells whether they stay as they are."""
    cursor = await connection.execute(SQL["read_entities"], _columns(list(keys)), binary=True)
    rows = await cursor.fetchall()
    return Seen({(row[3], row[4]): row for row in rows}, rows[0][0])


def _columns(keys: Sequence[Key]) -> dict[str, list[str]]:
    return {"tenants": [key[0] for key in keys], "ids": [key[1] for key in keys]}


async def _read(connection: Connection, statement: str, keys: Sequence[Key]) -> dict[Key, Entity]:
    cursor = await connection.execute(SQL[statement], _columns(keys))
    return {(row[0], row[1]): from_row(row[1:]) for row in await cursor.fetchall()}


def to_document(entity: Entity, attrs: bytes | None = None) -> bytes:
    """Return the JSON document of an entity in stored form, without its id.

    attrs: the JSON of its attributes, where it is at hand already.
    """
    return b"%b%b}" % (
        document_head(entity),
        orjson.dumps(entity.attrs) if attrs is None else attrs,
    )


def document_head(entity: Entity, kind: "Kind | None" = None) -> bytes:
    """Return the JSON document of an entity up to its attributes, with which it ends.

    kind: what `kind_of` says, where it is at hand already.
    """
    times = {"createdAt": entity.created_at, "modifiedAt": entity.modified_at}
    if entity.expires_at is not None:
        times["expiresAt"] = entity.expires_at
    return b'%b%b,"attrs":' % ((kind or kind_of(entity)).head, orjson.dumps(times)[1:-1])


class Kind(NamedTuple):
    """What entities of the same types and scopes share, ready to be written.

    types, scopes: a text[] as PostgreSQL writes it. head: what a document begins with.
    """

    types: str
    scopes: str
    head: bytes


def kind_of(entity: Entity) -> Kind:
    """Return what an entity shares with those of its types and scopes."""
    return _kind(tuple(entity.types), tuple(entity.scopes))


@lru_cache(maxsize=4096)
def _kind(types: tuple[str, ...], scopes: tuple[str, ...]) -> Kind:
    head = orjson.dumps({"types": types, "scopes": scopes})[:-1] + b","
    return Kind(array_literal(types), array_literal(scopes), head)


def from_document(identifier: str, document: dict[str, Any]) -> Entity:
    """Return the entity of a document made by `to_document`."""
    return Entity(
        identifier,
        document["types"],
        document["attrs"],
        document["scopes"],
        document["createdAt"],
        document["modifiedAt"],
        document.get("expiresAt"),
    )


def bounds(entity: Entity) -> str | None:
    """Return the box around all instances of `location` as PostgreSQL writes it, None without."""
    instances = entity.attrs.get(LOCATION)
    if not instances:
        return None
    if len(instances) == 1:
        value = instances[0].get("value")
        if isinstance(value, dict) and value.get("type") == "Point":  # nearly all of them
            corner = orjson.dumps(value["coordinates"][:2])[1:-1].decode()
            return f"{corner},{corner}"
    positions = [
        position for instance in instances for position in _positions(instance.get("value"))
    ]
    if not positions:
        return None
    easts = [position[0] for position in positions]
    norths = [position[1] for position in positions]
    return f"(({max(easts)!r},{max(norths)!r}),({min(easts)!r},{min(norths)!r}))"


def _positions(value: Any) -> Iterable[Sequence[float]]:
    """Yield every position of a GeoJSON geometry (or of its nested coordinates)."""
    if isinstance(value, dict):
        yield from _positions(value.get("coordinates"))
        for geometry in value.get("geometries", ()):
            yield from _positions(geometry)
    elif isinstance(value, list) and value:
        if isinstance(value[0], int | float):
            yield value
        else:
            for part in value:
                yield from _positions(part)


def texts(literal: str) -> list[str]:
    """Return the texts of a JSON array; entities of a type share their lists of names."""
    return [*_texts(literal)]


@lru_cache(maxsize=4096)
def _texts(literal: str) -> tuple[str, ...]:
    return tuple(orjson.loads(literal))


@lru_cache(maxsize=4096)
def array_literal(texts: tuple[str, ...]) -> str:
    """Return a text[] as PostgreSQL writes it; entities of a type share their lists of names."""
    quoted = ('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in texts)
    return "{" + ",".join(quoted) + "}"
