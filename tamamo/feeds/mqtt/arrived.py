"""A message as it came, and what is known of it before it is read."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

#: The user property of MQTT 5 and the member of a payload that carry a device's key.
KEY_NAME: Final = "key"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message. size: bytes of its payload, which is cut where it is too large.

    again: the broker sends it once more, because it has no word from us. acknowledge: tells the
    broker that we have it for good.
    """

    topic: str
    payload: bytes
    size: int
    at: datetime
    qos: int = 0
    packet: int = 0
    again: bool = False
    retained: bool = False
    properties: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    acknowledge: Callable[[], None] | None = field(default=None, repr=False)

    def property_named(self, name: str) -> str:
        """Return a user property, the first of that name; empty without one."""
        return next((value for key, value in self.properties if key == name), "")

    @property
    def digest(self) -> bytes:
        """What tells it from another message with the same packet identifier."""
        return hashlib.sha256(self.topic.encode() + b"\0" + self.payload).digest()
