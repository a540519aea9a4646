"""The content security policy: all from here, nothing inline, one foreign host."""

from collections.abc import Awaitable, Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import async_only_middleware

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "worker-src 'self'; connect-src 'self' {map_host}; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

Handler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@async_only_middleware
def content_security(get_response: Handler) -> Handler:
    """Middleware: the policy on every answer of the web faces."""
    policy = POLICY.format(map_host=settings.MAP_HOST)

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        response = await get_response(request)
        # A form whose answer leads to another site (consent to a program) says to which.
        targets = " ".join(["form-action 'self'", *getattr(response, "form_targets", ())])
        response.headers["Content-Security-Policy"] = policy.replace("form-action 'self'", targets)
        response.headers.setdefault(
            "Permissions-Policy", "geolocation=(), camera=(), microphone=()"
        )
        return response

    return middleware
