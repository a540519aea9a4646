"""A change of a value stays on its page and touches no index: most of what a write costs."""

import psycopg

from tamamo.context.entities import write
from tamamo.context.entities.write import Change, Mutation
from tamamo.context.model.entity import Entity
from tamamo.kernel import sql
from tamamo.kernel.database import Pool, single, transaction
from tamamo.kernel.migrate import known

TEMPORAL = sql.load("tamamo.context.temporal")

LEVEL = "https://uri.etsi.org/ngsi-ld/default-context/level"
GAUGE = "https://uri.etsi.org/ngsi-ld/default-context/Gauge"
ID = "urn:ngsi-ld:Gauge:1"
TIME = "2026-01-01T00:00:00Z"


def with_level(*instances: dict[str, object]) -> Mutation:
    def apply(before: Entity | None, now: str) -> Change:
        stored = [{"type": "Property", "createdAt": now, "modifiedAt": now, **i} for i in instances]
        return Change(Entity(ID, [GAUGE], {LEVEL: stored}, [], TIME, now), [], [LEVEL])

    return Mutation("default", ID, apply)


async def test_a_new_value_is_an_update_in_place(pool: Pool) -> None:
    await write.run(pool, [with_level({"value": 0})])
    statement = (
        "select relname, n_tup_upd, n_tup_hot_upd from pg_stat_xact_user_tables"
        " where relname in ('entity', 'temporal_entity') order by relname"
    )
    async with transaction(pool) as connection:
        for value in range(1, 4):
            await write.write(connection, [with_level({"value": value})])
        found = await (await connection.execute(statement)).fetchall()
    assert found[0] == ("entity", 3, 3)
    assert all(updated == in_place for _, updated, in_place in found)


async def test_the_first_expiry_of_an_attribute_is_kept_beside_it(pool: Pool) -> None:
    async def expiry() -> object:
        async with transaction(pool) as connection:
            cursor = await connection.execute("select attrs_expire_at from entity")
            row = await cursor.fetchone()
        return row and row[0] and row[0].isoformat()

    later = {"value": 1, "expiresAt": "2030-01-01T00:00:00.5Z"}
    first = {"value": 2, "expiresAt": "2030-01-01T00:00:00Z", "datasetId": "urn:d:1"}
    await write.run(pool, [with_level(later, first)])
    assert await expiry() == "2030-01-01T00:00:00+00:00"
    await write.run(pool, [with_level(later)])
    assert await expiry() == "2030-01-01T00:00:00.500000+00:00"
    await write.run(pool, [with_level({"value": "expiresAt"})])
    assert await expiry() is None


async def test_the_migration_finds_what_expires_already(pool: Pool) -> None:
    name = next(name for name in known() if name.endswith("updates_in_place"))
    async with pool.connection() as connection:
        await connection.execute("alter table entity drop column attrs_expire_at")
        await connection.execute(
            "create index entity_with_expiring on entity (tenant, id)"
            " where jsonb_path_exists(attrs, '$.*[*].expiresAt')"
        )
        await connection.execute(
            "insert into entity (tenant, id, type, types, attrs, created_at, modified_at) values"
            " ('default', 'a', 'T', '{T}', '{\"x\": [{\"expiresAt\": \"2030-01-02T00:00:00Z\"},"
            ' {"expiresAt": "2030-01-01T00:00:00Z"}]}\', now(), now()),'
            " ('default', 'b', 'T', '{T}', '{}', now(), now())"
        )
        await connection.execute(_text(name))
        cursor = await connection.execute("select id, attrs_expire_at from entity order by id")
        found = await cursor.fetchall()
    assert found[0][1].isoformat() == "2030-01-01T00:00:00+00:00"
    assert found[1] == ("b", None)


def _text(name: str) -> psycopg.sql.SQL:
    from importlib.resources import files

    path = files("tamamo.kernel").joinpath("migrations", f"{name}.sql")
    return psycopg.sql.SQL(path.read_text())  # type: ignore[arg-type]


async def test_the_evolution_is_written_only_when_it_is_another(pool: Pool) -> None:
    """While only values change the state tells when; a head that is gone comes back."""
    await write.run(pool, [with_level({"value": 0})])
    async with pool.connection() as connection:

        async def modified() -> object:
            cursor = await connection.execute("select modified_at from temporal_entity")
            row = await cursor.fetchone()
            await connection.commit()
            return row and row[0]

        first = await modified()
        await write.run(pool, [with_level({"value": 1})])
        assert await modified() == first
        await connection.execute("delete from temporal_entity")
        await connection.commit()
        await write.run(pool, [with_level({"value": 2})])
        assert await modified() is not None


async def test_a_writer_that_locks_nothing_brings_back_an_evolution(pool: Pool) -> None:
    """The statement for values alone begins none: it fails, and the other one writes."""
    writer = write.Writer(pool)
    for value in range(3):
        await writer.run([with_level({"value": value})])
        async with transaction(pool) as connection:
            await connection.execute("delete from temporal_entity")
    await writer.run([with_level({"value": 9})])
    async with single(pool) as connection:
        cursor = await connection.execute(
            "select attrs #>> %s, (select count(*) from temporal_entity),"
            " (select count(*) from outbox) from entity",
            [[LEVEL, "0", "value"]],
        )
        assert await cursor.fetchone() == ("9", 1, 4)


async def test_most_changes_of_whole_pages_stay_where_they_are(pool: Pool) -> None:
    """Who reports all entities in one batch changes all of a page at once."""

    def every(level: int) -> list[Mutation]:
        return [_long(number, level) for number in range(400)]

    writer = write.Writer(pool)
    await writer.run(every(0))
    async with pool.connection() as connection:
        cursor = await connection.execute("select ctid from entity")
        before = {row[0] for row in await cursor.fetchall()}
        await connection.commit()
        await writer.run(every(1))
        cursor = await connection.execute("select ctid from entity")
        after = {row[0] for row in await cursor.fetchall()}
    pages = {place.partition(",")[0] for place in before}
    stayed = [place for place in after if place.partition(",")[0] in pages]
    assert len(stayed) > 400 * 0.7


def _long(number: int, level: int) -> Mutation:
    """Return a change of an entity that takes about a kilobyte, as gauges do."""
    entity_id = f"{ID}:{number:04}"

    def apply(before: Entity | None, now: str) -> Change:
        item = {"type": "Property", "value": level, "createdAt": now, "modifiedAt": now}
        attrs = {LEVEL: [item], LEVEL + "Name": [{**item, "value": "x" * 700}]}
        return Change(Entity(entity_id, [GAUGE], attrs, [], TIME, now), [], [LEVEL])

    return Mutation("default", entity_id, apply)


async def test_the_evolution_tells_when_the_state_changed(pool: Pool) -> None:
    await write.run(pool, [with_level({"value": 0})])
    await write.run(pool, [with_level({"value": 1})])
    async with single(pool) as connection:
        cursor = await connection.execute(TEMPORAL["evolution"], {"tenant": "default", "id": ID})
        head = await cursor.fetchone()
        state = await (await connection.execute("select modified_at from entity")).fetchone()
    assert head is not None
    assert state is not None
    assert head[4] == state[0]
