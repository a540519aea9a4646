"""Delivery: many queues, each in order, none held up by another's receiver."""

import asyncio
from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import structlog
from prometheus_client import Counter as Metric
from prometheus_client import Gauge

from tamamo.context.access.rights import Rights
from tamamo.context.notifications.outbound import (
    Account,
    Begun,
    Outbound,
    Outcome,
    Queue,
    joined,
)
from tamamo.context.notifications.policy import Clock, Policy
from tamamo.context.notifications.records import Records
from tamamo.context.notifications.senders import Refused, Sender, Unreachable, origin_of
from tamamo.context.sourcesubscriptions.compiled import SourceSubscription
from tamamo.context.subscriptions.compiled import Subscriber, Subscription
from tamamo.context.subscriptions.registry import Key, Registry
from tamamo.context.tenants import owner_of
from tamamo.kernel.errors import Unavailable
from tamamo.kernel.identity import Role
from tamamo.kernel.tasks import wanted
from tamamo.kernel.time import now as present
from tamamo.kernel.towns import Towns

_log = structlog.get_logger(__name__)

SENT = Metric("tamamo_notifications_total", "Attempts to deliver a notification.", ["outcome"])
WAITING = Gauge(
    "tamamo_notifications_waiting",
    "Notifications held in memory until their receiver has them.",
    multiprocess_mode="livesum",
)


#: Why something is not delivered that was when it was made.
FORBIDDEN = "The maker of the subscription may not be told this any more"
#: Seconds that outcomes gather when more than a few came at once: one transaction for many.
_GATHER, _FEW = 0.02, 4
#: Seconds a receiver has to answer for beginning and outcome to be stored together.
_TOGETHER = 0.05


