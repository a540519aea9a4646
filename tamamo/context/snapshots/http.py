"""/snapshots (clauses 6.36 to 6.38)."""

from typing import Any, Final
from urllib.parse import quote

from starlette.responses import Response
from starlette.routing import Route

from tamamo.context import http
from tamamo.context.access.admission import Needs
from tamamo.context.errors import BadRequestData, ResourceNotFound
from tamamo.context.http import Exchange, Operation, Resource
from tamamo.context.model.values import Fault, check_uri
from tamamo.context.snapshots import document
from tamamo.context.snapshots.document import QUERIES, TEMPORAL_QUERIES
from tamamo.context.snapshots.running import Runner
from tamamo.kernel.errors import Problem

_PATH: Final = "/ngsi-ld/v1/snapshots/"


async def create(exchange: Exchange) -> Response:
    """Create Snapshot (6.36.3.1)."""
    snapshot_id, stored = document.create(exchange.body, exchange.terms)
    _check_queries(exchange, stored)
    await exchange.broker.snapshots.create(exchange.tenant, snapshot_id, stored, exchange.terms)
    return http.created(exchange, _PATH + quote(snapshot_id, safe=":"))


async def purge(exchange: Exchange) -> Response:
    """Purge Snapshots (6.36.3.2)."""
    if not exchange.params.get("q"):
        raise BadRequestData("q: says which snapshots to purge", field="q")
    if not await exchange.broker.snapshots.purge(exchange.tenant, exchange.params["q"]):
        raise ResourceNotFound("No snapshot fits q")
    return http.no_content(exchange)


async def retrieve(exchange: Exchange) -> Response:
    """Retrieve Snapshot Status (6.37.3.1)."""
    found = await exchange.broker.snapshots.get(exchange.tenant, _id(exchange))
    return http.answer(exchange, document.show(found))


async def update(exchange: Exchange) -> Response:
    """Update Snapshot Status (6.37.3.2)."""
    snapshots = exchange.broker.snapshots
    after = await snapshots.update(exchange.tenant, _id(exchange), exchange.body, exchange.terms)
    return http.answer(exchange, document.show(after))


async def delete(exchange: Exchange) -> Response:
    """Delete Snapshot (6.37.3.3)."""
    await exchange.broker.snapshots.delete(exchange.tenant, _id(exchange))
    return http.no_content(exchange)


async def clone(exchange: Exchange) -> Response:
    """Clone Snapshot (6.38.3.1)."""
    snapshots = exchange.broker.snapshots
    original = await snapshots.get(exchange.tenant, _id(exchange))
    snapshot_id, stored = document.clone(exchange.body, exchange.terms, original)
    await snapshots.create(exchange.tenant, snapshot_id, stored, exchange.terms, original)
    return http.created(exchange, _PATH + quote(snapshot_id, safe=":"))


def _check_queries(exchange: Exchange, stored: dict[str, Any]) -> None:
    """Raise BadRequestData, InvalidRequest naming the query that cannot be read."""
    runner = Runner(exchange.broker, exchange.tenant, exchange.terms)
    for name in (QUERIES, TEMPORAL_QUERIES):
        for at, body in enumerate(stored.get(name, ())):
            try:
                runner.check(body)
            except Problem as problem:
                problem.detail = f"/{name}/{at}: {problem.detail}"
                raise


def _id(exchange: Exchange) -> str:
    try:
        return check_uri(exchange.path["id"], "id")
    except Fault as fault:
        raise fault.problem() from None


routes = [
    Route(
        "/snapshots",
        Resource(
            POST=Operation(handler=create, body=dict, needs=Needs.SNAPSHOTS, writes=True),
            DELETE=Operation(
                handler=purge, params=frozenset({"q"}), needs=Needs.SNAPSHOTS, writes=True
            ),
        ),
    ),
    Route(
        "/snapshots/{id}",
        Resource(
            GET=Operation(handler=retrieve, needs=Needs.SNAPSHOTS, writes=True),
            PATCH=Operation(handler=update, body=dict, needs=Needs.SNAPSHOTS, writes=True),
            DELETE=Operation(handler=delete, needs=Needs.SNAPSHOTS, writes=True),
        ),
    ),
    Route(
        "/snapshots/{id}/clone",
        Resource(POST=Operation(handler=clone, body=dict, needs=Needs.SNAPSHOTS, writes=True)),
    ),
]
