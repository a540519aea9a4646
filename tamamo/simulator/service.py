"""The simulator as a feed: 48 hours of history at once, then live through the coordinator."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import orjson
import structlog

from tamamo.context.broker import Broker
from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import DEFAULT_TENANT, Entity
from tamamo.feeds.coordinator import Clock, Coordinator, Feed, SystemClock
from tamamo.feeds.status import Declaration, FeedStatuses
from tamamo.kernel.settings import Settings
from tamamo.kernel.time import from_text
from tamamo.simulator import entities, nowcast, settling
from tamamo.simulator.city import TAKAMATSU, TOWNS, Station, Town
from tamamo.simulator.model import City, Observation
from tamamo.simulator.watch import Watch
from tamamo.simulator.weather import Storm

SEED: Final = 1889  # the year Takamatsu became a city
HISTORY: Final = timedelta(hours=48)
TICK: Final = timedelta(seconds=5)
_HISTORY_STEP: Final = timedelta(minutes=10)
#: In calm weather a gauge reports every sixth tick; in a storm all do at every tick, as real
#: crisis-management gauges report more often in a flood.
_GAUGE_TICKS: Final = 6
_RAIN_EVERY, _TIDE_EVERY = timedelta(seconds=15), timedelta(seconds=30)

_logger = structlog.get_logger()


def declarations(town: Town) -> tuple[Declaration, Declaration, Declaration]:
    """Return what the sources of rivers, rain and tide say of themselves."""
    base = Declaration(
        id="simulator",
        name_ja="河川水位（模擬）",
        name_en="River levels (simulated)",
        source=entities.SOURCE,
        licence="Apache-2.0",
        interval=TICK,
        tenant=town.tenant,
        fresh_for=timedelta(minutes=3),
        kinds=("water_level",),
        simulated=True,
    )
    rain = replace(
        base, id="sim_rain", name_ja="雨量（模擬）", name_en="Rain (simulated)",
        interval=_RAIN_EVERY, kinds=("rainfall",),
    )  # fmt: skip
    tide = replace(
        base, id="sim_tide", name_ja="潮位（模擬）", name_en="Tide (simulated)",
        interval=_TIDE_EVERY, kinds=("tide_level",),
    )  # fmt: skip
    return base, rain, tide


async def run(
    broker: Broker,
    clock: Clock | None = None,
    seed: int = SEED,
    *,
    town: Town = TAKAMATSU,
    begun: asyncio.Event | None = None,
) -> None:
    """Simulate a town until cancelled. begun: set when its past is there."""
    clock = clock or SystemClock()
    found = await feeds(broker, clock, seed, town=town)
    if begun is not None:
        begun.set()
    observe = broker.observations.record
    await Coordinator(found, FeedStatuses(broker.pool), observe, clock).run()


async def feeds(
    broker: Broker, clock: Clock, seed: int = SEED, *, town: Town = TAKAMATSU
) -> list[Feed]:
    """Bring a town's past, and return the sources that go on from there."""
    terms = await broker.contexts.resolve(DEFAULT_TENANT, None)
    simulator = Simulator(broker, terms, clock, seed, town)
    await simulator.begin()
    if town is not TAKAMATSU:
        return simulator.feeds()
    base = _address(broker.settings)
    watch = Watch(broker, terms, clock, simulator.storm, seed=seed, base=base)
    return simulator.feeds() + watch.feeds(town.tenant)


def _address(settings: Settings) -> str:
    return settings.public_url or f"http://{settings.host}:{settings.port}"


async def demo(broker: Broker) -> None:
    """Simulate the demo's towns until cancelled: first the one whose page opens first."""
    begun = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(run(broker, begun=begun), name="simulator of the first town")
        await begun.wait()
        await settling.settle(broker)
        group.create_task(nowcast.run(broker, SEED), name="simulator of the rain's pictures")
        for town in TOWNS[1:]:
            group.create_task(run(broker, town=town), name=f"simulator of {town.tenant}")


