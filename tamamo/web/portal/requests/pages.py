"""The list of requests with its statistics, and one thread."""

from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tamamo.kernel.whole import whole
from tamamo.publishing.requests import STATES, Statistics
from tamamo.web.pager import pager
from tamamo.web.portal.requests import forms
from tamamo.web.portal.requests.room import Card, Room, Said, requests_of_town, state_word

_PAGE: Final = 20


@require_safe
@requests_of_town
async def index(request: HttpRequest, room: Room) -> HttpResponse:
    """Every request that is shown, searched and narrowed down, and how they are answered."""
    chosen = [one for one in STATES if one == request.GET.get("state")]
    q = request.GET.get("q", "").strip()[:200]
    here = whole(request.GET.get("page", ""), least=1)
    found = await room.engine.listing(
        room.tenant, states=chosen, q=q, limit=_PAGE, offset=(here - 1) * _PAGE
    )
    figures = await room.engine.statistics(room.tenant)

    def address(page: int) -> str:
        given = {"q": q, "state": chosen[0] if chosen else "", "page": page if page > 1 else ""}
        return "?" + urlencode({name: value for name, value in given.items() if value})

    context: dict[str, Any] = {
        "cards": [Card(one) for one in found.requests],
        "total": found.total,
        "q": q,
        "states": [(one, state_word(one), one in chosen, figures.counts[one]) for one in STATES],
        "chosen": chosen[0] if chosen else "",
        "pages": pager(here, -(-found.total // _PAGE), address),
        "figures": shown_figures(figures),
        "units": [
            (one.unit.rpartition("/")[2], one.total, one.answered, one.median)
            for one in figures.units
        ],
    }
    return render(request, "portal/requests/index.html", context)


@require_safe
@requests_of_town
async def one(request: HttpRequest, room: Room, number: int) -> HttpResponse:
    """A request with what was said, and the form for a comment."""
    context = await thread_context(room, number)
    context["fields"] = forms.comment_fields({}, {})
    return render(request, "portal/requests/one.html", context)


async def thread_context(room: Room, number: int) -> dict[str, Any]:
    """Return what the page of a thread needs."""
    thread = await room.engine.thread(room.tenant, number)
    return {
        "card": Card(thread.request),
        "first": Said(thread.posts[0]) if thread.posts else None,
        "posts": [Said(post) for post in thread.posts[1:]],
        "here": reverse("request", kwargs={"number": number}),
    }


def shown_figures(figures: Statistics) -> list[tuple[str, str, str]]:
    """Return the statistics as label, value and unit; "—" where there is nothing to count."""

    def days(value: float | None) -> str:
        return "—" if value is None else f"{value:.1f}".removesuffix(".0")

    within = "—" if figures.within is None else f"{figures.within:.0%}"
    unanswered = figures.total - figures.answered
    found = [
        (_("Requests"), f"{figures.total}", ""),
        (_("Days to the first answer (median)"), days(figures.median), _("days")),
        (_("Answered within 14 days"), within, ""),
        (_("Without an answer"), f"{unanswered}", ""),
    ]
    if figures.oldest is not None:
        found.append((_("The oldest of these waits for"), f"{figures.oldest}", _("days")))
    return found
