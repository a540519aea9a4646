"""The list of a town's drills."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tamamo.drills.catalogue import find
from tamamo.kernel.drills.entry import Entry
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.done import Done
from tamamo.web.staff.drills import room, words
from tamamo.web.staff.entry import staff
from tamamo.web.staff.frame import show


@require_safe
@staff
async def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show the drills, the newest first."""
    entries = await desk.broker.drills.listed(desk.tenant)
    done = Done("success", _("The drill is being removed")) if "deleted" in request.GET else None
    context = {
        "trail": room.trail(desk),
        "rows": [_row(desk, entry) for entry in entries],
        "may_lead": room.may_lead(desk),
        "new": desk.url("drill-new"),
        "done": done,
    }
    return show(request, desk, "staff/drills/list.html", context)


def _row(desk: Desk, entry: Entry) -> dict[str, Any]:
    drill = entry.drill
    script = find(drill.scenario)
    return {
        "title": drill.title,
        "url": desk.url("drill", drill=drill.tenant),
        "review": desk.url("drill-review", drill=drill.tenant),
        "state": words.state_word(drill.state),
        "chip": words.state_chip(drill.state),
        "script": script.title.in_(language()) if script else "",
        "people": len(entry.people),
        "created": entry.created_at,
        "expires": drill.expires_at,
        "open": drill.open,
    }
