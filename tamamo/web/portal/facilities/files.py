"""The list as files: the register's own forms, A11yJSON and OpenStreetMap; and the photos."""

from collections.abc import AsyncIterator
from typing import Final, cast
from uuid import UUID

import orjson
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from tamamo.kernel.database import single
from tamamo.kernel.settings import installation_url
from tamamo.kernel.time import JST, now, to_text
from tamamo.publishing.facilities import a11yjson, osm, photos
from tamamo.publishing.facilities.model import REGISTER
from tamamo.registers.exports import MEDIA_TYPES, Format
from tamamo.web.portal.facilities.room import Room, facilities
from tamamo.web.staff.cells import language

_OSM: Final = "application/vnd.openstreetmap.data+xml"


@require_safe
@facilities
async def table(request: HttpRequest, room: Room, form: Format) -> HttpResponseBase:
    """The list as the register exports it: CSV, XLSX, GeoJSON; all columns, same filter."""
    query = room.wish(request).query()
    chunks: AsyncIterator[bytes] = room.registers.export(
        room.visitor, REGISTER, query, form, language=language()
    )
    answer = StreamingHttpResponse(chunks, content_type=MEDIA_TYPES[form])
    return _file(answer, form)


@require_safe
@facilities
async def exchange(request: HttpRequest, room: Room, form: str) -> HttpResponse:
    """The list for other maps: A11yJSON (accessibility.cloud, Wheelmap) or .osm."""
    found = await room.every(room.wish(request))
    if form == "osm":
        return cast(HttpResponse, _file(HttpResponse(osm.document(found), content_type=_OSM), form))
    base = installation_url(room.broker.settings) + reverse("facilities")
    body = a11yjson.collection(found, base)
    body |= {"generated": to_text(now()), "license": "CC BY 4.0"}
    answer = HttpResponse(orjson.dumps(body), content_type="application/json")
    return cast(HttpResponse, _file(answer, "a11y.json"))


def _file(answer: HttpResponseBase, ending: str) -> HttpResponseBase:
    name = f"facilities-{now().astimezone(JST):%Y%m%d-%H%M}.{ending}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Access-Control-Allow-Origin"] = "*"
    answer["Cache-Control"] = "no-cache"
    return answer


@require_safe
@facilities
async def picture_file(request: HttpRequest, room: Room, photo: UUID) -> HttpResponse:
    """A photo that somebody has looked at; others do not exist here."""
    async with single(room.broker.pool) as connection:
        found = await photos.body(connection, room.tenant, photo)
    if found is None or found[1] != "shown":
        raise Http404(str(photo))
    entity_id, _state, body = found
    await room.registers.one(room.visitor, REGISTER, entity_id)
    return picture(body)


def picture(body: bytes) -> HttpResponse:
    """Answer a JPEG; one that is taken away is gone from browsers within minutes."""
    answer = HttpResponse(body, content_type="image/jpeg")
    answer["Cache-Control"] = "private, max-age=300"
    return answer
