"""What was found in the database and counts for a moment."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from time import monotonic
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Values by key, each for `seconds` from the moment its search began, `most` at once.

    A value is looked up once however many ask for it at the same time.
    """

    def __init__(self, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._found: dict[K, tuple[float, V]] = {}
        self._searches: dict[K, asyncio.Task[V]] = {}

    def get(self, key: K) -> V | None:
        """Return a value that still counts."""
        found = self._found.get(key)
        return found[1] if found is not None and found[0] > monotonic() else None

    async def find(self, key: K, search: Callable[[], Awaitable[V]]) -> V:
        """Return the value that `search` gives, joining a search that is under way.

        What it raises is raised for everybody who waits, and not kept.
        """
        task = self._searches.get(key)
        if task is None:
            until = monotonic() + self._seconds
            task = self._searches[key] = asyncio.create_task(self._search(key, until, search))
            # Whoever waited may have left: an error that nobody fetches is no news.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        # The search is everybody's: one who leaves must not end it.
        return await asyncio.shield(task)

    def clear(self) -> None:
        """Forget everything; a search that is under way is not joined any more."""
        self._found.clear()
        self._searches.clear()

    async def _search(self, key: K, until: float, search: Callable[[], Awaitable[V]]) -> V:
        me = asyncio.current_task()
        try:
            value = await search()
            if self._searches.get(key) is me:
                self._keep(key, until, value)
            return value
        finally:
            if self._searches.get(key) is me:
                del self._searches[key]

    def _keep(self, key: K, until: float, value: V) -> None:
        found = self._found
        if len(found) >= self._most:
            now = monotonic()
            self._found = found = {k: kept for k, kept in found.items() if kept[0] > now}
            if len(found) >= self._most:
                found.clear()
        found[key] = until, value
