"""いまの高松: the home page, a gauge's page, and the storm button."""

from datetime import datetime

import structlog
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from tamamo.kernel import time
from tamamo.web.portal import access, city, home
from tamamo.web.portal.city import City
from tamamo.web.portal.gauges import Gauge
from tamamo.web.portal.levels import levels_of
from tamamo.web.portal.viewstate import FieldError, ViewState, parse

logger = structlog.get_logger()


@require_safe
async def index(request: HttpRequest) -> HttpResponse:
    """The city now, or at `?at=`."""
    view, errors = parse(request.GET, time.now())
    if errors:
        return _unreadable(request, view, errors)
    source = await access.source_of(request)
    shown = await city.at_moment(source, view.moment)
    selected = shown.gauge(view.gauge) if view.gauge else None
    points = await city.levels(source, selected, shown.as_of) if selected else []
    context = home.context(shown, view) | {
        "simulation": None if view.moment else await city.simulation(source),
        "detail": home.detail(selected, points) if selected else None,
        "levels": await levels_of(source, shown.as_of, view.moment),
    }
    return render(request, "portal/home.html", context)


def _unreadable(request: HttpRequest, view: ViewState, errors: list[FieldError]) -> HttpResponse:
    context = {"view": view, "errors": errors}
    return render(request, "portal/unreadable.html", context, status=422)


@require_safe
async def rows(request: HttpRequest) -> HttpResponse:
    """The rows of some gauges (`?ids=station,…`), for the page that is already open."""
    view, errors = parse(request.GET, time.now())
    if errors:
        return _unreadable(request, view, errors)
    source = await access.source_of(request)
    shown = await city.at_moment(source)
    wanted = set(request.GET.get("ids", "").split(","))
    selected = shown.gauge(view.gauge) if view.gauge in wanted else None
    points = await city.levels(source, selected, shown.as_of) if selected else []
    context = home.context(shown, view) | {
        "gauges": [gauge for gauge in shown.gauges if gauge.key in wanted],
        "detail": home.detail(selected, points) if selected else None,
    }
    answer = render(request, "portal/rows.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


@require_safe
async def gauge_page(request: HttpRequest, station: str) -> HttpResponse:
    """One gauge on a page of its own."""
    view, errors = parse(request.GET, time.now())
    if errors:
        return _unreadable(request, view, errors)
    source = await access.source_of(request)
    shown, gauge = await find_gauge(source, station, view.moment)
    points = await city.levels(source, gauge, shown.as_of)
    context = {
        "city": shown,
        "view": view,
        "live": shown.mode is city.Mode.LIVE,
        "detail": home.detail(gauge, points),
    }
    return render(request, "portal/gauge.html", context)


async def find_gauge(
    source: city.Source, station: str, moment: datetime | None
) -> tuple[City, Gauge]:
    """Return the city and one gauge of it; 404 when there is none of that code."""
    shown = await city.at_moment(source, moment)
    gauge = shown.gauge(station)
    if gauge is None:
        raise Http404(station)
    return shown, gauge


@require_safe
async def data_page(request: HttpRequest) -> HttpResponse:
    """How to take the data away: files, the broker's API, licence."""
    shown = await city.at_moment(await access.source_of(request))
    sources = sorted({(g.provider, g.source, g.license) for g in shown.gauges})
    return render(request, "portal/data.html", {"city": shown, "sources": sources})


@require_POST
async def storm(request: HttpRequest) -> HttpResponse:
    """Start or stop the simulator's storm; only where a simulator runs."""
    source = await access.source_of(request)
    if await city.simulation(source) is None:
        raise Http404("no simulator")
    starting = request.POST.get("action") == "start"
    await source.start_storm(time.now() if starting else None)
    logger.info("storm asked for", starting=starting)
    view, errors = parse(request.POST, time.now())
    query = "" if errors else view.query(at="")
    return HttpResponseRedirect(f"{reverse('home')}{query}#now")
