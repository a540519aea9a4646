"""/jsonldContexts (clauses 6.29, 6.30)."""

from typing import Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from tamamo.context import http
from tamamo.context.access.admission import Needs
from tamamo.context.contexts.library import PATH, Entry, Kind
from tamamo.context.errors import BadRequestData, InvalidRequest, OperationNotSupported
from tamamo.context.http import Exchange, Operation, Resource
from tamamo.kernel.time import to_text


async def add(exchange: Exchange) -> Response:
    """Add @context (clause 5.13.2); what stands beside the member @context is not kept."""
    if "@context" not in exchange.body:
        raise InvalidRequest("The body has no member @context", field="/@context")
    service = exchange.broker.stored_contexts
    path = await service.add(exchange.tenant, exchange.body["@context"])
    return http.created(exchange, path)


async def list_all(exchange: Exchange) -> Response:
    """List @contexts (clause 5.13.3)."""
    details = exchange.flag("details")
    kind = exchange.params.get("kind")
    if kind is not None and kind not in list(Kind):
        raise BadRequestData(f"kind is one of {', '.join(Kind)}, not {kind!r}", field="kind")
    entries = await exchange.broker.stored_contexts.entries(
        exchange.tenant, None if kind is None else Kind(kind)
    )
    shown = [_details(entry, exchange) if details else _url(entry, exchange) for entry in entries]
    return _json(exchange, shown)


async def serve(exchange: Exchange) -> Response:
    """Serve @context (clause 5.13.4)."""
    details = exchange.flag("details")
    entry = await exchange.broker.stored_contexts.entry(exchange.tenant, exchange.path["id"])
    if details:
        return _json(exchange, _details(entry, exchange))
    if entry.kind is Kind.CACHED:
        raise OperationNotSupported(f"A cached @context is served where it is: {entry.url}")
    return _json(exchange, {"@context": entry.context})


async def delete(exchange: Exchange) -> Response:
    """Delete and reload @context (clause 5.13.5)."""
    service = exchange.broker.stored_contexts
    change = service.reload if exchange.flag("reload") else service.delete
    await change(exchange.tenant, exchange.path["id"])
    return http.no_content(exchange)


def _url(entry: Entry, exchange: Exchange) -> str:
    return entry.url or http.absolute(exchange.request, PATH + entry.id)


def _details(entry: Entry, exchange: Exchange) -> dict[str, Any]:
    details = {
        "URL": _url(entry, exchange),
        "localId": entry.id,
        "kind": entry.kind,
        "createdAt": to_text(entry.created_at),
    }
    if entry.expires_at is not None:
        details["expiresAt"] = to_text(entry.expires_at)
    return details


def _json(exchange: Exchange, payload: Any) -> Response:
    """Return JSON that no @context is needed to read."""
    return Response(orjson.dumps(payload), 200, exchange.echo, exchange.media)


_DETAILS = frozenset({"details"})

routes = [
    Route(
        "/jsonldContexts",
        Resource(
            GET=Operation(handler=list_all, params=_DETAILS | {"kind"}, any_tenant=True),
            POST=Operation(
                handler=add,
                body=dict,
                own_context=True,
                needs=Needs.CONTEXTS,
                writes=True,
                creates_tenant=True,
            ),
        ),
    ),
    Route(
        "/jsonldContexts/{id}",
        Resource(
            GET=Operation(handler=serve, params=_DETAILS),
            DELETE=Operation(
                handler=delete, params=frozenset({"reload"}), needs=Needs.CONTEXTS, writes=True
            ),
        ),
    ),
]
