"""Where the portable units of a town stand, and stood."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tamamo.web.staff.desk import Desk
from tamamo.web.staff.done import Done
from tamamo.web.staff.entry import staff
from tamamo.web.staff.frame import show
from tamamo.web.staff.units import room


@require_safe
@staff
async def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show the units and the places each stood at."""
    found, _places = await room.found(desk)
    done = Done("success", _("The move is noted")) if "moved" in request.GET else None
    context = {
        "trail": room.trail(desk),
        "units": found,
        "may_move": await room.may_move(desk),
        "move": desk.url("unit-move"),
        "done": done,
    }
    return show(request, desk, "staff/units/list.html", context)
