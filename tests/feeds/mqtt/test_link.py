"""The broker away for an hour, by the clock; and which connections run where."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from tamamo.context.broker import Broker
from tamamo.feeds.mqtt.arrived import Arrived
from tamamo.feeds.mqtt.client import MqttError
from tamamo.feeds.mqtt.configuration import Connection
from tamamo.feeds.mqtt.link import Link
from tamamo.feeds.mqtt.service import Keeper
from tamamo.feeds.status import FeedStatuses
from tamamo.kernel.time import to_text
from tests.feeds.mqtt.conftest import NOW, TEXT, TickingClock, connection, register, values

TOPIC = "/json/{key}/pump-7/attrs"
BACK = NOW + timedelta(hours=1)


class Town:
    """An MQTT broker that is away for the first hour, then hands out what devices kept."""

    def __init__(self, clock: TickingClock, key: str) -> None:
        self.clock, self.key = clock, key
        self.tries = 0
        self.acknowledged = 0
        self.session_present = True

    @asynccontextmanager
    async def _connected(self, arrive: Callable[[Arrived], None]) -> AsyncIterator["Town"]:
        self.tries += 1
        if self.clock.now() < BACK:
            raise MqttError("Connection refused")
        yield self
        del arrive

    def __call__(self, broker: Any, how: Any, arrive: Callable[[Arrived], None]) -> Any:
        self.arrive = arrive
        return self._connected(arrive)

    async def listen(self, filters: list[str], before: list[str]) -> list[str]:
        return []

    async def ended(self) -> None:
        for minute in range(60):
            at = to_text(NOW + timedelta(minutes=minute))
            body = orjson.dumps({"level": 100 + minute, "TimeInstant": at})
            topic = TOPIC.replace("{key}", self.key)
            self.arrive(
                Arrived(topic, body, len(body), self.clock.now(), 1, minute + 1,
                        acknowledge=self._acknowledge)
            )  # fmt: skip
        await asyncio.Event().wait()

    def _acknowledge(self) -> None:
        self.acknowledged += 1


async def test_an_hour_without_the_broker(broker: Broker) -> None:
    (broker.settings.home / "secrets").mkdir(exist_ok=True)
    (broker.settings.home / "secrets" / "mqtt-town").write_text("p")
    clock = _Paced()
    town = Town(clock, await register(broker, TOPIC))
    task = asyncio.create_task(Link(broker, connection(), clock, town).run())
    try:
        async with asyncio.timeout(30):
            while clock.now() < NOW + timedelta(minutes=50):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            feeds = {f.id: f for f in await FeedStatuses(broker.pool).all()}
            assert feeds["mqtt-town"].state(clock.now()) == "silent"
            assert feeds["mqtt-town"].error == "not_ready"
            while town.acknowledged < 60:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    # Tried at least every minute, and not as fast as it goes.
    assert 60 <= town.tries <= 140
    found = await values(broker, "urn:ngsi-ld:FloodMonitoring:pump-7")
    assert [at for at, _ in found] == [NOW + timedelta(minutes=n) for n in range(60)]
    feeds = {f.id: f for f in await FeedStatuses(broker.pool).all()}
    assert feeds["mqtt-town"].state(clock.now()) == "ok"


class _Paced(TickingClock):
    """Sleeping moves the clock, and lets everybody else run."""

    async def sleep(self, seconds: float) -> None:
        before = self.moment
        await asyncio.sleep(0.002)
        # Several sleep at once: together, not one after another.
        self.moment = max(self.moment, before + timedelta(seconds=seconds))


class Runs:
    """Which connections run, in place of real ones."""

    def __init__(self) -> None:
        self.now: list[str] = []

    async def __call__(self, broker: Broker, said: Connection) -> None:
        text = f"{said.id} {said.broker.url}"
        self.now.append(text)
        try:
            await asyncio.Event().wait()
        finally:
            self.now.remove(text)


@pytest.fixture
def folder(broker: Broker) -> Path:
    path = broker.settings.home / "mqtt"
    path.mkdir()
    return path


async def look(*keepers: Keeper) -> None:
    for keeper in keepers:
        await keeper.look()
    await asyncio.sleep(0.01)


async def test_files_decide_what_runs(broker: Broker, folder: Path) -> None:
    runs = Runs()
    keeper = Keeper(broker, runs)
    try:
        await look(keeper)
        assert runs.now == []
        (folder / "town.toml").write_text(TEXT, "utf-8")
        await look(keeper)
        assert runs.now == ["town mqtt://127.0.0.1:1883"]
        (folder / "town.toml").write_text(TEXT.replace("1883", "18830"), "utf-8")
        await look(keeper)
        assert runs.now == ["town mqtt://127.0.0.1:18830"]
        (folder / "town.toml").write_text("name = ", "utf-8")
        await look(keeper)
        assert runs.now == ["town mqtt://127.0.0.1:18830"]
        feeds = {f.id: f for f in await FeedStatuses(broker.pool).all()}
        assert feeds["mqtt-town"].error == "update_failed"
        (folder / "town.toml").unlink()
        await look(keeper)
        assert runs.now == []
    finally:
        await keeper.stop()


async def test_one_process_runs_a_connection(broker: Broker, folder: Path) -> None:
    (folder / "town.toml").write_text(TEXT, "utf-8")
    first, second = Runs(), Runs()
    one, other = Keeper(broker, first), Keeper(broker, second)
    try:
        await look(one, other, one, other)
        assert (len(first.now), len(second.now)) == (1, 0)
        await one.stop()
        await look(other)
        assert len(second.now) == 1
    finally:
        await one.stop()
        await other.stop()
