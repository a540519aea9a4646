"""The write path: state, evolution, history and outbox agree, whatever happens."""

import asyncio
import sys
from typing import Any
from uuid import RFC_4122, UUID

import orjson
import pytest

from tamamo.context.entities import statement, store, write
from tamamo.context.entities.columns import Columns, random_uuids
from tamamo.context.entities.write import Change, HistoryItem, Mutation
from tamamo.context.errors import BadRequestData, ResourceNotFound
from tamamo.context.model.entity import LOCATION, Entity
from tamamo.kernel.database import Pool, Utf8
from tamamo.kernel.errors import PayloadTooLarge, Problem

LEVEL = "https://uri.etsi.org/ngsi-ld/default-context/level"
GAUGE = "https://uri.etsi.org/ngsi-ld/default-context/Gauge"
ID = "urn:ngsi-ld:Gauge:1"


def put(value: Any, **members: Any) -> write.Apply:
    """Set the level, creating the gauge when it is not there."""

    def apply(before: Entity | None, now: str) -> Change:
        instance = {"type": "Property", "value": value, **members}
        instance |= {"createdAt": now, "modifiedAt": now}
        created = before.created_at if before else now
        after = Entity(ID, [GAUGE], {LEVEL: [instance]}, ["/a\\b"], created, now)
        return Change(after, [HistoryItem(LEVEL, instance)], [LEVEL])

    return apply


def update(value: Any) -> write.Apply:
    def apply(before: Entity | None, now: str) -> Change:
        if before is None:
            raise ResourceNotFound(ID)
        return put(value)(before, now)

    return apply


def delete(before: Entity | None, now: str) -> Change:
    if before is None:
        raise ResourceNotFound(ID)
    return Change(None)


def refuse(before: Entity | None, now: str) -> Change:
    raise BadRequestData("no")


async def rows(pool: Pool, query: str) -> list[tuple[Any, ...]]:
    async with pool.connection() as connection:
        return await (await connection.execute(query)).fetchall()


async def locked(pool: Pool, mutations: list[Mutation]) -> list[write.Written | Problem]:
    return await write.run(pool, mutations)


async def at_once(pool: Pool, mutations: list[Mutation]) -> list[write.Written | Problem]:
    """Each with a writer of its own, as processes have them."""
    return await write.Writer(pool).run(mutations)


