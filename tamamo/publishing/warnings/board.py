"""What holds in a town now, in memory: every page of the portal asks."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Final
from weakref import WeakKeyDictionary

import structlog

from tamamo.kernel.database import Pool, single
from tamamo.kernel.errors import Unavailable
from tamamo.publishing.warnings import store
from tamamo.publishing.warnings.model import Published
from tamamo.publishing.warnings.setup import Setup, read

#: Seconds for which a process believes what it read.
FRESH: Final = 1.0
#: Towns remembered; the least recently asked go first.
_MOST: Final = 500
_logger = structlog.get_logger()


@dataclass(slots=True)
class _Town:
    read_at: float = float("-inf")
    messages: tuple[Published, ...] = ()
    setup: Setup | None = None
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


_BOARDS: WeakKeyDictionary[Pool, dict[str, _Town]] = WeakKeyDictionary()


async def in_force(pool: Pool, tenant: str, now: datetime) -> tuple[Published, ...]:
    """Return the warnings that hold in a town at a moment, the highest level first.

    At most a second old. While the database is away: those known last, as far as they still hold.
    """
    return (await posted(pool, tenant, now))[0]


async def posted(
    pool: Pool, tenant: str, now: datetime
) -> tuple[tuple[Published, ...], Setup | None]:
    """Like `in_force`, with the town's setup, which names its places; None where nothing holds."""
    town = await _known(pool, tenant, now)
    held = [one for one in town.messages if one.state(now) == "in_force"]
    return tuple(sorted(held, key=lambda one: (-one.content.level, -one.number))), town.setup


def forget(pool: Pool, tenant: str) -> None:
    """Read a town anew at the next question: something was published in this process."""
    boards = _BOARDS.get(pool)
    if boards is not None and tenant in boards:
        boards[tenant].read_at = float("-inf")


async def _known(pool: Pool, tenant: str, now: datetime) -> _Town:
    boards = _BOARDS.setdefault(pool, {})
    town = boards.pop(tenant, None) or _Town()
    boards[tenant] = town
    while len(boards) > _MOST:
        boards.pop(next(iter(boards)))
    if monotonic() - town.read_at < FRESH:
        return town
    async with town.reading:
        if monotonic() - town.read_at >= FRESH:
            started = monotonic()
            try:
                async with single(pool) as connection:
                    town.messages = tuple(await store.not_ended(connection, tenant, now))
                    town.setup = (await read(connection, tenant)).setup if town.messages else None
            except Unavailable:
                _logger.warning("warnings_not_read", tenant=tenant)
            town.read_at = started
    return town
