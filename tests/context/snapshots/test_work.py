"""What snapshots need in the background: ending, notifying, removing, filling again."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tamamo.context.broker import Broker
from tamamo.context.notifications.outbound import Outbound
from tamamo.context.notifications.senders import headers_of as headers_of_notification
from tamamo.context.snapshots import filling, notices, work
from tamamo.context.subscriptions.registry import Registry
from tamamo.context.tenants import headers_of, owner_of, snapshot_of, snapshot_tenant
from tamamo.kernel.outgoing import Answer, Outgoing, OutgoingError
from tamamo.kernel.time import from_text

GAUGES = {"type": "Query", "entities": [{"type": "Gauge"}]}
BODY = {"type": "Snapshot", "id": "urn:s:1", "snapshotQueries": [GAUGES]}
GAUGE = {"id": "urn:g:a", "type": "Gauge", "level": {"type": "Property", "value": 1}}


class Receiver:
    """Takes the place of the network: keeps what was sent, or refuses it."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, str], Any]] = []
        self.status = 200

    async def request(self, method: str, url: str, **more: Any) -> Answer:
        if self.status == 0:
            raise OutgoingError("down")
        self.sent.append((url, dict(more["headers"]), more["body"]))
        return Answer(self.status, httpx.Headers(), b"", url)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def outgoing(broker: Broker) -> AsyncIterator[Outgoing]:
    async with Outgoing(broker.settings) as opened:
        yield opened


async def rows(broker: Broker, table: str) -> int:
    async with broker.pool.connection() as connection:
        cursor = await connection.execute(
            f"select count(*) from {table} where tenant like 'default_urn:s:%'"
        )
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def deliver(broker: Broker, receiver: Receiver) -> list[dict[str, Any]]:
    import orjson

    receiver.sent.clear()
    await work.tend(broker.pool, receiver)  # type: ignore[arg-type]
    return [orjson.loads(body) for _, _, body in receiver.sent]


async def test_notifications(api: httpx.AsyncClient, broker: Broker, receiver: Receiver) -> None:
    told = {"endpoint": "http://me.example/", "receiverInfo": [{"key": "X-Key", "value": "k"}]}
    await api.post("/entities", json=GAUGE)
    await api.post("/snapshots", json=BODY | told)
    assert await deliver(broker, receiver) == []
    await work.fill(broker)
    (first,) = await deliver(broker, receiver)
    url, headers, _ = receiver.sent[0]
    assert (url, headers["X-Key"]) == ("http://me.example/", "k")
    assert first["type"] == "SnapshotNotification"
    assert first["snapshotId"] == "urn:s:1"
    assert (first["snapshotStatus"], first["snapshotPriority"]) == ("success", 5)
    assert first["snapshotQueriesDetails"] == [{"resultStatus": "success"}]
    assert from_text(first["expiresAt"]) > from_text(first["notifiedAt"])
    await api.patch("/snapshots/urn:s:1", json={"snapshotPriority": 8})
    await api.delete("/snapshots/urn:s:1")
    # In order, one after the other.
    (changed,) = await deliver(broker, receiver)
    assert changed["snapshotPriority"] == 8
    (gone,) = await deliver(broker, receiver)
    assert from_text(gone["expiresAt"]) <= from_text(gone["notifiedAt"])
    assert gone["snapshotStatus"] == "failure"
    assert await deliver(broker, receiver) == []


