"""A broker that notifies, quickly, with a receiver on this machine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import msgspec
import pytest

from tamamo.context.broker import Broker
from tamamo.context.notifications.policy import Clock, Policy
from tamamo.context.notifications.service import Notifier
from tamamo.kernel.settings import Settings
from tests.context.notifications.receiver import Receiver

#: As in production, but nobody waits for the next look.
QUICK = Policy(
    first_pause=0.02, longest_pause=0.2, look=0.005, idle_look=0.01, claim=0.05, rescan=0.3
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, outgoing_allow=("127.0.0.1",))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as opened:
        yield opened


@asynccontextmanager
async def notifying(
    broker: Broker, policy: Policy = QUICK, clock: Clock | None = None
) -> AsyncIterator[Notifier]:
    """Notify as one process does; at the end it dies on the spot."""
    notifier = Notifier(broker, policy, clock)
    task = asyncio.create_task(notifier.run())
    try:
        yield notifier
        if task.done():
            task.result()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def subscribe(api: httpx.AsyncClient, uri: str, **members: Any) -> str:
    """Create a subscription to rooms; `endpoint` and `notification` are added to."""
    endpoint = {"uri": uri, **members.pop("endpoint", {})}
    notification = {"endpoint": endpoint, **members.pop("notification", {})}
    written = {
        "type": "Subscription",
        "entities": [{"type": "Room"}],
        "notification": notification,
        **members,
    }
    response = await api.post("/subscriptions", json=written)
    assert response.status_code == 201, response.text
    return response.headers["Location"].rpartition("/")[2]


async def room(api: httpx.AsyncClient, number: int = 1, **values: Any) -> str:
    """Create a room with these values as properties."""
    body = {"id": f"urn:x:{number}", "type": "Room", **_properties(values)}
    response = await api.post("/entities", json=body)
    assert response.status_code == 201, response.text
    return str(body["id"])


async def change(api: httpx.AsyncClient, number: int = 1, **values: Any) -> None:
    response = await api.post(f"/entities/urn:x:{number}/attrs", json=_properties(values))
    assert response.status_code == 204, response.text


def _properties(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, dict) else {"type": "Property", "value": value}
        for name, value in values.items()
    }


async def until_matched(broker: Broker) -> None:
    """Wait until every change is behind the position: what matched is delivered or stored."""
    for _ in range(500):
        if not await _unmatched(broker):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("changes still wait to be matched")


async def _unmatched(broker: Broker) -> bool:
    async with broker.pool.connection() as connection:
        cursor = await connection.execute(
            "select exists (select from outbox o, notification_state s"
            " where (o.xid, o.seq) > (s.xid, s.seq))"
        )
        row = await cursor.fetchone()
    return bool(row and row[0])
