"""/subscriptions (clauses 6.10, 6.11).

Reading them needs the key too: what a subscription tells a receiver may hold its credentials.
"""

from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from tamamo.context import http
from tamamo.context.entities import view
from tamamo.context.http import Exchange, Operation, Resource
from tamamo.context.model.values import Fault, check_uri
from tamamo.context.query import paging
from tamamo.context.subscriptions import document
from tamamo.context.subscriptions.service import Stored
from tamamo.kernel.time import to_text


async def create(exchange: Exchange) -> Response:
    """Create a subscription (clause 5.8.1)."""
    # Its notifications in JSON have to name their @context by an address (clause 5.13.1).
    named = "jsonldContext" in exchange.body
    terms = exchange.terms if named else await http.lasting_terms(exchange)
    identifier = await exchange.broker.subscriptions.create(exchange.tenant, exchange.body, terms)
    return http.created(exchange, f"/ngsi-ld/v1/subscriptions/{identifier}")


async def query(exchange: Exchange) -> Response:
    """Query subscriptions (clause 5.8.4)."""
    page = paging.parse(exchange.params)
    found, more, total = await exchange.broker.subscriptions.query(exchange.tenant, page)
    headers = view.page_headers(exchange, page, more, total)
    return http.answer(exchange, [_show(stored, exchange) for stored in found], headers=headers)


async def retrieve(exchange: Exchange) -> Response:
    """Retrieve a subscription (clause 5.8.3)."""
    stored = await exchange.broker.subscriptions.get(exchange.tenant, _identifier(exchange))
    return http.answer(exchange, _show(stored, exchange))


async def update(exchange: Exchange) -> Response:
    """Update a subscription (clause 5.8.2)."""
    await exchange.broker.subscriptions.update(
        exchange.tenant, _identifier(exchange), exchange.body, exchange.terms
    )
    return http.no_content(exchange)


async def delete(exchange: Exchange) -> Response:
    """Delete a subscription (clause 5.8.5)."""
    await exchange.broker.subscriptions.delete(exchange.tenant, _identifier(exchange))
    return http.no_content(exchange)


def _identifier(exchange: Exchange) -> str:
    try:
        return check_uri(exchange.path["id"], "id")
    except Fault as fault:
        raise fault.problem() from None


def _show(stored: Stored, exchange: Exchange) -> dict[str, Any]:
    shown = document.show(stored.id, stored.document, stored.terms, stored.counters, exchange.terms)
    if "sysAttrs" in exchange.options:
        shown["createdAt"] = to_text(stored.created_at)
        shown["modifiedAt"] = to_text(stored.modified_at)
    return shown


_PAGING = frozenset({"limit", "offset", "count"})
_OPTIONS = frozenset({"options"})
_SYS_ATTRS = frozenset({"sysAttrs"})

routes = [
    Route(
        "/subscriptions",
        Resource(
            POST=Operation(handler=create, body=dict, writes=True, creates_tenant=True),
            GET=Operation(
                handler=query, params=_PAGING | _OPTIONS, options=_SYS_ATTRS, writes=True
            ),
        ),
    ),
    Route(
        "/subscriptions/{id}",
        Resource(
            GET=Operation(handler=retrieve, params=_OPTIONS, options=_SYS_ATTRS, writes=True),
            PATCH=Operation(handler=update, body=dict, writes=True),
            DELETE=Operation(handler=delete, writes=True),
        ),
    ),
]
