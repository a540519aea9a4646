"""A drill from the town's stations to the end of its script, with a clock of the test's own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tamamo import rules
from tamamo.context.broker import Broker, open_broker
from tamamo.context.model.entity import DEFAULT_VOCABULARY, Entity
from tamamo.drills import events, work
from tamamo.drills.catalogue import scripts
from tamamo.kernel import time
from tamamo.kernel.database import transaction
from tamamo.kernel.drills import Drill, State
from tamamo.kernel.drills.plan import Plan
from tamamo.kernel.drills.service import DrillService
from tamamo.kernel.identity.model import Actor, Grant, Role
from tamamo.kernel.settings import Settings
from tests.accounts.signing import make_user

NIGHT = scripts()["typhoon-16-2004"]
LEADER = Actor("user:1", "leader", (Grant("g", "alpha", Role.APPROVER),), "alpha")
GAUGE, TIDE, PERSON = (DEFAULT_VOCABULARY + n for n in ("FloodMonitoring", "SeaConditions", "Cat"))


def attr(value: Any, **more: Any) -> list[dict[str, Any]]:
    return [{"type": "Property", "value": value, **more}]


def stations() -> list[Entity]:
    v = DEFAULT_VOCABULARY
    observed = "2026-11-23T00:00:00Z"
    return [
        Entity("urn:ngsi-ld:FloodMonitoring:1", [GAUGE], {
            v + "name": attr("香東川"), v + "alertLevel": attr(2.0),
            v + "currentLevel": attr(0.4, observedAt=observed)}),
        Entity("urn:ngsi-ld:SeaConditions:sea", [TIDE], {
            v + "name": attr("高松港（模擬）"), v + "waterLevel": attr(0.9, observedAt=observed)}),
        Entity("urn:ngsi-ld:Cat:1", [PERSON], {v + "name": attr("たま")}),
    ]  # fmt: skip


@dataclass
class Stage:
    broker: Broker
    person: str
    now: datetime = field(default_factory=time.now)

    def __post_init__(self) -> None:
        self.broker.drills = DrillService(self.broker.pool, self.broker.towns, lambda: self.now)

    async def tend(self) -> None:
        await work.tend(self.broker, lambda: self.now)

    async def go(self, seconds: float, steps: int = 1) -> None:
        """Let the time pass, with looks at what is due."""
        for _ in range(steps):
            self.now += timedelta(seconds=seconds / steps)
            await self.tend()

    async def ready(self) -> Drill:
        plan = Plan(
            "alpha", "高潮訓練", {self.person: (Role.EDITOR,)}, NIGHT.begins_at,
            self.now + timedelta(days=1), (), NIGHT.id, NIGHT.length,
        )  # fmt: skip
        drill = await self.broker.drills.create(LEADER, plan)
        await self.tend()
        return await self.drill(drill.tenant)

    async def drill(self, tenant: str) -> Drill:
        return (await self.broker.drills.entry("alpha", tenant)).drill

    async def played(self, tenant: str) -> list[str]:
        async with transaction(self.broker.pool) as connection:
            return [one.key for one in await events.played(connection, tenant)]

    async def level(self, tenant: str, entity: str, name: str) -> Any:
        found = await self.broker.entities.find(tenant, entity)
        assert found is not None
        terms = await self.broker.contexts.resolve("default", None)
        instances = found.attrs.get(terms.expand_term(name))
        return None if not instances else instances[0]["value"]


@pytest.fixture
async def stage(tmp_path: Path, database_url: str) -> AsyncIterator[Stage]:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "insert into tenant (name, title, public_types) values"
            ' (\'alpha\', \'{"ja": "甲町", "en": "Alpha"}\', \'{*}\')'
        )
    person = f"user:{make_user(database_url, 'p@example.jp', home_tenant='alpha')}"
    settings = Settings(home=tmp_path / "home", database_url=database_url, open=True)
    async with open_broker(settings) as broker:
        await broker.observations.record("alpha", stations())
        yield Stage(broker, person)


SEA = "urn:ngsi-ld:SeaConditions:sea"


async def test_it_has_its_towns_stations_without_their_readings(stage: Stage) -> None:
    drill = await stage.ready()
    assert drill.state is State.READY
    gauge = await stage.broker.entities.find(drill.tenant, "urn:ngsi-ld:FloodMonitoring:1")
    assert gauge is not None
    names = {name.removeprefix(DEFAULT_VOCABULARY) for name in gauge.attrs}
    assert names == {"name", "alertLevel"}
    assert await stage.broker.entities.find(drill.tenant, "urn:ngsi-ld:Cat:1") is None
    # The town's own tide gauge is the one of the script, whatever is written behind its name.
    assert await stage.level(drill.tenant, SEA, "simulated") is True
    made = "urn:ngsi-ld:SeaConditions:drill-port"
    assert await stage.broker.entities.find(drill.tenant, made) is None
    async with transaction(stage.broker.pool) as connection:
        known = {entry.id for entry in await rules.listing(connection, drill.tenant)}
        towns = {entry.id for entry in await rules.listing(connection, "alpha")}
    assert {"drill-tide", "drill-record", "drill-underpass"} <= known
    assert "drill-tide" not in towns


async def test_what_is_due_is_measured_at_the_drills_time(stage: Stage) -> None:
    drill = await stage.ready()
    await stage.broker.drills.start(LEADER, "alpha", drill.tenant, 3600)
    await stage.go(7.7, steps=4)  # 22:42 of that night
    assert await stage.level(drill.tenant, SEA, "waterLevel") == 2.46
    found = await stage.broker.entities.find(drill.tenant, SEA)
    assert found is not None
    level = found.attrs[DEFAULT_VOCABULARY + "waterLevel"][0]
    assert level["observedAt"] == "2004-08-30T13:42:00Z"
    assert "peak" in await stage.played(drill.tenant)
    assert "receding" not in await stage.played(drill.tenant)
    # The town goes on as it was.
    assert await stage.level("alpha", SEA, "waterLevel") == 0.9


async def test_at_another_speed_the_same_is_measured(stage: Stage) -> None:
    histories = []
    for speed, steps in ((3600, 2), (1800, 13)):
        drill = await stage.ready()
        await stage.broker.drills.start(LEADER, "alpha", drill.tenant, speed)
        await stage.go(NIGHT.length / speed + 1, steps)
        points = await stage.broker.temporal.series(
            drill.tenant, SEA, DEFAULT_VOCABULARY + "waterLevel", NIGHT.begins_at,
            NIGHT.begins_at + timedelta(days=1), limit=1000,
        )  # fmt: skip
        histories.append([(point.at, point.value) for point in points])
        assert len(await stage.played(drill.tenant)) == len(NIGHT.events)
    tide = [one for one in NIGHT.readings if one.place == "port"]
    assert histories[0] == histories[1]
    assert len(histories[0]) == len(tide)


async def test_after_an_outage_it_goes_on_where_it_was(stage: Stage) -> None:
    drill = await stage.ready()
    await stage.broker.drills.start(LEADER, "alpha", drill.tenant, 600)
    await stage.go(9, steps=3)
    before = await stage.played(drill.tenant)
    stage.now += timedelta(hours=1)  # no process at work
    await stage.tend()
    assert await stage.played(drill.tenant) == before
    at = (await stage.drill(drill.tenant)).clock.position_at(stage.now)
    assert at == pytest.approx(5400)
    await stage.go(10)
    assert (await stage.drill(drill.tenant)).clock.position_at(stage.now) == pytest.approx(11_400)


async def test_what_was_half_played_is_not_played_twice(stage: Stage) -> None:
    drill = await stage.ready()
    await stage.broker.drills.start(LEADER, "alpha", drill.tenant, 3600)
    await stage.go(4)
    once = await stage.played(drill.tenant)
    async with transaction(stage.broker.pool) as connection:
        # As if the process had died before it could say how far it was.
        await connection.execute(b"update drill set played = -1 where tenant = %s", [drill.tenant])
    await stage.tend()
    assert await stage.played(drill.tenant) == once


async def test_telegrams_are_read_as_those_of_the_weather_service(stage: Stage) -> None:
    drill = await stage.ready()
    await stage.broker.drills.start(LEADER, "alpha", drill.tenant, 3600)
    await stage.go(6.2, steps=2)
    warning = "urn:ngsi-ld:WeatherAlert:jma:3720100:48"
    assert await stage.level(drill.tenant, warning, "status") == "issued"
    assert "高潮危険警報" in await stage.level(drill.tenant, warning, "name")
    below = warning.replace(":48", ":08")
    assert await stage.level(drill.tenant, below, "status") in ("lifted", "cancelled")
    await stage.go(5.8, steps=2)
    assert await stage.level(drill.tenant, warning, "status") == "lifted"
    assert await stage.broker.entities.find("alpha", warning) is None


async def test_a_drill_that_was_deleted_leaves_nothing_but_the_log(stage: Stage) -> None:
    drill = await stage.ready()
    service = stage.broker.drills
    await service.start(LEADER, "alpha", drill.tenant, 3600)
    await stage.go(4)
    await service.end(LEADER, "alpha", drill.tenant)
    await service.delete(LEADER, "alpha", drill.tenant)
    await stage.tend()
    assert stage.broker.towns.get(drill.tenant) is None
    async with transaction(stage.broker.pool) as connection:
        tables = await (
            await connection.execute(
                b"select distinct c.table_name from information_schema.columns c"
                b" join information_schema.tables t using (table_schema, table_name)"
                b" where column_name = 'tenant' and table_schema = 'public'"
                b" and t.table_type = 'BASE TABLE'"
            )
        ).fetchall()
        left = set()
        for (table,) in tables:
            cursor = await connection.execute(
                f"select count(*) from {table} where tenant = %s".encode(), [drill.tenant]
            )
            row = await cursor.fetchone()
            if row is not None and row[0]:
                left.add(table)
    # Grants that ended stay with the account they were given to, as everywhere.
    assert left <= {"audit_event", "audit_head"}


async def test_when_it_is_paused_all_up_to_there_has_happened(stage: Stage) -> None:
    drill = await stage.ready()
    service = stage.broker.drills
    await service.start(LEADER, "alpha", drill.tenant, 3600)
    stage.now += timedelta(seconds=7.7)
    await service.pause(LEADER, "alpha", drill.tenant)
    stage.now += timedelta(minutes=5)
    await stage.tend()
    assert "peak" in await stage.played(drill.tenant)
    assert (await stage.drill(drill.tenant)).clock.position_at(stage.now) == pytest.approx(27_720)
