"""Who acts through an API, and what of it the audit log is to say.

An act begins with a request and is over with its answer; `current` is the one of the request this
task answers. Feeds, pages and housekeeping have none: what they do is theirs to note. Whatever is
done for several requests together (`kernel.coalesce`) gets the act handed over in the mutation.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from tamamo.context.tenants import owner_of
from tamamo.kernel import audit
from tamamo.kernel.database import Connection, Pool, transaction

#: Ids that one event names; of more it gives the number.
MOST: Final = 1_000
#: Bytes of JSON of one side of an event; of more only the names are kept.
MAX_KEPT: Final = 64 * 1024
#: Characters kept of a path.
_PATH: Final = 300


@dataclass(slots=True, eq=False)
class Act:
    """One request of somebody.

    tenant: whose log it belongs in. asked: the scope of the request (ASGI), or in words for what.
    personal: IRIs of the tenant's types that hold personal data.
    """

    tenant: str
    subject: str
    asked: Mapping[str, Any] | str
    personal: frozenset[str]
    #: Ids of personal data shown so far.
    read: dict[str, None] = field(default_factory=dict)
    over: bool = False

    @property
    def purpose(self) -> str:
        """Return what is asked for; the query of a request may hold personal data: it stays out."""
        if isinstance(self.asked, str):
            return self.asked
        return f"{self.asked['method']} {self.asked['path'][:_PATH]}"

    @property
    def by_person(self) -> bool:
        """Whether somebody acts, not a program of their own right."""
        return self.subject.startswith("user:")

    def is_personal(self, types: Iterable[str]) -> bool:
        """Whether an entity of these types holds personal data."""
        return bool(self.personal) and not self.personal.isdisjoint(types)


_current: ContextVar[Act | None] = ContextVar("act", default=None)


def current() -> Act | None:
    """Return the act under way in this task."""
    act = _current.get()
    return None if act is None or act.over else act


def begin(act: Act) -> None:
    """Let whatever this task does be part of an act."""
    _current.set(act)


def end() -> None:
    """End the act, also for tasks that it started."""
    act = _current.get()
    if act is not None:
        act.over = True
        _current.set(None)


@contextmanager
def acting(act: Act) -> Iterator[Act]:
    """Let the block be part of an act."""
    begin(act)
    try:
        yield act
    finally:
        end()


def writer() -> Act | None:
    """Return the act, where writes of entities may have to be noted."""
    act = _current.get()
    if act is None or act.over or not (act.personal or act.by_person):
        return None
    return act


def shown(entity_id: str, types: Iterable[str]) -> None:
    """Note that an entity is part of the answer."""
    act = _current.get()
    if act is not None and act.personal and not act.over and act.is_personal(types):
        act.read[entity_id] = None


async def keep_reads(pool: Pool) -> None:
    """Note what personal data the answer shows, before it leaves. Raises Unavailable."""
    act = _current.get()
    if act is not None and act.read:
        async with transaction(pool) as connection:
            await audit.append(connection, read_event(act))


def read_event(act: Act) -> audit.Event:
    """Return the event for all that was shown: one however many."""
    ids = list(act.read)
    about = ids[0] if len(ids) == 1 else "entities"
    after = {"purpose": act.purpose, "count": len(ids), "ids": ids[:MOST]}
    return audit.Event(act.tenant, act.subject, "personal.read", about, after=after)


async def did(
    connection: Connection,
    action: str,
    about: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Note, in the transaction of the act, what somebody did that is no write of an entity.

    before, after: documents, of which the outline is kept: what they are about and where they
    send to. Keys in their headers, and values in their filters, stay out.
    """
    act = current()
    if act is not None:
        outlines = (None if one is None else outline(one) for one in (before, after))
        await audit.append(
            connection, audit.Event(act.tenant, act.subject, action, about, *outlines)
        )


def outline(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a subscription, registration or snapshot is about."""
    told: dict[str, Any] = {"members": sorted(document)}
    for name in ("entities", "information", "watchedAttributes", "isActive", "status"):
        if name in document:
            told[name] = document[name]
    notification = document.get("notification")
    endpoint = notification.get("endpoint") if isinstance(notification, Mapping) else None
    address = endpoint.get("uri") if isinstance(endpoint, Mapping) else document.get("endpoint")
    if isinstance(address, str):
        parts = urlsplit(address)
        told["to"] = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return told


def telling(tenant: str, owner: str | None, subscription: str, personal: frozenset[str]) -> Act:
    """Return the act of telling a subscriber. owner: None for the operator's own."""
    return Act(owner_of(tenant), owner or "installation", f"notification {subscription}", personal)


def bounded(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return it, or of what is too large its names."""
    size = len(orjson.dumps(said))
    return dict(said) if size <= MAX_KEPT else {"attributes": list(said), "bytes": size}
