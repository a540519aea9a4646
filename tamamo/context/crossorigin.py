"""Pages of other origins that read the APIs from a browser (CORS, Fetch standard)."""

import re
from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from tamamo.kernel.settings import Settings

#: Where there are APIs. All other paths are pages, and for this origin alone.
_PATHS: Final = re.compile(r"/(?:ngsi-ld/v1|v2|api|sse|(?:t/[^/]+/)?ogc)(?:/|$)")
_READING: Final = ("GET", "HEAD")
_CHANGING: Final = (*_READING, "POST", "PATCH", "PUT", "DELETE")
#: Headers of answers that a script may see besides the few it always may.
_SEEN: Final = (
    *("Link", "Location", "Allow", "Retry-After", "Preference-Applied", "Content-Range"),
    *("NGSILD-Tenant", "NGSILD-Results-Count", "NGSILD-Warning", "NGSILD-EntityMap"),
    *("Fiware-Total-Count", "Fiware-Correlator", "Content-Crs"),
)
#: Seconds for which a browser need not ask again.
_LASTING: Final = 600


class CrossOrigin:
    """Lets pages of the origins set use the APIs.

    They send no cookies; what needs the key needs it of them too. Where no key is needed for
    changes (`--open`), a page of another origin can only read.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._cors = CORSMiddleware(
            app,
            allow_origins=settings.cors_origins,
            allow_methods=_READING if settings.open else _CHANGING,
            allow_headers=("*",),
            expose_headers=_SEEN,
            max_age=_LASTING,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        of_api = scope["type"] == "http" and _PATHS.match(scope["path"]) is not None
        await (self._cors if of_api else self._app)(scope, receive, send)
