"""Random measurements, part of them dropped: what is still told is what they were."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tamamo.context.query.temporalq import TemporalQuery
from tamamo.context.temporal import retention, rollups, writing
from tamamo.context.temporal.body import EvolutionBody
from tamamo.kernel.database import Pool, transaction
from tests.context.temporal.history import (
    METHODS,
    START,
    A,
    Aggregates,
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

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
offsets = st.builds(
    lambda hours, minutes: timedelta(hours=hours, minutes=minutes),
    st.integers(0, 95),
    st.sampled_from([0, 1, 30, 59]),
)
numbers = st.one_of(
    st.integers(-5, 5),
    # Numbers whose squares have no room are never rolled up, and so never dropped.
    st.floats(-1e6, 1e6, allow_nan=False).filter(lambda n: n == 0 or abs(n) > 1e-90),
)
measured = st.dictionaries(
    st.tuples(st.sampled_from(["urn:x:1", "urn:x:2"]), st.sampled_from([A, B]), offsets),
    st.one_of(numbers, numbers, numbers, numbers, st.just("x")),
    min_size=1,
    max_size=15,
)
starts = st.sampled_from([timedelta(), -DAY, 5 * HOUR, timedelta(minutes=17), 30 * HOUR])
ends = st.sampled_from([None, 4 * DAY, 50 * HOUR, timedelta(hours=40, minutes=30)])
periods = st.sampled_from(
    [None, timedelta(minutes=15), HOUR, timedelta(minutes=150), 5 * HOUR, DAY, 2 * DAY]
)


@pytest.fixture(scope="module")
def runner(cluster_dsn: str) -> Iterator[tuple[asyncio.Runner, Pool]]:
    with fresh_pool(cluster_dsn) as opened:
        yield opened


async def fill(pool: Pool, given_values: dict[Any, Any]) -> Model:
    model: Model = {}
    for (entity_id, attr, offset), value in given_values.items():
        model.setdefault((entity_id, attr, ""), {})[START + offset] = value
        body = EvolutionBody(entity_id, ["T"], None, [(attr, instance(value, START + offset))])
        await writing.upsert(pool, "default", body)
    return model


async def drop(pool: Pool, days: int) -> None:
    """Roll everything up and drop what is of the first days."""
    now = START + 10 * DAY
    await rollups.close(pool, now)
    while await rollups.fold(pool):
        pass
    async with transaction(pool) as connection:
        await connection.execute("delete from retention")
    await retention.set_rule(pool, "*", "*", f"P{10 - days}D", None)
    await retention.carry_out(pool, now)


def untrue(found: Aggregates, expected: Aggregates) -> list[str]:
    """Return the differences but for what is left out."""
    return [line for line in differences(found, expected) if ": found None" not in line]


@settings(max_examples=40, deadline=None)
@given(
    measured,
    st.integers(0, 4),
    st.lists(st.tuples(starts, ends, periods, st.booleans()), min_size=1, max_size=4),
)
def test_nothing_untrue_is_told(
    runner: tuple[asyncio.Runner, Pool],
    values: dict[Any, Any],
    days: int,
    questions: list[tuple[timedelta, timedelta | None, timedelta | None, bool]],
) -> None:
    """Whole hours are told in full but for distinct numbers; the rest is right or left out."""
    loop, pool = runner

    async def run() -> None:
        await empty(pool)
        model = await fill(pool, values)
        await drop(pool, days)
        texts = {key for key, found in model.items() if "x" in found.values()}
        for start, end, period, distinct in questions:
            times = TemporalQuery(
                "after" if end is None else "between",
                START + start,
                None if end is None else START + max(end, start),
            )
            methods = [m for m in METHODS if distinct or m != "distinctCount"]
            request = wanted(times, period, methods=methods)
            found, expected = await ask(pool, request), expect(model, request)
            assert untrue(found, expected) == []
            if all(part is None or not part % HOUR for part in (start, end, period)):
                event("whole hours")
                missing = [
                    line
                    for line in differences(found, expected)
                    if "distinctCount" not in line and not any(str(key) in line for key in texts)
                ]
                assert missing == []

    loop.run(run())
