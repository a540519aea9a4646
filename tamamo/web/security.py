"""What keeps the web faces safe: policy headers, limits of bodies, what caches may keep.

The content security policy: all from here, nothing inline, one foreign host.
"""

import re
from collections.abc import Awaitable, Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import async_only_middleware

from tamamo.kernel.settings import Settings

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
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        # A page for somebody who signed in is nobody else's, and not to be had by "back" later.
        # Whatever else a view says: it made it for everybody, the frame around it is this person's.
        if _is_private(request) and "no-store" not in response.get("Cache-Control", ""):
            response.headers["Cache-Control"] = "private, no-store"
        return response

    return middleware


#: Faces for people who signed in, in either language; and those whose forms take files.
_INNER = re.compile(r"/(?:en/)?(?:staff|console|account|oauth)(?:/|$)")
_WITH_FILES = re.compile(r"/(?:en/)?(?:staff|console)/")
_NO_PAGES = re.compile(
    r"/(?:ngsi-ld|v2|sse|api|callbacks|static|(?:t/[^/]+/)?ogc)(?:/|$)|/(?:healthz|readyz|metrics)$"
)
#: Beside the files a form has some fields.
_FIELDS = 64 * 1024


def _is_private(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    return _INNER.match(request.path_info) is not None or bool(user and user.is_authenticated)


def body_limits(installation: Settings) -> Callable[[str], int]:
    """Return what says how many bytes the body of a request to a path may have."""

    def limit(path: str) -> int:
        if _WITH_FILES.match(path):
            return installation.max_upload + _FIELDS
        return installation.max_body

    return limit


def is_page(path: str) -> bool:
    """Say whether a path belongs to the web faces rather than to an API."""
    return _NO_PAGES.match(path) is None
