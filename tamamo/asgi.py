"""The outer ASGI application: the broker (Starlette) beside the web faces (Django)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tamamo.context.broker import Broker, open_broker
from tamamo.kernel import log, settings


class State(TypedDict):
    """What every request of this process can reach as `request.state`."""

    broker: Broker


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[State]:
    """Open the broker for the life of this worker process."""
    configuration = settings.load()
    log.configure(configuration)
    async with open_broker(configuration) as broker:
        yield {"broker": broker}


async def healthz(_: Request) -> PlainTextResponse:
    """Answer while the process is up."""
    return PlainTextResponse("ok")


app = Starlette(routes=[Route("/healthz", healthz)], lifespan=lifespan)
