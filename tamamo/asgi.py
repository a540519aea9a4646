"""The outer ASGI application: the broker (Starlette) beside the web faces (Django)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tamamo.context import api
from tamamo.context.broker import Broker, open_broker
from tamamo.context.changes.http import routes as change_routes
from tamamo.context.crossorigin import CrossOrigin
from tamamo.context.description.http import routes as description_routes
from tamamo.context.ngsiv2 import routes as ngsiv2
from tamamo.context.remotesubscriptions.http import routes as callback_routes
from tamamo.kernel import health, lifeline, log
from tamamo.kernel import settings as kernel_settings
from tamamo.kernel.drills.http import DrillMark
from tamamo.kernel.http import PatientBody, RequestLog
from tamamo.kernel.process import collect_between
from tamamo.kernel.settings import Settings
from tamamo.kernel.tasks import beside
from tamamo.publishing.catalogue.http import routes as catalogue_routes
from tamamo.publishing.features import features
from tamamo.registers.features.http import Door
from tamamo.web.asgi import application as web
from tamamo.web.security import body_limits, is_page

# Needs Django, which the line above sets up.
from tamamo.accounts.middleware import session_user  # isort: skip


class State(TypedDict):
    """What every request of this process can reach as `request.state`."""

    broker: Broker


async def healthz(_: Request) -> Response:
    """Answer while the process is up."""
    return health.alive()


async def readyz(request: Request) -> Response:
    """Answer 200 when the database answers and is of this version."""
    return await health.ready(request.state.broker.pool)


def metrics(_: Request) -> Response:
    """Answer with Prometheus text; runs in a thread because it reads files."""
    return health.metrics()


class ApiFirst:
    """Hand the broker's requests to it before the pages' machinery sees them.

    They are most of all requests, and the API has its own limits and errors.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._ogc = Door(features(), app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        chosen = self._app
        if scope["type"] == "http" and scope["path"].startswith(api.PREFIX + "/"):
            chosen = api.app
        elif scope["type"] == "http" and (scope["path"] + "/").startswith(ngsiv2.PREFIX + "/"):
            chosen = ngsiv2.app
        elif scope["type"] == "http" and Door.takes(scope):
            chosen = self._ogc
        await chosen(scope, receive, send)


def build(settings: Settings) -> Starlette:
    """Return the application of one worker process."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        lifeline.follow_parent()
        log.configure(settings)
        async with open_broker(settings) as broker:
            lifeline.when_stopping(broker.changes.aclose)
            broker.identity.session_user = session_user
            async with beside(collect_between(), name="collector"):
                yield {"broker": broker}

    crossing = [Middleware(CrossOrigin, settings=settings)] if settings.cors_origins else []
    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
            *change_routes,
            *callback_routes,
            *description_routes,
            *catalogue_routes,
            Mount("/", web),
        ],
        middleware=[
            Middleware(RequestLog, https=(settings.public_url or "").startswith("https://")),
            *crossing,
            Middleware(DrillMark),
            Middleware(ApiFirst),
            Middleware(
                PatientBody,
                limit=settings.max_body,
                seconds=settings.body_seconds,
                limit_of=body_limits(settings),
                has_pages=is_page,
            ),
        ],
        lifespan=lifespan,
    )


app = build(kernel_settings.load())
