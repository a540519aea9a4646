"""/csourceRegistrations (clauses 6.8, 6.9).

They are for operators alone: what is told to a source may hold the credentials for it.
"""

from typing import Any, Final

from starlette.responses import Response
from starlette.routing import Route

from tamamo.context import http
from tamamo.context.access.admission import Needs
from tamamo.context.entities.view import page_headers
from tamamo.context.http import Exchange, Operation, Resource
from tamamo.context.model.values import Fault
from tamamo.context.query import q, request, temporalq
from tamamo.context.query.text import names_of
from tamamo.context.registrations import document
from tamamo.context.registrations.matching import Wanted
from tamamo.context.registrations.service import Registration
from tamamo.kernel.time import now, to_text

_PATH: Final = "/ngsi-ld/v1/csourceRegistrations/"


async def register(exchange: Exchange) -> Response:
    """Register context source (clause 5.9.2)."""
    registration_id, stored = document.create(exchange.body, exchange.terms, now())
    await exchange.broker.registrations.create(exchange.tenant, registration_id, stored)
    return http.created(exchange, _PATH + registration_id)


async def query(exchange: Exchange) -> Response:
    """Query context source registrations (clause 5.10.2)."""
    wanted = read_query(exchange)
    found = await exchange.broker.registrations.query(exchange.tenant, wanted)
    page = wanted.entities.page
    end = page.offset + page.limit
    headers = page_headers(exchange, page, end < len(found), len(found))
    shown = [_show(exchange, one) for one in found[page.offset : end]]
    return http.answer(exchange, shown, headers=headers)


async def retrieve(exchange: Exchange) -> Response:
    """Retrieve context source registration (clause 5.10.1)."""
    found = await exchange.broker.registrations.retrieve(exchange.tenant, _id(exchange))
    return http.answer(exchange, _show(exchange, found))


async def update(exchange: Exchange) -> Response:
    """Update context source registration (clause 5.9.3)."""
    registration_id, moment = _id(exchange), now()

    def change(stored: document.Document) -> document.Document:
        return document.change(registration_id, stored, exchange.body, exchange.terms, moment)

    await exchange.broker.registrations.update(exchange.tenant, registration_id, change)
    return http.no_content(exchange)


async def delete(exchange: Exchange) -> Response:
    """Delete context source registration (clause 5.9.4)."""
    await exchange.broker.registrations.delete(exchange.tenant, _id(exchange))
    return http.no_content(exchange)


def read_query(exchange: Exchange) -> Wanted:
    """Return the query of the parameters (table 6.8.3.2-1). Raises BadRequestData."""
    params, terms = exchange.params, exchange.terms
    csf, datasets = params.get("csf"), params.get("datasetId")
    return Wanted(
        entities=request.read(params, terms),
        temporal=temporalq.parse(params),
        csf=None if csf is None else q.parse(csf, terms, field="csf"),
        datasets=frozenset(names_of(datasets, "datasetId")) if datasets else frozenset(),
        terms=terms,
    )


def _id(exchange: Exchange) -> str:
    try:
        return document.check_id(exchange.path["id"])
    except Fault as fault:
        raise fault.problem() from None


def _show(exchange: Exchange, one: Registration) -> dict[str, Any]:
    shown = document.show(one.id, one.document, exchange.terms) | _activity(one)
    if "sysAttrs" in exchange.options:
        shown["createdAt"] = to_text(one.created_at)
        shown["modifiedAt"] = to_text(one.modified_at)
    return shown


def _activity(one: Registration) -> dict[str, Any]:
    """Return what came of the requests to the source (table 5.2.9-2), once there were any."""
    if not one.times_sent:
        return {}
    shown: dict[str, Any] = {"timesSent": one.times_sent, "timesFailed": one.times_failed}
    times = {"lastSuccess": one.last_success, "lastFailure": one.last_failure}
    known = {name: moment for name, moment in times.items() if moment is not None}
    latest = max(known, key=lambda name: known[name])
    shown["status"] = "ok" if latest == "lastSuccess" else "failed"
    return shown | {name: to_text(moment) for name, moment in known.items()}


_SELECTION: Final = frozenset(
    {"id", "idPattern", "type", "attrs", "pick", "omit", "q", "scopeQ", "csf", "datasetId", "lang"}
    | {"georel", "geometry", "coordinates", "geoproperty", "geometryProperty"}
    | {"timerel", "timeAt", "endTimeAt", "timeproperty", "limit", "offset", "count", "options"}
)
_SYSTEM: Final = frozenset({"sysAttrs"})

routes = [
    Route(
        "/csourceRegistrations",
        Resource(
            GET=Operation(
                handler=query, params=_SELECTION, options=_SYSTEM, needs=Needs.SOURCES, writes=True
            ),
            POST=Operation(
                handler=register, body=dict, needs=Needs.SOURCES, writes=True, creates_tenant=True
            ),
        ),
    ),
    Route(
        "/csourceRegistrations/{id}",
        Resource(
            GET=Operation(
                handler=retrieve,
                params=frozenset({"options"}),
                options=_SYSTEM,
                needs=Needs.SOURCES,
                writes=True,
            ),
            PATCH=Operation(handler=update, body=dict, needs=Needs.SOURCES, writes=True),
            DELETE=Operation(handler=delete, needs=Needs.SOURCES, writes=True),
        ),
    ),
]
