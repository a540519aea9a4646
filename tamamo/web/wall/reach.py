"""Which towns a wall shows, and through what: agreements on this installation, or other ones.

Everything is read as far as a resident of the town may (tamamo.web.portal.access).
"""

from dataclasses import replace
from typing import Final

from django.http import Http404, HttpRequest

from tamamo.kernel import sql
from tamamo.kernel.database import single
from tamamo.kernel.towns import Town
from tamamo.web.portal import access
from tamamo.web.portal.city import Source
from tamamo.web.portal.gauges import GAUGE_TYPE
from tamamo.web.portal.owner import Owner
from tamamo.web.towns import found, town_of
from tamamo.web.wall import federation
from tamamo.web.wall.look import Missing
from tamamo.web.wall.parts import Away
from tamamo.web.wall.wallstate import WallState

_SQL = sql.load(__package__)
#: Seconds between looks at everything: changes here are told by /sse, those elsewhere are not.
_HERE: Final = 20
_ELSEWHERE: Final = 5


def refresh(source: Source) -> int:
    """Return how often an open wall asks for the whole view, in seconds."""
    elsewhere = any(isinstance(one, federation.FederatedSource) for one in source.neighbours)
    return _ELSEWHERE if elsewhere else _HERE


def enter(request: HttpRequest, state: WallState) -> Town:
    """Make `?town=` the town the page is about, and return it; 404 where there is none."""
    if state.town:
        town = found(request.scope, state.town)  # type: ignore[attr-defined]
        if town is None:
            raise Http404("no such town")
        request.town = town  # type: ignore[attr-defined]
    return town_of(request)


async def source_of(request: HttpRequest, state: WallState) -> tuple[Source, Missing]:
    """Return what the wall reads from, and the towns of its area that cannot be asked."""
    source = await access.source_of(request)
    if not isinstance(source, access.BrokerSource):
        return source, {}
    if not state.wide:
        return replace(source, neighbours=()), {}
    neighbours = [
        one for one in source.neighbours if one.owner is None or state.shows(one.owner.tenant)
    ]
    others, away = await federation.others(source, state)
    away |= await _suspended(source, state)
    return replace(source, neighbours=(*neighbours, *others)), away


async def _suspended(source: access.BrokerSource, state: WallState) -> Missing:
    """Return the towns that share with this one and are suspended, with their newest value."""
    broker = source.whole or source.broker
    found = {}
    for town in broker.towns.suspended_owners(source.tenant):
        if state.shows(town.name):
            given = {"tenant": town.name, "type": GAUGE_TYPE}
            async with single(broker.pool) as connection:
                row = await (await connection.execute(_SQL["newest"], given)).fetchone()
            owner = Owner(town.name, dict(town.titles), town.code or "")
            found[town.name] = (owner, Away("suspended", row[0] if row else None))
    return found
