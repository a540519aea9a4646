"""Delivery: what is due goes out, and no receiver that is down delays another.

A process takes what is due at hosts it is not busy with; of one host a few messages are under way
at once. A host that does not answer is left alone for a while and all that waits for it with it.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from prometheus_client import Counter
from psycopg.rows import dict_row

from tamamo.kernel import sql
from tamamo.kernel.database import Pool, transaction
from tamamo.kernel.errors import Unavailable
from tamamo.kernel.tasks import wanted
from tamamo.messaging.gate import endpoints, gate_of
from tamamo.messaging.model import Channel, Item, Reason, State
from tamamo.messaging.policy import Clock, Policy, RealClock
from tamamo.messaging.senders import From, Later, Never, Sender

_SQL = sql.load("tamamo.messaging")
_log = structlog.get_logger(__name__)

MESSAGES = Counter("tamamo_messages_total", "Attempts at messages.", ["channel", "outcome"])
#: Seconds between looks for messages that are old enough to go.
_SWEEP_SECONDS = 3600.0


@dataclass(slots=True)
class _Host:
    """What is under way to one host."""

    room: asyncio.Semaphore
    held: int = 0
    failures: int = 0
    not_before: datetime | None = None


@dataclass(slots=True)
class Delivery:
    """The messages of one process; several share a database."""

    pool: Pool
    senders: Mapping[Channel, Sender]
    policy: Policy = field(default_factory=Policy)
    clock: Clock = field(default_factory=RealClock)
    _hosts: dict[str, _Host] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _swept: datetime | None = None

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            while wanted():
                taken = 0
                try:
                    taken = await self.round()
                    await self._sweep()
                except Unavailable:
                    _log.warning("messages_wait", why="the database cannot be reached")
                await self.clock.sleep(0 if taken else self.policy.look)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def round(self) -> int:
        """Begin to deliver what is due; return how many messages that are."""
        now = self.clock.now()
        async with transaction(self.pool) as connection:
            cursor = await connection.execute(_SQL["expire"], {"now": now})
            for (channel,) in await cursor.fetchall():
                MESSAGES.labels(channel, "expired").inc()
            rows = connection.cursor(row_factory=dict_row)
            values = {
                "now": now,
                "lease": self.policy.lease,
                "limit": self.policy.batch,
                "busy": self._busy(now),
            }
            await rows.execute(_SQL["claim"], values)
            found = [_item(row) for row in await rows.fetchall()]
        for item in found:
            self._begin(item)
        return len(found)

    async def settled(self) -> None:
        """Wait until nothing is under way."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    def _busy(self, now: datetime) -> list[str]:
        for name in [n for n, host in self._hosts.items() if _is_at_rest(host, now)]:
            del self._hosts[name]
        return [
            name
            for name, host in self._hosts.items()
            if host.held >= self.policy.batch
            or (host.not_before and host.not_before > now)
            # After a failure one message tries it first.
            or (host.failures and host.held)
        ]

    def _begin(self, item: Item) -> None:
        host = self._hosts.get(item.host)
        if host is None:
            host = self._hosts[item.host] = _Host(asyncio.Semaphore(self.policy.per_host))
        host.held += 1
        task = asyncio.create_task(self._deliver(item, host), name=f"message {item.channel}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, item: Item, host: _Host) -> None:
        try:
            async with host.room:
                await self._attempt(item, host)
        except Unavailable:
            # It is tried again when the lease is over: at least once.
            _log.warning("message_outcome_lost", channel=item.channel.value)
        except Exception:
            # One message must not end the others; its lease brings it back.
            _log.exception("message_failed", channel=item.channel.value)
        finally:
            host.held -= 1

    async def _attempt(self, item: Item, host: _Host) -> None:
        now = self.clock.now()
        if host.not_before is not None and host.not_before > now:
            # Others of the batch have found that nobody answers there.
            await self._later(item, (host.not_before - now).total_seconds(), "", tried=False)
            return
        if item.expires_at <= now:
            await self._ended(item, State.FAILED, Reason.EXPIRED, tried=False)
            return
        address, sender = await self._admitted(item)
        if address is None or sender is None:
            return
        try:
            state = await self.senders[item.channel].send(item, address, sender, now)
        except Never as never:
            host.failures = 0
            await self._ended(item, State.FAILED, never.reason, str(never))
            MESSAGES.labels(item.channel.value, never.reason.value).inc()
        except Later as later:
            MESSAGES.labels(item.channel.value, "later").inc()
            await self._postpone(item, host, later)
        else:
            host.failures, host.not_before = 0, None
            MESSAGES.labels(item.channel.value, state.value).inc()
            values = {**_key(item), "state": state.value, "now": self.clock.now()}
            async with transaction(self.pool) as connection:
                await connection.execute(_SQL["sent"], values)

    async def _admitted(self, item: Item) -> tuple[str | None, From | None]:
        """Return where a message may go and from whom; None where it may not, which is noted.

        The last thing before it leaves, in one transaction, at every attempt.
        """
        async with transaction(self.pool) as connection:
            cursor = await connection.execute(_SQL["is_wanted"], _key(item))
            if await cursor.fetchone() is None:
                return None, None
            address: str | None = item.to
            if item.channel is Channel.WEBPUSH:
                found = await endpoints(connection, item.tenant, [item.to])
                address = found.get(item.to)
            gate = await gate_of(connection, item.tenant)
            cursor = await connection.execute(_SQL["sender"], {"tenant": item.tenant})
            row = await cursor.fetchone()
        refused = gate.refuses(address, made_in_drill=item.drill)
        if refused is not None:
            state = State.FAILED if refused is Reason.NO_TOWN else State.WITHHELD
            await self._ended(item, state, refused, tried=False)
            return None, None
        if address is None or row is None:
            await self._ended(item, State.FAILED, Reason.GONE, tried=False)
            return None, None
        title, mail_from, names = row
        return address, From((title or {}) | (names or {}), mail_from or "")

    async def _postpone(self, item: Item, host: _Host, later: Later) -> None:
        now = self.clock.now()
        pause = later.seconds or self.policy.pause(item.attempts + 1)
        if later.host:
            if host.not_before is None or host.not_before <= now:
                # Of several that were under way at once, the first one counts.
                host.failures += 1
                seconds = later.seconds or self.policy.pause(host.failures)
                host.not_before = now + timedelta(seconds=seconds)
            pause = max(pause, (host.not_before - now).total_seconds())
        await self._later(item, pause, str(later))

    async def _later(self, item: Item, pause: float, detail: str, *, tried: bool = True) -> None:
        values = {
            **_key(item),
            "now": self.clock.now(),
            "pause": pause,
            "detail": detail,
            "tried": int(tried),
        }
        async with transaction(self.pool) as connection:
            await connection.execute(_SQL["later"], values)

    async def _ended(
        self, item: Item, state: State, reason: Reason, detail: str = "", *, tried: bool = True
    ) -> None:
        values = {
            **_key(item),
            "state": state.value,
            "reason": reason.value,
            "detail": detail,
            "now": self.clock.now(),
            "tried": int(tried),
        }
        async with transaction(self.pool) as connection:
            await connection.execute(_SQL["ended"], values)

    async def _sweep(self) -> None:
        now = self.clock.now()
        if self._swept is not None and (now - self._swept).total_seconds() < _SWEEP_SECONDS:
            return
        self._swept = now
        before = now - timedelta(days=self.policy.keep_days)
        async with transaction(self.pool) as connection:
            await connection.execute(_SQL["forget"], {"before": before})

    async def close(self) -> None:
        """Let go of connections."""
        for sender in self.senders.values():
            with suppress(Exception):
                await sender.close()


def _item(row: dict[str, Any]) -> Item:
    return Item(**row | {"channel": Channel(row["channel"])})


def _key(item: Item) -> dict[str, str]:
    return {"tenant": item.tenant, "id": item.id}


def _is_at_rest(host: _Host, now: datetime) -> bool:
    return not host.held and not host.failures and (not host.not_before or host.not_before <= now)
