"""Residents ask to be told by mail or by their browser, confirm, and leave."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from tamamo import messaging
from tamamo.context.broker import Broker
from tamamo.kernel.database import transaction
from tamamo.kernel.towns.errors import TooManyRequests
from tamamo.messaging import InvalidMessage
from tamamo.publishing.warnings import Office, Warnings, subscriptions
from tamamo.publishing.warnings.subscriptions import LEAST_LEVELS, InvalidSubscription, Wish
from tamamo.web.errors import too_many
from tamamo.web.portal.warnings.pages import _broker
from tamamo.web.portal.warnings.shown import page_language
from tamamo.web.towns import town_of

_DONE: Final = ("asked", "push")


@require_http_methods(["GET", "HEAD", "POST"])
async def subscribe(request: HttpRequest) -> HttpResponse:
    """The form; sending it answers the same for every address."""
    broker = _broker(request)
    office = await _office(broker, request)
    if request.method != "POST":
        done = request.GET.get("done", "")
        return _form(request, broker, office, done=done if done in _DONE else "")
    try:
        broker.limits.check_sign_in(request.scope)  # type: ignore[attr-defined]
    except TooManyRequests as problem:
        return too_many(request, problem)
    try:
        wish = _wish(request)
        async with transaction(broker.pool) as connection:
            address = request.POST.get("address", "")
            await subscriptions.ask(connection, office, broker.settings, address, wish)
    except InvalidSubscription as problem:
        return _form(request, broker, office, wrong=problem.extra["fields"])
    return HttpResponseRedirect(reverse("warnings-subscribe") + "?done=asked")


@require_POST
async def push(request: HttpRequest) -> HttpResponse:
    """A browser whose user allowed notifications."""
    broker = _broker(request)
    office = await _office(broker, request)
    try:
        broker.limits.check_sign_in(request.scope)  # type: ignore[attr-defined]
    except TooManyRequests as problem:
        return too_many(request, problem)
    document = request.POST.get("subscription", "")
    try:
        async with transaction(broker.pool) as connection:
            await subscriptions.add_push(
                connection, office, document, _wish(request), _subject(request)
            )
    except InvalidSubscription as problem:
        return _form(request, broker, office, wrong=problem.extra["fields"])
    except InvalidMessage:
        return _form(request, broker, office, wrong=["subscription"])
    return HttpResponseRedirect(reverse("warnings-subscribe") + "?done=push")


@require_http_methods(["GET", "HEAD", "POST"])
async def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The page a mail leads to: it confirms by its button, since scanners open links."""
    if request.method != "POST":
        return _step(request, "confirm", token)
    broker, tenant = _broker(request), town_of(request).name
    async with transaction(broker.pool) as connection:
        good = await subscriptions.confirm(connection, tenant, token, _subject(request))
    return _step(request, "confirmed" if good else "stale", status=200 if good else 404)


@csrf_exempt  # A mail program sends this without having seen a page (RFC 8058).
@require_http_methods(["GET", "HEAD", "POST"])
async def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """One POST ends it, from a mail program or from the page's button."""
    broker, tenant = _broker(request), town_of(request).name
    async with transaction(broker.pool) as connection:
        if request.method != "POST":
            known = await subscriptions.there(connection, tenant, token)
            return _step(request, "leave" if known else "gone", token)
        await subscriptions.leave(connection, tenant, token, _subject(request))
    return _step(request, "left")


async def _office(broker: Broker, request: HttpRequest) -> Office:
    async with transaction(broker.pool) as connection:
        return await Warnings(broker).office(connection, town_of(request).name)


def _subject(request: HttpRequest) -> str:
    return str(request.actor.subject)  # type: ignore[attr-defined]


def _wish(request: HttpRequest) -> Wish:
    level = request.POST.get("least_level", "0")
    return Wish(
        request.POST.get("language", page_language()),
        int(level) if level.isdecimal() and len(level) < 3 else -1,
        tuple(request.POST.getlist("places")),
    )


def _form(
    request: HttpRequest,
    broker: Broker,
    office: Office,
    *,
    wrong: list[str] | None = None,
    done: str = "",
) -> HttpResponse:
    faults = [_fault(name) for name in wrong or ()]
    language = page_language()
    chosen = request.POST.get("language", language)
    least = request.POST.get("least_level", "0")
    places = set(request.POST.getlist("places"))
    context: dict[str, Any] = {
        "done": done,
        "errors": faults,
        "wrong": dict.fromkeys(wrong or (), True),
        "address": request.POST.get("address", ""),
        "languages_offered": [
            (name, label, name == chosen)
            for name, label in (("ja", "日本語"), ("easy", "やさしい日本語"), ("en", "English"))
        ],
        "levels": [(n, _level(n), str(n) == least) for n in LEAST_LEVELS],
        "places": [(p.id, p.name.get(language), p.id in places) for p in office.setup.places],
        "push_key": messaging.push.public_key(broker.settings.home),
    }
    status = 422 if faults else 200
    return render(request, "portal/warnings/subscribe.html", context, status=status)


def _level(least: int) -> str:
    return {
        0: _("Everything, also without a level"),
        3: _("From level 3 (evacuation of the elderly) on"),
        4: _("Only from level 4 (evacuation order) on"),
    }[least]


def _fault(name: str) -> dict[str, str]:
    text = {
        "address": _("This is no mail address. Example: name@example.jp"),
        "subscription": _("Your browser did not allow notifications, or cannot show any."),
    }.get(name, _("Please choose one of the offered values."))
    return {"anchor": f"f-{name}", "text": text}


def _step(request: HttpRequest, step: str, token: str = "", status: int = 200) -> HttpResponse:
    context = {"step": step, "token": token}
    answer = render(request, "portal/warnings/step.html", context, status=status)
    # The address of the page is a secret: nobody keeps it (other sites are never told, by policy).
    answer["Cache-Control"] = "no-store"
    return answer
