"""Marks that every page carries: simulated data, so that nobody takes it for real."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import async_only_middleware

from tamamo.kernel.errors import Unavailable
from tamamo.web.portal import access, city

Handler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@dataclass(frozen=True, slots=True)
class Marks:
    """What holds for the whole installation."""

    simulated: bool


@async_only_middleware
def city_marks(get_response: Handler) -> Handler:
    """Middleware: look once per request whether a simulator feeds this installation."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        try:
            simulated = await city.simulation(access.installation(request)) is not None
        except Unavailable:
            simulated = False
        request.marks = Marks(simulated)  # type: ignore[attr-defined]
        return await get_response(request)

    return middleware
