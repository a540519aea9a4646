"""Tasks that run until they are cancelled."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import structlog

_log = structlog.get_logger(__name__)


def wanted() -> bool:
    """Return whether the current task has not been asked to stop: what an endless loop asks.

    In Python 3.11 `asyncio.wait_for` swallows a cancellation that comes together with its result
    (python/cpython#86296), and the connection pool waits by it. A loop that only relies on the
    exception then runs for ever, and whoever stops it waits for ever.
    """
    task = asyncio.current_task()
    return task is None or not task.cancelling()


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
