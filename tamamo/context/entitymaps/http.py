"""/entityMaps and /temporal/entityMaps (clauses 6.32, 6.34, 6.35)."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from tamamo.context import http
from tamamo.context.access.admission import Needs
from tamamo.context.entities import http as entities
from tamamo.context.entities import view as views
from tamamo.context.entitymaps import asking, evolutions, querying
from tamamo.context.entitymaps.service import EntityMap
from tamamo.context.errors import BadRequestData
from tamamo.context.http import Exchange, Operation, Resource
from tamamo.context.model.values import Fault, check_moment, check_uri
from tamamo.context.query import request
from tamamo.context.temporal import http as temporal
from tamamo.context.temporal import request as temporal_request
from tamamo.kernel.time import from_text


async def create(exchange: Exchange) -> Response:
    """Create EntityMap for Query Entities (6.34.3.1)."""
    entities.check_source_filter(exchange)
    wanted = request.read(exchange.params, exchange.terms)
    views.read_wish(exchange)
    lifetime = asking.read_lifetime(exchange.params)
    return await _created(
        exchange, await querying.create(exchange, asking.Asked(None, lifetime), wanted)
    )


async def create_by_post(exchange: Exchange) -> Response:
    """Create EntityMap for Query Entities via POST (6.34.3.2)."""
    if "temporalQ" in exchange.body:
        raise BadRequestData("/temporalQ: only in a temporal query", field="/temporalQ")
    wanted = request.read_body(exchange.body, exchange.params, exchange.terms)
    views.read_wish(exchange, exchange.body)
    lifetime = asking.read_lifetime(exchange.body)
    return await _created(
        exchange, await querying.create(exchange, asking.Asked(None, lifetime), wanted)
    )


async def create_temporal(exchange: Exchange) -> Response:
    """Create EntityMap for Query Temporal Evolution of Entities (6.35.3.1)."""
    wanted = temporal_request.read_query(exchange)
    lifetime = asking.read_lifetime(exchange.params)
    return await _created(exchange, await evolutions.create(exchange, lifetime, wanted))


async def create_temporal_by_post(exchange: Exchange) -> Response:
    """Create EntityMap for Query Temporal Evolution of Entities via POST (6.35.3.2)."""
    wanted = temporal_request.read_body(exchange)
    lifetime = asking.read_lifetime(exchange.body)
    return await _created(exchange, await evolutions.create(exchange, lifetime, wanted))


async def retrieve(exchange: Exchange) -> Response:
    """Retrieve EntityMap (6.32.3.1)."""
    shown = await exchange.broker.entity_maps.show(exchange.tenant, _id(exchange))
    return http.answer(exchange, shown)


async def update(exchange: Exchange) -> Response:
    """Update EntityMap (6.32.3.2): when it ends; all else is the broker's."""
    map_id = _id(exchange)
    moment = exchange.body.get("expiresAt")
    try:
        expiry = None if moment is None else from_text(check_moment(moment, "/expiresAt"))
    except Fault as fault:
        raise fault.problem() from None
    await exchange.broker.entity_maps.set_expiry(exchange.tenant, map_id, expiry)
    return http.no_content(exchange)


async def delete(exchange: Exchange) -> Response:
    """Delete EntityMap (6.32.3.3)."""
    await exchange.broker.entity_maps.delete(exchange.tenant, _id(exchange))
    return http.no_content(exchange)


async def _created(exchange: Exchange, made: EntityMap) -> Response:
    shown = await exchange.broker.entity_maps.show(exchange.tenant, made.id)
    headers = {asking.HEADER: asking.location_of(made.id)}
    return http.answer(exchange, shown, 201, headers)


def _id(exchange: Exchange) -> str:
    try:
        return check_uri(exchange.path["id"], "id")
    except Fault as fault:
        raise fault.problem() from None


_BESIDE_BODY: Final = frozenset({"limit", "offset", "count", "options", "format"})

routes = [
    Route(
        "/entityMaps",
        Resource(
            GET=Operation(handler=create, params=entities.QUERY_PARAMS, options=views.OPTIONS),
            POST=Operation(
                handler=create_by_post, params=_BESIDE_BODY, options=views.OPTIONS, body=dict
            ),
        ),
    ),
    Route(
        "/temporal/entityMaps",
        Resource(
            GET=Operation(
                handler=create_temporal,
                params=temporal.QUERY_PARAMS,
                options=temporal_request.OPTIONS,
            ),
            POST=Operation(
                handler=create_temporal_by_post,
                params=_BESIDE_BODY,
                options=temporal_request.OPTIONS,
                body=dict,
            ),
        ),
    ),
    Route(
        "/entityMaps/{id}",
        Resource(
            GET=Operation(handler=retrieve),
            PATCH=Operation(handler=update, body=dict, needs=Needs.OWN, writes=True),
            DELETE=Operation(handler=delete, needs=Needs.OWN, writes=True),
        ),
    ),
]
