"""The resources below /temporal (clauses 6.18 to 6.24): thin, the work is done elsewhere."""

from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from starlette.convertors import Convertor, register_url_convertor
from starlette.responses import Response
from starlette.routing import Route

from tamamo.context import addressed, http
from tamamo.context.distribution import temporal as distributed_temporal
from tamamo.context.distribution import writes
from tamamo.context.distribution.provision import distributed
from tamamo.context.entities import view as views
from tamamo.context.entitymaps import answering, asking, evolutions
from tamamo.context.errors import BadRequestData, ResourceNotFound
from tamamo.context.http import Exchange, Operation, Resource
from tamamo.context.model.represent import is_shown
from tamamo.context.temporal import aggregate, reading, request
from tamamo.context.temporal.body import read_evolution, read_single
from tamamo.context.temporal.represent import head, represent
from tamamo.context.temporal.request import Wanted
from tamamo.context.temporal.rows import INSTANCE_PREFIX
from tamamo.context.temporal.window import content_range
from tamamo.context.temporal.writing import Place

_PATH: Final = "/ngsi-ld/v1/temporal/entities/"


async def create(exchange: Exchange) -> Response:
    """Create or Update Temporal Evolution of an Entity (6.18.3.1)."""
    body = read_evolution(exchange.body, exchange.terms, whole=True)
    if await exchange.broker.evolutions.upsert(exchange.tenant, body):
        return http.created(exchange, _PATH + quote(body.id, safe=":"))
    return http.no_content(exchange)


async def query(exchange: Exchange) -> Response:
    """Query Temporal Evolution of Entities (6.18.3.2)."""
    return await _answer_query(exchange, request.read_query(exchange))


async def query_by_post(exchange: Exchange) -> Response:
    """Query Temporal Evolution of Entities by POST (6.24.3.1)."""
    return await _answer_query(exchange, request.read_body(exchange))


async def retrieve(exchange: Exchange) -> Response:
    """Retrieve Temporal Evolution of an Entity (6.19.3.1)."""
    entity_id = addressed.entity_id(exchange)
    wanted = request.read_retrieve(exchange)
    asked = asking.read(exchange)
    answer = None
    if exchange.broker.distribution.concerns(exchange.tenant, exchange.params):
        answer = await distributed_temporal.retrieve(exchange, entity_id, wanted)
    if answer is None:
        answer = await reading.retrieve(exchange.broker.pool, exchange.tenant, entity_id, wanted)
    shown = _represent(exchange, wanted, answer)[0]
    if _is_empty(wanted, answer, shown):
        raise ResourceNotFound(f"The evolution of {entity_id} has nothing that was asked for")
    headers: dict[str, str] = {}
    if asked is not None:
        headers = await answering.headers_of_one(exchange, asked, entity_id, past=True)
    status = _note_cut(wanted, answer, headers)
    return http.answer(exchange, shown, status, headers)


async def _answer_query(exchange: Exchange, wanted: Wanted) -> Response:
    asked = asking.read(exchange, exchange.body)
    page, created = wanted.query.page, False
    if asked is None:
        answer = None
        if exchange.broker.distribution.concerns(exchange.tenant, exchange.params):
            answer = await distributed_temporal.query(exchange, wanted)
        if answer is None:
            answer = await reading.query(exchange.broker.pool, exchange.tenant, wanted)
        headers = views.page_headers(exchange, page, answer.more, answer.total)
    else:
        used = await evolutions.use(exchange, asked, wanted)
        found = await evolutions.query(exchange, used, wanted)
        only = evolutions.only(wanted, found.items)
        answer = await evolutions.read(exchange, only)
        headers = used.headers | answering.page_headers(exchange, page, found)
        created = used.fresh
    status = _note_cut(wanted, answer, headers)
    if created and status == 200:
        status = 201
    shown = [entity for entity in _represent(exchange, wanted, answer) if entity]
    return http.answer(exchange, shown, status, headers)


def _note_cut(wanted: Wanted, answer: reading.Answer, headers: dict[str, str]) -> int:
    """Return the status; 206 when not all instances are in the answer (6.3.10).

    What retention took from the answer is said as a persistent warning (table 6.3.17-1).
    """
    if answer.gone_before is not None:
        told = f'299 tamamo "Before {answer.gone_before}, history is kept only as aggregates"'
        headers["NGSILD-Warning"] = ", ".join(filter(None, [headers.get("NGSILD-Warning"), told]))
    if wanted.page_size != request.PAGE_SIZE:
        headers["Preference-Applied"] = f"temporal-page={wanted.page_size}"
    if answer.cut is None:
        return 200
    times = wanted.times
    headers["Content-Range"] = content_range(answer.cut, times.start, times.end, times.last_n)
    return 206


def _represent(exchange: Exchange, wanted: Wanted, answer: reading.Answer) -> list[dict[str, Any]]:
    terms, view = exchange.terms, wanted.view
    if answer.aggregated is None:
        return [
            represent(evolution, answer.series[evolution.id], terms, view, wanted.form)
            for evolution in answer.evolutions
        ]
    shown = []
    for evolution in answer.evolutions:
        attrs = aggregate.represent(answer.aggregated.get(evolution.id, {}))
        named = {terms.compact_iri(iri): v for iri, v in attrs.items() if is_shown(iri, view)}
        shown.append({**head(evolution, terms, view), **named})
    return shown


def _is_empty(wanted: Wanted, answer: reading.Answer, shown: dict[str, Any]) -> bool:
    """Whether nothing is left of the one entity asked for (5.7.3.4, 4.21)."""
    if not shown:
        return True
    named = wanted.view.pick if wanted.view.attrs is None else wanted.view.attrs
    if named is not None:
        return not (named & {"id", "type", "scope"}) and shown.keys() <= {"id", "type", "scope"}
    if not wanted.timed:
        return False
    entity_id = answer.evolutions[0].id
    if answer.aggregated is not None:
        return entity_id not in answer.aggregated
    return not answer.series[entity_id]


