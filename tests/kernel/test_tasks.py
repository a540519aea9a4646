import asyncio
from contextlib import suppress

from tamamo.kernel.tasks import wanted


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


async def test_a_task_nobody_stopped_is_wanted() -> None:
    assert wanted()
