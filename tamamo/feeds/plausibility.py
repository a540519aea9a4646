"""Whether a measured value can be believed: judged by declared limits (limits.toml), and marked.

A value that cannot be believed is kept, with the sub-properties `quality` = "suspect" and
`qualityReason` = "jump", "stuck" or "out_of_range"; rules and pages leave it out. A value that is
none (NaN, no zone, ahead of the clock) is refused with its reason. `judge` is pure; `Judge` keeps
what went before and asks the history once for each series.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from tamamo.context.model.entity import DEFAULT_VOCABULARY, Entity, Instance
from tamamo.feeds import quality
from tamamo.feeds.quality import Invalid, Reason
from tamamo.feeds.rejects import Reject
from tamamo.kernel import sql
from tamamo.kernel.database import Pool, transaction

QUALITY: Final = DEFAULT_VOCABULARY + "quality"
QUALITY_REASON: Final = DEFAULT_VOCABULARY + "qualityReason"
SUSPECT: Final = "suspect"
JUMP, STUCK, OUT_OF_RANGE = "jump", "stuck", "out_of_range"
#: Readings of a series that are looked at where this process has seen none of it.
LOOKED_BACK: Final = 50
#: Series remembered at most; the longest unseen are looked up again.
MOST: Final = 20_000

_SQL = sql.load(__package__)


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a measured value of one type and attribute can be (see limits.toml)."""

    type: str
    attribute: str
    lowest: float = -math.inf
    highest: float = math.inf
    step: float | None = None
    per_hour: float = 0.0
    stuck_hours: float | None = None
    stuck_readings: int = 2
    stuck_values: tuple[float, ...] = ()

    def allows(self, before: float, value: float, gap: timedelta) -> bool:
        """Whether a value may follow another after `gap`."""
        hours = gap / timedelta(hours=1)
        return self.step is None or abs(value - before) <= self.step + self.per_hour * hours


class _Limits(msgspec.Struct, forbid_unknown_fields=True):
    limit: list[Limit]


@cache
def limits() -> Mapping[tuple[str, str], Limit]:
    """Return the declared limits by IRI of type and of attribute."""
    text = files(__package__).joinpath("limits.toml").read_bytes()
    return {
        (DEFAULT_VOCABULARY + one.type, DEFAULT_VOCABULARY + one.attribute): one
        for one in msgspec.toml.decode(text, type=_Limits).limit
    }


@dataclass(frozen=True, slots=True)
class Trace:
    """What went before: the last believed reading, a doubted one, how long it is unchanged."""

    good_at: datetime | None = None
    good: float = 0.0
    doubt_at: datetime | None = None
    doubt: float = 0.0
    same_since: datetime | None = None
    same: float = 0.0
    count: int = 0

    @property
    def newest(self) -> datetime | None:
        """When the newest reading was observed, believed or not."""
        times = [at for at in (self.good_at, self.doubt_at) if at is not None]
        return max(times, default=None)


def judge(limit: Limit, trace: Trace, at: datetime, value: float) -> tuple[str | None, Trace]:
    """Return why a reading cannot be believed, None where it can, and the trace after it.

    A reading no newer than the trace is judged for its range alone, and leaves the trace.
    """
    if not limit.lowest <= value <= limit.highest:
        return OUT_OF_RANGE, trace
    if trace.newest is not None and at <= trace.newest:
        return None, trace
    stuck, trace = _unchanged(limit, trace, at, value)
    if trace.good_at is not None and not limit.allows(trace.good, value, at - trace.good_at):
        doubted = trace.doubt_at
        if doubted is None or not limit.allows(trace.doubt, value, at - doubted):
            return JUMP, replace(trace, doubt_at=at, doubt=value)
    trace = replace(trace, good_at=at, good=value, doubt_at=None)
    return (STUCK if stuck else None), trace


def _unchanged(limit: Limit, trace: Trace, at: datetime, value: float) -> tuple[bool, Trace]:
    if limit.stuck_hours is None or value in limit.stuck_values:
        return False, replace(trace, same_since=None, count=0)
    if trace.same_since is None or value != trace.same:
        return False, replace(trace, same_since=at, same=value, count=1)
    trace = replace(trace, count=trace.count + 1)
    assert trace.same_since is not None
    long = at - trace.same_since >= timedelta(hours=limit.stuck_hours)
    return long and trace.count >= limit.stuck_readings, trace


def marked(instance: Instance, reason: str) -> Instance:
    """Return a measured instance with the mark of a value that cannot be believed."""
    marks = {QUALITY: SUSPECT, QUALITY_REASON: reason}
    return instance | {
        name: [{"type": "Property", "value": value}] for name, value in marks.items()
    }


def is_suspect(instance: Mapping[str, Any]) -> bool:
    """Whether a stored instance is marked as not believable."""
    return _text(instance, QUALITY) == SUSPECT


def reason_of(instance: Mapping[str, Any]) -> str:
    """Return why an instance is marked: jump, stuck, out_of_range; "" where it is not."""
    return _text(instance, QUALITY_REASON) if is_suspect(instance) else ""


def _text(instance: Mapping[str, Any], name: str) -> str:
    found = instance.get(name)
    first = found[0] if isinstance(found, list) and found else {}
    return str(first.get("value", "")) if isinstance(first, dict) else ""


