"""The feed of the rain nowcast: times and tiles of JMA, kept to be shown from our own address."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urljoin

from tamamo.context.model.entity import Entity
from tamamo.feeds.coordinator import Feed
from tamamo.feeds.errors import UpdateFailed
from tamamo.feeds.jma import nowcast_store
from tamamo.feeds.offers import Opening
from tamamo.feeds.readers import nowcast
from tamamo.feeds.readers.nowcast import Frame, Tile
from tamamo.feeds.readers.river import Terms
from tamamo.feeds.rejects import Reject
from tamamo.kernel.database import transaction
from tamamo.kernel.outgoing import ErrorAnswer
from tamamo.kernel.time import to_text

#: How far back pictures are kept; the publisher has three hours.
BACK: Final = timedelta(hours=1)
#: The largest tile, the most tiles of a picture and the most of a run, in bytes.
LARGEST: Final = 256 * 1024
MOST_TILES: Final = 40
MOST_BYTES: Final = 32 * 1024 * 1024
#: Tiles asked for at once.
_AT_ONCE: Final = 4
_NOT_FOUND: Final = 404
PROVIDER: Final = "気象庁"
SOURCE: Final = "https://www.jma.go.jp/bosai/nowc/"
LICENCE: Final = "出典：気象庁「雨雲の動き」（公共データ利用規約 第1.0版）"


@dataclass(frozen=True, slots=True)
class Run:
    """What a run brought: the pictures there are now, and how many of them are new."""

    shown: tuple[Frame, ...]
    fresh: int
    at: datetime


class Source:
    """Asks for the times, and for the tiles of pictures that are new."""

    def __init__(self, opening: Opening) -> None:
        options = opening.options
        self._opening = opening
        self._address = options["address"]
        zoom = int(options["zoom"]) if options["zoom"].isdecimal() else 0
        if zoom not in nowcast.ZOOMS:
            raise UpdateFailed(f"the zoom is one of {', '.join(map(str, nowcast.ZOOMS))}")
        self._tiles = nowcast.tiles(nowcast.box_of(options["box"]), zoom)
        if len(self._tiles) > MOST_TILES:
            raise UpdateFailed(
                f"{len(self._tiles)} tiles a picture are more than {MOST_TILES}: a smaller box"
            )

    async def fetch(self) -> Run:
        """Fetch what is new and keep it. Raises OutgoingError, UpdateFailed."""
        observed, forecast = [
            nowcast.frames(await self._get(f"targetTimes_{name}.json", 1024 * 1024))
            for name in ("N1", "N2")
        ]
        shown = nowcast.chosen(observed, forecast, BACK)
        if not shown:
            raise UpdateFailed("the list of times has nothing observed")
        tenant, pool = self._opening.tenant, self._opening.broker.pool
        async with transaction(pool) as connection:
            known = {one.frame for one in await nowcast_store.stored(connection, tenant)}
            if await nowcast_store.zoom_of(connection, tenant) != self._tiles[0].z:
                known = set()
        fresh = await self._pictures([frame for frame in shown if frame not in known])
        now = self._opening.clock.now()
        async with transaction(pool) as connection:
            await nowcast_store.keep(connection, tenant, shown, fresh, now)
        return Run(tuple(shown), len(fresh), now)

    async def _pictures(self, wanted: list[Frame]) -> dict[Frame, list[tuple[Tile, bytes]]]:
        found = {}
        size = 0
        for frame in wanted:
            tiles = await self._picture(frame)
            size += sum(len(body) for _, body in tiles)
            if size > MOST_BYTES:
                raise UpdateFailed(f"the pictures have more than {MOST_BYTES} bytes")
            found[frame] = tiles
        return found

    async def _picture(self, frame: Frame) -> list[tuple[Tile, bytes]]:
        limit = asyncio.Semaphore(_AT_ONCE)

        async def one(place: Tile) -> tuple[Tile, bytes]:
            async with limit:
                return place, await self._tile(frame, place)

        return list(await asyncio.gather(*(one(place) for place in self._tiles)))

    async def _tile(self, frame: Frame, place: Tile) -> bytes:
        path = f"{frame.path}/{place.z}/{place.x}/{place.y}.png"
        try:
            body = await self._get(path, LARGEST)
        except ErrorAnswer as error:
            # Where nothing is observed there is no tile.
            if error.status == _NOT_FOUND:
                return nowcast.blank()
            raise
        if not body.startswith(nowcast.PNG):
            raise UpdateFailed(f"{path} is no PNG")
        return body

    async def _get(self, path: str, max_bytes: int) -> bytes:
        address = urljoin(self._address, path)
        answer = await self._opening.outgoing.get(address, max_bytes=max_bytes, seconds=15)
        return answer.content()


def entity(run: Run, terms: Terms) -> Entity:
    """Return what is known of the nowcast itself: until when it is observed and foretold."""
    observed = max(frame.valid_at for frame in run.shown if frame.observed)
    values = {
        "name": "雨雲の動き（降水ナウキャスト）",
        "alternateName": "Rain nowcast",
        "dataProvider": PROVIDER,
        "source": SOURCE,
        "license": LICENCE,
        "forecastUntil": to_text(run.shown[-1].valid_at),
    }
    attrs = {terms.expand_term(n): [{"type": "Property", "value": v}] for n, v in values.items()}
    attrs[terms.expand_term("observedUntil")] = [
        {"type": "Property", "value": to_text(observed), "observedAt": to_text(observed)}
    ]
    return Entity("urn:ngsi-ld:RainNowcast:jma", [terms.expand_type("RainNowcast")], attrs)


async def open_feed(opening: Opening) -> Feed:
    """Open the feed: options `box` (west,south,east,north), `zoom`, `address`."""

    def read(run: Run) -> Iterator[Entity | Reject]:
        yield entity(run, opening.terms)

    return Feed(opening.declaration, Source(opening).fetch, read)
