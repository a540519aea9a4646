"""A register's records as files and as places of the map; the same filter as the list."""

from collections.abc import AsyncIterator

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tamamo.registers import Point, Register
from tamamo.registers.exports import MEDIA_TYPES, Format, name_of
from tamamo.web.staff import filters
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.entry import staff
from tamamo.web.staff.listing import state_of
from tamamo.web.staff.record import one
from tamamo.web.staff.words import number

#: Places on one map: more would be a carpet, and half a megabyte.
MOST_PLACES = 2_000


@require_safe
@staff
async def export(request: HttpRequest, desk: Desk, register: str, form: Format) -> HttpResponseBase:
    """Send what the list shows, all pages of it, as CSV, XLSX or GeoJSON."""
    found = desk.register(register)
    state = state_of(request, found)
    query = filters.query_of(found, state)
    chunks: AsyncIterator[bytes] = desk.registers.export(
        desk.visitor, found.id, query, form, language=language()
    )
    name = name_of(found, form)
    answer = StreamingHttpResponse(chunks, content_type=MEDIA_TYPES[form])
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer


@require_safe
@staff
async def points(request: HttpRequest, desk: Desk, register: str) -> HttpResponse:
    """Return the places of the list's filter, with a sentence on what is not on the map."""
    found = desk.register(register)
    state = state_of(request, found)
    places = await desk.registers.points(
        desk.visitor, found.id, filters.query_of(found, state), limit=MOST_PLACES
    )
    shown = [_feature(desk, found, point) for point in places.points]
    return _answer(shown, _note(len(shown), places.located, places.total))


@require_safe
@staff
async def place(request: HttpRequest, desk: Desk, register: str, entity: str) -> HttpResponse:
    """Return the place of one record."""
    found = desk.register(register)
    record = await one(desk, found, entity)
    if record.longitude is None or record.latitude is None:
        return _answer([], "")
    point = Point(record.id, record.title, record.longitude, record.latitude)
    return _answer([_feature(desk, found, point)], "")


def _note(drawn: int, located: int, total: int) -> str:
    texts = []
    if drawn < located:
        values = {"n": number(drawn), "total": number(located)}
        texts.append(_("The map shows the first %(n)s of %(total)s; narrow the filter.") % values)
    if located < total:
        values = {"n": number(total - located)}
        texts.append(_("Without a place, so only in the list: %(n)s.") % values)
    return " ".join(texts)


def _feature(desk: Desk, register: Register, point: Point) -> dict[str, object]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [point.longitude, point.latitude]},
        "properties": {
            "name": point.title,
            "url": desk.url("record", register=register.id, entity=point.id),
        },
    }


def _answer(features: list[dict[str, object]], note: str) -> HttpResponse:
    answer = JsonResponse({"features": features, "note": note})
    answer["Cache-Control"] = "no-store"
    return answer
