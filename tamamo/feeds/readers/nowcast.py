"""The rain nowcast (高解像度降水ナウキャスト): which pictures there are, and which tiles make them.

Sources, under `https://www.jma.go.jp/bosai/jmatile/data/nowc/`: targetTimes_N1.json (observed, the
last three hours) and targetTimes_N2.json (forecast, an hour ahead), each a list of {basetime,
validtime, elements} as yyyymmddHHMMSS in UTC, every five minutes; and tiles
`<basetime>/none/<validtime>/surf/hrpns/<z>/<x>/<y>.png` (web Mercator, 256 px). Only even zooms
from 4 to 10 have tiles.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from tamamo.feeds.errors import UpdateFailed
from tamamo.feeds.readers.body import json_of

ELEMENT: Final = "hrpns"
PNG: Final = b"\x89PNG\r\n\x1a\n"
ZOOMS: Final = (4, 6, 8, 10)
STEP: Final = timedelta(minutes=5)
_STAMP: Final = "%Y%m%d%H%M%S"
#: Web Mercator ends here, degrees.
_EDGE: Final = 85.0


@dataclass(frozen=True, slots=True, order=True)
class Frame:
    """One picture. valid_at: the moment it shows; base_at: the moment it was made of."""

    valid_at: datetime
    base_at: datetime

    @property
    def observed(self) -> bool:
        """Whether it shows what was; else what is expected."""
        return self.valid_at == self.base_at

    @property
    def path(self) -> str:
        """Where its tiles begin at the publisher."""
        return f"{stamp(self.base_at)}/none/{stamp(self.valid_at)}/surf/{ELEMENT}"


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the map: degrees (WGS 84), west < east, south < north."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """A tile's place (web Mercator)."""

    z: int
    x: int
    y: int


def stamp(moment: datetime) -> str:
    """Return a moment as the publisher writes it."""
    return moment.astimezone(UTC).strftime(_STAMP)


def from_stamp(text: str) -> datetime:
    """Return the moment. Raises ValueError."""
    if len(text) != len("20260701010000"):
        raise ValueError(f"{text!r} is no yyyymmddHHMMSS")
    return datetime.strptime(text, _STAMP).replace(tzinfo=UTC)


def frames(body: bytes) -> list[Frame]:
    """Return the pictures a list of times tells of, by moment. Raises UpdateFailed."""
    items = json_of(body)
    if not isinstance(items, list):
        raise UpdateFailed("the list of times is no list")
    found = set()
    for item in items:
        try:
            if ELEMENT in item.get("elements", [ELEMENT]):
                times = from_stamp(item["validtime"]), from_stamp(item["basetime"])
                found.add(Frame(*times))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise UpdateFailed(f"an item of the list of times: {error}") from None
    return sorted(found)


def chosen(observed: list[Frame], forecast: list[Frame], back: timedelta) -> list[Frame]:
    """Return the pictures to show: what was observed for so long, then the newest forecast."""
    past = [frame for frame in observed if frame.observed]
    if not past:
        return []
    now = past[-1].valid_at
    shown = {frame.valid_at: frame for frame in past if frame.valid_at >= now - back}
    newest = max((frame.base_at for frame in forecast), default=now)
    for frame in forecast:
        if frame.base_at == newest and frame.valid_at > now:
            shown[frame.valid_at] = frame
    return [shown[moment] for moment in sorted(shown)]


def tiles(box: Box, zoom: int) -> list[Tile]:
    """Return the tiles that cover a box."""
    west, north = _place(box.west, box.north, zoom)
    east, south = _place(box.east, box.south, zoom)
    return [Tile(zoom, x, y) for x in range(west, east + 1) for y in range(north, south + 1)]


def _place(longitude: float, latitude: float, zoom: int) -> tuple[int, int]:
    size = 2**zoom
    angle = math.radians(max(-_EDGE, min(_EDGE, latitude)))
    y = (1 - math.asinh(math.tan(angle)) / math.pi) / 2
    across, down = int((longitude + 180) / 360 * size), int(y * size)
    return min(max(across, 0), size - 1), min(max(down, 0), size - 1)


def box_of(text: str) -> Box:
    """Return the box of `west,south,east,north`. Raises UpdateFailed saying what is wrong."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise UpdateFailed(f"{text!r} is not west,south,east,north") from None
    if not (120 <= west < east <= 155 and 20 <= south < north <= 48):
        raise UpdateFailed(f"{text!r} is no part of Japan: west,south,east,north in degrees")
    return Box(west, south, east, north)


def blank() -> bytes:
    """Return a tile without rain: one transparent pixel."""
    return picture(1, 1, [bytes(4)])


def picture(width: int, height: int, rows: list[bytes]) -> bytes:
    """Return a PNG of rows of RGBA pixels (ISO/IEC 15948)."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    parts = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return PNG + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


#: Rain that stronger colours begin at, mm/h, with the colour of JMA's maps (配色に関する設定指針).
SCALE: Final = (
    (80, (180, 0, 104)), (50, (255, 40, 0)), (30, (255, 153, 0)), (20, (250, 245, 0)),
    (10, (0, 65, 255)), (5, (33, 140, 255)), (1, (160, 210, 255)), (0, (242, 242, 255)),
)  # fmt: skip


def steps() -> Iterator[tuple[int, int | None]]:
    """Yield the scale from weak to strong: from, to (None: and above), mm/h."""
    above: list[int | None] = [None, *(least for least, _ in SCALE)]
    yield from reversed([(least, top) for (least, _), top in zip(SCALE, above, strict=False)])
