"""Notifications over MQTT (clause 7.2), with a real mosquitto."""

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import httpx
import orjson
import pytest

from tamamo.context.broker import Broker
from tests.conftest import free_port
from tests.context.notifications.conftest import change, notifying, room, subscribe

MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"


class Mosquitto:
    """A broker on a loopback port that wants a password."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        passwords = folder / "passwords"
        subprocess.run(["mosquitto_passwd", "-c", "-b", str(passwords), "town", "p@ss"], check=True)
        # As root mosquitto would become a user who cannot enter pytest's folders.
        user = "user root\n" if os.geteuid() == 0 else ""
        self._config.write_text(
            f"{user}listener {self.port} 127.0.0.1\n"
            f"allow_anonymous false\npassword_file {passwords}\n"
        )
        passwords.chmod(0o644)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [MOSQUITTO, "-c", str(self._config)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        pytest.fail("mosquitto did not start")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def url(self, topic: str) -> str:
        return f"mqtt://town:p%40ss@127.0.0.1:{self.port}/{topic}"


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    if not Path(MOSQUITTO).exists():
        if os.environ.get("CI") == "true":
            pytest.fail("mosquitto is not installed")
        pytest.skip("mosquitto is not installed")
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop()


@asynccontextmanager
async def listening(mosquitto: Mosquitto, topic: str) -> AsyncIterator[Any]:
    async with aiomqtt.Client(
        "127.0.0.1", mosquitto.port, username="town", password="p@ss"
    ) as client:
        await client.subscribe(topic, qos=2)
        yield aiter(client.messages)


async def take(messages: Any) -> Any:
    return await asyncio.wait_for(anext(messages), 10)


@pytest.mark.parametrize("version", ["mqtt3.1.1", "mqtt5.0"])
@pytest.mark.parametrize("qos", ["0", "1", "2"])
async def test_a_change_is_published(
    broker: Broker, api: httpx.AsyncClient, mosquitto: Mosquitto, version: str, qos: str
) -> None:
    identifier = await subscribe(
        api,
        mosquitto.url("town/rooms"),
        endpoint={
            "receiverInfo": [{"key": "for", "value": "me"}],
            "notifierInfo": [
                {"key": "MQTT-Version", "value": version},
                {"key": "MQTT-QoS", "value": qos},
            ],
        },
    )
    async with listening(mosquitto, "town/#") as messages, notifying(broker):
        await room(api, warm=20)
        message = await take(messages)
    assert str(message.topic) == "town/rooms"
    assert message.qos == int(qos)
    content = orjson.loads(message.payload)
    assert set(content) == {"metadata", "body"}
    assert content["metadata"]["Content-Type"] == "application/json"
    assert content["metadata"]["for"] == "me"
    assert 'rel="http://www.w3.org/ns/json-ld#context"' in content["metadata"]["Link"]
    assert content["body"]["subscriptionId"] == identifier
    assert content["body"]["data"][0]["warm"]["value"] == 20


async def _waiting(broker: Broker) -> int:
    async with broker.pool.connection() as connection:
        cursor = await connection.execute("select count(*) from notification")
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def test_a_broker_that_was_down_gets_everything(
    broker: Broker, api: httpx.AsyncClient, mosquitto: Mosquitto
) -> None:
    info = [{"key": "MQTT-QoS", "value": "1"}]
    await subscribe(api, mosquitto.url("rooms"), endpoint={"notifierInfo": info})
    async with notifying(broker):
        async with listening(mosquitto, "rooms") as messages:
            await room(api, warm=0)
            await take(messages)
        mosquitto.stop()
        for number in range(1, 4):
            await change(api, warm=number)
        await asyncio.sleep(0.2)
        mosquitto.start()
        # Nobody listens yet: the queue waits for the broker, the broker for nobody.
        for _ in range(500):
            waiting = await _waiting(broker)
            if waiting == 0:
                break
            await asyncio.sleep(0.02)
    assert waiting == 0
    (subscription,) = (await api.get("/subscriptions")).json()
    read = subscription["notification"]
    assert (read["timesSent"], read["status"]) == (4, "ok")


async def test_a_wrong_password_is_told(
    broker: Broker, api: httpx.AsyncClient, mosquitto: Mosquitto
) -> None:
    uri = mosquitto.url("rooms").replace("p%40ss", "wrong")
    identifier = await subscribe(api, uri)
    await room(api, warm=0)
    async with notifying(broker):
        for _ in range(300):
            read = (await api.get(f"/subscriptions/{identifier}")).json()["notification"]
            if read.get("timesFailed"):
                break
            await asyncio.sleep(0.02)
    assert read["status"] == "failed"