class Simulator:
    """Steps the city with the clock and hands out what its stations report."""

    def __init__(
        self, broker: Broker, terms: TermMap, clock: Clock, seed: int, town: Town = TAKAMATSU
    ) -> None:
        self._broker = broker
        self._town = town
        self._terms = terms
        self._clock = clock
        now = clock.now().replace(microsecond=0)
        start = now - HISTORY
        self._city = City(start.replace(minute=0, second=0), seed, town)
        self._ticks = 0
        self._described: set[str] = set()
        self._missing: set[str] = {gauge.slug for gauge in town.gauges if gauge.troubled}

    async def begin(self) -> None:
        """Make the control entity at the first start, and fill the time without data."""
        if self._town is TAKAMATSU and await self._control() is None:
            await self._broker.observations.record(DEFAULT_TENANT, [entities.control(self._terms)])
        storm = entities.storm_of(await self._control(), self._terms)
        now = self._clock.now().replace(microsecond=0)
        since = await self._newest()
        observations = list(self._history(now, since, storm))
        recorded = await self._broker.observations.record(
            self._town.tenant, list(self._entities(observations))
        )
        _logger.info("simulator_started", observations=recorded.stored)

    def _history(
        self, now: datetime, since: datetime | None, storm: Storm | None
    ) -> Iterator[Observation]:
        at = self._city.at
        while (at := at + _HISTORY_STEP) < now:
            self._city.advance(at, storm)
            if since is None or at > since:
                yield from self._everything(storm)

    async def _control(self) -> Entity | None:
        return await self._broker.entities.find(DEFAULT_TENANT, entities.CONTROL_ID)

    async def _newest(self) -> datetime | None:
        """Return the last simulated observation of an earlier run."""
        level = self._terms.expand_term("currentLevel")
        times = []
        for gauge in self._town.gauges:
            found = await self._broker.entities.find(
                self._town.tenant, entities.gauge_id(gauge.slug)
            )
            for instance in found.attrs.get(level, []) if found else []:
                times.append(from_text(instance["observedAt"]))
        return max(times, default=None)

    async def fetch(self) -> str:
        """Step to the present and return what is reported now, as the JSON a device would send."""
        storm = await self.storm()
        now = self._clock.now().replace(microsecond=0)
        self._city.advance(now, storm)
        over = storm is not None and storm.over(now) and not self._city.stormy
        if over and self._town is TAKAMATSU:
            await self._broker.observations.record(DEFAULT_TENANT, [entities.control(self._terms)])
        reports = self._due(storm)
        self._ticks += 1
        return _as_json(reports)

    async def storm(self) -> Storm | None:
        """Return the storm somebody asked for."""
        return entities.storm_of(await self._control(), self._terms)

    def feeds(self) -> list[Feed]:
        """Return the sources of rivers, rain and tide, as far as the town has them."""
        rivers, rain, tide = declarations(self._town)
        found = [Feed(rivers, self.fetch, self.read)]
        if self._town.rain:
            found.append(Feed(rain, self._fetch_weather(self._town.rain), self.read))
        if self._town.tides:
            found.append(Feed(tide, self._fetch_weather(self._town.tides), self.read))
        return found

    def _fetch_weather(self, stations: Sequence[Station]) -> Callable[[], Awaitable[str]]:
        slugs = {station.slug for station in stations}

        async def fetch() -> str:
            reports = self._city.weather_reports(await self.storm())
            return _as_json(one for one in reports if one.station in slugs)

        return fetch

    def _due(self, storm: Storm | None) -> list[Observation]:
        everything = self._city.stormy or self._ticks == 0
        turn = [
            self._city.report(gauge, storm)
            for index, gauge in enumerate(self._town.gauges)
            if everything or index % _GAUGE_TICKS == self._ticks % _GAUGE_TICKS
        ]
        return [report for report in turn if report is not None]

    def _everything(self, storm: Storm | None) -> Iterator[Observation]:
        for gauge in self._town.gauges:
            report = self._city.report(gauge, storm)
            if report is not None:
                yield report
        yield from self._city.weather_reports(storm)

    def read(self, raw: str) -> Iterator[Entity]:
        """Turn what was fetched into entities."""
        return self._entities(
            Observation(item["station"], datetime.fromisoformat(item["at"]), item["value"])
            for item in orjson.loads(raw)
        )

    def _entities(self, observations: Iterable[Observation]) -> Iterator[Entity]:
        for observation in observations:
            slug = observation.station
            described = slug not in self._described
            self._described.add(slug)
            yield entities.entity(observation, self._terms, described=described)
            if observation.value is None:
                self._missing.add(slug)
            elif slug in self._missing:
                self._missing.discard(slug)
                yield entities.status_ok(slug, observation.at, self._terms)


def _as_json(reports: Iterable[Observation]) -> str:
    told = [{"station": one.station, "at": one.at, "value": one.value} for one in reports]
    return orjson.dumps(told).decode()
