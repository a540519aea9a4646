"""The whole application, called without sockets."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tamamo.context.broker import Broker
from tests.context.conftest import client_of


@pytest.fixture
async def client(broker: Broker) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application; paths are from its root."""
    async with client_of(broker) as opened:
        opened.base_url = httpx.URL("http://broker.test")
        yield opened
