"""Random measurements, changes, deletions, closings and foldings: aggregates stay what they are."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import isodate
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tamamo.context.errors import ResourceNotFound
from tamamo.context.query.temporalq import TemporalQuery
from tamamo.context.temporal import rollups, writing
from tamamo.context.temporal.body import EvolutionBody
from tamamo.kernel.database import Pool, single
from tests.context.temporal.history import (
    METHODS,
    START,
    A,
    B,
    Model,
    ask,
    differences,
    empty,
    expect,
    fresh_pool,
    instance,
    wanted,
)

HOUR = timedelta(hours=1)
offsets = st.builds(
    lambda hours, rest: timedelta(hours=hours) + rest,
    # Few hours, so that many hold several; those where the periods below begin, and others.
    st.sampled_from([0, 5, 10, 23, 24, 29, 48, 90]),
    st.sampled_from(
        [
            timedelta(),
            timedelta(minutes=1),
            timedelta(minutes=17, seconds=3),
            timedelta(minutes=59, seconds=59, microseconds=999_999),
        ]
    ),
)
numbers = st.one_of(
    st.integers(-5, 5),
    st.booleans(),
    st.floats(-1e6, 1e6, allow_nan=False),
    st.builds(lambda n: 1e9 + n / 1000, st.integers(0, 5)),
)
values = st.one_of(numbers, numbers, numbers, st.just("x"))
ids = st.sampled_from(["urn:x:1", "urn:x:2"])
attrs = st.sampled_from([A, B])
datasets = st.sampled_from(["", "", "urn:d:1"])
measured = st.dictionaries(st.tuples(attrs, datasets, offsets), numbers, min_size=1, max_size=15)
some_text = st.dictionaries(st.tuples(attrs, datasets, offsets), values, min_size=1, max_size=5)
steps = st.one_of(
    st.tuples(st.just("write"), ids, measured),
    st.tuples(st.just("write"), ids, measured),
    st.tuples(st.just("write"), ids, some_text),
    st.tuples(st.just("close"), st.integers(0, 4)),
    st.tuples(st.just("close"), st.just(3)),
    st.tuples(st.just("fold"), st.integers(1, 20)),
    st.tuples(st.just("fold"), st.just(100)),
    st.tuples(st.just("drop"), ids),
    st.tuples(st.just("drop attribute"), ids, attrs, st.one_of(st.none(), datasets)),
    st.tuples(st.just("take"), st.integers(0, 100)),
    st.tuples(st.just("replace"), st.integers(0, 100), offsets, values),
)
#: Most often there are rollups before anything else happens.
histories = st.builds(
    lambda first, rolled, rest: [*first, *rolled, *rest],
    st.lists(st.tuples(st.just("write"), ids, measured), min_size=1, max_size=3),
    st.sampled_from([[("close", 4), ("fold", 100)], [("close", 3), ("fold", 100)], []]),
    st.lists(steps, max_size=8),
)
starts = st.sampled_from(
    [
        timedelta(),
        timedelta(days=1),
        timedelta(hours=5),
        timedelta(minutes=17),
        timedelta(minutes=17),
        -timedelta(days=3),
    ]
)
lengths = st.one_of(
    st.sampled_from([timedelta(days=4), timedelta(days=2), timedelta(hours=30), HOUR]),
    st.builds(lambda n: timedelta(minutes=n), st.integers(1, 6000)),
)
times = st.builds(
    lambda timerel, start, length: TemporalQuery(
        timerel, START + start, START + start + length if timerel == "between" else None
    ),
    st.sampled_from(["between", "between", "after", "before"]),
    starts,
    lengths,
)
#: With distinctCount, most periods are read from the instances; so it is not always asked.
methods = st.sampled_from([METHODS, [m for m in METHODS if m != "distinctCount"]])
periods = st.sampled_from(
    [
        None,
        timedelta(minutes=15),
        HOUR,
        HOUR,
        timedelta(minutes=150),
        timedelta(hours=5),
        timedelta(days=1),
        timedelta(days=1),
        timedelta(days=2),
        isodate.parse_duration("P1M"),
    ]
)


@pytest.fixture(scope="module")
def runner(cluster_dsn: str) -> Iterator[tuple[asyncio.Runner, Pool]]:
    with fresh_pool(cluster_dsn) as opened:
        yield opened


class World:
    """The history in the database, and what it should be."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.model: Model = {}

    async def take_step(self, name: str, *rest: Any) -> None:
        await getattr(self, "_" + name.replace(" ", "_"))(*rest)

    async def _write(self, entity_id: str, given: dict[Any, Any]) -> None:
        instances = []
        for (attr, dataset, offset), value in given.items():
            self.model.setdefault((entity_id, attr, dataset), {})[START + offset] = value
            instances.append((attr, instance(value, START + offset, dataset)))
        await writing.upsert(self.pool, "default", EvolutionBody(entity_id, ["T"], None, instances))

    async def _close(self, day: int) -> None:
        await rollups.close(self.pool, START + timedelta(days=day, hours=2))

    async def _fold(self, limit: int) -> None:
        await rollups.fold(self.pool, limit)

    async def _drop(self, entity_id: str) -> None:
        self.model = {key: found for key, found in self.model.items() if key[0] != entity_id}
        try:
            await writing.delete(self.pool, "default", entity_id)
        except ResourceNotFound:
            event("nothing to drop")

    async def _drop_attribute(self, entity_id: str, attr: str, dataset: str | None) -> None:
        gone = [k for k in self.model if k[:2] == (entity_id, attr) and dataset in (None, k[2])]
        for key in gone:
            del self.model[key]
        try:
            await writing.delete_attribute(self.pool, "default", entity_id, attr, dataset)
        except ResourceNotFound:
            event("nothing to drop")

    async def _take(self, number: int) -> None:
        if (place := await self._place(number)) is not None:
            found, key, at = place
            del self.model[key][at]
            await writing.delete_instance(self.pool, found)

    async def _replace(self, number: int, offset: timedelta, value: Any) -> None:
        if (place := await self._place(number)) is None:
            return
        found, key, at = place
        if START + offset in self.model[key]:
            return  # two instances of one moment: the model has no room for both
        del self.model[key][at]
        self.model[key][START + offset] = value
        new = instance(value, START + offset, key[2])
        await writing.replace_instance(self.pool, found, new)

    async def _place(
        self, number: int
    ) -> tuple[writing.Place, tuple[str, str, str], datetime] | None:
        async with single(self.pool) as connection:
            cursor = await connection.execute(
                "select entity_id, attr, dataset_id, at, instance_id from attribute_history"
                " order by 1, 2, 3, 4"
            )
            rows = await cursor.fetchall()
        if not rows:
            return None
        entity_id, attr, dataset, at, instance_id = rows[number % len(rows)]
        place = writing.Place("default", entity_id, attr, instance_id)
        return place, (entity_id, attr, dataset), at


@settings(max_examples=100, deadline=None)
@given(
    histories,
    st.lists(
        st.tuples(times, periods, st.sampled_from([None, (A,), (A, B)]), methods),
        min_size=1,
        max_size=4,
    ),
)
def test_aggregates_are_those_of_the_measurements(
    runner: tuple[asyncio.Runner, Pool],
    history: list[tuple[Any, ...]],
    questions: list[tuple[TemporalQuery, Any, tuple[str, ...] | None, Sequence[str]]],
) -> None:
    loop, pool = runner

    async def run() -> None:
        await empty(pool)
        world = World(pool)
        for step in history:
            await world.take_step(*step)
        async with single(pool) as connection:
            cursor = await connection.execute(
                "select (select count(*) from attribute_rollup), (select count(*) from rollup_mark)"
            )
            rolled, marked = await cursor.fetchone() or (0, 0)
        event(f"rollups: {min(rolled, 5)}, marks: {min(marked, 5)}")
        for asked, period, named, told in questions:
            request = wanted(asked, period, named, told)
            assert differences(await ask(pool, request), expect(world.model, request)) == []

    loop.run(run())
