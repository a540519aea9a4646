"""The page of whoever wrote a text: where it stands, the address confirmed, all of it erased."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from tamamo.publishing.requests import NoSuchRequest
from tamamo.web.portal.requests.room import Room, requests_of_town


@require_http_methods(["GET", "HEAD", "POST"])
@requests_of_town
async def page(request: HttpRequest, room: Room, token: str) -> HttpResponse:
    """Show the page; its buttons confirm the address or erase name and address."""
    done = "sent" if "sent" in request.GET else ""
    if request.method == "POST":
        if request.POST.get("step") == "forget":
            await room.engine.forget(room.tenant, token, room.by)
            return _answer(request, {"done": "forgotten"})
        if request.POST.get("step") == "ask":
            done = "ask"
        elif await room.engine.confirm(room.tenant, token, room.by):
            done = "confirmed"
    try:
        mine = await room.engine.mine(room.tenant, token)
    except NoSuchRequest:
        return _answer(request, {"done": "gone"}, status=404)
    return _answer(request, {"mine": mine, "done": done})


def _answer(request: HttpRequest, context: dict[str, object], status: int = 200) -> HttpResponse:
    answer = render(request, "portal/requests/mine.html", context, status=status)
    # The address of the page is a secret: nobody keeps it (other sites are never told, by policy).
    answer["Cache-Control"] = "no-store"
    return answer
