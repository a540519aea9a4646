"""One reader of the changes, with a queue that is never longer than it may be."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from tamamo.context.changes.change import Change, Filter, Position


class SlowReader(Exception):
    """The reader lagged more than its queue holds; it can resume after its last position."""


class Closed(Exception):
    """The process is going down."""


class Subscription:
    """Changes for one reader, in order: those missed since `after`, then live ones.

    gap: changes since `after` are no longer kept, so the reader must load the state anew.
    """

    def __init__(self, wanted: Filter, behind: Position, length: int) -> None:
        """behind: live changes up to here are not for this reader. length: of its queue."""
        self.filter = wanted
        self.gap = False
        self._behind = behind
        self._length = length
        self._queue: deque[Change] = deque()
        self._wake = asyncio.Event()
        self._end: Exception | None = None
        self._missed: AsyncIterator[Change] | None = None

    def catch_up(self, missed: AsyncIterator[Change]) -> None:
        """Read these changes before the live ones."""
        self._missed = missed

    @property
    def ended(self) -> bool:
        """Whether nothing more will be offered to it."""
        return self._end is not None

    def offer(self, change: Change) -> None:
        """Queue a live change if it is wanted; drop the reader when its queue is full."""
        if self._end is not None or change.at <= self._behind or not self.filter.wants(change):
            return
        if len(self._queue) >= self._length:
            self.end(SlowReader())
            return
        self._queue.append(change)
        self._wake.set()

    def end(self, reason: Exception) -> None:
        """Give the reader this exception next; what is queued is let go to free the memory."""
        self._end = self._end or reason
        self._queue.clear()
        self._wake.set()

    def __aiter__(self) -> AsyncIterator[Change]:
        return self

    async def __anext__(self) -> Change:
        change = await self.next()
        if change is None:  # pragma: no cover - without a limit there is always one
            raise StopAsyncIteration
        return change

    async def next(self, within: float | None = None) -> Change | None:
        """Return the next change, None when none came within that many seconds.

        Raises SlowReader when this reader was dropped, Closed when the process is going down.
        """
        if self._end is not None:
            raise self._end
        if self._missed is not None:
            async for change in self._missed:
                return change
            self._missed = None
        try:
            async with asyncio.timeout(within):
                while not self._queue:
                    if self._end is not None:
                        raise self._end
                    self._wake.clear()
                    await self._wake.wait()
        except TimeoutError:
            return None
        return self._queue.popleft()
