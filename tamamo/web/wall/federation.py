"""Towns on other installations: context sources registered here, asked as a broker asks them.

Each answer is kept a few seconds, so that many open walls are one reader. One installation that
does not answer is a town that is missing, with the time it last answered; what is known of its
gauges stays in the list, without values.
"""

import asyncio
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from tamamo.context.broker import Broker
from tamamo.context.distribution import asking
from tamamo.context.distribution.caller import Caller
from tamamo.context.distribution.choice import Part
from tamamo.context.distribution.client import Request
from tamamo.context.distribution.receive import read_entities
from tamamo.context.distribution.source import Source as Registered
from tamamo.context.distribution.warnings import Warnings
from tamamo.context.errors import ResourceNotFound
from tamamo.context.jsonld import TermMap
from tamamo.context.jsonld.resolve import default_map
from tamamo.context.model.entity import DEFAULT_VOCABULARY, Entity
from tamamo.context.query.logic import One
from tamamo.context.query.plan import Selector
from tamamo.kernel import time
from tamamo.web.portal import gauges as reading
from tamamo.web.portal.access import MOST, BrokerSource
from tamamo.web.portal.city import Source
from tamamo.web.portal.gauges import GAUGE_TYPE, LEVEL
from tamamo.web.portal.names import english
from tamamo.web.portal.owner import Owner
from tamamo.web.wall.look import Missing
from tamamo.web.wall.parts import Away
from tamamo.web.wall.rising import Point
from tamamo.web.wall.wallstate import WallState

#: An answer serves everybody who looks within this time.
FRESH: Final = timedelta(seconds=5)
#: Seconds that a page waits for a slow installation.
PATIENCE: Final = 1.5
#: Readings of a gauge that are remembered, for its rate: one in so many minutes of the last hours.
STEP: Final = timedelta(minutes=5)
REMEMBERED: Final = 26
_PAGE: Final = 1_000
#: What is no longer shown of a town that does not answer.
_MEASURED: Final = tuple(
    DEFAULT_VOCABULARY + name for name in ("currentLevel", "precipitation", "waterLevel")
)
Key = tuple[str, str, str]


@dataclass(slots=True)
class Answer:
    """What a source last answered for a type. at: when; ok: whether the last request went well."""

    entities: Sequence[Entity] = ()
    at: datetime = time.EARLIEST
    ok: bool = False


@dataclass(slots=True)
class Memory:
    """What this process knows of other installations, by tenant, installation and type."""

    answers: dict[Key, Answer] = field(default_factory=dict)
    tasks: dict[Key, asyncio.Task[None]] = field(default_factory=dict)
    #: Installation and entity id → readings, oldest first.
    readings: dict[tuple[str, str], deque[Point]] = field(default_factory=dict)

    def note(self, installation: str, entities: Sequence[Entity]) -> None:
        """Remember the levels that came, for the rate of the next hour."""
        if len(self.readings) > 2 * MOST:
            self.readings.clear()
        for entity in entities:
            level = reading.number(entity, "currentLevel")
            at = reading.observed(reading.first(entity, "currentLevel"))
            if level is None or at is None:
                continue
            known = self.readings.setdefault((installation, entity.id), deque(maxlen=REMEMBERED))
            if not known or at - known[-1][0] >= STEP:
                known.append((at, level))


_memory = Memory()


@dataclass(frozen=True, slots=True)
class Installation:
    """A town elsewhere: its registrations here. key: its address, and the tenant there."""

    key: str
    owner: Owner
    registrations: tuple[Registered, ...]


@dataclass(frozen=True, slots=True)
class FederatedSource:
    """Reads a town of another installation (tamamo.web.portal.city.Source). lost: it is down."""

    broker: Broker
    tenant: str
    installation: Installation
    lost: bool = False

    @property
    def owner(self) -> Owner:
        """The town."""
        return self.installation.owner

    @property
    def neighbours(self) -> Sequence[Source]:
        """None: what others share with that town is not its own to share."""
        return ()

    @property
    def clock(self) -> datetime | None:
        """None: what another installation exercises is not shown here."""
        return None

    async def entities(self, type_iri: str, at: datetime | None) -> Sequence[Entity]:
        """Return its entities of a type now; nothing of the past is asked for."""
        if at is not None:
            return ()
        if self.lost:
            known = _memory.answers.get((self.tenant, self.installation.key, type_iri), Answer())
            return [_without_values(entity) for entity in known.entities]
        return (await ask(self.broker, self.tenant, self.installation, type_iri)).entities

    async def entity(self, entity_id: str) -> Entity | None:
        """Return nothing: single entities are asked of the broker itself."""
        return None

    async def series(
        self, entity_id: str, attribute: str, start: datetime, end: datetime
    ) -> list[tuple[datetime, float]]:
        """Return nothing: evolutions are asked of the broker itself."""
        return []

    async def last_readings(
        self, entity_ids: Sequence[str], attribute: str, start: datetime, end: datetime
    ) -> dict[str, tuple[datetime, float]]:
        """Return the newest of the readings that came while a wall was open."""
        if attribute != LEVEL:
            return {}
        found = {}
        for entity_id in entity_ids:
            known = _memory.readings.get((self.installation.key, entity_id), ())
            within = [point for point in known if start <= point[0] <= end]
            if within:
                found[entity_id] = within[-1]
        return found

    async def last_values(
        self, entity_ids: Sequence[str], attribute: str, start: datetime, end: datetime
    ) -> dict[str, float]:
        """Return the same without the times."""
        found = await self.last_readings(entity_ids, attribute, start, end)
        return {entity_id: value for entity_id, (_, value) in found.items()}

    async def start_storm(self, started_at: datetime | None) -> None:
        """Do nothing: storms are of one's own simulator."""


