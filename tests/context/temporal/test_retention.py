"""What goes when its time is over, what stays, and what answers say of it."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from tamamo.context.broker import Broker
from tamamo.context.temporal import retention, rollups
from tamamo.context.temporal.commands import retention as command
from tamamo.context.temporal.partitions import Partitions, month_of, months_between
from tamamo.kernel.database import Pool, transaction
from tests.context.conftest import client_of

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FIRST = datetime.fromisoformat("2026-03-01T00:00:00+00:00")
LAST = datetime.fromisoformat("2026-05-31T00:00:00+00:00")
NOW = datetime.fromisoformat("2026-06-10T12:00:00+00:00")
VOCABULARY = "https://uri.etsi.org/ngsi-ld/default-context/"
#: Keeps what was measured from 2026-05-11 on.
KEEP = "P30D"
CALL = {"timerel": "between", "timeAt": "2026-03-01T00:00:00Z", "endTimeAt": "2026-06-10T00:00:00Z"}


def reading(at: datetime) -> dict[str, Any]:
    value = at.hour + at.day / 100
    return {"type": "Property", "value": value, "observedAt": at.strftime("%Y-%m-%dT%H:%M:%SZ")}


def evolution(entity_id: str, kind: str) -> dict[str, Any]:
    """Return three months of readings, one every five hours."""
    count = (LAST - FIRST) // (5 * HOUR)
    readings = [reading(FIRST + n * 5 * HOUR) for n in range(count)]
    return {"id": entity_id, "type": kind, "level": readings}


@pytest.fixture
async def api(broker: Broker) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a broker with two gauges and a station, rolled up, on 10 June."""
    pool = broker.pool
    async with client_of(broker) as client:
        await Partitions(pool).ensure(months_between(FIRST.date(), NOW.date()))
        for entity_id, kind in (("urn:x:1", "Gauge"), ("urn:x:2", "Gauge"), ("urn:x:3", "Other")):
            answer = await client.post("/temporal/entities", json=evolution(entity_id, kind))
            assert answer.status_code == 201
        name = {"type": "Property", "value": "新川"}
        await client.post("/entities", json={"id": "urn:x:1", "type": "Gauge", "name": name})
        # Written in March: a name that still holds, and one that was replaced.
        await run(pool, "update attribute_history set at = '2026-03-05' where observed_at is null")
        await run(
            pool,
            "insert into attribute_history (tenant, entity_id, attr, at, created_at, modified_at,"
            " instance) select tenant, entity_id, attr, '2026-03-04', created_at, modified_at,"
            " instance from attribute_history where observed_at is null",
        )
        await rollups.close(pool, NOW)
        while await rollups.fold(pool):
            pass
        yield client


async def run(pool: Pool, statement: str) -> list[tuple[Any, ...]]:
    async with transaction(pool) as connection:
        cursor = await connection.execute(statement)
        return await cursor.fetchall() if cursor.description else []


async def aggregated(api: httpx.AsyncClient, period: str, **more: str) -> httpx.Response:
    params = {
        **CALL, "type": "Gauge,Other", "attrs": "level", "options": "aggregatedValues",
        "aggrMethods": "avg,max,min,stddev,sum,sumsq,totalCount", "aggrPeriodDuration": period,
    }  # fmt: skip
    answer = await api.get("/temporal/entities", params={**params, **more})
    assert answer.status_code == 200, answer.text
    return answer


def close_to(found: Any, expected: Any) -> bool:
    if isinstance(expected, float):
        return bool(found == pytest.approx(expected, rel=1e-9, abs=1e-6))
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(
            close_to(found[k], expected[k]) for k in found
        )
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(close_to, found, expected))
    return bool(found == expected)


async def measured(pool: Pool) -> dict[str, str]:
    """Return the first day of the measurements kept of each entity."""
    found = await run(
        pool,
        "select entity_id, min(at)::date::text from attribute_history"
        " where observed_at is not null group by 1 order by 1",
    )
    return dict(found)


