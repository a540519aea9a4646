"""What was found counts for a moment, and is searched for once."""

import asyncio

import pytest

from tamamo.kernel.identity.cache import Recent


class Source:
    """Searches that take a while; each gives a new number."""

    def __init__(self) -> None:
        self.searches = 0
        self.may_end = asyncio.Event()
        self.fails = False

    async def search(self) -> int:
        self.searches += 1
        number = self.searches
        await self.may_end.wait()
        if self.fails:
            raise LookupError(str(number))
        return number


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    moments = [100.0]
    monkeypatch.setattr("tamamo.kernel.identity.cache.monotonic", lambda: moments[0])
    return moments


async def test_it_counts_from_the_moment_its_search_began(clock: list[float]) -> None:
    recent, source = Recent[str, int](2.0, 10), Source()
    finding = asyncio.create_task(recent.find("a", source.search))
    await asyncio.sleep(0)
    clock[0] += 1.5
    source.may_end.set()
    assert await finding == 1
    assert recent.get("a") == 1 and recent.get("b") is None
    clock[0] += 0.5
    assert recent.get("a") is None
    assert await recent.find("a", source.search) == 2


async def test_an_error_is_raised_for_all_who_wait_and_not_kept(clock: list[float]) -> None:
    recent, source = Recent[str, int](2.0, 10), Source()
    source.fails = True
    waiting = [asyncio.create_task(recent.find("a", source.search)) for _ in range(3)]
    await asyncio.sleep(0)
    source.may_end.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert [str(error) for error in found] == ["1", "1", "1"] and source.searches == 1
    source.fails = False
    assert await recent.find("a", source.search) == 2


async def test_what_was_being_found_when_all_was_forgotten_is_not_kept(clock: list[float]) -> None:
    recent, source = Recent[str, int](2.0, 10), Source()
    before = asyncio.create_task(recent.find("a", source.search))
    await asyncio.sleep(0)
    recent.clear()
    after = asyncio.create_task(recent.find("a", source.search))
    await asyncio.sleep(0)
    source.may_end.set()
    assert (await before, await after) == (1, 2)
    assert recent.get("a") == 2


async def test_it_holds_no_more_than_it_may(clock: list[float]) -> None:
    recent, source = Recent[str, int](2.0, 3), Source()
    source.may_end.set()
    for key in "ab":
        await recent.find(key, source.search)
    clock[0] += 1
    await recent.find("c", source.search)
    clock[0] += 1.5
    await recent.find("d", source.search)
    assert [key for key in "abcd" if recent.get(key)] == ["c", "d"], "those that ended go first"
    for key in "efghij":
        await recent.find(key, source.search)
    assert recent.get("j") and sum(1 for key in "cdefghij" if recent.get(key)) <= 3