def installations(broker: Broker, tenant: str) -> list[Installation]:
    """Return the other installations whose gauges are registered with a town, by name."""
    groups: dict[str, list[Registered]] = {}
    for one in broker.distribution.directory.of(tenant):
        over = one.expires_at is not None and one.expires_at <= time.now()
        if not over and not one.temporal and _has_gauges(one):
            groups.setdefault(f"{one.base} {one.remote_tenant or ''}", []).append(one)
    found = [
        Installation(key, _owner(key, several), tuple(several)) for key, several in groups.items()
    ]
    return sorted(found, key=lambda one: one.owner.tenant)


def _has_gauges(source: Registered) -> bool:
    return any(
        not info.entities or any(GAUGE_TYPE in known.types for known in info.entities)
        for info in source.infos
    )


def _owner(key: str, registrations: Sequence[Registered]) -> Owner:
    first = registrations[0]
    slug = re.sub(r"[^a-z0-9_-]+", "-", first.id.rpartition(":")[2].lower()).strip("-")
    name = str(first.document.get("registrationName") or first.base.partition("//")[2])
    return Owner(slug or "elsewhere", {"ja": name, "en": english(name)})


async def others(source: BrokerSource, state: WallState) -> tuple[list[FederatedSource], Missing]:
    """Return the towns elsewhere that a wall shows, and those that do not answer."""
    shared = {one.owner.tenant for one in source.neighbours if one.owner is not None}
    chosen = [
        one
        for one in installations(source.broker, source.tenant)
        if one.owner.tenant not in shared and state.shows(one.owner.tenant)
    ]
    answers = await asyncio.gather(
        *(ask(source.broker, source.tenant, one, GAUGE_TYPE) for one in chosen)
    )
    found, away = [], {}
    for one, answer in zip(chosen, answers, strict=True):
        there = FederatedSource(source.broker, source.tenant, one)
        if not answer.ok:
            seen_at = await _seen_at(source, one)
            away[one.owner.tenant] = (one.owner, Away("unreachable", seen_at))
        found.append(replace(there, lost=not answer.ok))
    return found, away


async def _seen_at(source: BrokerSource, one: Installation) -> datetime | None:
    """Return when an installation last answered, whichever process asked it."""
    times = []
    for registration in one.registrations:
        try:
            kept = await source.broker.registrations.retrieve(source.tenant, registration.id)
        except ResourceNotFound:  # deleted meanwhile
            continue
        times.append(kept.last_success)
    return max((at for at in times if at is not None), default=None)


async def ask(broker: Broker, tenant: str, one: Installation, type_iri: str) -> Answer:
    """Return what an installation has of a type: asked once in FRESH, however many look.

    Nobody waits longer than PATIENCE for one that is slow: what was known before stands until its
    answer, or its failure, is there.
    """
    key = (tenant, one.key, type_iri)
    known = _memory.answers.setdefault(key, Answer())
    task = _memory.tasks.get(key)
    if task is None and time.now() - known.at >= FRESH:
        task = asyncio.create_task(_renew(broker, key, one), name=f"wall: {one.key}")
        _memory.tasks[key] = task
        task.add_done_callback(lambda _: _memory.tasks.pop(key, None))
    if task is not None:
        await asyncio.wait({task}, timeout=PATIENCE)
    return known


async def _renew(broker: Broker, key: Key, one: Installation) -> None:
    tenant, _, type_iri = key
    known = _memory.answers[key]
    selector = Selector(types=One(type_iri))
    caller = await broker.distribution.caller(tenant, default_map().terms)
    mine = {registration.id for registration in one.registrations}
    choice = broker.distribution.choose(
        caller, asking.QUERY, (selector,), accepts=lambda source: source.id in mine
    )
    replies = await asyncio.gather(*(_read(broker, caller, part) for part in choice.parts))
    there = [reply for reply in replies if reply is not None]
    known.ok, known.at = len(there) == len(replies), time.now()
    if known.ok:
        merged = {entity.id: entity for entities in there for entity in entities}
        known.entities = tuple(merged.values())
        if type_iri == GAUGE_TYPE:
            _memory.note(one.key, known.entities)


async def _read(broker: Broker, caller: Caller, part: Part) -> list[Entity] | None:
    """Return what a source has for one part; None where it does not answer as it should."""
    found: list[Entity] = []
    offset = 0
    # By what the source sent: of that, what nobody here may read or use is not in `found`.
    while offset < MOST:
        make = partial(_request, part, {"limit": str(_PAGE), "offset": str(offset)})
        reply = await broker.distribution.client.ask(caller, part.source, make)
        if not reply.ok:
            return None
        answer = await read_entities(reply, caller, broker.contexts, Warnings())
        found += answer.entities
        offset += answer.count
        if answer.count < _PAGE:
            break
    return found


def _request(part: Part, page: Mapping[str, str], terms: TermMap) -> Request:
    return asking.request(part, terms, {}, page)


def _without_values(entity: Entity) -> Entity:
    attrs = {name: value for name, value in entity.attrs.items() if name not in _MEASURED}
    return replace(entity, attrs=attrs)
