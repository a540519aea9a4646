"""How patient the delivery of messages is, and the clock it goes by."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tamamo.kernel import retry, time


class Clock(Protocol):
    """Moments; tests have their own."""

    def now(self) -> datetime:
        """Return the present moment, UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when that many seconds have passed."""
        ...


class RealClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the present moment, UTC."""
        return time.now()

    async def sleep(self, seconds: float) -> None:
        """Return when that many seconds have passed."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Policy:
    """Numbers of delivery. Times in seconds.

    first_pause, longest_pause: between attempts at a message, and at a host that does not answer;
    doubled each time, with jitter. per_host: messages under way to one host at once. batch: of one
    host held at once. lease: for which a process has a message to itself, longer than a whole batch
    of a host that answers nobody takes. keep_days: for which messages are kept.
    """

    first_pause: float = 2.0
    longest_pause: float = 300.0
    per_host: int = 8
    batch: int = 64
    lease: float = 300.0
    look: float = 0.5
    keep_days: int = 180

    def pause(self, failures: int, chance: float | None = None) -> float:
        """Return how long to wait after that many failures in a row. chance: 0 to 1."""
        return retry.pause(
            failures, first=self.first_pause, longest=self.longest_pause, chance=chance
        )
