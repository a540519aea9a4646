"""Ending and deleting a drill: each names what it does and is confirmed."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tamamo.kernel.drills.errors import DrillRefused
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.drills import room
from tamamo.web.staff.entry import staff
from tamamo.web.staff.frame import Step, show


@require_http_methods(["GET", "HEAD", "POST"])
@staff
async def end(request: HttpRequest, desk: Desk, drill: str) -> HttpResponse:
    """Ask, then end it."""
    room.require_lead(desk)
    entry = await room.entry_of(desk, drill)
    back = desk.url("drill", drill=drill)
    if request.method == "POST":
        try:
            await desk.broker.drills.end(desk.actor, desk.tenant, drill)
        except DrillRefused:
            return HttpResponseRedirect(back)
        return HttpResponseRedirect(desk.url("drill-review", drill=drill) + "?done=ended")
    context = {
        "trail": room.trail(desk, Step(entry.drill.title, back), Step(_("End"))),
        "heading": _("End the drill “%(title)s”") % {"title": entry.drill.title},
        "consequence": _("Its clock stops for good"),
        "detail": _("Nobody who took part can read or write in it any more, nothing is sent, and "
                    "it cannot be begun again. What happened stays for the review."),
        "button": _("End the drill"),
        "back": back,
    }  # fmt: skip
    return show(request, desk, "staff/confirm.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff
async def delete(request: HttpRequest, desk: Desk, drill: str) -> HttpResponse:
    """Ask, then remove a drill that has ended."""
    room.require_lead(desk)
    entry = await room.entry_of(desk, drill)
    back = desk.url("drill-review", drill=drill)
    if request.method == "POST":
        try:
            await desk.broker.drills.delete(desk.actor, desk.tenant, drill)
        except DrillRefused:
            return HttpResponseRedirect(desk.url("drill", drill=drill))
        return HttpResponseRedirect(desk.url("drills") + "?deleted")
    context = {
        "trail": room.trail(desk, Step(entry.drill.title, back), Step(_("Delete"))),
        "heading": _("Delete the drill “%(title)s”") % {"title": entry.drill.title},
        "consequence": _("All it held is removed and cannot be brought back"),
        "detail": _("Readings, alerts, messages, the review and its comments. Only the audit logs "
                    "keep what people did. Save the file of the review first if it is needed."),
        "button": _("Delete the drill"),
        "back": back,
    }  # fmt: skip
    return show(request, desk, "staff/confirm.html", context)
