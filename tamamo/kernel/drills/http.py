"""ASGI: every answer about a drill says so in its head, whichever face gives it."""

from typing import Any, Final
from urllib.parse import unquote_plus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tamamo.kernel.drills.drill import HEADER, Drill

#: In the scope: an `About`, while there are drills at all.
ABOUT: Final = "tamamo.drill"
#: Headers that name the tenant a request to an API is about: NGSI-LD's, NGSIv2's.
_NAMING: Final = frozenset({b"ngsild-tenant", b"fiware-service"})
_NO_ROBOTS: Final = (b"x-robots-tag", b"noindex, nofollow")


class About:
    """The drill a request is about. A view that finds out more than the address says sets it."""

    __slots__ = ("drill",)

    def __init__(self, drill: Drill | None) -> None:
        self.drill = drill


class DrillMark:
    """Add `Tamamo-Drill` to every answer that is about a drill, and keep it from search engines.

    A drill's name is long and random, so wherever it stands in a request (path, query, the
    headers that name a tenant), the request is about it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        broker = (scope.get("state") or {}).get("broker") if scope["type"] == "http" else None
        drills: Any = broker.towns.drills() if broker is not None else None
        if not drills:
            await self._app(scope, receive, send)
            return
        about = scope[ABOUT] = About(_found(scope, drills))

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start" and about.drill is not None:
                mark = (HEADER.lower().encode(), about.drill.header().encode())
                message["headers"] = [*message.get("headers", ()), mark, _NO_ROBOTS]
            await send(message)

        await self._app(scope, receive, marked)


def _found(scope: Scope, drills: Any) -> Drill | None:
    named = [value.decode("latin-1") for name, value in scope["headers"] if name in _NAMING]
    text = "\n".join([scope["path"], unquote_plus(scope["query_string"].decode("latin-1")), *named])
    return next((drill for name, drill in drills.items() if name in text), None)


def about(scope: Any) -> Drill | None:
    """Return the drill a request is about."""
    found: About | None = scope.get(ABOUT)
    return None if found is None else found.drill


def note(scope: Any, drill: Drill | None) -> None:
    """Say that a request is about a drill, where its address does not."""
    found: About | None = scope.get(ABOUT)
    if found is not None and drill is not None:
        found.drill = drill
