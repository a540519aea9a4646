"""What was found a moment ago: bounded memory for what is dear to find and changes seldom."""

from collections.abc import Hashable
from time import monotonic
from typing import Final, Generic, TypeVar

T = TypeVar("T")
_MOST: Final = 500


class Recent(Generic[T]):
    """Values by key, each for some seconds; a value may be None."""

    def __init__(self, seconds: float) -> None:
        """seconds: how long a value counts."""
        self._seconds = seconds
        self._held: dict[Hashable, tuple[float, T]] = {}

    def __contains__(self, key: Hashable) -> bool:
        """Whether there is a value that still counts."""
        found = self._held.get(key)
        return found is not None and found[0] > monotonic()

    def get(self, key: Hashable) -> T | None:
        """Return the value; None also where there is none."""
        found = self._held.get(key)
        return found[1] if found is not None and found[0] > monotonic() else None

    def put(self, key: Hashable, value: T) -> T:
        """Keep a value; of too many the oldest go."""
        while len(self._held) >= _MOST:
            del self._held[next(iter(self._held))]
        self._held.pop(key, None)
        self._held[key] = (monotonic() + self._seconds, value)
        return value
