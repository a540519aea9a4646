"""`tamamo plan`: the progress report in five formats, and its comparison with a published one."""

import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Literal

import click

from tamamo.context.terminal import home_option, run
from tamamo.kernel.errors import SetupError
from tamamo.kernel.towns import DEFAULT
from tamamo.plan.values.commands import import_, publish

if TYPE_CHECKING:
    from tamamo.context.broker import Broker
    from tamamo.plan.report.document import Document
    from tamamo.plan.report.inputs import Inputs

FORMATS = ("md", "html", "docx", "pdf", "xlsx")
_TEXT = ("md", "html")
#: Pieces that are missing are shown so far as a terminal has room.
_SHOWN = 20


class FiscalYear(click.ParamType[int]):
    """A fiscal year: 2020, R2 or 令和2年度."""

    name = "year"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the first calendar year. Fails with a sentence when the text is none."""
        from tamamo.plan.catalog import year_named

        if isinstance(value, int):
            return value
        year = year_named(str(value))
        if year is None:
            self.fail(f"{value!r} is no fiscal year such as 2020, R2 or 令和2年度", param, ctx)
        return year


_year = click.option("--year", type=FiscalYear(), required=True, help="2020, R2 or 令和2年度.")
_language = click.option(
    "--lang", type=click.Choice(["ja", "en"]), default="ja", show_default=True, help="Language."
)


@click.group()
def plan() -> None:
    """The plan's progress report, its values over the years, its indicators."""


@plan.command()
@_year
@_language
@click.option("--format", "format_", type=click.Choice(FORMATS), default="md", show_default=True)
@click.option("--summary", is_flag=True, help="Only the indicators, on one page.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write [to the terminal].")
@click.option("--records", is_flag=True, help="From the project folders alone, without a home.")
@home_option
def report(
    *,
    year: int,
    lang: Literal["ja", "en"],
    format_: str,
    summary: bool,
    out: Path | None,
    records: bool,
    home: Path | None,
) -> None:
    """Write the progress report of a fiscal year.

    Beside the project folders it takes what the installation keeps, if there is one: what owners
    reported and heads approved, and series. What is not approved is said not to be.
    """
    from tamamo.plan.report.build import build, one_page

    if out is None and format_ not in _TEXT and sys.stdout.isatty():
        raise SetupError(f"A {format_} is no text: say where to write it with --out FILE.")
    inputs = _inputs(year, lang, home, records)
    document = one_page(inputs) if summary else build(inputs)
    begun = monotonic()
    body = write(document, format_, _say)
    if out is None:
        sys.stdout.buffer.write(body)
        return
    out.write_bytes(body)
    click.echo(f"{out}: {len(body):,} bytes in {monotonic() - begun:.1f} s.", err=True)


def _inputs(year: int, lang: Literal["ja", "en"], home: Path | None, records: bool) -> "Inputs":
    """Return what the report is made from; an installation is read where there is one."""
    from tamamo.kernel import settings as kernel_settings
    from tamamo.plan.catalog import load_plan
    from tamamo.plan.report.inputs import Inputs, gather

    plan, settings = load_plan(), kernel_settings.load({"home": home})
    if home is not None and not home.is_dir():
        raise SetupError(f"{home} is no home of an installation.")
    if records or (settings.database_url is None and not settings.home.is_dir()):
        return Inputs(plan, year, lang)

    async def read(broker: "Broker") -> "Inputs":
        return await gather(broker.pool, DEFAULT, plan, year, lang)

    return run(home, read)


def write(document: "Document", format_: str, say: Callable[[str], None]) -> bytes:
    """Return the document in one of the five formats; say is told how far a PDF is."""
    from tamamo.plan.report import html, markdown, pdf, sheet, word

    match format_:
        case "md":
            return markdown.write(document)
        case "html":
            return html.write(document)
        case "docx":
            return word.write(document)
        case "xlsx":
            return sheet.write(document)
        case _:
            return pdf.write(document, say)


def _say(step: str) -> None:
    click.echo(step, err=True)


@plan.command()
@click.argument("published", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_year
@click.option(
    "--with",
    "ours",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file of ours, in any of the five formats [the report made now].",
)
def compare(published: Path, year: int, ours: Path | None) -> None:
    """Look for every line and figure of a PUBLISHED text in our report; 1 if one is missing."""
    from tamamo.plan.catalog import load_plan
    from tamamo.plan.report import markdown, reading
    from tamamo.plan.report.build import build
    from tamamo.plan.report.compare import compare as look_for
    from tamamo.plan.report.inputs import Inputs

    if ours is None:
        body = markdown.write(build(Inputs(load_plan(), year, "ja")))
        text = reading.markdown(body)
    else:
        text = reading.text_of(ours)
    found = look_for(reading.text_of(published), text)
    click.echo(f"Figures: {found.figures_found} of {found.figures} found.")
    click.echo(f"Lines and cells: {found.pieces_found} of {found.pieces} found word for word.")
    for one in found.missing[:_SHOWN]:
        instead = f"; instead: {one.instead}" if one.instead else ""
        figures = f" ({', '.join(one.figures)})" if one.figures else ""
        click.echo(f"line {one.piece.line}: {one.piece.text}{figures}{instead}", err=True)
    if found.missing:
        sys.exit(1)


plan.add_command(import_)
plan.add_command(publish)
