"""The resources entities, entities/{id} and its attributes (clauses 6.4 to 6.7)."""

from typing import Final
from urllib.parse import quote

from starlette.responses import Response
from starlette.routing import Route

from tamamo.context import addressed, http
from tamamo.context.distribution import purging, writes
from tamamo.context.distribution import query as distributed_query
from tamamo.context.distribution import retrieve as distributed_retrieve
from tamamo.context.distribution.provision import distributed
from tamamo.context.entities import store
from tamamo.context.entities import view as views
from tamamo.context.entities.service import TypeSelector
from tamamo.context.entitymaps import answering, asking, querying
from tamamo.context.errors import BadRequestData, ResourceNotFound
from tamamo.context.http import Exchange, Operation, Resource
from tamamo.context.model import merge, parse
from tamamo.context.model.entity import Entity
from tamamo.context.model.represent import View, is_shown, select
from tamamo.context.model.values import Fault, check_moment
from tamamo.context.query import plan, projection, q, request, typeq

ENTITIES: Final = "/ngsi-ld/v1/entities/"


async def create(exchange: Exchange) -> Response:
    """Create Entity (clause 6.4.3.1)."""
    entity = parse.parse_entity(exchange.body, exchange.terms)
    await exchange.broker.entities.create(exchange.tenant, entity)
    return http.created(exchange, ENTITIES + quote(entity.id, safe=":"))


async def query(exchange: Exchange) -> Response:
    """Query Entities (clause 6.4.3.2)."""
    check_source_filter(exchange)
    wanted = request.read(exchange.params, exchange.terms)
    return await _answer_query(exchange, wanted, views.read_wish(exchange))


async def query_by_post(exchange: Exchange) -> Response:
    """Query Entities by POST (clause 6.23.3.1)."""
    if "temporalQ" in exchange.body:
        raise BadRequestData("/temporalQ: only in a temporal query", field="/temporalQ")
    wanted = request.read_body(exchange.body, exchange.params, exchange.terms)
    return await _answer_query(exchange, wanted, views.read_wish(exchange, exchange.body))


async def purge(exchange: Exchange) -> Response:
    """Purge Entities (clause 6.4.3.3): delete what matches, or some of its attributes."""
    params = exchange.params
    check_source_filter(exchange)
    wanted = request.read(params, exchange.terms)
    if "drop" in params and "keep" in params:
        raise BadRequestData("drop cannot stand beside keep", field="drop")
    drop, keep = (
        None
        if name not in params
        else frozenset(projection.parse_attrs(params[name], exchange.terms, name))
        for name in ("drop", "keep")
    )
    await exchange.broker.entities.purge(exchange.tenant, wanted, drop=drop, keep=keep)
    return http.no_content(exchange)


def check_source_filter(exchange: Exchange) -> None:
    """Refuse a context source filter that cannot be read; there are no sources to filter yet."""
    if "csf" in exchange.params:
        try:
            q.parse(exchange.params["csf"], exchange.terms)
        except BadRequestData as problem:
            raise BadRequestData(f"csf: {problem.detail}", field="csf") from problem


async def _answer_query(exchange: Exchange, wanted: plan.Query, wish: views.Wish) -> Response:
    asked = asking.read(exchange, exchange.body)
    if asked is not None:
        return await _answer_by_map(exchange, wanted, wish, asked)
    if exchange.broker.distribution.concerns(exchange.tenant, exchange.params):
        found = await distributed_query.answer(exchange, wanted)
        if found is not None:
            return await views.show_page(
                exchange, found.entities, wish, wanted.page, more=found.more, total=found.total
            )
    result = await exchange.broker.entities.query(exchange.tenant, wanted)
    times = wish.view.sys_attrs
    entities = [store.living(row.entity(times=times)) for row in result.rows]
    return await views.show_page(
        exchange, entities, wish, wanted.page, more=result.more, total=result.total
    )


async def _answer_by_map(
    exchange: Exchange, wanted: plan.Query, wish: views.Wish, asked: asking.Asked
) -> Response:
    used = await querying.use(exchange, asked, wanted)
    found = await querying.query(exchange, used, wanted)
    return await views.show_page(
        exchange,
        found.items,
        wish,
        wanted.page,
        more=found.after is not None,
        total=found.total,
        headers=used.headers | answering.page_headers(exchange, wanted.page, found),
        created=used.fresh,
    )


