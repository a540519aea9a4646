"""The saved-hours ledger of the newest year: rows, sums, and the claims that are no sums."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

from tamamo.context.broker import Broker
from tamamo.plan.catalog import fiscal_year
from tamamo.plan.figures import share
from tamamo.plan.projectwords import Words, read_words
from tamamo.plan.report.document import Block, Bullets, Cell, Grid, Heading, Paragraph
from tamamo.plan.values import real_or_all
from tamamo.projects.ai_rpa.ledger import Entry, Ledger, Saved, entries, ledger

_WORDS: Final = Path(__file__).with_name("words.toml")


async def blocks(broker: Broker, town: str, language: str, year: int | None) -> list[Block]:
    """Return the ledger of a fiscal year; without one, of the newest there is."""
    found = await entries(broker, town)
    if not found:
        return []
    # What is real comes first, an invented year is shown when it is asked for.
    newest = max(entry.year for entry in real_or_all(found))
    chosen = ledger(found, newest if year is None else year)
    return list(_ledger(chosen, read_words(_WORDS, language)))


async def years(broker: Broker, town: str) -> list[int]:
    """Return the fiscal years the ledger has entries of, the newest first."""
    return sorted({entry.year for entry in await entries(broker, town)}, reverse=True)


def _ledger(found: Ledger, words: Words) -> Iterator[Block]:
    year = fiscal_year(found.year).pick(words.language)
    for saved in found.saved:
        said = words.text("saved", tool=words.text(saved.tool), year=year)
        caption = words.marked(said, simulated=saved.simulated)
        yield Heading(2, caption)
        yield _table(caption, saved, words)
        if saved.new_hours:
            yield Paragraph(words.text("of_new", hours=_plain(saved.new_hours)))
        if saved.estimated:
            yield Paragraph(words.text("estimated_note"), note=True)
    if found.claims:
        yield Heading(2, words.text("claims", year=year))
        yield Bullets([_claim(entry, words) for entry in found.claims])
        yield Paragraph(words.text("claims_note"), note=True)


def _table(caption: str, saved: Saved, words: Words) -> Grid:
    heads = [Cell(words.text(name)) for name in ("task", "division")]
    heads += [Cell(words.text(name), numeric=True) for name in ("before", "hours", "rate", "runs")]
    heads.append(Cell(words.text("basis")))
    rate = share(saved.hours, saved.before) if saved.before else None
    totals = [Cell(words.text("total")), Cell(""), _hours(saved.before or None)]
    totals += [_hours(saved.hours), _percent(rate), _count(saved.runs or None), Cell("")]
    return Grid(caption, heads, [_row(entry, words) for entry in saved.tasks], totals, saved.tool)


def _row(entry: Entry, words: Words) -> list[Cell]:
    mark = words.text("new") if entry.new else ""
    about = words.text("about") if entry.basis == "estimated" and entry.before is None else ""
    return [
        Cell(mark + entry.task),
        Cell(entry.division or "—"),
        _hours(entry.before),
        _hours(entry.saved, about),
        _percent(entry.rate),
        _count(entry.runs),
        Cell(words.text(entry.basis)),
    ]


def _claim(entry: Entry, words: Words) -> str:
    where = f" ({entry.division})" if entry.division else ""
    said = f"{words.text(entry.tool)}: {entry.task}{where}: {entry.claim or '—'}"
    return words.marked(said, simulated=entry.simulated)


def _plain(value: Decimal) -> str:
    """Return a number without an exponent: 280, 11.5."""
    return f"{value.normalize():,f}"


def _hours(value: Decimal | None, about: str = "") -> Cell:
    return Cell("—" if value is None else about + _plain(value), value, numeric=True)


def _percent(value: Decimal | None) -> Cell:
    return Cell("—" if value is None else f"{value}%", value, numeric=True)


def _count(value: int | None) -> Cell:
    number = None if value is None else Decimal(value)
    return Cell("—" if value is None else f"{value:,}", number, numeric=True)
