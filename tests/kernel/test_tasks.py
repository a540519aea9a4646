import asyncio
from contextlib import suppress

import pytest

from tamamo.kernel import tasks
from tamamo.kernel.tasks import flushing, stop, wanted


async def test_a_loop_ends_although_its_cancellation_was_swallowed() -> None:
    begun = asyncio.Event()

    async def work() -> int:
        rounds = 0
        while wanted():
            rounds += 1
            begun.set()
            with suppress(asyncio.CancelledError):  # as asyncio.wait_for of Python 3.11 may
                await asyncio.sleep(60)
        return rounds

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    assert await asyncio.wait_for(task, 5) == 1


async def test_what_swallowed_its_cancellation_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "_AGAIN", 0.01)
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.Event().wait()

    async def failing() -> None:
        raise OSError

    stubborn, failed = asyncio.create_task(work()), asyncio.create_task(failing())
    await begun.wait()
    await asyncio.wait_for(stop(stubborn, failed), 5)
    assert stubborn.cancelled()
    await stop()


async def test_a_task_nobody_stopped_is_wanted() -> None:
    assert wanted()


async def test_what_is_gathered_is_written_at_the_end_and_again_after_a_failure() -> None:
    calls, again = 0, asyncio.Event()

    async def flush() -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise OSError
        again.set()

    async with flushing(flush, 0.01, name="trial"):
        await again.wait()
        before = calls
    assert calls > before
