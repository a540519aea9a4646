"""The coordinator: runs each feed at its interval, fetch → read → observe, and keeps its status.

Whatever goes wrong upstream becomes one of NotAuthorised, NotReady, UpdateFailed, is written down
with its time, and is followed by a pause that grows; the other feeds go on.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from tamamo.context.model.entity import Entity
from tamamo.context.observations import Recorded
from tamamo.feeds.errors import FeedError, NotAuthorised, classify, scrub
from tamamo.feeds.plausibility import Judge, Judged
from tamamo.feeds.records import FeedRecords
from tamamo.feeds.rejects import Reject
from tamamo.feeds.status import Declaration, FeedStatuses
from tamamo.kernel import time as kernel_time
from tamamo.kernel.errors import Problem
from tamamo.kernel.tasks import wanted

#: The longest pause between two tries of a feed that fails.
LONGEST_PAUSE = timedelta(minutes=15)
#: A feed whose fetch takes longer than this is not ready.
FETCH_LIMIT = timedelta(seconds=60)

_logger = structlog.get_logger()

Observe = Callable[[str, Sequence[Entity]], Awaitable[Recorded]]


class Clock(Protocol):
    """Time as the coordinator sees it; tests drive their own."""

    def now(self) -> datetime:
        """Return the present moment, UTC."""

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present moment, UTC."""
        return kernel_time.now()

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Feed:
    """A source of data.

    fetch: get the raw data; whatever it raises is classified. read: turn the raw data into
    entities, and into rejects what cannot be used. `declaration.interval` must be set. again:
    `module:function` by which a kept record can be read again (tamamo.feeds.again.Reading).
    """

    declaration: Declaration
    fetch: Callable[[], Awaitable[Any]]
    read: Callable[[Any], Iterable[Entity | Reject]]
    again: str = ""


class Coordinator:
    """Runs feeds until it is cancelled."""

    def __init__(
        self,
        feeds: Sequence[Feed],
        statuses: FeedStatuses,
        observe: Observe,
        clock: Clock | None = None,
        jitter: Callable[[], float] = random.random,
        *,
        records: FeedRecords | None = None,
        judge: Judge | None = None,
    ) -> None:
        """judge: decides what of the entities can be believed; None: all is taken as it comes."""
        self._feeds = feeds
        self._statuses = statuses
        self._observe = observe
        self._clock = clock or SystemClock()
        self._jitter = jitter
        self._records = records
        self._judge = judge

    async def run(self) -> None:
        """Run every feed for ever, each in a task of its own."""
        async with asyncio.TaskGroup() as group:
            for feed in self._feeds:
                group.create_task(self.run_feed(feed), name=f"feed {feed.declaration.id}")

    async def run_feed(self, feed: Feed) -> None:
        """Run one feed for ever: at its interval, or later when it fails again and again."""
        interval = feed.declaration.interval
        assert interval is not None
        failures = 0
        declared = False
        while wanted():
            started = self._clock.now()
            if not declared:
                declared = await self._keep(self._statuses.declare(feed.declaration))
            error = await self.attempt(feed)
            failures = 0 if error is None else failures + 1
            pause = interval if error is None else self.pause(interval, failures, error)
            spent = self._clock.now() - started
            await self._clock.sleep(max(pause - spent, timedelta(0)).total_seconds())

    def pause(self, interval: timedelta, failures: int, error: FeedError) -> timedelta:
        """Return how long to wait after the n-th failure in a row.

        Doubles from the interval up to LONGEST_PAUSE, less up to half by chance, so that many
        feeds of one source do not come back together. Without a right key only a person can
        help: the longest pause at once.
        """
        longest = max(LONGEST_PAUSE, interval)
        if isinstance(error, NotAuthorised):
            full = longest
        else:
            full = min(interval * 2 ** min(failures - 1, 20), longest)
        return full * (1 - self._jitter() / 2)

    async def attempt(self, feed: Feed) -> FeedError | None:
        """Run a feed once, note how it went, and return the error if there was one."""
        declaration = feed.declaration
        try:
            async with asyncio.timeout(FETCH_LIMIT.total_seconds()):
                raw = await feed.fetch()
            # Before it is read: what cannot be read is what somebody will want to see.
            await self._keep_record(feed, raw)
            items = list(feed.read(raw))
            judged = await self._judged(declaration.tenant, items)
            recorded = await self._observe(declaration.tenant, judged.entities)
        except Exception as cause:
            return await self._failed(declaration, classify(cause))
        await self._keep(
            self._statuses.succeeded(
                declaration,
                self._clock.now(),
                recorded,
                rejected=len(judged.rejects),
                suspects=judged.suspects,
                newest=newest(judged.entities),
                record=excerpt(raw),
            )
        )
        if self._records is not None and judged.rejects:
            rejects = judged.rejects
            await self._keep(self._records.keep_rejects(declaration, self._clock.now(), rejects))
        return None

    async def _judged(self, tenant: str, items: Sequence[Entity | Reject]) -> Judged:
        entities = [item for item in items if isinstance(item, Entity)]
        rejects = [item for item in items if isinstance(item, Reject)]
        if self._judge is None:
            return Judged(entities, rejects)
        judged = await self._judge.judged(tenant, entities)
        judged.rejects[:0] = rejects
        return judged

    async def _failed(self, declaration: Declaration, error: FeedError) -> FeedError:
        message = scrub(str(error), declaration.secrets)
        _logger.warning("feed_failed", feed=declaration.id, kind=error.kind, message=message)
        await self._keep(self._statuses.failed(declaration, self._clock.now(), error))
        return error

    async def _keep_record(self, feed: Feed, raw: object) -> None:
        """Keep what came, where it is text or bytes."""
        if self._records is None or not isinstance(raw, bytes | str):
            return
        body = raw if isinstance(raw, bytes) else raw.encode("utf-8", "replace")
        reader = {"reader": feed.again} if feed.again else None
        now = self._clock.now()
        await self._keep(self._records.keep(feed.declaration, now, body, reader=reader))

    async def _keep(self, write: Awaitable[None]) -> bool:
        """Write a status; without a database the feed goes on and the log tells."""
        try:
            await write
        except Problem as error:
            _logger.warning("feed_status_not_kept", message=error.detail)
            return False
        return True


def newest(entities: Iterable[Entity]) -> datetime | None:
    """Return the latest observation among the entities."""
    times = {
        instance["observedAt"]
        for entity in entities
        for instances in entity.attrs.values()
        for instance in instances
        if "observedAt" in instance
    }
    return max(map(kernel_time.from_text, times), default=None)


def excerpt(raw: object) -> str:
    """Return the beginning of a raw record as text."""
    if isinstance(raw, bytes):
        return raw[:8000].decode("utf-8", "replace")
    return (raw if isinstance(raw, str) else repr(raw))[:8000]
