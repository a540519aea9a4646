"""Error pages, in the language of the address."""

from collections.abc import Awaitable, Callable

import django.db
import psycopg
import structlog
from asgiref.sync import markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.decorators import async_only_middleware
from django.utils.translation import gettext as _

from tamamo.kernel.errors import PayloadTooLarge, Unavailable
from tamamo.kernel.home import MEBIBYTE
from tamamo.kernel.http import REFUSED
from tamamo.kernel.towns.errors import TooManyRequests

Handler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]
_logger = structlog.get_logger()


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404."""
    context = {
        "heading": _("This page does not exist"),
        "text": _("The address may be mistyped, or the page has moved."),
    }
    return render(request, "web/error.html", context, status=404)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400."""
    context = {
        "heading": _("This request cannot be read"),
        "text": _("Please go back and try again."),
    }
    return render(request, "web/error.html", context, status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500."""
    context = {
        "heading": _("Something went wrong here"),
        "text": _("The fault is ours and has been recorded. Please try again in a little while."),
    }
    return render(request, "web/error.html", context, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form that did not come from this site or whose cookie is gone."""
    context = {
        "heading": _("This form is too old"),
        "text": _("Please go back, reload the page and send it again. Nothing was changed."),
    }
    return render(request, "web/error.html", context, status=403)


def too_many(request: HttpRequest, problem: TooManyRequests) -> HttpResponse:
    """Answer 429 to an address that asks for more pages than the installation gives."""
    seconds = problem.extra["seconds"]
    text = _("From your address come too many requests. Please try again in %(seconds)d seconds.")
    context = {"heading": _("Too many requests"), "text": text % {"seconds": seconds}}
    answer = render(request, "web/error.html", context, status=problem.status)
    for name, value in problem.headers.items():
        answer[name] = value
    return answer


@async_only_middleware
def refused_bodies(get_response: Handler) -> Handler:
    """Middleware: a body that was not taken (tamamo.kernel.http) is a page that says so."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        problem = getattr(request, "scope", {}).get(REFUSED)
        if problem is None:
            return await get_response(request)
        if isinstance(problem, PayloadTooLarge):
            most = problem.extra["limit"] // MEBIBYTE
            heading = _("What you sent is too large")
            text = _("At most %(most)d MB are taken at once. Nothing was kept or changed.")
            text %= {"most": most}
        else:
            heading = _("What you sent took too long to arrive")
            text = _("Please try again, with a better connection. Nothing was kept or changed.")
        context = {"heading": heading, "text": text}
        answer = render(request, "web/error.html", context, status=problem.status)
        answer["Connection"] = "close"
        return answer

    return middleware


class WithoutDatabase:
    """Middleware: a database that does not answer is a page saying so (503), not a fault here.

    So is what no column can hold (a number without end, a NUL): 400.
    """

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on."""
        return await self._get_response(request)

    async def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        """Answer 503 when a view found no database, 400 when it was asked for what cannot be."""
        if isinstance(exception, (psycopg.DataError, django.db.DataError)):
            _logger.warning("not_storable", path=request.path, reason=type(exception).__name__)
            return bad_request(request, exception)
        if not isinstance(exception, Unavailable):
            return None
        context = {
            "heading": _("The data cannot be reached"),
            "text": _("The database does not answer now. Please try again in a little while."),
        }
        answer = render(request, "web/error.html", context, status=503)
        answer["Retry-After"] = "10"
        return answer
