"""Keeping subscriptions to registrations (clause 5.11): as those to entities, but told at first."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from tamamo.context.jsonld import TermMap
from tamamo.context.jsonld.pack import unpack
from tamamo.context.query.paging import Page
from tamamo.context.readers import Reader
from tamamo.context.sourcesubscriptions import telling
from tamamo.context.sourcesubscriptions.compiled import (
    SourceSubscription,
    compile_source_subscription,
)
from tamamo.context.subscriptions.document import Document
from tamamo.context.subscriptions.members import SOURCE_SUBSCRIPTION
from tamamo.context.subscriptions.message import CSOURCE
from tamamo.context.subscriptions.service import (
    Draft,
    Stored,
    SubscriptionService,
    missing,
    stored_of,
)
from tamamo.kernel import sql
from tamamo.kernel.database import Connection, single

_SQL = sql.load(__package__)


class SourceSubscriptionService(SubscriptionService):
    """The subscriptions to registrations of all tenants."""

    api: ClassVar[str] = CSOURCE
    _members: ClassVar[Mapping[str, Reader]] = SOURCE_SUBSCRIPTION

    def _compile(
        self, tenant: str, identifier: str, document: Document, terms: TermMap, query_terms: TermMap
    ) -> SourceSubscription:
        return compile_source_subscription(tenant, identifier, document, terms, query_terms)

    async def get(self, tenant: str, identifier: str, api: str = CSOURCE) -> Stored:
        """Return a subscription (5.11.4). Raises ResourceNotFound."""
        rows = await self._rows({"tenant": tenant, "id": identifier, "limit": 1, "offset": 0})
        if not rows:
            raise missing(identifier)
        return _stored(rows[0])

    async def query(
        self, tenant: str, page: Page, api: str = CSOURCE, place: str | None = None
    ) -> tuple[list[Stored], bool, int | None]:
        """Return a page of subscriptions (5.11.5), whether there are more, how many (if asked).

        Those that go with subscriptions to entities are among them (5.8.1.4).
        """
        bounds = {"limit": page.limit + 1, "offset": page.offset}
        rows = await self._rows({"tenant": tenant, "id": None, **bounds})
        total = None
        if page.count:
            async with single(self._pool) as connection:
                cursor = await connection.execute(_SQL["count"], {"tenant": tenant})
                row = await cursor.fetchone()
            total = 0 if row is None else int(row[0])
        return [_stored(row) for row in rows[: page.limit]], len(rows) > page.limit, total

    async def _rows(self, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        async with single(self._pool) as connection:
            return await (await connection.execute(_SQL["page"], parameters)).fetchall()

    async def _before(self, connection: Connection, tenant: str) -> None:
        await telling.lock(connection, tenant)

    async def _after(
        self, connection: Connection, tenant: str, identifier: str, draft: Draft
    ) -> None:
        terms, query_terms = unpack(draft.terms), unpack(draft.query_terms)
        compiled = self._compile(tenant, identifier, draft.document, terms, query_terms)
        await telling.at_first(connection, compiled)


def _stored(row: tuple[Any, ...]) -> Stored:
    """Return a row as it is shown; one that goes with a subscription tells this broker itself."""
    *columns, callback = row
    found = stored_of(tuple(columns))
    if callback is None:
        return found
    notification = {
        name: value
        for name, value in found.document["notification"].items()
        if name in {"attributes", "pick", "omit"}
    }
    document = {**found.document, "notification": {**notification, "endpoint": {"uri": callback}}}
    return replace(found, document=document)
