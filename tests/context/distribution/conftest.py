"""A broker that may speak to loopback, other sources, and another broker with its own database."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tamamo.context.broker import Broker, open_broker
from tamamo.kernel.settings import Settings
from tests.conftest import _fresh_database
from tests.context.conftest import client_of
from tests.context.distribution.peer import Peer, as_broker

Register = Callable[..., Awaitable[str]]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Other sources stand on loopback here."""
    return msgspec.structs.replace(settings, outgoing_allow=("127.0.0.1",))


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    """A source that answers what the test says."""
    async with Peer() as up:
        yield up


@pytest.fixture
async def other_peer() -> AsyncIterator[Peer]:
    """Another such source."""
    async with Peer() as up:
        yield up


@pytest.fixture
def other_settings(settings: Settings, cluster_dsn: str, tmp_path: Path) -> Iterator[Settings]:
    """Settings of another installation."""
    with _fresh_database(cluster_dsn) as dsn:
        yield msgspec.structs.replace(settings, home=tmp_path / "other", database_url=dsn)


@pytest.fixture
async def other(other_settings: Settings) -> AsyncIterator[Broker]:
    """Another broker."""
    async with open_broker(other_settings) as opened:
        yield opened


@pytest.fixture
async def other_api(other: Broker) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the other broker."""
    async with client_of(other) as client:
        yield client


@pytest.fixture
async def other_broker(other_api: httpx.AsyncClient) -> AsyncIterator[Peer]:
    """The other broker as a source on a loopback port."""
    async with Peer(as_broker(other_api)) as up:
        yield up


def registration(endpoint: str, *information: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Return a CSourceRegistration, by default for all gauges."""
    return {
        "type": "ContextSourceRegistration",
        "endpoint": endpoint,
        "information": list(information) or [{"entities": [{"type": "Gauge"}]}],
        **members,
    }


@pytest.fixture
def register(api: httpx.AsyncClient) -> Register:
    """Registers a source with the broker and returns the registration's id."""

    async def add(
        endpoint: str, *information: dict[str, Any], tenant: str | None = None, **members: Any
    ) -> str:
        headers = {} if tenant is None else {"NGSILD-Tenant": tenant}
        answer = await api.post(
            "/csourceRegistrations",
            json=registration(endpoint, *information, **members),
            headers=headers,
        )
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"].rpartition("/")[2]

    return add


def gauge(number: str, /, **attrs: Any) -> dict[str, Any]:
    """Return a gauge whose attributes are Properties of these values, or whole attributes."""
    return {
        "id": f"urn:ngsi-ld:Gauge:{number}",
        "type": "Gauge",
        **{
            attr: value if isinstance(value, dict) else {"type": "Property", "value": value}
            for attr, value in attrs.items()
        },
    }
