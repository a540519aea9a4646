"""A delivery whose clock the test turns, and receivers that do as they are told."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg.rows import dict_row

from tamamo.kernel.database import Pool, transaction
from tamamo.messaging import Channel, Message, State, send
from tamamo.messaging.delivery import Delivery
from tamamo.messaging.model import Item
from tamamo.messaging.policy import Policy
from tamamo.messaging.senders import From, NullTwin, Sender

START = datetime(2026, 6, 1, 12, tzinfo=UTC)


@dataclass
class TurnedClock:
    """A clock that stands until a test turns it."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)

    def turn(self, **by: float) -> None:
        self.moment += timedelta(**by)


@dataclass
class Recorder:
    """A sender that keeps what it gets; `answer` decides what comes of it."""

    connected: bool = True
    got: list[tuple[str, str]] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    answer: Callable[[Item, str], Awaitable[State]] | None = None

    async def send(self, item: Item, address: str, sender: From, now: datetime) -> State:
        if self.answer is not None:
            state = await self.answer(item, address)
        else:
            state = State.SENT
        self.got.append((address, item.subject))
        self.items.append(item)
        return state

    async def close(self) -> None:
        pass


@dataclass
class Post:
    """What a test works with: the database, the clock, one recorder for all channels."""

    pool: Pool
    clock: TurnedClock
    recorder: Recorder

    def delivery(self, recorder: Recorder | None = None, **policy: Any) -> Delivery:
        """Return the delivery of another process."""
        one = recorder or self.recorder
        senders: dict[Channel, Sender] = dict.fromkeys(Channel, one)
        senders |= {Channel.LINE: NullTwin(), Channel.SMS: NullTwin()}
        return Delivery(self.pool, senders, Policy(**policy), self.clock)

    async def send(self, *messages: Message) -> list[str]:
        async with transaction(self.pool) as connection:
            return await send(connection, messages, now=self.clock.now())

    async def deliver(self, delivery: Delivery | None = None) -> None:
        """Deliver until nothing is due any more at this moment."""
        chosen = delivery or self._own
        while await chosen.round():
            await chosen.settled()

    @property
    def _own(self) -> Delivery:
        if not hasattr(self, "_kept"):
            self._kept = self.delivery()
        return self._kept

    async def rows(self) -> list[dict[str, Any]]:
        async with transaction(self.pool) as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute("select * from message order by created_at, subject")
            return await cursor.fetchall()

    async def states(self) -> dict[str, str]:
        """Return subject → state and reason of all messages."""
        return {
            row["subject"]: row["state"] + (f":{row['reason']}" if row["reason"] else "")
            for row in await self.rows()
        }

    async def run(self, statement: str, *values: Any) -> None:
        async with transaction(self.pool) as connection:
            await connection.execute(statement.encode(), values)


@pytest.fixture
def post(pool: Pool) -> Post:
    return Post(pool, TurnedClock(), Recorder())


def mail(subject: str, to: str = "officer@example.jp", **more: Any) -> Message:
    return Message("default", "mail", to, subject, "text", **more)
