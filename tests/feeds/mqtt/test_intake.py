"""Messages into the history, without a broker: what is acknowledged, refused, kept visible."""

from datetime import timedelta
from typing import Any

import msgspec
import orjson
import pytest

from tamamo.context.broker import Broker
from tamamo.context.model.entity import DEFAULT_VOCABULARY
from tamamo.feeds.mqtt import troubles
from tamamo.feeds.mqtt.arrived import Arrived
from tamamo.feeds.mqtt.configuration import Connection
from tamamo.feeds.mqtt.desk import routes_of
from tamamo.feeds.mqtt.intake import Intake
from tamamo.feeds.mqtt.troubles import Known
from tamamo.feeds.plausibility import is_suspect
from tamamo.feeds.status import FeedStatuses
from tamamo.kernel.database import transaction
from tamamo.kernel.errors import Unavailable
from tamamo.kernel.identity import INSTALLATION, devices
from tamamo.kernel.identity.refusals import listing as refused
from tamamo.kernel.time import to_text
from tests.feeds.mqtt.conftest import LEVEL, NOW, TickingClock, connection, register, values

TOPIC = "/json/{key}/pump-7/attrs"
GAUGE = "urn:ngsi-ld:FloodMonitoring:pump-7"


class Bench:
    """An intake, and what it acknowledged."""

    def __init__(self, broker: Broker, intake: Intake, clock: TickingClock) -> None:
        self.broker, self.intake, self.clock = broker, intake, clock
        self.acknowledged: list[int] = []
        self.packet = 0

    def message(self, topic: str, body: Any, **members: Any) -> Arrived:
        payload = body if isinstance(body, bytes) else orjson.dumps(body)
        self.packet += 1
        packet = members.pop("packet", self.packet)
        said = {"qos": 1, "packet": packet, "size": len(payload), "at": self.clock.now()}
        return Arrived(
            topic,
            payload,
            acknowledge=lambda: self.acknowledged.append(packet),
            **said | members,
        )

    async def take(self, *messages: Arrived) -> None:
        await self.intake.take(messages)

    async def troubles(self, tenant: str = "default") -> list[Known]:
        async with transaction(self.broker.pool) as db:
            return await troubles.listing(db, tenant)

    async def reasons(self) -> set[tuple[str, str]]:
        return {(one.topic, one.code) for one in await self.troubles()}


async def opened(broker: Broker, made: Connection | None = None) -> Bench:
    made = made or connection()
    clock = TickingClock()
    intake = Intake(broker, made, await routes_of(broker, made), clock)
    for mapping in made.mappings:
        await intake.ledger.declare(made.declaration_of(mapping))
    await intake.ledger.declare(made.declaration())
    return Bench(broker, intake, clock)


@pytest.fixture
async def bench(broker: Broker) -> Bench:
    return await opened(broker)


def at(minutes: float) -> str:
    return to_text(NOW - timedelta(minutes=minutes))


async def test_bad_messages_harm_no_other(bench: Bench) -> None:
    key = await register(bench.broker, TOPIC)
    topic = TOPIC.replace("{key}", key)
    good = {"level": 120, "TimeInstant": at(5)}
    await bench.take(
        bench.message(topic, {"level": 100, "TimeInstant": at(10)}),
        bench.message("/json/other/topic", {"level": 1}),
        bench.message(topic, b'{"level": NaN}'),
        bench.message(topic, b"{broken"),
        bench.message(topic, b"x" * 70_000),
        bench.message(topic, {"level": 1, "TimeInstant": to_text(NOW + timedelta(days=1))}),
        bench.message(topic, {"level": 1, "TimeInstant": "2026-06-26T08:00:00"}),
        bench.message("", b"no topic"),
        bench.message(topic, good),
        bench.message(topic, good),  # a double
    )
    await bench.take(bench.message(topic, {"level": 110, "TimeInstant": at(7)}))  # out of order
    assert [value for _, value in await values(bench.broker, GAUGE)] == [1.0, 1.1, 1.2]
    assert bench.acknowledged == list(range(1, 12))
    assert await bench.reasons() == {
        ("/json/other/topic", "unmapped"),
        (TOPIC, "not_finite"),
        (TOPIC, "not_json"),
        (TOPIC, "too_large"),
        (TOPIC, "in_future"),
        (TOPIC, "no_zone"),
        ("", "bad_topic"),
    }
    await bench.intake.ledger.note()
    levels = {f.id: f for f in await FeedStatuses(bench.broker.pool).all()}["mqtt-town-levels"]
    assert (levels.stored, levels.repeated, levels.late, levels.rejected) == (3, 1, 1, 5)
    state = await bench.broker.entities.find("default", GAUGE)
    assert state is not None
    assert state.attrs[LEVEL][0]["value"] == 1.2


