"""Each message read: which mapping, whose key, which values. Notes what cannot be used."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from tamamo.context.broker import Broker
from tamamo.context.model.entity import Entity
from tamamo.feeds import units
from tamamo.feeds.mqtt import payloads, troubles
from tamamo.feeds.mqtt.arrivals import Arrivals
from tamamo.feeds.mqtt.arrived import KEY_NAME, Arrived
from tamamo.feeds.mqtt.configuration import Connection
from tamamo.feeds.mqtt.payloads import Group
from tamamo.feeds.mqtt.topics import ATTRIBUTE, KEY, Pattern, blanked
from tamamo.feeds.mqtt.translate import Moment, Route, Translated, timeless, translate
from tamamo.feeds.mqtt.troubles import Trouble
from tamamo.feeds.quality import Invalid, Reason
from tamamo.feeds.status import Declaration
from tamamo.feeds.units import Stay
from tamamo.kernel.database import single
from tamamo.kernel.identity.devices import Device
from tamamo.kernel.identity.refusals import UNKNOWN_KEY, KeyRefused

#: Topics whose mapping is remembered.
_MOST_TOPICS: Final = 20_000
#: For so long a station that was described is not described again.
_DESCRIBED_FOR: Final = timedelta(hours=1)


async def routes_of(broker: Broker, connection: Connection) -> list[Route]:
    """Return the mappings of a connection, ready to be used. Raises Problem."""
    return [
        Route(
            mapping,
            Pattern(mapping.topic),
            await broker.contexts.resolve(connection.town(mapping), mapping.context),
            connection.declaration_of(mapping),
        )
        for mapping in connection.mappings
    ]


@dataclass(slots=True)
class Read:
    """A message that was understood. shown: its topic without the key."""

    message: Arrived
    route: Route
    found: dict[str, str]
    shown: str
    groups: list[Group] = field(default_factory=list)
    key: str = field(default="", repr=False)
    #: Why its payload cannot be read.
    fault: Invalid | None = None
    translated: Translated = field(default_factory=Translated)

    @property
    def device(self) -> str:
        """The device's name in its topic."""
        return self.found["device"]

    @property
    def entities(self) -> list[Entity]:
        """What it brings."""
        return self.translated.entities

    @property
    def newest(self) -> datetime | None:
        """Its last observation."""
        return self.translated.newest

    @property
    def excerpt(self) -> str:
        """The beginning of the payload, for people; nothing where it holds a key."""
        if self.route.mapping.key == "payload":
            return ""
        return troubles.excerpt(self.message.payload)

    def trouble(self, reason: Reason, where: str = "") -> Trouble:
        """Return what could not be used of it."""
        feed = self.route.feed
        return Trouble(feed.tenant, feed.id, self.shown, reason, where, self.excerpt)


