"""From the outbox to the queue: each committed change held against the subscriptions, once.

What matched is stored in the transaction that moves the position in the outbox, so that a change
is neither matched twice nor skipped, whoever dies when. One process does it at a time.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

import structlog

from tamamo.context import acting
from tamamo.context.access import narrowed
from tamamo.context.access.connection import narrow
from tamamo.context.access.rights import Rights
from tamamo.context.changes import Change, Position, reading
from tamamo.context.entities.linked import Fetch
from tamamo.context.entities.service import EntityService
from tamamo.context.model.entity import Entity
from tamamo.context.notifications import format as bodies
from tamamo.context.notifications import outbox
from tamamo.context.notifications.ahead import Ahead
from tamamo.context.notifications.outbox import Draft
from tamamo.context.notifications.records import counts
from tamamo.context.query import plan
from tamamo.context.query.paths import Lookup
from tamamo.context.sourcesubscriptions import telling
from tamamo.context.sourcesubscriptions.compiled import SourceSubscription
from tamamo.context.subscriptions.compiled import (
    Events,
    OtherSubscription,
    Subscriber,
    Subscription,
    events_of,
)
from tamamo.context.subscriptions.message import Message
from tamamo.context.subscriptions.registry import Registry
from tamamo.context.tenants import owner_of
from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool, single, transaction
from tamamo.kernel.identity import Reach
from tamamo.kernel.towns import Towns

_SQL = sql.load(__package__)
_ADVANCE: Final = f"with told as ({_SQL['counted']} returning 1) {_SQL['advance']}"
_log = structlog.get_logger(__name__)

_NONE: Final[frozenset[str]] = frozenset()
#: Seconds after which the position is kept although nothing matched.
KEEP_POSITION = 2.0
#: Entities in one periodic notification; more make several.
ENTITIES = 1000
#: Entities a query with linked entities looks at for one change.
MAX_LINKED = 1000


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the database says. queued: moves when others store notifications."""

    version: int
    position: Position
    due: bool
    now: datetime
    queued: int


@dataclass(frozen=True, slots=True)
class Round:
    """What a round of matching did.

    stored: notifications that wait in the database. told: others, which were delivered or are
    known to the queues here. again: there is more to do at once.
    """

    seen: Look
    stored: int
    again: bool
    told: int = 0


class _Overtaken(Exception):
    """Another process took over: its position is the one that holds."""


async def look(pool: Pool) -> Look:
    """Return whether there is anything to do."""
    async with single(pool) as connection:
        row = await (await connection.execute(_SQL["look"])).fetchone()
    assert row is not None
    return Look(row[0], Position(int(row[1]), row[2]), *row[3:])


