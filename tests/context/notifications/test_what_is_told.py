"""Which changes are told, and what a notification says (clause 5.8.6)."""

import asyncio
from typing import Any

import httpx
import pytest

from tamamo.context.broker import Broker
from tests.context.notifications.conftest import (
    change,
    notifying,
    room,
    subscribe,
)
from tests.context.notifications.receiver import Receiver

NULL = "urn:ngsi-ld:null"


async def stored(api: httpx.AsyncClient, identifier: str) -> dict[str, Any]:
    response = await api.get(f"/subscriptions/{identifier}")
    found: dict[str, Any] = response.json()
    return found


async def settled(api: httpx.AsyncClient, identifier: str, sent: int) -> dict[str, Any]:
    """Return the counters of a subscription once its last attempt has its result."""
    for _ in range(200):
        told: dict[str, Any] = (await stored(api, identifier))["notification"]
        if (
            told.get("timesSent") == sent
            and told.get("lastSuccess", "") >= told["lastNotification"]
        ):
            return told
        await asyncio.sleep(0.01)
    raise AssertionError(told)


async def test_a_change_is_told(broker: Broker, api: httpx.AsyncClient, receiver: Receiver) -> None:
    info = [{"key": "X-Token", "value": "secret"}, {"key": "ngsild-tenant", "value": "theirs"}]
    identifier = await subscribe(api, receiver.url, endpoint={"receiverInfo": info})
    async with notifying(broker):
        await room(api, warm=20)
        (first,) = await receiver.wait_for(1)
        await change(api, warm=21)
        _, second = await receiver.wait_for(2)
        told = await settled(api, identifier, 2)
    assert first.path == "/notify"
    assert first.headers["content-type"] == "application/json"
    assert first.headers["x-token"] == "secret"
    assert first.headers["ngsild-tenant"] == "theirs"
    assert 'rel="http://www.w3.org/ns/json-ld#context"' in first.headers["link"]
    assert first.body["type"] == "Notification"
    assert first.body["subscriptionId"] == identifier
    assert first.body["notifiedAt"].endswith("Z")
    assert first.body["id"] != second.body["id"]
    assert first.entity == {
        "id": "urn:x:1", "type": "Room", "warm": {"type": "Property", "value": 20}
    }  # fmt: skip
    assert second.entity["warm"]["value"] == 21
    assert told["status"] == "ok"
    assert told["lastNotification"] <= told["lastSuccess"]
    assert "lastFailure" not in told


async def test_who_has_answered_finds_it_counted(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    identifier = await subscribe(api, receiver.url)
    async with notifying(broker):
        for number in range(1, 6):
            await room(api, number, warm=number)
            await receiver.wait_for(number)
            told = (await stored(api, identifier))["notification"]
            assert (told["timesSent"], told["status"]) == (number, "ok")
            assert told["lastSuccess"] >= told["lastNotification"]


#: What is done to a room with name and warm → what each trigger alone makes of it.
DONE = {
    "create": {"entityCreated", "attributeCreated", "entityUpdated"},
    "add": {"attributeCreated", "entityUpdated"},
    "update": {"attributeUpdated", "entityUpdated"},
    "rewrite": set(),
    "remove": {"attributeDeleted", "entityUpdated"},
    "delete": {"entityDeleted", "attributeDeleted", "entityUpdated"},
}
TRIGGERS = (
    "entityCreated", "entityUpdated", "entityDeleted",
    "attributeCreated", "attributeUpdated", "attributeDeleted",
)  # fmt: skip


async def test_triggers(broker: Broker, api: httpx.AsyncClient, receiver: Receiver) -> None:
    names = {
        await subscribe(api, receiver.url, notificationTrigger=[trigger]): trigger
        for trigger in TRIGGERS
    }
    steps = {
        "create": api.post("/entities", json={"id": "urn:x:1", "type": "Room", "warm": 1}),
        "add": api.post("/entities/urn:x:1/attrs", json={"name": "a"}),
        "update": api.patch("/entities/urn:x:1/attrs", json={"warm": 2}),
        "rewrite": api.patch("/entities/urn:x:1/attrs", json={"warm": 2}),
        "remove": api.delete("/entities/urn:x:1/attrs/name"),
        "delete": api.delete("/entities/urn:x:1"),
    }
    expected = 0
    async with notifying(broker):
        for step, request in steps.items():
            assert (await request).status_code < 300, step
            found = await receiver.wait_for(expected + len(DONE[step]))
            told = {names[notification.body["subscriptionId"]] for notification in found[expected:]}
            assert told == DONE[step], step
            expected += len(DONE[step])


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"entities": [{"type": "House"}]}, set()),
        ({"entities": [{"type": "House|Room"}]}, {1, 2, 3}),
        ({"entities": [{"type": "Room", "id": "urn:x:2"}]}, {2}),
        ({"entities": [{"type": "Room", "idPattern": "[13]$"}]}, {1, 3}),
        ({"entities": [{"type": "*"}]}, {1, 2, 3}),
        ({"watchedAttributes": ["warm"]}, {1, 2, 3}),
        ({"watchedAttributes": ["cold"]}, set()),
        ({"q": "warm>1"}, {2, 3}),
        ({"scopeQ": "/town/#"}, {3}),
        (
            {"geoQ": {"georel": "near;maxDistance==9", "geometry": "Point", "coordinates": [9, 9]}},
            {2},
        ),
    ],
)
async def test_what_is_subscribed_to(
    broker: Broker,
    api: httpx.AsyncClient,
    receiver: Receiver,
    members: dict[str, Any],
    told: set[int],
) -> None:
    await subscribe(api, receiver.url, **members)
    await subscribe(api, receiver.url, entities=[{"type": "End"}])
    await room(api, 1, warm=1)
    place = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [9, 9]}}
    await room(api, 2, warm=2, location=place)
    scoped = {"id": "urn:x:3", "type": "Room", "warm": 3, "scope": "/town/hall"}
    assert (await api.post("/entities", json=scoped)).status_code == 201
    await api.post("/entities", json={"id": "urn:x:9", "type": "End", "warm": 1})
    async with notifying(broker):
        last = 9 in told or {"type": "*"} in members.get("entities", [])
        found = await receiver.wait_for(len(told) + 1 + last)
    numbers = [int(notification.entity["id"][-1]) for notification in found]
    assert set(numbers) - {9} == told


