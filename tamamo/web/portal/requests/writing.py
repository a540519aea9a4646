"""Asking and commenting: the form, what there is already and what will be public, then sending."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tamamo.kernel.towns.errors import TooManyRequests
from tamamo.publishing.requests import Asking, InvalidPost, TooManyPosts
from tamamo.publishing.requests import words as rules
from tamamo.web.errors import too_many
from tamamo.web.portal.requests import forms
from tamamo.web.portal.requests.pages import thread_context
from tamamo.web.portal.requests.room import Card, Room, requests_of_town
from tamamo.web.staff.forms import Fault


@require_http_methods(["GET", "HEAD", "POST"])
@requests_of_town
async def ask(request: HttpRequest, room: Room) -> HttpResponse:
    """Ask for data."""
    if request.method != "POST":
        return _ask_form(request, {"title": request.GET.get("title", "")[: rules.LONGEST_TITLE]})
    asking = forms.asking_of(request.POST)
    step = request.POST.get("step")
    faults = rules.faults(asking, titled=True)
    if step == "back" or faults:
        return _ask_form(request, request.POST, {} if step == "back" else faults)
    if step != "send":
        return await _ask_check(request, room, asking)
    try:
        room.broker.limits.check_sign_in(request.scope)  # type: ignore[attr-defined]
        _made, token = await room.engine.ask(room.tenant, asking, room.by)
    except TooManyRequests as problem:
        return too_many(request, problem)
    except InvalidPost as problem:
        return _ask_form(request, request.POST, problem.faults)
    except TooManyPosts:
        return _ask_form(request, request.POST, full=True)
    return HttpResponseRedirect(reverse("request-mine", kwargs={"token": token}) + "?sent")


@require_http_methods(["GET", "HEAD", "POST"])
@requests_of_town
async def comment(request: HttpRequest, room: Room, number: int) -> HttpResponse:
    """Comment on a request."""
    if request.method != "POST":
        return await _comment_form(request, room, number, {})
    asking = forms.asking_of(request.POST)
    step = request.POST.get("step")
    faults = rules.faults(asking, titled=False)
    if step == "back" or faults:
        typed = request.POST
        return await _comment_form(request, room, number, typed, {} if step == "back" else faults)
    if step != "send":
        context = await thread_context(room, number)
        context |= _preview(asking, reverse("request-comment", kwargs={"number": number}))
        return render(request, "portal/requests/check.html", context)
    try:
        room.broker.limits.check_sign_in(request.scope)  # type: ignore[attr-defined]
        _shown, token = await room.engine.comment(room.tenant, number, asking, room.by)
    except TooManyRequests as problem:
        return too_many(request, problem)
    except TooManyPosts:
        return await _comment_form(request, room, number, request.POST, full=True)
    return HttpResponseRedirect(reverse("request-mine", kwargs={"token": token}) + "?sent")


def _preview(asking: Asking, here: str) -> dict[str, Any]:
    typed = {name: getattr(asking, name) for name in forms.NAMES}
    return {
        "asking": asking,
        "who": asking.name.strip() or _("Anonymous"),
        "held": rules.held(asking),
        "typed": [(name, text) for name, text in typed.items() if text],
        "send_to": here,
    }


async def _ask_check(request: HttpRequest, room: Room, asking: Asking) -> HttpResponse:
    """Show what there is already, and what will be public."""
    language = get_language() or "ja"
    text = f"{asking.title}\n{asking.body}"
    found = await room.engine.datasets_like(room.tenant, text)
    near = await room.engine.similar(room.tenant, asking.title)
    context = _preview(asking, reverse("request-new")) | {
        "datasets": [(name, title.in_(language)) for name, title in found],
        "similar": [Card(one) for one in near],
    }
    return render(request, "portal/requests/check.html", context)


def _ask_form(
    request: HttpRequest, typed: Any, faults: dict[str, str] | None = None, *, full: bool = False
) -> HttpResponse:
    fields = forms.request_fields(typed, faults or {})
    context = {"fields": fields, "errors": _errors(fields, faults or {}, full)}
    return render(request, "portal/requests/new.html", context, status=_status(faults, full))


async def _comment_form(
    request: HttpRequest,
    room: Room,
    number: int,
    typed: Any,
    faults: dict[str, str] | None = None,
    *,
    full: bool = False,
) -> HttpResponse:
    fields = forms.comment_fields(typed, faults or {})
    context = await thread_context(room, number)
    context |= {"fields": fields, "errors": _errors(fields, faults or {}, full)}
    return render(request, "portal/requests/one.html", context, status=_status(faults, full))


def _errors(fields: Any, faults: dict[str, str], full: bool) -> list[Fault]:
    if full:
        text = _("So much was written within the hour that no more is taken now. Try again later.")
        return [Fault("", text)]
    return forms.summary(fields, faults)


def _status(faults: dict[str, str] | None, full: bool) -> int:
    if full:
        return 429
    return 422 if faults else 200
