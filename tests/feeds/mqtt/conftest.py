"""A town with devices that have keys, and a connection like that of a town's broker."""

import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tamamo.context.broker import Broker, open_broker
from tamamo.context.model.entity import DEFAULT_VOCABULARY
from tamamo.feeds.mqtt.configuration import Connection
from tamamo.kernel.database import transaction
from tamamo.kernel.identity import INSTALLATION, devices
from tamamo.kernel.settings import Settings
from tests.feeds.mqtt.mosquitto import MOSQUITTO, PASSWORD, USER, Mosquitto

NOW = datetime(2026, 6, 26, 0, 0, tzinfo=UTC)
LEVEL = DEFAULT_VOCABULARY + "currentLevel"
#: As in docs/howto/connect-a-device.md, with less in it.
TEXT = """
name = { ja = "町のMQTT", en = "The town's MQTT" }
[broker]
url = "mqtt://127.0.0.1:1883"
user = "town"
password = "mqtt-town"
watch = ["/json/#"]

[[mapping]]
id = "levels"
name = { ja = "水位計", en = "Water levels" }
topic = "/json/{key}/{device}/attrs"
type = "FloodMonitoring"
entity = "urn:ngsi-ld:FloodMonitoring:{device}"
interval = 10
provider = "河川課"
[[mapping.attribute]]
name = "currentLevel"
from = "level"
unit = "MTR"
factor = 0.01
minimum = -10
maximum = 30
[[mapping.attribute]]
name = "batteryLevel"
from = "battery"
factor = 0.01
of = "device"
[mapping.stations.pump-7]
latitude = 34.34
longitude = 134.05
attributes = { name = "七号ポンプ場", alertLevel = 2.5 }

[[mapping]]
id = "rain"
name = { ja = "雨量計", en = "Rain" }
topic = "ul/{device}/attrs"
format = "ultralight"
key = "property"
type = "WeatherObserved"
entity = "urn:ngsi-ld:WeatherObserved:{device}"
[[mapping.attribute]]
name = "precipitation"
from = "r"
unit = "H67"

[[mapping]]
id = "units"
name = { ja = "可搬式水位計", en = "Portable units" }
topic = "units/{device}"
key = "broker"
type = "FloodMonitoring"
entity = "{place}"
[[mapping.attribute]]
name = "currentLevel"
"""


def connection(text: str = TEXT, **members: Any) -> Connection:
    read = msgspec.toml.decode(text, type=Connection)
    return msgspec.structs.replace(read, id="town", **members)


class TickingClock:
    """A clock that tests drive: sleeping moves it at once."""

    def __init__(self, now: datetime = NOW) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
async def broker(settings: Settings) -> AsyncIterator[Broker]:
    """An open broker whose keys count (unlike --open)."""
    settings.home.mkdir(parents=True, exist_ok=True)
    async with open_broker(msgspec.structs.replace(settings, open=False)) as opened:
        yield opened


async def register(broker: Broker, topic: str, tenant: str = "default") -> str:
    """Register a device for a topic and return its key."""
    async with transaction(broker.pool) as db:
        _, key = await devices.create(db, INSTALLATION, tenant, topic, topic=topic)
    return key


async def values(broker: Broker, entity_id: str, attr: str = LEVEL) -> list[tuple[datetime, Any]]:
    """Return the history of an attribute: (observed, value), oldest first."""
    async with transaction(broker.pool) as db:
        rows = await db.execute(
            "select observed_at, instance -> 'value' from attribute_history"
            " where entity_id = %s and attr = %s order by observed_at",
            (entity_id, attr),
        )
        return [tuple(row) for row in await rows.fetchall()]  # type: ignore[misc]


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    if not Path(MOSQUITTO).exists():
        if os.environ.get("CI") == "true":
            pytest.fail("mosquitto is not installed")
        pytest.skip("mosquitto is not installed")
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    running = Mosquitto(folder)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def town(mosquitto: Mosquitto, settings: Settings) -> Connection:
    """The connection to the real mosquitto, its password in the home."""
    secrets = settings.home / "secrets"
    secrets.mkdir(parents=True, exist_ok=True)
    (secrets / "mqtt-town").write_text(PASSWORD + "\n")
    made = connection()
    assert made.broker.user == USER
    return connection(broker=msgspec.structs.replace(made.broker, url=mosquitto.url))
