"""Subscribers of NGSIv2 are told: what wakes them, what they see, in their own words."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import orjson
import pytest

from tamamo.context.broker import Broker
from tamamo.context.notifications.policy import RealClock
from tamamo.context.notifications.records import Records
from tamamo.kernel.settings import Settings
from tests.context.ngsiv2.orion import ROOM, change, room, subscribe
from tests.context.notifications.conftest import notifying, until_matched
from tests.context.notifications.receiver import Received, Receiver


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, outgoing_allow=("127.0.0.1",))


@pytest.fixture
async def receiver(broker: Broker) -> AsyncIterator[Receiver]:
    """A receiver that is told while the test runs."""
    async with Receiver() as opened, notifying(broker):
        yield opened


async def told(receiver: Receiver, orion: httpx.AsyncClient, broker: Broker) -> list[Received]:
    """Return all that was told so far: nothing waits once a last change was told."""
    name = f"Last{len(receiver.received)}"
    entities = [{"id": name, "type": "Mark"}]
    await subscribe(orion, f"{receiver.url}/mark", subject={"entities": entities})
    await orion.post("/entities", json={"id": name, "type": "Mark"})
    while not any(one.path.endswith("mark") and name in str(one.body) for one in receiver.received):
        await receiver.wait_for(len(receiver.received) + 1)
    await until_matched(broker)  # the mark may be told before what is told later is stored
    async with asyncio.timeout(10), broker.pool.connection() as connection:
        while (await (await connection.execute("select from notification")).fetchone()) is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return [one for one in receiver.received if not one.path.endswith("mark")]


async def test_a_change_is_told_as_orion_tells_it(
    orion: httpx.AsyncClient, receiver: Receiver
) -> None:
    service = {"Fiware-Service": "Town", "Fiware-ServicePath": "/north"}
    orion.headers.update(service)
    identifier = await subscribe(orion, receiver.url)
    await room(orion)
    (one,) = await receiver.wait_for(1)
    assert (one.method, one.path) == ("POST", "/notify")
    assert one.body["subscriptionId"] == identifier
    temperature = {**ROOM["temperature"], "metadata": {}}
    pressure = {**ROOM["pressure"], "metadata": {"unit": {"type": "Text", "value": "hPa"}}}
    assert one.body["data"] == [
        {"id": "Room1", "type": "Room", "temperature": temperature, "pressure": pressure}
    ]
    assert one.headers["content-type"] == "application/json; charset=utf-8"
    assert one.headers["fiware-service"] == "town"
    assert one.headers["fiware-servicepath"] == "/north"
    assert one.headers["ngsiv2-attrsformat"] == "normalized"
    assert len(one.headers["fiware-correlator"]) == 36
    # What is told can be handed on as it came.
    copy = {"Fiware-Service": "copy"}
    assert (await orion.post("/op/notify", json=one.body, headers=copy)).status_code == 204
    answer = await orion.get("/entities/Room1", headers=copy)
    assert answer.json() == one.body["data"][0]


async def test_what_became_of_them_is_shown(
    orion: httpx.AsyncClient, receiver: Receiver, broker: Broker
) -> None:
    identifier = await subscribe(orion, receiver.url)
    receiver.status = 503
    await room(orion)
    await receiver.wait_attempts(2)
    async with asyncio.timeout(10):  # the receiver knows of an attempt before it is counted
        failing: dict[str, Any] = {}
        while "failsCounter" not in failing:
            failing = (await orion.get(f"/subscriptions/{identifier}")).json()["notification"]
            await asyncio.sleep(0.02)
    assert failing["failsCounter"] >= 1
    assert failing["timesSent"] >= 1
    assert "503" in failing["lastFailureReason"]
    assert "lastSuccess" not in failing
    receiver.status = 200
    await receiver.wait_for(1)
    await told(receiver, orion, broker)
    found = (await orion.get(f"/subscriptions/{identifier}")).json()["notification"]
    assert "failsCounter" not in found
    assert found["lastFailure"] <= found["lastSuccess"]
    assert found["lastNotification"].endswith("Z")


async def test_what_wakes(orion: httpx.AsyncClient, receiver: Receiver, broker: Broker) -> None:
    types = ["entityCreate", "entityChange", "entityUpdate", "entityDelete"]
    conditions: dict[str, Any] = {
        "default": {},
        "pressure": {"attrs": ["pressure"]},
        "value": {"notifyOnMetadataChange": False, "attrs": ["temperature"]},
        "hot": {"attrs": ["pressure"], "expression": {"q": "temperature>30"}},
        **{kind: {"alterationTypes": [kind]} for kind in types},
    }
    for name, condition in conditions.items():
        condition.setdefault("attrs", [])
        notification = {"attrs": ["alterationType"], "attrsFormat": "keyValues"}
        await subscribe(
            orion, f"{receiver.url}/{name}", condition=condition, notification=notification
        )
    found: dict[str, list[tuple[str, str]]] = {name: [] for name in conditions}
    seen = 0

    async def after(step: str) -> None:
        nonlocal seen
        received = await told(receiver, orion, broker)
        for one in received[seen:]:
            name = one.path.rpartition("/")[2]
            found[name].append((step, one.entity["alterationType"]))
        seen = len(received)

    await room(orion)
    await after("create")
    await change(orion, temperature=20.5)
    await after("same")
    await change(orion, temperature=31)
    await after("hot")
    attr = {"value": 31, "type": "Number", "metadata": {"unit": {"value": "C"}}}
    await orion.put("/entities/Room1/attrs/temperature", json=attr)
    await after("unit")
    await change(orion, pressure=721)
    await after("pressure")
    await orion.delete("/entities/Room1/attrs/pressure")
    await after("gone")
    await orion.delete("/entities/Room1")
    await after("delete")
    changes = [(step, "entityChange") for step in ("hot", "unit", "pressure", "gone")]
    create, delete = ("create", "entityCreate"), ("delete", "entityDelete")
    assert found == {
        "default": [create, *changes],
        "pressure": [create, ("pressure", "entityChange"), ("gone", "entityChange")],
        "value": [create, ("hot", "entityChange")],
        "hot": [("pressure", "entityChange"), ("gone", "entityChange")],
        "entityCreate": [create],
        "entityChange": changes,
        "entityUpdate": [("same", "entityUpdate"), *changes],
        "entityDelete": [delete],
    }


async def test_which_entities(orion: httpx.AsyncClient, receiver: Receiver, broker: Broker) -> None:
    near = {"georel": "near;maxDistance:5000", "geometry": "point", "coords": "34.34,134.05"}
    wanted: dict[str, dict[str, Any]] = {
        "id": {"entities": [{"id": "Room1"}]},
        "pattern": {"entities": [{"idPattern": "^R.*1$", "type": "Room"}]},
        "types": {"entities": [{"idPattern": ".*", "typePattern": "^Ro"}]},
        "either": {"entities": [{"id": "Hall", "type": "Hall"}, {"id": "Room2"}]},
        "near": {
            "entities": [{"idPattern": ".*"}],
            "condition": {"attrs": [], "expression": near},
        },
        "meta": {
            "entities": [{"idPattern": ".*"}],
            "condition": {"attrs": [], "expression": {"mq": "temperature.accuracy<1"}},
        },
        # The urn that such ids are stored under is not part of them.
        "urn": {"entities": [{"idPattern": "urn"}]},
    }
    for name, subject in wanted.items():
        await subscribe(orion, f"{receiver.url}/{name}", subject=subject)
    below = {"Fiware-ServicePath": "/north/#"}
    everything = {"entities": [{"idPattern": ".*"}]}
    await subscribe(orion, f"{receiver.url}/below", headers=below, subject=everything)
    place = {"location": {"type": "geo:point", "value": "34.35, 134.05"}}
    accuracy = {"accuracy": {"value": 0.5, "type": "Number"}}
    await room(orion)
    await room(orion, id="Room2", **place)
    await room(orion, id="Hall", type="Hall", temperature={"value": 1, "metadata": accuracy})
    floor = {**ROOM, "id": "Floor", "type": "Floor"}
    await orion.post("/entities", json=floor, headers={"Fiware-ServicePath": "/north/east"})
    found: dict[str, list[str]] = {name: [] for name in [*wanted, "below"]}
    for one in await told(receiver, orion, broker):
        found[one.path.rpartition("/")[2]].append(one.entity["id"])
    assert found == {
        "id": ["Room1"],
        "pattern": ["Room1"],
        "types": ["Room1", "Room2"],
        "either": ["Room2", "Hall"],
        "near": ["Room2"],
        "meta": ["Hall"],
        "urn": [],
        "below": ["Floor"],
    }


async def test_oneshot_tells_once_until_it_is_armed_again(
    orion: httpx.AsyncClient, receiver: Receiver, broker: Broker
) -> None:
    path = "/subscriptions/" + await subscribe(orion, receiver.url, status="oneshot")
    assert (await orion.get(path)).json()["status"] == "oneshot"
    await room(orion)
    await change(orion, temperature=1)
    assert len(await told(receiver, orion, broker)) == 1
    assert (await orion.get(path)).json()["status"] == "inactive"
    assert (await orion.patch(path, json={"status": "oneshot"})).status_code == 204
    assert (await orion.get(path)).json()["status"] == "oneshot"
    await change(orion, temperature=2)
    await change(orion, temperature=3)
    received = await told(receiver, orion, broker)
    assert [one.entity["temperature"]["value"] for one in received] == [20.5, 2]
    # From then on always, if that is what is wanted.
    assert (await orion.patch(path, json={"status": "active"})).status_code == 204
    await change(orion, temperature=4)
    await change(orion, temperature=5)
    assert len(await told(receiver, orion, broker)) == 4


async def test_inactive_expired_and_throttled(
    orion: httpx.AsyncClient, receiver: Receiver, broker: Broker
) -> None:
    await subscribe(orion, f"{receiver.url}/no", status="inactive")
    await subscribe(orion, f"{receiver.url}/no", expires="2020-01-01T00:00:00Z")
    await subscribe(orion, f"{receiver.url}/yes", throttling=60)
    await room(orion)
    await change(orion, temperature=1)
    assert [one.path for one in await told(receiver, orion, broker)] == ["/notify/yes"]


@pytest.mark.parametrize("transport", ["http", "httpCustom"])
async def test_formats(
    orion: httpx.AsyncClient, receiver: Receiver, broker: Broker, transport: str
) -> None:
    cases: dict[str, dict[str, Any]] = {
        "plain": {"attrsFormat": "keyValues"},
        "order": {"attrsFormat": "values", "attrs": ["pressure", "temperature"]},
        "bare": {"attrsFormat": "simplifiedKeyValues", "attrs": ["pressure"]},
        "simple": {"attrsFormat": "simplifiedNormalized", "attrs": ["temperature"]},
        "except": {"attrsFormat": "keyValues", "exceptAttrs": ["pressure"]},
        "covered": {"attrs": ["humidity"], "covered": True},
        "few": {"attrs": ["humidity", "servicePath"]},
        "changed": {"attrsFormat": "keyValues", "onlyChangedAttrs": True},
        "both": {"attrsFormat": "keyValues", "onlyChangedAttrs": True, "attrs": ["pressure"]},
        "meta": {"attrs": ["temperature"], "metadata": ["previousValue", "actionType"]},
    }
    await room(orion)
    for name, members in cases.items():
        address = {transport: {"url": f"{receiver.url}/{name}"}}
        await subscribe(orion, receiver.url, notification={**address, **members})
    await change(orion, temperature=21)
    found = {one.path.rpartition("/")[2]: one for one in await told(receiver, orion, broker)}
    head = {"id": "Room1", "type": "Room"}
    number = {"type": "Number", "value": 21, "metadata": {}}
    before = {"type": "Number", "value": 20.5}
    metadata = {"previousValue": before, "actionType": {"type": "Text", "value": "update"}}
    none = {"type": "None", "value": None, "metadata": {}}
    assert found["plain"].data == [{**head, "temperature": 21, "pressure": 720}]
    assert found["order"].data == [[720, 21]]
    assert found["bare"].body == {**head, "pressure": 720}
    assert found["simple"].body == {**head, "temperature": number}
    assert found["except"].data == [{**head, "temperature": 21}]
    assert found["covered"].data == [{**head, "humidity": none}]
    place = {"type": "Text", "value": "/", "metadata": {}}
    assert found["few"].data == [{**head, "servicePath": place}]
    assert found["changed"].data == [{**head, "temperature": 21}]
    assert found["both"].data == [head]
    assert found["meta"].data == [{**head, "temperature": {**number, "metadata": metadata}}]
    for name, one in found.items():
        form = cases[name].get("attrsFormat", "normalized")
        assert one.headers["ngsiv2-attrsformat"] == form, name


async def test_templates(orion: httpx.AsyncClient, receiver: Receiver, broker: Broker) -> None:
    text = "%22${temperature}%22 of ${name} ${missing} in ${pressure}"
    customs: dict[str, dict[str, Any]] = {
        "text": {"payload": text, "method": "PUT", "qs": {"t${id}": "${name}"}},
        "none": {"payload": None},
        "json": {"json": {"t": "${temperature}", "n": ["${missing}", "is ${pressure}", 4]}},
        "ngsi": {
            "ngsi": {
                "id": "new:${id}",
                "type": "${missing}",
                "twice": {"value": "${copy}"},
                "copy": {
                    "value": "${metadata.pressure.unit}",
                    "metadata": {"evalPriority": {"value": 1, "type": "Number"}},
                },
            }
        },
        "address/${name}": {
            "headers": {
                "X-${type}": "a%3D${name}",
                "accept": "",
                "Fiware-Correlator": "mine",
                "content-type": "text/x;v=${temperature}",
            }
        },
    }
    name = {"value": "東 & 西\r\nX-Evil: 1"}
    for path, custom in customs.items():
        address = {"url": f"{receiver.url}/{path}"}
        await subscribe(orion, receiver.url, notification={"httpCustom": address | custom})
    await room(orion, name=name)
    found = {one.path.split("?")[0]: one for one in await told(receiver, orion, broker)}
    told_text = found["/notify/text"]
    assert told_text.method == "PUT"
    assert told_text.path == "/notify/text?tRoom1=%E6%9D%B1+%26+%E8%A5%BF%0D%0AX-Evil%3A+1"
    assert told_text.raw.decode() == f'"20.5" of {name["value"]} null in 720'
    assert told_text.headers["content-type"] == "text/plain"
    assert told_text.headers["ngsiv2-attrsformat"] == "custom"
    assert found["/notify/none"].raw == b""
    json = found["/notify/json"]
    assert orjson.loads(json.raw) == {"t": 20.5, "n": [None, "is 720", 4]}
    assert json.headers["ngsiv2-attrsformat"] == "custom"
    ngsi = found["/notify/ngsi"].entity
    assert (ngsi["id"], ngsi["type"]) == ("new:Room1", "Room")
    assert ngsi["copy"] == ngsi["twice"] == {"type": "Text", "value": "hPa", "metadata": {}}
    assert ngsi["temperature"]["value"] == 20.5
    address = found["/notify/address/%E6%9D%B1%20%26%20%E8%A5%BF%0D%0AX-Evil:%201"]
    headers = address.headers
    assert headers["x-room"] == "a=%E6%9D%B1 & %E8%A5%BF X-Evil: 1"
    assert headers["content-type"] == "text/x;v=20.5"
    assert len(headers["fiware-correlator"]) == 36
    assert "x-evil" not in headers
    assert headers.get("accept") != "application/json"


async def test_a_receiver_that_was_down_gets_everything_in_order(
    orion: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribe(orion, receiver.url, notification={"attrsFormat": "keyValues"})
    await receiver.down()
    await room(orion)
    for value in range(20):
        await change(orion, temperature=value)
    await receiver.up()
    received = await receiver.wait_for(21)
    assert [one.entity["temperature"] for one in received] == [20.5, *range(20)]


async def test_what_was_given_up_can_be_seen_and_replayed(
    orion: httpx.AsyncClient, receiver: Receiver, broker: Broker
) -> None:
    custom = {
        "url": f"{receiver.url}/${{id}}",
        "method": "PUT",
        "headers": {"Authorization": "Bearer secret"},
        "json": {"t": "${temperature}"},
    }
    await subscribe(orion, receiver.url, notification={"httpCustom": custom})
    receiver.status = 400
    await room(orion)
    records = Records(broker.pool, RealClock())
    async with asyncio.timeout(15):
        while not (dead := await records.listed(None, None, dead=True, limit=5)):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    shown = await records.shown(dead[0]["number"])
    assert shown is not None
    assert orjson.loads(shown["body"]) == {"t": 20.5}
    assert (shown["sending"]["method"], shown["sending"]["url"]) == ("PUT", f"{receiver.url}/Room1")
    assert "Authorization" in shown["sending"]["headers"]
    assert "secret" not in str(shown)
    receiver.status = 200
    assert await records.replay(None, None, None) == 1
    (again,) = await receiver.wait_for(1)
    assert (again.method, again.headers["authorization"]) == ("PUT", "Bearer secret")
