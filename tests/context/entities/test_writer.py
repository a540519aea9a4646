"""Changes written without a lock: what happens when somebody else is faster."""

import asyncio
from typing import Any

import pytest

from tamamo.context.entities import store, write
from tamamo.context.entities.write import Change, HistoryItem, Mutation, Writer
from tamamo.context.errors import ResourceNotFound
from tamamo.context.model.entity import Entity
from tamamo.kernel.database import Connection, Pool

LEVEL = "https://uri.etsi.org/ngsi-ld/default-context/level"
GAUGE = "https://uri.etsi.org/ngsi-ld/default-context/Gauge"
IDS = [f"urn:ngsi-ld:Gauge:{number}" for number in range(4)]


def adding(entity_id: str, observed_at: str | None = None) -> Mutation:
    """Add 1 to the level of a gauge."""

    def apply(before: Entity | None, now: str) -> Change:
        value = before.attrs[LEVEL][0]["value"] + 1 if before else 1
        instance = {"type": "Property", "value": value, "createdAt": now, "modifiedAt": now}
        if observed_at is not None:
            instance["observedAt"] = observed_at
        after = Entity(entity_id, [GAUGE], {LEVEL: [instance]}, [], now, now)
        return Change(after, [HistoryItem(LEVEL, instance)], [LEVEL])

    return Mutation("default", entity_id, apply)


def expecting(entity_id: str) -> Mutation:
    """Add 1 to the level of a gauge that must be there."""
    wanted = adding(entity_id)

    def apply(before: Entity | None, now: str) -> Change | None:
        if before is None:
            raise ResourceNotFound(entity_id)
        return wanted.apply(before, now)

    return Mutation("default", entity_id, apply)


async def rows(pool: Pool, query: str) -> list[tuple[Any, ...]]:
    async with pool.connection() as connection:
        return await (await connection.execute(query)).fetchall()


def meddle(monkeypatch: pytest.MonkeyPatch, pool: Pool, statement: str) -> list[bool]:
    """Have a statement of somebody else run once, between reading and writing."""
    see, done = store.see, []

    async def and_then(connection: Connection, keys: Any) -> store.Seen:
        seen = await see(connection, keys)
        if not done:
            done.append(True)
            async with pool.connection() as other:
                await other.execute(statement)
        return seen

    monkeypatch.setattr(store, "see", and_then)
    return done


async def test_writers_in_many_processes_lose_nothing(pool: Pool) -> None:
    writers = [Writer(pool) for _ in range(4)]
    await asyncio.gather(
        *(writers[n % 4].run([adding(entity_id) for entity_id in IDS[n % 3 :]]) for n in range(40))
    )
    expected = {IDS[n]: sum(1 for k in range(40) if k % 3 <= n) for n in range(4)}
    found = await rows(pool, "select id, attrs from entity")
    assert {row[0]: row[1][LEVEL][0]["value"] for row in found} == expected
    counts = await rows(pool, "select entity_id, count(*) from attribute_history group by 1")
    assert dict(counts) == expected
    assert (await rows(pool, "select count(*) from outbox"))[0][0] == sum(expected.values())


async def test_created_meanwhile_or_known_from_earlier_days(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Writer(pool)
    await first.run([adding(IDS[0])])
    await first.run([Mutation("default", IDS[0], lambda before, now: Change(None))])
    await first.run([adding(IDS[0]), adding(IDS[1])])
    heads = "select entity_id, deleted_at from temporal_entity order by 1"
    assert await rows(pool, heads) == [(IDS[0], None), (IDS[1], None)]
    see, raced = store.see, []

    async def and_somebody_creates_it(connection: Connection, keys: Any) -> store.Seen:
        seen = await see(connection, keys)
        if not raced:
            raced.append(True)
            await write.run(pool, [adding(IDS[2])])
        return seen

    monkeypatch.setattr(store, "see", and_somebody_creates_it)
    await first.run([adding(IDS[2])])
    found = await rows(pool, f"select attrs from entity where id = '{IDS[2]}'")
    assert found[0][0][LEVEL][0]["value"] == 2
    assert await first.run([]) == []


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        ("delete from entity", None),
        ("update entity set attrs = jsonb_set(attrs, array[%L, '0', 'value'], '7')", 8),
        ("select 1", 2),
    ],
)
async def test_what_somebody_else_did_meanwhile_is_seen(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, statement: str, value: int | None
) -> None:
    await write.run(pool, [adding(IDS[0])])
    done = meddle(monkeypatch, pool, statement.replace("%L", f"'{LEVEL}'"))
    (result,) = await Writer(pool).run([expecting(IDS[0])])
    assert done
    if value is None:
        assert isinstance(result, ResourceNotFound)
        assert await rows(pool, "select count(*) from attribute_history") == [(1,)]
    else:
        found = await rows(pool, "select attrs from entity")
        assert found[0][0][LEVEL][0]["value"] == value
        assert await rows(pool, "select count(*) from attribute_history") == [(2,)]


async def test_deleting_what_changed_meanwhile_deletes_it_as_it_is(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write.run(pool, [adding(IDS[0])])
    raised = f"update entity set attrs = jsonb_set(attrs, array['{LEVEL}', '0', 'value'], '7')"
    meddle(monkeypatch, pool, raised)
    await Writer(pool).run([Mutation("default", IDS[0], lambda before, now: Change(None))])
    told = "select entity from outbox where operation = 'delete'"
    assert (await rows(pool, told))[0][0]["attrs"][LEVEL][0]["value"] == 7
    assert await rows(pool, "select 1 from entity") == []


async def test_days_that_are_rolled_up_are_marked(pool: Pool) -> None:
    async with pool.connection() as connection:
        await connection.execute("update history_state set closed_until = '2026-06-02'")
    for moment in ("2026-06-01T23:59:59Z", "2026-06-02T00:00:00Z"):
        await Writer(pool).run([adding(IDS[0], moment)])
    assert await rows(pool, "select day::text from rollup_mark") == [("2026-06-01",)]
    assert await rows(pool, "select count(*) from attribute_history") == [(2,)]


async def test_a_day_closed_meanwhile_is_marked(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = meddle(monkeypatch, pool, "update history_state set closed_until = '2026-06-02'")
    await Writer(pool).run([adding(IDS[0], "2026-06-01T12:00:00Z")])
    assert done
    assert await rows(pool, "select day::text from rollup_mark") == [("2026-06-01",)]
    assert await rows(pool, "select count(*) from attribute_history") == [(1,)]
