"""From rain to water level: two linear reservoirs a catchment, a rating curve, the sea below.

A linear reservoir empties in proportion to what it holds: dS/dt = I - S/k. For constant rain its
solution is exact, so results do not depend on the length of the steps.
"""

import math
from dataclasses import dataclass
from typing import Final

from tamamo.simulator.city import Gauge

#: Of the rain that does not run off quickly, this share reaches the ground water; the rest is lost
#: to plants and air.
SEEPAGE: Final = 0.4
#: Exponent of the rating curve: Manning's formula for a wide channel.
_RATING: Final = 0.6
#: Between gauge zero and T.P. at the river mouths, m.
_SILL: Final = 0.9
#: How sharply the higher one of river and sea prevails.
_BLEND: Final = 4


@dataclass(frozen=True, slots=True)
class Storage:
    """Water held by a catchment, mm over its area."""

    quick: float = 0.0
    slow: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """What a span of time did: the storage after it, and mm that ran off and were lost in it."""

    storage: Storage
    outflow: float
    lost: float


def resting(gauge: Gauge, rain: float = 0.12) -> Storage:
    """Return the storage of a catchment that has long had `rain` mm/h: the base flow."""
    return Storage(0.0, rain * (1 - gauge.runoff) * SEEPAGE * gauge.slow_hours)


def advance(gauge: Gauge, storage: Storage, rain: float, hours: float) -> Step:
    """Return the catchment after `hours` of constant rain (mm/h)."""
    quick_in = rain * gauge.runoff
    slow_in = rain * (1 - gauge.runoff) * SEEPAGE
    quick = _reservoir(storage.quick, quick_in, gauge.quick_hours, hours)
    slow = _reservoir(storage.slow, slow_in, gauge.slow_hours, hours)
    outflow = storage.quick + storage.slow + (quick_in + slow_in) * hours - quick - slow
    return Step(Storage(quick, slow), outflow, rain * (1 - gauge.runoff) * (1 - SEEPAGE) * hours)


def _reservoir(held: float, inflow: float, stay: float, hours: float) -> float:
    decay = math.exp(-hours / stay)
    return held * decay + inflow * stay * (1 - decay)


def discharge(gauge: Gauge, storage: Storage) -> float:
    """Return the flow at the gauge, m³/s."""
    depth = storage.quick / gauge.quick_hours + storage.slow / gauge.slow_hours
    return depth * gauge.area / 3.6


def stage(gauge: Gauge, storage: Storage, sea: float) -> float:
    """Return the water level, m above the gauge's zero. sea: m above T.P."""
    river = gauge.channel * math.pow(discharge(gauge, storage), _RATING)
    held_up = max(0.0, (sea + _SILL) * gauge.tidal)
    if held_up == 0:
        return river
    return math.pow(math.pow(river, _BLEND) + math.pow(held_up, _BLEND), 1 / _BLEND)
