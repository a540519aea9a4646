"""What this process wrote last is not read before the next change, and never taken for granted."""

from collections.abc import Iterable
from typing import Any

import pytest

from tamamo.context.entities import recent, store, write
from tamamo.context.entities.service import changing, deletion, upsertion
from tamamo.context.entities.write import Mutation, Writer
from tamamo.context.errors import ResourceNotFound
from tamamo.context.model import merge
from tamamo.context.model.entity import DEFAULT_TENANT, DEFAULT_VOCABULARY, Entity
from tamamo.context.model.parse import Fragment
from tamamo.kernel.database import Connection, Pool, open_pool

GAUGE = DEFAULT_VOCABULARY + "Gauge"
LEVEL, WIND = DEFAULT_VOCABULARY + "level", DEFAULT_VOCABULARY + "wind"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many entities were read each time."""
    found: list[int] = []
    see = store.see

    async def noted(connection: Connection, keys: Iterable[store.Key]) -> store.Seen:
        asked = list(keys)
        found.append(len(asked))
        return await see(connection, asked)

    monkeypatch.setattr(store, "see", noted)
    return found


def _id(number: int) -> str:
    return f"urn:ngsi-ld:Gauge:{number}"


def _fragment(**values: Any) -> Fragment:
    return Fragment(
        attrs={
            DEFAULT_VOCABULARY + name: [{"type": "Property", "value": value}]
            for name, value in values.items()
        }
    )


def _put(number: int, **values: Any) -> Mutation:
    """Append to a gauge, or make it."""
    fragment = _fragment(**values)
    entity = Entity(_id(number), [GAUGE], fragment.attrs)
    return upsertion(
        DEFAULT_TENANT, entity, lambda before, now: merge.append(before, fragment, now)
    )


def _patch(number: int, name: str, value: Any) -> Mutation:
    part = {"type": "Property", "value": value}
    return changing(
        DEFAULT_TENANT,
        _id(number),
        lambda before, now: merge.update_attribute(before, DEFAULT_VOCABULARY + name, part, now),
    )


async def _values(pool: Pool, number: int) -> dict[str, Any]:
    async with pool.connection() as connection:
        cursor = await connection.execute("select attrs from entity where id = %s", [_id(number)])
        row = await cursor.fetchone()
    assert row is not None
    return {attr.rpartition("/")[2]: found[0]["value"] for attr, found in row[0].items()}


@pytest.fixture
async def writer(pool: Pool) -> Writer:
    """A writer that knows its connections and has made two gauges."""
    await pool.wait()  # or it opens a second connection while the first one is on its way
    made = Writer(pool)
    for _ in range(2):
        await made.run([_put(1, level=0), _put(2, level=0)])
    return made


async def test_the_next_change_reads_nothing(pool: Pool, writer: Writer, reads: list[int]) -> None:
    for step in range(1, 4):
        await writer.run([_patch(1, "level", step), _put(2, level=step, wind=step)])
    assert reads == []
    assert await _values(pool, 1) == {"level": 3}
    assert await _values(pool, 2) == {"level": 3, "wind": 3}
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "select previous -> %s -> 0 ->> 'value' from outbox where entity_id = %s"
            " order by xid desc, seq desc limit 1",
            [LEVEL, _id(1)],
        )
        assert await cursor.fetchone() == ("2",)


async def test_what_another_wrote_meanwhile_is_not_lost(
    pool: Pool, writer: Writer, reads: list[int]
) -> None:
    await write.run(pool, [_put(1, wind=7)])
    results = await writer.run([_patch(1, "level", 5), _patch(2, "level", 5)])
    assert all(isinstance(result, write.Written) for result in results)
    assert await _values(pool, 1) == {"level": 5, "wind": 7}
    assert await _values(pool, 2) == {"level": 5}
    assert reads == [2]
    # Others write the same: for a while nothing is remembered.
    await writer.run([_patch(1, "level", 6)])
    assert reads == [2, 1]


async def test_what_can_not_be_done_is_looked_at_again(
    pool: Pool, writer: Writer, reads: list[int]
) -> None:
    """An error follows from what is there, not from what is remembered."""
    await write.run(pool, [_put(1, wind=7)])
    (result,) = await writer.run([_patch(1, "wind", 8)])
    assert isinstance(result, write.Written)
    assert await _values(pool, 1) == {"level": 0, "wind": 8}
    await write.run(pool, [deletion(DEFAULT_TENANT, _id(2))])
    (gone,) = await writer.run([_patch(2, "level", 1)])
    assert isinstance(gone, ResourceNotFound)
    assert reads == [1, 1]


async def test_what_is_deleted_is_forgotten(pool: Pool, writer: Writer, reads: list[int]) -> None:
    await writer.run([deletion(DEFAULT_TENANT, _id(1))])
    assert reads == []
    (gone,) = await writer.run([_patch(1, "level", 1)])
    assert isinstance(gone, ResourceNotFound)
    await writer.run([_put(1, wind=1)])
    assert await _values(pool, 1) == {"wind": 1}
    assert reads == [1, 1]


async def test_a_new_connection_may_lead_to_another_server(
    pool: Pool, writer: Writer, reads: list[int], database_url: str
) -> None:
    async with open_pool(database_url, 1) as other:
        writer._pool = other
        await writer.run([_patch(1, "level", 1)])
        assert reads == [1]
        await writer.run([_patch(1, "level", 2)])
        assert reads == [1]


async def test_it_stays_small(
    pool: Pool, writer: Writer, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "_MOST", 3 * recent._BESIDE)
    await writer.run([_put(3, level="x" * 50), _put(4, level="x" * 50)])
    assert reads == [2]
    await writer.run([_patch(4, "level", 1)])
    assert reads == [2]
    await writer.run([_patch(1, "level", 1)])
    assert reads == [2, 1]
    await writer.run([_put(number, level=1) for number in range(200)])
    await writer.run([_patch(150, "level", 1)])
    assert reads == [2, 1, 200, 1]
