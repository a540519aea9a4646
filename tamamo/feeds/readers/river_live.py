"""River levels live: 国土交通省「川の水位情報」, one JSON file a prefecture.

Source: `https://k.river.go.jp/swin/files/area_info/current/<prefecture>.json`, the file behind the
map of https://k.river.go.jp/ (the recording of readers/river.py was made of it). A gauge for
emergencies (危機管理型水位計) stands in it only while its water is at or above its observation
start; one that is not there is low, not silent. Fields of an item of `obss`: code, name, obsTime
(RFC 3339 with zone), level, startLevel, warnLevel, fladLevel (sic; metres, null: none), prefCode,
twnCode or townCode, lat, lon.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from tamamo.context.broker import Broker
from tamamo.context.model.entity import Entity
from tamamo.feeds import quality
from tamamo.feeds.coordinator import Feed
from tamamo.feeds.errors import UpdateFailed
from tamamo.feeds.offers import Opening
from tamamo.feeds.quality import Invalid, Reason
from tamamo.feeds.readers.body import json_of
from tamamo.feeds.readers.river import Reading, Terms, entity, reading_of
from tamamo.feeds.rejects import Reject
from tamamo.kernel import time

ADDRESS: Final = "https://k.river.go.jp/swin/files/area_info/current/{prefecture}.json"
#: Item of the publisher → column of the recording.
_FIELDS: Final = {
    "code": "code", "name": "name", "obsTime": "obs_time", "level": "level_m",
    "startLevel": "start_level", "warnLevel": "warn_level", "fladLevel": "flood_level",
    "lat": "lat", "lon": "lon",
}  # fmt: skip
#: Municipalities of Kagawa by their code (JIS X 0402), as the recording names them.
TOWNS: Final = {
    "37201": "高松市", "37202": "丸亀市", "37203": "坂出市", "37204": "善通寺市",
    "37205": "観音寺市", "37206": "さぬき市", "37207": "東かがわ市", "37208": "三豊市",
    "37322": "小豆郡土庄町", "37324": "小豆郡小豆島町", "37341": "木田郡三木町",
    "37364": "香川郡直島町", "37386": "綾歌郡宇多津町", "37387": "綾歌郡綾川町",
    "37403": "仲多度郡琴平町", "37404": "仲多度郡多度津町", "37406": "仲多度郡まんのう町",
}  # fmt: skip
_NO_ITEM: Final = Reason("not_an_item", "観測所の形ではありません", "this is no station")


def readings(body: bytes, now: datetime, towns: frozenset[str]) -> Iterator[Reading | Reject]:
    """Yield what a file holds. towns: codes of the municipalities wanted, empty: all.

    Raises UpdateFailed for a body that is no such file.
    """
    document = json_of(body)
    items = document.get("obss") if isinstance(document, dict) else None
    if not isinstance(items, list):
        raise UpdateFailed("the answer has no list `obss`")
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict):
            yield Reject(number, "", _NO_ITEM, [str(item)])
            continue
        code = str(item.get("twnCode") or item.get("townCode") or "")
        if towns and code not in towns:
            continue
        cells = {column: _text(item.get(name)) for name, column in _FIELDS.items()}
        cells["city"] = f"香川県{TOWNS[code]}" if code in TOWNS else ""
        try:
            reading = reading_of(number, cells, now)
        except Invalid as error:
            yield Reject(number, error.field, error.reason, list(cells.values()))
            continue
        yield reading
        if reading.level is None:
            yield Reject(number, "level_m", quality.MISSING, list(cells.values()))


def _text(value: Any) -> str:
    """Return a member as the text of a cell; null is blank, and so is missing."""
    return "" if value is None else str(value)


def reader(
    terms: Terms, now: Callable[[], datetime], towns: frozenset[str] = frozenset()
) -> Callable[[bytes], Iterator[Entity | Reject]]:
    """Return what turns a file into gauges."""

    def read(body: bytes) -> Iterator[Entity | Reject]:
        for item in readings(body, now(), towns):
            yield item if isinstance(item, Reject) else entity(item, terms)

    return read


async def open_feed(opening: Opening) -> Feed:
    """Open the feed: options `prefecture` (37000 is Kagawa), `towns` (codes), `address`."""
    options = opening.options
    address = (options["address"] or ADDRESS).replace("{prefecture}", options["prefecture"])
    towns = frozenset(code.strip() for code in options["towns"].split(",") if code.strip())

    async def fetch() -> bytes:
        answer = await opening.outgoing.get(address, accept="application/json", seconds=30)
        return answer.content()

    read = reader(opening.terms, opening.clock.now, towns)
    return Feed(opening.declaration, fetch, read, f"{__name__}:again")


async def again(broker: Broker) -> Callable[[bytes], Iterator[Entity | Reject]]:
    """Return what reads a kept file again (tamamo.feeds.again)."""
    return reader(await broker.contexts.resolve("default", None), time.now)
