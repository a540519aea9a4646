"""Replaying what JMA published: telegrams of a directory, and rain of a recording."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from tamamo.context.observations import Recorded
from tamamo.feeds import quality
from tamamo.feeds.jma.areas import Areas
from tamamo.feeds.jma.entities import LICENCE, SOURCE, entities
from tamamo.feeds.jma.ledger import Ledger
from tamamo.feeds.jma.words import Words
from tamamo.feeds.quality import UnreadableFile
from tamamo.feeds.readers import amedas
from tamamo.feeds.readers.jma_xml import Telegram, read
from tamamo.feeds.readers.jma_xml_parts import LARGEST, UnreadableTelegram
from tamamo.feeds.rejects import Reject, RejectsFile
from tamamo.feeds.status import Declaration, FeedStatuses
from tamamo.kernel import time

if TYPE_CHECKING:
    from tamamo.context.broker import Broker

BATCH: Final = 1000
_Item = TypeVar("_Item")


@dataclass(slots=True)
class Progress:
    """How far a replay is. titles: telegrams by kind."""

    read: int = 0
    used: int = 0
    rejected: int = 0
    recorded: Recorded = field(default_factory=Recorded)
    titles: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        """Return the summary line."""
        return (
            f"{self.read:,} read, {self.used:,} used, {self.recorded.stored:,} values stored,"
            f" {self.recorded.repeated:,} repeats, {self.rejected:,} rejected"
        )


def telegrams(directory: Path) -> Iterator[tuple[str, bytes, Telegram] | Reject]:
    """Yield the telegrams of a directory in the order of their reports; first what is none.

    Raises UnreadableFile where there is no such directory.
    """
    if not directory.is_dir():
        reason = quality.Reason("no_directory", "フォルダがありません", "there is no such folder")
        raise UnreadableFile(directory.name, reason)
    found = []
    for row, file in enumerate(sorted(directory.rglob("*.xml")), 1):
        try:
            with file.open("rb") as opened:
                body = opened.read(LARGEST + 1)
            found.append((file.name, body, read(body)))
        except UnreadableTelegram as error:
            yield Reject(row, "", error.reason, [file.name])
        except OSError as error:
            said = error.strerror or str(error)
            reason = quality.Reason("not_readable", "ファイルを開けません", said)
            yield Reject(row, "", reason, [file.name])
    yield from sorted(found, key=lambda one: one[2].order)


async def replay_telegrams(
    broker: "Broker",
    directory: Path,
    tenant: str,
    *,
    areas: Areas,
    rejects: RejectsFile,
    progress: Progress,
) -> None:
    """Write what the telegrams of a directory say to a town; what it knew before counts too."""
    names = "気象警報など（記録の再生）", "Official warnings (replay)"
    feed = _declaration("jma-replay", *names, tenant)
    statuses = FeedStatuses(broker.pool)
    await statuses.declare(feed)
    ledger = Ledger(broker.pool, tenant)
    words = Words(areas)
    for telegram in await ledger.recent():
        words.hear(telegram)
    mine: list[tuple[str, bytes, Telegram]] = []
    for item in telegrams(directory):
        progress.read += 1
        if isinstance(item, Reject):
            rejects.add(item)
            progress.rejected += 1
        elif words.concerns(item[2]) and words.hear(item[2]):
            progress.titles[item[2].title] += 1
            progress.used += 1
            mine.append(item)
    town = broker.towns.get(tenant)
    terms = await broker.contexts.resolve(tenant, None)
    drill = town is not None and town.drill is not None
    made = entities(words.tell(time.now()), terms, drill=drill)
    await ledger.keep(mine)
    newest = max((one[2].at for one in mine), default=None)
    for batch in _batches(made):
        progress.recorded += await broker.observations.record(tenant, batch)
    await _note(statuses, feed, progress, newest)


async def replay_rain(
    broker: "Broker",
    path: Path,
    tenant: str,
    *,
    rejects: RejectsFile,
    progress: Progress,
    start: datetime | None = None,
    end: datetime | None = None,
    report: Callable[[Progress], None] = lambda _: None,
) -> None:
    """Write a recording of AMeDAS rain; `progress` is right at every moment.

    Raises UnreadableFile.
    """
    names = "雨量（アメダスの記録の再生）", "Rain (replay of AMeDAS)"
    feed = _declaration("amedas-replay", *names, tenant)
    statuses = FeedStatuses(broker.pool)
    await statuses.declare(feed)
    terms = await broker.contexts.resolve(tenant, None)
    newest: datetime | None = None
    for batch in _batches(amedas.recording(path)):
        rain = []
        for item in batch:
            progress.read += 1
            if isinstance(item, Reject):
                rejects.add(item)
                progress.rejected += 1
            elif (start is None or item.at >= start) and (end is None or item.at < end):
                rain.append(item)
        progress.used += len(rain)
        made = [amedas.entity(one, terms, interval=60) for one in rain]
        progress.recorded += await broker.observations.record(tenant, made)
        newest = max([one.at for one in rain] + ([newest] if newest else []), default=None)
        report(progress)
    await _note(statuses, feed, progress, newest)


async def _note(
    statuses: FeedStatuses, feed: Declaration, progress: Progress, newest: datetime | None
) -> None:
    await statuses.succeeded(
        feed, time.now(), progress.recorded, rejected=progress.rejected, newest=newest
    )


def _declaration(feed: str, ja: str, en: str, tenant: str) -> Declaration:
    rain = feed == "amedas-replay"
    return Declaration(
        id=feed,
        name_ja=ja,
        name_en=en,
        source=amedas.SOURCE if rain else SOURCE,
        licence=amedas.LICENCE if rain else LICENCE,
        tenant=tenant,
        kinds=("rainfall",) if rain else ("weather_warning",),
    )


def _batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    ahead = iter(items)
    while batch := list(islice(ahead, BATCH)):
        yield batch
