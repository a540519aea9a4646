"""Rain and tide: pure functions of place, time and seed."""

import hashlib
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

#: A storm's hours pass this many times faster than the clock's, so that a visitor sees a whole
#: night of rain in a quarter of an hour. The pages say so (attribute `timeScale`).
TIME_SCALE: Final = 60
#: Hours, in the storm's own time, from its start to its heaviest rain, unless told otherwise.
PEAK_HOURS: Final = 3.0
#: Rain at the centre of the storm at its peak, mm/h: what Kagawa sees about once in five years.
HEAVIEST: Final = 38.0
#: After this many times the hours to the peak no rain is left.
_LENGTH: Final = 5.0
#: Reach of the rain band from its centre, degrees.
_REACH: Final = 0.14
_DRIZZLE_KNOT: Final = timedelta(hours=2)
_EPOCH: Final = datetime(2000, 1, 1, 12, tzinfo=UTC)

#: Amplitude in m, speed in degrees an hour, phase in degrees of the four main tides. The amplitudes
#: have the size of those at Takamatsu; the phases are simplified. Not for navigation.
CONSTITUENTS: Final = {
    "M2": (0.67, 28.9841042, 320.0),
    "S2": (0.24, 30.0, 350.0),
    "K1": (0.34, 15.0410686, 205.0),
    "O1": (0.26, 13.9430356, 185.0),
}


@dataclass(frozen=True, slots=True)
class Storm:
    """A storm: when somebody started it, and the hours of its own time until its peak."""

    started_at: datetime
    peak_hours: float = PEAK_HOURS

    def hours(self, at: datetime) -> float:
        """Return the storm's own hours at a moment; negative before its start."""
        return (at - self.started_at) / timedelta(hours=1) * TIME_SCALE

    def strength(self, at: datetime) -> float:
        """Return 0…1: rises to the peak, falls more slowly, and ends."""
        share = self.hours(at) / self.peak_hours
        if not 0 < share < _LENGTH:
            return 0.0
        # A gamma curve that is 1 at its peak; the second factor lets it end in nothing.
        return share**2 * math.exp(2 * (1 - share)) * min(1.0, _LENGTH - share)

    def over(self, at: datetime) -> bool:
        """Say whether its rain has ended."""
        return self.hours(at) >= self.peak_hours * _LENGTH


def rain(
    longitude: float, latitude: float, at: datetime, seed: int, storm: Storm | None = None
) -> float:
    """Return the rain at a place and moment, mm/h (in the storm's own hours while there is one)."""
    amount = _drizzle(longitude, at, seed)
    if storm is not None:
        strength = storm.strength(at)
        if strength > 0:
            # The band comes from the south-west, as rain fronts do, and lingers on the mountains.
            drift = 0.04 * (storm.hours(at) - storm.peak_hours)
            distance = math.hypot(
                longitude - (134.04 + drift), (latitude - 34.27 - drift / 2) * 1.2
            )
            hills = 1.0 + 0.35 * max(0.0, min(1.0, (34.30 - latitude) / 0.12))
            amount += HEAVIEST * strength * hills * math.exp(-((distance / _REACH) ** 2))
    return amount


def _drizzle(longitude: float, at: datetime, seed: int) -> float:
    """Return everyday rain: mostly none, now and then a few millimetres."""
    position = (at - _EPOCH) / _DRIZZLE_KNOT + longitude
    knot = math.floor(position)
    share = position - knot
    smooth = share * share * (3 - 2 * share)
    before, after = chance(seed, "rain", knot), chance(seed, "rain", knot + 1)
    return max(0.0, before + (after - before) * smooth - 0.78) * 12


def tide(at: datetime, storm: Storm | None = None) -> float:
    """Return the sea level at Takamatsu port, m above T.P. (mean sea level of Tokyo Bay)."""
    hours = (at - _EPOCH) / timedelta(hours=1)
    level = sum(
        amplitude * math.cos(math.radians(speed * hours - phase))
        for amplitude, speed, phase in CONSTITUENTS.values()
    )
    return level + (0.35 * storm.strength(at) if storm is not None else 0.0)


def chance(seed: int, *names: object) -> float:
    """Return a number in 0…1 that depends on nothing but its arguments."""
    text = repr((seed, *names)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=7).digest()) / 256**7
