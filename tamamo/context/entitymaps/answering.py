"""What an answer says about the entity map it used (tables 6.4.3.2-3, 6.5.3.1-3)."""

from collections.abc import Collection
from typing import Any, Final

from tamamo.context.distribution import asking, temporal
from tamamo.context.entities import view as views
from tamamo.context.entitymaps.asking import HEADER, Asked, location_of
from tamamo.context.entitymaps.service import LOCAL
from tamamo.context.entitymaps.walking import MapPage
from tamamo.context.http import Exchange
from tamamo.context.query.paging import Page
from tamamo.context.query.plan import Selector

_COUNT: Final = views.COUNT_HEADER


def page_headers(exchange: Exchange, page: Page, found: MapPage[Any]) -> dict[str, str]:
    """Return the count and the links to the pages before and after, by places in the map."""
    headers: dict[str, str] = {}
    if found.total is not None:
        headers[_COUNT] = str(found.total)
    links = []
    if found.before is not None:
        links.append(views.page_link(exchange, *found.before, "prev"))
    if found.after is not None and page.limit:
        links.append(views.page_link(exchange, found.after, page.limit, "next"))
    if links:
        headers["Link"] = ", ".join(links)
    return headers


async def headers_of_one(
    exchange: Exchange, asked: Asked, entity_id: str, *, past: bool = False
) -> dict[str, str]:
    """Return what names the entity map of a retrieve, a new one where there is none (5.7.1.4).

    past: of a temporal evolution.
    """
    maps, tenant = exchange.broker.entity_maps, exchange.tenant
    known = await maps.find(tenant, asked.reference) if asked.reference else None
    if known is None:
        held = await _sources(exchange, entity_id, past)
        known = await maps.create(tenant, {entity_id: held}, asked.lifetime)
    return {HEADER: location_of(known.id)}


async def allowed_sources(
    exchange: Exchange, asked: Asked | None, entity_id: str
) -> Collection[str] | None:
    """Return the only registrations to ask for an entity: those a map in use names (5.7.1.4).

    None: whoever matches.
    """
    if asked is None or asked.reference is None:
        return None
    maps, tenant = exchange.broker.entity_maps, exchange.tenant
    if await maps.find(tenant, asked.reference) is None:
        return None
    return await maps.sources_of(tenant, asked.reference, entity_id) or ()


async def _sources(exchange: Exchange, entity_id: str, past: bool) -> list[str]:
    """Return the registrations that are relevant for an entity, and LOCAL where it is held here."""
    broker = exchange.broker
    if not broker.distribution.concerns(exchange.tenant, exchange.params):
        return [LOCAL]
    caller = await broker.distribution.caller(
        exchange.tenant, exchange.terms, exchange.request.headers
    )
    operations = temporal.RETRIEVE if past else asking.RETRIEVE
    selector = Selector((entity_id,))
    choice = broker.distribution.choose(caller, operations, [selector], (), past=past)
    away = list(dict.fromkeys(part.source.id for part in choice.parts))
    here = past or await broker.entities.find(exchange.tenant, entity_id) is not None
    return [LOCAL, *away] if here else away
