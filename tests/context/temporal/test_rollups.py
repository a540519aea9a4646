"""Closing days and computing rollups: late data, writers in flight, interruptions."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tamamo.context import housekeeping
from tamamo.context.entities import write
from tamamo.context.entities.write import Change, HistoryItem, Mutation
from tamamo.context.model.entity import Entity
from tamamo.context.query.temporalq import TemporalQuery
from tamamo.context.temporal import rollups, writing
from tamamo.context.temporal.body import EvolutionBody
from tamamo.kernel.database import Pool, transaction
from tests.context.temporal.history import START, A, Aggregates, ask, instance, wanted

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ALL = TemporalQuery("after", START)
KEY = ("urn:x:1", A, "")


async def put(pool: Pool, readings: dict[timedelta, Any], dataset: str = "") -> None:
    instances = [(A, instance(value, START + at, dataset)) for at, value in readings.items()]
    await writing.upsert(pool, "default", EvolutionBody("urn:x:1", ["T"], None, instances))


async def rows(pool: Pool, statement: str) -> list[tuple[Any, ...]]:
    async with transaction(pool) as connection:
        return await (await connection.execute(statement)).fetchall()


async def sums(pool: Pool, period: timedelta = DAY) -> dict[int, float]:
    """Return the sum of each day by its number."""
    found: Aggregates = await ask(pool, wanted(ALL, period, methods=["sum"]))
    return {(at - START).days: value for at, value in found.get(KEY, {}).get("sum", {}).items()}


async def test_a_day_is_closed_two_hours_after_its_end(pool: Pool) -> None:
    await put(pool, {HOUR: 1, DAY + HOUR: 2, 2 * DAY: 3})
    assert await rollups.close(pool, START + 2 * DAY + 2 * HOUR - timedelta(seconds=1)) == 1
    assert await rollups.close(pool, START + 2 * DAY + 2 * HOUR) == 1
    assert await rollups.close(pool, START + 2 * DAY + 3 * HOUR) == 0
    assert await rollups.fold(pool) == 2
    days = await rows(pool, "select day::text, total, hours from attribute_rollup order by 1")
    assert days == [("2026-06-01", 1, [1]), ("2026-06-02", 1, [1])]
    assert await sums(pool) == {0: 1, 1: 2, 2: 3}


async def test_the_rollups_are_used(pool: Pool) -> None:
    """A figure put into the rollup shows, so it was not computed from the measurements."""
    await put(pool, {HOUR: 1, DAY: 2})
    await rollups.close(pool, START + 3 * DAY)
    await rollups.fold(pool)
    await rows(pool, "update attribute_rollup set sum = 77, h_sum = '{78}' returning 1")
    assert await sums(pool) == {0: 77, 1: 77}
    assert await sums(pool, HOUR) == {0: 78, 1: 78}


async def test_late_measurements_mark_their_day_through_every_door(pool: Pool) -> None:
    await put(pool, {HOUR: 1})
    await rollups.close(pool, START + 3 * DAY)
    await rollups.fold(pool)

    def late(before: Entity | None, moment: str) -> Change:
        reading = {**instance(5, START + 2 * HOUR), "createdAt": moment, "modifiedAt": moment}
        entity = before or Entity("urn:x:1", ["T"], {A: [reading]}, [], moment, moment)
        return Change(entity, [HistoryItem(A, reading)], [A])

    assert await rows(pool, "select * from rollup_mark") == []
    await write.run(pool, [Mutation("default", "urn:x:1", late)])
    assert await rows(pool, "select day::text from rollup_mark") == [("2026-06-01",)]
    assert await sums(pool) == {0: 6}
    assert await rollups.fold(pool) == 1
    assert await sums(pool) == {0: 6}
    await put(pool, {HOUR: 2})  # corrects the first
    assert await sums(pool) == {0: 7}
    assert await rollups.fold(pool) == 1
    assert await rows(pool, "select sum from attribute_rollup") == [(7.0,)]


async def test_what_happens_now_marks_nothing(pool: Pool) -> None:
    await rollups.close(pool, START)
    await put(pool, {DAY: 1, HOUR: 2})
    assert await rows(pool, "select * from rollup_mark") == []


async def test_a_writer_that_did_not_know_is_waited_for(pool: Pool) -> None:
    """It read that the day is open, wrote without a mark, and commits while days are closed."""
    async with transaction(pool) as connection:
        await connection.execute("select closed_until from history_state")
        closing = asyncio.create_task(rollups.close(pool, START + 3 * DAY))
        await asyncio.sleep(0.3)
        assert not closing.done()
        assert (await rows(pool, "select closed_until > folded_until from history_state"))[0][0]
        await connection.execute(
            "insert into temporal_entity values"
            " ('default', 'urn:x:1', 'T', '{T}', '{}', now(), now(), null);"
            "insert into attribute_history (tenant, entity_id, attr, at, observed_at, created_at,"
            " modified_at, number, instance) values ('default', 'urn:x:1',"
            f" '{A}', '2026-06-01T05:00Z', '2026-06-01T05:00Z', now(), now(), 4, '{{}}')"
        )
    assert await closing == 1
    await rollups.fold(pool)
    assert await sums(pool) == {0: 4}
    assert await rows(pool, "select total from attribute_rollup") == [(1,)]


async def test_closing_that_is_interrupted_is_done_again(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(pool, {n * HOUR: n for n in range(48)})

    async def killed(*_: Any) -> None:
        raise ConnectionError("killed")

    monkeypatch.setattr(rollups, "_mark", killed)
    with pytest.raises(ConnectionError):
        await rollups.close(pool, START + 3 * DAY)
    # Closed for writers, but rollups do not tell of it yet.
    assert await sums(pool) == {0: sum(range(24)), 1: sum(range(24, 48))}
    monkeypatch.undo()
    assert await rollups.close(pool, START + 3 * DAY) == 2
    await rollups.fold(pool)
    assert await sums(pool) == {0: sum(range(24)), 1: sum(range(24, 48))}


async def test_a_mark_set_while_its_day_is_computed_stays(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(pool, {HOUR: 1})
    await rollups.close(pool, START + 3 * DAY)
    written = rollups._write

    async def slowly(*arguments: Any) -> None:
        await put(pool, {2 * HOUR: 10})
        await written(*arguments)

    monkeypatch.setattr(rollups, "_write", slowly)
    await rollups.fold(pool)
    assert await rows(pool, "select total from attribute_rollup") == [(1,)]
    assert await sums(pool) == {0: 11}
    monkeypatch.undo()
    assert await rollups.fold(pool) == 1
    assert await rows(pool, "select total from attribute_rollup") == [(2,)]


async def test_only_one_computes(pool: Pool) -> None:
    await put(pool, {HOUR: 1})
    await rollups.close(pool, START + 3 * DAY)
    async with transaction(pool) as connection:
        assert await rollups.lock(connection)
        assert await rollups.fold(pool) == 0
    assert await rollups.fold(pool) == 1


@pytest.mark.parametrize("value", [1e200, 1e-200])
async def test_numbers_whose_squares_have_no_room_are_never_rolled_up(
    pool: Pool, value: float
) -> None:
    await put(pool, {HOUR: value, 2 * HOUR: value})
    await rollups.close(pool, START + 3 * DAY)
    assert await rollups.fold(pool) == 1
    assert await rollups.fold(pool) == 0
    assert await rows(pool, "select huge from rollup_mark") == [(True,)]
    assert await sums(pool) == {0: 2 * value}
    found = await ask(pool, wanted(ALL, DAY, methods=["max", "min"]))
    assert found[KEY]["max"] == {START: value}


async def test_an_expired_measurement_marks_its_day(pool: Pool) -> None:
    reading = {**instance(5, START), "expiresAt": "2026-06-01T01:00:00Z"}

    def create(_: Entity | None, moment: str) -> Change:
        reading.update(createdAt=moment, modifiedAt=moment)
        entity = Entity("urn:x:1", ["T"], {A: [reading]}, [], moment, moment)
        return Change(entity, [HistoryItem(A, reading)], [A])

    await write.run(pool, [Mutation("default", "urn:x:1", create)])
    await rollups.close(pool, START + 3 * DAY)
    await rollups.fold(pool)
    assert await rows(pool, "select total from attribute_rollup") == [(1,)]
    assert await housekeeping.sweep_expired(pool) == 1
    await rollups.fold(pool)
    assert await rows(pool, "select * from attribute_rollup") == []


async def test_aggregates_are_true_at_every_moment(pool: Pool) -> None:
    """One writes the past, one closes and folds, one asks: no answer lacks what is acknowledged."""
    begun = acknowledged = 0
    stop = asyncio.Event()

    async def write_on() -> None:
        nonlocal begun, acknowledged
        for number in range(120):
            begun += 1
            await put(pool, {timedelta(minutes=37 * number % (3 * 1440)): 1})
            acknowledged += 1
        stop.set()

    async def fold_on() -> None:
        for number in range(10_000):
            await rollups.close(pool, START + (number % 40) / 10 * DAY)
            await rollups.fold(pool, 2)
            if stop.is_set():
                return

    async def ask_on() -> int:
        asked = 0
        while not stop.is_set():
            least = acknowledged
            told = sum((await sums(pool)).values())
            assert least <= told <= begun
            asked += 1
        return asked

    await put(pool, {3 * DAY: 0})
    _, _, asked = await asyncio.gather(write_on(), fold_on(), ask_on())
    assert asked > 5
    while await rollups.fold(pool):
        pass
    assert sum((await sums(pool)).values()) == 120
    ((rolled,),) = await rows(pool, "select sum(total) from attribute_rollup")
    assert rolled > 0
