"""All requests of a town at the desk, those that wait first; one with everything said."""

from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tamamo.publishing.requests import STATES, Request, may_answer
from tamamo.publishing.requests.rights import units_of
from tamamo.web.portal.requests.pages import shown_figures
from tamamo.web.portal.requests.room import Card, Said, state_word
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.done import Done
from tamamo.web.staff.forms import Option
from tamamo.web.staff.frame import Step, show
from tamamo.web.staff.requests import answering, room

_MOST: Final = 100
#: Requests of each sort on the home page.
_FIRST: Final = 5


@require_safe
@room.requests_desk
async def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show what waits to be read, then the requests, those without an answer first."""
    engine = room.engine(desk)
    chosen = [one for one in STATES if one == request.GET.get("state")]
    q = request.GET.get("q", "").strip()[:200]
    waiting = await engine.listing(desk.tenant, staff=True, waiting=True, limit=_MOST)
    found = await engine.listing(desk.tenant, states=chosen, q=q, staff=True, limit=_MOST)
    figures = await engine.statistics(desk.tenant)
    listed = sorted(found.requests, key=lambda one: one.answered_at is not None)
    context: dict[str, Any] = {
        "trail": room.trail(desk),
        "waiting": [_row(desk, one) for one in waiting.requests],
        "rows": [_row(desk, one) for one in listed],
        "total": found.total,
        "q": q,
        "states": [Option(one, state_word(one), one in chosen) for one in STATES],
        "figures": shown_figures(figures),
    }
    return show(request, desk, "staff/requests/index.html", context)


@require_safe
@room.requests_desk
async def one(request: HttpRequest, desk: Desk, number: int) -> HttpResponse:
    """Show a request, and what may be done."""
    done = _done(request.GET.get("done", ""))
    context = await one_context(desk, number) | {"done": done}
    return show(request, desk, "staff/requests/one.html", context)


async def one_context(desk: Desk, number: int) -> dict[str, Any]:
    """Return what the page of a request needs."""
    engine = room.engine(desk)
    thread = await engine.thread(desk.tenant, number, staff=True)
    units = await engine.units(desk.tenant)
    may = room.answers(desk, thread.request)
    return {
        "trail": room.trail(desk, Step(room.number_of(thread.request))),
        "card": Card(thread.request),
        "posts": [Said(post) for post in thread.posts],
        "may": may,
        "moderates": room.answers(desk),
        "fields": answering.fields_of({}, {}, await answering.datasets_of(desk)),
        "seen": thread.request.changed_at.isoformat(),
        "units": [
            Option("", _("Nobody in particular"), not thread.request.unit),
            *(Option(unit, unit, unit == thread.request.unit) for unit in units),
        ],
        "answer": desk.url("request-answer", number=number),
        "assign": desk.url("request-unit", number=number),
        "moderate": desk.url("request-moderate", number=number),
        "erase": desk.url("request-erase", number=number),
    }


async def waiting_here(desk: Desk) -> list[tuple[str, datetime, str]]:
    """Return what waits for somebody, for the home page: text, since when, address."""
    units = units_of(desk.actor, desk.tenant)
    if units == ():
        return []
    engine = room.engine(desk)
    held = await engine.listing(desk.tenant, staff=True, waiting=True, limit=_FIRST)
    found = [(_("To be read: %(title)s"), one) for one in held.requests]
    open_ones = await engine.listing(desk.tenant, states=["open", "working"], limit=_MOST)
    mine = [one for one in open_ones.requests if may_answer(desk.actor, desk.tenant, one.unit)]
    found += [(_("Request for data: %(title)s"), one) for one in mine[:_FIRST]]
    return [
        (text % {"title": one.title}, one.changed_at, desk.url("request", number=one.number))
        for text, one in found
    ]


def _row(desk: Desk, request: Request) -> dict[str, Any]:
    return {"card": Card(request), "url": desk.url("request", number=request.number)}


def _done(name: str) -> Done | None:
    texts = {
        "answered": _("The answer is public"),
        "unit": _("The request is with another department now"),
        "shown": _("The text is public"),
        "hidden": _("The text is hidden"),
        "erased": _("Name and mail address are erased"),
    }
    return Done("success", texts[name]) if name in texts else None
