"""What the pages of requests need at a desk: the engine, rights, names, what cannot be done."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from tamamo.publishing.requests import (
    NoSuchRequest,
    Request,
    RequestChanged,
    Requests,
    may_answer,
)
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.entry import staff
from tamamo.web.staff.frame import Step, show

View = Callable[..., Coroutine[Any, Any, HttpResponse]]


def requests_desk(view: View) -> Any:
    """Open a view to staff; what is not there is 404, what somebody did meanwhile 409."""

    @staff
    @wraps(view)
    async def inside(request: HttpRequest, desk: Desk, **named: Any) -> HttpResponse:
        try:
            return await view(request, desk, **named)
        except NoSuchRequest as unknown:
            raise Http404(str(unknown)) from unknown
        except RequestChanged:
            context = {
                "heading": _("Somebody wrote to this request meanwhile"),
                "text": _("Nothing was sent. Read what is new, then answer again."),
                "links": [
                    {
                        "url": desk.url("request", number=named["number"]),
                        "text": _("To the request"),
                    }
                ],
            }
            return show(request, desk, "staff/refused.html", context, status=409)

    return inside


def engine(desk: Desk) -> Requests:
    """Return the engine."""
    return Requests(desk.broker)


def answers(desk: Desk, request: Request | None = None) -> bool:
    """Whether the person at a desk may answer: anything, or one request."""
    return may_answer(desk.actor, desk.tenant, request.unit if request else "")


def trail(desk: Desk, *steps: Step) -> list[Step]:
    """Return the trail above a page."""
    home = Step(_("Requests for data"), desk.url("requests") if steps else "")
    return [Step(desk.town.title, desk.url("town")), home, *steps]


def number_of(request: Request) -> str:
    """Return what a request is called in the trail."""
    return _("No. %(number)s") % {"number": request.number}


def post_of(request: HttpRequest) -> UUID:
    """Return the text a form names. Raises Http404."""
    try:
        return UUID(request.POST.get("post", ""))
    except ValueError as wrong:
        raise Http404("no text") from wrong
