"""`tamamo plan import` and `publish`: published files into values, values into entities."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tamamo.context.terminal import home_option, run
from tamamo.kernel.errors import SetupError
from tamamo.kernel.towns import DEFAULT

if TYPE_CHECKING:
    from tamamo.context.broker import Broker
    from tamamo.plan.values.importing import Read
    from tamamo.plan.values.model import Recorded

#: Exit code where some rows were rejected, as of `tamamo import`.
EXIT_REJECTED = 3
_SHOWN = 5


@click.command(name="import")
@click.argument("project")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
)
@click.option("--indicator", help="Which of the project's indicators [the one with a series].")
@click.option("--source", default="", help="What pages give as source [the files' names].")
@click.option("--reason", default="", help="Why values differ from those kept before.")
@click.option("--dry-run", is_flag=True, help="Read and check; keep nothing.")
@home_option
def import_(
    *,
    project: str,
    files: tuple[Path, ...],
    indicator: str | None,
    source: str,
    reason: str,
    dry_run: bool,
    home: Path | None,
) -> None:
    """Keep the values of an indicator's published FILES, such as the cards issued each month."""
    from tamamo.plan.catalog import load_plan
    from tamamo.plan.values import importing
    from tamamo.plan.values.publishing import keep

    folder, one = importing.with_series(load_plan(), project, indicator)
    read = importing.reader_of(one)
    found = {file: read(file.name, file.read_bytes()) for file in files}
    rejected = _tell(found, home, dry_run)
    if dry_run:
        click.echo(f"{sum(len(r.values) for r in found.values())} values; nothing was kept.")
        sys.exit(EXIT_REJECTED if rejected else 0)

    async def work(broker: "Broker") -> "Recorded":
        values = [value for one_file in found.values() for value in one_file.values]
        named = source or ", ".join(file.name for file in files)
        about = (folder, one)
        by = "system:plan"
        return await keep(broker, DEFAULT, about, values, source=named, by=by, reason=reason)

    try:
        kept = run(home, work)
    except ValueError as error:
        raise SetupError(f"Nothing was kept: {error}.") from error
    said = f"{kept.stored} values kept, {kept.repeated} were there, {kept.corrected} put right"
    click.echo(f"{said}; {rejected} rows rejected.")
    if rejected:
        sys.exit(EXIT_REJECTED)


def _tell(found: "dict[Path, Read]", home: Path | None, dry_run: bool) -> int:
    """Show rejected rows, keep them in the home's rejects, and return how many there are."""
    from tamamo.feeds.rejects import RejectsFile
    from tamamo.kernel import settings as kernel_settings
    from tamamo.kernel import time

    where = kernel_settings.load({"home": home}).home
    for file, read in found.items():
        for reject in read.rejects[:_SHOWN]:
            click.echo(f"{file.name}: {reject}", err=True)
        if read.rejects and not dry_run:
            with RejectsFile(where, file, time.now()) as kept:
                for reject in read.rejects:
                    kept.add(reject)
            click.echo(f"All {len(read.rejects)} rejected rows: {kept.path}", err=True)
    return sum(len(read.rejects) for read in found.values())


@click.command()
@home_option
def publish(home: Path | None) -> None:
    """Keep what is computed today, and write all indicators as KeyPerformanceIndicator entities."""
    from tamamo.plan import live
    from tamamo.plan.catalog import load_plan
    from tamamo.plan.values.publishing import publish_all

    async def work(broker: "Broker") -> tuple[int, int]:
        plan = load_plan()
        for project, indicator in await live.keep(broker, plan):
            click.echo(f"{project}/{indicator} could not be computed; see the log.", err=True)
        return await publish_all(broker, DEFAULT, plan)

    stored, repeated = run(home, work)
    click.echo(f"{stored} measurements written, {repeated} were there.")
