"""A job is deferred with the caller's transaction, done once, and tells what came of it."""

import asyncio
from datetime import timedelta

import pytest

from tamamo.kernel import jobs
from tamamo.kernel.database import Pool, transaction
from tamamo.kernel.jobs import worker as working
from tamamo.kernel.time import now
from tests.kernel.jobs.conftest import DONE, KINDS, look, put, running, until

pytestmark = pytest.mark.usefixtures("handlers")


async def test_a_job_is_done_for_its_tenant_and_actor_and_tells_its_result(pool: Pool) -> None:
    number = await put(pool, "add", tenant="ayagawa", actor="user:7", args={"a": 2, "b": 3})
    assert (await look(pool, number)).state == "waiting"
    async with running(pool):
        job = await until(pool, number, lambda job: job.state == "succeeded")
    assert DONE[number] == [("ayagawa", "user:7")]
    assert (job.result, job.done, job.total, job.note) == ({"sum": 5}, 2, 2, "all")
    assert job.error is None
    assert job.ended_at is not None and job.started_at is not None
    assert job.ended_at >= job.started_at >= job.created_at


async def test_a_rolled_back_act_leaves_no_job(pool: Pool) -> None:
    with pytest.raises(RuntimeError):
        async with transaction(pool) as connection:
            await jobs.defer(connection, "add", tenant="default", actor="user:1")
            raise RuntimeError
    async with transaction(pool) as connection:
        assert await jobs.listed(connection) == []
        assert await jobs.busy(connection) == (False, False)


async def test_a_failure_is_tried_again_and_then_said(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await put(pool, "fail")
    async with running(pool):
        first = await until(pool, number, lambda job: job.attempts == 1 and job.state == "waiting")
        assert first.error == "OSError: the disk is full"
        assert first.scheduled_at is not None and first.scheduled_at > now()
        async with transaction(pool) as connection:
            await connection.execute("update procrastinate_jobs set scheduled_at = now()")
        last = await until(pool, number, lambda job: job.state == "failed")
    assert (last.attempts, last.error, DONE[number]) == (
        2,
        "OSError: the disk is full",
        ["begun"] * 2,
    )


async def test_what_the_caller_must_mend_is_not_tried_again_but_an_operator_may(
    pool: Pool,
) -> None:
    number = await put(pool, "refuse")
    async with running(pool):
        job = await until(pool, number, lambda job: job.state == "failed")
        assert job.error == "ValueError: not a number"
        async with transaction(pool) as connection:
            await jobs.retry(connection, "default", number, actor="user:2")
        again = await until(pool, number, lambda job: job.attempts == 2 and job.state == "failed")
    assert again.error == "ValueError: not a number"
    async with transaction(pool) as connection:
        rows = await connection.execute("select actor, action, object from audit_event")
        assert await rows.fetchall() == [("user:2", "job.retry", f"job:{number}")]


async def test_one_that_waits_is_cancelled_at_once_and_then_there_is_nothing_to_cancel(
    pool: Pool,
) -> None:
    number = await put(pool, "add", at=now() + timedelta(hours=1))
    async with transaction(pool) as connection:
        assert await jobs.cancel(connection, "default", number, actor="user:1") is False
    job = await look(pool, number)
    assert job.state == "cancelled" and job.ended_at is not None
    async with transaction(pool) as connection:
        with pytest.raises(jobs.JobConflict):
            await jobs.cancel(connection, "default", number, actor="user:1")
        with pytest.raises(jobs.JobConflict):
            await jobs.retry(connection, "default", number, actor="user:1")


async def test_one_that_runs_is_asked_to_stop_and_stops(pool: Pool) -> None:
    number = await put(pool, "sleep")
    async with running(pool):
        job = await until(pool, number, lambda job: job.state == "running" and job.done == 3)
        assert (job.total, job.note) == (10, "asleep")
        async with transaction(pool) as connection:
            assert await jobs.cancel(connection, "default", number, actor="user:1") is True
        await until(pool, number, lambda job: job.state == "cancelled")


async def test_another_tenants_job_is_not_there(pool: Pool) -> None:
    number = await put(pool, "refuse", tenant="ayagawa")
    async with transaction(pool) as connection:
        assert await jobs.listed(connection, tenants=["default"]) == []
        assert await jobs.find(connection, ["default"], number) is None
        assert [job.id for job in await jobs.listed(connection, tenants=["ayagawa"])] == [number]
        with pytest.raises(jobs.JobConflict):
            await jobs.cancel(connection, "default", number, actor="user:1")


async def test_once_means_the_one_that_waits(pool: Pool) -> None:
    later = now() + timedelta(hours=1)
    first = await put(pool, "add", once=True, at=later)
    assert await put(pool, "add", once=True, at=later) == first
    assert await put(pool, "add", once=True, at=later, tenant="ayagawa") != first


async def test_a_process_that_stops_puts_its_job_back(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "GRACE", 0.1)
    number = await put(pool, "sleep")
    async with running(pool):
        await until(pool, number, lambda job: job.state == "running")
    assert (await look(pool, number)).state == "waiting"


async def test_the_job_of_a_dead_process_is_taken_up_and_given_up_after_its_tries(
    pool: Pool,
) -> None:
    number = await put(pool, "sleep")
    fetched = "select id from procrastinate_fetch_job_v2(null, %s)"
    for expected in ("waiting", "failed"):
        async with transaction(pool) as connection:
            cursor = await connection.execute("select * from procrastinate_register_worker_v1()")
            row = await cursor.fetchone()
            await connection.execute(fetched, row)
        assert await working.mend(pool, KINDS) == 0  # its worker has just given a sign
        async with transaction(pool) as connection:
            await connection.execute(
                "update procrastinate_workers set last_heartbeat = now() - interval '1 minute'"
            )
        assert await working.mend(pool, KINDS) == 1
        job = await look(pool, number)
        assert job.state == expected
    assert job.error == "The process that worked on it ended before it was done."


async def test_a_job_nobody_here_knows_fails_with_a_word(pool: Pool) -> None:
    number = await put(pool, "unheard.of")
    async with running(pool):
        job = await until(pool, number, lambda job: job.state == "failed")
    assert job.error is None
    assert DONE.get(number) is None


async def test_what_ended_long_ago_goes(pool: Pool) -> None:
    number = await put(pool, "add", args={"a": 1, "b": 1})
    waiting = await put(pool, "add", at=now() + timedelta(days=1))
    async with running(pool):
        await until(pool, number, lambda job: job.state == "succeeded")
    assert await working.clear(pool) == 0
    async with transaction(pool) as connection:
        await connection.execute(
            "update job set ended_at = now() - interval '31 days' where id = %s", [number]
        )
    assert await working.clear(pool) == 1
    async with transaction(pool) as connection:
        assert [job.id for job in await jobs.listed(connection)] == [waiting]


async def test_at_rest_it_asks_once_a_look_and_loads_nothing(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    look_once = working._look

    async def counted(of: Pool) -> tuple[bool, bool]:
        nonlocal looks
        looks += 1
        return await look_once(of)

    monkeypatch.setattr(working, "_look", counted)
    monkeypatch.setattr(working, "LOOK", 0.2)
    monkeypatch.setattr(working, "application", None)  # calling it would fail
    async with running(pool):
        await asyncio.sleep(1)
    assert 2 <= looks <= 6
