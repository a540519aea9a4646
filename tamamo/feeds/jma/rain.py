"""The feed of rain: AMeDAS, all stations at the newest moment, every ten minutes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urljoin

from tamamo.context.model.entity import Entity
from tamamo.feeds.coordinator import Feed
from tamamo.feeds.errors import UpdateFailed
from tamamo.feeds.offers import Opening
from tamamo.feeds.readers import amedas
from tamamo.feeds.readers.amedas import Rain, Station
from tamamo.feeds.readers.river import Terms
from tamamo.feeds.rejects import Reject
from tamamo.kernel.time import JST, from_text

#: Moments caught up with after a silence; the publisher keeps some days.
MOST: Final = 18
_STEP: Final = timedelta(minutes=10)
_TABLE_AGE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All stations at one moment, as they came, with the table that names them."""

    at: datetime
    body: bytes
    stations: dict[str, Station]


class Source:
    """Asks for the newest moment, and those since the last one."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._address = opening.options["address"]
        self.wanted = tuple(w.strip() for w in opening.options["stations"].split(",") if w.strip())
        self._stations: dict[str, Station] = {}
        self._stations_at: datetime | None = None
        self._last: datetime | None = None

    async def fetch(self) -> list[Snapshot]:
        """Return what is new, oldest first. Raises OutgoingError."""
        now = self._opening.clock.now()
        if self._stations_at is None or now - self._stations_at > _TABLE_AGE:
            table = await self._get("const/amedastable.json")
            self._stations, self._stations_at = amedas.stations(table, self.wanted), now
        newest = _moment(await self._get("data/latest_time.txt"))
        found = []
        for at in self._moments(newest):
            body = await self._get(f"data/map/{at.astimezone(JST):%Y%m%d%H%M%S}.json")
            found.append(Snapshot(at, body, self._stations))
        self._last = newest
        return found

    def _moments(self, newest: datetime) -> list[datetime]:
        if self._last is None:
            return [newest]
        steps = min(max(int((newest - self._last) / _STEP), 0), MOST)
        return [newest - step * _STEP for step in reversed(range(steps))]

    async def _get(self, path: str) -> bytes:
        answer = await self._opening.outgoing.get(urljoin(self._address, path), seconds=20)
        return answer.content()


def _moment(body: bytes) -> datetime:
    try:
        return from_text(body.decode("ascii").strip())
    except ValueError:
        raise UpdateFailed("latest_time.txt holds no time") from None


def reader(
    terms: Terms, wanted: tuple[str, ...]
) -> Callable[[list[Snapshot]], Iterator[Entity | Reject]]:
    """Return what turns snapshots into stations."""

    def read(snapshots: list[Snapshot]) -> Iterator[Entity | Reject]:
        for one in snapshots:
            for item in amedas.snapshot(one.body, one.at, one.stations, wanted):
                yield amedas.entity(item, terms) if isinstance(item, Rain) else item

    return read


async def open_feed(opening: Opening) -> Feed:
    """Open the feed: options `stations` (beginnings of numbers; 72 is Kagawa), `address`."""
    source = Source(opening)
    return Feed(opening.declaration, source.fetch, reader(opening.terms, source.wanted))
