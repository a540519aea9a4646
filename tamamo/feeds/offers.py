"""What a project offers: feeds a town can switch on. `FEEDS` in a project's `feed.py`.

An offer is only words and a name of code: nothing of the feed itself is imported until it runs.
"""

import importlib
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from tamamo.context.broker import Broker
from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import DEFAULT_TENANT, Entity
from tamamo.context.observations import Recorded
from tamamo.feeds.coordinator import Clock, Feed, SystemClock
from tamamo.feeds.errors import classify
from tamamo.feeds.plausibility import Judge
from tamamo.feeds.records import FeedRecords
from tamamo.feeds.rejects import Reject
from tamamo.feeds.status import Declaration, FeedStatuses
from tamamo.kernel.errors import SetupError
from tamamo.kernel.outgoing import Outgoing

_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,60}")
#: Where nothing else is said: a value older than so many intervals is not fresh any more.
FRESH_INTERVALS: Final = 3


@dataclass(frozen=True, slots=True)
class Option:
    """A text the operator of a town may set, such as an address. Never a secret."""

    name: str
    label_ja: str
    label_en: str
    default: str = ""
    #: Without it the feed cannot be switched on.
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A feed as a project offers it.

    interval: how often the source is asked, or a stream should bring something. kinds: what it
    brings (feeds/kinds.toml). types: the entity types it writes, short names. opens:
    `module:function`, an Opener. fresh_for: how old its newest value may be, three intervals
    unless said. eventful: no news is normal, so the age of the newest value tells nothing.
    """

    id: str
    name_ja: str
    name_en: str
    source: str
    licence: str
    interval: timedelta
    opens: str
    kinds: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    fresh_for: timedelta | None = None
    eventful: bool = False

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"{self.id!r} is no id of a feed: small letters, digits and _")
        if not re.fullmatch(r"[\w.]+:\w+", self.opens):
            raise ValueError(f"{self.id}: opens is module:function, not {self.opens!r}")

    def declaration(self, tenant: str = DEFAULT_TENANT) -> Declaration:
        """Return what the feed says of itself in a town."""
        fresh = self.fresh_for or FRESH_INTERVALS * self.interval
        return Declaration(
            id=self.id,
            name_ja=self.name_ja,
            name_en=self.name_en,
            source=self.source,
            licence=self.licence,
            interval=self.interval,
            tenant=tenant,
            fresh_for=None if self.eventful else fresh,
            kinds=self.kinds,
        )

    def settled(self, wishes: Mapping[str, str]) -> dict[str, str]:
        """Return the options: what the town says, else the defaults. Others are left out."""
        return {
            option.name: wishes.get(option.name, "").strip() or option.default
            for option in self.options
        }

    def lacking(self, wishes: Mapping[str, str]) -> list[Option]:
        """Return the required options that have no value."""
        settled = self.settled(wishes)
        return [one for one in self.options if one.required and not settled[one.name]]


@dataclass(frozen=True, slots=True)
class Observed:
    """What became of entities a feed brought: written, refused with reasons, doubted."""

    recorded: Recorded
    rejects: tuple[Reject, ...] = ()
    suspects: int = 0


@dataclass(frozen=True, slots=True)
class Stream:
    """A feed that listens instead of asking. run: until it is cancelled."""

    run: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Opening:
    """What a feed is given when it begins to run in a town."""

    broker: Broker
    declaration: Declaration
    terms: TermMap
    options: Mapping[str, str]
    outgoing: Outgoing
    clock: Clock
    statuses: FeedStatuses
    records: FeedRecords
    judge: Judge = field(repr=False)

    @classmethod
    async def of(
        cls,
        broker: Broker,
        offer: Offer,
        *,
        tenant: str = DEFAULT_TENANT,
        clock: Clock | None = None,
        options: Mapping[str, str] | None = None,
        outgoing: Outgoing | None = None,
    ) -> "Opening":
        """Return an opening of a feed in a town."""
        clock = clock or SystemClock()
        return cls(
            broker,
            offer.declaration(tenant),
            await broker.contexts.resolve(DEFAULT_TENANT, None),
            offer.settled(options or {}),
            outgoing or Outgoing(broker.settings),
            clock,
            FeedStatuses(broker.pool),
            FeedRecords(broker.pool),
            Judge(broker.pool, clock.now),
        )

    @property
    def tenant(self) -> str:
        """The town it runs in."""
        return self.declaration.tenant

    def declared(self, *, secrets: Sequence[str]) -> Declaration:
        """Return the declaration with keys that must never be shown."""
        return replace(self.declaration, secrets=tuple(secrets))

    def secret(self, name: str) -> str | None:
        """Return a secret the operator put into HOME/secrets/feeds/<tenant>/<feed>-<name>."""
        folder = Path(self.broker.settings.home) / "secrets" / "feeds" / self.tenant
        file = folder / f"{self.declaration.id}-{name}"
        return file.read_text("utf-8").strip() if file.is_file() else None

    async def observe(self, entities: Sequence[Entity]) -> Observed:
        """Judge what came, and write what can be used, in one transaction."""
        judged = await self.judge.judged(self.tenant, entities)
        recorded = await self.broker.observations.record(self.tenant, judged.entities)
        return Observed(recorded, tuple(judged.rejects), judged.suspects)

    async def declare(self) -> None:
        """Make a stream known; a polled feed's coordinator does so itself."""
        await self.statuses.declare(self.declaration)

    async def succeeded(
        self,
        recorded: Recorded,
        *,
        newest: datetime | None = None,
        record: str | None = None,
        **counts: int,
    ) -> None:
        """Note that a stream brought something. counts: rejected, suspects, unauthorised."""
        await self.statuses.succeeded(
            self.declaration, self.clock.now(), recorded, newest=newest, record=record, **counts
        )

    async def failed(self, error: Exception) -> None:
        """Note that a stream failed, by the kind of its error."""
        await self.statuses.failed(self.declaration, self.clock.now(), classify(error))


#: What `Offer.opens` names.
Opener = Callable[[Opening], Awaitable[Feed | Stream]]


def opener(offer: Offer) -> Opener:
    """Import what opens a feed. Raises SetupError where there is no such function."""
    module, _, name = offer.opens.partition(":")
    try:
        found: Opener = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise SetupError(f"The feed {offer.id} cannot be opened: {error}") from error
    return found


def by_id(offers: Iterable[Offer]) -> dict[str, Offer]:
    """Return offers by id. Raises SetupError for two of one id."""
    found: dict[str, Offer] = {}
    for offer in offers:
        if offer.id in found:
            raise SetupError(f"Two feeds have the id {offer.id!r}")
        found[offer.id] = offer
    return found
