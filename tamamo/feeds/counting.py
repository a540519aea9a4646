"""How data sources and kinds of data are counted: two rules, written and computed from the feeds.

The plan counts both (1(3)①: 10 data sources shown; 3(2)①: 9 kinds of data) and says that the rules
differ. Ours are in SOURCES_RULE and KINDS_RULE; the page of sources and the indicators show them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from tamamo.context.broker import Broker
from tamamo.context.model.entity import DEFAULT_TENANT
from tamamo.feeds.status import FeedStatuses, State, Status
from tamamo.kernel import time
from tamamo.kernel.database import Pool

#: A feed that has brought nothing for so long is not counted.
COUNTED_FOR: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Rule:
    """A counting rule in words."""

    ja: str
    en: str


SOURCES_RULE: Final = Rule(
    "名前で示せる受信元の数。この町で動いているフィード（定期の取得または常時の受信）を1つずつ数える。"
    "データ種別を宣言し、直近30日に1回以上受信できたものに限る。同じ種別でも受信元が違えば別に数え、"
    "1回かぎりの表の取込みと、接続そのものの見張りは数えない。",
    "Sources that can be told by name: each feed that runs in the town (asked at intervals or "
    "listened to) counts as one, if it declares a kind of data and something came within 30 days. "
    "Two sources of one kind are two. Tables imported once, and the watch over a connection, "
    "are none.",
)
KINDS_RULE: Final = Rule(
    "測っているもの・知らせているものの種類の数。直近30日に受信できたフィードが宣言するデータ種別を、"
    "受信元・観測点・受信方法によらず、重複なく数える。固定の水位計と可搬式水位計は、"
    "受信元としては2つ、種別としては「水位」1つ。",
    "Kinds of what is measured or told: the kinds declared by feeds from which something came "
    "within 30 days, each once, whoever tells it, wherever and however it comes. Fixed gauges and "
    "portable units are two sources, and one kind: water level.",
)


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of data."""

    id: str
    ja: str
    en: str


class _Kinds(msgspec.Struct, forbid_unknown_fields=True):
    kind: list[Kind]


@cache
def kinds() -> dict[str, Kind]:
    """Return all kinds of data by id, in their order."""
    text = files(__package__).joinpath("kinds.toml").read_bytes()
    return {one.id: one for one in msgspec.toml.decode(text, type=_Kinds).kind}


@dataclass(frozen=True, slots=True)
class Source:
    """A data source of a town, as pages show it. received_at: when something last came."""

    tenant: str
    id: str
    name_ja: str
    name_en: str
    publisher: str
    licence: str
    interval: timedelta | None
    received_at: datetime | None
    newest_at: datetime | None
    state: State
    kinds: tuple[str, ...]
    simulated: bool
    #: Whether it counts by SOURCES_RULE.
    counted: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """What the two rules come to; simulated ones apart, for they are no observation."""

    sources: int
    kinds: int
    simulated_sources: int
    simulated_kinds: int


def source_of(status: Status, now: datetime) -> Source:
    """Return a feed as a source."""
    interval = status.interval_seconds
    received = status.last_success_at
    counted = (
        interval is not None
        and bool(status.kinds)
        and received is not None
        and now - received <= COUNTED_FOR
    )
    return Source(
        status.tenant,
        status.id,
        status.name_ja,
        status.name_en,
        status.source,
        status.licence,
        None if interval is None else timedelta(seconds=interval),
        received,
        status.newest_at,
        status.state(now),
        status.kinds,
        status.simulated,
        counted,
    )


async def sources(pool: Pool, tenant: str, now: datetime) -> list[Source]:
    """Return the sources of a town that bring a kind of data regularly, by kind and name."""
    order = list(kinds())
    found = [source_of(status, now) for status in await FeedStatuses(pool).all(tenant)]
    regular = [one for one in found if one.kinds and one.interval is not None]
    return sorted(regular, key=lambda one: (_place(order, one.kinds), one.simulated, one.name_ja))


def _place(order: Sequence[str], of: Iterable[str]) -> int:
    return min((order.index(kind) for kind in of if kind in order), default=len(order))


def count(found: Iterable[Source]) -> Counts:
    """Count by both rules."""
    counted = [one for one in found if one.counted]
    real = [one for one in counted if not one.simulated]
    made = [one for one in counted if one.simulated]
    return Counts(len(real), len(_kinds(real)), len(made), len(_kinds(made)))


def _kinds(found: Iterable[Source]) -> set[str]:
    return {kind for one in found for kind in one.kinds if kind in kinds()}


async def counts(pool: Pool, tenant: str, now: datetime) -> Counts:
    """Return what the rules come to in a town now."""
    return count(await sources(pool, tenant, now))


@dataclass(frozen=True, slots=True)
class Figure:
    """A count for the plan: the value, and how it was counted."""

    value: int
    note_ja: str
    note_en: str
    #: Simulated ones are told beside, and never counted.
    simulated: bool = False
    year: int | None = None


def _figure(rule: Rule, value: int, simulated: int) -> Figure:
    ja = f"{rule.ja}（このほかに模擬{simulated}）" if simulated else rule.ja
    en = f"{rule.en} ({simulated} more are simulated.)" if simulated else rule.en
    return Figure(value, ja, en)


async def sources_figure(broker: Broker) -> Figure:
    """Return the data sources of the installing town now (SOURCES_RULE); simulated ones beside."""
    found = await counts(broker.pool, DEFAULT_TENANT, time.now())
    return _figure(SOURCES_RULE, found.sources, found.simulated_sources)


async def kinds_figure(broker: Broker) -> Figure:
    """Return the kinds of data of the installing town now (KINDS_RULE); simulated ones beside."""
    found = await counts(broker.pool, DEFAULT_TENANT, time.now())
    return _figure(KINDS_RULE, found.kinds, found.simulated_kinds)
