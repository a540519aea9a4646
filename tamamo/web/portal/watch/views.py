"""Data sources of a town by name; places as files; the pictures of the simulated cameras."""

from datetime import datetime
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from tamamo.context.broker import Broker
from tamamo.feeds import counting
from tamamo.kernel import time
from tamamo.kernel.time import JST
from tamamo.web.portal import access, city, downloads, exports
from tamamo.web.portal.viewstate import parse
from tamamo.web.portal.watch import places, sources
from tamamo.web.towns import town_of

#: Metres from the foot of a drawn staff gauge to its top.
_STAFF: Final = 6.0


async def _sources(request: HttpRequest) -> list[counting.Source]:
    """Return the data sources where the town shows everything to everybody; elsewhere none.

    Of a town that shows some types, the names of its feeds would tell of the others.
    """
    town = town_of(request)
    if not town.everything_public:
        return []
    broker: Broker = request.scope["state"]["broker"]  # type: ignore[attr-defined]
    return list(await counting.sources(broker.pool, town.name, broker.towns.clock(town.name)))


@require_safe
async def sources_page(request: HttpRequest) -> HttpResponse:
    """Each data source by name with when something last came, and what they count to."""
    found = await _sources(request)
    japanese = get_language() == "ja"
    context = {
        "sources": [sources.shown(one, japanese) for one in found],
        "counts": counting.count(found),
        "rules": sources.rules(japanese),
    }
    return render(request, "portal/sources.html", context)


@require_safe
async def sources_file(request: HttpRequest, form: str) -> HttpResponse:
    """The data sources as a file."""
    found = await _sources(request)
    rows = [sources.row(one) for one in found]
    counts = counting.count(found)
    about = {"data_sources": counts.sources, "data_kinds": counts.kinds}
    about |= {"simulated_sources": counts.simulated_sources}
    return exports.response(form, "sources", rows, sources.FIELDS, about)


@require_safe
async def places_file(request: HttpRequest, form: str) -> HttpResponse:
    """The list of underpasses, shelters, roads and cameras."""
    view, errors = parse(request.GET, time.now())
    if errors:
        return downloads.refused(errors)
    shown = await city.at_moment(await access.source_of(request), view.moment)
    rows = [
        places.row(one, exports.moment_text(shown.as_of), exports.moment_text(one.observed_at))
        for one in shown.places
        if view.shows(one.kind)
    ]
    name = downloads.file_name("places", shown)
    about = downloads.about(shown, view)
    return exports.response(form, name, rows, places.PLACE_FIELDS, about)


@require_safe
async def picture(request: HttpRequest, slug: str) -> HttpResponse:
    """What a simulated camera would see: a drawn staff gauge, marked as simulated."""
    source = access.installation(request)
    camera = await source.entity(f"urn:ngsi-ld:Camera:sim-{slug}")
    if camera is None:
        raise Http404(slug)
    shown = await city.at_moment(source)
    level = next((g.shown_level for g in shown.gauges if g.station == f"sim-{slug}"), None)
    body = _svg(level, shown.as_of)
    answer = HttpResponse(body, content_type="image/svg+xml; charset=utf-8")
    answer["Cache-Control"] = "no-store"
    return answer


def _svg(level: float | None, at: datetime) -> str:
    water = 300 - min(max(level or 0.5, 0.0), _STAFF) / _STAFF * 240
    marks = "".join(
        f'<path d="M312 {300 - n * 40}h{24 if n % 2 else 40}" stroke="#fff" stroke-width="4"/>'
        for n in range(7)
    )
    told = "—" if level is None else f"{level:.2f} m"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 360" role="img">'
        f"<title>模擬 / simulated {told}</title>"
        '<path fill="#9db7c9" d="M0 0h640v360H0z"/>'
        '<path fill="#6f6a60" d="M0 120l250 60v180H0zM640 120l-250 60v180h250z"/>'
        '<path fill="#333" d="M300 60h56v250h-56z"/>'
        f"{marks}"
        f'<path fill="#4f7d8c" fill-opacity=".85" d="M0 {water:.0f}h640v{360 - water:.0f}H0z"/>'
        '<path fill="#fff" d="M0 0h640v44H0z"/>'
        '<text x="16" y="31" font-size="24" font-family="sans-serif">模擬 SIMULATED</text>'
        f'<text x="624" y="31" font-size="22" text-anchor="end" font-family="sans-serif">'
        f"{at.astimezone(JST):%Y-%m-%d %H:%M} JST · {told}</text></svg>"
    )
