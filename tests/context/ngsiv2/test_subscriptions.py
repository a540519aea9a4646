"""/v2/subscriptions: created, read, changed, deleted, as a client of Orion does it."""

import re
from typing import Any

import httpx

from tamamo.context.broker import Broker
from tests.context.conftest import client_of
from tests.context.ngsiv2.orion import subscribe, subscription
from tests.context.ngsiv2.test_session import fails

URL = "http://receiver.test:1234/notify"


async def read(orion: httpx.AsyncClient, identifier: str) -> dict[str, Any]:
    answer = await orion.get(f"/subscriptions/{identifier}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_what_is_written_is_read_with_what_was_left_out(orion: httpx.AsyncClient) -> None:
    identifier = await subscribe(orion, URL)
    assert re.fullmatch("[0-9a-f]{24}", identifier)
    assert await read(orion, identifier) == {
        "id": identifier,
        "status": "active",
        "subject": {
            "entities": [{"idPattern": ".*", "type": "Room"}],
            "condition": {"attrs": [], "notifyOnMetadataChange": True},
        },
        "notification": {
            "http": {"url": URL},
            "attrs": [],
            "attrsFormat": "normalized",
            "onlyChangedAttrs": False,
            "covered": False,
        },
    }


async def test_every_member_is_kept(orion: httpx.AsyncClient) -> None:
    condition = {
        "attrs": ["temperature"],
        "expression": {
            "q": "temperature>40",
            "mq": "temperature.accuracy<1",
            "georel": "near;minDistance:5000",
            "geometry": "point",
            "coords": "34.34,134.05",
        },
        "alterationTypes": ["entityCreate", "entityUpdate"],
        "notifyOnMetadataChange": False,
    }
    custom = {
        "url": "http://receiver.test/${id}?a=1",
        "headers": {"X-Kind": "${type}", "Accept": ""},
        "qs": {"t": "${temperature}"},
        "method": "PUT",
        "json": {"t": "${temperature}", "deep": [{"id": "${id}"}]},
        "timeout": 2000,
    }
    identifier = await subscribe(
        orion,
        URL,
        description="すべて",
        subject={"entities": [{"id": "Room1", "typePattern": "R.*"}]},
        condition=condition,
        notification={
            "httpCustom": custom,
            "exceptAttrs": ["pressure"],
            "metadata": ["dateCreated", "*"],
            "attrsFormat": "keyValues",
            "onlyChangedAttrs": True,
        },
        expires="2050-04-05T23:00:00+09:00",
        throttling=5,
    )
    found = await read(orion, identifier)
    assert found["description"] == "すべて"
    assert found["subject"]["entities"] == [{"id": "Room1", "typePattern": "R.*"}]
    assert found["subject"]["condition"] == condition
    assert found["notification"] == {
        "httpCustom": custom,
        "exceptAttrs": ["pressure"],
        "metadata": ["dateCreated", "*"],
        "attrsFormat": "keyValues",
        "onlyChangedAttrs": True,
        "covered": False,
    }
    assert (found["expires"], found["throttling"]) == ("2050-04-05T14:00:00.000Z", 5)


async def test_patch_replaces_members_and_takes_back_what_was_read(
    orion: httpx.AsyncClient,
) -> None:
    identifier = await subscribe(orion, URL, description="one", throttling=3)
    path = f"/subscriptions/{identifier}"
    for fragment in ({"description": "two"}, {"status": "inactive"}, {"throttling": 0}):
        answer = await orion.patch(path, json=fragment)
        assert answer.status_code == 204, answer.text
    found = await read(orion, identifier)
    assert (found["description"], found["status"]) == ("two", "inactive")
    assert "throttling" not in found
    await orion.patch(path, json={"expires": "2020-01-01T00:00:00Z"})
    expired = await read(orion, identifier)
    assert expired["status"] == "expired"
    # Everything as it was read, id and counters too; status alone is the broker's.
    answer = await orion.patch(path, json=expired)
    assert answer.status_code == 204, answer.text
    await orion.patch(path, json={"expires": ""})
    assert await read(orion, identifier) == found
    missing = await orion.patch("/subscriptions/" + "0" * 24, json={"description": "x"})
    fails(missing, 404, "NotFound")
    assert (await orion.delete(path)).status_code == 204
    fails(await orion.get(path), 404, "NotFound")
    fails(await orion.delete(path), 404, "NotFound")


async def test_lists_by_page_service_and_service_path(orion: httpx.AsyncClient) -> None:
    made = [await subscribe(orion, URL, description=str(n)) for n in range(3)]
    places = {"Fiware-ServicePath": "/city/#"}
    elsewhere = await subscribe(orion, URL, headers=places)
    await subscribe(orion, URL, headers={"Fiware-Service": "Other"})
    answer = await orion.get("/subscriptions", params={"options": "count", "limit": 2, "offset": 1})
    assert [found["id"] for found in answer.json()] == made[1:]
    assert answer.headers["Fiware-Total-Count"] == "4"
    answer = await orion.get("/subscriptions", headers=places, params={"options": "count"})
    assert [found["id"] for found in answer.json()] == [elsewhere]
    assert answer.headers["Fiware-Total-Count"] == "1"
    answer = await orion.get("/subscriptions", headers={"Fiware-Service": "other"})
    assert len(answer.json()) == 1
    assert (await orion.get("/subscriptions", headers={"Fiware-Service": "nobody"})).json() == []


async def test_each_api_keeps_to_its_own(orion: httpx.AsyncClient, api: httpx.AsyncClient) -> None:
    theirs = await subscribe(orion, URL)
    body = {
        "id": "urn:x:1",
        "type": "Subscription",
        "entities": [{"type": "Room"}],
        "notification": {"endpoint": {"uri": URL}},
    }
    assert (await api.post("/subscriptions", json=body)).status_code == 201
    listed = await api.get("/subscriptions", params={"count": "true"})
    assert [found["id"] for found in listed.json()] == ["urn:x:1"]
    assert listed.headers["NGSILD-Results-Count"] == "1"
    assert [found["id"] for found in (await orion.get("/subscriptions")).json()] == [theirs]
    fails(await orion.delete("/subscriptions/urn:x:1"), 404, "NotFound")
    assert (await api.get("/subscriptions/urn:x:1")).status_code == 200


async def test_passwords_are_not_shown(orion: httpx.AsyncClient) -> None:
    mqtt = {"url": "mqtt://mq.test:1883", "topic": "a/b", "user": "town", "passwd": "secret"}
    identifier = await subscribe(orion, URL, notification={"mqtt": mqtt})
    shown = (await read(orion, identifier))["notification"]["mqtt"]
    assert shown == {**mqtt, "passwd": "xxxxx", "qos": 0, "retain": False}


async def test_everything_needs_the_key(broker: Broker) -> None:
    broker.identity.key = "k"
    async with client_of(broker) as client:
        client.base_url = httpx.URL("http://broker.test/v2")
        for call in (
            client.get("/subscriptions"),
            client.post("/subscriptions", json=subscription(URL)),
            client.get("/subscriptions/1"),
            client.patch("/subscriptions/1", json={}),
            client.delete("/subscriptions/1"),
        ):
            assert (await call).status_code == 401
        client.headers["Authorization"] = "Bearer k"
        assert (await client.get("/subscriptions")).status_code == 200


def _without(name: str) -> dict[str, Any]:
    whole = subscription(URL)
    del whole[name]
    return whole


def _custom(**members: Any) -> dict[str, Any]:
    return subscription(URL, notification={"httpCustom": {"url": URL, **members}})


def _mqtt(**members: Any) -> dict[str, Any]:
    mqtt = {"url": "mqtt://mq.test", "topic": "t", **members}
    return subscription(URL, notification={"mqtt": mqtt})


def _entities(*found: Any) -> dict[str, Any]:
    return subscription(URL, subject={"entities": list(found)})


def _notification(**members: Any) -> dict[str, Any]:
    return subscription(URL, notification=members)


REFUSED: list[tuple[Any, str]] = [
    (["something"], "not a JSON object"),
    (_without("subject"), "subject"),
    (_without("notification"), "notification"),
    (subscription(URL, status="expired"), "status"),
    (subscription(URL, throttling=-1), "throttling"),
    (subscription(URL, expires="tomorrow"), "expires"),
    (subscription(URL, description="x" * 1025), "description"),
    (subscription(URL, colour="red"), "colour"),
    (_entities(), "entities"),
    (_entities({"type": "Room"}), "id or an idPattern"),
    (_entities({"id": "1", "idPattern": ".*"}), "id or an idPattern"),
    (_entities({"idPattern": "(" * 3}), "idPattern"),
    (_entities({"idPattern": ".*", "type": "T", "typePattern": "T"}), "typePattern"),
    (subscription(URL, condition={"expression": {}}), "expression"),
    (subscription(URL, condition={"expression": {"q": "a>"}}), "q"),
    (subscription(URL, condition={"expression": {"georel": "equals"}}), "geometry"),
    (subscription(URL, condition={"alterationTypes": ["entityFlip"]}), "alterationTypes"),
    (subscription(URL, condition={"jexlExpression": "a>b"}), "jexlExpression"),
    (subscription("not an address"), "url"),
    (subscription("mqtt://mq.test"), "url"),
    (_notification(mqtt={"url": "mqtt://a", "topic": "t"}, http={"url": URL}), "one of"),
    (_notification(kafka={"url": "kafka://a"}), "kafka"),
    (_notification(attrs=["a"], exceptAttrs=["b"]), "exceptAttrs"),
    (_notification(exceptAttrs=[]), "exceptAttrs"),
    (_notification(covered=True), "covered"),
    (_notification(attrsFormat="legacy"), "attrsFormat"),
    (_notification(attrs=["with space"]), "attrs"),
    (_custom(method="FETCH"), "method"),
    (_custom(qs={}), "qs"),
    (_custom(payload="a", json={}), "payload"),
    (_custom(ngsi={"id": 5}), "ngsi/id"),
    (_custom(ngsi={"a": 5}), "ngsi/a"),
    (_custom(json={"deep": ["${a|b}"]}), "json/deep/0"),
    (_custom(headers={"X": "${a+1}"}), "headers"),
    (subscription(URL, notification={"httpCustom": {"url": "http://${host}/"}}), "url"),
    (_mqtt(url=URL), "url"),
    (_mqtt(url="mqtt://mq.test/path"), "url"),
    (_mqtt(topic="a/#"), "topic"),
    (_mqtt(topic=""), "topic"),
    (_mqtt(qos=3), "qos"),
    (_mqtt(user="alone"), "passwd"),
]


async def test_what_cannot_be_is_refused_by_name(orion: httpx.AsyncClient) -> None:
    for body, named in REFUSED:
        answer = await orion.post("/subscriptions", json=body)
        assert answer.status_code == 400, body
        assert named in fails(answer, 400, "BadRequest"), body
    assert (await orion.get("/subscriptions")).json() == []
