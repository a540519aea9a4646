"""The door of the staff face: who comes in, who is sent to sign in, who is refused."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from tamamo.accounts.access import requires
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity import STAFF
from tamamo.registers.errors import UnknownRecord, UnknownRegister
from tamamo.web.staff.desk import Desk, open_desk
from tamamo.web.staff.frame import show

View = Callable[..., Coroutine[Any, Any, HttpResponseBase]]


def staff(view: View) -> View:
    """Open a view to those who work for a town; it gets their desk.

    Others sign in or are refused (tamamo.accounts); a town that is not theirs does not exist (404).
    """

    @requires(*STAFF)
    @wraps(view)
    async def inside(request: HttpRequest, town: str = "", **named: Any) -> HttpResponseBase:
        desk = await open_desk(request, request.actor, town)  # type: ignore[attr-defined]
        if desk is None:
            raise Http404(town)
        try:
            return await view(request, desk, **named)
        except Forbidden:
            return _forbidden(request, desk)
        except (UnknownRecord, UnknownRegister) as unknown:
            raise Http404(str(unknown)) from unknown

    return inside


def _forbidden(request: HttpRequest, desk: Desk) -> HttpResponse:
    context = {
        "heading": _("You may not do this"),
        "text": _("Your role does not allow it. Nothing was changed."),
        "links": [{"url": desk.url("town"), "text": _("To the staff home page")}],
    }
    return show(request, desk, "staff/refused.html", context, status=403)
