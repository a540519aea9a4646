"""Keeping subscriptions to registrations (clause 5.11): as those to entities, but told at first."""

from collections.abc import Mapping
from typing import ClassVar

from tamamo.context.jsonld import TermMap
from tamamo.context.jsonld.pack import unpack
from tamamo.context.readers import Reader
from tamamo.context.sourcesubscriptions import telling
from tamamo.context.sourcesubscriptions.compiled import (
    SourceSubscription,
    compile_source_subscription,
)
from tamamo.context.subscriptions.document import Document
from tamamo.context.subscriptions.members import SOURCE_SUBSCRIPTION
from tamamo.context.subscriptions.message import CSOURCE
from tamamo.context.subscriptions.service import Draft, SubscriptionService
from tamamo.kernel.database import Connection


class SourceSubscriptionService(SubscriptionService):
    """The subscriptions to registrations of all tenants."""

    api: ClassVar[str] = CSOURCE
    _members: ClassVar[Mapping[str, Reader]] = SOURCE_SUBSCRIPTION

    def _compile(
        self, tenant: str, identifier: str, document: Document, terms: TermMap, query_terms: TermMap
    ) -> SourceSubscription:
        return compile_source_subscription(tenant, identifier, document, terms, query_terms)

    async def _before(self, connection: Connection, tenant: str) -> None:
        await telling.lock(connection, tenant)

    async def _after(
        self, connection: Connection, tenant: str, identifier: str, draft: Draft
    ) -> None:
        terms, query_terms = unpack(draft.terms), unpack(draft.query_terms)
        compiled = self._compile(tenant, identifier, draft.document, terms, query_terms)
        await telling.at_first(connection, compiled)