async def retrieve(exchange: Exchange) -> Response:
    """Retrieve Entity (clause 6.5.3.1)."""
    wish = views.read_wish(exchange)
    entity_id = addressed.entity_id(exchange)
    types = _types(exchange)
    asked = asking.read(exchange)
    if exchange.broker.distribution.concerns(exchange.tenant, exchange.params):
        allowed = await answering.allowed_sources(exchange, asked, entity_id)
        entity = await distributed_retrieve.retrieve(
            exchange, entity_id, types, wish.projection, allowed=allowed
        )
    else:
        entity = await exchange.broker.entities.get(exchange.tenant, entity_id, types)
    if not wish.view.whole and not _shows_anything(entity, wish.view):
        raise ResourceNotFound(f"The entity {entity_id} has none of the attributes asked for")
    headers = None if asked is None else await answering.headers_of_one(exchange, asked, entity_id)
    return await views.show(exchange, entity, wish, headers)


def _shows_anything(entity: Entity, view: View) -> bool:
    """Whether one of the attributes named is there (clauses 5.7.1.4, 6.5.3.1)."""
    named = view.attrs if view.attrs is not None else view.pick
    if named is None or not named.isdisjoint({"id", "type", "scope"}):
        return True
    return any(
        is_shown(attr, view) and select(instances, view) for attr, instances in entity.attrs.items()
    )


async def replace(exchange: Exchange) -> Response:
    """Replace Entity (clause 6.5.3.3)."""
    entity_id = addressed.entity_id(exchange)
    body = exchange.body
    body.setdefault("id", entity_id)
    entity = parse.parse_entity(body, exchange.terms)
    if entity.id != entity_id:
        raise BadRequestData(f"/id: is not the entity addressed, {entity_id}", field="/id")
    await exchange.broker.entities.replace(exchange.tenant, entity, _types(exchange))
    return http.no_content(exchange)


async def merge_entity(exchange: Exchange) -> Response:
    """Merge Entity (clause 6.5.3.4)."""
    entity_id = addressed.entity_id(exchange)
    params = exchange.params
    simplified = views.read_format(exchange) == "simplified"
    rules = parse.MERGE_SIMPLIFIED if simplified else parse.MERGE
    try:
        observed_at = (
            check_moment(params["observedAt"], "observedAt") if "observedAt" in params else None
        )
    except Fault as fault:
        raise fault.problem() from None
    fragment = parse.parse_fragment(exchange.body, exchange.terms, rules, entity_id=entity_id)
    await exchange.broker.entities.merge_patch(
        exchange.tenant,
        entity_id,
        fragment,
        exchange.terms,
        observed_at=observed_at,
        lang=params.get("lang"),
        types=_types(exchange),
    )
    return http.no_content(exchange)


async def delete(exchange: Exchange) -> Response:
    """Delete Entity (clause 6.5.3.2)."""
    entity_id = addressed.entity_id(exchange)
    await exchange.broker.entities.delete(exchange.tenant, entity_id, _types(exchange))
    return http.no_content(exchange)


async def append_attributes(exchange: Exchange) -> Response:
    """Append Attributes (clause 6.6.3.1)."""
    entity_id = addressed.entity_id(exchange)
    fragment = parse.parse_fragment(
        exchange.body, exchange.terms, parse.APPEND, entity_id=entity_id
    )
    change = await exchange.broker.entities.append(
        exchange.tenant,
        entity_id,
        fragment,
        overwrite="noOverwrite" not in exchange.options,
        types=_types(exchange),
    )
    return _update_result(exchange, change)


async def update_attributes(exchange: Exchange) -> Response:
    """Update Attributes (clause 6.6.3.2)."""
    entity_id = addressed.entity_id(exchange)
    fragment = parse.parse_fragment(
        exchange.body, exchange.terms, parse.UPDATE, entity_id=entity_id
    )
    change = await exchange.broker.entities.update(
        exchange.tenant, entity_id, fragment, _types(exchange)
    )
    return _update_result(exchange, change)


def _update_result(exchange: Exchange, change: merge.Change) -> Response:
    """Return 204, or 207 with what was not updated and why (clause 5.2.18), in full names."""
    if not change.not_updated:
        return http.no_content(exchange)
    refused = [{"attributeName": attr, "reason": why} for attr, why in change.not_updated]
    return http.plain(exchange, {"updated": change.changed, "notUpdated": refused}, 207)


async def update_attribute(exchange: Exchange) -> Response:
    """Partial Attribute Update (clause 6.7.3.1)."""
    entity_id, attr = addressed.entity_id(exchange), addressed.attribute(exchange)
    part = parse.parse_attribute(exchange.body, exchange.terms, parse.PARTIAL, attr)
    await exchange.broker.entities.update_attribute(
        exchange.tenant, entity_id, attr, part, _types(exchange)
    )
    return http.no_content(exchange)