async def test_months_go_whole_when_everything_is_past(
    broker: Broker, api: httpx.AsyncClient
) -> None:
    """Aggregates stay what they were; what held when the kept time began stays."""
    before = {period: (await aggregated(api, period)).json() for period in ("PT1H", "P1D", "PT0S")}
    state = (await api.get("/entities/urn:x:1")).json()
    await retention.set_rule(broker.pool, "*", "*", KEEP, None)
    await retention.carry_out(broker.pool, NOW)
    assert await measured(broker.pool) == dict.fromkeys(
        ["urn:x:1", "urn:x:2", "urn:x:3"], "2026-05-11"
    )
    left = await run(broker.pool, "select count(*) from pg_inherits where inhparent ="
                     " 'attribute_history'::regclass")  # fmt: skip
    assert left == [(3,)]  # May, June and the default
    for period, expected in before.items():
        answer = await aggregated(api, period)
        assert close_to(answer.json(), expected)
        assert "2026-05-11" in answer.headers["NGSILD-Warning"]
    assert (await api.get("/entities/urn:x:1")).json() == state
    names = await run(broker.pool, "select at::date::text from attribute_history"
                      " where observed_at is null")  # fmt: skip
    assert names == [("2026-03-05",)]


async def test_a_type_goes_in_steps_and_others_stay(broker: Broker, api: httpx.AsyncClient) -> None:
    before = (await aggregated(api, "PT1H")).json()
    await retention.set_rule(broker.pool, "default", VOCABULARY + "Gauge", KEEP, None)
    removed = await retention.carry_out(broker.pool, NOW)
    assert await measured(broker.pool) == {
        "urn:x:1": "2026-05-11", "urn:x:2": "2026-05-11", "urn:x:3": "2026-03-01",
    }  # fmt: skip
    ((frozen, counted),) = await run(
        broker.pool, "select count(*), sum(total) from attribute_rollup where frozen"
    )
    assert removed == counted + 1  # and the name that was replaced
    assert frozen == 2 * (month_of(NOW).replace(month=5, day=11) - FIRST.date()).days
    assert close_to((await aggregated(api, "PT1H")).json(), before)
    other = await aggregated(api, "PT1H", type="Other")
    assert "NGSILD-Warning" not in other.headers
    (rule,) = await retention.rules(broker.pool, NOW)
    assert rule.removed == removed
    assert await retention.carry_out(broker.pool, NOW) == 0


async def test_what_cannot_be_told_is_left_out(broker: Broker, api: httpx.AsyncClient) -> None:
    """Of days kept only as rollups: no quarters of an hour, no halves, no distinct numbers."""
    await retention.set_rule(broker.pool, "*", "*", KEEP, None)
    await retention.carry_out(broker.pool, NOW)
    quarters = (await aggregated(api, "PT15M")).json()
    assert all(e["level"]["avg"][0][1] >= "2026-05-11" for e in quarters)
    # Each day is cut at half past ten, and readings lie at 10:00 on some days.
    halves = (await aggregated(api, "P1D", timeAt="2026-03-01T10:30:00Z")).json()
    starts = [start for _, start, _ in halves[0]["level"]["sum"]]
    whole = (await aggregated(api, "P1D")).json()
    assert 0 < sum(start < "2026-05-11" for start in starts) < 71
    assert len(whole[0]["level"]["sum"]) == 91
    distinct = (await aggregated(api, "P1M", aggrMethods="distinctCount,totalCount")).json()
    level = distinct[0]["level"]
    assert [start for _, start, _ in level["totalCount"]] == [
        f"2026-{month:02}-01T00:00:00Z" for month in (3, 4, 5)
    ]
    assert "distinctCount" not in level
    days = (await aggregated(api, "P1D", aggrMethods="distinctCount")).json()
    assert len(days[0]["level"]["distinctCount"]) == 91


async def test_what_comes_for_a_time_that_is_gone_is_not_counted(
    broker: Broker, api: httpx.AsyncClient
) -> None:
    """A recording played once more must not double the figures of days that are gone."""
    before = (await aggregated(api, "P1D")).json()
    await retention.set_rule(broker.pool, "*", "*", KEEP, None)
    await retention.carry_out(broker.pool, NOW)
    await api.post("/temporal/entities", json=evolution("urn:x:1", "Gauge"))
    assert close_to((await aggregated(api, "P1D")).json(), before)
    while await rollups.fold(broker.pool):
        pass
    assert close_to((await aggregated(api, "P1D")).json(), before)
    assert (await measured(broker.pool))["urn:x:1"] == "2026-05-11"