@pytest.fixture(autouse=True, params=[locked, at_once], ids=["locked", "at once"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever way changes are written, the outcome is the same."""
    monkeypatch.setattr(sys.modules[__name__], "write_all", request.param)


write_all = locked


async def run(pool: Pool, *applies: write.Apply) -> list[write.Written | Problem]:
    return await write_all(pool, [Mutation("default", ID, apply) for apply in applies])


async def test_creation_writes_state_evolution_history_and_outbox(pool: Pool) -> None:
    (written,) = await run(pool, put(1.5, observedAt="2026-06-26T00:00:00Z"))
    assert isinstance(written, write.Written)
    assert written.before is None
    state = await rows(pool, "select id, type, types, scopes, attrs from entity")
    assert state[0][:4] == (ID, GAUGE, [GAUGE], ["/a\\b"])
    assert state[0][4][LEVEL][0]["value"] == 1.5
    assert await rows(pool, "select entity_id, types, deleted_at from temporal_entity") == [
        (ID, [GAUGE], None)
    ]
    history = await rows(
        pool, "select attr, dataset_id, at = observed_at, number, deleted_at from attribute_history"
    )
    assert history == [(LEVEL, "", True, 1.5, None)]
    (out,) = await rows(pool, "select operation, types, changed, entity, previous from outbox")
    assert out[:3] == ("create", [GAUGE], [LEVEL])
    assert out[4] is None
    assert store.from_document(ID, out[3]).attrs == state[0][4]


async def test_what_is_not_measured_stands_in_the_history_at_its_modification(pool: Pool) -> None:
    await run(pool, put("text"))
    query = "select at = modified_at, observed_at, number from attribute_history"
    assert await rows(pool, query) == [(True, None, None)]


async def test_update_keeps_creation_and_tells_the_previous_value(pool: Pool) -> None:
    await run(pool, put(1))
    (written,) = await run(pool, update(2))
    assert isinstance(written, write.Written)
    assert written.before is not None
    assert written.change is not None
    assert written.change.after is not None
    assert written.before.created_at == written.change.after.created_at
    operation, previous = (
        await rows(pool, "select operation, previous from outbox order by seq desc limit 1")
    )[0]
    assert operation == "update"
    assert previous[LEVEL][0]["value"] == 1
    assert await rows(pool, "select count(*) from attribute_history") == [(2,)]


async def test_mutations_of_one_entity_see_each_other_in_order(pool: Pool) -> None:
    results = await run(pool, update(0), put(1), update(2), delete, update(3), put(4))
    assert [isinstance(result, Problem) for result in results] == [True, *[False] * 3, True, False]
    attrs = await rows(pool, "select attrs from entity")
    assert attrs[0][0][LEVEL][0]["value"] == 4
    operations = await rows(pool, "select operation from outbox order by seq")
    assert [row[0] for row in operations] == ["create", "update", "delete", "create"]
    assert await rows(pool, "select count(*) from attribute_history") == [(3,)]


async def test_deletion_ends_the_evolution_and_keeps_the_history(pool: Pool) -> None:
    await run(pool, put(1))
    await run(pool, delete)
    assert await rows(pool, "select 1 from entity") == []
    ended = await rows(pool, "select deleted_at is not null from temporal_entity")
    assert ended == [(True,)]
    assert await rows(pool, "select count(*) from attribute_history") == [(1,)]
    (out,) = await rows(pool, "select operation, entity from outbox order by seq desc limit 1")
    assert out[0] == "delete"
    assert out[1]["attrs"][LEVEL][0]["value"] == 1
    await run(pool, put(2))
    assert await rows(pool, "select deleted_at from temporal_entity") == [(None,)]


async def test_created_and_deleted_at_once_leaves_an_evolution(pool: Pool) -> None:
    await run(pool, put(1), delete)
    assert await rows(pool, "select 1 from entity") == []
    ended = await rows(pool, "select deleted_at is not null from temporal_entity")
    assert ended == [(True,)]
    assert await rows(pool, "select count(*) from attribute_history") == [(1,)]


async def test_missing_row_never_becomes_an_insert(pool: Pool) -> None:
    (result,) = await run(pool, update(1))
    assert isinstance(result, ResourceNotFound)
    for table in ("entity", "temporal_entity", "attribute_history", "outbox"):
        assert await rows(pool, f"select 1 from {table}") == []


async def test_a_refused_mutation_leaves_the_others_whole(pool: Pool) -> None:
    results = await write_all(
        pool,
        [Mutation("default", ID, put(1)), Mutation("default", "urn:x:2", refuse)],
    )
    assert isinstance(results[1], BadRequestData)
    counts = (
        "select (select count(*) from entity), (select count(*) from attribute_history),"
        " (select count(*) from outbox)"
    )
    assert await rows(pool, counts) == [(1, 1, 1)]


async def test_an_entity_does_not_grow_without_end(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement, "MAX_BYTES", 1000)
    first, second = await run(pool, put("a"), update("b" * 1000))
    assert isinstance(first, write.Written)
    assert isinstance(second, PayloadTooLarge)
    assert ID in second.detail and "1000 are" in second.detail
    (state,) = await rows(pool, "select attrs from entity")
    assert state[0][LEVEL][0]["value"] == "a"
    assert await rows(pool, "select count(*) from attribute_history") == [(1,)]


async def test_history_only_changes_tell_nobody(pool: Pool) -> None:
    await run(pool, put(1))

    def late(before: Entity | None, now: str) -> Change:
        change = put(0, observedAt="2026-01-01T00:00:00Z")(before, now)
        change.write_state = False
        return change

    await run(pool, late)
    assert (await rows(pool, "select attrs from entity"))[0][0][LEVEL][0]["value"] == 1
    assert await rows(pool, "select count(*) from outbox") == [(1,)]
    assert await rows(pool, "select count(*) from attribute_history") == [(2,)]


async def test_a_database_error_leaves_nothing_half_written(pool: Pool) -> None:
    def poison(before: Entity | None, now: str) -> Change:
        return put("\x00")(before, now)

    with pytest.raises(Exception, match=r"u0000|[Uu]nicode"):
        await run(pool, put(1), poison)
    for table in ("entity", "temporal_entity", "attribute_history", "outbox"):
        assert await rows(pool, f"select 1 from {table}") == []


async def test_tenants_do_not_see_each_other(pool: Pool) -> None:
    await write_all(pool, [Mutation("a", ID, put(1)), Mutation("b", ID, put(2))])
    async with pool.connection() as connection:
        found = await store.fetch(connection, [("a", ID), ("b", ID), ("c", ID)])
    assert {key: entity.attrs[LEVEL][0]["value"] for key, entity in found.items()} == {
        ("a", ID): 1,
        ("b", ID): 2,
    }


async def test_parallel_writers_lose_nothing(pool: Pool) -> None:
    """Twenty transactions add 1 to a counter that none of them finds at first."""

    def add(before: Entity | None, now: str) -> Change:
        return put(before.attrs[LEVEL][0]["value"] + 1 if before else 1)(before, now)

    await asyncio.gather(*(run(pool, add) for _ in range(20)))
    assert (await rows(pool, "select attrs from entity"))[0][0][LEVEL][0]["value"] == 20
    assert await rows(pool, "select count(*) from attribute_history") == [(20,)]
    creations = "select count(*) from outbox where operation = 'create'"
    assert await rows(pool, creations) == [(1,)]


async def test_an_expired_entity_is_created_anew(pool: Pool) -> None:
    await run(pool, put(1))
    async with pool.connection() as connection:
        await connection.execute("update entity set expires_at = now() - interval '1 second'")
        assert await store.fetch(connection, [("default", ID)]) == {}
    (missing,) = await run(pool, update(2))
    assert isinstance(missing, ResourceNotFound)
    (written,) = await run(pool, put(3))
    assert isinstance(written, write.Written)
    assert written.before is None
    assert await rows(pool, "select expires_at from entity") == [(None,)]


def test_bounds_cover_all_instances_and_positions() -> None:
    geometries = [
        {"type": "Point", "coordinates": [134.0, 34.3]},
        {"type": "Polygon", "coordinates": [[[133, 34], [135, 34], [135, 35], [133, 34]]]},
    ]
    instances = [{"type": "GeoProperty", "value": geometry} for geometry in geometries]
    entity = Entity(ID, [GAUGE], {LOCATION: instances})
    assert store.bounds(entity) == "((135,35),(133,34))"
    assert store.bounds(Entity(ID, [GAUGE])) is None


def test_document_round_trip() -> None:
    entity = Entity(ID, [GAUGE], {LEVEL: [{"type": "Property", "value": 1}]}, ["/a"])
    entity.created_at = entity.modified_at = "2026-01-01T00:00:00Z"
    entity.expires_at = "2027-01-01T00:00:00Z"
    assert store.from_document(ID, orjson.loads(store.to_document(entity))) == entity


def test_a_column_of_one_value_travels_as_that_value() -> None:
    columns = Columns(("a", "b", "c", "d"), frozenset({"d"}))
    rows = [("x", None, "1", None), ("x", None, None, "2")]
    assert columns.of(rows) == {
        "a": "", "one_a": "x", "b": "", "one_b": None, "c": "1\x1f\x1e", "one_c": None,
        "d": "\x1e\x1f2",
    }  # fmt: skip
    assert columns.of(rows[:1])["d"] == ""
    assert columns.of([("x", "y", "z", "0")])["d"] == "0"
    assert set(columns.of([]).values()) == {"", None}
    for bad in (["a\x1fb"], ["a\x1fb", "c"]):
        with pytest.raises(BadRequestData):
            Columns(("name",), frozenset()).of([(text,) for text in bad])


def test_json_travels_as_the_bytes_it_is() -> None:
    columns = Columns(("a", "b"), own=frozenset({"a"}), json=frozenset({"a", "b"}))
    river = '{"name":"香東川"}'.encode()
    assert columns.of([(river, river), (b"{}", river)]) == {
        "a": river + b"\x1f{}", "b": "", "one_b": river,
    }  # fmt: skip
    found = columns.of([(None, river), (b"{}", None)])
    assert found == {"a": b"\x1e\x1f{}", "b": river + b"\x1f\x1e", "one_b": None}
    assert all(isinstance(text, Utf8) for text in found.values() if text is not None)


def test_instance_ids_are_random_uuids() -> None:
    made = [UUID(text) for text in random_uuids(50).split("\x1f")]
    assert len(set(made)) == 50
    assert {(identifier.version, identifier.variant) for identifier in made} == {(4, RFC_4122)}
