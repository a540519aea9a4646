"""Telling before storing: what its receiver takes at once never waits in the database.

Of the changes that were matched together the position moves on only when each notification is
delivered or stored, in one transaction: whoever dies before that has it matched again. A receiver
that does not answer soon, or fails, is told from the database, as everybody was.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import count
from typing import Final

from tamamo.context.notifications import records
from tamamo.context.notifications.buckets import bucket_of
from tamamo.context.notifications.delivery import Delivery
from tamamo.context.notifications.outbound import Begun, Outbound, Outcome, Queue
from tamamo.context.notifications.outbox import Draft
from tamamo.context.notifications.policy import Clock, Policy
from tamamo.context.subscriptions.registry import Key
from tamamo.kernel.database import Connection

#: Seconds that receivers may leave all questions unanswered, and that answers may take in all.
PATIENCE: Final = 0.2
_LONGEST: Final = 0.5
#: Seconds for which one that had more is told from the database; doubled each time, up to the last.
SLOW: Final = 2.0
_SLOWEST: Final = 3600.0
_NEVER: Final = (0.0, SLOW)


class Ahead:
    """What is told before it is stored: one crowd after the other.

    `tell` and `close`, then `store` in the transaction that moves the position and counts what
    began and what came of it, then `kept` or `lost`.
    """

    def __init__(self, delivery: Delivery, policy: Policy, clock: Clock) -> None:
        self._delivery = delivery
        self._policy = policy
        self._clock = clock
        #: Buckets of which all that waits in the database is known to the queues here.
        self.buckets: frozenset[int] = frozenset()
        self._numbers = count(-1, -1)
        #: Until when, and for how long the next time.
        self._slow: dict[Key, tuple[float, float]] = {}
        self._told: list[Outbound] = []
        self._stored: list[tuple[Outbound, int]] = []
        #: Of what was told: what was not delivered, what began and what came of it.
        self.left: list[Outbound] = []
        self.begun: list[Begun] = []
        self.outcomes: list[Outcome] = []

    @property
    def storing(self) -> asyncio.Lock:
        """Held while outcomes are stored: also from before `close` to `kept` or `lost`."""
        return self._delivery.storing

    async def tell(
        self, drafts: Sequence[Draft], refresh: Callable[[], Awaitable[bool]]
    ) -> list[Draft]:
        """Tell what can be told now and wait a little for answers; return what is to be stored.

        refresh: looks whether subscriptions have changed meanwhile; who is gone is told no more.
        """
        later = self._queue(drafts)
        if self._told:
            self._delivery.wake()
            answered = asyncio.create_task(
                self._delivery.answered(self._told, PATIENCE, _LONGEST), name="answers"
            )
            try:
                while not (await asyncio.wait({answered}, timeout=self._policy.look))[0]:
                    if await refresh():
                        self._delivery.changed()
                answered.result()
            finally:
                answered.cancel()
            self._judge()
        return later

    def _judge(self) -> None:
        """Remember who kept the others waiting."""
        slow = {item.key for item in self._told if self._delivery.is_open(item)}
        for key in {item.key for item in self._told}:
            if key in slow:
                _, seconds = self._slow.get(key, _NEVER)
                self._slow[key] = (self._clock.now() + seconds, min(2 * seconds, _SLOWEST))
            else:
                self._slow.pop(key, None)

    def _queue(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Queue what can be told now; return the others."""
        now = self._clock.now()
        queues: dict[Key, Queue | None] = {}
        later: list[Draft] = []
        for draft in drafts:
            key = draft.subscription.tenant, draft.subscription.id
            if draft.act is not None and draft.act.read:
                queues[key] = None  # noted before it leaves; and nothing goes before it
            elif key not in queues:
                queues[key] = self._queue_of(key, draft, now)
            queue = queues[key]
            if queue is None:
                later.append(draft)
                continue
            item = self._outbound(draft, now)
            queue.waiting[item.seq] = item
            self._told.append(item)
        return later

    def _queue_of(self, key: Key, draft: Draft, now: float) -> Queue | None:
        """Return the queue of a subscription of which nothing waits; None: it is to be stored."""
        one, bucket = draft.subscription, bucket_of(*key, self._policy.buckets)
        if one.throttling is not None or one.endpoint.cooldown:
            return None  # what is left out is known in the transaction only
        if bucket not in self.buckets or self._slow.get(key, _NEVER)[0] > now:
            return None
        return self._delivery.free_queue(key, bucket)

    def _outbound(self, draft: Draft, now: float) -> Outbound:
        message = draft.message
        return Outbound(
            tenant=draft.subscription.tenant,
            subscription_id=draft.subscription.id,
            entity_id=draft.entity_id,
            seq=next(self._numbers),
            media=message.media,
            body=message.body.decode(),
            attempts=0,
            born=now,
            sending=message.sending,
            reach=draft.reach,
        )

    def close(self) -> None:
        """Take what has come of it: the rest is to be stored."""
        self.begun, self.outcomes = self._delivery.ahead.take()
        delivered = {outcome.item.seq for outcome in self.outcomes if outcome.error is None}
        self.left = [item for item in self._told if item.seq not in delivered]

    async def store(self, connection: Connection) -> None:
        """Store what was not delivered, in the caller's transaction."""
        if not self.left:
            return
        found = await records.store_waiting(connection, self.left, self._policy.buckets)
        self._stored = _placed(self.left, found)
        places = {item.seq: seq for item, seq in self._stored}
        failed = [one for one in self.outcomes if one.error is not None and one.item.seq in places]
        await records.note_failures(connection, failed, [places[one.item.seq] for one in failed])

    def kept(self) -> None:
        """Go on from what has been committed: what was stored has its place in the queue."""
        for item, seq in self._stored:
            item.seq = seq
        self._delivery.place(self._told, self._policy.queue)
        self._told, self._stored, self.left = [], [], []
        self.begun, self.outcomes = [], []

    def lost(self) -> None:
        """Forget all of it: nothing was committed, so that it is matched again."""
        self._delivery.ahead.take()
        self._stored = []
        self.kept()


def _placed(
    items: Sequence[Outbound], found: Iterable[tuple[str, str, int]]
) -> list[tuple[Outbound, int]]:
    """Return the items with their sequence numbers; those of subscriptions that are gone have none.

    found: tenant, subscription and number of each that was stored, those of one subscription in
    the order of the items.
    """
    numbers: dict[Key, deque[int]] = defaultdict(deque)
    for tenant, subscription, seq in sorted(found, key=lambda row: row[2]):
        numbers[tenant, subscription].append(seq)
    return [(item, numbers[item.key].popleft()) for item in items if numbers[item.key]]
