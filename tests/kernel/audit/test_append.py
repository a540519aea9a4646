"""Events are in the log exactly if their act is: under many writers, rollbacks and savepoints."""

import asyncio
import random
import time
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from tamamo.kernel.audit import Event, append, append_many, append_sync, personal_read
from tamamo.kernel.database import Pool, transaction

EDIT = Event("default", "user:17", "register.edit", "urn:x:1", {"level": 1.2}, {"level": 1.3})


async def rows(pool: Pool, columns: str = "tenant, seq, actor, action, object") -> list[Any]:
    async with transaction(pool) as connection:
        found = await connection.execute(f"select {columns} from audit_event order by tenant, seq")
        return await found.fetchall()


async def test_an_event_is_there_once_its_act_is_committed(pool: Pool) -> None:
    async with transaction(pool) as connection:
        await append(connection, EDIT)
    assert await rows(pool, "tenant, seq, actor, action, object, before, after") == [
        ("default", 1, "user:17", "register.edit", "urn:x:1", {"level": 1.2}, {"level": 1.3})
    ]


async def test_without_a_transaction_it_is_there_at_once(database_url: str, pool: Pool) -> None:
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        await append(connection, EDIT)
    assert await rows(pool) == [("default", 1, "user:17", "register.edit", "urn:x:1")]


async def test_an_act_that_is_rolled_back_leaves_neither_event_nor_gap(pool: Pool) -> None:
    for fails in (False, True, True, False):
        try:
            async with transaction(pool) as connection:
                await append(connection, EDIT)
                assert not fails
        except AssertionError:
            pass
    async with transaction(pool) as connection:
        await append(connection, EDIT)
        async with connection.transaction(force_rollback=True):
            await append(connection, EDIT)
        await append(connection, EDIT)
    assert [seq for (seq,) in await rows(pool, "seq")] == [1, 2, 3, 4]
    async with transaction(pool) as connection:
        left = await connection.execute("select count(*) from audit_pending")
        assert await left.fetchone() == (0,)


async def test_many_writers_to_several_tenants_make_one_chain_each(
    database_url: str, pool: Pool
) -> None:
    """Twelve connections, each writing to the tenants in an order of its own, with rollbacks."""
    kept = {"default": 0, "ayagawa": 0, "kanonji": 0}

    async def write(number: int) -> None:
        chance = random.Random(number)
        async with await AsyncConnection.connect(database_url) as connection:
            for turn in range(15):
                tenants = chance.sample(sorted(kept), k=chance.randint(1, 3))
                for tenant in tenants:
                    event = Event(tenant, f"user:{number}", "load.test", str(turn))
                    await append(connection, event)
                if chance.random() < 0.3:
                    await connection.rollback()
                else:
                    await connection.commit()
                    for tenant in tenants:
                        kept[tenant] += 1

    await asyncio.gather(*(write(number) for number in range(12)))
    assert sum(kept.values()) > 100
    found: dict[str, list[tuple[int, bytes, bytes, Any]]] = {}
    for tenant, *rest in await rows(pool, "tenant, seq, previous, hash, at"):
        found.setdefault(tenant, []).append(tuple(rest))
    assert {tenant: len(chain) for tenant, chain in found.items()} == kept
    for chain in found.values():
        assert [seq for seq, *_ in chain] == list(range(1, len(chain) + 1))
        assert chain[0][1] == bytes(32)
        assert [one[1] for one in chain[1:]] == [one[2] for one in chain[:-1]]
        moments = [at for *_, at in chain]
        assert moments == sorted(moments)


