"""What a subscriber is told of registrations, and when (clauses 5.3.2, 5.3.3, 5.11.7)."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tamamo.context.broker import Broker
from tamamo.context.registrations import service
from tamamo.kernel.time import now, to_text
from tests.context.notifications.conftest import notifying
from tests.context.notifications.receiver import Received, Receiver
from tests.context.sourcesubscriptions.conftest import register, subscribe

PLACE = {"type": "Point", "coordinates": [134.05, 34.35]}
NEAR = {"georel": "near;maxDistance==1000", "geometry": "Point", "coordinates": [134.05, 34.35]}
PAST = {"startAt": "2020-01-01T00:00:00Z", "endAt": "2021-01-01T00:00:00Z"}


def told(received: Received) -> tuple[str, list[str]]:
    """Return the reason and the last parts of the ids."""
    ids = [one["id"].rpartition(":")[2] for one in received.data]
    return received.body["triggerReason"], ids


async def test_at_first_and_with_each_change(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await register(api, 1)
    await register(api, 2)
    await register(api, 3, information=[{"entities": [{"type": "House"}]}])
    identifier = await subscribe(api, receiver.url)
    async with notifying(broker):
        await receiver.wait_for(1)
        await register(api, 4)
        path = "/csourceRegistrations/urn:x:source:"
        house = {"information": [{"entities": [{"type": "House"}]}]}
        gauge = {"information": [{"entities": [{"type": "Gauge"}]}]}
        assert (await api.patch(f"{path}1", json={"description": "new"})).is_success
        assert (await api.patch(f"{path}1", json={"description": "new"})).is_success
        assert (await api.patch(f"{path}2", json=house)).is_success
        assert (await api.patch(f"{path}3", json=gauge)).is_success
        assert (await api.patch(f"{path}2", json={"description": "no gauges"})).is_success
        assert (await api.delete(f"{path}1")).is_success
        assert (await api.delete(f"{path}2")).is_success
        found = await receiver.wait_for(6)
        await asyncio.sleep(0.1)
    assert [told(one) for one in found] == [
        ("newlyMatching", ["1", "2"]),
        ("newlyMatching", ["4"]),
        ("updated", ["1"]),
        ("noLongerMatching", ["2"]),
        ("newlyMatching", ["3"]),
        ("noLongerMatching", ["1"]),
    ]
    first = found[0].body
    assert first["type"] == "ContextSourceNotification"
    assert first["subscriptionId"] == identifier
    assert first["notifiedAt"].endswith("Z")
    assert len({one.body["id"] for one in found}) == 6
    assert found[2].data[0]["description"] == "new"
    notification = (await api.get(f"/csourceSubscriptions/{identifier}")).json()["notification"]
    assert (notification["timesSent"], notification["status"]) == (6, "ok")


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, "12345"),
        ({"entities": [{"type": "*"}], "localOnly": True}, "123456"),
        ({"entities": [{"type": "Gauge", "id": "urn:x:g:9"}]}, "1345"),
        ({"entities": [{"type": "Gauge", "idPattern": "^urn:x:g:7"}]}, "12345"),
        ({"watchedAttributes": ["level"]}, "12345"),
        ({"notification": {"attributes": ["level"]}}, "1245"),
        ({"notification": {"attributes": ["rain"]}}, "1235"),
        ({"notification": {"pick": ["id", "rain"]}, "watchedAttributes": ["level"]}, "12345"),
        ({"geoQ": NEAR}, "5"),
        ({"scopeQ": "/town"}, "4"),
        ({"csf": "owner==\"harbour\""}, "3"),
        ({"datasetId": ["urn:x:d"]}, "1345"),
        ({"temporalQ": {"timerel": "after", "timeAt": "2020-06-01T00:00:00Z"}}, "7"),
        ({"temporalQ": {"timerel": "after", "timeAt": "2022-01-01T00:00:00Z"}}, ""),
        (
            {
                "temporalQ": {
                    "timerel": "between",
                    "timeAt": "2019-01-01T00:00:00Z",
                    "endTimeAt": "2020-01-02T00:00:00Z",
                    "timeproperty": "createdAt",
                }
            },
            "8",
        ),
    ],
)  # fmt: skip
async def test_which_match(
    broker: Broker,
    api: httpx.AsyncClient,
    receiver: Receiver,
    members: dict[str, Any],
    expected: str,
) -> None:
    gauge = {"type": "Gauge"}
    await register(api, 1)
    await register(
        api, 2, information=[{"entities": [{**gauge, "id": "urn:x:g:7"}]}], datasetId=["@none"]
    )
    await register(
        api, 3, information=[{"entities": [gauge], "propertyNames": ["rain"]}], owner="harbour"
    )
    await register(
        api, 4, information=[{"entities": [gauge], "propertyNames": ["level"]}], scope="/town"
    )
    await register(api, 5, location=PLACE)
    await register(api, 6, information=[{"entities": [{"type": "House"}]}])
    await register(api, 7, observationInterval=PAST)
    await register(api, 8, managementInterval=PAST)
    await subscribe(api, receiver.url, **members)
    await subscribe(api, receiver.url, entities=[{"type": "End"}])
    async with notifying(broker):
        await register(api, 9, information=[{"entities": [{"type": "End"}]}])
        more = "*" in str(members)
        found = await receiver.wait_for(1 + bool(expected) + more)
    ids = {number for one in found for number in told(one)[1]} - {"9"}
    assert "".join(sorted(ids)) == expected


async def test_only_what_matters_is_shown(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    information = [{"entities": [{"type": "House"}]}, {"entities": [{"type": "Gauge"}]}]
    await register(api, 1, information=information)
    await subscribe(
        api,
        receiver.url,
        endpoint={"accept": "application/ld+json"},
        notification={"sysAttrs": True},
    )
    async with notifying(broker):
        (only,) = await receiver.wait_for(1)
    assert only.headers["content-type"] == "application/ld+json"
    (shown,) = only.data
    assert shown["information"] == [{"entities": [{"type": ["Gauge"]}]}]
    assert {"createdAt", "modifiedAt", "@context"} <= shown.keys()
    assert "@context" in only.body


async def test_a_changed_subscription_is_told_of_all_that_match(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await register(api, 1)
    await register(api, 2, information=[{"entities": [{"type": "House"}]}])
    identifier = await subscribe(api, receiver.url, isActive=False)
    path = f"/csourceSubscriptions/{identifier}"
    async with notifying(broker):
        assert (
            await api.patch("/csourceRegistrations/urn:x:source:1", json={"description": "a"})
        ).is_success
        assert (await api.patch(path, json={"isActive": True})).is_success
        await receiver.wait_for(1)
        both = {"entities": [{"type": "Gauge"}, {"type": "House"}]}
        assert (await api.patch(path, json=both)).is_success
        found = await receiver.wait_for(2)
    assert [told(one) for one in found] == [
        ("newlyMatching", ["1"]),
        ("newlyMatching", ["1", "2"]),
    ]


async def test_a_time_interval_begins_at_once(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await register(api, 1)
    await subscribe(api, receiver.url, timeInterval=0.2)
    async with notifying(broker):
        await register(api, 2)
        found = await receiver.wait_for(3)
    assert [told(one) for one in found[:2]] == [
        ("newlyMatching", ["1"]),
        ("newlyMatching", ["1", "2"]),
    ]


async def test_a_registration_whose_time_is_over(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    soon = to_text(now() + timedelta(seconds=0.3))
    await register(api, 1, expiresAt=soon)
    await register(api, 2, expiresAt=soon)
    await subscribe(api, receiver.url)
    async with notifying(broker):
        await receiver.wait_for(1)
        await asyncio.sleep(0.4)
        # One is made anew before it is swept away: it went, and came.
        await register(api, 1)
        assert await service.sweep(broker.pool) == 0
        found = await receiver.wait_for(4)
    assert [told(one) for one in found] == [
        ("newlyMatching", ["1", "2"]),
        ("noLongerMatching", ["1"]),
        ("noLongerMatching", ["2"]),
        ("newlyMatching", ["1"]),
    ]


async def test_another_tenant_is_not_told(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribe(api, receiver.url)
    headers = {"NGSILD-Tenant": "town"}
    written = {
        "id": "urn:x:source:8",
        "type": "ContextSourceRegistration",
        "information": [{"entities": [{"type": "Gauge"}]}],
        "endpoint": "http://source.example",
    }
    response = await api.post("/csourceRegistrations", json=written, headers=headers)
    assert response.status_code == 201
    async with notifying(broker):
        await register(api, 1)
        (only,) = await receiver.wait_for(1)
    assert told(only) == ("newlyMatching", ["1"])


async def test_a_change_that_fails_tells_nobody(
    broker: Broker, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribe(api, receiver.url)
    entity = {"id": "urn:x:g:1", "type": "Gauge", "level": 1}
    assert (await api.post("/entities", json=entity)).is_success
    claims = [{"entities": [{"type": "Gauge", "id": "urn:x:g:1"}], "propertyNames": ["level"]}]
    refused = {
        "id": "urn:x:source:7",
        "type": "ContextSourceRegistration",
        "information": claims,
        "mode": "exclusive",
        "endpoint": "http://source.example",
    }
    assert (await api.post("/csourceRegistrations", json=refused)).status_code == 409
    async with notifying(broker):
        await register(api, 1)
        (only,) = await receiver.wait_for(1)
    assert told(only) == ("newlyMatching", ["1"])
