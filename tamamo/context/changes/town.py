"""`GET /sse?town=NAME`: what a town's own pages show, as it changes.

A resident of the town is told of what it shows to everybody and of what other towns share with it,
each event with the tenant it is of. One connection serves all: browsers allow few. The stream ends
when an agreement begins or ends; the browser comes back and is told what it may see then.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from tamamo.context.broker import Broker
from tamamo.context.changes.change import Change
from tamamo.context.changes.subscription import Closed, SlowReader, Subscription
from tamamo.context.changes.wire import HEARTBEAT, RETRY, event, stream_to
from tamamo.context.errors import InvalidRequest
from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import DEFAULT_TENANT
from tamamo.context.model.represent import View, represent, represent_types
from tamamo.context.query.text import check_text
from tamamo.kernel.errors import Unavailable
from tamamo.kernel.identity import ANONYMOUS, Reach, resident_of
from tamamo.kernel.tasks import wanted
from tamamo.kernel.towns.reach import shared_reach

#: Seconds between looks at what has been agreed meanwhile.
_LOOK: Final = 1.0
#: Changes gathered for one browser before its queue in the tailer fills.
_GATHERED: Final = 64
_PARAMETERS: Final = frozenset({"town", "type"})

Heard = tuple[str, Change] | Exception


@dataclass(frozen=True, slots=True)
class TownStream:
    """An ASGI application for one browser that looks at a town's page."""

    broker: Broker
    town: str
    types: tuple[str, ...]
    terms: TermMap
    reaches: Mapping[str, Reach]
    after: str | None
    #: Whether the browser comes with a position that this database does not have.
    ahead: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the browser leaves, is too slow, or something else is agreed."""
        async with AsyncExitStack() as stack:
            readers = {
                tenant: await stack.enter_async_context(
                    self.broker.changes.subscribe(
                        tenant, self.types or None, after=self.after, reach=reach
                    )
                )
                for tenant, reach in self.reaches.items()
            }
            await stream_to(self._pieces(readers), receive, send)

    async def _pieces(self, readers: Mapping[str, Subscription]) -> AsyncIterator[bytes]:
        yield b"retry: %d\n\n" % RETRY
        if self.ahead or any(reader.gap for reader in readers.values()):
            yield event("reset", {"reason": "unknown" if self.ahead else "expired"})
        heard: asyncio.Queue[Heard] = asyncio.Queue(_GATHERED)
        listening = [
            asyncio.create_task(_listen(tenant, reader, heard))
            for tenant, reader in readers.items()
        ]
        try:
            async for piece in self._heard(heard):
                yield piece
        finally:
            for task in listening:
                task.cancel()
            await asyncio.gather(*listening, return_exceptions=True)

    async def _heard(self, heard: "asyncio.Queue[Heard]") -> AsyncIterator[bytes]:
        version, silent = self.broker.towns.version, 0.0
        while wanted():
            if self.broker.towns.version != version:
                version = self.broker.towns.version
                if not await self._still_reaches():
                    yield event("end", {"reason": "access"})
                    return
            try:
                async with asyncio.timeout(_LOOK):
                    found = await heard.get()
            except TimeoutError:
                silent += _LOOK
                if silent >= HEARTBEAT:
                    silent = 0.0
                    yield b":\n\n"
                continue
            silent = 0.0
            if isinstance(found, Exception):
                reason = "slow" if isinstance(found, SlowReader) else "closing"
                yield event("end", {"reason": reason})
                return
            piece = self._event(*found)
            if piece is not None:
                yield piece

    async def _still_reaches(self) -> bool:
        try:
            return await reaches_of(self.broker, self.town) == self.reaches
        except Unavailable:
            return False  # the browser comes back, and is told when the database is there

    def _event(self, tenant: str, change: Change) -> bytes | None:
        seen = change.within(self.reaches[tenant])
        if seen is None:
            return None
        made = ("town", self.terms)
        rendered = seen.rendered.get(made)
        if rendered is None:
            rendered = seen.rendered[made] = _render(tenant, seen, self.terms)
        return rendered


async def reaches_of(broker: Broker, town: str) -> dict[str, Reach]:
    """Return tenant → what a resident of a town may read there: the town's own and shared ones."""
    access = await broker.identity.access(resident_of(town), town)
    found = {town: access.read}
    for owner in {share.owner for share in broker.towns.shares(town)}:
        found[owner] = await shared_reach(broker.towns, broker.identity, town, owner)
    return {tenant: reach for tenant, reach in found.items() if reach}


async def open_town(request: Request, town: str) -> TownStream:
    """Return the stream a request asks for. Raises a Problem."""
    broker: Broker = request.state.broker
    for name in request.query_params:
        if name not in _PARAMETERS:
            raise InvalidRequest(f"/sse?town=… has no parameter {name!r}", field=name)
    broker.limits.check(town, ANONYMOUS, request.scope)
    await broker.tenants.require(town)
    text = request.query_params.get("type", "")
    check_text(text, "type")
    terms = await broker.contexts.resolve(DEFAULT_TENANT, None)
    types = tuple(terms.expand_type(name.strip()) for name in text.split(",") if name.strip())
    after = request.headers.get("last-event-id")
    ahead = False
    with suppress(ValueError):
        ahead = after is not None and await broker.changes.is_ahead(after)
    reaches = await reaches_of(broker, town)
    return TownStream(broker, town, types, terms, reaches, None if ahead else after, ahead)


async def _listen(tenant: str, reader: Subscription, heard: "asyncio.Queue[Heard]") -> None:
    try:
        async for change in reader:
            await heard.put((tenant, change))
    except (SlowReader, Closed) as end:
        await heard.put(end)


def _render(tenant: str, change: Change, terms: TermMap) -> bytes:
    if change.operation == "delete":
        gone = {"id": change.entity_id, "type": represent_types(change.types, terms)}
        return event("gone", {**gone, "tenant": tenant}, change.position)
    data = represent(change.entity, terms, View(format="simplified"))
    data["changed"] = [terms.compact_iri(iri) for iri in change.changed]
    data["tenant"] = tenant
    return event("entity", data, change.position)
