"""`GET /sse`: changes to browsers as server-sent events (WHATWG HTML, section 9.2)."""

from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tamamo.context import acting, negotiation
from tamamo.context.access.admission import Needs, admit
from tamamo.context.broker import Broker
from tamamo.context.changes.change import BBox, Change, Filter, Position, Sight
from tamamo.context.changes.reader import Reader
from tamamo.context.changes.subscription import Closed, SlowReader, Subscription
from tamamo.context.changes.tailer import ChangeService
from tamamo.context.changes.town import open_town
from tamamo.context.changes.wire import HEARTBEAT, RETRY, event, stream_to
from tamamo.context.errors import BadRequestData, InvalidRequest
from tamamo.context.http import problem_answer
from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import DEFAULT_TENANT
from tamamo.context.model.represent import View, represent, represent_types
from tamamo.context.query import request as query
from tamamo.context.query.text import check_text
from tamamo.context.tenants import TENANT_HEADER
from tamamo.kernel.errors import Problem, Unauthorized
from tamamo.kernel.identity import Access

#: Filters as in queries for entities (6.4.3.2).
_FILTERS = frozenset(
    {"id", "idPattern", "q", "scopeQ", "attrs", "georel", "geometry", "coordinates", "geoproperty"}
)
_PARAMETERS = frozenset({"type", "bbox", "tenant", "after"}) | _FILTERS


class EventStream:
    """An ASGI application for one browser: from the subscription to its end."""

    def __init__(
        self,
        broker: Broker,
        tenant: str,
        terms: TermMap,
        request: "StreamRequest",
        *,
        reader: Reader,
        access: Access,
        subject: str,
    ) -> None:
        """access: of the reader, a subject; the stream ends when it is another one."""
        self._subject = subject
        self._broker = broker
        self._tenant = tenant
        self._terms = terms
        self._request = request
        self._reader = reader
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the browser leaves, is too slow, or the process goes down."""
        wanted = self._request
        async with self._broker.changes.subscribe(
            self._tenant,
            wanted.types,
            wanted.bbox,
            wanted.after,
            query=wanted.query,
            attrs=wanted.attrs,
            reach=self._access.subscribe,
        ) as changes:
            await stream_to(self._pieces(changes), receive, send)

    async def _pieces(self, changes: Subscription) -> AsyncIterator[bytes]:
        yield b"retry: %d\n\n" % RETRY
        if changes.gap or self._request.ahead:
            yield event("reset", {"reason": "expired" if changes.gap else "unknown"})
        try:
            while True:
                change = await changes.next(HEARTBEAT)
                if change is not None and not await self._reader.still_has(self._access):
                    # It asks again, and is told what it may do now.
                    yield event("end", {"reason": "access"})
                    return
                if change is not None:
                    await self._note(change)
                yield b":\n\n" if change is None else event_of(change, self._terms, changes.filter)
        except SlowReader:
            yield event("end", {"reason": "slow"})
        except Closed:
            yield event("end", {"reason": "closing"})

    async def _note(self, change: Change) -> None:
        """Note that personal data are told, before they are."""
        broker = self._broker
        personal = broker.towns.personal(self._tenant)
        if broker.identity.key is None or personal.isdisjoint(change.types):
            return
        act = acting.Act(self._tenant, self._subject, "GET /sse", personal)
        with acting.acting(act):
            acting.shown(change.entity_id, change.types)
            await acting.keep_reads(broker.pool)


class StreamRequest:
    """The parameters of one stream. Raises a Problem naming the one that cannot be used."""

    def __init__(self, request: Request, terms: TermMap) -> None:
        params = request.query_params
        for name in params:
            if name not in _PARAMETERS:
                raise InvalidRequest(f"/sse has no parameter {name!r}", field=name)
        # All readers share one look at the outbox: a name PostgreSQL refuses would stop them all.
        check_text(params.get("type", ""), "type")
        names = [name.strip() for name in params.get("type", "").split(",") if name.strip()]
        self.types = [terms.expand_type(name) for name in names] or None
        self.bbox = read_bbox(params["bbox"]) if "bbox" in params else None
        filters = {name: params[name] for name in _FILTERS if name in params}
        for name, text in filters.items():
            check_text(text, name)
        # However wide it is, it is answered from here alone.
        read = query.read({**filters, "local": "true"}, terms) if filters else None
        self.attrs = None if read is None or not read.attrs else frozenset(read.attrs)
        self.query = None if read is None or filters.keys() <= {"attrs"} else read
        self._last = request.headers.get("last-event-id")
        self.after = self._last or params.get("after") or None
        #: Whether it goes on behind a position that this database does not have.
        self.ahead = False
        if self.after is not None:
            try:
                Position.parse(self.after)
            except ValueError as error:
                raise BadRequestData(f"Last-Event-ID: {error}", field="Last-Event-ID") from error

    async def check(self, changes: ChangeService) -> None:
        """Find whether its position can be gone on from.

        A browser that comes back with one of another database begins anew. Raises BadRequestData
        for the parameter `after`.
        """
        if self.after is None or not await changes.is_ahead(self.after):
            return
        if not self._last:
            raise BadRequestData(
                f"after: there is no change {self.after} yet; take the id of an event",
                field="after",
            )
        self.after, self.ahead = None, True


def read_bbox(text: str) -> BBox:
    """Return the area a text `west,south,east,north` in degrees names."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise BadRequestData("bbox is west,south,east,north in degrees", field="bbox") from None
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise BadRequestData("bbox lies outside the Earth or is upside down", field="bbox")
    return west, south, east, north