async def replace_attribute(exchange: Exchange) -> Response:
    """Replace Attribute (clause 6.7.3.3)."""
    entity_id, attr = addressed.entity_id(exchange), addressed.attribute(exchange)
    whole = parse.parse_attribute(exchange.body, exchange.terms, parse.APPEND, attr)
    await exchange.broker.entities.replace_attribute(
        exchange.tenant, entity_id, attr, whole, _types(exchange)
    )
    return http.no_content(exchange)


async def delete_attribute(exchange: Exchange) -> Response:
    """Delete Attribute (clause 6.7.3.2)."""
    entity_id, attr = addressed.entity_id(exchange), addressed.attribute(exchange, scope=True)
    dataset = exchange.params.get("datasetId")
    if dataset is not None:
        addressed.uri(dataset, "datasetId")
    await exchange.broker.entities.delete_attribute(
        exchange.tenant,
        entity_id,
        attr,
        dataset_id=dataset,
        delete_all=exchange.flag("deleteAll"),
        types=_types(exchange),
    )
    return http.no_content(exchange)


def _types(exchange: Exchange) -> TypeSelector:
    text = exchange.params.get("type")
    return None if text is None else typeq.parse(text, exchange.terms)


_TYPE: Final = frozenset({"type"})
_SELECTION: Final = frozenset(
    {"id", "type", "idPattern", "attrs", "q", "scopeQ", "csf", "expandValues", "jsonKeys"}
    | {"georel", "geometry", "coordinates", "geoproperty"}
)
_PAGING: Final = frozenset({"limit", "offset", "count"})
#: Parameters of Query Entities (table 6.4.3.2-1).
QUERY_PARAMS: Final = request.PARAMETERS | views.PARAMS | asking.PARAMS | {"csf", "splitEntities"}

#: What is asked most often stands first.
routes = [
    Route(
        "/entities/{id}",
        Resource(
            GET=Operation(
                handler=retrieve,
                params=views.PARAMS | _TYPE | asking.PARAMS,
                options=views.OPTIONS,
                geojson=True,
            ),
            PATCH=Operation(
                handler=distributed(merge_entity, writes.MERGE),
                params=frozenset({"type", "format", "options", "lang", "observedAt"}),
                options=frozenset({"simplified", "keyValues", "concise", "normalized"}),
                body=dict,
                writes=True,
            ),
            PUT=Operation(
                handler=distributed(replace, writes.REPLACE), params=_TYPE, body=dict, writes=True
            ),
            DELETE=Operation(handler=distributed(delete, writes.DELETE), params=_TYPE, writes=True),
        ),
    ),
    Route(
        "/entities/{id}/attrs/{attr}",
        Resource(
            PATCH=Operation(
                handler=distributed(update_attribute, writes.UPDATE_ATTRIBUTE),
                params=_TYPE,
                body=dict,
                writes=True,
            ),
            PUT=Operation(
                handler=distributed(replace_attribute, writes.REPLACE_ATTRIBUTE),
                params=_TYPE,
                body=dict,
                writes=True,
            ),
            DELETE=Operation(
                handler=distributed(delete_attribute, writes.DELETE_ATTRIBUTE),
                params=_TYPE | {"datasetId", "deleteAll"},
                writes=True,
            ),
        ),
    ),
    Route(
        "/entities",
        Resource(
            GET=Operation(
                handler=query,
                params=QUERY_PARAMS,
                options=views.OPTIONS,
                geojson=True,
            ),
            POST=Operation(
                handler=distributed(create, writes.CREATE),
                body=dict,
                writes=True,
                creates_tenant=True,
            ),
            DELETE=Operation(
                handler=purging.distributed(purge),
                params=_SELECTION | {"drop", "keep"},
                writes=True,
            ),
        ),
    ),
    Route(
        "/entities/{id}/attrs",
        Resource(
            POST=Operation(
                handler=distributed(append_attributes, writes.APPEND),
                params=_TYPE | {"options"},
                options=frozenset({"noOverwrite"}),
                body=dict,
                writes=True,
            ),
            PATCH=Operation(
                handler=distributed(update_attributes, writes.UPDATE),
                params=_TYPE,
                body=dict,
                writes=True,
            ),
        ),
    ),
    Route(
        "/entityOperations/query",
        Resource(
            POST=Operation(
                handler=query_by_post,
                params=_PAGING | {"options", "format", "geometryProperty"},
                options=views.OPTIONS,
                body=dict,
                geojson=True,
            )
        ),
    ),
]
