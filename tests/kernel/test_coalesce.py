"""Coalescing: what arrives together goes together, and fails alone."""

import asyncio
from collections.abc import Sequence

import pytest

from tamamo.kernel.coalesce import Coalescer
from tamamo.kernel.errors import Unavailable


class Desk:
    """Doubles numbers; refuses negative ones; as a whole when `strict`."""

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self.calls: list[list[int]] = []
        self.running = self.most = 0
        self.open = asyncio.Event()
        self.open.set()

    async def work(self, items: Sequence[int]) -> list[int | Exception]:
        self.calls.append(list(items))
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.open.wait()
            if self.strict and min(items) < 0:
                raise ValueError("negative")
        finally:
            self.running -= 1
        return [ValueError("negative") if item < 0 else item * 2 for item in items]


async def test_a_lone_item_goes_at_once() -> None:
    desk = Desk()
    assert await Coalescer(desk.work).submit(4) == 8
    assert desk.calls == [[4]]


async def test_items_gather_while_all_lanes_are_busy() -> None:
    desk = Desk()
    desk.open.clear()
    coalescer = Coalescer(desk.work, limit=3, lanes=2)
    tasks = []
    for item in range(9):
        tasks.append(asyncio.create_task(coalescer.submit(item)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    desk.open.set()
    assert await asyncio.gather(*tasks) == [item * 2 for item in range(9)]
    assert desk.calls == [[0], [1], [2, 3, 4], [5, 6, 7], [8]]
    assert desk.most == 2


async def test_an_item_after_a_pause_is_not_forgotten() -> None:
    coalescer = Coalescer(Desk().work, lanes=1)
    for item in range(50):
        assert await asyncio.wait_for(coalescer.submit(item), 1) == item * 2


@pytest.mark.parametrize("strict", [False, True])
async def test_the_failure_of_one_is_its_own(strict: bool) -> None:
    desk = Desk(strict=strict)
    coalescer = Coalescer(desk.work, lanes=1)
    results = await asyncio.gather(
        *(coalescer.submit(item) for item in (1, -1, 2)), return_exceptions=True
    )
    assert results[0] == 2
    assert isinstance(results[1], ValueError)
    assert results[2] == 4


async def test_when_the_database_is_away_nothing_is_tried_again() -> None:
    calls = 0

    async def work(items: Sequence[int]) -> list[int | Exception]:
        nonlocal calls
        calls += 1
        raise Unavailable

    coalescer: Coalescer[int, int] = Coalescer(work, lanes=1)
    results = await asyncio.gather(
        *(coalescer.submit(item) for item in range(5)), return_exceptions=True
    )
    assert all(isinstance(result, Unavailable) for result in results)
    assert calls == 1


async def test_one_who_gave_up_waiting_holds_nobody_up() -> None:
    desk = Desk()
    desk.open.clear()
    coalescer = Coalescer(desk.work, lanes=1)
    first = asyncio.create_task(coalescer.submit(1))
    second = asyncio.create_task(coalescer.submit(2))
    third = asyncio.create_task(coalescer.submit(3))
    await asyncio.sleep(0.01)
    first.cancel()
    second.cancel()
    desk.open.set()
    assert await third == 6
