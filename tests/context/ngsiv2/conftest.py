"""Clients of the NGSIv2 door of the real application over a real database."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tamamo.context.broker import Broker
from tests.context.conftest import client_of

_BASE = httpx.URL("http://broker.test/v2")


@pytest.fixture
async def orion(broker: Broker) -> AsyncIterator[httpx.AsyncClient]:
    """A client of NGSIv2; paths are relative to /v2."""
    async with client_of(broker) as client:
        client.base_url = _BASE
        yield client


@pytest.fixture
async def shared_orion(shared_api: httpx.AsyncClient) -> httpx.AsyncClient:
    """The same on the module's database: for what is refused and so changes nothing."""
    shared_api.base_url = _BASE
    return shared_api
