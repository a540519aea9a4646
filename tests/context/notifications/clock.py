"""A clock that tests move by hand."""

import asyncio


class HandClock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._moved = asyncio.Condition()

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        until = self._now + seconds
        async with self._moved:
            await self._moved.wait_for(lambda: self._now >= until)

    async def advance(self, seconds: float) -> None:
        async with self._moved:
            self._now += seconds
            self._moved.notify_all()
