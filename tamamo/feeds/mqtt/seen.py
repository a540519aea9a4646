"""Devices as entities: when each was last heard, its battery, what it measures now."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from tamamo.context.model.entity import Entity, Instance
from tamamo.feeds.coordinator import Clock
from tamamo.feeds.mqtt.desk import Read
from tamamo.kernel.time import to_text

#: A device is written once in so long, or when it measures something else.
EVERY: Final = timedelta(minutes=1)
#: Devices remembered.
_MOST: Final = 50_000


def device_id(name: str) -> str:
    """Return the id of a device's entity."""
    return f"urn:ngsi-ld:Device:{quote(name, safe='')}"


class Seen:
    """Which devices were written when."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: dict[tuple[str, str], tuple[datetime, str]] = {}

    def entities(self, reads: Sequence[Read]) -> dict[str, list[Entity]]:
        """Return the devices to be written now, by tenant."""
        now = self._clock.now()
        newest: dict[tuple[str, str], Read] = {}
        for read in reads:
            key = (read.route.feed.tenant, read.device)
            known = newest.get(key)
            if known is None or _moment(read) >= _moment(known):
                newest[key] = read
        found: dict[str, list[Entity]] = {}
        for key, read in newest.items():
            subject = read.translated.subject
            last = self._last.get(key)
            if last is not None and now - last[0] < EVERY and last[1] == subject:
                continue
            if len(self._last) >= _MOST:
                self._last.clear()
            self._last[key] = now, subject
            found.setdefault(key[0], []).append(_entity(read, now))
        return found


def _moment(read: Read) -> datetime:
    return read.newest or read.message.at


def _entity(read: Read, now: datetime) -> Entity:
    terms = read.route.terms
    attrs: dict[str, Instance] = {
        "name": {"type": "Property", "value": read.device},
        "dateLastValueReported": {
            "type": "Property",
            "value": {"@type": "DateTime", "@value": to_text(now.replace(microsecond=0))},
        },
        "deviceState": {"type": "Property", "value": "ok"},
        "controlledAsset": {"type": "Relationship", "object": read.translated.subject},
        **read.translated.device,
    }
    return Entity(
        device_id(read.device),
        [terms.expand_type("Device")],
        {terms.expand_term(name): [instance] for name, instance in attrs.items()},
    )
