"""Playing a script: what is due by the drill's clock is measured and said once, in order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from tamamo.context.broker import Broker
from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import DEFAULT_TENANT, Entity, Instance
from tamamo.drills import events
from tamamo.drills.events import Played
from tamamo.drills.script import Event, Reading, Script, Telegram
from tamamo.kernel import sql
from tamamo.kernel.database import transaction
from tamamo.kernel.drills import Drill
from tamamo.kernel.time import to_text

_SQL = sql.load(__package__)
#: Seconds of the script that are written at once: rules see each reading by its own time anyway.
_SLICE: Final = 1800.0


@dataclass(frozen=True, slots=True)
class Due:
    """What is due at one second."""

    position: float
    readings: tuple[Reading, ...]
    events: tuple[Event, ...]


def due(script: Script, after: float, until: float) -> Iterator[Due]:
    """Yield what is due after a second and until another, in order. Pure."""
    timed: list[tuple[float, int, Any]] = [
        (reading.position, 0, reading)
        for reading in script.readings
        if after < reading.position <= until
    ]
    timed += [(one.position, 1, one) for one in script.events if after < one.position <= until]
    timed.sort(key=lambda item: item[:2])
    for position, group in groupby(timed, key=lambda item: item[0]):
        items = list(group)
        yield Due(
            position,
            tuple(one for _, kind, one in items if kind == 0),
            tuple(one for _, kind, one in items if kind == 1),
        )


class Player:
    """Plays one drill."""

    def __init__(
        self, broker: Broker, drill: Drill, script: Script, terms: TermMap, places: dict[str, str]
    ) -> None:
        """places: place of the script → the entity that stands for it in the drill."""
        self._broker = broker
        self._drill = drill
        self._script = script
        self._terms = terms
        self._places = places

    async def play(self, after: float, until: float, moment: datetime) -> float:
        """Play what is due; return up to which second all was. moment: when, by other clocks.

        At most half an hour of the script at a time, so that others see it go on.
        """
        until = min(until, max(after, 0.0) + _SLICE)
        for one in due(self._script, after, until):
            await self._one(one)
        row = {"tenant": self._drill.tenant, "played": until, "at": moment}
        async with transaction(self._broker.pool) as connection:
            await connection.execute(_SQL["beat"], row)
        return until

    async def _one(self, due_now: Due) -> None:
        measured = [*due_now.readings, *(one for event in due_now.events for one in event.sets)]
        made = self.observed(measured)
        if made:
            await self._broker.observations.record(self._drill.tenant, made)
        for event in due_now.events:
            await self.event(event)

    async def event(
        self, event: Event, *, actor: str | None = None, position: float | None = None
    ) -> bool:
        """Let an event happen; return whether it had not. actor: who plays it before its time."""
        at = event.position if position is None else position
        if event.telegram is not None:
            await self._tell(event.telegram, event, at)
        if position is not None and event.sets:
            await self._broker.observations.record(
                self._drill.tenant, self.observed(event.sets, position)
            )
        body = {"text": {"ja": event.text.ja, "en": event.text.en}, "source": event.source}
        async with transaction(self._broker.pool) as connection:
            row = Played(event.key, at, event.kind, body, actor)
            return await events.note(connection, self._drill.tenant, row)

    def observed(self, measured: Sequence[Reading], position: float | None = None) -> list[Entity]:
        """Return readings as entities. position: when they count, if not at their own second."""
        kinds = {place.key: place.type for place in self._script.places}
        return [
            Entity(
                self._places[one.place],
                [self._terms.expand_type(kinds[one.place])],
                {
                    self._terms.expand_term(one.attribute): [
                        self._instance(one, one.position if position is None else position)
                    ]
                },
            )
            for one in measured
        ]

    def _instance(self, reading: Reading, position: float) -> Instance:
        found: Instance = {
            "type": "Property",
            "value": reading.value,
            "observedAt": to_text(self._drill.clock.shows(position)),
        }
        return found if reading.unit is None else found | {"unitCode": reading.unit}

    async def _tell(self, telegram: Telegram, event: Event, position: float) -> None:
        """Write what a made-up telegram says, as one of the weather service would be read."""
        from tamamo.feeds.jma.areas import areas_of  # noqa: PLC0415  (lxml comes with these)
        from tamamo.feeds.jma.entities import entities  # noqa: PLC0415
        from tamamo.feeds.jma.simulated import Kind, Place  # noqa: PLC0415
        from tamamo.feeds.jma.simulated import telegram as written  # noqa: PLC0415
        from tamamo.feeds.jma.words import Words  # noqa: PLC0415
        from tamamo.feeds.readers.jma_xml import read  # noqa: PLC0415

        at = self._drill.clock.shows(position)
        place = Place(telegram.area, telegram.area_name)
        town = self._broker.towns.get(self._drill.town)
        words = Words(areas_of(town.code if town is not None else None))
        # Those before it, too: what it names no more is lifted.
        before: dict[Place, list[Kind]] = {}
        for one, moment in [*self._earlier(telegram, event), (telegram, at)]:
            now = {place: [Kind(*kind) for kind in one.kinds]} if one.kinds else {}
            body = written(moment, one.phenomenon, now, before, headline=one.headline, drill=True)
            words.hear(read(body))
            before = now
        made = entities(words.tell(at), self._terms, drill=True)
        await self._broker.observations.record(self._drill.tenant, made)

    def _earlier(self, telegram: Telegram, event: Event) -> list[tuple[Telegram, datetime]]:
        """Return the telegrams before this one about the same, with when they were to come."""
        clock = self._drill.clock
        return [
            (one.telegram, clock.shows(one.position))
            for one in self._script.events
            if one.position < event.position
            and one.telegram is not None
            and one.telegram.phenomenon == telegram.phenomenon
        ]


async def player_of(broker: Broker, drill: Drill, script: Script) -> Player:
    """Return what plays a drill."""
    terms = await broker.contexts.resolve(DEFAULT_TENANT, None)
    async with transaction(broker.pool) as connection:
        places = await events.places(connection, drill.tenant)
    return Player(broker, drill, script, terms, places)
