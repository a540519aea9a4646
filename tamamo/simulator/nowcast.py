"""The simulated rain as pictures for the map (模擬), as the feed of the real nowcast keeps them.

A picture a minute, twelve back and twelve ahead, since a simulated storm is over in a quarter of an
hour. Each is drawn once: what is foretold here is what will be.
"""

import asyncio
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tamamo.context.broker import Broker
from tamamo.context.model.entity import DEFAULT_TENANT, Entity
from tamamo.feeds.coordinator import Clock, SystemClock
from tamamo.feeds.jma import nowcast_store
from tamamo.feeds.readers.nowcast import SCALE, Box, Frame, Tile, picture, tiles
from tamamo.kernel.database import transaction
from tamamo.kernel.tasks import wanted
from tamamo.kernel.time import to_text
from tamamo.simulator import entities, weather
from tamamo.simulator.weather import Storm

STEP: Final = timedelta(minutes=1)
FRAMES: Final = 12
NOWCAST_ID: Final = "urn:ngsi-ld:RainNowcast:sim"
BOX: Final = Box(133.4, 33.95, 134.65, 34.75)
_ZOOM: Final = 8
_SIZE: Final = 256
#: Pixels of one value: about 2 km.
_BLOCK: Final = 4
#: Less is no rain on the map, mm/h.
_LEAST: Final = 0.1


@dataclass(slots=True)
class Painter:
    """Draws pictures and remembers them. seed: of the simulated weather."""

    seed: int
    _storm: Storm | None = None
    _drawn: dict[datetime, list[tuple[Tile, bytes]]] | None = None

    def frames(self, now: datetime) -> list[Frame]:
        """Return the pictures there are at a moment."""
        newest = now.replace(second=0, microsecond=0)
        moments = [newest + step * STEP for step in range(-FRAMES, FRAMES + 1)]
        return [Frame(at, min(at, newest)) for at in moments]

    def forget(self, storm: Storm | None, frames: list[Frame]) -> bool:
        """Keep only these, and none where another storm makes other rain; say whether so."""
        changed = storm != self._storm or self._drawn is None
        before = {} if changed or self._drawn is None else self._drawn
        valid = {frame.valid_at for frame in frames}
        self._storm, self._drawn = storm, {at: t for at, t in before.items() if at in valid}
        return changed

    def draw(self, frame: Frame) -> list[tuple[Tile, bytes]]:
        """Return the tiles of a picture."""
        assert self._drawn is not None
        if frame.valid_at not in self._drawn:
            places = tiles(BOX, _ZOOM)
            self._drawn[frame.valid_at] = [(p, self._tile(p, frame.valid_at)) for p in places]
        return self._drawn[frame.valid_at]

    def _tile(self, place: Tile, at: datetime) -> bytes:
        rows: list[bytes] = []
        for down in range(_SIZE // _BLOCK):
            latitude = _latitude(place, (down + 0.5) * _BLOCK / _SIZE)
            row = b"".join(
                _color(weather.rain(longitude, latitude, at, self.seed, self._storm)) * _BLOCK
                for longitude in _longitudes(place)
            )
            rows += [row] * _BLOCK
        return picture(_SIZE, _SIZE, rows)


def _longitudes(place: Tile) -> Iterator[float]:
    for across in range(_SIZE // _BLOCK):
        share = (place.x + (across + 0.5) * _BLOCK / _SIZE) / 2**place.z
        yield share * 360 - 180


def _latitude(place: Tile, down: float) -> float:
    share = (place.y + down) / 2**place.z
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * share))))


def _color(rain: float) -> bytes:
    if rain < _LEAST:
        return bytes(4)
    return bytes([*next(color for least, color in SCALE if rain >= least), 255])


async def run(broker: Broker, seed: int, clock: Clock | None = None) -> None:
    """Paint until cancelled."""
    clock = clock or SystemClock()
    painter = Painter(seed)
    while wanted():
        await paint(broker, painter, clock.now())
        await clock.sleep(STEP.total_seconds() / 2)


async def paint(broker: Broker, painter: Painter, now: datetime) -> None:
    """Bring the pictures up to a moment, and say that they are simulated."""
    terms = await broker.contexts.resolve(DEFAULT_TENANT, None)
    control = await broker.entities.find(DEFAULT_TENANT, entities.CONTROL_ID)
    frames = painter.frames(now)
    storm = entities.storm_of(control, terms)
    changed = painter.forget(storm, frames)
    async with transaction(broker.pool) as connection:
        known = {one.frame for one in await nowcast_store.stored(connection, DEFAULT_TENANT)}
    fresh = {}
    for frame in frames:
        if changed or frame not in known:
            fresh[frame] = painter.draw(frame)
            await asyncio.sleep(0)
    async with transaction(broker.pool) as connection:
        await nowcast_store.keep(connection, DEFAULT_TENANT, frames, fresh, now)
    newest = to_text(frames[FRAMES].valid_at)
    values = {"name": "雨雲の動き（模擬）", "alternateName": "Rain nowcast (simulated)"}
    attrs = {name: {"type": "Property", "value": value} for name, value in values.items()}
    attrs["observedUntil"] = {"type": "Property", "value": newest, "observedAt": newest}
    made: Entity = entities.made(terms, "RainNowcast", NOWCAST_ID, attrs)
    await broker.observations.record(DEFAULT_TENANT, [made])