async def test_who_may_publish(bench: Bench) -> None:
    broker = bench.broker
    key = await register(broker, TOPIC)
    other = await register(broker, "/json/{key}/pump-8/attrs")
    rain = await register(broker, "ul/shionoe/attrs")
    strange = await register(broker, TOPIC, "default")
    async with transaction(broker.pool) as db:
        device, _ = await devices.find(db, strange)
        await devices.revoke(db, INSTALLATION, "default", device.id)
    body = {"level": 1, "TimeInstant": at(1)}
    await bench.take(
        bench.message(TOPIC.replace("{key}", key), body),
        bench.message(TOPIC.replace("{key}", other), body),
        bench.message(TOPIC.replace("{key}", strange), body),
        bench.message(TOPIC.replace("{key}", "guessed"), body),
        bench.message("ul/shionoe/attrs", b"r|3"),
        bench.message("ul/shionoe/attrs", b"r|3", properties=(("key", key),)),
        bench.message("ul/shionoe/attrs", b"r|4", properties=(("x", "y"), ("key", rain))),
    )
    assert len(await values(broker, GAUGE)) == 1
    attr = DEFAULT_VOCABULARY + "precipitation"
    assert await values(broker, "urn:ngsi-ld:WeatherObserved:shionoe", attr) == [(NOW, 4)]
    assert await bench.reasons() == {
        (TOPIC, "wrong_topic"),
        (TOPIC, "wrong_key"),
        (TOPIC, "ended_key"),
        ("ul/shionoe/attrs", "no_key"),
        ("ul/shionoe/attrs", "wrong_topic"),
    }
    assert all(one.unauthorised for one in await bench.troubles())
    assert key not in str(await bench.troubles()) and "guessed" not in str(await bench.troubles())
    await broker.identity.refusals.flush()
    async with transaction(broker.pool) as db:
        counted = {(one.device, one.reason): one.count for one in await refused(db, "default")}
    assert counted[("", "unknown_key")] == 1
    assert counted[(device.id, "revoked")] == 1
    assert sorted(reason for _, reason in counted).count("wrong_topic") == 2
    await bench.intake.ledger.note()
    feeds = {f.id: f for f in await FeedStatuses(broker.pool).all()}
    assert feeds["mqtt-town-levels"].unauthorised == 3
    assert feeds["mqtt-town-levels"].rejected == 0
    assert feeds["mqtt-town-levels"].state(NOW) == "unauthorised"


async def test_a_new_key_works_beside_the_old_one(bench: Bench) -> None:
    old = await register(bench.broker, TOPIC)
    async with transaction(bench.broker.pool) as db:
        device, _ = await devices.find(db, old)
        new = await devices.rotate(db, INSTALLATION, "default", device.id)
    for minute, key in enumerate((old, new)):
        topic = TOPIC.replace("{key}", key)
        await bench.take(bench.message(topic, {"level": 1, "TimeInstant": at(minute)}))
    assert len(await values(bench.broker, GAUGE)) == 2


async def test_towns_do_not_mix(broker: Broker) -> None:
    made = connection()
    bench = await opened(broker, msgspec.structs.replace(made, tenant="ayagawa"))
    here = await register(broker, TOPIC)
    async with transaction(broker.pool) as db:
        await db.execute("insert into tenant (name) values ('ayagawa')")
    there = await register(broker, TOPIC, "ayagawa")
    for key in (here, there):
        topic = TOPIC.replace("{key}", key)
        await bench.take(bench.message(topic, {"level": 1, "TimeInstant": at(1)}))
    assert await broker.entities.find("default", GAUGE) is None
    assert await broker.entities.find("ayagawa", GAUGE) is not None
    assert [one.code for one in await bench.troubles("ayagawa")] == ["wrong_topic"]
    assert await bench.troubles() == []


async def test_a_key_in_the_payload_is_kept_nowhere(broker: Broker) -> None:
    made = connection()
    levels = msgspec.structs.replace(made.mappings[0], key="payload", topic="json/{device}/attrs")
    bench = await opened(broker, connection(mappings=[levels]))
    key = await register(broker, "json/pump-7/attrs")
    await bench.take(
        bench.message("json/pump-7/attrs", {"key": key, "level": 150, "TimeInstant": at(3)}),
        bench.message("json/pump-7/attrs", {"key": key, "level": "?"}),
        bench.message("json/pump-7/attrs", {"level": 150}),
    )
    await bench.intake.ledger.note()
    assert [value for _, value in await values(broker, GAUGE)] == [1.5]
    assert await bench.reasons() == {
        ("json/pump-7/attrs", "not_a_number"),
        ("json/pump-7/attrs", "no_key"),
    }
    async with transaction(broker.pool) as db:
        for table in ("mqtt_trouble", "feed", "feed_rejects", "entity", "attribute_history"):
            rows = await (await db.execute(f"select t::text from {table} t")).fetchall()
            assert key not in str(rows)


