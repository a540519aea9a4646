"""Replaying the river recording: as fast as it goes, or at a multiple of real time."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tamamo.context.model.entity import Entity
from tamamo.context.observations import Recorded
from tamamo.feeds.coordinator import Clock, SystemClock
from tamamo.feeds.plausibility import Judge
from tamamo.feeds.readers import river
from tamamo.feeds.readers.river import Reading, Terms
from tamamo.feeds.rejects import Reject, RejectsFile
from tamamo.feeds.status import Declaration, FeedStatuses
from tamamo.kernel.time import to_text

if TYPE_CHECKING:
    from tamamo.context.broker import Broker

#: Readings written in one transaction at full speed: large enough to be quick, small enough that
#: Ctrl-C loses little work.
BATCH = 1000
REPLAY_ID = "urn:ngsi-ld:Replay:river"
LICENCE = "出典：国土交通省「川の水位情報」"


@dataclass(slots=True)
class Progress:
    """How far a replay is. `clock` is the newest observation time written."""

    rows: int = 0
    gauges: set[str] = field(default_factory=set)
    stored: int = 0
    repeated: int = 0
    late: int = 0
    missing: int = 0
    rejected: int = 0
    #: Values that are kept, but marked as not believable.
    suspects: int = 0
    clock: datetime | None = None

    def __str__(self) -> str:
        """Return the summary line."""
        text = (
            f"{len(self.gauges):,} gauges, {self.stored:,} observations stored, "
            f"{self.repeated:,} repeats, {self.rejected:,} rejected"
        )
        text += f" (of these {self.missing:,} missing, 欠測)" if self.missing else ""
        return text + (f", {self.suspects:,} not believed" if self.suspects else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to replay. speed: 0 = as fast as it goes, else seconds of recording a second.

    announce: keep the entity REPLAY_ID, by which pages show the recording's clock. ahead: with a
    speed, everything before this moment is written at once.
    """

    path: Path
    tenant: str
    start: datetime | None = None
    end: datetime | None = None
    speed: float = 0.0
    announce: bool = False
    ahead: datetime | None = None


def declaration(plan: Plan) -> Declaration:
    """Return the replay as a feed, for the list of sources."""
    return Declaration(
        id="river-replay",
        name_ja="河川水位（記録の再生）",
        name_en="River levels (replay of a recording)",
        source=river.SOURCE,
        licence=LICENCE,
        tenant=plan.tenant,
    )


async def replay(
    broker: "Broker",
    plan: Plan,
    rejects: RejectsFile,
    progress: Progress,
    *,
    report: Callable[[Progress], None] = lambda _: None,
    clock: Clock | None = None,
) -> None:
    """Write the recording's observations; `progress` is right at every moment, Ctrl-C included.

    Every batch is one transaction, and observations that are there already are counted as
    repeats, so a replay can be stopped and run again. Raises UnreadableFile.
    """
    clock = clock or SystemClock()
    terms = await broker.contexts.resolve(plan.tenant, None)
    statuses = FeedStatuses(broker.pool)
    await statuses.declare(declaration(plan))
    writer = _Writer(broker, plan, terms, progress)
    await writer.learn_missing(clock.now())
    items = _within(river.read(plan.path), plan)
    async for batch in _in_time(items, plan, clock, writer):
        for item in batch:
            if isinstance(item, Reject):
                rejects.add(item)
                progress.rejected += 1
                progress.missing += item.reason.code == "missing"
        recorded = await writer.write([i for i in batch if isinstance(i, Reading)])
        progress.rows += len(batch)
        rejected = sum(isinstance(item, Reject) for item in batch)
        now = clock.now()
        await statuses.succeeded(
            declaration(plan), now, recorded, rejected=rejected, newest=progress.clock
        )
        report(progress)
    await writer.announce("finished")


def _within(items: Iterable[Reading | Reject], plan: Plan) -> Iterator[Reading | Reject]:
    """Leave out readings outside from ≤ t < to; the reject that tells of a missing one with it."""
    left_out = -1
    for item in items:
        if isinstance(item, Reading):
            early = plan.start is not None and item.observed_at < plan.start
            if early or (plan.end is not None and item.observed_at >= plan.end):
                left_out = item.row
                continue
        elif item.row == left_out:
            continue
        yield item


def _in_batches(
    items: Iterable[Reading | Reject], size: int = BATCH
) -> Iterator[list[Reading | Reject]]:
    batch: list[Reading | Reject] = []
    for item in items:
        batch.append(item)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


