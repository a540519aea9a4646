"""The pool when the server closes connections, goes away and comes back."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tamamo.kernel import database
from tamamo.kernel.database import Pool, open_pool, searching, single, transaction
from tamamo.kernel.errors import Unavailable


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with open_pool(database_url, size=4) as opened:
        yield opened


async def one(pool: Pool) -> int:
    async with single(pool) as connection:
        row = await (await connection.execute("select 1")).fetchone()
    assert row is not None
    return int(row[0])


async def hold(pool: Pool) -> None:
    async with transaction(pool) as connection:
        await connection.execute("select pg_sleep(0.05)")


def close_all(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )


async def test_connections_closed_at_rest_are_nobodys_error(pool: Pool, database_url: str) -> None:
    await asyncio.gather(*(hold(pool) for _ in range(4)))
    assert pool.get_stats()["pool_size"] == 4
    await asyncio.to_thread(close_all, database_url)
    assert await asyncio.gather(*(one(pool) for _ in range(8))) == [1] * 8


async def test_a_connection_closed_in_use_is_unavailable(pool: Pool, database_url: str) -> None:
    with pytest.raises(Unavailable):
        async with transaction(pool) as connection:
            await asyncio.to_thread(close_all, database_url)
            await connection.execute("select 1")
    assert await one(pool) == 1


async def test_a_server_that_is_away_is_told_soon_and_found_again(
    pool: Pool, database_url: str, cluster_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "reconnect_timeout", 0.1)
    monkeypatch.setattr(pool, "timeout", 2.0)
    assert await one(pool) == 1
    name = sql.Identifier(str(conninfo_to_dict(database_url)["dbname"]))
    loop = asyncio.get_running_loop()

    def allow(whether: bool) -> None:
        with psycopg.connect(cluster_dsn, autocommit=True) as connection:
            statement = sql.SQL("alter database {} with allow_connections {}")
            connection.execute(statement.format(name, sql.Literal(whether)))
            if not whether:  # only now: the pool opens new ones at once
                end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s"
                connection.execute(end, [conninfo_to_dict(database_url)["dbname"]])

    await asyncio.to_thread(allow, False)
    with pytest.raises(Unavailable):
        await one(pool)
    begun = loop.time()
    with pytest.raises(Unavailable):
        await one(pool)
    assert loop.time() - begun < database._WAIT_SECONDS / 2
    await asyncio.to_thread(allow, True)
    assert await one(pool) == 1
    assert pool.timeout == database._WAIT_SECONDS


async def test_long_queries_leave_room_for_others(pool: Pool) -> None:
    """Of four connections, two search at a time; a third search waits, a look by key does not."""
    at_once, most = 0, 0

    async def search() -> None:
        nonlocal at_once, most
        async with searching(pool) as connection:
            at_once += 1
            most = max(most, at_once)
            await connection.execute("select pg_sleep(0.1)")
            at_once -= 1

    searches = [asyncio.create_task(search()) for _ in range(6)]
    await asyncio.sleep(0.05)
    assert await one(pool) == 1
    assert not all(task.done() for task in searches)
    await asyncio.gather(*searches)
    assert most == 2


async def test_who_finds_no_room_to_search_hears_so(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "timeout", 0.05)
    async with searching(pool), searching(pool):
        with pytest.raises(Unavailable, match="Too many"):
            async with searching(pool):
                pass
    async with searching(pool):
        pass
