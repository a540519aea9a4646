"""Which towns a wall shows, and through what: agreements on this installation, or other ones.

Everything is read as far as a resident of the town may (tamamo.web.portal.access).
"""

from dataclasses import replace

from django.http import Http404, HttpRequest

from tamamo.kernel.towns import Town
from tamamo.web.portal import access
from tamamo.web.portal.city import Source
from tamamo.web.towns import found, town_of
from tamamo.web.wall import federation
from tamamo.web.wall.look import Missing
from tamamo.web.wall.wallstate import WallState


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
    return replace(source, neighbours=(*neighbours, *others)), away