async def delete(exchange: Exchange) -> Response:
    """Delete Temporal Evolution of an Entity (6.19.3.2)."""
    await exchange.broker.evolutions.delete(exchange.tenant, addressed.entity_id(exchange))
    return http.no_content(exchange)


async def add_attributes(exchange: Exchange) -> Response:
    """Add Attributes to Temporal Evolution of an Entity (6.20.3.1)."""
    entity_id = addressed.entity_id(exchange)
    body = read_evolution(exchange.body, exchange.terms, whole=False)
    if body.id not in {"", entity_id}:
        raise BadRequestData(f"/id: is not the entity addressed, {entity_id}", field="/id")
    await exchange.broker.evolutions.add(exchange.tenant, entity_id, body)
    return http.no_content(exchange)


async def delete_attribute(exchange: Exchange) -> Response:
    """Delete Attribute from Temporal Evolution of an Entity (6.21.3.1)."""
    entity_id, attr = addressed.entity_id(exchange), addressed.attribute(exchange, scope=True)
    dataset = exchange.params.get("datasetId", "")
    if dataset:
        dataset = addressed.uri(dataset, "datasetId")
    which = None if exchange.flag("deleteAll") else dataset
    await exchange.broker.evolutions.delete_attribute(exchange.tenant, entity_id, attr, which)
    return http.no_content(exchange)


async def replace_instance(exchange: Exchange) -> Response:
    """Modify Attribute instance in Temporal Evolution of an Entity (6.22.3.1)."""
    place = _place(exchange)
    instance = read_single(exchange.body, exchange.terms, place.attr)
    await exchange.broker.evolutions.replace_instance(place, instance)
    return http.no_content(exchange)


async def delete_instance(exchange: Exchange) -> Response:
    """Delete Attribute instance from Temporal Evolution of an Entity (6.22.3.2)."""
    await exchange.broker.evolutions.delete_instance(_place(exchange))
    return http.no_content(exchange)


def _place(exchange: Exchange) -> Place:
    entity_id, attr = addressed.entity_id(exchange), addressed.attribute(exchange, scope=True)
    return Place(exchange.tenant, entity_id, attr, _instance_id(exchange))


def _instance_id(exchange: Exchange) -> UUID:
    """Return the id in the path. Raises ResourceNotFound for a URI that is none of ours."""
    text = addressed.uri(exchange.path["instance"], "instanceId")
    try:
        return UUID(text.removeprefix(INSTANCE_PREFIX))
    except ValueError:
        raise ResourceNotFound(f"There is no instance {text}") from None


_SELECTION: Final = frozenset(
    {"id", "type", "idPattern", "q", "scopeQ", "csf", "expandValues", "jsonKeys"}
    | {"georel", "geometry", "coordinates", "geoproperty", "orderBy", "collation"}
    | {"splitEntities"}
)
_PAGING: Final = frozenset({"limit", "offset", "count"})
_SHOWN: Final = request.SHOWN | request.TIMES | request.AGGREGATES | asking.PARAMS
#: Parameters of Query Temporal Evolution of Entities (table 6.18.3.2-1).
QUERY_PARAMS: Final = _SELECTION | _PAGING | _SHOWN


class _Segment(Convertor[str]):
    """A part of a path, empty too: a missing name is the client's error, not another resource."""

    regex = "[^/]*"

    def convert(self, value: str) -> str:
        """Return the part as it is; it is decoded later."""
        return value

    def to_string(self, value: str) -> str:
        """Return the part for a path."""
        return value


register_url_convertor("segment", _Segment())
_ENTITY: Final = "/temporal/entities/{id:segment}"

routes = [
    Route(
        "/temporal/entities",
        Resource(
            GET=Operation(handler=query, params=QUERY_PARAMS, options=request.OPTIONS),
            POST=Operation(
                handler=distributed(create, writes.UPSERT_EVOLUTION),
                body=dict,
                writes=True,
                creates_tenant=True,
            ),
        ),
    ),
    Route(
        "/temporal/entityOperations/query",
        Resource(
            POST=Operation(
                handler=query_by_post,
                params=_PAGING | {"options", "format"},
                options=request.OPTIONS,
                body=dict,
            )
        ),
    ),
    Route(
        _ENTITY,
        Resource(
            GET=Operation(handler=retrieve, params=_SHOWN, options=request.OPTIONS),
            DELETE=Operation(handler=distributed(delete, writes.DELETE_EVOLUTION), writes=True),
        ),
    ),
    Route(
        f"{_ENTITY}/attrs",
        Resource(
            POST=Operation(
                handler=distributed(add_attributes, writes.ADD_TO_EVOLUTION), body=dict, writes=True
            )
        ),
    ),
    Route(
        f"{_ENTITY}/attrs/{{attr:segment}}",
        Resource(
            DELETE=Operation(
                handler=distributed(delete_attribute, writes.DELETE_FROM_EVOLUTION),
                params=frozenset({"datasetId", "deleteAll"}),
                writes=True,
            )
        ),
    ),
    Route(
        f"{_ENTITY}/attrs/{{attr:segment}}/{{instance:segment}}",
        Resource(
            PATCH=Operation(
                handler=distributed(replace_instance, writes.REPLACE_INSTANCE),
                body=dict,
                writes=True,
            ),
            DELETE=Operation(
                handler=distributed(delete_instance, writes.DELETE_INSTANCE), writes=True
            ),
        ),
    ),
]
