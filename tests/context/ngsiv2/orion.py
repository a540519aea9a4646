"""What tests of subscriptions write as a client of Orion."""

from typing import Any

import httpx

ROOM: dict[str, Any] = {
    "id": "Room1",
    "type": "Room",
    "temperature": {"value": 20.5, "type": "Number"},
    "pressure": {"value": 720, "type": "hPa", "metadata": {"unit": {"value": "hPa"}}},
}


def subscription(url: str, **members: Any) -> dict[str, Any]:
    """Return a subscription to rooms, told at an address. condition, notification: added to."""
    subject: dict[str, Any] = {"entities": [{"idPattern": ".*", "type": "Room"}]}
    subject |= members.pop("subject", {})
    if "condition" in members:
        subject["condition"] = members.pop("condition")
    notification = members.pop("notification", {})
    if not notification.keys() & {"http", "httpCustom", "mqtt", "mqttCustom", "kafka"}:
        notification = {"http": {"url": url}, **notification}
    return {"subject": subject, "notification": notification, **members}


async def subscribe(
    orion: httpx.AsyncClient, url: str, headers: dict[str, str] | None = None, **members: Any
) -> str:
    """Create a subscription and return its id."""
    answer = await orion.post("/subscriptions", json=subscription(url, **members), headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"].removeprefix("/v2/subscriptions/")


async def room(orion: httpx.AsyncClient, **members: Any) -> None:
    """Create the room."""
    answer = await orion.post("/entities", json={**ROOM, **members})
    assert answer.status_code == 201, answer.text


async def change(orion: httpx.AsyncClient, entity: str = "Room1", **values: Any) -> None:
    """Write values of attributes."""
    answer = await orion.post(
        f"/entities/{entity}/attrs", json=values, params={"options": "keyValues"}
    )
    assert answer.status_code == 204, answer.text