async def test_deleting_an_evolution_deletes_its_rollups(
    broker: Broker, api: httpx.AsyncClient
) -> None:
    await retention.set_rule(broker.pool, "*", "*", KEEP, None)
    await retention.carry_out(broker.pool, NOW)
    assert (await api.delete("/temporal/entities/urn:x:1")).status_code == 204
    assert (await api.delete("/temporal/entities/urn:x:2/attrs/level")).status_code == 204
    while await rollups.fold(broker.pool):
        pass
    assert await run(broker.pool, "select distinct entity_id from attribute_rollup") == [
        ("urn:x:3",)
    ]


async def test_days_not_rolled_up_wait(broker: Broker, api: httpx.AsyncClient) -> None:
    late = {"id": "urn:x:1", "type": "Gauge", "level": [reading(FIRST + 7 * HOUR)]}
    await api.post("/temporal/entities", json=late)
    before = (await aggregated(api, "PT1H")).json()
    await retention.set_rule(broker.pool, "*", "*", KEEP, None)
    await retention.carry_out(broker.pool, NOW)
    assert (await measured(broker.pool))["urn:x:1"] == "2026-03-01"
    while await rollups.fold(broker.pool):
        pass
    await retention.carry_out(broker.pool, NOW + DAY)
    assert (await measured(broker.pool))["urn:x:1"] == "2026-05-12"
    assert close_to((await aggregated(api, "PT1H")).json(), before)


async def test_days_that_are_never_rolled_up_stay(broker: Broker, api: httpx.AsyncClient) -> None:
    """Without them the figures of longer periods would be untrue."""
    value = {**reading(FIRST + 7 * HOUR), "value": 1e200}
    await api.post("/temporal/entities", json={"id": "urn:x:1", "type": "Gauge", "level": [value]})
    while await rollups.fold(broker.pool):
        pass
    await retention.set_rule(broker.pool, "*", "*", KEEP, None)
    await retention.carry_out(broker.pool, NOW)
    kept = await run(
        broker.pool,
        "select distinct entity_id, at::date::text from attribute_history"
        " where at < '2026-05-11' and observed_at is not null",
    )
    assert kept == [("urn:x:1", "2026-03-01")]
    greatest = (await aggregated(api, "P1M", aggrMethods="max,totalCount")).json()
    assert greatest[0]["level"]["max"][0][0] == 1e200


async def test_rollups_have_a_time_of_their_own(broker: Broker, api: httpx.AsyncClient) -> None:
    await retention.set_rule(broker.pool, "*", "*", KEEP, "P60D")
    await retention.carry_out(broker.pool, NOW)
    assert await run(broker.pool, "select min(day)::text from attribute_rollup") == [
        ("2026-04-11",)
    ]


async def test_the_most_specific_rule_holds(broker: Broker, api: httpx.AsyncClient) -> None:
    for tenant, kind, keep in (
        ("*", "*", "P10D"), ("*", "Gauge", "P20D"), ("default", "*", "P40D"),
        ("default", "Gauge", "P30D"), ("elsewhere", "Gauge", "P1D"),
    ):  # fmt: skip
        type_ = kind if kind == "*" else VOCABULARY + kind
        await retention.set_rule(broker.pool, tenant, type_, keep, None)
    await retention.carry_out(broker.pool, NOW)
    assert await measured(broker.pool) == {
        "urn:x:1": "2026-05-11", "urn:x:2": "2026-05-11", "urn:x:3": "2026-05-01",
    }  # fmt: skip
    assert await retention.remove_rule(broker.pool, "default", VOCABULARY + "Gauge")
    assert not await retention.remove_rule(broker.pool, "default", VOCABULARY + "Gauge")
    # What is gone stays told of, although the rule that took it is no more.
    gauges = await aggregated(api, "P1D", type="Gauge")
    assert "2026-05-11" in gauges.headers["NGSILD-Warning"]


def test_the_command(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    runner, home = CliRunner(), ["--home", str(tmp_path)]

    def call(*words: str) -> str:
        done = runner.invoke(command, [*words, *home], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    assert call("list") == "No rules: history is kept for ever.\n"
    assert "Nothing would go now." in call("preview", "90d")
    call("set", "18m", "--type", "Gauge", "--rollups", "10y", "--yes")
    assert call("list") == "*  Gauge  keep 1 year 6 mons, rollups 10 years; nothing gone yet\n"
    call("remove", "--type", "Gauge")
    assert runner.invoke(command, ["remove", "--type", "Gauge", *home]).exit_code == 1
    assert runner.invoke(command, ["set", "soon", *home]).exit_code == 2
