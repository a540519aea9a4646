"""Partitions made ahead and for the past, what expired removed, the outbox trimmed."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tamamo.context import housekeeping
from tamamo.context.entities import write
from tamamo.context.entities.write import Change, HistoryItem, Mutation
from tamamo.context.model.entity import DEFAULT_VOCABULARY, Entity
from tamamo.context.temporal.partitions import (
    Partitions,
    month_of,
    months_between,
    next_month,
    table_name,
)
from tamamo.kernel.database import Pool, transaction
from tamamo.kernel.time import now, to_text

LEVEL = DEFAULT_VOCABULARY + "currentLevel"
FLASH = DEFAULT_VOCABULARY + "flash"
GAUGE = DEFAULT_VOCABULARY + "FloodMonitoring"


async def rows(pool: Pool, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    async with transaction(pool) as connection:
        return await (await connection.execute(statement, values)).fetchall()


async def fill(pool: Pool, first: datetime, count: int) -> None:
    """Write `count` instances, one a minute from `first` on, past the service."""
    async with transaction(pool) as connection:
        await connection.execute(
            """
            insert into attribute_history (
                tenant, entity_id, attr, at, observed_at, created_at, modified_at, number, instance
            )
            select 'default', 'urn:x:1', 'urn:a', at, at, now(), now(), 1, '{}'
            from generate_series(0, %(n)s - 1) n, lateral (
                select %(first)s::timestamptz + n * interval '1 minute' as at
            ) t
            """,
            {"n": count, "first": first},
        )


async def partition_counts(pool: Pool) -> dict[str, int]:
    return dict(
        await rows(
            pool, "select tableoid::regclass::text, count(*) from attribute_history group by 1"
        )
    )


def test_months_run_over_the_year() -> None:
    assert next_month(date(2026, 12, 1)) == date(2027, 1, 1)
    assert list(months_between(date(2026, 11, 20), date(2027, 1, 5))) == [
        date(2026, 11, 1),
        date(2026, 12, 1),
        date(2027, 1, 1),
    ]
    assert month_of(datetime.fromisoformat("2026-06-01T08:00:00+09:00")) == date(2026, 5, 1)


async def test_partitions_are_made_ahead_once(pool: Pool) -> None:
    assert await housekeeping.make_partitions(pool) == 1 + housekeeping.MONTHS_AHEAD
    assert await housekeeping.make_partitions(pool) == 0
    await fill(pool, now().replace(microsecond=0), 1)
    assert await partition_counts(pool) == {table_name(month_of(now())): 1}


async def test_months_ahead_are_there_after_a_long_sleep(pool: Pool) -> None:
    """A machine that slept from June to February: nothing was refused, and all finds its place."""
    june, february = (datetime(2030, 6, 5, tzinfo=UTC), datetime(2031, 2, 3, tzinfo=UTC))
    assert await housekeeping.make_partitions(pool, june) == 4
    await fill(pool, june + timedelta(days=80), 2)
    # Awake, and written before the housekeeping had its turn.
    await fill(pool, february, 3)
    assert await partition_counts(pool) == {
        "attribute_history_2030_08": 2,
        "attribute_history_default": 3,
    }
    assert await housekeeping.make_partitions(pool, february) == 4
    await fill(pool, february + timedelta(days=90), 1)
    assert await partition_counts(pool) == {
        "attribute_history_2030_08": 2,
        "attribute_history_2031_02": 3,
        "attribute_history_2031_05": 1,
    }


async def test_the_far_past_and_the_far_future_have_a_place(pool: Pool) -> None:
    """Late data of months that never had a partition, forecasts, and a wrong date in a file."""
    now_ = datetime(2030, 6, 5, tzinfo=UTC)
    await housekeeping.make_partitions(pool, now_)
    for moment in (datetime(1900, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)):
        await fill(pool, moment, 1)
    await fill(pool, datetime(2040, 6, 5, tzinfo=UTC), 500)  # a forecast worth a partition
    await fill(pool, datetime(2029, 12, 5, tzinfo=UTC), 500)  # an import of the past
    assert await housekeeping.make_partitions(pool, now_) == 2
    assert await partition_counts(pool) == {
        "attribute_history_2029_12": 500,
        "attribute_history_2040_06": 500,
        "attribute_history_default": 2,
    }
    await fill(pool, datetime(2029, 12, 25, tzinfo=UTC), 1)
    assert (await partition_counts(pool))["attribute_history_2029_12"] == 501


async def test_a_crowded_month_gets_its_partition_and_no_row_is_lost(pool: Pool) -> None:
    june = datetime(2026, 6, 1, tzinfo=UTC)
    await fill(pool, june, 600)
    await fill(pool, datetime(2021, 3, 5, tzinfo=UTC), 3)
    await housekeeping.make_partitions(pool)
    assert await partition_counts(pool) == {
        "attribute_history_2026_06": 600,
        "attribute_history_default": 3,
    }
    await fill(pool, june + timedelta(days=20), 5)
    assert (await partition_counts(pool))["attribute_history_2026_06"] == 605


async def test_partitions_are_made_while_others_write(pool: Pool) -> None:
    """Writers into the default partition and the maker get past each other; nothing is lost."""
    june = datetime(2026, 6, 1, tzinfo=UTC)

    async def keep_writing() -> None:
        for n in range(30):
            await fill(pool, june + timedelta(days=n), 30)

    writing = asyncio.create_task(keep_writing())
    made = []
    while not writing.done():
        made += await Partitions(pool).ensure([date(2026, 6, 1), date(2026, 7, 1)])
        await asyncio.sleep(0.005)
    await writing
    assert sorted(made) == [date(2026, 6, 1), date(2026, 7, 1)]
    assert await partition_counts(pool) == {"attribute_history_2026_06": 900}


async def test_a_busy_history_is_left_alone(pool: Pool) -> None:
    await fill(pool, datetime(2026, 6, 1, tzinfo=UTC), 1)
    async with transaction(pool) as reader:
        await reader.execute("select count(*) from attribute_history")
        assert await Partitions(pool).ensure([date(2026, 6, 1)]) == []
    assert await Partitions(pool).ensure([date(2026, 6, 1)]) == [date(2026, 6, 1)]


def create(entity: Entity) -> Mutation:
    def apply(_: Entity | None, moment: str) -> Change:
        entity.created_at = entity.modified_at = moment
        items = []
        for attr, instances in entity.attrs.items():
            for instance in instances:
                instance |= {"createdAt": moment, "modifiedAt": moment}
                items.append(HistoryItem(attr, instance))
        return Change(entity, items, list(entity.attrs))

    return Mutation("default", entity.id, apply)


async def test_expired_entities_go_and_their_history_stays(pool: Pool) -> None:
    past, future = (to_text(now() + timedelta(seconds=s)) for s in (-1, 60))
    flash = {"type": "Property", "value": 1}
    await write.run(
        pool,
        [
            create(Entity("urn:x:gone", [GAUGE], {LEVEL: [{**flash}]}, expires_at=past)),
            create(Entity("urn:x:stays", [GAUGE], {LEVEL: [{**flash}]}, expires_at=future)),
        ],
    )
    assert await housekeeping.sweep_expired(pool) == 1
    assert await housekeeping.sweep_expired(pool) == 0
    assert await rows(pool, "select id from entity") == [("urn:x:stays",)]
    assert await rows(pool, "select count(*) from attribute_history") == [(2,)]
    ended = await rows(pool, "select entity_id from temporal_entity where deleted_at is not null")
    assert ended == [("urn:x:gone",)]
    told = await rows(
        pool, "select entity_id, types, entity -> 'attrs' from outbox where operation = 'delete'"
    )
    assert [(entity_id, types) for entity_id, types, _ in told] == [("urn:x:gone", [GAUGE])]
    assert told[0][2][LEVEL][0]["value"] == 1


async def test_expired_attributes_go_with_their_history(pool: Pool) -> None:
    past, future = (to_text(now() + timedelta(seconds=s)) for s in (-2, 60))
    attrs = {
        FLASH: [{"type": "Property", "value": 1, "expiresAt": past}],
        LEVEL: [
            {"type": "Property", "value": 2},
            {"type": "Property", "value": 3, "expiresAt": past, "datasetId": "urn:d:1"},
            {"type": "Property", "value": 4, "expiresAt": future, "datasetId": "urn:d:2"},
        ],
    }
    await write.run(pool, [create(Entity("urn:x:1", [GAUGE], attrs))])
    assert await housekeeping.sweep_expired(pool) == 2
    assert await housekeeping.sweep_expired(pool) == 0
    ((left,),) = await rows(pool, "select attrs from entity")
    assert list(left) == [LEVEL]
    assert [i["value"] for i in left[LEVEL]] == [2, 4]
    history = await rows(pool, "select number from attribute_history order by number")
    assert history == [(2.0,), (4.0,)]
    changed = await rows(pool, "select changed from outbox where operation = 'update'")
    assert changed == [([FLASH, LEVEL],)]


async def test_an_attribute_goes_within_a_second_and_not_before(pool: Pool) -> None:
    """Texts with and without a fraction sort differently from the moments they name."""
    soon = now() + timedelta(seconds=1)
    for number, moment in enumerate((soon.replace(microsecond=0), soon)):
        attrs = {FLASH: [{"type": "Property", "value": 1, "expiresAt": to_text(moment)}]}
        await write.run(pool, [create(Entity(f"urn:x:{number}", [GAUGE], attrs))])
    gone_at: dict[str, datetime] = {}
    while len(gone_at) < 2 and now() < soon + timedelta(seconds=2):
        await housekeeping.sweep_expired(pool)
        for (entity_id,) in await rows(pool, "select id from entity where attrs = '{}'"):
            gone_at.setdefault(entity_id, now())
        await asyncio.sleep(0.02)
    assert soon.replace(microsecond=0) <= gone_at["urn:x:0"] < soon + timedelta(seconds=0.5)
    assert soon <= gone_at["urn:x:1"] < soon + timedelta(seconds=1)


async def test_the_outbox_is_trimmed_by_age(pool: Pool) -> None:
    level = {LEVEL: [{"type": "Property", "value": 1}]}
    await write.run(pool, [create(Entity(f"urn:x:{n}", [GAUGE], level)) for n in range(3)])
    async with transaction(pool) as connection:
        await connection.execute(
            "update outbox set at = now() - interval '25 hours' where entity_id <> 'urn:x:2'"
        )
    assert await housekeeping.trim_outbox(pool) == 0  # rules have yet to evaluate them
    async with transaction(pool) as connection:
        await connection.execute("update rule_progress set xid = pg_current_xact_id()")
    assert await housekeeping.trim_outbox(pool) == 2
    assert await rows(pool, "select entity_id from outbox") == [("urn:x:2",)]


async def test_a_full_slice_is_followed_at_once(pool: Pool) -> None:
    """The service works through a backlog instead of waiting for its next turn."""
    done = [housekeeping.SLICE, housekeeping.SLICE, 0]
    calls = 0

    async def step(_: Pool) -> int:
        nonlocal calls
        calls += 1
        return done.pop(0)

    task = housekeeping.Task("test", timedelta(hours=1), step)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await housekeeping._repeat(task, pool)
    assert calls == 3


async def test_a_step_that_fails_is_taken_again(pool: Pool) -> None:
    calls = 0
    thrice = asyncio.Event()

    async def step(_: Pool) -> int:
        nonlocal calls
        calls += 1
        if calls == 3:
            thrice.set()
        raise OSError("the database restarts")

    task = housekeeping.Task("test", timedelta(seconds=0.02), step)
    repeating = asyncio.create_task(housekeeping._repeat(task, pool))
    await asyncio.wait_for(thrice.wait(), 20)
    repeating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await repeating
