"""The subscriptions of the database, compiled, as this process knows them."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import structlog

from tamamo.context.changes import Change, Position
from tamamo.context.jsonld.pack import unpack
from tamamo.context.ngsiv2.subscriptions.compiled import compile_orion
from tamamo.context.sourcesubscriptions.compiled import compile_source_subscription
from tamamo.context.subscriptions.audience import Audience
from tamamo.context.subscriptions.compiled import (
    Events,
    OtherSubscription,
    Snapshot,
    Subscriber,
    Subscription,
    compile_subscription,
)
from tamamo.context.subscriptions.message import CSOURCE, NGSI_LD, NGSIV2
from tamamo.kernel import sql
from tamamo.kernel.database import Connection
from tamamo.kernel.errors import Problem

_SQL = sql.load(__package__)
_log = structlog.get_logger(__name__)

#: Kinds of change remembered at most.
_MOST_AUDIENCES: Final = 1_000

#: Tenant and subscription id.
Key = tuple[str, str]

#: By the API a subscription was made through.
COMPILERS: Final[Mapping[str, Callable[..., Subscriber]]] = {
    NGSI_LD: compile_subscription,
    CSOURCE: compile_source_subscription,
    NGSIV2: compile_orion,
}


@dataclass(slots=True)
class _Watchers:
    """The subscriptions of one tenant to one type: those to any attribute, the others by it."""

    of_any: list[Subscription] = field(default_factory=list)
    by_attr: dict[str, list[Subscription]] = field(default_factory=dict)

    def add(self, subscription: Subscription) -> None:
        if subscription.watched is None:
            self.of_any.append(subscription)
            return
        for attr in subscription.watched:
            self.by_attr.setdefault(attr, []).append(subscription)


class Registry:
    """Compiled subscriptions, found by the tenant, type and attributes of a change."""

    def __init__(self) -> None:
        self.version = -1
        self._known: dict[Key, tuple[datetime, str, Subscriber]] = {}
        self._by_type: dict[tuple[str, str | None], _Watchers] = {}
        #: Changes of one kind come again and again: who may listen, and whom they wake.
        self._audiences: dict[Hashable, Audience] = {}

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[Subscription]:
        """Those to entities: what each change is held against."""
        known = (entry[2] for entry in self._known.values())
        return (subscriber for subscriber in known if isinstance(subscriber, Subscription))

    def get(self, key: Key) -> Subscriber | None:
        """Return a subscription of any kind, None when there is none any more."""
        entry = self._known.get(key)
        return None if entry is None else entry[2]

    async def refresh(self, connection: Connection, version: int) -> None:
        """Read what the database holds at this version or later."""
        known: dict[Key, tuple[datetime, str, Subscriber]] = {}
        changed: list[Key] = []
        for tenant, identifier, *head in await _rows(connection, "heads", {}):
            key = (tenant, identifier)
            before = self._known.get(key)
            if before is not None and before[:2] == tuple(head):
                known[key] = before
            else:
                changed.append(key)
        keys = {"tenants": [key[0] for key in changed], "ids": [key[1] for key in changed]}
        for row in await _rows(connection, "some", keys) if changed else ():
            compiled = _compile(row)
            if compiled is not None:
                known[compiled.tenant, compiled.id] = (row[2], row[3], compiled)
        self._known = known
        self.version = version
        self._audiences = {}
        self._by_type = _by_type(self)

    @property
    def start(self) -> Position:
        """Where the oldest active subscription began: nothing before matters to any."""
        return Position(min((s.since.xmin for s in self if s.is_active), default=0), -1)

    @property
    def tenants(self) -> list[str]:
        """The tenants that somebody is subscribed in."""
        return sorted({subscription.tenant for subscription in self if subscription.is_active})

    @property
    def types(self) -> list[str] | None:
        """The types that subscriptions can match; None: any."""
        found: set[str] = set()
        for subscription in self:
            if subscription.is_active and subscription.interval is None:
                if subscription.types is None:
                    return None
                found.update(subscription.types)
        return sorted(found)

    def candidates(self, change: Change) -> Audience:
        """Return the subscriptions that may match a change, each once."""
        if change.operation != "update":
            return Audience(self._watching(change))
        key = (change.tenant, tuple(change.types), tuple(change.changed))
        return self._audiences.get(key) or self._keep(key, self._watching(change))

    def awake(self, change: Change, events: Events, audience: Audience) -> Audience:
        """Return those of an audience that a change wakes."""
        if change.operation != "update":
            return Audience(_awake(change, events, audience))
        key = (change.tenant, tuple(change.types), tuple(change.changed), tuple(events.items()))
        found = self._audiences.get(key)
        if found is None:
            found = self._keep(key, _awake(change, events, audience))
        return found

    def _keep(self, key: Hashable, subscriptions: Iterable[Subscription]) -> Audience:
        if len(self._audiences) >= _MOST_AUDIENCES:
            self._audiences.clear()
        found = self._audiences[key] = Audience(subscriptions)
        return found

    def _watching(self, change: Change) -> Iterator[Subscription]:
        attrs = change.changed if change.operation == "update" else change.entity.attrs
        for kind in (None, *change.types):
            watchers = self._by_type.get((change.tenant, kind))
            if watchers is None:
                continue
            yield from watchers.of_any
            for attr in attrs:
                yield from watchers.by_attr.get(attr, ())


def _awake(change: Change, events: Events, audience: Audience) -> Iterator[Subscription]:
    """Leave out those that no change with these events wakes, whatever its values."""
    for one in audience.subscriptions:
        if isinstance(one, OtherSubscription) or one.wakes(change, events):
            yield one


async def _rows(
    connection: Connection, statement: str, parameters: dict[str, Any]
) -> list[tuple[Any, ...]]:
    return await (await connection.execute(_SQL[statement], parameters)).fetchall()


def _by_type(subscriptions: Iterable[Subscription]) -> dict[tuple[str, str | None], _Watchers]:
    found: dict[tuple[str, str | None], _Watchers] = defaultdict(_Watchers)
    for subscription in subscriptions:
        if subscription.interval is None:
            for kind in subscription.types or (None,):
                found[subscription.tenant, kind].add(subscription)
    return dict(found)


def _compile(row: tuple[Any, ...]) -> Subscriber | None:
    tenant, identifier, _, since, document, terms, query_terms, api, owner = row
    try:
        compiled = COMPILERS[api](
            tenant,
            identifier,
            document,
            unpack(terms),
            unpack(query_terms),
            since=Snapshot.parse(since),
        )
        return compiled if owner is None else replace(compiled, owner=owner)
    except Problem as problem:
        # It was checked when it was written: an older version of this program took more.
        _log.error("subscription unusable", tenant=tenant, id=identifier, why=problem.detail)
        return None
