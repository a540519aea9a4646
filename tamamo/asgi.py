"""The outer ASGI application: the broker (Starlette) beside the web faces (Django)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from tamamo.context import api
from tamamo.context.broker import Broker, open_broker
from tamamo.context.changes.http import routes as change_routes
from tamamo.kernel import health, lifeline, log
from tamamo.kernel import settings as kernel_settings
from tamamo.kernel.http import LargestBody, RequestLog
from tamamo.kernel.settings import Settings
from tamamo.web.asgi import application as web


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


def build(settings: Settings) -> Starlette:
    """Return the application of one worker process."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        lifeline.follow_parent()
        log.configure(settings)
        async with open_broker(settings) as broker:
            lifeline.when_stopping(broker.changes.aclose)
            yield {"broker": broker}

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
            Mount("/ngsi-ld/v1", api.app),
            *change_routes,
            Mount("/", web),
        ],
        middleware=[
            Middleware(RequestLog),
            Middleware(LargestBody, limit=settings.max_body),
        ],
        lifespan=lifespan,
    )


app = build(kernel_settings.load())
