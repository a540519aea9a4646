"""The feed of telegrams: Atom feeds → telegrams of the town → `WeatherAlert`s."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urljoin, urlsplit

from tamamo.context.model.entity import Entity
from tamamo.feeds.coordinator import Clock, Feed
from tamamo.feeds.errors import UpdateFailed
from tamamo.feeds.jma import atom
from tamamo.feeds.jma.areas import Areas, areas_of
from tamamo.feeds.jma.entities import entities
from tamamo.feeds.jma.ledger import Ledger
from tamamo.feeds.jma.words import Word, Words
from tamamo.feeds.offers import Opening
from tamamo.feeds.readers.jma_xml import Telegram, family_of, read
from tamamo.feeds.readers.jma_xml_parts import LARGEST, UnreadableTelegram
from tamamo.feeds.readers.river import Terms
from tamamo.feeds.rejects import Reject
from tamamo.kernel.outgoing import ErrorAnswer, Outgoing

#: Telegrams fetched in one run; more wait for the next.
MOST: Final = 60
#: After a longer silence of ours the short feeds, which hold some minutes, are not enough.
_GAP: Final = timedelta(minutes=8)
#: Offices whose telegrams say by their address which prefecture they are about; others go for all.
_ALL_JAPAN: Final = ("tsunami", "river", "heat")
_GONE: Final = frozenset({404, 410})
#: Addresses remembered, so that what did not concern the town is not fetched again.
_REMEMBERED: Final = 20_000


@dataclass(slots=True)
class Batch:
    """What one run brought."""

    words: list[Word]
    rejects: list[Reject] = field(default_factory=list)

    def __repr__(self) -> str:
        """Say it in a line, for the console's excerpt."""
        said = [f"{w.at:%H:%M:%S}Z {w.said.area_name} {w.said.name} {w.state}" for w in self.words]
        return "; ".join(said) or "nothing new"


class Intake:
    """Asks the Atom feeds of JMA for the telegrams that concern a town."""

    def __init__(
        self, outgoing: Outgoing, ledger: Ledger, areas: Areas, clock: Clock, address: str
    ) -> None:
        self._outgoing = outgoing
        self._ledger = ledger
        self._areas = areas
        self._clock = clock
        self._address = address
        self._feeds = atom.Conditional(outgoing)
        self._words: Words | None = None
        self._seen: dict[str, None] = {}
        #: Telegrams the feeds have told of that are still to be fetched.
        self._pending: dict[str, atom.Entry] = {}
        self._last: datetime | None = None
        #: What the last run told, and when: told again if it never was written.
        self._told: list[Word] = []
        self._told_at: datetime | None = None

    async def fetch(self) -> Batch:
        """Return what is new for the town. Raises OutgoingError where JMA cannot be reached."""
        words = await self._known()
        await self._ask_feeds()
        batch = Batch(await self._unwritten())
        heard = []
        for entry in sorted(self._pending.values(), key=lambda one: one.updated)[:MOST]:
            try:
                answer = await self._outgoing.get(entry.address, max_bytes=LARGEST)
                heard.append((entry.address, answer.content(), read(answer.content())))
            except UnreadableTelegram as error:
                batch.rejects.append(_reject(entry, error))
                self._done(entry.address)
            except ErrorAnswer as error:
                if error.status not in _GONE:
                    raise
                self._done(entry.address)
        # In the order of time, so that a first telegram is known when a cancellation of it comes.
        heard.sort(key=lambda one: one[2].order)
        await self._ledger.keep([one for one in heard if _take(words, one[2])])
        for address, _, _ in heard:
            self._done(address)
        now = self._clock.now()
        batch.words += words.tell(now)
        self._told, self._told_at = batch.words, now
        return batch

    async def _unwritten(self) -> list[Word]:
        """Return what the last run told, where no success was noted since."""
        written = await self._ledger.written_at()
        if not self._told or (written and self._told_at and written >= self._told_at):
            return []
        return list(self._told)

    async def _known(self) -> Words:
        if self._words is None:
            words = Words(self._areas)
            for telegram in await self._ledger.recent():
                words.hear(telegram)
            self._words = words
        return self._words

    async def _ask_feeds(self) -> None:
        """Learn which telegrams there are that may concern the town."""
        now = self._clock.now()
        long = self._last is None or now - self._last > _GAP
        for name in atom.FEEDS:
            address = urljoin(self._address, f"{name}_l.xml" if long else f"{name}.xml")
            body = await self._feeds.get(address)
            try:
                told = list(atom.entries(body)) if body is not None else []
            except UnreadableTelegram as error:
                self._feeds.forget(address)
                raise UpdateFailed(f"{name}: {error}") from None
            for entry in told:
                if entry.address not in self._seen and self._may_concern(entry):
                    self._pending[entry.address] = entry
        self._last = now

    def _may_concern(self, entry: atom.Entry) -> bool:
        """Whether it is worth fetching: addresses end in kind and area, …_VPWW53_370000.xml."""
        family = family_of(entry.title)
        if family is None:
            return False
        if family in _ALL_JAPAN:
            return family != "heat" or self._areas.name in entry.summary + entry.title
        area = urlsplit(entry.address).path.removesuffix(".xml").rpartition("_")[2]
        return not area.isdecimal() or area.startswith((self._areas.prefecture, "01000"))

    def _done(self, address: str) -> None:
        self._pending.pop(address, None)
        self._seen[address] = None
        while len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]


def _take(words: Words, telegram: Telegram) -> bool:
    return words.concerns(telegram) and words.hear(telegram)


def _reject(entry: atom.Entry, error: UnreadableTelegram) -> Reject:
    return Reject(0, "", error.reason, [entry.address, entry.title, entry.office])


def reader(terms: Terms, *, drill: bool) -> Callable[[Batch], Iterator[Entity | Reject]]:
    """Return what turns a batch into entities and rejects."""

    def items(batch: Batch) -> Iterator[Entity | Reject]:
        yield from entities(batch.words, terms, drill=drill)
        yield from batch.rejects

    return items


async def open_feed(opening: Opening) -> Feed:
    """Open the feed: options `address` of the Atom feeds, `areas` (further codes of areas)."""
    town = opening.broker.towns.get(opening.tenant)
    extra = {code.strip() for code in opening.options["areas"].split(",") if code.strip()}
    areas = areas_of(town.code if town else None, extra)
    intake = Intake(
        opening.outgoing,
        Ledger(opening.broker.pool, opening.tenant, opening.declaration.id),
        areas,
        opening.clock,
        opening.options["address"],
    )
    drill = town is not None and town.drill is not None
    return Feed(opening.declaration, intake.fetch, reader(opening.terms, drill=drill))
