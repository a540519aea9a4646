"""What a station reads between the few values a script gives. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Point:
    """A value at a second of the drill's clock."""

    position: float
    value: float


def readings(
    points: Sequence[Point], every: float, digits: int = 2
) -> Iterator[tuple[float, float]]:
    """Yield (position, value) every so many seconds, and at each given point.

    Between two points the value goes along a straight line: no more is claimed than was given.
    """
    for before, after in pairwise(points):
        yield before.position, round(before.value, digits)
        span = after.position - before.position
        if span <= 0:
            continue
        # On the clock's own steps, so that series of different points report at the same times.
        position = (before.position // every + 1) * every
        while position < after.position:
            share = (position - before.position) / span
            yield position, round(before.value + share * (after.value - before.value), digits)
            position += every
    if points:
        yield points[-1].position, round(points[-1].value, digits)
