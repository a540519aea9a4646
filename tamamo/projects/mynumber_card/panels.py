"""The outreach of the card: channels of a year, what is planned, whether campaigns show."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

from tamamo.context.broker import Broker
from tamamo.kernel import time
from tamamo.plan.catalog import fiscal_year
from tamamo.plan.panels import records
from tamamo.plan.projectwords import Words, read_words
from tamamo.plan.report.document import Block, Cell, Grid, Heading, Paragraph
from tamamo.plan.report.series import day_text
from tamamo.plan.values import ValueStore, real_or_all
from tamamo.plan.values.courses import by_area
from tamamo.projects.mynumber_card import outreach

_FOLDER: Final = Path(__file__).parent


async def blocks(broker: Broker, town: str, language: str, year: int | None) -> list[Block]:
    """Return the panels of a fiscal year; without one, of the newest with events."""
    words = read_words(_FOLDER / "words.toml", language)
    events = await _events(broker, town)
    held = outreach.years(events)
    if year is None and held:
        # What is real comes first, an invented year is shown when it is asked for.
        year = max(outreach.years(real_or_all(events)), default=held[-1])
    said: list[Block] = []
    if year in held and year is not None:
        said += _channels(outreach.channels(events, year), year, words)
    today = time.now().astimezone(time.JST).date()
    said += _planned(outreach.planned(events, today), words)
    if events:
        said += await _effect(broker, town, events, words)
    return said


async def years(broker: Broker, town: str) -> list[int]:
    """Return the fiscal years in which something was held, the newest first."""
    return outreach.years(await _events(broker, town))[::-1]


async def _events(broker: Broker, town: str) -> list[outreach.Event]:
    found = [outreach.event_of(one) for one in await records(broker, town, "outreach_events")]
    return [event for event in found if event]


def _channels(found: list[outreach.Channel], year: int, words: Words) -> Iterator[Block]:
    said = words.text("channels", year=fiscal_year(year).pick(words.language))
    caption = words.marked(said, simulated=any(channel.simulated for channel in found))
    heads = [Cell(words.text("channel")), Cell(words.text("venues"))]
    heads += [Cell(words.text(name), numeric=True) for name in ("days", "applications")]
    rows = [
        [
            Cell(words.text(one.channel)),
            Cell(words.listed(one.venues)),
            _count(one.days),
            _count(one.applications),
        ]
        for one in found
    ]
    total = [Cell(words.text("total")), Cell("")]
    total += [_count(sum(c.days for c in found)), _count(sum(c.applications for c in found))]
    yield Heading(2, caption)
    yield Grid(caption, heads, rows, total, "channels")
    if missing := sum(channel.uncounted for channel in found):
        yield Paragraph(words.text("uncounted", count=missing), note=True)
    yield Paragraph(words.text("channels_how"), note=True)


def _count(number: int) -> Cell:
    return Cell(f"{number:,}", Decimal(number), numeric=True)


def _planned(coming: list[outreach.Event], words: Words) -> Iterator[Block]:
    # Among real ones each invented one is marked; where all are, the table is.
    simulated = bool(coming) and all(event.simulated for event in coming)
    caption = words.marked(words.text("planned"), simulated=simulated)
    yield Heading(2, caption)
    if not coming:
        yield Paragraph(words.text("nothing_planned"))
        return
    heads = [Cell(words.text(name)) for name in ("day", "venue", "channel")]
    rows = [
        [
            Cell(_span(event, words.language)),
            Cell(words.marked(event.venue, simulated=event.simulated and not simulated)),
            Cell(words.text(event.channel)),
        ]
        for event in coming
    ]
    yield Grid(caption, heads, rows, name="planned")


def _span(event: outreach.Event, language: str) -> str:
    first = day_text(event.start, language)
    return first if event.end == event.start else f"{first} – {day_text(event.end, language)}"


async def _effect(
    broker: Broker, town: str, events: list[outreach.Event], words: Words
) -> list[Block]:
    store = ValueStore(broker.pool)
    kept = real_or_all(
        await store.series(town, ("mynumber_card", "issue_rate"), ["372013", "00000"])
    )
    areas, events = by_area(kept), real_or_all(events)
    found = outreach.effect(areas.get("372013", []), areas.get("00000", []), events)
    if found is None:
        return []
    simulated = any(one.simulated for one in kept) or any(one.simulated for one in events)
    numbers = {"slope": found.slope, "low": found.low, "high": found.high}
    decimals = outreach.decimals(found.high - found.low)
    texts = {name: f"{value:+.{decimals}f}" for name, value in numbers.items()}
    text = words.text("effect", intervals=found.intervals, **texts)
    verdict = words.text("effect_shows" if found.shows else "effect_hidden")
    return [
        Heading(2, words.marked(words.text("effect_title"), simulated=simulated)),
        Paragraph(f"{text} {verdict}"),
        Paragraph(words.text("effect_how"), note=True),
    ]
