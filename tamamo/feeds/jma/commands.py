"""`tamamo replay jma` and `tamamo replay amedas`."""

import sys
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tamamo.feeds.commands import (
    EXIT_INTERRUPTED,
    EXIT_REJECTED,
    Moment,
    _installation,
    home_option,
    replay,
    require_tenant,
    tenant_option,
)
from tamamo.kernel import settings as kernel_settings
from tamamo.kernel import time

if TYPE_CHECKING:
    from tamamo.context.broker import Broker
    from tamamo.feeds.jma.replay import Progress
    from tamamo.feeds.rejects import RejectsFile

    Work = Callable[[Broker, RejectsFile, Progress], Coroutine[Any, Any, None]]

__all__ = ["replay"]


@replay.command("jma")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option(
    "--code", help="Local government code (団体コード) whose areas count [the town's own]."
)
@tenant_option
@home_option
def replay_jma(*, directory: Path, code: str | None, tenant: str, home: Path | None) -> None:
    """Replay telegrams of 気象庁防災情報XML: every *.xml of a directory, in the order of report.

    \b
    Safe to run twice. Exit code 0: every file was read. 3: some were rejected, see the rejects
    file.
    """

    async def work(broker: "Broker", rejects: "RejectsFile", progress: "Progress") -> None:
        from tamamo.feeds.jma.areas import areas_of
        from tamamo.feeds.jma.replay import replay_telegrams

        town = broker.towns.get(tenant)
        areas = areas_of(code or (town.code if town else None))
        await replay_telegrams(
            broker, directory, tenant, areas=areas, rejects=rejects, progress=progress
        )

    _run(work, directory, tenant, home)


@replay.command("amedas")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--from", "start", type=Moment(), help="Only observations from this time on.")
@click.option("--to", "end", type=Moment(), help="Only observations before this time.")
@tenant_option
@home_option
def replay_amedas(
    *, file: Path, start: datetime | None, end: datetime | None, tenant: str, home: Path | None
) -> None:
    """Replay a recording of AMeDAS rain (CSV: hour_jst, amdno, name, lat, lon, precipitation1h).

    \b
    Safe to run twice. Exit code 0: every row is in. 3: some rows were rejected, see the rejects
    file.
    """

    async def work(broker: "Broker", rejects: "RejectsFile", progress: "Progress") -> None:
        from tamamo.feeds.jma.replay import replay_rain

        await replay_rain(
            broker, file, tenant, rejects=rejects, progress=progress, start=start, end=end
        )

    _run(work, file, tenant, home)


def _run(work: "Work", path: Path, tenant: str, home: Path | None) -> None:
    """Do the work on an installation, running or not; leave with the exit code there is."""
    from tamamo.feeds.jma.replay import Progress
    from tamamo.feeds.rejects import RejectsFile

    progress = Progress()
    interrupted = False
    with _installation(kernel_settings.load({"home": home})) as (ready, run):
        with RejectsFile(ready.home, path, time.now()) as rejects:

            async def main(broker: "Broker") -> None:
                await require_tenant(broker, tenant)
                await work(broker, rejects, progress)

            try:
                run(main)
            except KeyboardInterrupt:
                interrupted = True
        click.echo(str(progress))
        for title, count in progress.titles.most_common():
            click.echo(f"  {count:>6,}  {title}")
        if rejects.path is not None:
            click.echo(f"Rejected, with reasons: {rejects.path}", err=True)
    if interrupted:
        sys.exit(EXIT_INTERRUPTED)
    if rejects.count:
        sys.exit(EXIT_REJECTED)
