"""Half an hour of a town's devices, as a broker hands their messages out, played by the clock."""

from datetime import UTC, datetime, timedelta

import msgspec

from tamamo.context.broker import Broker
from tamamo.context.model.entity import DEFAULT_VOCABULARY
from tamamo.feeds.mqtt.configuration import Connection
from tamamo.feeds.status import FeedStatuses
from tests.conftest import ROOT
from tests.feeds.mqtt.conftest import register, values
from tests.feeds.mqtt.test_intake import Bench, opened

RECORDED = ROOT / "tamamo/projects/disaster_watch/tests/recorded"
GAUGE = "urn:ngsi-ld:FloodMonitoring:weir-3"
RAIN = "urn:ngsi-ld:WeatherObserved:park-1"
NINE = datetime(2026, 6, 26, tzinfo=UTC)


async def play(bench: Bench, keys: dict[str, str]) -> None:
    """Hand the messages out, each at the moment it came."""
    for line in (RECORDED / "mqtt.log").read_text().splitlines():
        moment, topic, payload = line.split(" ", 2)
        for said, key in keys.items():
            topic = topic.replace(said, key)
        bench.clock.moment = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC)
        await bench.take(bench.message(topic, payload.encode()))


async def test_half_an_hour_of_devices(broker: Broker) -> None:
    said = msgspec.toml.decode((RECORDED / "mqtt.toml").read_bytes(), type=Connection)
    bench = await opened(broker, msgspec.structs.replace(said, id="town"))
    keys = {
        "KEY-A": await register(broker, "/json/{key}/weir-3/attrs"),
        "KEY-B": await register(broker, "/ul/{key}/park-1/attrs"),
    }
    await play(bench, keys)
    assert bench.acknowledged == list(range(1, 13))
    found = await values(broker, GAUGE)
    assert [((at - NINE) / timedelta(minutes=1), level) for at, level in found] == [
        (0, 1.01), (10, 1.08), (15, 1.12), (20, 10.13), (30, 1.18)
    ]  # fmt: skip
    rain = await values(broker, RAIN, DEFAULT_VOCABULARY + "precipitation")
    assert [value for _, value in rain] == [0.5, 1.5, 2.0]
    assert {(one.topic.rpartition("/")[2], one.code) for one in await bench.troubles()} == {
        ("attrs", "wrong_key"),
        ("attrs", "not_a_number"),
        ("attrs", "nothing_mapped"),
        ("cmd", "unmapped"),
    }
    await bench.intake.ledger.note()
    feeds = {one.id: one for one in await FeedStatuses(broker.pool).all()}
    levels, now = feeds["mqtt-town-levels"], bench.clock.now()
    # The jump of nine metres is kept, and marked.
    assert (levels.stored, levels.repeated, levels.late, levels.suspect) == (5, 1, 1, 1)
    assert levels.state(now) == "unauthorised"
    assert feeds["mqtt-town-rain"].state(now) == "ok"
    # Then nothing more comes: late after two intervals, silent after ten.
    assert feeds["mqtt-town-rain"].state(now + timedelta(minutes=25)) == "late"
    assert feeds["mqtt-town-rain"].state(now + timedelta(minutes=125)) == "silent"
