"""What is done with one button: give to a department, show, hide, erase."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tamamo.publishing.requests import InvalidPost
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.forms import Fault
from tamamo.web.staff.frame import Step, show
from tamamo.web.staff.requests import pages, room


@require_POST
@room.requests_desk
async def assign(request: HttpRequest, desk: Desk, number: int) -> HttpResponse:
    """Give the request to a department."""
    try:
        await room.engine(desk).assign(
            desk.actor, desk.tenant, number, request.POST.get("unit", "")
        )
    except InvalidPost:
        fault = Fault(_("Department"), _("There is no such department."), "f-unit")
        context = await pages.one_context(desk, number) | {"errors": [fault]}
        return show(request, desk, "staff/requests/one.html", context, status=422)
    return _back(desk, number, "unit")


@require_POST
@room.requests_desk
async def moderate(request: HttpRequest, desk: Desk, number: int) -> HttpResponse:
    """Show a text, or hide it with a reason."""
    post = room.post_of(request)
    if request.POST.get("step") == "show":
        await room.engine(desk).moderate(desk.actor, desk.tenant, post, "shown")
        return _back(desk, number, "shown")
    reason = request.POST.get("reason", "")
    try:
        await room.engine(desk).moderate(desk.actor, desk.tenant, post, "hidden", reason[:500])
    except InvalidPost:
        fault = Fault(_("Reason"), _("Say why the text is hidden."), f"f-reason-{post}")
        context = await pages.one_context(desk, number) | {"errors": [fault], "wrong": post}
        return show(request, desk, "staff/requests/one.html", context, status=422)
    return _back(desk, number, "hidden")


@require_POST
@room.requests_desk
async def erase(request: HttpRequest, desk: Desk, number: int) -> HttpResponse:
    """Name the consequence, then erase who wrote a text."""
    post = room.post_of(request)
    if request.POST.get("step") == "erase":
        await room.engine(desk).erase(desk.actor, desk.tenant, post)
        return _back(desk, number, "erased")
    back = desk.url("request", number=number)
    context = {
        "trail": room.trail(
            desk, Step(_("No. %(number)s") % {"number": number}, back), Step(_("Erase"))
        ),
        "post": post,
        "here": desk.url("request-erase", number=number),
        "back": back,
    }
    return show(request, desk, "staff/requests/erase.html", context)


def _back(desk: Desk, number: int, done: str) -> HttpResponse:
    return HttpResponseRedirect(f"{desk.url('request', number=number)}?done={done}")
