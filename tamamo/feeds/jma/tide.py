"""The feed of the sea's level: JMA's tide gauges of a town, and the tide that is predicted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urljoin

from tamamo.context.model.entity import Entity
from tamamo.feeds.coordinator import Feed
from tamamo.feeds.errors import UpdateFailed
from tamamo.feeds.offers import Opening
from tamamo.feeds.readers import tide
from tamamo.feeds.readers.river import Terms
from tamamo.feeds.readers.tide import Gauge, Level
from tamamo.feeds.rejects import Reject
from tamamo.kernel.outgoing import ErrorAnswer
from tamamo.kernel.time import JST

#: The gauges report every 15 seconds; so often one of them is kept.
STEP: Final = timedelta(minutes=5)
#: Predictions told of, hours from now.
AHEAD: Final = 48
#: What a first run brings of the past.
_BACK: Final = timedelta(hours=6)
_LIST_AGE: Final = timedelta(days=1)
_NOT_FOUND: Final = 404
#: A year's predictions of one gauge have 60 KB, a day's observations 80 KB.
_LARGEST: Final = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Day:
    """A gauge's observations of some days and predictions, as they came."""

    gauge: Gauge
    since: datetime
    now: datetime
    observed: tuple[bytes, ...]
    predicted: tuple[bytes, ...]


class Source:
    """Asks for each gauge of the town."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._address = opening.options["address"]
        town = opening.broker.towns.get(opening.tenant)
        wishes = [one.strip() for one in opening.options["gauges"].split(",") if one.strip()]
        code = town.code if town and town.code else ""
        #: Codes of gauges, or the beginning of the municipality's code.
        self._wishes, self._area = set(wishes), code[:2] if code[2:5] == "000" else code[:5]
        self._gauges: list[Gauge] = []
        self._gauges_at: datetime | None = None
        self._predicted: dict[tuple[str, int], bytes] = {}
        self._last: datetime | None = None

    async def fetch(self) -> list[Day]:
        """Return what the town's gauges say. Raises OutgoingError, UpdateFailed for no gauge."""
        now = self._opening.clock.now()
        if self._gauges_at is None or now - self._gauges_at > _LIST_AGE:
            known = tide.gauges(await self._get("const/tide_area.json"))
            self._gauges, self._gauges_at = [g for g in known if self._mine(g)], now
            self._predicted.clear()
        if not self._gauges:
            raise UpdateFailed("JMA lists no tide gauge for this town: give the option `gauges`")
        since = self._last - timedelta(minutes=30) if self._last else now - _BACK
        days = [await self._day(gauge, since, now) for gauge in self._gauges]
        self._last = now
        return days

    def _mine(self, gauge: Gauge) -> bool:
        if self._wishes:
            return gauge.code in self._wishes
        return gauge.area.startswith(self._area or "37")

    async def _day(self, gauge: Gauge, since: datetime, now: datetime) -> Day:
        local, first = now.astimezone(JST), since.astimezone(JST)
        dates = [first.date()] if first.date() != local.date() else []
        observed = [
            await self._perhaps(f"data/tide/tide_obs_{day:%Y%m%d}_{gauge.code}.json")
            for day in [*dates, local.date()]
        ]
        years = sorted({local.year, (local + timedelta(hours=AHEAD)).year})
        predicted = [await self._year(gauge.code, year) for year in years]
        return Day(gauge, since, now, tuple(filter(None, observed)), tuple(filter(None, predicted)))

    async def _year(self, code: str, year: int) -> bytes:
        if (code, year) not in self._predicted:
            path = f"const/tide_astro/tide_astro_{year}_{code}.json"
            self._predicted[code, year] = await self._perhaps(path)
        return self._predicted[code, year]

    async def _perhaps(self, path: str) -> bytes:
        """Return a file, b"" where it is not there yet: today's after midnight, next year's."""
        try:
            return await self._get(path)
        except ErrorAnswer as error:
            if error.status != _NOT_FOUND:
                raise
            return b""

    async def _get(self, path: str) -> bytes:
        address = urljoin(self._address, path)
        answer = await self._opening.outgoing.get(address, max_bytes=_LARGEST, seconds=20)
        return answer.content()


def reader(terms: Terms) -> Callable[[list[Day]], Iterator[Entity | Reject]]:
    """Return what turns days into gauges."""

    def read(days: list[Day]) -> Iterator[Entity | Reject]:
        for day in days:
            said = [i for body in day.observed for i in tide.observed(body, STEP, day.since)]
            yield from (item for item in said if isinstance(item, Reject))
            levels = [item for item in said if isinstance(item, Level)]
            ahead = [lv for body in day.predicted for lv in tide.predicted(body, day.now, AHEAD)]
            yield from tide.entities(day.gauge, levels, ahead, terms)

    return read


async def open_feed(opening: Opening) -> Feed:
    """Open the feed: options `gauges` (codes; none: those of the town), `address`."""
    return Feed(opening.declaration, Source(opening).fetch, reader(opening.terms))
