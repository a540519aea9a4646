"""How the feeds of a connection do, gathered and written every few seconds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from tamamo.context.observations import Recorded
from tamamo.feeds.coordinator import Clock
from tamamo.feeds.errors import FeedError
from tamamo.feeds.mqtt import troubles
from tamamo.feeds.mqtt.troubles import Trouble
from tamamo.feeds.quality import Reason
from tamamo.feeds.records import FeedRecords
from tamamo.feeds.rejects import Reject
from tamamo.feeds.status import Declaration, FeedStatuses
from tamamo.kernel.database import Pool
from tamamo.kernel.errors import Problem
from tamamo.kernel.tasks import wanted

#: Seconds between two notes.
EVERY: Final = 5.0
#: Rejects of one note that stand in its rejects file.
_MOST_REJECTS: Final = 1000

_logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Tally:
    recorded: Recorded = field(default_factory=Recorded)
    rejected: int = 0
    unauthorised: int = 0
    suspects: int = 0
    newest: datetime | None = None
    record: str | None = None


class Ledger:
    """Counts by feed since the last note."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._statuses = FeedStatuses(pool)
        self._records = FeedRecords(pool)
        self._clock = clock
        self._tallies: dict[Declaration, _Tally] = {}
        self._rejects: dict[Declaration, list[Reject]] = {}

    def add(
        self, feed: Declaration, recorded: Recorded, newest: datetime | None, record: str
    ) -> None:
        """Count what was written."""
        tally = self._tallies.setdefault(feed, _Tally())
        tally.recorded += recorded
        tally.newest = max(filter(None, (tally.newest, newest)), default=None)
        tally.record = record or tally.record

    def suspect(self, feed: Declaration, number: int) -> None:
        """Count values that were kept but marked."""
        if number:
            self._tallies.setdefault(feed, _Tally()).suspects += number

    def refuse(self, feed: Declaration, trouble: Trouble) -> None:
        """Count what could not be used."""
        tally = self._tallies.setdefault(feed, _Tally())
        if trouble.reason.code in troubles.UNAUTHORISED:
            tally.unauthorised += 1
            return
        tally.rejected += 1
        kept = self._rejects.setdefault(feed, [])
        if len(kept) < _MOST_REJECTS:
            kept.append(_reject(len(kept) + 1, trouble.field, trouble.reason, trouble))

    async def run(self, own: Callable[[], None]) -> None:
        """Note every few seconds until cancelled. own: adds what the connection has to say."""
        while wanted():
            await self._clock.sleep(EVERY)
            own()
            await self.note()

    async def note(self) -> None:
        """Write down what was counted; without a database it is kept for the next time."""
        tallies, self._tallies = self._tallies, {}
        rejects, self._rejects = self._rejects, {}
        now = self._clock.now()
        for feed, tally in tallies.items():
            try:
                await self._statuses.succeeded(
                    feed,
                    now,
                    tally.recorded,
                    rejected=tally.rejected,
                    suspects=tally.suspects,
                    unauthorised=tally.unauthorised,
                    newest=tally.newest,
                    record=tally.record,
                )
                await self._records.keep_rejects(feed, now, rejects.get(feed, []))
            except Problem as error:
                _logger.warning("mqtt_status_not_kept", feed=feed.id, message=error.detail)

    async def declare(self, feed: Declaration) -> None:
        """Make a feed known. Raises Unavailable."""
        await self._statuses.declare(feed)

    async def failed(self, feed: Declaration, error: FeedError) -> None:
        """Note that a connection failed."""
        try:
            await self._statuses.failed(feed, self._clock.now(), error)
        except Problem as problem:
            _logger.warning("mqtt_status_not_kept", feed=feed.id, message=problem.detail)


def _reject(row: int, where: str, reason: Reason, trouble: Trouble) -> Reject:
    return Reject(row, where, reason, [trouble.topic, trouble.example])