async def _in_time(
    items: Iterable[Reading | Reject], plan: Plan, clock: Clock, writer: "_Writer"
) -> AsyncIterator[list[Reading | Reject]]:
    """Yield what was observed together when its time has come; at speed 0 all of it now."""
    if plan.speed == 0:
        for batch in _in_batches(items):
            yield batch
        return
    everything = list(items)
    yield [item for item in everything if isinstance(item, Reject)]
    readings = sorted(
        (item for item in everything if isinstance(item, Reading)), key=lambda r: r.observed_at
    )
    if not readings:
        return
    first = writer.first = readings[0].observed_at
    writer.last = readings[-1].observed_at
    if plan.ahead is not None:
        past = [r for r in readings if r.observed_at < plan.ahead]
        for batch in _in_batches(past):
            yield batch
        readings = readings[len(past) :]
        first = max(first, plan.ahead)
    began = clock.now()
    for observed_at, together in groupby(readings, key=lambda r: r.observed_at):
        due = began + (observed_at - first) / plan.speed
        while (wait := (due - clock.now()).total_seconds()) > 0:
            # In short steps, so that the announced clock moves between observations too.
            await clock.sleep(min(wait, 5.0))
            at = first + plan.speed * (clock.now() - began)
            await writer.announce("playing", min(observed_at, at))
        yield list(together)


_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class _Writer:
    """Turns readings into entities, sending what a gauge is only when it changed."""

    def __init__(self, broker: "Broker", plan: Plan, terms: Terms, progress: Progress) -> None:
        self._broker = broker
        self._plan = plan
        self._terms = terms
        self._progress = progress
        # The reader has refused what is ahead of its publication: a recording has its own clock.
        self._judge = Judge(broker.pool, lambda: _NEVER)
        self._described: dict[str, tuple[object, ...]] = {}
        self._missing_since: dict[str, datetime] = {}
        #: Of the recording as it is played, known with a speed.
        self.first: datetime | None = None
        self.last: datetime | None = None

    async def learn_missing(self, now: datetime) -> None:
        """Find the gauges whose last word was a missing reading."""
        status = self._terms.expand_term("currentLevelStatus")
        gauge_type = self._terms.expand_type("FloodMonitoring")
        for gauge in await self._broker.temporal.state_at(self._plan.tenant, gauge_type, now):
            for instance in gauge.attrs.get(status, []):
                if instance.get("value") == "missing" and "observedAt" in instance:
                    since = datetime.fromisoformat(instance["observedAt"])
                    self._missing_since[gauge.id] = since

    async def write(self, readings: Sequence[Reading]) -> Recorded:
        """Write the readings in one transaction and the changes of status in another."""
        entities: list[Entity] = []
        statuses: list[Entity] = []
        for reading in readings:
            self._progress.gauges.add(reading.code)
            entity = self._entity(reading)
            (entities if reading.level is not None else statuses).append(entity)
            statuses += self._status_change(reading)
        judged = await self._judge.judged(self._plan.tenant, entities)
        recorded = await self._broker.observations.record(self._plan.tenant, judged.entities)
        self._progress.suspects += judged.suspects
        if statuses:
            # Counted apart: a missing reading is no observation of a level.
            await self._broker.observations.record(self._plan.tenant, statuses)
        self._progress.stored += recorded.stored
        self._progress.repeated += recorded.repeated
        self._progress.late += recorded.late
        times = [r.observed_at for r in readings]
        times += [self._progress.clock] if self._progress.clock else []
        self._progress.clock = max(times, default=None)
        return recorded

    def _entity(self, reading: Reading) -> Entity:
        entity = river.entity(reading, self._terms)
        described = (
            reading.name, reading.start_level, reading.alert_level, reading.danger_level,
            reading.region, reading.locality, reading.longitude, reading.latitude,
        )  # fmt: skip
        if self._described.get(entity.id) == described:
            observed = {
                attr: instances
                for attr, instances in entity.attrs.items()
                if "observedAt" in instances[0]
            }
            return Entity(entity.id, entity.types, observed)
        self._described[entity.id] = described
        return entity

    def _status_change(self, reading: Reading) -> Iterator[Entity]:
        since = self._missing_since.get(reading.entity_id)
        if reading.level is None:
            if since is None or reading.observed_at > since:
                self._missing_since[reading.entity_id] = reading.observed_at
        elif since is not None and reading.observed_at > since:
            del self._missing_since[reading.entity_id]
            yield river.status_ok(reading, self._terms)

    async def announce(
        self, state: Literal["playing", "finished"], at: datetime | None = None
    ) -> None:
        """Tell pages where the replay is, where the plan says so."""
        at = at or self._progress.clock
        if not self._plan.announce or at is None:
            return
        values = {
            "clock": to_text(at.replace(microsecond=0)),
            "state": state,
            "speed": self._plan.speed,
            "source": river.SOURCE,
            "dataProvider": river.PROVIDER,
            "file": self._plan.path.name,
        }
        for name, moment in (("from", self.first), ("to", self.last)):
            if moment is not None:
                values[name] = to_text(moment)
        attrs = {
            self._terms.expand_term(name): [{"type": "Property", "value": value}]
            for name, value in values.items()
        }
        entity = Entity(REPLAY_ID, [self._terms.expand_type("Replay")], attrs)
        await self._broker.observations.record(self._plan.tenant, [entity])
