"""A worker in this process that does the jobs a test names, and what a test asks of the queue."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tamamo.kernel import jobs
from tamamo.kernel.database import Pool, transaction
from tamamo.kernel.jobs import Job, Kind, Run
from tamamo.kernel.jobs import worker as working
from tamamo.kernel.tasks import beside

#: What the handlers below did, by job.
DONE: dict[int, list[Any]] = {}


async def add(run: Run) -> dict[str, int]:
    DONE.setdefault(run.id, []).append((run.tenant, run.actor))
    await run.progress(1, 2, "half")
    await run.progress(2, 2, "all")
    return {"sum": run.args["a"] + run.args["b"]}


async def fail(run: Run) -> None:
    DONE.setdefault(run.id, []).append("begun")
    raise OSError("the disk is full")


async def refuse(run: Run) -> None:
    DONE.setdefault(run.id, []).append("begun")
    raise ValueError("not a number")


async def sleep(run: Run) -> None:
    DONE.setdefault(run.id, []).append("begun")
    await run.progress(3, 10, "asleep")
    await asyncio.sleep(600)


KINDS = {name: Kind(f"{__name__}:{name}", tries=2) for name in ("add", "fail", "refuse", "sleep")}


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Find the handlers here: the module of a conftest cannot be imported by its name."""
    names: dict[str, Callable[[Run], Any]] = {
        "add": add, "fail": fail, "refuse": refuse, "sleep": sleep,
    }  # fmt: skip
    DONE.clear()
    monkeypatch.setattr(working, "load", lambda where: names[where.partition(":")[2]])
    monkeypatch.setattr(working, "LOOK", 0.05)


@asynccontextmanager
async def running(pool: Pool) -> AsyncIterator[None]:
    async with beside(working.work(pool, None, KINDS), name="test worker"):
        yield


async def put(pool: Pool, name: str, **options: Any) -> int:
    async with transaction(pool) as connection:
        return await jobs.defer(
            connection, name, **{"tenant": "default", "actor": "user:1", **options}
        )


async def look(pool: Pool, number: int) -> Job:
    async with transaction(pool) as connection:
        found = await jobs.find(connection, None, number)
    assert found is not None
    return found


async def until(pool: Pool, number: int, wanted: Callable[[Job], bool]) -> Job:
    """Wait until a job is as wanted."""
    async with asyncio.timeout(20):
        while not wanted(job := await look(pool, number)):  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0.05)
    return job
