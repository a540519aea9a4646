"""What JMA's telegrams, taken together, say at which time: pure, whatever order they came in.

A telegram says everything that is in force in its series, so the newest of them decides, by
ReportDateTime and Serial. One that was cancelled (取消) was never said: what stood before counts
again, and what only it had said is cancelled.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tamamo.feeds.jma.areas import Areas
from tamamo.feeds.readers.jma_xml import Telegram
from tamamo.feeds.readers.jma_xml_parts import Statement

State = Literal["issued", "continued", "lifted", "cancelled"]
#: A warning's place: family or "" for weather warnings, area, kind.
Key = tuple[str, str, str]
#: The series of weather warnings without the level in their names.
_OLD = "warnings"
#: Families whose telegrams name their prefecture in the title.
_OF_ONE_PREFECTURE = frozenset({"warnings", "landslide", "tornado", "heat", "record_rain"})
#: Telegrams of a series that are kept in memory, the newest.
_KEPT = 60


@dataclass(frozen=True, slots=True)
class Word:
    """What holds for one kind in one area from a moment on.

    at: from when. since: when it came into force; telegram: who said it last. ended: its time ran
    out, as the telegram had said.
    """

    key: Key
    at: datetime
    state: State
    said: Statement
    telegram: Telegram
    since: datetime


class Words:
    """The telegrams a town has heard, and what they say together."""

    def __init__(self, areas: Areas) -> None:
        self._areas = areas
        self._series: dict[tuple[str, str, str], dict[str, Telegram]] = defaultdict(dict)
        self._told: set[tuple[Key, datetime, State, str]] = set()
        self._touched: set[tuple[str, str, str]] = set()

    def concerns(self, telegram: Telegram) -> bool:
        """Whether a telegram is about the town: itself, or by the series that it goes on with."""
        if telegram.family is None:
            return False
        if any(self._areas.concerns(said) for said in telegram.statements):
            return True
        # A cancellation has no areas, and may come before what it cancels.
        if telegram.info == "cancelled" and telegram.family not in _OF_ONE_PREFECTURE:
            return True
        named = self._areas.name in telegram.name
        return named or self._series_of(telegram) in self._series

    def hear(self, telegram: Telegram) -> bool:
        """Take a telegram; False where it was heard already. Any order will do."""
        known = self._series[self._series_of(telegram)]
        if telegram.digest in known:
            return False
        known[telegram.digest] = telegram
        self._touched.add(self._series_of(telegram))
        if len(known) > _KEPT:
            oldest = min(known.values(), key=lambda one: one.order)
            del known[oldest.digest]
        return True

    def tell(self, now: datetime) -> list[Word]:
        """Return what is new since this was last asked, in the order of time.

        now: what was to end by itself before it has ended, and what is to be official only after
        it (a heat alert comes a quarter of an hour ahead) waits.
        """
        found: list[Word] = []
        named = self._named_anew()
        for series, telegrams in self._series.items():
            ends = any(said.valid_to for one in telegrams.values() for said in one.statements)
            if series in self._touched or ends:
                words = say(list(telegrams.values()), self._areas, now)
                found += [w for w in words if series[1] != _OLD or w.key not in named]
        self._touched.clear()
        fresh = []
        for word in sorted(found, key=lambda word: word.at):
            if word.at > now:
                self._touched.add(self._series_of(word.telegram))
                continue
            mark = (word.key, word.at, word.state, word.telegram.digest)
            if mark not in self._told:
                self._told.add(mark)
                fresh.append(word)
        return fresh

    def _named_anew(self) -> set[Key]:
        """Return what telegrams with the level in the name have spoken of.

        Since 2026 JMA says much twice, in the old way and the new: the new one counts.
        """
        return {
            key_of(telegram, said)
            for series, telegrams in self._series.items()
            if series[1] != _OLD
            for telegram in telegrams.values()
            if telegram.family == "warnings"
            for said in telegram.statements
        }

    @staticmethod
    def _series_of(telegram: Telegram) -> tuple[str, str, str]:
        # Drills and tests are another world: they neither lift nor follow what is in earnest.
        return (telegram.mode, *telegram.series)


def say(telegrams: Sequence[Telegram], areas: Areas, now: datetime) -> Iterator[Word]:
    """Yield every word of one series, in the order of time."""
    ordered = sorted(telegrams, key=lambda one: one.order)
    dropped = _dropped(ordered)
    in_force: dict[Key, Word] = {}
    for telegram in ordered:
        yield from _expired(in_force, min(telegram.at, now))
        if telegram.info == "cancelled":
            taken_back = [one for one in ordered if dropped.get(one.digest) == telegram.digest]
            yield from _taken_back(telegram, taken_back, areas, in_force)
        elif telegram.digest not in dropped:
            yield from _one(telegram, areas, in_force)
    yield from _expired(in_force, now)


def key_of(telegram: Telegram, said: Statement) -> Key:
    """Return the place of a statement. Codes of kinds are only unique within a family."""
    family = telegram.family if telegram.family != "warnings" else ""
    return (family or "", said.area_code, said.kind_code)


def _one(telegram: Telegram, areas: Areas, in_force: dict[Key, Word]) -> Iterator[Word]:
    """Yield what one telegram changes; in_force becomes what holds after it."""
    spoken: dict[Key, Statement] = {
        key_of(telegram, said): said for said in telegram.statements if areas.concerns(said)
    }
    for key in [key for key in in_force if key not in spoken]:
        before = in_force.pop(key)
        yield Word(key, telegram.at, "lifted", before.said, telegram, before.since)
    for key, said in spoken.items():
        known = in_force.pop(key, None)
        if said.status == "lifted" and known is None and telegram.family == "river":
            continue  # A river's 解除 is a kind of its own; what it ends is ended above.
        since = known.since if known else telegram.report_at
        word = Word(key, telegram.at, said.status, said, telegram, since)
        if said.status != "lifted":
            in_force[key] = word
        yield word


def _expired(in_force: dict[Key, Word], until: datetime) -> Iterator[Word]:
    for key, word in list(in_force.items()):
        ends = word.said.valid_to
        if ends is not None and ends <= until:
            del in_force[key]
            yield Word(key, ends, "lifted", word.said, word.telegram, word.since)


def _dropped(ordered: Sequence[Telegram]) -> dict[str, str]:
    """Return which telegrams are cancelled and by which, as digests.

    A cancellation of a tsunami takes back the whole event; any other the telegram of its Serial, or
    else the last one before it, with what corrected it.
    """
    dropped: dict[str, str] = {}
    for place, telegram in enumerate(ordered):
        if telegram.info != "cancelled":
            continue
        before = [
            one for one in ordered[:place]
            if one.info != "cancelled" and one.digest not in dropped
            and one.event_id == telegram.event_id
        ]  # fmt: skip
        if telegram.family != "tsunami" and before:
            same = [one for one in before if one.serial and one.serial == telegram.serial]
            chosen = (same or before)[-1]
            before = [one for one in before if one.report_at == chosen.report_at]
        dropped |= {one.digest: telegram.digest for one in before}
    return dropped


def _taken_back(
    by: Telegram, telegrams: Sequence[Telegram], areas: Areas, in_force: dict[Key, Word]
) -> Iterator[Word]:
    """Yield what a cancellation leaves: what counts again, and what only the cancelled had said."""
    if not telegrams:
        return
    for word in in_force.values():
        yield Word(word.key, by.at, word.state, word.said, word.telegram, word.since)
    gone = {
        key_of(telegram, said): (said, telegram)
        for telegram in telegrams
        for said in telegram.statements
        if areas.concerns(said) and said.status != "lifted"
    }
    for key, (said, telegram) in gone.items():
        if key not in in_force:
            yield Word(key, by.at, "cancelled", said, by, telegram.report_at)
