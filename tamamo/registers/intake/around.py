"""Places far from all others of their file: a typing error, or the branch in the capital."""

import math
from statistics import median
from typing import Final

from tamamo.registers.intake.model import Doubt, Row

#: With fewer places none is far from the others.
_ENOUGH: Final = 8
#: Far is this many degrees (of latitude, 55 km) from the middle of all, and eight times as far as
#: half of them.
_DEGREES: Final = 0.5
_TIMES: Final = 8
_ROWS: Final = 20


class Around:
    """Gathers the places of rows, by the names of the fields that hold them."""

    def __init__(self, latitude: str, longitude: str) -> None:
        self._names = latitude, longitude
        self._places: list[tuple[float, float, int]] = []

    def add(self, row: Row) -> None:
        """Take the place of a row, if it has one."""
        latitude, longitude = (row.values.get(name) for name in self._names)
        if isinstance(latitude, float) and isinstance(longitude, float):
            self._places.append((latitude, longitude, row.number))

    def doubts(self) -> list[Doubt]:
        """Return what is doubtful about where the places lie."""
        if len(self._places) < _ENOUGH:
            return []
        north = median(place[0] for place in self._places)
        east = median(place[1] for place in self._places)
        shrink = math.cos(math.radians(north))
        distances = [
            math.hypot(place[0] - north, (place[1] - east) * shrink) for place in self._places
        ]
        limit = max(_DEGREES, _TIMES * median(distances))
        far = [
            place
            for place, distance in zip(self._places, distances, strict=True)
            if distance > limit
        ]
        if not far:
            return []
        rows = [place[2] for place in far[:_ROWS]]
        ja = "ほかの行から遠く離れた場所です（入力の誤りではありませんか）"
        en = "the place lies far from all others: a typing error?"
        sample = f"{far[0][0]}, {far[0][1]}"
        return [Doubt("far_from_others", ja, en, self._names[0], rows[0], rows, sample, len(far))]