async def test_sent_again_without_a_time_is_the_same_reading(bench: Bench) -> None:
    topic = TOPIC.replace("{key}", await register(bench.broker, TOPIC))
    await bench.take(bench.message(topic, {"level": 100}, packet=7))
    bench.clock.moment += timedelta(seconds=30)
    # The process was killed after the commit and before the broker had our word.
    again = await opened(bench.broker)
    again.clock.moment = bench.clock.moment
    await again.take(
        again.message(topic, {"level": 100}, packet=7, again=True),
        again.message(topic, {"level": 100}, packet=8),
    )
    found = await values(bench.broker, GAUGE)
    assert [at for at, _ in found] == [NOW, NOW + timedelta(seconds=30)]
    # Another message that took the number later is no repeat.
    bench.clock.moment += timedelta(seconds=30)
    again.clock.moment = bench.clock.moment
    await again.take(again.message(topic, {"level": 101}, packet=7, again=True))
    assert len(await values(bench.broker, GAUGE)) == 3


async def test_nothing_is_acknowledged_before_it_is_written(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, tries = bench.broker.observations.record, 0

    async def unsteady(tenant: str, entities: Any) -> Any:
        nonlocal tries
        tries += 1
        assert not bench.acknowledged
        if tries < 4:
            raise Unavailable
        return await record(tenant, entities)

    monkeypatch.setattr(bench.broker.observations, "record", unsteady)
    topic = TOPIC.replace("{key}", await register(bench.broker, TOPIC))
    await bench.take(bench.message(topic, {"level": 100, "TimeInstant": at(1)}))
    assert bench.acknowledged == [1]
    assert len(await values(bench.broker, GAUGE)) == 1
    assert bench.clock.now() > NOW


async def test_what_the_history_refuses_harms_no_other(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = bench.broker.observations.record

    async def strict(tenant: str, entities: Any) -> Any:
        if any(e.attrs.get(LEVEL, [{}])[0].get("value") == 6.66 for e in entities):
            raise RuntimeError("a fault of ours")
        return await record(tenant, entities)

    monkeypatch.setattr(bench.broker.observations, "record", strict)
    topic = TOPIC.replace("{key}", await register(bench.broker, TOPIC))
    await bench.take(
        *(
            bench.message(topic, {"level": level, "TimeInstant": at(10 - n)})
            for n, level in enumerate((100, 666, 102))
        )
    )
    assert [value for _, value in await values(bench.broker, GAUGE)] == [1.0, 1.02]
    assert await bench.reasons() == {(TOPIC, "not_stored")}
    assert bench.acknowledged == [1, 2, 3]


async def test_a_device_is_an_entity(bench: Bench) -> None:
    topic = TOPIC.replace("{key}", await register(bench.broker, TOPIC))
    for seconds in (0, 10, 70):
        bench.clock.moment = NOW + timedelta(seconds=seconds)
        await bench.take(bench.message(topic, {"level": 100, "battery": 87}))
    found = await bench.broker.entities.find("default", "urn:ngsi-ld:Device:pump-7")
    assert found is not None
    said = {name.removeprefix(DEFAULT_VOCABULARY): one[0] for name, one in found.attrs.items()}
    assert said["controlledAsset"]["object"] == GAUGE
    assert said["batteryLevel"]["value"] == 0.87
    assert said["dateLastValueReported"]["value"]["@value"] == to_text(NOW + timedelta(seconds=70))
    # At most once a minute, however often it sends.
    attr = DEFAULT_VOCABULARY + "dateLastValueReported"
    assert len(await values(bench.broker, found.id, attr)) == 2


async def test_one_that_jumps_is_kept_and_marked(bench: Bench) -> None:
    topic = TOPIC.replace("{key}", await register(bench.broker, TOPIC))
    for minute, level in ((30, 100), (20, 1000), (10, 101)):
        await bench.take(bench.message(topic, {"level": level, "TimeInstant": at(minute)}))
    async with transaction(bench.broker.pool) as db:
        rows = await db.execute(
            "select instance from attribute_history where entity_id = %s and attr = %s"
            " order by observed_at",
            (GAUGE, LEVEL),
        )
        assert [is_suspect(row[0]) for row in await rows.fetchall()] == [False, True, False]
    await bench.intake.ledger.note()
    feeds = {f.id: f for f in await FeedStatuses(bench.broker.pool).all()}
    assert feeds["mqtt-town-levels"].suspect == 1


async def test_invented_topics_do_not_fill_the_table(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(troubles, "KEPT", 5)
    for number in range(12):
        bench.clock.moment += timedelta(seconds=1)
        await bench.take(bench.message(f"/json/{number}", b"{}"))
    assert len(await bench.troubles()) <= 6
