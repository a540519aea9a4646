"""Keeping subscriptions (clause 5.8): create, update, retrieve, query, delete."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson

from tamamo.context.errors import AlreadyExists, ResourceNotFound
from tamamo.context.jsonld import ContextStore, TermMap
from tamamo.context.jsonld.pack import pack, unpack
from tamamo.context.query.paging import Page
from tamamo.context.subscriptions import document as documents
from tamamo.context.subscriptions.compiled import compile_subscription
from tamamo.context.subscriptions.document import Counters, Document
from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool, transaction

_SQL = sql.load(__package__)


@dataclass(frozen=True, slots=True)
class Stored:
    """A subscription as it is kept. terms: the @context of its notifications."""

    id: str
    document: Document
    terms: TermMap
    created_at: datetime
    modified_at: datetime
    counters: Counters


class SubscriptionService:
    """The subscriptions of all tenants. Every change is known to all processes within a moment."""

    def __init__(self, pool: Pool, contexts: ContextStore) -> None:
        self._pool = pool
        self._contexts = contexts

    async def create(self, tenant: str, body: Mapping[str, Any], terms: TermMap) -> str:
        """Create a subscription (5.8.1) and return its id.

        Raises BadRequestData naming the member, AlreadyExists, LdContextNotAvailable.
        """
        identifier = documents.read_id(body) or f"urn:ngsi-ld:Subscription:{uuid4()}"
        document = documents.read(body, terms)
        own = await self._own_terms(tenant, document, terms)
        compile_subscription(tenant, identifier, document, own, terms)
        row = _row(tenant, identifier, document, pack(own), pack(terms))
        async with transaction(self._pool) as connection:
            if await (await connection.execute(_SQL["create"], row)).fetchone() is None:
                raise AlreadyExists(f"There is a subscription {identifier} already")
            await connection.execute(_SQL["moved"])
        return identifier

    async def update(
        self, tenant: str, identifier: str, fragment: Mapping[str, Any], terms: TermMap
    ) -> None:
        """Update a subscription (5.8.2). Raises BadRequestData, ResourceNotFound."""
        key = {"tenant": tenant, "id": identifier}
        fresh = None
        if isinstance(fragment.get("jsonldContext"), str):
            # Fetched before the row is locked: a slow server holds up nobody.
            fresh = await self._contexts.resolve(tenant, fragment["jsonldContext"])
        async with transaction(self._pool) as connection:
            found = await (await connection.execute(_SQL["lock"], key)).fetchone()
            if found is None:
                raise _missing(identifier)
            before, own, query_terms = found
            document = documents.merge(before, fragment, terms)
            if "q" in fragment or "expandValues" in fragment:
                query_terms = pack(terms)
            if fresh is not None:
                own = pack(fresh)
            compile_subscription(tenant, identifier, document, unpack(own), unpack(query_terms))
            row = _row(tenant, identifier, document, own, query_terms)
            same = document.get("timeInterval") == before.get("timeInterval")
            await connection.execute(_SQL["update"], {**row, "same_interval": same})
            await connection.execute(_SQL["moved"])

    async def delete(self, tenant: str, identifier: str) -> None:
        """Delete a subscription and what waits to be delivered (5.8.5). Raises ResourceNotFound."""
        async with transaction(self._pool) as connection:
            key = {"tenant": tenant, "id": identifier}
            if not (await connection.execute(_SQL["delete"], key)).rowcount:
                raise _missing(identifier)
            await connection.execute(_SQL["drop_waiting"], key)
            await connection.execute(_SQL["moved"])

    async def get(self, tenant: str, identifier: str) -> Stored:
        """Return a subscription (5.8.3). Raises ResourceNotFound."""
        async with transaction(self._pool) as connection:
            key = {"tenant": tenant, "id": identifier}
            row = await (await connection.execute(_SQL["get"], key)).fetchone()
        if row is None:
            raise _missing(identifier)
        return _stored(row)

    async def query(self, tenant: str, page: Page) -> tuple[list[Stored], bool, int | None]:
        """Return a page of subscriptions (5.8.4), whether there are more, how many (if asked)."""
        parameters = {"tenant": tenant, "limit": page.limit + 1, "offset": page.offset}
        async with transaction(self._pool) as connection:
            rows = await (await connection.execute(_SQL["page"], parameters)).fetchall()
            total = await _count(connection, tenant) if page.count else None
        return [_stored(row) for row in rows[: page.limit]], len(rows) > page.limit, total

    async def _own_terms(self, tenant: str, document: Document, terms: TermMap) -> TermMap:
        if "jsonldContext" not in document:
            return terms
        return await self._contexts.resolve(tenant, document["jsonldContext"])


async def _count(connection: Connection, tenant: str) -> int:
    row = await (await connection.execute(_SQL["count"], {"tenant": tenant})).fetchone()
    return 0 if row is None else int(row[0])


def _row(
    tenant: str, identifier: str, document: Document, terms: bytes, query_terms: bytes
) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "id": identifier,
        "document": orjson.dumps(document).decode(),
        "terms": terms,
        "query_terms": query_terms,
        "is_active": document.get("isActive", True),
        "expires_at": document.get("expiresAt"),
        "interval": document.get("timeInterval"),
    }


def _stored(row: tuple[Any, ...]) -> Stored:
    return Stored(row[0], row[1], unpack(row[2]), row[4], row[5], Counters(*row[6:]))


def _missing(identifier: str) -> ResourceNotFound:
    return ResourceNotFound(f"There is no subscription {identifier}")