async def test_linked_entities_in_a_query(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribe(api, receiver.url, q="within{floors}>2")
    for number, floors in ((7, 2), (8, 3)):
        house = {"id": f"urn:x:{number}", "type": "House", "floors": floors}
        assert (await api.post("/entities", json=house)).status_code == 201
    for number, target in ((1, 7), (2, 8)):
        await room(api, number, within={"type": "Relationship", "object": f"urn:x:{target}"})
    async with notifying(broker):
        (only,) = await receiver.wait_for(1)
    assert only.entity["id"] == "urn:x:2"


FORMATS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"format": "keyValues"}, {"id": "urn:x:1", "type": "Room", "name": "a", "warm": 1}),
    ({"format": "simplified"}, {"id": "urn:x:1", "type": "Room", "name": "a", "warm": 1}),
    ({"format": "concise"}, {"id": "urn:x:1", "type": "Room", "name": "a", "warm": 1}),
    (
        {"format": "concise", "attributes": ["warm"]},
        {"id": "urn:x:1", "type": "Room", "warm": 1},
    ),
    ({"format": "concise", "pick": ["warm"]}, {"warm": 1}),
    ({"format": "concise", "omit": ["warm", "type"]}, {"id": "urn:x:1", "name": "a"}),
]


async def test_formats(broker: Broker, api: httpx.AsyncClient, receiver: Receiver) -> None:
    expected = {
        await subscribe(api, receiver.url, notification=wanted): shown for wanted, shown in FORMATS
    }
    await room(api, name="a", warm=1)
    async with notifying(broker):
        found = await receiver.wait_for(len(FORMATS))
    assert {n.body["subscriptionId"]: n.entity for n in found} == expected


