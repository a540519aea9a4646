"""The verbs that bring data in and tell how the feeds are doing."""

import asyncio
import math
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from tamamo.kernel import settings as kernel_settings
from tamamo.kernel import time
from tamamo.kernel.errors import SetupError
from tamamo.kernel.settings import Settings

if TYPE_CHECKING:
    from tamamo.context.broker import Broker
    from tamamo.context.jsonld import TermMap
    from tamamo.feeds.mapping import Result
    from tamamo.feeds.replay import Plan, Progress
    from tamamo.feeds.status import Status

#: Exit codes beside 0 (all well) and 1 (nothing could be done): some rows were rejected; Ctrl-C.
EXIT_REJECTED = 3
EXIT_INTERRUPTED = 130
#: Rejects shown on the terminal; the rejects file has them all.
_SHOWN = 5

home_option = click.option(
    "--home", type=click.Path(path_type=Path), help="Directory of everything kept [.tamamo]."
)
tenant_option = click.option(
    "--tenant", default="default", show_default=True, help="Tenant whose data it is."
)


class Moment(click.ParamType[datetime]):
    """An RFC 3339 time; without a zone it is meant in Japan."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the moment. Fails with a sentence when the text is none."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a time such as 2026-06-26T08:00+09:00", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=time.JST)


@click.group()
def replay() -> None:
    """Play a recording into the platform."""


@replay.command("river")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--from", "start", type=Moment(), help="Only observations from this time on.")
@click.option("--to", "end", type=Moment(), help="Only observations before this time.")
@click.option(
    "--speed",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="Times real time; 0 = as fast as it goes.",
)
@tenant_option
@click.option("--announce", is_flag=True, hidden=True, help="Let pages show the recording's clock.")
@click.option("--ahead", type=Moment(), hidden=True, help="Write what is before it at once.")
@home_option
def replay_river(
    *,
    file: Path,
    start: datetime | None,
    end: datetime | None,
    speed: float,
    tenant: str,
    announce: bool,
    ahead: datetime | None,
    home: Path | None,
) -> None:
    """Replay a recording of river levels (CSV). Safe to run twice: repeats are counted.

    \b
    Exit code 0: every row is in. 3: some rows were rejected, see the rejects file.
    """
    from tamamo.feeds.replay import Plan

    if not math.isfinite(speed):
        raise click.BadParameter(f"{speed} is not a speed", param_hint="--speed")
    if start is not None and end is not None and start >= end:
        raise click.BadParameter("is not before --to", param_hint="--from")
    plan = Plan(
        path=file, tenant=tenant, start=start, end=end, speed=speed, announce=announce, ahead=ahead
    )
    run_replay(plan, kernel_settings.load({"home": home}))


def run_replay(plan: "Plan", settings: Settings) -> None:
    """Replay on an installation, running or not.

    Exits with EXIT_INTERRUPTED at Ctrl-C, with EXIT_REJECTED when some rows were rejected.
    """
    from tamamo.feeds import replay as engine
    from tamamo.feeds.rejects import RejectsFile

    progress = engine.Progress()
    meter = _Meter(plan.speed)

    async def work(broker: "Broker") -> None:
        await require_tenant(broker, plan.tenant)
        await engine.replay(broker, plan, rejects, progress, report=meter.show)

    interrupted = False
    with _installation(settings) as (ready, run):
        with RejectsFile(ready.home, plan.path, time.now()) as rejects:
            try:
                run(work)
            except KeyboardInterrupt:
                interrupted = True
        meter.end()
        click.echo(str(progress))
        _name_rejects_file(rejects.path)
    if interrupted:
        _tell_stopped()
    if rejects.count:
        sys.exit(EXIT_REJECTED)


def _tell_stopped() -> NoReturn:
    click.echo("Stopped; what was written is kept, and a next run goes on.", err=True)
    sys.exit(EXIT_INTERRUPTED)


class _Meter:
    """Progress on stderr: one changing line on a terminal, nothing in a pipe but every 10 s."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._shown = 0.0
        self._terminal = sys.stderr.isatty()

    def show(self, progress: "Progress") -> None:
        """Show how far it is."""
        now = time.now().timestamp()
        if now - self._shown < (0.2 if self._terminal else 10):
            return
        self._shown = now
        clock = progress.clock.astimezone(time.JST) if progress.clock else None
        text = f"{clock:%Y-%m-%d %H:%M} JST  {progress}" if clock else str(progress)
        click.echo(f"\r{text}\033[K" if self._terminal else text, nl=not self._terminal, err=True)

    def end(self) -> None:
        """Leave the line."""
        if self._terminal and self._shown:
            click.echo("\r\033[K", nl=False, err=True)


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--mapping", "mapping_name", required=True, help="TOML file, or a shipped name.")
@tenant_option
@click.option("--create-tenant", is_flag=True, help="Make the tenant when it does not exist.")
@click.option("--dry-run", is_flag=True, help="Show the first entities; write nothing.")
@click.option("--all-or-nothing", is_flag=True, help="Write nothing when a row is rejected.")
@click.option("--encoding", help="Of a CSV, when it is not found out: shift_jis, euc_jp, …")
@home_option
def import_file(
    *,
    file: Path,
    mapping_name: str,
    tenant: str,
    create_tenant: bool,
    dry_run: bool,
    all_or_nothing: bool,
    encoding: str | None,
    home: Path | None,
) -> None:
    """Import a table (CSV or XLSX) by a mapping.

    Exit code 0: every row is in. 3: some rows were rejected, see the rejects file. 1: nothing was
    written, the sentence says why. 130: Ctrl-C; what was written is kept.
    """
    from tamamo.feeds import importing, mapping
    from tamamo.feeds.rejects import RejectsFile

    chosen = mapping.load(mapping_name)
    with _installation(kernel_settings.load({"home": home})) as (ready, run):

        async def work(broker: "Broker") -> bool:
            await require_tenant(broker, tenant, create=create_tenant and not dry_run)
            terms = await broker.contexts.resolve(tenant, chosen.context)
            result = importing.read(file, chosen, terms, encoding)
            with RejectsFile(ready.home, file, time.now()) as rejects:
                for reject in result.rejects:
                    rejects.add(reject)
            _tell_rejects(file, result, rejects.path)
            if dry_run:
                _preview(result, terms)
            elif all_or_nothing and result.rejects:
                raise SetupError(
                    f"{file.name}: nothing was written, because rows were rejected:"
                    f" {len(result.rejects):,} (--all-or-nothing)."
                )
            else:
                recorded = await importing.write(
                    broker,
                    tenant,
                    chosen,
                    result,
                    original=importing.original(file, encoding),
                    at_once=all_or_nothing,
                    report=_written,
                )
                if sys.stderr.isatty():
                    click.echo("\r\033[K", nl=False, err=True)
                click.echo(
                    f"{len(result.entities):,} entities imported ({recorded.created:,} new),"
                    f" {recorded.metadata + recorded.stored:,} attributes written,"
                    f" {len(result.rejects):,} rejected{_remarks(result)}"
                )
            return bool(result.rejects)

        try:
            rejected = run(work)
        except KeyboardInterrupt:
            _tell_stopped()
    sys.exit(EXIT_REJECTED if rejected else 0)


