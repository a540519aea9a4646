"""One service of `tamamo work`: match what changed, deliver what matched."""

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from tamamo.context.access.rights import Rights
from tamamo.context.notifications.ahead import Ahead
from tamamo.context.notifications.buckets import Buckets, bucket_of
from tamamo.context.notifications.delivery import Delivery
from tamamo.context.notifications.matcher import Look, Matcher, Round, look
from tamamo.context.notifications.mqtt import MqttSender
from tamamo.context.notifications.policy import Clock, Policy, RealClock
from tamamo.context.notifications.records import PAGE, Records
from tamamo.context.notifications.senders import HttpSender, Sender
from tamamo.context.subscriptions.registry import Registry
from tamamo.kernel.database import single
from tamamo.kernel.outgoing import Outgoing
from tamamo.kernel.tasks import wanted

if TYPE_CHECKING:
    from tamamo.context.broker import Broker


async def run(broker: "Broker") -> None:
    """Notify subscribers until cancelled."""
    await Notifier(broker).run()


class Notifier:
    """The notifications of one process; several share a database."""

    def __init__(
        self, broker: "Broker", policy: Policy | None = None, clock: Clock | None = None
    ) -> None:
        self._broker = broker
        self._policy = policy or Policy()
        self._clock = clock or RealClock()
        self._registry = Registry()
        self._records = Records(broker.pool, self._clock)
        self._rights = Rights(broker.identity)
        self._matcher = Matcher(
            broker.pool,
            broker.entities,
            self._registry,
            self._policy.buckets,
            self._rights,
            towns=broker.towns,
        )
        #: What waits is read behind this sequence number.
        self._behind = 0
        #: Whether to read whatever waits, from the beginning.
        self._anew = True
        #: Buckets of which all that waits is being read, from the beginning.
        self._scanned: frozenset[int] = frozenset()
        #: How often others than the matcher have stored notifications, as far as is known.
        self._queued = 0

    async def run(self) -> None:
        """Match and deliver until cancelled, or until the database is lost."""
        settings = self._broker.settings
        assert settings.database_url is not None
        async with AsyncExitStack() as stack:
            outgoing = await stack.enter_async_context(Outgoing(settings))
            mqtt = MqttSender(outgoing)
            stack.push_async_callback(mqtt.close)
            http = HttpSender(outgoing)
            senders: dict[str, Sender] = {"http": http, "https": http, "mqtt": mqtt, "mqtts": mqtt}
            buckets = await stack.enter_async_context(
                Buckets(settings.database_url, self._policy.buckets)
            )
            delivery = Delivery(
                self._registry,
                self._records,
                senders,
                self._policy,
                self._clock,
                rights=self._rights,
                towns=self._broker.towns,
            )
            self._matcher.ahead = ahead = Ahead(delivery, self._policy, self._clock)
            async with asyncio.TaskGroup() as group:
                group.create_task(delivery.run(), name="delivery")
                group.create_task(self._claim_all(buckets, delivery, ahead), name="buckets")
                group.create_task(self._feed_all(buckets, delivery, ahead), name="matching")

    async def _claim_all(self, buckets: Buckets, delivery: Delivery, ahead: Ahead) -> None:
        while wanted():
            before = set(buckets.held)
            surplus = await buckets.claim()
            for number in surplus:
                buckets.held.discard(number)
                self._scanned -= {number}
                ahead.buckets -= {number}
                await delivery.give_back(number)
                await buckets.release(number)
            if buckets.held - before:
                self._read_anew()
            await asyncio.sleep(self._policy.claim)

    async def _feed_all(self, buckets: Buckets, delivery: Delivery, ahead: Ahead) -> None:
        scanned = self._clock.now()
        while wanted():
            done = await self._step(buckets)
            seen, again = done.seen, done.again
            if seen.version != self._registry.version:
                await self._refresh(seen)
                delivery.changed()
                continue
            if seen.queued != self._queued:
                self._queued = seen.queued
                self._read_anew()
            if not len(self._registry):
                await asyncio.sleep(self._policy.idle_look)
                continue
            if delivery.wants_more() or self._clock.now() - scanned > self._policy.rescan:
                # What was put back into the queue has a place before what has been seen.
                scanned = self._clock.now()
                self._read_anew()
            if done.stored or self._anew or not (buckets.matches and buckets.sharers == 1):
                again = await self._read_waiting(buckets, delivery, ahead) or again
            # Where something was just told, more is on its way.
            pause = self._policy.look / (2 if done.stored or done.told else 1)
            await asyncio.sleep(0 if again else pause)

    async def _step(self, buckets: Buckets) -> Round:
        if not buckets.matches or not len(self._registry):
            return Round(await look(self._broker.pool), 0, again=False)
        return await self._matcher.round()

    async def _refresh(self, seen: Look) -> None:
        async with single(self._broker.pool) as connection:
            await self._registry.refresh(connection, seen.version)

    def _read_anew(self) -> None:
        self._behind, self._anew = 0, True

    async def _read_waiting(self, buckets: Buckets, delivery: Delivery, ahead: Ahead) -> bool:
        # Not while outcomes are stored: what has been delivered must not be read once more.
        async with delivery.storing:
            if self._anew or not self._behind:
                # Whoever matched before may still have stored something.
                self._scanned = frozenset(buckets.held if buckets.matches else ())
            self._anew = False
            items = await self._records.waiting(buckets.held, self._behind, delivery.full)
            places = {item.key: bucket_of(*item.key, self._policy.buckets) for item in items}
            # A bucket may have been given back while we read.
            mine = [item for item in items if places[item.key] in buckets.held]
            delivery.take(mine, places)
        if items and not self._anew:
            self._behind = items[-1].seq
        more = len(items) == PAGE
        ahead.buckets = frozenset() if more or self._anew else self._scanned
        return more
