"""`tamamo work` is killed (SIGKILL) while messages come: none is lost, none written twice."""

import asyncio
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import orjson

from tamamo.context.broker import Broker
from tamamo.feeds.mqtt.configuration import Connection
from tests.conftest import ROOT
from tests.feeds.mqtt.conftest import TEXT, register, values
from tests.feeds.mqtt.mosquitto import Mosquitto

MESSAGES, KILLS = 300, 2
START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)


def work(broker: Broker) -> subprocess.Popen[bytes]:
    """Start `tamamo work` on the test's database."""
    assert broker.settings.database_url is not None
    environment = {
        **os.environ,
        "DATABASE_URL": broker.settings.database_url,
        "TAMAMO_LOG_LEVEL": "error",
    }
    command = [sys.executable, "-m", "tamamo", "work", "--home", str(broker.settings.home)]
    return subprocess.Popen(command, env=environment, cwd=ROOT)


async def count(broker: Broker, entity: str, number: int) -> int:
    found = 0
    async with asyncio.timeout(40):
        while found < number:
            await asyncio.sleep(0.05)
            found = len(await values(broker, entity))
    return found


async def test_killed_again_and_again(
    broker: Broker, town: Connection, mosquitto: Mosquitto
) -> None:
    folder = broker.settings.home / "mqtt"
    folder.mkdir()
    text = TEXT.replace("mqtt://127.0.0.1:1883", mosquitto.url)
    (folder / "town.toml").write_text(text, "utf-8")
    key = await register(broker, "/json/{key}/pump-7/attrs")
    process = work(broker)
    entity = "urn:ngsi-ld:FloodMonitoring:pump-7"
    try:
        async with mosquitto.publisher() as device:

            async def publish(numbers: range) -> None:
                for number in numbers:
                    at = (START + timedelta(seconds=number)).isoformat()
                    body = orjson.dumps({"level": 100, "TimeInstant": at})
                    await device.publish(f"/json/{key}/pump-7/attrs", body, qos=1, retain=False)

            # The session begins with the first subscription; until then nobody wants messages.
            while True:
                await publish(range(1))
                if await values(broker, entity):
                    break
                await asyncio.sleep(0.2)
            share = MESSAGES // (KILLS + 1)
            for kill in range(KILLS + 1):
                first = 1 + kill * share
                await publish(range(first, first + share // 2))
                await count(broker, entity, first + 5)
                sending = asyncio.create_task(publish(range(first + share // 2, first + share)))
                if kill < KILLS:
                    process.send_signal(signal.SIGKILL)
                    process.wait(timeout=10)
                await sending
                if kill < KILLS:
                    process = work(broker)
            assert await count(broker, entity, MESSAGES + 1) == MESSAGES + 1
    finally:
        process.kill()
        process.wait(timeout=10)
