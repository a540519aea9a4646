"""The NGSI-LD API as an ASGI application at /ngsi-ld/v1 (clause 6.2)."""

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from tamamo.context.contexts import http as contexts
from tamamo.context.discovery import http as discovery
from tamamo.context.entities import batch
from tamamo.context.entities import http as entities
from tamamo.context.entitymaps import http as entity_maps
from tamamo.context.errors import BadRequestData, ResourceNotFound
from tamamo.context.http import problem_answer
from tamamo.context.registrations import http as registrations
from tamamo.context.snapshots import http as snapshots
from tamamo.context.sourcesubscriptions import http as source_subscriptions
from tamamo.context.subscriptions import http as subscriptions
from tamamo.context.temporal import http as temporal

#: Where the API stands.
PREFIX: Final = "/ngsi-ld/v1"


async def _nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive, send)
    problem = ResourceNotFound(f"The API has no resource {request.url.path}")
    await problem_answer(problem, request.headers)(scope, receive, send)


class _EncodedPath:
    """Routes by the path as it was sent: names in a path are IRIs with encoded slashes.

    A slash at the end means the same resource as none (clause 6.4.2 writes /entities/), except
    where only an entity can be meant: then, and for an empty name within the path, the id or
    name "is not present" (clauses 5.6.2.4 to 5.6.19.4).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        path = raw.decode("latin-1").partition("?")[0]
        no_id = path.endswith("/entities/") and scope["method"] in {"PUT", "PATCH"}
        if no_id or "//" in path:
            problem = BadRequestData(f"The path {path} leaves out an id or a name")
            response = problem_answer(problem, Headers(scope=scope))
            await response(scope, receive, send)
            return
        inner = {**scope, "path": path.rstrip("/"), "root_path": PREFIX}
        await self._app(inner, receive, send)


#: Everything the API answers to; its description is made from this (tamamo.context.description).
ROUTES: Final[Sequence[Route]] = [
    *entities.routes,
    *batch.routes,
    *discovery.routes,
    *temporal.routes,
    *entity_maps.routes,
    *snapshots.routes,
    *contexts.routes,
    *registrations.routes,
    *subscriptions.routes,
    *source_subscriptions.routes,
]

app: ASGIApp = _EncodedPath(Router(ROUTES, redirect_slashes=False, default=_nothing_here))
