"""The wall: the whole page, its inside for a page that is open, and rows of gauges alone."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tamamo.kernel import time
from tamamo.web.wall import panels, people, reach, rows
from tamamo.web.wall.look import look
from tamamo.web.wall.wallstate import PANELS, WallState, parse


@require_safe
async def index(request: HttpRequest) -> HttpResponse:
    """The page."""
    return await _answer(request, "wall/wall.html")


@require_safe
async def view(request: HttpRequest) -> HttpResponse:
    """The panels alone, for the page that is open."""
    answer = await _answer(request, "wall/view.html")
    answer["Cache-Control"] = "no-store"
    return answer


async def _answer(request: HttpRequest, template: str) -> HttpResponse:
    state = parse(request.GET)
    town = reach.enter(request, state)
    source, away = await reach.source_of(request, state)
    shown = await look(source, away)
    context = panels.context(shown, state) | frame(state)
    context["refresh"] = reach.refresh(source)
    if "state" in request.scope:  # type: ignore[attr-defined]
        context["called"] = await people.called(request, town)
        context["feeds"] = await people.sources(request, town)
    return render(request, template, context)


def frame(state: WallState) -> dict[str, Any]:
    """Return what stands around the panels."""
    return {"keys": PANELS, "now": time.now(), "elsewhere": state.query(area="", towns="")}


@require_safe
async def changed(request: HttpRequest) -> HttpResponse:
    """The rows of gauges that changed (`?id=tenant|entity`, several)."""
    state = parse(request.GET)
    reach.enter(request, state)
    wanted = rows.read_ids(request.GET.getlist("id"))
    source, _ = await reach.source_of(request, state)
    context = {"rising": await rows.rows(source, wanted), "live": True, "state": state}
    answer = render(request, "wall/rows.html", context)
    answer["Cache-Control"] = "no-store"
    return answer
