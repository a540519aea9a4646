"""Files that are being read part by part (RFC 9110, 14.2), kept so that all parts are of one."""

import asyncio
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

#: Bytes up to which a file is made before it is sent, and can be had in parts.
MOST: Final = 4 * 1024 * 1024
#: Files that are kept at once, and for how many seconds.
_FILES: Final = 2
_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Whole:
    """A file as it was made. tag: its ETag; a weak one is of data that change any moment."""

    tag: str
    body: bytes


class Parts:
    """The files of which parts were asked for a moment ago."""

    def __init__(self) -> None:
        self._held: OrderedDict[Hashable, Whole] = OrderedDict()

    def find(self, key: Hashable, tag: str) -> Whole | None:
        """Return the file, if it is still what its tag says, or changes any moment."""
        found = self._held.get(key)
        if found is None or not (found.tag == tag or found.tag.startswith("W/")):
            return None
        return found

    def keep(self, key: Hashable, whole: Whole) -> None:
        """Keep a file for a while; of too many the oldest goes."""
        self._held.pop(key, None)
        while len(self._held) >= _FILES:
            self._held.popitem(last=False)
        self._held[key] = whole
        asyncio.get_running_loop().call_later(_SECONDS, self._drop, key, whole)

    def _drop(self, key: Hashable, whole: Whole) -> None:
        if self._held.get(key) is whole:
            del self._held[key]
