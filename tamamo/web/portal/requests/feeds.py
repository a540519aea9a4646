"""Requests for programs: RSS of what was asked and answered, and the statistics as JSON."""

from dataclasses import asdict
from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tamamo.kernel.settings import installation_url
from tamamo.publishing.requests import Request
from tamamo.web.portal.requests.room import Room, requests_of_town, state_word
from tamamo.web.portal.rss import Item, feed
from tamamo.web.towns import town_of

_MOST: Final = 50


@require_safe
@requests_of_town
async def rss(request: HttpRequest, room: Room) -> HttpResponse:
    """RSS 2.0: one item a request, the last changed first."""
    language = get_language() or "ja"
    title = _("%(town)s: requests for data") % {"town": town_of(request).title(language)}
    found = await room.engine.listing(room.tenant, limit=_MOST)
    root = installation_url(room.broker.settings)
    entries = [_item(one, root, language) for one in found.requests]
    address, page = root + reverse("requests-rss"), root + reverse("requests")
    return feed(room.broker, room.tenant, title, entries, address=address, page=page)


def _item(one: Request, root: str, language: str) -> Item:
    state = state_word(one.state)
    title = f"{one.title}（{state}）" if language == "ja" else f"{one.title} ({state})"
    page = root + reverse("request", kwargs={"number": one.number})
    # A reader shows it anew when a department answers, not with every comment.
    return Item(title, page, f"{page}#{one.state}", one.changed_at)


@require_safe
@requests_of_town
async def statistics(request: HttpRequest, room: Room) -> JsonResponse:
    """How requests are answered. Days are whole days; shares from 0 to 1."""
    found = await room.engine.statistics(room.tenant)
    answer = JsonResponse(asdict(found), json_dumps_params={"ensure_ascii": False})
    answer["Cache-Control"] = "public, max-age=60"
    return answer
