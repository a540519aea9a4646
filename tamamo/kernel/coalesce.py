"""Coalescing: requests that arrive together travel to the database together (docs/performance)."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from tamamo.kernel.errors import Unavailable

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Does the work of several items at once; the answer has one result or error for each, in order.
Work = Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]]


class Coalescer(Generic[Item, Result]):
    """A queue for one kind of work.

    An item goes at once while fewer than `lanes` calls of `work` run; the items that gather
    meanwhile go together, at most `limit` in a call. The failure of one item is its own: when a
    call fails as a whole its items are tried one by one, except when the database is away.
    """

    def __init__(self, work: Work[Item, Result], *, limit: int = 128, lanes: int = 2) -> None:
        """work: called with 1 to `limit` items. lanes: calls that may run at the same time."""
        self._work = work
        self._limit = limit
        self._lanes = lanes
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._busy = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def submit(self, item: Item) -> Result:
        """Return the result of the item's work, or raise its error."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._busy < self._lanes:
            self._busy += 1
            task = asyncio.create_task(self._drain())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _drain(self) -> None:
        try:
            while self._waiting:
                size = min(len(self._waiting), self._limit)
                batch = [self._waiting.popleft() for _ in range(size)]
                await self._run([entry for entry in batch if not entry[1].cancelled()])
        finally:
            self._busy -= 1

    async def _run(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        if not batch:
            return
        try:
            results = await self._work([item for item, _ in batch])
        except Exception as error:
            if len(batch) == 1 or isinstance(error, Unavailable):
                results = [error] * len(batch)
            else:
                for entry in batch:
                    await self._run([entry])
                return
        for (_, future), result in zip(batch, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
