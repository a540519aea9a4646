"""The @contexts of all tenants in the database: what `ContextStore` asks before the network."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from urllib.parse import unquote
from uuid import NAMESPACE_URL, uuid4, uuid5

import orjson
from psycopg.types.json import Json

from tamamo.context import acting
from tamamo.context.jsonld.library import Document
from tamamo.context.jsonld.store import canonical
from tamamo.kernel import sql
from tamamo.kernel.database import Pool, single, transaction

_SQL = sql.load(__package__)

#: Where this broker serves them; the local identifier follows.
PATH: Final = "/ngsi-ld/v1/jsonldContexts/"
#: @contexts of a tenant that come about by themselves: whoever may read can make more.
MOST_KEPT: Final = 500
_ID: Final = "urn:ngsi-ld:Context:"
#: What the audit log calls a change.
_ACTIONS: Final = {"replace_context": "context.change", "delete_context": "context.delete"}
#: An arbitrary constant: names made of it name contents, not addresses.
_CONTENTS: Final = uuid5(NAMESPACE_URL, _ID)


class Kind(StrEnum):
    """How a @context came here (clause 5.13.1)."""

    HOSTED = "Hosted"
    CACHED = "Cached"
    IMPLICIT = "ImplicitlyCreated"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a stored @context. url: where a cached one came from."""

    id: str
    kind: Kind
    url: str | None
    created_at: datetime
    expires_at: datetime | None
    context: Any = None


def new_id() -> str:
    """Return the local identifier of another hosted @context."""
    return f"{_ID}{uuid4()}"


def id_of_url(url: str) -> str:
    """Return the local identifier of the @context cached from an address."""
    return f"{_ID}{uuid5(NAMESPACE_URL, url)}"


def id_of_content(context: Any) -> str:
    """Return the local identifier of an implicitly created @context."""
    return f"{_ID}{uuid5(_CONTENTS, canonical(context))}"


def local_id(name: str) -> str:
    """Return the local identifier for one, or for the address a cached @context came from."""
    return name if name.startswith(_ID) else id_of_url(name)


class ContextLibrary:
    """The rows of jsonld_context."""

    def __init__(self, pool: Pool) -> None:
        """Use `pool`."""
        self._pool = pool
        self._generations: dict[str, int] = {}

    async def find(self, tenant: str, url: str) -> Document | None:
        """Return what is kept under an address: one of this broker's own, or a cached copy."""
        _, path, name = url.partition(PATH)
        own = path and unquote(name)
        if own and own.startswith(_ID):
            entry = await self.entry(tenant, own)
            if entry is not None and entry.kind is not Kind.CACHED:
                return Document(entry.context, None)
        entry = await self.entry(tenant, id_of_url(url))
        return None if entry is None else Document(entry.context, entry.expires_at)

    async def keep(self, tenant: str, url: str, document: Document) -> None:
        """Keep a downloaded document."""
        await self.add(tenant, id_of_url(url), Kind.CACHED, document, url)

    async def changed(self) -> Collection[str]:
        """Return the tenants whose @contexts another process replaced or removed."""
        async with single(self._pool) as connection:
            cursor = await connection.execute(_SQL["list_generations"])
            found: dict[str, int] = dict(await cursor.fetchall())
        changed = [
            tenant
            for tenant, generation in found.items()
            if self._generations.get(tenant) != generation
        ]
        self._generations = found
        return changed

    async def entry(self, tenant: str, context_id: str) -> Entry | None:
        """Return one with its content."""
        async with single(self._pool) as connection:
            cursor = await connection.execute(
                _SQL["find_context"], {"tenant": tenant, "id": context_id}
            )
            row = await cursor.fetchone()
        if row is None:
            return None
        kind, url, context, created_at, expires_at = row
        return Entry(context_id, Kind(kind), url, created_at, expires_at, context)

    async def entries(self, tenant: str, kind: Kind | None) -> list[Entry]:
        """Return all of a kind without their contents, the oldest first."""
        async with single(self._pool) as connection:
            cursor = await connection.execute(
                _SQL["list_contexts"], {"tenant": tenant, "kind": kind}
            )
            rows = await cursor.fetchall()
        return [Entry(row[0], Kind(row[1]), *row[2:]) for row in rows]

    async def add(
        self, tenant: str, context_id: str, kind: Kind, document: Document, url: str | None = None
    ) -> None:
        """Keep a @context; one that is there already stays or is renewed (see the SQL)."""
        row = {
            "tenant": tenant, "id": context_id, "kind": kind, "url": url,
            "context": Json(document.context, orjson.dumps), "expires_at": document.expires,
        }  # fmt: skip
        async with transaction(self._pool) as connection:
            await connection.execute(_SQL["keep_context"], row)
            if kind is Kind.HOSTED:
                await acting.did(connection, "context.create", context_id)
            if document.expires is not None:
                trim = {"tenant": tenant, "most": MOST_KEPT}
                await connection.execute(_SQL["trim_contexts"], trim)

    async def replace(self, tenant: str, context_id: str, document: Document) -> bool:
        """Put a new copy in the place of a cached one; say whether it was still there."""
        return await self._change(
            "replace_context",
            {
                "tenant": tenant,
                "id": context_id,
                "context": Json(document.context, orjson.dumps),
                "expires_at": document.expires,
            },
        )

    async def delete(self, tenant: str, context_id: str) -> bool:
        """Remove one; say whether it was there."""
        return await self._change("delete_context", {"tenant": tenant, "id": context_id})

    async def _change(self, statement: str, params: dict[str, Any]) -> bool:
        """Change what others may hold in memory, and tell them."""
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(_SQL[statement], params)
            found = await cursor.fetchone() is not None
            if found:
                await connection.execute(_SQL["next_generation"], params)
                await acting.did(connection, _ACTIONS[statement], params["id"])
        return found
