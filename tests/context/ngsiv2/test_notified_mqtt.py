"""Subscribers of NGSIv2 are told over MQTT, with a real mosquitto."""

import asyncio
from typing import Any

import httpx
import msgspec
import orjson
import pytest

from tamamo.context.broker import Broker
from tamamo.kernel.settings import Settings
from tests.context.ngsiv2.orion import ROOM, room, subscribe
from tests.context.notifications.conftest import notifying
from tests.context.notifications.test_mqtt import Mosquitto, listening, mosquitto, take

__all__ = ["mosquitto"]  # a fixture


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, outgoing_allow=("127.0.0.1",))


async def test_a_topic_gets_the_notification_alone(
    broker: Broker,
    orion: httpx.AsyncClient,
    mosquitto: Mosquitto,
) -> None:
    address = {
        "url": f"mqtt://127.0.0.1:{mosquitto.port}",
        "user": "town",
        "passwd": "p@ss",
        "qos": 1,
        "retain": True,
    }
    plain = {"mqtt": {**address, "topic": "rooms/all"}, "attrsFormat": "keyValues"}
    identifier = await subscribe(orion, "", notification=plain)
    custom = {**address, "topic": "rooms/${type}/${id}", "json": {"t": "${temperature}"}}
    await subscribe(orion, "", notification={"mqttCustom": custom})
    # No such topic can be published to: what would go there is not told, and nothing else waits.
    await subscribe(orion, "", notification={"mqttCustom": {**custom, "topic": "rooms/${plus}"}})
    async with listening(mosquitto, "rooms/#") as messages, notifying(broker):
        await room(orion, plus={"value": "+"})
        found: dict[str, Any] = {}
        for _ in range(2):
            message = await take(messages)
            assert message.qos == 1
            found[str(message.topic)] = orjson.loads(message.payload)
    values = {name: ROOM[name]["value"] for name in ("temperature", "pressure")}
    entity = {"id": "Room1", "type": "Room", **values, "plus": "+"}
    assert found == {
        "rooms/all": {"subscriptionId": identifier, "data": [entity]},
        "rooms/Room/Room1": {"t": 20.5},
    }
    async with listening(mosquitto, "rooms/#") as messages:
        retained = {str((await take(messages)).topic) for _ in range(2)}
        assert retained == set(found)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(messages), 0.1)