class Desk:
    """Reads the messages of one connection. notes: False writes nothing at all, for a look."""

    def __init__(
        self,
        broker: Broker,
        connection: Connection,
        routes: Sequence[Route],
        *,
        notes: bool = True,
    ) -> None:
        self._broker = broker
        self._routes = routes
        self._largest = connection.broker.largest
        self._own = connection.declaration()
        self._arrivals = Arrivals(broker.pool, connection.id) if notes else None
        self._topics: dict[str, tuple[Route, dict[str, str], str] | None] = {}
        self._described: dict[tuple[str, str], datetime] = {}
        self._feeds = {self._own.id: self._own} | {route.feed.id: route.feed for route in routes}

    def feed_of(self, trouble: Trouble) -> Declaration:
        """Return the feed a trouble is of."""
        return self._feeds[trouble.feed]

    def unplaced(self, reason: Reason, topic: str, example: str = "") -> Trouble:
        """Return a trouble of no mapping."""
        return Trouble(self._own.tenant, self._own.id, blanked(topic), reason, "", example)

    async def read(
        self, batch: Sequence[Arrived], now: datetime
    ) -> tuple[list[Read], list[Trouble]]:
        """Return the messages that bring something, and what cannot be used. Raises Unavailable."""
        found: list[Trouble] = []
        opened = [read for message in batch if (read := self._open(message, found)) is not None]
        admitted = await self._admitted(opened, found)
        moments = await self._settled(admitted)
        stays = await self._stays(admitted)
        reads = []
        for read in admitted:
            message = read.message
            moment = Moment(
                moments.get(message.packet, message.at) if message.qos else message.at,
                now,
                own=not message.retained,
            )
            read.translated = translate(
                read.route,
                read.found,
                read.groups,
                moment,
                described=self._describe(read, now),
                stays=stays.get((read.route.feed.tenant, read.device), ()),
            )
            found += [read.trouble(one.reason, one.field) for one in read.translated.rejects]
            if read.entities or read.translated.device:
                reads.append(read)
        return reads, found

    def _open(self, message: Arrived, found: list[Trouble]) -> Read | None:
        place = self._place(message.topic)
        if place is None:
            reason = troubles.UNMAPPED if message.topic else troubles.BAD_TOPIC
            example = troubles.excerpt(message.payload)
            found.append(self.unplaced(reason, message.topic, example))
            return None
        route, names, shown = place
        read = Read(message, route, names, shown)
        if message.size > self._largest:
            found.append(read.trouble(troubles.TOO_LARGE))
            return None
        mapping = route.mapping
        try:
            read.groups = payloads.read(message.payload, mapping.format, names.get(ATTRIBUTE))
        except Invalid as error:
            read.fault = error
        match mapping.key:
            case "topic":
                read.key = names[KEY]
            case "property":
                read.key = message.property_named(KEY_NAME)
            case "payload":
                keys = [group.pop(KEY_NAME, "") for group in read.groups]
                read.key = next((key for key in keys if isinstance(key, str) and key), "")
        return read

    def _place(self, topic: str) -> tuple[Route, dict[str, str], str] | None:
        if topic in self._topics:
            return self._topics[topic]
        place = None
        for route in self._routes:
            names = route.pattern.match(topic)
            if names is not None:
                place = (route, names, route.pattern.shown(names))
                break
        if len(self._topics) >= _MOST_TOPICS:
            self._topics.clear()
        self._topics[topic] = place
        return place

    async def _admitted(self, opened: Sequence[Read], found: list[Trouble]) -> list[Read]:
        """Return the messages whose device may publish them, and that can be read."""
        keys = {read.key for read in opened if read.key}
        devices: dict[str, Device | KeyRefused] = {}
        if keys:
            devices = await self._broker.identity.devices(keys)
        admitted = []
        for read in opened:
            reason = self._refusal(read, devices.get(read.key))
            if reason is not None:
                found.append(read.trouble(reason))
            elif read.fault is not None:
                found.append(read.trouble(read.fault.reason, read.fault.field))
            else:
                admitted.append(read)
        return admitted

    def _refusal(self, read: Read, device: Device | KeyRefused | None) -> Reason | None:
        """Return why a message is not its device's, None where it is. Refused keys are counted."""
        if read.route.mapping.key == "broker":
            return None
        if not read.key:
            # What cannot be read may have had one.
            return None if read.fault is not None else troubles.NO_KEY
        note = self._broker.identity.refusals.note
        if device is None:
            note(read.route.feed.tenant, UNKNOWN_KEY)
            return troubles.WRONG_KEY
        if isinstance(device, KeyRefused):
            note(device.tenant, device.reason, device.device)
            return troubles.ENDED_KEY
        if device.tenant != read.route.feed.tenant or not device.may_publish(read.shown):
            note(device.tenant, "wrong_topic", device.id)
            return troubles.WRONG_TOPIC
        return None

    async def _settled(self, reads: Sequence[Read]) -> dict[int, datetime]:
        """Return when those without a time of their own came first, by packet identifier."""
        wanted = [
            read.message
            for read in reads
            if read.message.qos
            and not read.message.retained
            and timeless(read.route.mapping, read.groups)
        ]
        if not wanted or self._arrivals is None:
            return {}
        return await self._arrivals.settle(wanted)

    async def _stays(self, reads: Sequence[Read]) -> dict[tuple[str, str], list[Stay]]:
        wanted: dict[str, set[str]] = {}
        for read in reads:
            if read.route.mapping.follows_place:
                wanted.setdefault(read.route.feed.tenant, set()).add(read.device)
        found: dict[tuple[str, str], list[Stay]] = {}
        for tenant, names in wanted.items():
            async with single(self._broker.pool) as connection:
                by_unit = await units.of_units(connection, tenant, names)
            found |= {(tenant, unit): stays for unit, stays in by_unit.items()}
        return found

    def _describe(self, read: Read, now: datetime) -> bool:
        """Whether a station is to be described: what does not change is sent now and then."""
        key = (read.route.feed.id, read.device)
        last = self._described.get(key)
        if last is not None and now - last < _DESCRIBED_FOR:
            return False
        if len(self._described) >= _MOST_TOPICS:
            self._described.clear()
        self._described[key] = now
        return True
