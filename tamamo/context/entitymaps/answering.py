"""What an answer says about the entity map it used (tables 6.4.3.2-3, 6.5.3.1-3)."""

from typing import Any, Final

from tamamo.context.entities import view as views
from tamamo.context.entitymaps.asking import HEADER, Asked, location_of
from tamamo.context.entitymaps.service import LOCAL
from tamamo.context.entitymaps.walking import MapPage
from tamamo.context.http import Exchange
from tamamo.context.query.paging import Page

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


async def headers_of_one(exchange: Exchange, asked: Asked, entity_id: str) -> dict[str, str]:
    """Return what names the entity map of a retrieve, a new one where there is none (5.7.1.4)."""
    maps, tenant = exchange.broker.entity_maps, exchange.tenant
    known = await maps.find(tenant, asked.reference) if asked.reference else None
    if known is None:
        known = await maps.create(tenant, {entity_id: (LOCAL,)}, asked.lifetime)
    return {HEADER: location_of(known.id)}
