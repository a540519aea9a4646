"""What the verbs share: one transaction on the installation, and how things are written out."""

import asyncio
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from tamamo.kernel import settings as kernel_settings
from tamamo.kernel.database import Connection, open_pool, transaction
from tamamo.kernel.installation import opened
from tamamo.kernel.time import JST

T = TypeVar("T")


def act(home: Path | None, work: Callable[[Connection], Awaitable[T]]) -> T:
    """Run `work` in one transaction on the installation's database and return its result."""

    async def run(url: str) -> T:
        async with open_pool(url, size=1) as pool, transaction(pool) as connection:
            return await work(connection)

    with opened(kernel_settings.load({"home": home})) as settings:
        assert settings.database_url is not None
        return asyncio.run(run(settings.database_url))


def iri_of(name: str) -> str:
    """Return the IRI of a type: a name without a colon is one of the core @context."""
    if ":" in name:
        return name
    from tamamo.context.jsonld.resolve import default_map  # noqa: PLC0415

    return default_map().terms.expand_type(name)


def day(moment: datetime | date | None) -> str:
    """Return a day, or a moment to the minute in Japan's time; a dash for none."""
    if moment is None:
        return "-"
    if isinstance(moment, datetime):
        return moment.astimezone(JST).strftime("%Y-%m-%d %H:%M")
    return moment.isoformat()


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write rows under a heading, in columns as wide as they need."""
    lines = [list(heading), *(list(row) for row in rows)]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(heading))]
    for line in lines:
        cells = (cell + " " * (widths[n] - _width(cell)) for n, cell in enumerate(line))
        click.echo("  ".join(cells).rstrip())


def _width(text: str) -> int:
    """Return the columns a text takes on a terminal."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


class Day(click.ParamType[date]):
    """A day such as 2026-04-01."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day. Fails with a sentence when the text is none."""
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a day such as 2026-04-01", param, ctx)


class Moment(click.ParamType[datetime]):
    """A day or a moment: 2027-03-31 or 2027-03-31T17:00, in Japan's time unless it says so."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the moment, timezone-aware. Fails with a sentence when the text is none."""
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a time such as 2027-03-31T17:00", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=JST)
