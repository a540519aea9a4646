"""From messages to the history: a bounded queue, batches, and the word to the broker at the end.

A message is acknowledged when what it brings is committed, or when what cannot be used of it is
noted. What waits is bounded: above ROOM nothing more is read from the connection. (The window that
MQTT has for it, ReceiveMaximum, is set as well, but mosquitto 2.0 sends more than it allows when
several acknowledgements come at once.)
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeVar

import structlog

from tamamo.context.broker import Broker
from tamamo.context.model.entity import Entity
from tamamo.context.observations import Recorded
from tamamo.feeds.coordinator import Clock, SystemClock
from tamamo.feeds.mqtt import troubles
from tamamo.feeds.mqtt.arrived import Arrived
from tamamo.feeds.mqtt.configuration import Connection
from tamamo.feeds.mqtt.desk import Desk, Read
from tamamo.feeds.mqtt.ledger import Ledger
from tamamo.feeds.mqtt.seen import Seen
from tamamo.feeds.mqtt.translate import Route
from tamamo.feeds.mqtt.troubles import Trouble
from tamamo.feeds.plausibility import Judge
from tamamo.feeds.quality import Reason
from tamamo.feeds.status import Declaration
from tamamo.kernel import retry
from tamamo.kernel.errors import Problem, Unavailable
from tamamo.kernel.tasks import wanted

#: Messages written together at most.
BATCH: Final = 1000
#: Messages that may wait before reading stops; it goes on at half of them.
ROOM: Final = 2 * BATCH
#: Seconds between two tries while the database is away.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0

T = TypeVar("T")

_logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Brought:
    """What a feed's messages bring, judged."""

    reads: list[Read] = field(default_factory=list)
    entities: list[Entity] = field(default_factory=list)


class Intake:
    """Takes the messages of one connection.

    flow: called with False when enough waits, and with True when there is room again.
    """

    def __init__(
        self,
        broker: Broker,
        connection: Connection,
        routes: Sequence[Route],
        clock: Clock | None = None,
        flow: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._broker = broker
        self._clock = clock or SystemClock()
        self._desk = Desk(broker, connection, routes)
        self._seen = Seen(self._clock)
        self._judge = Judge(broker.pool, self._clock.now)
        self._flow = flow
        self._flowing = True
        self._waiting: deque[Arrived] = deque()
        self._some = asyncio.Event()
        self._lost: list[Trouble] = []
        self.ledger = Ledger(broker.pool, self._clock)
        #: The most that ever waited.
        self.peak = 0

    @property
    def waiting(self) -> int:
        """How many messages wait."""
        return len(self._waiting)

    @property
    def flowing(self) -> bool:
        """Whether there is room for more."""
        return self._flowing

    def arrive(self, message: Arrived) -> None:
        """Take a message from the connection; called in the event loop, never waits."""
        self._waiting.append(message)
        self.peak = max(self.peak, len(self._waiting))
        self._some.set()
        if self._flowing and len(self._waiting) >= ROOM:
            self._flowing = False
            self._flow(False)

    def lose(self, reason: Reason, topic: str = "") -> None:
        """Note that something was lost before it came to us."""
        self._lost.append(self._desk.unplaced(reason, topic))
        self._some.set()

    async def run(self) -> None:
        """Write what comes until cancelled."""
        while wanted():
            await self._some.wait()
            self._some.clear()
            while self._waiting or self._lost:
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                if not self._flowing and len(self._waiting) <= ROOM // 2:
                    self._flowing = True
                    self._flow(True)
                try:
                    await self.take(batch)
                except Exception as error:
                    # Not acknowledged: the broker sends them again with the next connection.
                    _logger.exception("mqtt_batch_not_taken", messages=len(batch))
                    self.lose(troubles.not_stored(type(error).__name__))
                    await self._clock.sleep(_LONGEST_PAUSE)

    async def take(self, batch: Sequence[Arrived]) -> None:
        """Write a batch and acknowledge it; while the database is away, wait."""
        lost, self._lost = self._lost, []
        reads, found = await self._read(batch)
        brought = await self._patiently(lambda: self._judged(reads))
        for feed, one in brought.items():
            recorded, refused = await self._record(feed.tenant, one)
            found += refused
            newest = max((r.newest for r in one.reads if r.newest is not None), default=None)
            self.ledger.add(feed, recorded, newest, one.reads[-1].excerpt)
        devices = self._seen.entities(reads)
        for tenant, entities in devices.items():
            await self._record(tenant, _Brought(entities=entities))
        found += lost
        await self._patiently(lambda: troubles.note(self._broker.pool, self._clock.now(), found))
        for trouble in found:
            self.ledger.refuse(self._desk.feed_of(trouble), trouble)
        for message in batch:
            if message.acknowledge is not None:
                message.acknowledge()

    async def _read(self, batch: Sequence[Arrived]) -> tuple[list[Read], list[Trouble]]:
        """Read a batch; where that fails by a fault of ours, message by message."""
        try:
            return await self._patiently(lambda: self._desk.read(batch, self._clock.now()))
        except Exception:
            _logger.exception("mqtt_batch_unreadable")
        reads: list[Read] = []
        found: list[Trouble] = []
        for message in batch:
            one = partial(self._desk.read, (message,), self._clock.now())
            try:
                more, troubled = await self._patiently(one)
            except Exception as error:
                reason = troubles.not_stored(type(error).__name__)
                more, troubled = [], [self._desk.unplaced(reason, message.topic)]
            reads += more
            found += troubled
        return reads, found

    async def _judged(self, reads: Sequence[Read]) -> dict[Declaration, _Brought]:
        brought: dict[Declaration, _Brought] = {}
        for read in reads:
            one = brought.setdefault(read.route.feed, _Brought())
            one.reads.append(read)
            one.entities += read.entities
        for feed, one in brought.items():
            judged = await self._judge.judged(feed.tenant, one.entities)
            one.entities = judged.entities
            self.ledger.suspect(feed, judged.suspects)
        return brought

    async def _record(self, tenant: str, one: _Brought) -> tuple[Recorded, list[Trouble]]:
        """Write it together; where that is refused, message by message, so that one harms none."""
        record = self._broker.observations.record
        try:
            return await self._patiently(lambda: record(tenant, one.entities)), []
        except Exception as error:
            if not isinstance(error, Problem):
                _logger.exception("mqtt_batch_failed", tenant=tenant)
            if not one.reads:
                return Recorded(), []
        recorded, refused = Recorded(), []
        for read in one.reads:
            try:
                recorded += await self._patiently(partial(record, tenant, read.entities))
            except Exception as error:
                detail = error.detail if isinstance(error, Problem) else type(error).__name__
                refused.append(read.trouble(troubles.not_stored(detail[:200])))
        return recorded, refused

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Return what the work returns; while the database is away, try again for ever."""
        failures = 0
        while True:
            try:
                return await work()
            except Unavailable:
                failures += 1
                seconds = retry.pause(failures, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
                await self._clock.sleep(seconds)
