"""How many requests were answered and how long they took, for /metrics.

What several processes count together lies in files that they map into memory, and each number
written there costs more than the rest of the counting: so numbers are gathered for a moment first.
"""

import asyncio
from bisect import bisect_left
from collections import Counter as Numbers
from collections.abc import Sequence
from typing import Final

from prometheus_client import Counter, Histogram

_REQUESTS = Counter("tamamo_http_requests_total", "Requests answered", ["face", "method", "status"])
#: Seconds, the upper ends of what is told apart.
_BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
#: Seconds for which numbers are gathered: less than between two visits of a monitoring system.
_GATHERED: Final = 0.5


class _Histogram(Histogram):
    """One that takes many observations at once, as the library's own does not."""

    def add(self, numbers: Sequence[int], total: float) -> None:
        """numbers: how many observations fell into each bucket; total: the sum of them all."""
        self._sum.inc(total)
        for bucket, number in zip(self._buckets, numbers, strict=True):
            if number:
                bucket.inc(number)


_SECONDS = _Histogram(
    "tamamo_http_request_seconds",
    "Time to the end of the answer; streams are not counted",
    ["face"],
    buckets=_BOUNDS,
)


class Tally:
    """The requests of a moment. Belongs to one event loop at a time."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._answered: Numbers[tuple[str, str, int]] = Numbers()
        self._took: dict[str, tuple[list[int], list[float]]] = {}
        self._writes: asyncio.TimerHandle | None = None

    def note(self, face: str, method: str, status: int, seconds: float | None) -> None:
        """Count an answer. seconds: None for a stream, whose time says nothing."""
        self._answered[face, method, status] += 1
        if seconds is not None:
            took = self._took.get(face)
            if took is None:
                took = self._took[face] = [0] * (len(_BOUNDS) + 1), []
            took[0][bisect_left(_BOUNDS, seconds)] += 1
            took[1].append(seconds)
        if self._writes is None:
            self._writes = asyncio.get_running_loop().call_later(_GATHERED, self.write)

    def write(self) -> None:
        """Put what was gathered where /metrics finds it."""
        if self._writes is not None:
            self._writes.cancel()
            self._writes = None
        answered, self._answered = self._answered, Numbers()
        took, self._took = self._took, {}
        for labels, number in answered.items():
            _REQUESTS.labels(*labels).inc(number)
        for face, (numbers, seconds) in took.items():
            _SECONDS.labels(face).add(numbers, sum(seconds))


#: Of this process.
TALLY: Final = Tally()