def event_of(change: Change, terms: TermMap, wanted: Filter) -> bytes:
    """Return a change as an event: what it is to the reader, with the simplified entity."""
    sight = wanted.sight(change)
    made = (terms, sight, wanted.attrs, wanted.reach)
    rendered = change.rendered.get(made)
    if rendered is None:
        seen = change.within(wanted.reach) or change
        rendered = change.rendered[made] = _render(seen, terms, sight, wanted.attrs)
    return rendered


def _render(
    change: Change, terms: TermMap, sight: Sight | None, attrs: frozenset[str] | None
) -> bytes:
    if sight != "entity":
        data = {"id": change.entity_id, "type": represent_types(change.types, terms)}
        return event(sight or "left", data, change.position)
    data = represent(change.entity, terms, View(format="simplified", attrs=attrs))
    shown = (iri for iri in change.changed if attrs is None or iri in attrs)
    data["changed"] = [terms.compact_iri(iri) for iri in shown]
    return event("entity", data, change.position)


async def stream(request: Request) -> ASGIApp:
    """Open a stream, or say what is wrong with the request."""
    broker: Broker = request.state.broker
    try:
        if town := request.query_params.get("town"):
            return await open_town(request, town)
        tenant = (
            request.query_params.get("tenant")
            or request.headers.get(TENANT_HEADER)
            or DEFAULT_TENANT
        )
        reader = Reader(broker.identity, request, tenant)
        try:
            actor = await reader.actor()
        except Unauthorized:
            broker.limits.check_address(request.scope)
            raise
        broker.limits.check(tenant, actor, request.scope)
        access = await reader.access()
        admit(actor, access, Needs.FOLLOW)
        await broker.tenants.require(tenant)
        links = tuple(request.headers.getlist("link"))
        link = negotiation.context_link(links) if links else None
        terms = await broker.contexts.resolve(tenant, link)
        wanted = StreamRequest(request, terms)
        await wanted.check(broker.changes)
        return EventStream(
            broker, tenant, terms, wanted, reader=reader, access=access, subject=actor.subject
        )
    except Problem as problem:
        return problem_answer(problem, request.headers)


class SseEndpoint:
    """The route of `/sse`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await stream(Request(scope, receive))
        await response(scope, receive, send)


routes = [Route("/sse", SseEndpoint(), methods=["GET"])]
