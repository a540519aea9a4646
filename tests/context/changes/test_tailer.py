"""Reading the outbox in order: nothing skipped, nothing twice, nobody held up."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from tamamo.context.changes import Change, ChangeService, Position, SlowReader, Subscription
from tamamo.context.changes.change import Filter, touch
from tamamo.context.changes.subscription import Closed
from tamamo.context.entities import write
from tamamo.context.entities.write import Mutation
from tamamo.context.model.entity import DEFAULT_VOCABULARY, LOCATION, Entity
from tamamo.kernel.database import Pool, transaction

GAUGE = DEFAULT_VOCABULARY + "FloodMonitoring"
BUS = DEFAULT_VOCABULARY + "Bus"
LEVEL = DEFAULT_VOCABULARY + "currentLevel"


def put(number: int, kind: str = GAUGE, tenant: str = "default", **more: Any) -> Mutation:
    """Create or change an entity; its level is `number`."""

    def apply(before: Entity | None, now: str) -> write.Change:
        attrs: dict[str, Any] = {LEVEL: [{"type": "Property", "value": number}]}
        if "at" in more:
            point = {"type": "Point", "coordinates": more["at"]}
            attrs[LOCATION] = [{"type": "GeoProperty", "value": point}]
        after = Entity(f"urn:x:{more.get('id', number)}", [kind], attrs, [], now, now)
        return write.Change(after, [], list(attrs))

    return Mutation(tenant, f"urn:x:{more.get('id', number)}", apply)


def level(change: Change) -> int:
    return int(change.entity.attrs[LEVEL][0]["value"])


@pytest.fixture
async def changes(pool: Pool) -> AsyncIterator[ChangeService]:
    service = ChangeService(pool, interval=0.01)
    yield service
    await service.aclose()


async def take(reader: Subscription, count: int) -> list[Change]:
    taken: list[Change] = []
    for _ in range(count):
        change = await reader.next(5)
        assert change is not None, f"only {len(taken)} of {count} changes came"
        taken.append(change)
    return taken


async def test_changes_come_in_order(pool: Pool, changes: ChangeService) -> None:
    async with changes.subscribe("default") as reader:
        for number in range(5):
            await write.run(pool, [put(number)])
        taken = await take(reader, 5)
        assert [level(c) for c in taken] == [0, 1, 2, 3, 4]
        assert [c.operation for c in taken] == ["create"] * 5
        assert sorted(c.at for c in taken) == [c.at for c in taken]
        assert await reader.next(0.05) is None


async def test_what_an_update_and_a_deletion_tell(pool: Pool, changes: ChangeService) -> None:
    await write.run(pool, [put(1, id="a")])
    async with changes.subscribe("default") as reader:
        await write.run(pool, [put(2, id="a")])
        await write.run(pool, [Mutation("default", "urn:x:a", lambda e, now: write.Change(None))])
        update, deletion = await take(reader, 2)
        assert (update.operation, update.changed) == ("update", [LEVEL])
        assert update.previous is not None
        assert update.previous[LEVEL][0]["value"] == 1
        assert (deletion.operation, deletion.entity_id, deletion.previous) == (
            "delete",
            "urn:x:a",
            None,
        )
        assert level(deletion) == 2


async def test_a_late_commit_is_not_skipped(
    pool: Pool, database_url: str, changes: ChangeService
) -> None:
    """The first transaction commits after the second: its change has the lower position, and a
    reader that had gone on to the second would never see it."""
    async with changes.subscribe("default") as reader:
        early = await psycopg.AsyncConnection.connect(database_url)
        await write.write(early, [put(1)])
        await write.run(pool, [put(2)])
        assert await reader.next(0.2) is None, "the second must wait for the first"
        await early.commit()
        await early.close()
        taken = await take(reader, 2)
        assert [level(c) for c in taken] == [1, 2]


async def test_a_transaction_that_fails_holds_nothing_up(
    pool: Pool, database_url: str, changes: ChangeService
) -> None:
    async with changes.subscribe("default") as reader:
        failing = await psycopg.AsyncConnection.connect(database_url)
        await write.write(failing, [put(1)])
        await write.run(pool, [put(2)])
        await failing.rollback()
        await failing.close()
        assert [level(c) for c in await take(reader, 1)] == [2]


async def test_many_writers_at_once(pool: Pool, changes: ChangeService) -> None:
    async def write_some(first: int) -> None:
        for number in range(first, first + 40):
            await write.run(pool, [put(number)])
            await asyncio.sleep(0)

    async with changes.subscribe("default") as reader:
        writing = asyncio.gather(*(write_some(first) for first in (0, 100, 200)))
        taken = await take(reader, 120)
        await writing
        assert len({c.position for c in taken}) == 120
        for first in (0, 100, 200):
            own = [level(c) for c in taken if first <= level(c) < first + 100]
            assert own == list(range(first, first + 40))


async def test_resuming_gives_what_was_missed_then_goes_on(
    pool: Pool, changes: ChangeService
) -> None:
    async with changes.subscribe("default") as reader:
        await write.run(pool, [put(0)])
        (seen,) = await take(reader, 1)
    # More than a page, so that catching up takes several looks.
    for first in range(1, 1201, 300):
        await write.run(pool, [put(number) for number in range(first, first + 300)])
    async with changes.subscribe("default", after=seen.position) as reader:
        missed = await take(reader, 1200)
        await write.run(pool, [put(5000)])
        live = await take(reader, 1)
        assert not reader.gap
        assert await reader.next(0.05) is None
    assert [level(c) for c in missed] == list(range(1, 1201))
    assert level(live[0]) == 5000


async def test_resuming_in_another_process(pool: Pool, changes: ChangeService) -> None:
    """A position means the same to every process on the database, ahead or behind."""
    async with changes.subscribe("default") as reader:
        await write.run(pool, [put(1)])
        (seen,) = await take(reader, 1)
        await write.run(pool, [put(2)])
        other = ChangeService(pool, interval=0.01)
        async with other.subscribe("default", after=seen.position) as second:
            await write.run(pool, [put(3)])
            assert [level(c) for c in await take(second, 2)] == [2, 3]
        assert [level(c) for c in await take(reader, 2)] == [2, 3]


async def test_a_position_no_longer_kept_is_a_gap(pool: Pool, changes: ChangeService) -> None:
    async with changes.subscribe("default") as reader:
        await write.run(pool, [put(1)])
        first = await take(reader, 1)
    async with transaction(pool) as connection:
        await connection.execute("delete from outbox")
    await write.run(pool, [put(2)])
    async with changes.subscribe("default", after=first[0].position) as reader:
        assert reader.gap
        assert [level(c) for c in await take(reader, 1)] == [2]


async def test_filters(pool: Pool, changes: ChangeService) -> None:
    area = (134.0, 34.2, 134.1, 34.4)
    mutations = [
        put(1, at=[134.05, 34.3]),
        put(2, at=[135.0, 34.3]),
        put(3),
        put(4, BUS, at=[134.05, 34.3]),
        put(5, tenant="other", at=[134.05, 34.3]),
    ]
    async with (
        changes.subscribe("default", [GAUGE], area) as gauges_here,
        changes.subscribe("default", bbox=area) as all_here,
        changes.subscribe("default", [GAUGE]) as gauges,
        changes.subscribe("other") as others,
    ):
        await write.run(pool, mutations)
        assert [level(c) for c in await take(gauges_here, 1)] == [1]
        assert [level(c) for c in await take(all_here, 2)] == [1, 4]
        assert [level(c) for c in await take(gauges, 3)] == [1, 2, 3]
        assert [level(c) for c in await take(others, 1)] == [5]
        for reader in (gauges_here, all_here, gauges, others):
            assert await reader.next(0.03) is None


async def test_what_leaves_the_area_is_told_once(pool: Pool, changes: ChangeService) -> None:
    area = (134.0, 34.2, 134.1, 34.4)
    await write.run(pool, [put(1, id="bus", at=[134.05, 34.3])])
    async with changes.subscribe("default", bbox=area) as reader:
        await write.run(pool, [put(2, id="bus", at=[135.0, 34.3])])
        await write.run(pool, [put(3, id="bus", at=[136.0, 34.3])])
        assert [level(c) for c in await take(reader, 1)] == [2]
        assert await reader.next(0.05) is None


async def test_a_slow_reader_is_dropped_and_holds_nobody_up(
    pool: Pool, changes: ChangeService
) -> None:
    async with changes.subscribe("default") as quick:
        slow = Subscription(Filter("default"), Position(0, 0), 3)
        changes._readers.add(slow)
        await write.run(pool, [put(number) for number in range(10)])
        assert [level(c) for c in await take(quick, 10)] == list(range(10))
        with pytest.raises(SlowReader):
            await slow.next(1)
        await write.run(pool, [put(10)])
        assert [level(c) for c in await take(quick, 1)] == [10]


async def test_nobody_listening_means_no_work(changes: ChangeService) -> None:
    assert changes._task is None
    async with changes.subscribe("default"):
        assert changes._task is not None
    assert changes._task is None


async def test_readers_end_when_the_process_goes_down(changes: ChangeService) -> None:
    async with changes.subscribe("default") as reader:
        waiting = asyncio.create_task(reader.next())
        await asyncio.sleep(0.02)
        await changes.aclose()
        with pytest.raises(Closed):
            await waiting


async def test_a_broken_look_is_tried_again(
    pool: Pool, changes: ChangeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, failures = changes._read, [1]

    async def sometimes(*arguments: Any) -> Any:
        if failures:
            failures.pop()
            raise OSError("the database restarts")
        return await read(*arguments)

    monkeypatch.setattr(changes, "_read", sometimes)
    async with changes.subscribe("default") as reader:
        await write.run(pool, [put(1)])
        assert [level(c) for c in await take(reader, 1)] == [1]


@pytest.mark.parametrize("text", ["", "1", "1-", "-1", "a-b", "1-2-3", "9" * 30 + "-1"])
async def test_no_position(changes: ChangeService, text: str) -> None:
    with pytest.raises(ValueError, match="no position"):
        async with changes.subscribe("default", after=text):
            pass


def test_areas_over_the_180th_meridian() -> None:
    pacific = (170.0, -10.0, -170.0, 10.0)
    assert touch(pacific, (175.0, 0.0, 175.0, 0.0))
    assert touch(pacific, (-175.0, 0.0, -175.0, 0.0))
    assert not touch(pacific, (0.0, 0.0, 0.0, 0.0))
    assert not touch(pacific, (175.0, 20.0, 175.0, 20.0))


def test_positions_sort_by_transaction_then_place() -> None:
    assert Position.parse("9-5") < Position.parse("10-1") < Position.parse("10-2")
    assert Filter("default").tenant == "default"
