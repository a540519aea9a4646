"""`tamamo work` keeps its services running, whatever they raise."""

import asyncio
from typing import Any

import pytest

from tamamo.server import work


async def test_a_service_starts_again_although_its_task_group_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(work, "_FIRST_PAUSE", 0.01)
    starts, again = 0, asyncio.Event()

    async def fail() -> None:
        await asyncio.sleep(0)
        raise OSError("the database is away")

    async def service(_: Any) -> None:
        nonlocal starts
        starts += 1
        if starts > 2:
            again.set()
            await asyncio.Event().wait()
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
            group.create_task(asyncio.Event().wait())

    broker: Any = None
    task = asyncio.create_task(work.keep_running("fragile", service, broker))
    await asyncio.wait_for(again.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)
    assert starts == 3