def _written(count: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{count:,} entities written\033[K", nl=False, err=True)


def _tell_rejects(file: Path, result: "Result", path: Path | None) -> None:
    for reject in result.rejects[:_SHOWN]:
        click.echo(f"{file.name}: {reject}", err=True)
    if len(result.rejects) > _SHOWN:
        click.echo(f"… and {len(result.rejects) - _SHOWN:,} more", err=True)
    _name_rejects_file(path)


def _name_rejects_file(path: Path | None) -> None:
    if path is not None:
        click.echo(f"Rejected rows with reasons: {path}", err=True)


def _remarks(result: "Result") -> str:
    parts = []
    if result.skipped:
        parts.append(f"{result.skipped:,} blank rows passed over")
    if result.without_location:
        parts.append(f"{result.without_location:,} without location")
    return f" ({', '.join(parts)})" if parts else ""


def _preview(result: "Result", terms: "TermMap") -> None:
    import orjson

    from tamamo.context.model.represent import View, represent

    for entity in result.entities[:_SHOWN]:
        body = represent(entity, terms, View("concise"))
        click.echo(orjson.dumps(body, option=orjson.OPT_INDENT_2).decode())
    click.echo(
        f"Dry run, nothing written: {len(result.entities):,} entities,"
        f" {len(result.rejects):,} rejected{_remarks(result)}"
    )


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
@home_option
def feeds(as_json: bool, home: Path | None) -> None:
    """Tell how each feed is doing: last success, errors by kind, counts, lag."""
    import orjson

    from tamamo.feeds.status import FeedStatuses, Status

    async def work(broker: "Broker") -> list[Status]:
        return await FeedStatuses(broker.pool).all()

    with _installation(kernel_settings.load({"home": home})) as (_, run):
        statuses = run(work)
    now = time.now()
    if as_json:
        bodies = [{"state": status.state(now), **asdict(status)} for status in statuses]
        click.echo(orjson.dumps(bodies, option=orjson.OPT_INDENT_2).decode())
        return
    if not statuses:
        click.echo("No feed has run yet.")
    for status in statuses:
        _tell_feed(status, now)


def _tell_feed(status: "Status", now: datetime) -> None:
    from tamamo.feeds.errors import KINDS

    last = status.last_success_at
    seen = f"{last.astimezone(time.JST):%Y-%m-%d %H:%M:%S} JST" if last else "never"
    click.echo(
        f"{status.state(now):<14} {status.tenant}/{status.id}  {status.name_ja} / {status.name_en}"
    )
    click.echo(
        f"  last success {seen}; {status.successes:,} runs, {status.stored:,} stored,"
        f" {status.repeated:,} repeats, {status.late:,} late, {status.rejected:,} rejected"
    )
    for error in status.errors:
        kind = KINDS[error.kind]
        click.echo(
            f"  {kind.en} / {kind.ja}: {error.count:,} times,"
            f" last {error.last_at.astimezone(time.JST):%Y-%m-%d %H:%M:%S} JST: {error.message}"
        )


async def require_tenant(broker: "Broker", tenant: str, *, create: bool = False) -> None:
    """Raise SetupError naming --tenant when there is no such tenant."""
    from tamamo.kernel.errors import Problem

    try:
        await broker.tenants.require(tenant, create=create)
    except Problem as error:
        known = ", ".join(await broker.tenants.names())
        raise SetupError(
            f"--tenant: {error.detail}. The tenants are: {known}."
            " `tamamo import … --create-tenant` makes a new one."
        ) from error


Work = Callable[["Broker"], Coroutine[Any, Any, Any]]


@contextmanager
def _installation(settings: Settings) -> Iterator[tuple[Settings, Callable[[Work], Any]]]:
    """Open an installation, running or not; the second value runs work on its broker."""
    from tamamo.context.broker import open_broker
    from tamamo.kernel import log
    from tamamo.kernel.installation import opened

    log.configure(settings)
    with opened(settings) as ready:

        async def main(work: Work) -> Any:
            async with open_broker(ready) as broker:
                return await work(broker)

        yield ready, lambda work: asyncio.run(main(work))