async def test_acts_that_lock_the_same_rows_do_not_wait_for_each_other(
    database_url: str,
) -> None:
    """One edits and then notes, the other notes and then edits: no deadlock."""
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute("create table thing (id int primary key, n int)")
        await connection.execute("insert into thing values (1, 0)")
    noted, edited = asyncio.Event(), asyncio.Event()

    async def note_then_edit() -> None:
        async with await AsyncConnection.connect(database_url) as connection:
            await append(connection, EDIT)
            noted.set()
            await edited.wait()
            await connection.execute("update thing set n = n + 1")

    async def edit_then_note() -> None:
        async with await AsyncConnection.connect(database_url) as connection:
            await noted.wait()
            await connection.execute("update thing set n = n + 1")
            edited.set()
            await append(connection, EDIT)

    await asyncio.wait_for(asyncio.gather(note_then_edit(), edit_then_note()), 20)
    async with await AsyncConnection.connect(database_url) as connection:
        found = await connection.execute("select n, (select max(seq) from audit_event) from thing")
        assert await found.fetchone() == (2, 2)


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_event set actor = 'user:1'",
        "update audit_event set actor = actor",
        "delete from audit_event",
        "truncate audit_event",
        "truncate audit_head",
        "delete from audit_head",
        "update audit_head set seq = 0",
        "insert into audit_event select tenant, seq + 1, at, actor, action, object, before, after,"
        " hash, hash from audit_event",
        "insert into audit_event select 'other', seq, at, actor, action, object, before, after,"
        " previous, hash from audit_event",
    ],
)
def test_nobody_changes_what_is_written(database_url: str, statement: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        append_sync(connection, EDIT)
        before = connection.execute("select * from audit_event").fetchall()
        for role in ("origin", "replica"):
            connection.execute(f"set session_replication_role = {role}")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        assert connection.execute("select * from audit_event").fetchall() == before


@pytest.mark.parametrize("action", ["edit", "Register.edit", "register edit", "", "register."])
def test_an_action_is_dotted_words(database_url: str, action: str) -> None:
    with (
        psycopg.connect(database_url) as connection,
        pytest.raises(psycopg.errors.CheckViolation),
    ):
        append_sync(connection, Event("default", "user:1", action, "x"))


async def test_many_at_once_keep_their_order(pool: Pool) -> None:
    events = [Event("default", "user:1", "bulk.edit", f"urn:x:{n}") for n in range(500)]
    async with transaction(pool) as connection:
        await append_many(connection, events)
        await append_many(connection, [])
    assert [found for (found,) in await rows(pool, "object")] == [one.object for one in events]


async def test_chained_before_the_end_it_is_the_same_chain(pool: Pool) -> None:
    """`set constraints all immediate`, as Django's checks say it, also within a savepoint."""
    async with transaction(pool) as connection:
        await append(connection, EDIT)
        async with connection.transaction():
            await append(connection, EDIT)
            await connection.execute("set constraints all immediate")
            await append(connection, EDIT)
        await append(connection, EDIT)
    found = await rows(pool, "seq, previous, hash")
    assert [one[0] for one in found] == [1, 2, 3, 4]
    assert [one[1] for one in found[1:]] == [one[2] for one in found[:-1]]


async def test_ten_times_as_many_take_about_ten_times_as_long(pool: Pool) -> None:
    """A bulk edit of 10,000 records: no event looks at all the others."""

    async def seconds(count: int) -> float:
        events = [Event("default", "user:1", "bulk.edit", f"urn:x:{n}") for n in range(count)]
        begun = time.perf_counter()
        async with transaction(pool) as connection:
            await append_many(connection, events)
        return time.perf_counter() - begun

    await seconds(200)
    few = min([await seconds(400) for _ in range(3)])
    many = await seconds(4000)
    # As the square it would be a hundred times as long.
    assert many < 40 * few


async def test_secrets_and_odd_characters_never_reach_the_log(pool: Pool) -> None:
    after = {
        "email": "a@example.jp",
        "password": "hunter2",
        "nested": [{"access_token": "abc", "token_expires": "soon", "empty\0": "a\0b\ud800"}],
        "api-key": "k",
        "key": "gauge-7",
        "large": 10**30,
        "none": float("nan"),
    }
    async with transaction(pool) as connection:
        await append(connection, Event("default", "user:1\0", "user.create", "x\0", after=after))
    [(kept, actor, subject)] = await rows(pool, "after, actor, object")
    assert (actor, subject) == ("user:1\ufffd", "x\ufffd")
    assert kept == {
        "email": "a@example.jp",
        "password": "***",
        "nested": [{"access_token": "***", "token_expires": "soon", "empty\ufffd": "a\ufffdb?"}],
        "api-key": "***",
        "key": "gauge-7",
        "large": str(10**30),
        "none": None,
    }


async def test_a_look_at_personal_data_is_an_event_for_each_person(pool: Pool) -> None:
    async with transaction(pool) as connection:
        await personal_read(
            connection,
            tenant="default",
            actor="user:3",
            objects=["person:1", "person:2"],
            purpose="watch.visit",
            fields=["name", "phone"],
        )
    said = {"purpose": "watch.visit", "fields": ["name", "phone"]}
    assert await rows(pool, "actor, action, object, before, after") == [
        ("user:3", "personal.read", "person:1", None, said),
        ("user:3", "personal.read", "person:2", None, said),
    ]