class Matcher:
    """Matches changes with the subscriptions of the registry."""

    def __init__(
        self,
        pool: Pool,
        entities: EntityService,
        registry: Registry,
        buckets: int,
        rights: Rights,
        *,
        towns: Towns,
    ) -> None:
        self._towns = towns
        self._rights = rights
        self._pool = pool
        self._entities = entities
        self._registry = registry
        self._buckets = buckets
        self._position = Position(0, 0)
        #: The position in the database; None: not known.
        self._stored: Position | None = None
        self._kept_at = 0.0
        #: Tells before anything is stored, where this process delivers.
        self.ahead: Ahead | None = None

    async def round(self) -> Round:
        """Match what has been committed."""
        if self._stored is None:
            self._stored = (await look(self._pool)).position
        behind = max(self._position, self._stored, self._registry.start)
        async with single(self._pool) as connection:
            page = await reading.read(
                connection, behind, self._registry.tenants, self._registry.types
            )
        # Looked at after the reading: a subscription older than a change of the page is in it.
        seen = await look(self._pool)
        if seen.version != self._registry.version:
            return Round(seen, 0, again=True)
        stored = await self._periodic() if seen.due else 0
        drafts = [
            draft for change in page.changes for draft in await self._drafts(change, seen.now)
        ]
        told = 0
        late = time.monotonic() - self._kept_at > KEEP_POSITION and page.position > self._stored
        if page.changes or late:
            try:
                kept, told = await self._keep(drafts, self._stored, page.position)
            except _Overtaken:
                self._stored, self._position = None, Position(0, 0)
                return Round(seen, stored, again=True)
            self._kept_at, self._stored = time.monotonic(), page.position
            stored += kept
        self._position = page.position
        return Round(seen, stored, again=page.full, told=told)

    async def _drafts(self, change: Change, now: datetime) -> list[Draft]:
        candidates = self._registry.candidates(change)
        if not candidates.subscriptions:
            return []
        try:
            events = events_of(change)
            awake = self._registry.awake(change, events, candidates)
            left = awake.left_by(change.entity)
        except Exception:
            # One row must not hold up all others.
            _log.exception("not matched", at=change.position)
            return []
        found: list[Draft] = []
        newer = change.at.xid >= awake.newest
        for subscription in left:
            if not subscription.active(now):
                continue
            if not newer and subscription.since.saw(change.at.xid):
                continue
            access = self._rights.known(subscription) or await self._rights.of(subscription)
            reach, seen, told = access.subscribe, change, events
            try:
                if not reach.everything:
                    limited = change.within(reach)
                    if limited is None:
                        continue
                    seen, told = limited, events_of(limited)
                    if not subscription.wakes(seen, told):
                        continue
                if not subscription.link_depth and not subscription.selects(seen.entity):
                    continue
                message, act = await self._tell(subscription, seen, told, reach)
            except Exception:
                # Nor must one subscription.
                _log.exception("not matched", subscription=subscription.id, at=change.position)
                continue
            if message is not None:
                found.append(Draft(subscription, change.entity_id, message, reach, act))
        return found

    async def _tell(
        self, subscription: Subscription, change: Change, events: Events, reach: Reach
    ) -> tuple[Message | None, acting.Act | None]:
        personal = self._personal(subscription.tenant)
        if not personal:
            return await self._match(subscription, change, events, reach), None
        with _telling(subscription, personal) as act:
            message = await self._match(subscription, change, events, reach)
            if message is not None:
                acting.shown(change.entity_id, change.types)
        return message, act

    def _personal(self, tenant: str) -> frozenset[str]:
        """Return the types of which it is noted who is told."""
        return self._towns.personal(owner_of(tenant)) if self._rights.checked else _NONE

    async def _match(
        self, subscription: Subscription, change: Change, events: Events, reach: Reach
    ) -> Message | None:
        fetch = partial(self._fetch, reach, change.tenant)
        if subscription.link_depth:
            lookup = await self._linked(change, subscription.link_depth, fetch)
            if not subscription.selects(change.entity, lookup):
                return None
        if isinstance(subscription, OtherSubscription):
            if not subscription.wakes(change, events):
                return None
            return subscription.message(change, events)
        body = await bodies.of_change(subscription, change, events, fetch)
        return None if body is None else Message(subscription.endpoint.accept, body)

    async def _fetch(self, reach: Reach, tenant: str, ids: Collection[str]) -> Mapping[str, Entity]:
        """Return those of the entities that there are within a reach, by id."""
        found = await self._entities.find_many(tenant, list(ids))
        if reach.everything:
            return found
        seen = {entity_id: narrowed(reach, entity) for entity_id, entity in found.items()}
        return {entity_id: entity for entity_id, entity in seen.items() if entity is not None}

    async def _linked(self, change: Change, depth: int, fetch: Fetch) -> Lookup:
        """Return a look-up of the entities that the changed one refers to."""
        known: dict[str, Entity] = {change.entity_id: change.entity}
        frontier: Sequence[Entity] = [change.entity]
        for _ in range(depth):
            wanted = {target for entity in frontier for target in _targets(entity)} - known.keys()
            if not wanted or len(known) + len(wanted) > MAX_LINKED:
                break
            found = await fetch(dict.fromkeys(sorted(wanted), ()))
            known |= found
            frontier = list(found.values())
        return known.get

    async def _keep(
        self, drafts: list[Draft], before: Position, after: Position
    ) -> tuple[int, int]:
        """Store or tell what matched and store the position behind it, or nothing.

        Return how many were stored, and told. Raises _Overtaken.
        """
        if self.ahead is None:
            return await self._move(drafts, before, after), 0
        later = await self.ahead.tell(drafts, self._refresh)
        async with self.ahead.storing:
            self.ahead.close()
            try:
                kept = await self._move(later, before, after, self.ahead)
            except BaseException:
                self.ahead.lost()
                raise
            self.ahead.kept()
        return kept, len(drafts) - len(later)

    async def _refresh(self) -> bool:
        """Know the subscriptions as they are now; return whether any has changed."""
        seen = await look(self._pool)
        if seen.version == self._registry.version:
            return False
        async with single(self._pool) as connection:
            await self._registry.refresh(connection, seen.version)
        return True

    async def _move(
        self, drafts: list[Draft], before: Position, after: Position, ahead: Ahead | None = None
    ) -> int:
        if ahead is not None and not drafts and not ahead.left:
            async with single(self._pool) as connection:
                await _advance(connection, before, after, ahead)
            return 0
        async with transaction(self._pool) as connection:
            if ahead is not None:
                await ahead.store(connection)
            stored = await self._store(connection, drafts)
            # The position last: whoever changes a subscription locks in this order too.
            await _advance(connection, before, after, ahead)
        return stored

    async def _store(self, connection: Connection, drafts: list[Draft]) -> int:
        return await outbox.store(connection, drafts, self._buckets)

    async def _periodic(self) -> int:
        """Store the periodic notifications that are due (5.8.6); their times go on with them."""
        stored = 0
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(_SQL["take_due"], {"limit": 100})
            for key in await cursor.fetchall():
                subscription = self._registry.get((key[0], key[1]))
                drafts: list[Draft] = []
                if isinstance(subscription, SourceSubscription):
                    drafts = await telling.of_all(connection, subscription)
                elif isinstance(subscription, Subscription):
                    drafts = await self._snapshot(connection, subscription)
                stored += await self._store(connection, drafts)
        return stored

    async def _snapshot(self, connection: Connection, subscription: Subscription) -> list[Draft]:
        reach = (await self._rights.of(subscription)).subscribe
        fetch = partial(self._fetch, reach, subscription.tenant)
        seen = connection if reach.everything else narrow(connection, reach)
        drafts: list[Draft] = []
        batch: list[Entity] = []

        async def flush() -> None:
            with _telling(subscription, self._personal(subscription.tenant)) as act:
                body = await bodies.of_entities(subscription, batch, fetch) if batch else None
            if body is not None:
                message = Message(subscription.endpoint.accept, body)
                drafts.append(Draft(subscription, "", message, reach, act))
            batch.clear()

        async for row in plan.scan(seen, subscription.tenant, subscription.query):
            batch.append(row.entity())
            if len(batch) == ENTITIES:
                await flush()
        await flush()
        return drafts


def _telling(one: Subscriber, personal: frozenset[str]) -> AbstractContextManager[acting.Act]:
    return acting.acting(acting.telling(one.tenant, one.owner, one.id, personal))


async def _advance(
    connection: Connection, before: Position, after: Position, ahead: Ahead | None
) -> None:
    """Move the position, and count what was told ahead. Raises _Overtaken."""
    begun, outcomes = ([], []) if ahead is None else (ahead.begun, ahead.outcomes)
    parameters = {
        **counts(begun, outcomes),
        "xid": str(after.xid),
        "seq": after.seq,
        "from_xid": str(before.xid),
        "from_seq": before.seq,
    }
    if await (await connection.execute(_ADVANCE, parameters)).fetchone() is None:
        raise _Overtaken


def _targets(entity: Entity) -> list[str]:
    """Return the ids an entity refers to."""
    found: list[str] = []
    for instances in entity.attrs.values():
        for instance in instances:
            value = instance.get("object", instance.get("objectList"))
            if isinstance(value, str):
                found.append(value)
            elif isinstance(value, list):
                found += [target for target in value if isinstance(target, str)]
    return found
