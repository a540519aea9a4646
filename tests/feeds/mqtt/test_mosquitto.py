"""With a real mosquitto: nothing is lost when either side is started again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import msgspec
import orjson
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tamamo.context.broker import Broker
from tamamo.context.model.entity import DEFAULT_VOCABULARY
from tamamo.feeds.mqtt import intake
from tamamo.feeds.mqtt.configuration import Connection
from tamamo.feeds.mqtt.link import Link
from tamamo.feeds.status import FeedStatuses
from tamamo.kernel.errors import Unavailable
from tests.feeds.mqtt.conftest import LEVEL, connection, register, values
from tests.feeds.mqtt.mosquitto import Mosquitto

START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
GAUGE = "urn:ngsi-ld:FloodMonitoring:pump-7"


@asynccontextmanager
async def linked(broker: Broker, town: Connection) -> AsyncIterator[Link]:
    """Run a connection; at the end it is stopped in the middle of whatever it does."""
    link = Link(broker, town)
    task = asyncio.create_task(link.run())
    try:
        async with asyncio.timeout(15):
            await link.listening.wait()
        yield link
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(true: Callable[[], object], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def arrived(
    broker: Broker, number: int, entity: str = GAUGE, attr: str = LEVEL
) -> list[float]:
    """Wait until so many readings are in the history, and return their values."""
    async with asyncio.timeout(15):
        while len(found := await values(broker, entity, attr)) < number:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return [value for _, value in found]


def reading(number: int) -> bytes:
    at = START + timedelta(seconds=10 * number)
    return orjson.dumps({"level": 100 + number, "TimeInstant": at.isoformat()})


async def publish(mosquitto: Mosquitto, key: str, numbers: range) -> None:
    async with mosquitto.publisher() as device:
        for number in numbers:
            await device.publish(f"/json/{key}/pump-7/attrs", reading(number), qos=1)


async def test_messages_reach_the_history(
    broker: Broker, town: Connection, mosquitto: Mosquitto
) -> None:
    key = await register(broker, "/json/{key}/pump-7/attrs")
    rain = await register(broker, "ul/shionoe/attrs")
    shown = Properties(PacketTypes.PUBLISH)
    shown.UserProperty = ("key", rain)
    async with linked(broker, town):
        await publish(mosquitto, key, range(5))
        async with mosquitto.publisher() as device:
            await device.publish("ul/shionoe/attrs", "r|12.5", qos=1, properties=shown)
        assert await arrived(broker, 5) == [1.0, 1.01, 1.02, 1.03, 1.04]
        attr = DEFAULT_VOCABULARY + "precipitation"
        assert await arrived(broker, 1, "urn:ngsi-ld:WeatherObserved:shionoe", attr) == [12.5]
    feeds = {feed.id: feed for feed in await FeedStatuses(broker.pool).all()}
    assert feeds["mqtt-town-levels"].stored == 5
    assert feeds["mqtt-town"].state(datetime.now(UTC)) == "ok"


@pytest.mark.parametrize("version", ["5", "3.1.1"])
async def test_a_restart_of_tamamo_loses_nothing(
    broker: Broker, town: Connection, mosquitto: Mosquitto, version: str
) -> None:
    town = msgspec.structs.replace(
        town, broker=msgspec.structs.replace(town.broker, version=version)
    )
    key = await register(broker, "/json/{key}/pump-7/attrs")
    async with linked(broker, town):
        await publish(mosquitto, key, range(20))
        await arrived(broker, 1)
    await publish(mosquitto, key, range(20, 60))  # nobody listens
    async with linked(broker, town):
        assert len(await arrived(broker, 60)) == 60


async def test_a_restart_of_the_broker_loses_nothing(
    broker: Broker, town: Connection, mosquitto: Mosquitto
) -> None:
    key = await register(broker, "/json/{key}/pump-7/attrs")
    async with linked(broker, town) as link:
        await publish(mosquitto, key, range(20))
        mosquitto.stop()
        await until(lambda: not link.listening.is_set())
        mosquitto.start()
        await publish(mosquitto, key, range(20, 40))
        assert len(await arrived(broker, 40)) == 40
        await until(link.listening.is_set)
    failures = {f.id: f.errors for f in await FeedStatuses(broker.pool).all()}["mqtt-town"]
    assert [failure.kind for failure in failures] == ["not_ready"]


async def test_the_database_away_holds_the_broker_back(
    broker: Broker, town: Connection, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not more than a bound waits with us; the rest waits at the broker."""
    monkeypatch.setattr(intake, "BATCH", 5)
    monkeypatch.setattr(intake, "ROOM", 10)
    key = await register(broker, "/json/{key}/pump-7/attrs")
    record, away = broker.observations.record, True

    async def unsteady(tenant: str, entities: object) -> object:
        if away:
            raise Unavailable
        return await record(tenant, entities)  # type: ignore[arg-type]

    monkeypatch.setattr(broker.observations, "record", unsteady)
    async with linked(broker, town) as link:
        await publish(mosquitto, key, range(100))
        taking = link.intake
        assert taking is not None
        await until(lambda: not taking.flowing)
        assert taking.peak <= 11
        away = False
        assert len(await arrived(broker, 100)) == 100
        assert taking.peak <= 11


async def test_a_wrong_password_is_not_a_broker_that_is_away(
    broker: Broker, town: Connection
) -> None:
    (broker.settings.home / "secrets" / "mqtt-town").write_text("wrong")
    task = asyncio.create_task(Link(broker, town).run())
    try:
        async with asyncio.timeout(10):
            while True:
                feeds = {f.id: f for f in await FeedStatuses(broker.pool).all()}
                if "mqtt-town" in feeds and feeds["mqtt-town"].errors:
                    break
                await asyncio.sleep(0.05)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert feeds["mqtt-town"].state(datetime.now(UTC)) == "unauthorised"
    assert "wrong" not in str(feeds)


def test_the_example_reads() -> None:
    assert [mapping.id for mapping in connection().mappings] == ["levels", "rain", "units"]
