"""The lists as files, and the chart's data: same filter, same order, same moment as the page."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tamamo.kernel import time
from tamamo.kernel.errors import PROBLEM_JSON
from tamamo.kernel.time import JST
from tamamo.web.portal import access, basemap, city, exports, series
from tamamo.web.portal.city import City
from tamamo.web.portal.views import find_gauge
from tamamo.web.portal.viewstate import FieldError, ViewState, parse


def refused(errors: list[FieldError]) -> HttpResponse:
    """Answer an address that cannot be read (422)."""
    body = {
        "type": "https://tamamo.example/problems/unreadable-view",
        "title": _("The address cannot be read"),
        "status": 422,
        "detail": " ".join(error.text for error in errors),
        "errors": [{"field": error.field, "detail": error.text} for error in errors],
    }
    return JsonResponse(body, status=422, content_type=PROBLEM_JSON)


def about(shown: City, view: ViewState) -> Mapping[str, Any]:
    """Return what holds for a whole file: moment, filter, whether it is simulated."""
    return {
        "as_of": exports.moment_text(shown.as_of),
        "mode": shown.mode.value,
        "simulated": shown.simulated,
        "note": _("SIMULATED: these are not observations.") if shown.simulated else "",
        "filter": view.query(at="", gauge="", layers="", map=""),
    }


def file_name(subject: str, shown: City) -> str:
    """Return a file's name, which says when it holds and whether it is simulated."""
    mark = "simulated-" if shown.simulated else ""
    return f"{mark}{subject}-{shown.as_of.astimezone(JST):%Y%m%d-%H%M}"


@require_safe
async def gauges(request: HttpRequest, form: str) -> HttpResponse:
    """The list of gauges."""
    view, errors = parse(request.GET, time.now())
    if errors:
        return refused(errors)
    shown = await city.at_moment(await access.source_of(request), view.moment)
    rows = [exports.gauge_row(gauge, shown.as_of) for gauge in view.select(shown.gauges)]
    name = file_name("gauges", shown)
    return exports.response(form, name, rows, exports.GAUGE_FIELDS, about(shown, view))


@require_safe
async def stations(request: HttpRequest, form: str) -> HttpResponse:
    """The list of rain and tide stations."""
    view, errors = parse(request.GET, time.now())
    if errors:
        return refused(errors)
    shown = await city.at_moment(await access.source_of(request), view.moment)
    rows = [exports.station_row(s, shown.as_of) for s in shown.stations if view.shows(s.kind)]
    name = file_name("stations", shown)
    return exports.response(form, name, rows, exports.STATION_FIELDS, about(shown, view))


@require_safe
async def levels(request: HttpRequest, station: str, form: str) -> HttpResponse:
    """The readings of one gauge in the 48 hours up to the view's moment, all of them."""
    view, errors = parse(request.GET, time.now())
    if errors:
        return refused(errors)
    source = await access.source_of(request)
    shown, gauge = await find_gauge(source, station, view.moment)
    points = await city.levels(source, gauge, shown.as_of)
    rows = exports.level_rows(gauge, points)
    name = file_name(f"levels-{station}", shown)
    return exports.response(form, name, rows, exports.LEVEL_FIELDS, about(shown, view))


@require_safe
async def chart(request: HttpRequest, station: str) -> HttpResponse:
    """What the chart draws: thinned points with gaps as null, and the thresholds."""
    view, errors = parse(request.GET, time.now())
    if errors:
        return refused(errors)
    source = await access.source_of(request)
    shown, gauge = await find_gauge(source, station, view.moment)
    points = series.thinned(await city.levels(source, gauge, shown.as_of))
    interval = series.usual_interval(points, gauge.interval)
    drawn = series.with_gaps(points, interval)
    body = {
        "simulated": gauge.simulated,
        "from": exports.moment_text(shown.as_of - city.CHART_SPAN),
        "to": exports.moment_text(shown.as_of),
        "points": [[int(moment.timestamp() * 1000), level] for moment, level in drawn],
        "thresholds": {
            "start": gauge.thresholds.start,
            "alert": gauge.thresholds.alert,
            "danger": gauge.thresholds.danger,
        },
    }
    answer = JsonResponse(body)
    answer["Cache-Control"] = "no-store"
    return answer


@require_safe
async def borders(request: HttpRequest) -> HttpResponse:
    """The borders the operator added: address and credit of each."""
    found = basemap.added(settings.INSTALLATION.home)
    files = [{"url": reverse("border-file", args=[b.name]), "credit": b.credit} for b in found]
    return JsonResponse({"borders": files})


@require_safe
async def border_file(request: HttpRequest, name: str) -> HttpResponse:
    """One added file."""
    for border in basemap.added(settings.INSTALLATION.home):
        if border.name == name:
            data = border.path.read_bytes()
            answer = HttpResponse(data, content_type=exports.CONTENT_TYPES["geojson"])
            answer["Cache-Control"] = "max-age=3600"
            return answer
    raise Http404(name)
