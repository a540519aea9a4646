"""`tamamo audit`: read, hand on and prove the log of who did what."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tamamo.kernel import settings as kernel_settings
from tamamo.kernel.errors import SetupError
from tamamo.kernel.time import JST

if TYPE_CHECKING:
    from tamamo.kernel.audit.chain import Head, Report
    from tamamo.kernel.audit.listing import Entry, Filter
    from tamamo.kernel.database import Pool

T = TypeVar("T")

home_option = click.option(
    "--home", type=click.Path(path_type=Path), help="Directory of everything kept [.tamamo]."
)


class Moment(click.ParamType[datetime]):
    """A day or a moment: 2026-04-01, 2026-04-01T09:00, in Japan's time unless it says otherwise."""

    name = "time"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the moment, timezone-aware."""
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day or time such as 2026-04-01T09:00", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=JST)


def filter_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options by which events are chosen."""
    for option in (
        click.option("--until", type=Moment(), help="Before this day or time (Japan)."),
        click.option("--since", type=Moment(), help="From this day or time on (Japan)."),
        click.option("--object", help="What it was done to, such as urn:ngsi-ld:…"),
        click.option("--action", help="An action or its beginning: register, register.edit."),
        click.option("--actor", help="Who, such as user:17."),
        click.option("--tenant", help="Only this tenant [all]."),
    ):
        command = option(command)
    return command


@click.group()
def audit() -> None:
    """The log of who did what: only ever added to, each tenant's events chained by their hashes."""


@audit.command()
@home_option
@click.option("--tenant", help="Only this tenant [all].")
@click.option(
    "--heads",
    "elsewhere",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    help="A copy of heads.jsonl or a backup kept elsewhere, to hold the chains against as well.",
)
@click.option(
    "--export",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Prove an exported JSONL file instead of the database.",
)
def verify(
    home: Path | None, tenant: str | None, elsewhere: tuple[Path, ...], export: Path | None
) -> None:
    """Compute every hash again; exit code 1 when something was changed, removed or put in.

    The chains are held against the heads noted in HOME/audit/heads.jsonl; those kept on another
    machine (--heads) prove more: docs/subsystems/audit.md says what cannot be proved.
    """
    from tamamo.kernel.audit import chain

    given = [head for file in elsewhere for head in _heads_of(file)]
    if export is not None:
        try:
            entries = chain.read_export(export)
        except ValueError as error:
            raise SetupError(str(error)) from error
        report = chain.verify(entries, given, whole=False)
    else:
        report = _verify_installation(home, tenant, given)
    _tell(report)


def _heads_of(file: Path) -> "list[Head]":
    from tamamo.kernel.audit import heads

    try:
        return heads.read(file)
    except ValueError as error:
        raise SetupError(str(error)) from error


def _verify_installation(home: Path | None, tenant: str | None, given: "list[Head]") -> "Report":
    import psycopg

    from tamamo.kernel.audit import chain, heads
    from tamamo.kernel.installation import opened

    with opened(kernel_settings.load({"home": home})) as settings:
        assert settings.database_url is not None
        noted = _heads_of(heads.path(settings.home))
        with psycopg.connect(settings.database_url) as connection:
            report = chain.verify_database(connection, noted + given, tenant)
            if not report.faults:
                heads.note(settings.home, chain.database_heads(connection), "verify")
    return report


def _tell(report: "Report") -> None:
    for tenant, count in report.events.items():
        click.echo(f"{tenant}: {count:,} events")
    for fault in report.faults:
        click.echo(f"{fault.tenant} {fault.seq}: {fault.kind}: {fault.text}")
    if report.faults:
        click.echo(f"The log is not whole: {len(report.faults):,} faults.")
        sys.exit(1)
    events = sum(report.events.values())
    click.echo(f"The log is whole: {events:,} events, {report.heads_met:,} noted heads met.")


@audit.command("list")
@home_option
@filter_options
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, help="At most so many [50].")
def list_(home: Path | None, limit: int, **chosen: Any) -> None:
    """List events, newest first."""
    from tamamo.kernel.audit import listing

    found = _run(home, lambda pool: listing.page(pool, _filter(chosen), limit=limit))
    for one in found.entries:
        click.echo(_line(one))
    if found.older is not None:
        click.echo("There are older ones: use --until, or a larger --limit.", err=True)


@audit.command()
@home_option
@filter_options
@click.option(
    "--format", "format_", type=click.Choice(["jsonl", "csv"]), default="jsonl", help="[jsonl]"
)
@click.argument("file", type=click.File("wb"), default="-")
def export(home: Path | None, format_: str, file: Any, **chosen: Any) -> None:
    """Write all events that match to FILE, oldest first [standard output].

    JSONL can be proved with `tamamo audit verify --export`. The export is itself an event.
    """
    from tamamo.kernel.audit import Event, append, listing
    from tamamo.kernel.database import transaction

    async def write(chunks: AsyncIterator[bytes]) -> None:
        async for chunk in chunks:
            file.write(chunk)

    async def work(pool: "Pool") -> None:
        wanted = _filter(chosen)
        writer = listing.export_jsonl if format_ == "jsonl" else listing.export_csv
        await write(writer(pool, wanted))
        said = {name: str(value) for name, value in chosen.items() if value is not None}
        tenant = chosen["tenant"] or "default"
        event = Event(tenant, "system:audit", "audit.export", "audit", after=said)
        async with transaction(pool) as connection:
            await append(connection, event)

    _run(home, work)


def _filter(chosen: dict[str, Any]) -> "Filter":
    from tamamo.kernel.audit.listing import Filter

    tenant = chosen["tenant"]
    rest = {name: value for name, value in chosen.items() if name != "tenant"}
    return Filter(tenants=None if tenant is None else (tenant,), **rest)


def _line(one: "Entry") -> str:
    at = one.at.astimezone(JST)
    line = f"{at:%Y-%m-%d %H:%M:%S}  {one.tenant} {one.seq}  {one.actor}  {one.action}"
    return f"{line}  {one.object}  {one.before or ''} → {one.after or ''}"


def _run(home: Path | None, work: "Callable[[Pool], Awaitable[T]]") -> T:
    """Do something with the database of the installation, running or not."""
    from tamamo.kernel.database import open_pool
    from tamamo.kernel.installation import opened

    async def main(dsn: str) -> T:
        async with open_pool(dsn, size=2) as pool:
            return await work(pool)

    with opened(kernel_settings.load({"home": home})) as settings:
        assert settings.database_url is not None
        return asyncio.run(main(settings.database_url))