@dataclass(slots=True)
class Judged:
    """What can be written, what was refused, and how many values are marked."""

    entities: list[Entity] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    suspects: int = 0


_Key = tuple[str, str, str]


class Judge:
    """Judges what feeds bring; remembers each series from one call to the next.

    now: the clock by which a reading is ahead of its time.
    """

    def __init__(self, pool: Pool, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._now = now
        self._traces: dict[_Key, Trace] = {}

    async def judged(self, tenant: str, entities: Sequence[Entity]) -> Judged:
        """Return the entities with marks set, without what is refused."""
        found = Judged()
        moments = _moments(entities, self._now(), found)
        await self._look_back(tenant, entities, moments)
        # By time, so that what comes in any order is judged in its own.
        reasons = {
            place: self._judge(tenant, entities[place[0]], place, at)
            for place, at in sorted(moments.items(), key=lambda item: item[1])
        }
        for index, entity in enumerate(entities):
            kept = _kept(entity, index, moments, reasons)
            if kept is not None:
                found.entities.append(kept)
        found.suspects = sum(reason is not None for reason in reasons.values())
        return found

    def _judge(self, tenant: str, entity: Entity, place: "_Place", at: datetime) -> str | None:
        _, attr, number = place
        limit = _limit_of(entity, attr)
        instance = entity.attrs[attr][number]
        value = _number(instance)
        if limit is None or value is None:
            return None
        if "datasetId" in instance:
            return judge(limit, Trace(), at, value)[0]
        key = (tenant, entity.id, attr)
        reason, trace = judge(limit, self._traces.pop(key, Trace()), at, value)
        self._traces[key] = trace
        if len(self._traces) > MOST:
            del self._traces[next(iter(self._traces))]
        return reason

    async def _look_back(
        self, tenant: str, entities: Sequence[Entity], moments: Mapping["_Place", datetime]
    ) -> None:
        """Learn from the history of series not seen before."""
        new: dict[_Key, datetime] = {}
        for (index, attr, _), at in moments.items():
            key = (tenant, entities[index].id, attr)
            if key not in self._traces and _limit_of(entities[index], attr) is not None:
                new[key] = min(at, new.get(key, at))
        if not new:
            return
        values = {
            "tenant": tenant,
            "ids": [key[1] for key in new],
            "attrs": [key[2] for key in new],
            "befores": list(new.values()),
            "most": LOOKED_BACK,
        }
        async with transaction(self._pool) as connection:
            rows = await (await connection.execute(_SQL["last_readings"], values)).fetchall()
        kinds = {entity.id: entity for entity in entities}
        for entity_id, attr, at, value, instance in rows:
            limit = _limit_of(kinds[entity_id], attr)
            assert limit is not None
            key = (tenant, entity_id, attr)
            _, trace = judge(limit, self._traces.get(key, Trace()), at, value)
            if reason_of(instance) == STUCK and limit.stuck_hours is not None:
                # For longer than is looked back.
                since = at - timedelta(hours=limit.stuck_hours)
                trace = replace(trace, same_since=since, same=value, count=limit.stuck_readings)
            self._traces[key] = trace


#: Index of the entity, IRI of the attribute, number of the instance.
_Place = tuple[int, str, int]


def _limit_of(entity: Entity, attr: str) -> Limit | None:
    known = limits()
    return next((known[(kind, attr)] for kind in entity.types if (kind, attr) in known), None)


def _number(instance: Instance) -> float | None:
    value = instance.get("value")
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _moments(entities: Iterable[Entity], now: datetime, found: Judged) -> dict[_Place, datetime]:
    """Return when each measured instance was observed; what is no reading at all is refused."""
    moments: dict[_Place, datetime] = {}
    for index, entity in enumerate(entities):
        for attr, instances in entity.attrs.items():
            for number, instance in enumerate(instances):
                value = instance.get("value")
                try:
                    if isinstance(value, float) and not math.isfinite(value):
                        raise Invalid(quality.NOT_FINITE)
                    if "observedAt" in instance:
                        at = quality.moment(str(instance["observedAt"]), now)
                        moments[(index, attr, number)] = at
                except Invalid as error:
                    found.rejects.append(_refused(entity, attr, instance, error.reason))
    return moments


def _refused(entity: Entity, attr: str, instance: Instance, reason: Reason) -> Reject:
    name = attr.removeprefix(DEFAULT_VOCABULARY)
    cells = [entity.id, name, str(instance.get("value")), str(instance.get("observedAt", ""))]
    return Reject(0, name, reason, cells)


def _kept(
    entity: Entity,
    index: int,
    moments: Mapping[_Place, datetime],
    reasons: Mapping[_Place, str | None],
) -> Entity | None:
    """Return the entity without what was refused and with its marks; None where nothing is left."""
    attrs: dict[str, list[Instance]] = {}
    for attr, instances in entity.attrs.items():
        kept = []
        for number, instance in enumerate(instances):
            place = (index, attr, number)
            value = instance.get("value")
            broken = isinstance(value, float) and not math.isfinite(value)
            if broken or ("observedAt" in instance and place not in moments):
                continue
            reason = reasons.get(place)
            kept.append(instance if reason is None else marked(instance, reason))
        if kept:
            attrs[attr] = kept
    if not attrs:
        return None
    return entity if attrs == entity.attrs else replace(entity, attrs=attrs)
