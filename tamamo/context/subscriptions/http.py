"""/subscriptions, and the face it shares with /csourceSubscriptions (clauses 6.10 to 6.13).

Each is known to its maker and to operators alone: what it tells a receiver may hold credentials.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from starlette.responses import Response
from starlette.routing import Route

from tamamo.context import http
from tamamo.context.access.admission import Needs
from tamamo.context.broker import Broker
from tamamo.context.distribution.caller import read_via
from tamamo.context.entities import view
from tamamo.context.errors import LoopDetected
from tamamo.context.http import Exchange, Operation, Resource
from tamamo.context.model.values import Fault, check_uri
from tamamo.context.query import paging
from tamamo.context.subscriptions import document
from tamamo.context.subscriptions.document import DEFAULT_TRIGGERS
from tamamo.context.subscriptions.message import NGSI_LD
from tamamo.context.subscriptions.service import Origin, Stored, SubscriptionService
from tamamo.kernel.time import to_text

#: Where other context sources tell this broker of what it subscribed to at them (5.8.6).
CALLBACK: Final = "/ngsi-ld/ex/remote-notify"

_PAGING: Final = frozenset({"limit", "offset", "count"})
_OPTIONS: Final = frozenset({"options"})
_SYS_ATTRS: Final = frozenset({"sysAttrs"})


class Face:
    """The resources of one kind of subscriptions."""

    def __init__(
        self, path: str, service_of: Callable[[Broker], SubscriptionService], needs: Needs
    ) -> None:
        """path: of the collection, such as /subscriptions. needs: of whoever uses it."""
        self._path = path
        self._service_of = service_of
        self._needs = needs

    async def create(self, exchange: Exchange) -> Response:
        """Create a subscription (clauses 5.8.1, 5.11.2)."""
        # Its notifications in JSON have to name their @context by an address (clause 5.13.1).
        named = "jsonldContext" in exchange.body
        terms = exchange.terms if named else await http.lasting_terms(exchange)
        service = self._service(exchange)
        # What sources tell is not held against rights that are limited: then it stays here.
        goes_on = service.api == NGSI_LD and exchange.access.subscribe.everything
        origin = await _origin(exchange) if goes_on else None
        identifier = await service.create(
            exchange.tenant, exchange.body, terms, origin, exchange.actor.subject
        )
        return http.created(exchange, f"/ngsi-ld/v1{self._path}/{identifier}")

    async def query(self, exchange: Exchange) -> Response:
        """Query subscriptions (clauses 5.8.4, 5.11.5)."""
        page = paging.parse(exchange.params)
        service = self._service(exchange)
        found, more, total = await service.query(exchange.tenant, page, service.api)
        headers = view.page_headers(exchange, page, more, total)
        shown = [self._show(stored, exchange) for stored in found]
        return http.answer(exchange, shown, headers=headers)

    async def retrieve(self, exchange: Exchange) -> Response:
        """Retrieve a subscription (clauses 5.8.3, 5.11.4)."""
        service, identifier = self._service(exchange), _identifier(exchange)
        await service.settled(exchange.tenant, identifier)
        stored = await service.get(exchange.tenant, identifier, service.api)
        return http.answer(exchange, self._show(stored, exchange))

    async def update(self, exchange: Exchange) -> Response:
        """Update a subscription (clauses 5.8.2, 5.11.3)."""
        await self._service(exchange).update(
            exchange.tenant, _identifier(exchange), exchange.body, exchange.terms
        )
        return http.no_content(exchange)

    async def delete(self, exchange: Exchange) -> Response:
        """Delete a subscription (clauses 5.8.5, 5.11.6)."""
        service = self._service(exchange)
        await service.delete(exchange.tenant, _identifier(exchange), service.api)
        return http.no_content(exchange)

    @property
    def routes(self) -> list[Route]:
        """The collection and its members."""
        operation = partial(Operation, writes=True, needs=self._needs)
        collection = Resource(
            POST=operation(handler=self.create, body=dict, creates_tenant=True),
            GET=operation(handler=self.query, params=_PAGING | _OPTIONS, options=_SYS_ATTRS),
        )
        member = Resource(
            GET=operation(handler=self.retrieve, params=_OPTIONS, options=_SYS_ATTRS),
            PATCH=operation(handler=self.update, body=dict),
            DELETE=operation(handler=self.delete),
        )
        return [Route(self._path, collection), Route(f"{self._path}/{{id}}", member)]

    def _service(self, exchange: Exchange) -> SubscriptionService:
        return self._service_of(exchange.broker)

    def _show(self, stored: Stored, exchange: Exchange) -> dict[str, Any]:
        shown = document.show(stored.id, stored.document, stored.counters, exchange.terms)
        if self._service(exchange).api == NGSI_LD:
            shown.setdefault("notificationTrigger", list(DEFAULT_TRIGGERS))
            shown.setdefault("jsonldContext", stored.terms.link_url)
        if "sysAttrs" in exchange.options:
            shown["createdAt"] = to_text(stored.created_at)
            shown["modifiedAt"] = to_text(stored.modified_at)
        return shown


async def _origin(exchange: Exchange) -> Origin:
    """Return how other sources reach this broker: as this client did, unless a setting says.

    Raises LoopDetected where the request was here before: its subscriber is told already.
    """
    broker, request = exchange.broker, exchange.request
    via = read_via(request.headers.getlist("via"))
    if via:
        caller = await broker.distribution.caller(exchange.tenant, exchange.terms, request.headers)
        if caller.goes_round:
            raise LoopDetected("This subscription came from here")
    public = broker.settings.public_url
    own = http.absolute(request, CALLBACK)
    return Origin(own if public is None else public.rstrip("/") + CALLBACK, ", ".join(via))


def _identifier(exchange: Exchange) -> str:
    try:
        return check_uri(exchange.path["id"], "id")
    except Fault as fault:
        raise fault.problem() from None


routes = Face("/subscriptions", lambda broker: broker.subscriptions, Needs.SUBSCRIBE).routes
