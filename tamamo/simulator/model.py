"""The simulated city in time: advance it, then ask what its stations would report."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from tamamo.simulator import hydrology, weather
from tamamo.simulator.city import TAKAMATSU, Gauge, Town
from tamamo.simulator.hydrology import Storage
from tamamo.simulator.weather import TIME_SCALE, Storm

#: From nothing to a city with its base flow.
WARM_UP: Final = timedelta(days=4)
_CALM_STEP: Final = timedelta(minutes=10)
_STORM_STEP: Final = timedelta(seconds=5)
#: A storm's water has passed when no catchment holds more than this, mm.
_PASSED: Final = 2.0
#: Standard deviation of a gauge's noise, m.
_NOISE: Final = 0.004


class Sensor(StrEnum):
    """What a sensor does at a moment."""

    OK = "ok"
    #: It reports that it has no reading.
    MISSING = "missing"
    #: It reports nothing at all.
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Observation:
    """What a station reports: metres for a gauge and the tide, mm/h for rain; None is missing."""

    station: str
    at: datetime
    value: float | None


class City:
    """The state of all catchments at a moment.

    The same seed, storms and steps give the same levels. While a storm runs, and until its water
    has passed, hours pass TIME_SCALE times faster than on the clock.
    """

    def __init__(self, at: datetime, seed: int = 0, town: Town = TAKAMATSU) -> None:
        self.seed = seed
        self.town = town
        self.at = at - WARM_UP
        self._flooded = False
        self._storages = {gauge.slug: hydrology.resting(gauge) for gauge in town.gauges}
        self.advance(at)

    def advance(self, to: datetime, storm: Storm | None = None) -> None:
        """Move on to a moment; a moment that has passed changes nothing."""
        while self.at < to:
            raining = storm is not None and storm.started_at <= self.at and not storm.over(self.at)
            fast = self.stormy or raining
            end = min(to, self.at + (_STORM_STEP if fast else _CALM_STEP))
            if storm is not None and self.at < storm.started_at < end:
                end = storm.started_at
            hours = (end - self.at) / timedelta(hours=1) * (TIME_SCALE if fast else 1)
            middle = self.at + (end - self.at) / 2
            for gauge in self.town.gauges:
                self._step(gauge, middle, hours, storm)
            self.at = end
            held = max(storage.quick for storage in self._storages.values())
            self._flooded = raining or (self._flooded and held > _PASSED)

    def _step(self, gauge: Gauge, at: datetime, hours: float, storm: Storm | None) -> None:
        # The catchment lies above its gauge: to the south, where Takamatsu's rivers come from.
        rain = weather.rain(gauge.longitude, gauge.latitude - 0.03, at, self.seed, storm)
        self._storages[gauge.slug] = hydrology.advance(
            gauge, self._storages[gauge.slug], rain, hours
        ).storage

    @property
    def stormy(self) -> bool:
        """Whether a storm runs or its water has not passed yet."""
        return self._flooded

    def storage(self, gauge: Gauge) -> Storage:
        """Return the water a catchment holds."""
        return self._storages[gauge.slug]

    def level(self, gauge: Gauge, storm: Storm | None = None) -> float:
        """Return the true level at a gauge, m above its zero."""
        return hydrology.stage(gauge, self.storage(gauge), weather.tide(self.at, storm))

    def report(self, gauge: Gauge, storm: Storm | None = None) -> Observation | None:
        """Return what a gauge reports now; None when its sensor is silent."""
        state = sensor(gauge, self.at, self.seed)
        if state is Sensor.SILENT:
            return None
        if state is Sensor.MISSING:
            return Observation(gauge.slug, self.at, None)
        # The sum of three even chances is nearly normal; 2 * noise is the deviation of one.
        draws = (weather.chance(self.seed, gauge.slug, self.at, n) for n in range(3))
        noise = (sum(draws) - 1.5) * 2 * _NOISE
        return Observation(gauge.slug, self.at, round(self.level(gauge, storm) + noise, 2))

    def weather_reports(self, storm: Storm | None = None) -> Iterator[Observation]:
        """Yield what the stations of rain and tide report now."""
        for station in self.town.rain:
            place = station.longitude, station.latitude
            amount = weather.rain(*place, self.at, self.seed, storm)
            yield Observation(station.slug, self.at, round(amount, 1))
        for station in self.town.tides:
            yield Observation(station.slug, self.at, round(weather.tide(self.at, storm), 2))


def sensor(gauge: Gauge, at: datetime, seed: int) -> Sensor:
    """Return what a gauge's sensor does: a troubled one fails for minutes every 20 minutes, and
    now and then for an hour, so that every state a page knows can be seen.
    """
    if not gauge.troubled:
        return Sensor.OK
    seconds = int(at.timestamp())
    if weather.chance(seed, "silent", gauge.slug, seconds // 3600) < 0.06:
        return Sensor.SILENT
    minute = seconds % 1200 / 60
    if 11.5 <= minute < 13.5:
        return Sensor.MISSING
    return Sensor.SILENT if 14 <= minute < 18.5 else Sensor.OK
