"""Tasks that run until they are cancelled."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, Final

import structlog

_log = structlog.get_logger(__name__)

#: Seconds that a task has to put its things away before it is asked once more to stop.
_AGAIN: Final = 5.0


def wanted() -> bool:
    """Return whether the current task has not been asked to stop: what an endless loop asks.

    In Python 3.11 `asyncio.wait_for` swallows a cancellation that comes together with its result
    (python/cpython#86296), and the connection pool waits by it. A loop that only relies on the
    exception then runs for ever, and whoever stops it waits for ever.
    """
    task = asyncio.current_task()
    return task is None or not task.cancelling()


async def stop(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks and wait until all have ended, however they do.

    They are asked again while they have not: of what waits somewhere without a loop around it
    that asks `wanted`, a cancellation may be swallowed (see there) and be lost for good.
    """
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=_AGAIN)
    await asyncio.gather(*tasks, return_exceptions=True)  # what they raised has been seen


@contextlib.asynccontextmanager
async def beside(work: Coroutine[Any, Any, None], *, name: str) -> AsyncIterator[None]:
    """Run an endless loop while the block runs; at its end stop it and wait until it has."""
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def flushing(
    flush: Callable[[], Awaitable[None]], seconds: float, *, name: str
) -> AsyncIterator[None]:
    """Call `flush` every so many seconds while the block runs, and once more at its end.

    It writes down what is gathered in memory, and keeps it when it raises: then it is told again.
    """

    async def attempt() -> None:
        try:
            await flush()
        except Exception:
            _log.warning("cannot write down, trying again", what=name, exc_info=True)

    async def run() -> None:
        while wanted():
            await asyncio.sleep(seconds)
            await attempt()

    try:
        async with beside(run(), name=name):
            yield
    finally:
        await attempt()
