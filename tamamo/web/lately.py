"""What somebody was shown just now: a page that renews itself is not read anew each time."""

import time
from collections.abc import Iterable
from typing import Final

#: Seconds within which the same on the same person's page is one reading.
AGAIN: Final = 600.0
_MOST: Final = 10_000

Key = tuple[str, str, str]


class Lately:
    """Whom readers were shown within the last minutes, in this process."""

    def __init__(self) -> None:
        self._seen: dict[Key, float] = {}

    def news(self, keys: Iterable[Key]) -> list[Key]:
        """Return those of (reader, town, person) that were not shown lately."""
        now = time.monotonic()
        if len(self._seen) > _MOST:
            self._seen.clear()
        return [key for key in keys if now - self._seen.get(key, -AGAIN) >= AGAIN]

    def note(self, keys: Iterable[Key]) -> None:
        """Remember what has been noted in the log."""
        self._seen |= dict.fromkeys(keys, time.monotonic())