async def test_nothing_is_sent_when_nothing_is_left(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribe(api, receiver.url, notification={"pick": ["cold"]})
    kept = await subscribe(api, receiver.url)
    await room(api, warm=1)
    async with notifying(broker):
        (only,) = await receiver.wait_for(1)
    assert only.body["subscriptionId"] == kept


async def test_media_types(broker: Broker, api: httpx.AsyncClient, receiver: Receiver) -> None:
    body_json = [{"key": "Prefer", "value": "body=json"}]
    wanted: dict[str, dict[str, Any]] = {
        "ld": {"accept": "application/ld+json"},
        "geo": {"accept": "application/geo+json"},
        "bare": {"accept": "application/geo+json", "receiverInfo": body_json},
    }
    names = {
        await subscribe(api, receiver.url, endpoint=endpoint): name
        for name, endpoint in wanted.items()
    }
    place = {"type": "Point", "coordinates": [134.0, 34.3]}
    await room(api, location={"type": "GeoProperty", "value": place})
    async with notifying(broker):
        found = {names[n.body["subscriptionId"]]: n for n in await receiver.wait_for(3)}
    assert found["ld"].headers["content-type"] == "application/ld+json"
    assert "link" not in found["ld"].headers
    assert found["ld"].body["@context"] == found["ld"].entity["@context"]
    assert found["geo"].data["type"] == "FeatureCollection"
    assert found["geo"].data["features"][0]["geometry"] == place
    assert "@context" in found["geo"].data
    assert "@context" not in found["bare"].data
    assert "link" in found["bare"].headers


async def test_previous_values(broker: Broker, api: httpx.AsyncClient, receiver: Receiver) -> None:
    await subscribe(
        api,
        receiver.url,
        notificationTrigger=["entityUpdated", "entityDeleted"],
        notification={"showChanges": True},
    )
    async with notifying(broker):
        await room(api, warm=1, name="a")
        await change(api, warm=2)
        await api.delete("/entities/urn:x:1/attrs/name")
        await api.delete("/entities/urn:x:1")
        created, changed, removed, deleted = await receiver.wait_for(4)
    assert "previousValue" not in str(created.entity)
    assert changed.entity["warm"] == {"type": "Property", "value": 2, "previousValue": 1}
    assert changed.entity["name"] == {"type": "Property", "value": "a"}
    assert removed.entity["name"] == {"type": "Property", "value": NULL, "previousValue": "a"}
    assert deleted.entity["warm"] == {"type": "Property", "value": NULL, "previousValue": 2}
    assert deleted.entity["deletedAt"].endswith("Z")


async def test_deletions_without_previous_values(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    wanted: dict[str, tuple[list[str], dict[str, Any]]] = {
        "entity": (["entityDeleted"], {}),
        "times": (["entityDeleted"], {"sysAttrs": True}),
        "attribute": (["attributeDeleted"], {"format": "concise"}),
    }
    names = {
        await subscribe(
            api, receiver.url, notificationTrigger=triggers, notification=notification
        ): name
        for name, (triggers, notification) in wanted.items()
    }
    await room(api, warm=1)
    await api.delete("/entities/urn:x:1")
    async with notifying(broker):
        found = {names[n.body["subscriptionId"]]: n.entity for n in await receiver.wait_for(3)}
    assert set(found["entity"]) == {"id", "type", "deletedAt"}
    assert set(found["times"]) == {"id", "type", "createdAt", "modifiedAt", "deletedAt"}
    assert found["attribute"]["warm"] == NULL


async def test_datasets(broker: Broker, api: httpx.AsyncClient, receiver: Receiver) -> None:
    await subscribe(api, receiver.url, datasetId=["urn:x:d"], notification={"format": "concise"})
    both = [{"value": 1}, {"value": 2, "datasetId": "urn:x:d"}]
    await api.post("/entities", json={"id": "urn:x:1", "type": "Room", "warm": both})
    async with notifying(broker):
        (only,) = await receiver.wait_for(1)
    assert only.entity["warm"] == {"value": 2, "datasetId": "urn:x:d"}


async def test_joined_entities(broker: Broker, api: httpx.AsyncClient, receiver: Receiver) -> None:
    receiver.whole = True
    flat = await subscribe(api, receiver.url, notification={"join": "flat"})
    inline = await subscribe(api, receiver.url, notification={"join": "inline"})
    await api.post("/entities", json={"id": "urn:x:9", "type": "House", "floors": 2})
    await room(api, within={"type": "Relationship", "object": "urn:x:9"})
    async with notifying(broker):
        found = {n.body["subscriptionId"]: n for n in await receiver.wait_for(2)}
    assert [entity["id"] for entity in found[flat].data] == ["urn:x:1", "urn:x:9"]
    assert found[inline].entity["within"]["entity"]["floors"]["value"] == 2


async def test_an_earlier_version_of_the_standard(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribe(api, receiver.url, ngsildConformance="1.3")
    await room(api, street={"type": "LanguageProperty", "languageMap": {"ja": "中央通り"}})
    async with notifying(broker):
        (only,) = await receiver.wait_for(1)
    assert only.entity["street"]["type"] == "Property"


async def test_names_outlive_the_server_of_their_context(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    written = {
        "type": "Subscription",
        "entities": [{"type": "Zimmer"}],
        "q": "warm>1",
        "notification": {"endpoint": {"uri": receiver.url}, "format": "concise"},
        "@context": {"Zimmer": "https://example.org/Room", "warm": "https://example.org/warm"},
    }
    headers = {"Content-Type": "application/ld+json"}
    assert (await api.post("/subscriptions", json=written, headers=headers)).is_success
    entity = {
        "id": "urn:x:1",
        "type": "https://example.org/Room",
        "https://example.org/warm": 2,
    }
    assert (await api.post("/entities", json=entity)).is_success
    async with notifying(broker):
        (only,) = await receiver.wait_for(1)
    assert only.entity == {"id": "urn:x:1", "type": "Zimmer", "warm": 2}


async def test_nobody_is_told_of_another_tenant(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    town = {"NGSILD-Tenant": "town"}
    written = {
        "type": "Subscription",
        "entities": [{"type": "Room"}],
        "notification": {"endpoint": {"uri": receiver.url}},
    }
    assert (await api.post("/subscriptions", json=written, headers=town)).is_success
    await room(api, 1, warm=1)
    body = {"id": "urn:x:2", "type": "Room", "warm": 2}
    assert (await api.post("/entities", json=body, headers=town)).is_success
    async with notifying(broker):
        (only,) = await receiver.wait_for(1)
    assert only.entity["id"] == "urn:x:2"
    assert only.headers["ngsild-tenant"] == "town"
