"""Places as one whole number each, so that a box or a map tile is a few ranges of an index.

The number is the quadkey of Web Mercator (EPSG:3857) at zoom 26: its bits take turns in saying east
or west, south or north. All places of a tile have the same first digits. A version's rows are found
without those of other versions, which lie at the same places.
"""

import math
from collections.abc import Iterator
from typing import Final

ZOOM: Final = 26
_SIDE: Final = 1 << ZOOM
#: Web Mercator ends here, degrees of latitude.
_EDGE: Final = 85.05112877980659
#: Ranges that a box is covered by, at most about.
_RANGES: Final = 16

Box = tuple[float, float, float, float]


def quad(longitude: float, latitude: float) -> int | None:
    """Return the number of a place, degrees; None beyond Web Mercator."""
    if not (-180 <= longitude <= 180 and -_EDGE <= latitude <= _EDGE):
        return None
    return _number(*_cell(longitude, latitude))


def tile_range(zoom: int, x: int, y: int) -> tuple[int, int]:
    """Return the numbers in a tile (XYZ): from the first to before the second."""
    shift = 2 * (ZOOM - zoom)
    first = _number(x << (ZOOM - zoom), y << (ZOOM - zoom))
    return first, first + (1 << shift)


def cover(box: Box) -> list[tuple[int, int]]:
    """Return ranges that hold all places of a box, in order; some beyond it too.

    west > east: the box goes over the antimeridian (RFC 7946, section 5.2).
    """
    west, south, east, north = box
    if west > east:
        return _merged(sorted([*_cover((west, south, 180.0, north)),
                               *_cover((-180.0, south, east, north))]))  # fmt: skip
    return _merged(sorted(_cover(box)))


def _cover(box: Box) -> Iterator[tuple[int, int]]:
    west, south, east, north = box
    left, top = _cell(west, north)
    right, bottom = _cell(east, south)
    wide = max(right - left, bottom - top, 1)
    # Tiles of about a third of the box: at most 4 × 4 touch it.
    zoom = max(0, min(ZOOM, ZOOM + 2 - wide.bit_length()))
    shift = ZOOM - zoom
    while ((right >> shift) - (left >> shift) + 1) * (
        (bottom >> shift) - (top >> shift) + 1
    ) > _RANGES:
        shift += 1
    for x in range(left >> shift, (right >> shift) + 1):
        for y in range(top >> shift, (bottom >> shift) + 1):
            yield tile_range(ZOOM - shift, x, y)


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for low, high in ranges:
        if merged and merged[-1][1] >= low:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged


def _cell(longitude: float, latitude: float) -> tuple[int, int]:
    latitude = max(-_EDGE, min(_EDGE, latitude))
    x = (longitude + 180.0) / 360.0
    y = (1.0 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2.0
    return _clamped(x), _clamped(y)


def _clamped(share: float) -> int:
    return max(0, min(_SIDE - 1, int(share * _SIDE)))


def _number(x: int, y: int) -> int:
    return _spread(x) | _spread(y) << 1


def _spread(value: int) -> int:
    """Put a zero before each bit ("Part1By1")."""
    value = (value | value << 16) & 0x0000FFFF0000FFFF
    value = (value | value << 8) & 0x00FF00FF00FF00FF
    value = (value | value << 4) & 0x0F0F0F0F0F0F0F0F
    value = (value | value << 2) & 0x3333333333333333
    return (value | value << 1) & 0x5555555555555555
