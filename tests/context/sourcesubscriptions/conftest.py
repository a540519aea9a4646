"""A broker that notifies of registrations, and how a test registers and subscribes."""

from typing import Any

import httpx

from tests.context.notifications.conftest import receiver, settings

__all__ = ["receiver", "settings"]


async def register(api: httpx.AsyncClient, number: int = 1, **members: Any) -> str:
    """Register a source of gauges; members replace or add to it."""
    written = {
        "id": f"urn:x:source:{number}",
        "type": "ContextSourceRegistration",
        "information": [{"entities": [{"type": "Gauge"}]}],
        "endpoint": "http://source.example",
        **members,
    }
    response = await api.post("/csourceRegistrations", json=written)
    assert response.status_code == 201, response.text
    return str(written["id"])


async def subscribe(api: httpx.AsyncClient, uri: str, **members: Any) -> str:
    """Subscribe to the sources of gauges; `endpoint` and `notification` are added to."""
    endpoint = {"uri": uri, **members.pop("endpoint", {})}
    written = {
        "type": "Subscription",
        "entities": [{"type": "Gauge"}],
        "notification": {"endpoint": endpoint, **members.pop("notification", {})},
        **members,
    }
    response = await api.post("/csourceSubscriptions", json=written)
    assert response.status_code == 201, response.text
    return str(response.headers["Location"].rpartition("/")[2])
