"""One look at everything the wall shows of a town, and of the towns around it."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tamamo.web.portal import city as cities
from tamamo.web.portal.city import City, Source
from tamamo.web.portal.gauges import LEVEL, Gauge
from tamamo.web.portal.levels import OFFICIAL_TYPE, OWN_TYPE, Levels, official, own
from tamamo.web.portal.owner import Owner
from tamamo.web.portal.stations import Kind, Station
from tamamo.web.wall.parts import Away, Part, part_of
from tamamo.web.wall.rising import MARKS, Point, Rising, ranked, rate_of
from tamamo.web.wall.shelters import SHELTER_TYPE, Shelters, shelters_of

#: A town that is agreed with or registered, but cannot be asked now.
Missing = dict[str, tuple[Owner, Away]]


@dataclass(frozen=True, slots=True)
class Look:
    """What there is to see. warnings: official ones in force; estimates: alerts of own rules."""

    city: City
    gauges: tuple[Rising, ...]
    levels: Levels
    shelters: Shelters
    parts: tuple[Part, ...] = ()
    away: Missing = field(default_factory=dict)

    def stations(self, kind: Kind) -> list[Station]:
        """Return the stations of a kind, the highest value first, those without one last."""
        found = [one for one in self.city.stations if one.kind is kind]
        return sorted(found, key=lambda one: (one.shown_value is None, -(one.shown_value or 0)))


async def look(source: Source, away: Missing | None = None) -> Look:
    """Return a town as its source has it, with its neighbours, at this moment.

    away: towns that belong to the area and cannot be asked.
    """
    shown = await cities.at_moment(source)
    told, estimated, shelters, rates = await asyncio.gather(
        source.entities(OFFICIAL_TYPE, None),
        source.entities(OWN_TYPE, None),
        source.entities(SHELTER_TYPE, None),
        rates_of(source, shown.gauges, shown.as_of),
    )
    rising = [Rising(gauge, rates.get(gauge.key)) for gauge in shown.gauges]
    return Look(
        city=shown,
        gauges=ranked(rising),
        levels=Levels(official(told, shown.as_of), own(estimated, least=0)),
        shelters=shelters_of(shelters, shown.as_of),
        parts=_parts(source, shown.gauges, away or {}),
        away=away or {},
    )


def _parts(source: Source, gauges: Sequence[Gauge], away: Missing) -> tuple[Part, ...]:
    """Return the towns of the area, the wall's own first; none where it stands alone."""
    if not source.neighbours and not away:
        return ()

    def of(owner: Owner | None) -> list[Gauge]:
        return [gauge for gauge in gauges if gauge.owner == owner]

    there = [
        part_of(one.owner, of(one.owner))
        for one in source.neighbours
        if one.owner is not None and one.owner.tenant not in away
    ]
    gone = [part_of(owner, of(owner), reason) for owner, reason in away.values()]
    return (part_of(None, of(None)), *there, *gone)


async def rates_of(
    source: Source, gauges: Iterable[Gauge], as_of: datetime
) -> dict[str, float | None]:
    """Return gauge key → its rate over the last hour, of those that have a level now."""
    current = [gauge for gauge in gauges if gauge.shown_level is not None]
    found: dict[str, float | None] = {}
    for holder in (source, *source.neighbours):
        own_gauges = [gauge for gauge in current if gauge.owner == holder.owner]
        if own_gauges:
            before = await _before(holder, own_gauges, as_of)
            found |= {
                gauge.key: rate_of([_now(gauge), *before.get(gauge.id, ())]) for gauge in own_gauges
            }
    return found


def _now(gauge: Gauge) -> Point:
    assert gauge.level is not None  # only those with a level now are asked about
    assert gauge.observed_at is not None
    return gauge.observed_at, gauge.level


async def _before(
    holder: Source, gauges: Sequence[Gauge], as_of: datetime
) -> dict[str, list[Point]]:
    """Return entity id → its newest reading before each mark of the last hour."""
    ids = [gauge.id for gauge in gauges]
    marks = ((as_of - back, slack) for back, slack in MARKS)
    groups = await asyncio.gather(
        *(holder.last_readings(ids, LEVEL, mark - slack, mark) for mark, slack in marks)
    )
    points: dict[str, list[Point]] = {}
    for group in groups:
        for entity_id, point in group.items():
            points.setdefault(entity_id, []).append(point)
    return points