@pytest.mark.parametrize("status", [0, 500])
async def test_a_notification_is_tried_again(
    api: httpx.AsyncClient,
    broker: Broker,
    receiver: Receiver,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(notices, "_LONGEST_PAUSE", notices._LONGEST_PAUSE * 0)
    await api.post("/snapshots", json=BODY | {"endpoint": "http://me.example/"})
    await work.fill(broker)
    receiver.status = status
    await deliver(broker, receiver)
    receiver.status = 204
    assert len(await deliver(broker, receiver)) == 1
    assert await deliver(broker, receiver) == []


async def test_those_who_cannot_be_told_now_keep_nobody_waiting(
    api: httpx.AsyncClient, broker: Broker, receiver: Receiver
) -> None:
    async with broker.pool.connection() as connection:
        await connection.execute(
            "insert into snapshot_notice (tenant, snapshot_id, uri, headers, body, next_at)"
            " select 'another', 'urn:s:' || n, 'http://away.example/', '{}', '{}',"
            " now() + interval '1 h' from generate_series(1, 200) as n"
        )
    await api.post("/snapshots", json=BODY | {"endpoint": "http://me.example/"})
    await work.fill(broker)
    (told,) = await deliver(broker, receiver)
    assert told["snapshotId"] == "urn:s:1"


async def test_what_expired_goes_with_all_it_held(
    api: httpx.AsyncClient, broker: Broker, outgoing: Outgoing
) -> None:
    inside = {"NGSILD-Snapshot": "urn:s:1"}
    await api.post("/entities", json=GAUGE)
    await api.post("/snapshots", json=BODY)
    await work.fill(broker)
    change = {"level": {"type": "Property", "value": 2}}
    await api.patch("/entities/urn:g:a/attrs", json=change, headers=inside)
    subscription = {
        "type": "Subscription",
        "entities": [{"type": "Gauge"}],
        "notification": {"endpoint": {"uri": "http://me.example/"}},
    }
    made = await api.post("/subscriptions", json=subscription, headers=inside)
    assert made.status_code == 201
    await api.get("/entityMaps", params={"type": "Gauge"}, headers=inside)
    tables = ("entity", "temporal_entity", "attribute_history", "subscription", "outbox")
    assert all([await rows(broker, table) for table in tables])
    async with broker.pool.connection() as connection:
        await connection.execute("update snapshot set expires_at = now() - interval '1 s'")
    assert (await api.get("/snapshots/urn:s:1")).status_code == 404
    assert (await api.get("/entities/urn:g:a", headers=inside)).status_code == 404
    again = await api.post("/snapshots", json=BODY)
    assert again.status_code == 201
    await work.tend(broker.pool, outgoing)
    for table in (*tables, "entity_map", "entity_map_entry"):
        assert await rows(broker, table) == 0
    assert (await api.get("/entities/urn:g:a")).status_code == 200
    assert (await api.get("/snapshots/urn:s:1")).status_code == 200


async def test_filling_begins_again_after_a_fall(api: httpx.AsyncClient, broker: Broker) -> None:
    await api.post("/entities", json=GAUGE)
    await api.post("/snapshots", json=BODY)
    async with broker.pool.connection() as connection:
        cursor = await connection.execute("select data_tenant from snapshot")
        row = await cursor.fetchone()
    assert row is not None
    async with filling.locked(broker.pool, row[0]) as mine:
        assert mine
        assert await work.fill(broker) == 0  # somebody else is at it
    left = filling.Target(broker.pool, row[0])
    entities = await broker.entities.find_many("default", ["urn:g:a"])
    await left.put(list(entities.values()))
    await api.delete("/entities/urn:g:a")
    assert await work.fill(broker) == 1
    shown = await api.get("/snapshots/urn:s:1")
    assert shown.json()["snapshotStatus"] == "empty"


async def test_large_results_are_written_in_slices(
    api: httpx.AsyncClient, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [GAUGE | {"id": f"urn:g:{n:04}"} for n in range(25)]
    assert (await api.post("/entityOperations/create", json=many)).status_code == 201
    for module in (filling, __import__("tamamo.context.snapshots.running", fromlist=["x"])):
        monkeypatch.setattr(module, "SLICE", 4)
        monkeypatch.setattr(module, "EVOLUTIONS", 3)
    window = {"timerel": "before", "timeAt": "2999-01-01T00:00:00Z", "timeproperty": "createdAt"}
    timed = {"snapshotTemporalQueries": [GAUGES | {"temporalQ": window}]}
    await api.post("/snapshots", json=BODY | timed)
    await api.post("/snapshots/urn:s:1/clone", json={"type": "Snapshot", "id": "urn:s:2"})
    await work.fill(broker)
    for name in ("urn:s:1", "urn:s:2"):
        for path in ("/entities", "/temporal/entities"):
            params = {"type": "Gauge", "limit": 0, "count": "true"}
            params |= window if path == "/temporal/entities" else {}
            answer = await api.get(path, params=params, headers={"NGSILD-Snapshot": name})
            assert answer.headers["NGSILD-Results-Count"] == "25"
    await api.delete("/snapshots/urn:s:1")
    await filling.remove_remains(broker.pool)
    assert [await rows(broker, table) for table in ("entity", "attribute_history")] == [25, 25]


async def test_the_service_does_all_of_it(api: httpx.AsyncClient, broker: Broker) -> None:
    await api.post("/entities", json=GAUGE)
    task = asyncio.create_task(work.run(broker))
    try:
        await api.post("/snapshots", json=BODY)
        for _ in range(100):
            shown = (await api.get("/snapshots/urn:s:1")).json()
            if shown["snapshotStatus"] != "preparing":
                break
            await asyncio.sleep(0.05)
        assert shown["snapshotStatus"] == "success"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_notifications_of_subscriptions_in_a_snapshot(
    api: httpx.AsyncClient, broker: Broker
) -> None:
    inside = {"NGSILD-Snapshot": "urn:s:1", "NGSILD-Tenant": "city"}
    city = {"NGSILD-Tenant": "city"}
    await api.post("/entities", json=GAUGE, headers=city)
    await api.post("/snapshots", json=BODY, headers=city)
    await work.fill(broker)
    subscription = {
        "type": "Subscription",
        "entities": [{"type": "Gauge"}],
        "notification": {"endpoint": {"uri": "http://me.example/"}},
    }
    made = await api.post("/subscriptions", json=subscription, headers=inside)
    assert (made.status_code, made.headers["NGSILD-Snapshot"]) == (201, "urn:s:1")
    assert (await api.get("/subscriptions", headers=city)).json() == []
    registry = Registry()
    async with broker.pool.connection() as connection:
        await registry.refresh(connection, 1)
    (found,) = registry
    item = Outbound(found.tenant, found.id, "urn:g:a", 1, "application/json", "{}", 0, 0.0)
    assert inside.items() <= headers_of_notification(found, item).items()


def test_names_of_tenants() -> None:
    name = snapshot_tenant("city", "urn:s:1", "5")
    assert (owner_of(name), snapshot_of(name)) == ("city", "urn:s:1")
    assert (owner_of("city"), snapshot_of("city")) == ("city", None)
    assert headers_of("default") == {}
    assert headers_of("city") == {"NGSILD-Tenant": "city"}
    assert headers_of(name) == {"NGSILD-Tenant": "city", "NGSILD-Snapshot": "urn:s:1"}
