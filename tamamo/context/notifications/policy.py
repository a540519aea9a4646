"""How patient delivery is, and the clock it goes by."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from tamamo.kernel import retry


class Clock(Protocol):
    """Seconds that pass; tests have their own."""

    def now(self) -> float:
        """Return seconds since some moment."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when that many seconds have passed."""
        ...


class RealClock:
    """The time of the event loop."""

    def now(self) -> float:
        """Return seconds since some moment."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Return when that many seconds have passed."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Policy:
    """Numbers of delivery. Times in seconds.

    first_pause, longest_pause: between attempts, doubled each time, with jitter. refusals: attempts
    at a notification that its receiver refuses (4xx). give_up: age at which a notification that
    cannot be delivered becomes a dead letter. per_receiver: notifications under way to one host at
    once. queue: notifications of a subscription held in memory; the rest waits in the database.
    """

    first_pause: float = 0.1
    longest_pause: float = 60.0
    refusals: int = 5
    give_up: float = 24 * 3600.0
    timeout: float = 10.0
    per_receiver: int = 8
    queue: int = 200
    buckets: int = 16
    look: float = 0.03
    idle_look: float = 1.0
    claim: float = 2.0
    rescan: float = 5.0

    def pause(self, failures: int, jitter: float | None = None) -> float:
        """Return how long to wait after that many failures in a row. jitter: 0 to 1."""
        return retry.pause(
            failures, first=self.first_pause, longest=self.longest_pause, chance=jitter
        )
