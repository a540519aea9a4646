"""How a client asks to see entities, and the answer in that form (clauses 6.3.7 to 6.3.15)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast
from urllib.parse import parse_qsl, urlencode

from starlette.responses import Response

from tamamo.context import http, negotiation
from tamamo.context.distribution.retrieve import find_linked
from tamamo.context.entities import fallback, linked
from tamamo.context.entities.linked import Join, Linker
from tamamo.context.errors import BadRequestData, InvalidRequest, ResourceNotFound
from tamamo.context.http import Exchange
from tamamo.context.model import geojson
from tamamo.context.model.entity import LOCATION, Entity
from tamamo.context.model.instances import attribute_iri
from tamamo.context.model.represent import Format, View, represent
from tamamo.context.model.values import Fault, check_uri
from tamamo.context.negotiation import GEO_JSON
from tamamo.context.query import projection
from tamamo.context.query.paging import Page
from tamamo.context.query.projection import Projection
from tamamo.context.query.text import names_of

COUNT_HEADER: Final = "NGSILD-Results-Count"
#: Parameters and options that choose a representation.
PARAMS: Final = frozenset(
    {"options", "format", "attrs", "pick", "omit", "lang", "datasetId", "geometryProperty"}
    | linked.PARAMS
)
_FORMATS: Final = {
    "normalized": "normalized",
    "concise": "concise",
    "simplified": "simplified",
    "keyValues": "simplified",
}
OPTIONS: Final = frozenset({*_FORMATS, "sysAttrs"})


def read_format(exchange: Exchange) -> Format:
    """Return the format asked for; `format` wins over `options` (clause 6.3.7)."""
    if "format" in exchange.params:
        asked = [exchange.params["format"]]
    else:
        asked = [keyword for keyword in _FORMATS if keyword in exchange.options]
    if not asked:
        return "normalized"
    formats = {_FORMATS.get(name) for name in asked}
    if len(formats) > 1 or None in formats:
        raise InvalidRequest(f"format: one of {', '.join(_FORMATS)} is expected", field="format")
    return cast(Format, formats.pop())


@dataclass(frozen=True, slots=True)
class Wish:
    """How a client wants to see entities."""

    view: View
    projection: Projection
    join: Join | None = None


_PLAIN: Final = Wish(View(), Projection())


def read_wish(exchange: Exchange, body: Mapping[str, Any] | None = None) -> Wish:
    """Return how the entities are to be shown.

    body: the query of a query by POST, which then says what URL parameters say otherwise.
    Raises BadRequestData, InvalidRequest.
    """
    if not exchange.params and body is None:
        return _PLAIN
    asked = exchange.params if body is None else body
    shown = projection.read(asked, exchange.terms)
    view = View(
        format=read_format(exchange),
        sys_attrs="sysAttrs" in exchange.options,
        lang=_read_lang(asked),
        dataset_ids=_read_datasets(asked["datasetId"]) if "datasetId" in asked else None,
        geometry_property=_read_geometry(exchange),
    )
    view = linked.view_of(view, shown)
    if view.pick and not view.pick.isdisjoint(view.omit):
        raise BadRequestData("pick and omit name the same member", field="omit")
    return Wish(view, shown, linked.read_join(asked, shown))


def _read_lang(params: Mapping[str, Any]) -> str | None:
    lang = params.get("lang")
    if lang is not None and not isinstance(lang, str):
        raise BadRequestData("lang: a text is expected", field="lang")
    return lang


def _read_datasets(value: Any) -> frozenset[str]:
    datasets = names_of(value, "datasetId")
    for dataset in datasets:
        if dataset != "@none":
            try:
                check_uri(dataset, "datasetId")
            except Fault as fault:
                raise fault.problem() from None
    return frozenset(datasets)


def _read_geometry(exchange: Exchange) -> str:
    """Return the GeoProperty that becomes the geometry of a Feature (clause 6.3.15)."""
    name = exchange.params.get("geometryProperty")
    if name is None:
        return LOCATION
    if exchange.media != GEO_JSON:
        needed = "geometryProperty needs the header Accept: application/geo+json"
        raise BadRequestData(needed, field="geometryProperty")
    try:
        return attribute_iri(name, exchange.terms)
    except Fault as fault:
        detail = f"geometryProperty: {name!r} {fault.reason}"
        raise BadRequestData(detail, field="geometryProperty") from None


async def show(
    exchange: Exchange, entity: Entity, wish: Wish, headers: Mapping[str, str] | None = None
) -> Response:
    """Return one entity, as GeoJSON where that was asked for. Raises ResourceNotFound."""
    view = wish.view
    if wish.join is not None and exchange.media != GEO_JSON:
        documents = await _linker(exchange, view, wish.join).show([entity], wish.projection)
        shown = documents if wish.join.flat else documents[0]
        return http.answer(exchange, shown, headers=headers)
    (amended,), status = _amend(exchange, [entity])
    if exchange.media == GEO_JSON:
        feature = geojson.feature(amended, exchange.terms, view)
        return http.answer(exchange, feature, status, headers)
    document = represent(amended, exchange.terms, view)
    if not document:
        raise ResourceNotFound(f"Nothing of the entity {entity.id} is left to show")
    return http.answer(exchange, document, status, headers)


def _amend(exchange: Exchange, entities: Sequence[Entity]) -> tuple[Sequence[Entity], int]:
    """Return the entities for the version of the standard preferred, and 203 if that changed them.

    Clauses 4.3.6.8 and 6.5.3.1.
    """
    version = negotiation.version(exchange.preferences)
    if version is None or version == negotiation.VERSION:
        return entities, 200
    amended = [fallback.amend(entity, version, exchange.terms) for entity in entities]
    same = all(one is other for one, other in zip(amended, entities, strict=True))
    return amended, 200 if same else 203


async def show_page(
    exchange: Exchange,
    entities: Sequence[Entity],
    wish: Wish,
    page: Page,
    *,
    more: bool,
    total: int | None,
    headers: Mapping[str, str] | None = None,
    created: bool = False,
) -> Response:
    """Return a page of entities with its count and the links to its neighbours.

    headers: in place of the count and the links. created: whether an entity map was made (201).
    """
    terms, view = exchange.terms, wish.view
    entities, status = _amend(exchange, entities)
    payload: Any
    if exchange.media == GEO_JSON:
        payload = geojson.feature_collection(entities, terms, view)
    elif wish.join is not None:
        payload = await _linker(exchange, view, wish.join).show(entities, wish.projection)
    else:
        payload = [represent(entity, terms, view) for entity in entities]
    if not view.whole and isinstance(payload, list):
        payload = [document for document in payload if document]  # nothing of it is left to show
    if created and status == 200:
        status = 201
    if headers is None:
        headers = page_headers(exchange, page, more, total)
    return http.answer(exchange, payload, status, headers)


def _linker(exchange: Exchange, view: View, join: Join) -> Linker:
    return Linker(exchange.terms, view, join, partial(find_linked, exchange))


def page_headers(exchange: Exchange, page: Page, more: bool, total: int | None) -> dict[str, str]:
    """Return the count (clause 6.3.13) and the links to the pages before and after (6.3.10)."""
    headers: dict[str, str] = {}
    if page.count and total is not None:
        headers[COUNT_HEADER] = str(total)
    links = []
    if page.offset > 0 and page.limit > 0:
        before = max(0, page.offset - page.limit)
        links.append(page_link(exchange, before, min(page.limit, page.offset), "prev"))
    if more and page.limit > 0:
        links.append(page_link(exchange, page.offset + page.limit, page.limit, "next"))
    if links:
        headers["Link"] = ", ".join(links)
    return headers


def page_link(exchange: Exchange, offset: int, limit: int, relation: str) -> str:
    """Return the link to another page of the same query (clause 6.3.10)."""
    scope = exchange.request.scope
    pairs = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
    pairs |= {"limit": str(limit), "offset": str(offset)}
    query = urlencode(sorted(pairs.items()), safe=":*,/")
    return f'<{scope["path"]}?{query}>; rel="{relation}";type="{exchange.media}"'
