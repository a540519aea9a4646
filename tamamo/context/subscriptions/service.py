"""Keeping subscriptions (clause 5.8): create, update, retrieve, query, delete."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import uuid4

import orjson

from tamamo.context import acting
from tamamo.context.errors import AlreadyExists, ResourceNotFound
from tamamo.context.jsonld import ContextStore, TermMap
from tamamo.context.jsonld.pack import pack, unpack
from tamamo.context.query.paging import Page
from tamamo.context.readers import Reader
from tamamo.context.subscriptions import document as documents
from tamamo.context.subscriptions.compiled import Subscriber, compile_subscription
from tamamo.context.subscriptions.document import Counters, Document, goes_on
from tamamo.context.subscriptions.members import SUBSCRIPTION
from tamamo.context.subscriptions.message import NGSI_LD
from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool, single, transaction
from tamamo.kernel.drills import gate
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity.reach import EVERYTHING, Reach

_SQL = sql.load(__package__)

#: How often and after how many seconds it is looked whether a notification has been counted.
_LOOKS, _LOOK = 25, 0.02


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a subscription was made. callback: address at which other sources reach this broker.

    via: the sources its request came through (6.3.18).
    """

    callback: str
    via: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A subscription that was checked. terms: of its notifications; query_terms: of its `q`.

    rearm: whether it begins anew, as if it had told nothing yet. origin: None where it stays here.
    owner: the subject whose rights it has when it is made; None: the operator's own.
    """

    document: Document
    terms: bytes
    query_terms: bytes
    rearm: bool = False
    origin: Origin | None = None
    owner: str | None = None


#: (document, terms, query_terms) as they are kept → as they become. Raises a Problem.
Step = Callable[[Document, bytes, bytes], Draft]


@dataclass(frozen=True, slots=True)
class Stored:
    """A subscription as it is kept. terms: the @context of its notifications."""

    id: str
    document: Document
    terms: TermMap
    created_at: datetime
    modified_at: datetime
    #: Whether it tells nothing for now, since it told something a short time ago.
    throttled: bool
    counters: Counters


class SubscriptionService:
    """The subscriptions of all tenants. Every change is known to all processes within a moment."""

    #: The API whose subscriptions these are, unless a caller names another.
    api: ClassVar[str] = NGSI_LD
    _members: ClassVar[Mapping[str, Reader]] = SUBSCRIPTION

    def __init__(
        self,
        pool: Pool,
        contexts: ContextStore,
        owner: str | None = None,
        reach: Reach = EVERYTHING,
    ) -> None:
        """owner: whose subscriptions alone are known of; None: all. reach: what they may tell."""
        self._pool = pool
        self._contexts = contexts
        self._owner = owner
        self._reach = reach

    def owned_by(self, owner: str, reach: Reach) -> Self:
        """Return the subscriptions of one subject, who may be told of what is within a reach."""
        return type(self)(self._pool, self._contexts, owner, reach)

    async def create(
        self,
        tenant: str,
        body: Mapping[str, Any],
        terms: TermMap,
        origin: Origin | None = None,
        owner: str | None = None,
    ) -> str:
        """Create a subscription (5.8.1) and return its id. origin: None keeps it here.

        owner: the subject who makes it. Raises BadRequestData naming the member, AlreadyExists,
        Forbidden naming the types, LdContextNotAvailable.
        """
        identifier = documents.read_id(body) or f"urn:ngsi-ld:Subscription:{uuid4()}"
        document = documents.read(body, terms, self._members)
        own = await self._own_terms(tenant, document, terms)
        self.check(self._compile(tenant, identifier, document, own, terms))
        draft = Draft(document, pack(own), pack(terms), origin=origin, owner=owner)
        await self.add(tenant, identifier, draft, self.api)
        return identifier

    async def add(self, tenant: str, identifier: str, draft: Draft, api: str = NGSI_LD) -> None:
        """Keep a new subscription made through an API. Raises AlreadyExists, NotInADrill."""
        row = _row(tenant, identifier, draft, api)
        async with transaction(self._pool) as connection:
            await gate.require_allowed(connection, tenant, draft.document.get("notification"))
            await self._before(connection, tenant)
            if await (await connection.execute(_SQL["create"], row)).fetchone() is None:
                raise AlreadyExists(f"There is a subscription {identifier} already")
            await acting.did(connection, "subscription.create", identifier, None, draft.document)
            await self._after(connection, tenant, identifier, draft)
            await connection.execute(_SQL["moved"])

    async def update(
        self, tenant: str, identifier: str, fragment: Mapping[str, Any], terms: TermMap
    ) -> None:
        """Update a subscription (5.8.2). Raises BadRequestData, ResourceNotFound."""
        fresh = None
        if isinstance(fragment.get("jsonldContext"), str):
            # Fetched before the row is locked: a slow server holds up nobody.
            fresh = await self._contexts.resolve(tenant, fragment["jsonldContext"])

        def step(before: Document, own: bytes, query_terms: bytes) -> Draft:
            document = documents.merge(before, fragment, terms, self._members)
            if "q" in fragment or "expandValues" in fragment:
                query_terms = pack(terms)
            if fresh is not None:
                own = pack(fresh)
            elif "jsonldContext" in before and "jsonldContext" not in document:
                own = query_terms  # by default that of the subscription (5.8.1.4)
            terms_of = (unpack(own), unpack(query_terms))
            self.check(self._compile(tenant, identifier, document, *terms_of))
            return Draft(document, own, query_terms)

        await self.change(tenant, identifier, step, self.api)

    async def change(self, tenant: str, identifier: str, step: Step, api: str = NGSI_LD) -> None:
        """Change a subscription made through an API, under its lock. Raises ResourceNotFound."""
        key = self._key(tenant, identifier, api)
        async with transaction(self._pool) as connection:
            await self._before(connection, tenant)
            found = await (await connection.execute(_SQL["lock"], key)).fetchone()
            if found is None:
                raise missing(identifier)
            draft = step(*found)
            await gate.require_allowed(connection, tenant, draft.document.get("notification"))
            row = _row(tenant, identifier, draft, api)
            same = draft.document.get("timeInterval") == found[0].get("timeInterval")
            more = {"same_interval": same, "rearm": draft.rearm}
            await connection.execute(_SQL["update"], {**row, **more})
            await self._after(connection, tenant, identifier, draft)
            sides = (found[0], draft.document)
            await acting.did(connection, "subscription.change", identifier, *sides)
            await connection.execute(_SQL["moved"])

    async def delete(self, tenant: str, identifier: str, api: str = NGSI_LD) -> None:
        """Delete a subscription and what waits to be delivered (5.8.5). Raises ResourceNotFound."""
        async with transaction(self._pool) as connection:
            key = self._key(tenant, identifier, api)
            gone = await (await connection.execute(_SQL["delete"], key)).fetchone()
            if gone is None:
                raise missing(identifier)
            await connection.execute(_SQL["drop_waiting"], key)
            await acting.did(connection, "subscription.delete", identifier, gone[0])
            await connection.execute(_SQL["moved"])

    async def get(self, tenant: str, identifier: str, api: str = NGSI_LD) -> Stored:
        """Return a subscription (5.8.3). Raises ResourceNotFound."""
        async with transaction(self._pool) as connection:
            key = self._key(tenant, identifier, api)
            row = await (await connection.execute(_SQL["get"], key)).fetchone()
        if row is None:
            raise missing(identifier)
        return stored_of(row)

    async def settled(self, tenant: str, identifier: str) -> None:
        """Return once what is being delivered is counted, or at the latest after a moment.

        A receiver that has answered and looks at its subscription finds the notification counted.
        """
        key: dict[str, Any] = {"tenant": tenant, "id": identifier, "last": None}
        change = await self._row("newest_change", key)
        for _ in range(_LOOKS):
            if change is not None:
                row = await self._row("is_behind", {"xid": change[0], "seq": change[1]})
                change = None if row is None or row[0] else change
            if change is None:
                row = await self._row("under_way", key)
                if row is None or row[0] is None:
                    return
                # What comes later is not waited for.
                key["last"] = row[0]
            await asyncio.sleep(_LOOK)

    async def _row(self, statement: str, parameters: dict[str, Any]) -> tuple[Any, ...] | None:
        async with single(self._pool) as connection:
            return await (await connection.execute(_SQL[statement], parameters)).fetchone()

    async def query(
        self, tenant: str, page: Page, api: str = NGSI_LD, place: str | None = None
    ) -> tuple[list[Stored], bool, int | None]:
        """Return a page of subscriptions (5.8.4), whether there are more, how many (if asked).

        place: only those for this service path of NGSIv2.
        """
        parameters = {"tenant": tenant, "api": api, "place": place, "owner": self._owner}
        bounds = {"limit": page.limit + 1, "offset": page.offset}
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(_SQL["page"], {**parameters, **bounds})
            rows = await cursor.fetchall()
            total = await _count(connection, parameters) if page.count else None
        return [stored_of(row) for row in rows[: page.limit]], len(rows) > page.limit, total

    def check(self, compiled: Subscriber) -> None:
        """Raise Forbidden when nothing of what it is about may be told to its maker."""
        within, types = self._reach.types, getattr(compiled, "types", None)
        if within is not None and types is not None and within.isdisjoint(types):
            names = ", ".join(types)
            raise Forbidden(f"You may not subscribe to entities of type {names}", types=list(types))

    def _key(self, tenant: str, identifier: str, api: str) -> dict[str, Any]:
        return {"tenant": tenant, "id": identifier, "api": api, "owner": self._owner}

    def _compile(
        self, tenant: str, identifier: str, document: Document, terms: TermMap, query_terms: TermMap
    ) -> Subscriber:
        """Make a document ready, which is part of checking it. Raises BadRequestData."""
        return compile_subscription(tenant, identifier, document, terms, query_terms)

    async def _before(self, connection: Connection, tenant: str) -> None:
        """Take what locks are needed before the row of a subscription."""

    async def _after(
        self, connection: Connection, tenant: str, identifier: str, draft: Draft
    ) -> None:
        """Do what goes with a subscription that was made or changed, in its transaction."""

    async def _own_terms(self, tenant: str, document: Document, terms: TermMap) -> TermMap:
        if "jsonldContext" not in document:
            return terms
        return await self._contexts.resolve(tenant, document["jsonldContext"])


async def _count(connection: Connection, parameters: dict[str, Any]) -> int:
    row = await (await connection.execute(_SQL["count"], parameters)).fetchone()
    return 0 if row is None else int(row[0])


def _row(tenant: str, identifier: str, draft: Draft, api: str) -> dict[str, Any]:
    document, origin = draft.document, draft.origin
    return {
        "tenant": tenant,
        "id": identifier,
        "api": api,
        "document": orjson.dumps(document).decode(),
        "terms": draft.terms,
        "query_terms": draft.query_terms,
        "is_active": document.get("isActive", True),
        "expires_at": document.get("expiresAt"),
        "interval": document.get("timeInterval"),
        "owner": draft.owner,
        "callback": origin and origin.callback,
        "via": origin.via if origin else "",
        "source_id": f"urn:ngsi-ld:Subscription:{uuid4()}" if goes_on(document) else None,
    }


def stored_of(row: tuple[Any, ...]) -> Stored:
    """Return a subscription of the columns that `get` reads."""
    return Stored(row[0], row[1], unpack(row[2]), row[4], row[5], row[6], Counters(*row[7:]))


def missing(identifier: str) -> ResourceNotFound:
    """Return the error that names a subscription."""
    return ResourceNotFound(f"There is no subscription {identifier}")
