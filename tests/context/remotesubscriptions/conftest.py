"""A broker whose subscriptions go on to sources, on a loopback port where these can tell it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import msgspec
import pytest

from tamamo.context.broker import Broker
from tamamo.context.remotesubscriptions import service, telling
from tamamo.kernel.settings import Settings
from tests.context.distribution.conftest import (
    Register,
    other,
    other_api,
    other_broker,
    other_peer,
    other_settings,
    peer,
    register,
)
from tests.context.distribution.peer import Asked, Peer, Says, as_broker
from tests.context.notifications.conftest import receiver

__all__ = [
    "Register", "other", "other_api", "other_broker", "other_peer", "other_settings", "peer",
    "receiver", "register",
]  # fmt: skip

CALLBACK = "/ngsi-ld/ex/remote-notify"


@pytest.fixture
def here() -> Peer:
    """The broker as others reach it; up while `api` is."""
    return Peer()


@pytest.fixture
def settings(settings: Settings, here: Peer) -> Settings:
    return msgspec.structs.replace(
        settings, outgoing_allow=("127.0.0.1",), public_url=here.endpoint
    )


@pytest.fixture
async def reachable(api: httpx.AsyncClient, here: Peer) -> AsyncIterator[Peer]:
    """The broker, reachable on its port."""
    answer = as_broker(api)

    async def with_callback(asked: Asked) -> Says:
        if asked.path != CALLBACK:
            return await answer(asked)
        return Says((await notify(api, asked.body, asked.headers)).status_code)

    here._otherwise = with_callback
    async with here as up:
        yield up


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in production, but nobody waits for the next look."""
    monkeypatch.setattr(service, "LOOK", 0.02)
    monkeypatch.setattr(service, "CLAIM", 0.05)
    monkeypatch.setattr(telling, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(telling, "LONGEST_PAUSE", 0.1)


async def notify(
    api: httpx.AsyncClient, body: Any, headers: dict[str, str] | None = None
) -> httpx.Response:
    """Tell the broker of a subscription at a source."""
    kept = {name: value for name, value in (headers or {}).items() if name in {"link"}}
    url = f"http://broker.test{CALLBACK}"
    return await api.post(url, json=body, headers=kept)


@asynccontextmanager
async def going_on(broker: Broker) -> AsyncIterator[None]:
    """Tell sources as one process does; at the end it dies on the spot."""
    task = asyncio.create_task(service.run(broker))
    try:
        yield
        if task.done():
            task.result()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(holds: Callable[[], bool], seconds: float = 10) -> None:
    """Return once it holds."""
    for _ in range(int(seconds / 0.01)):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to that")


def wanted(**members: Any) -> dict[str, Any]:
    """Return a subscription to gauges."""
    notification = {"endpoint": {"uri": "http://subscriber.example/"}}
    return {
        "id": "urn:x:s",
        "type": "Subscription",
        "entities": [{"type": "Gauge"}],
        **members,
        "notification": notification | members.get("notification", {}),
    }


async def subscribe(api: httpx.AsyncClient, **members: Any) -> None:
    response = await api.post("/subscriptions", json=wanted(**members))
    assert response.status_code == 201, response.text