class Delivery:
    """Delivers what waits in the buckets of this process."""

    def __init__(
        self,
        registry: Registry,
        records: Records,
        senders: Mapping[str, Sender],
        policy: Policy,
        clock: Clock,
        *,
        rights: Rights,
        towns: Towns | None = None,
    ) -> None:
        """senders: by the scheme of the endpoint's address. towns: who knows the drills."""
        self._rights = rights
        self._towns = towns
        self._registry = registry
        self._records = records
        self._senders = senders
        self._policy = policy
        self._clock = clock
        self._queues: dict[Key, Queue] = {}
        self._under_way: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._account = Account()
        #: The same of what is told before it is stored; whoever began that stores it.
        self.ahead = Account()
        self._settle, self._answered = asyncio.Event(), asyncio.Event()
        self._ahead_answered = asyncio.Event()
        #: Held while outcomes are stored.
        self.storing = asyncio.Lock()

    @property
    def full(self) -> list[Key]:
        """Subscriptions of which no more is to be read for now."""
        return [key for key, queue in self._queues.items() if queue.full]

    def take(self, items: Collection[Outbound], bucket_of: Mapping[Key, int]) -> None:
        """Queue what was read from the database, in order."""
        for item in items:
            queue = self._queues.get(item.key)
            if queue is None:
                queue = self._queues[item.key] = Queue(bucket_of[item.key])
            queue.take(item, self._policy.queue)
        if items:
            self._wake.set()

    def free_queue(self, key: Key, bucket: int) -> Queue | None:
        """Return the queue of a subscription; None where something waits in it."""
        queue = self._queues.setdefault(key, Queue(bucket))
        return queue if queue.free else None

    def wake(self) -> None:
        """Look at once at what waits."""
        self._wake.set()

    def is_open(self, item: Outbound) -> bool:
        """Whether an answer to a first attempt at a notification may still come."""
        queue = self._queues.get(item.key)
        if queue is None or item.seq not in queue.waiting or item.attempts:
            return False
        return not queue.failures or item.entity_id in queue.busy

    async def answered(self, items: Collection[Outbound], patience: float, longest: float) -> None:
        """Wait until each was tried once, or is held back by a failure.

        patience, longest: seconds without any answer, and in all, after which nobody waits longer.
        """
        waiting = deque(items)
        with suppress(TimeoutError):
            async with asyncio.timeout(longest):
                while waiting:
                    if not self.is_open(waiting[0]):
                        waiting.popleft()
                        continue
                    self._ahead_answered.clear()
                    async with asyncio.timeout(patience):
                        await self._ahead_answered.wait()

    def place(self, items: Collection[Outbound], limit: int) -> None:
        """Treat what was told before it was stored as the rest; `seq` tells what was stored.

        limit: notifications of a subscription that are held here.
        """
        begun, outcomes = self.ahead.take()  # what came while it was being stored
        self._account.begun += begun
        self._account.outcomes += [outcome for outcome in outcomes if outcome.item.seq > 0]
        finished = [one.item for one in outcomes if one.error is None or one.dead]
        for key in {item.key for item in items}:
            queue = self._queues.get(key)
            if queue is not None:
                queue.place(limit, [item.seq for item in finished if item.key == key])
                self._drop_if_empty(key, queue)
        if begun or outcomes:
            self._settle.set()
        self._wake.set()

    def wants_more(self) -> bool:
        """Whether a queue has room again for what waits in the database."""
        found = False
        for queue in self._queues.values():
            if queue.full and len(queue.waiting) <= self._policy.queue // 2:
                queue.full, found = False, True
        return found

    def changed(self) -> None:
        """Note that subscriptions changed: some may be gone, or deliver elsewhere."""
        for key in [key for key in self._queues if self._registry.get(key) is None]:
            del self._queues[key]
        self._wake.set()

    async def give_back(self, bucket: int) -> None:
        """Stop delivering a bucket and wait until nothing of it is under way."""
        keys = {key for key, queue in self._queues.items() if queue.bucket == bucket}
        gone = [self._queues.pop(key) for key in keys]

        def at_work() -> bool:
            outcomes = self._account.outcomes + self.ahead.outcomes
            return any(queue.busy for queue in gone) or any(o.item.key in keys for o in outcomes)

        # Rare, and over within the time one attempt may take.
        while at_work():  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def run(self) -> None:
        """Deliver until cancelled; what is under way then may be delivered again."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._start_all(), name="notification starts")
                group.create_task(self._settle_all(), name="notification outcomes")
        finally:
            for task in self._tasks:
                task.cancel()

    async def _start_all(self) -> None:
        while wanted():
            self._wake.clear()
            until = self._start_some()
            WAITING.set(sum(len(queue.waiting) for queue in self._queues.values()))
            if until is None:
                await self._wake.wait()
                continue
            timer = asyncio.create_task(self._clock.sleep(max(until - self._clock.now(), 0.0)))
            woken = asyncio.create_task(self._wake.wait())
            await asyncio.wait({timer, woken}, return_when=asyncio.FIRST_COMPLETED)
            timer.cancel()
            woken.cancel()

    def _start_some(self) -> float | None:
        """Start what can be started; return when to look again if nothing wakes us before."""
        now, moment = self._clock.now(), present()
        started = True
        while started:  # one of each queue in turn: queues of one receiver share it evenly
            started = False
            for key, queue in list(self._queues.items()):
                subscription = self._registry.get(key)
                if subscription is None or not subscription.active(moment):
                    continue
                origin = origin_of(subscription.endpoint.uri)
                if self._under_way[origin] >= self._policy.per_receiver:
                    continue
                item = queue.next(now)
                if item is not None:
                    items = self._with_others(queue, item, subscription, origin)
                    self._start(queue, items, subscription, origin)
                    self._queues[key] = self._queues.pop(key)
                    started = True
        moments = [at for queue in self._queues.values() if (at := queue.wake_at()) is not None]
        return min((at for at in moments if at > now), default=None)

    def _with_others(
        self, queue: Queue, item: Outbound, subscription: Subscriber, origin: str
    ) -> list[Outbound]:
        """Return what goes with an item: others, when more wait than may be under way."""
        room = self._policy.per_receiver - self._under_way[origin]
        crowded = len(queue.waiting) - len(queue.busy) > room
        if crowded and isinstance(subscription, Subscription) and not subscription.join:
            return queue.together(item)
        return [item]

    def _start(
        self, queue: Queue, items: Sequence[Outbound], subscription: Subscriber, origin: str
    ) -> None:
        queue.busy.update(item.entity_id for item in items)
        # What goes as one is sent once.
        begun = Begun(items[0], again=items[0].attempts > 0)
        if begun.item.seq < 0:
            self.ahead.begun.append(begun)
        else:
            self._account.begun.append(begun)
            self._settle.set()
        self._under_way[origin] += 1
        task = asyncio.create_task(self._attempt(queue, items, subscription, origin))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attempt(
        self, queue: Queue, items: Sequence[Outbound], subscription: Subscriber, origin: str
    ) -> None:
        endpoint, policy = subscription.endpoint, self._policy
        try:
            if await self._may_be_told(subscription, items[0]):
                await self._send(subscription, items)
                outcomes = [queue.succeeded(item) for item in items]
            else:
                outcomes = [queue.forbidden(item, FORBIDDEN) for item in items]
        except Refused as error:
            now = self._clock.now()
            outcomes = [queue.refused(item, str(error), now, policy) for item in items]
        except Unreachable as error:
            now = self._clock.now()
            outcomes = queue.unreachable(items, str(error), now, policy, endpoint.cooldown)
        except Unavailable as error:
            outcomes = queue.unreachable(items, str(error), self._clock.now(), policy, 0.0)
        except Exception as error:
            _log.exception("notification failed", subscription=subscription.id)
            now = self._clock.now()
            outcomes = [queue.refused(item, repr(error), now, policy) for item in items]
        finally:
            self._under_way[origin] -= 1
            if not self._under_way[origin]:
                del self._under_way[origin]
        for outcome in outcomes:
            self._tell(outcome)
        if items[0].seq < 0:
            self.ahead.outcomes += outcomes
            self._ahead_answered.set()
        else:
            self._account.outcomes += outcomes
            self._answered.set()
            self._settle.set()
        self._wake.set()

    async def _send(self, subscription: Subscriber, items: Sequence[Outbound]) -> None:
        endpoint = subscription.endpoint
        sender = self._senders[endpoint.uri.partition(":")[0]]
        seconds = min(endpoint.timeout or self._policy.timeout, self._policy.timeout)
        item = items[0] if len(items) == 1 else replace(items[0], body=joined(items))
        await sender.send(subscription, item, seconds)

    async def _may_be_told(self, subscription: Subscriber, item: Outbound) -> bool:
        """Whether its subscriber may still be told all that it might when this was made.

        Of a drill only addresses on its list are told; it may have become shorter since.
        """
        drill = self._towns.drill(owner_of(item.tenant)) if self._towns is not None else None
        if drill is not None and not drill.allows(subscription.endpoint.uri):
            return False
        access = await self._rights.of(subscription)
        if isinstance(subscription, SourceSubscription):
            return access.everything or Role.OPERATOR in access.roles
        return access.subscribe.includes(item.reach)

    def _tell(self, outcome: Outcome) -> None:
        if outcome.error is None:
            SENT.labels("delivered").inc()
            return
        SENT.labels("dead" if outcome.dead else "failed").inc()
        item = outcome.item
        if outcome.dead or item.attempts == 1:
            _log.warning(
                "notification given up" if outcome.dead else "notification failed",
                subscription=item.subscription_id,
                tenant=item.tenant,
                attempts=item.attempts,
                why=outcome.error,
            )

    async def _settle_all(self) -> None:
        while wanted():
            await self._settle.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(_TOGETHER):
                    await self._answered.wait()
            self._settle.clear()
            self._answered.clear()
            begun, self._account.begun = self._account.begun, []
            batch = list(self._account.outcomes)
            async with self.storing:
                await self._store(begun, batch)
                for outcome in batch:
                    # One that failed may have been delivered while its failure was stored: it is
                    # known as delivered until that is stored too, or it would be read once more.
                    if outcome.error is None or outcome.dead:
                        self._forget(outcome.item)
            # Only now: whoever waits for the outcomes must know them stored.
            del self._account.outcomes[: len(batch)]
            if len(begun) + len(batch) > _FEW:
                await asyncio.sleep(_GATHER)

    async def _store(self, begun: list[Begun], batch: list[Outcome]) -> None:
        while True:
            try:
                return await self._records.settle(begun, batch)
            except Unavailable:
                # Delivered is delivered: forgetting it would deliver it again.
                _log.warning("outcomes not stored, trying again", count=len(batch))
                await asyncio.sleep(0.5)

    def _forget(self, item: Outbound) -> None:
        queue = self._queues.get(item.key)
        if queue is None:
            return
        queue.done.discard(item.seq)
        self._drop_if_empty(item.key, queue)

    def _drop_if_empty(self, key: Key, queue: Queue) -> None:
        if queue.free and not queue.done:
            del self._queues[key]
