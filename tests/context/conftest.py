"""The real application over a real database, called without sockets."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from tamamo.asgi import build
from tamamo.context.broker import Broker, open_broker
from tamamo.kernel.settings import Settings

ROOT = "/ngsi-ld/v1"


@pytest.fixture
async def broker(settings: Settings) -> AsyncIterator[Broker]:
    """An open broker on this test's database."""
    async with open_broker(settings) as opened:
        yield opened


@pytest.fixture
async def api(broker: Broker) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API; paths are relative to /ngsi-ld/v1."""
    async with client_of(broker) as client:
        yield client


@pytest.fixture
async def shared_api(shared_database_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API on the module's database: for what is refused and so changes nothing."""
    settings = Settings(home=tmp_path / "home", database_url=shared_database_url, open=True)
    async with open_broker(settings) as opened, client_of(opened) as client:
        yield client


def client_of(broker: Broker) -> httpx.AsyncClient:
    """Return a client of the application that serves this broker."""
    application = build(broker.settings)

    async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
        await application({**scope, "state": {"broker": broker}}, receive, send)

    transport = httpx.ASGITransport(with_state, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=f"http://broker.test{ROOT}")
