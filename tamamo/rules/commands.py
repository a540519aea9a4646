"""`tamamo rules`: see the rules of a town, try them on the past, take note of alerts."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from tamamo.context.broker import Broker
    from tamamo.rules.rule import Rule

T = TypeVar("T")

home_option = click.option(
    "--home", type=click.Path(path_type=Path), help="Directory of everything kept [.tamamo]."
)
tenant_option = click.option("--tenant", default="default", show_default=True, help="Whose rules.")


@click.group()
def rules() -> None:
    """Rules: when what is true of which entities, then an alert."""


@rules.command("list")
@home_option
@tenant_option
def list_(home: Path | None, tenant: str) -> None:
    """List the rules of a town: id, whose, on or off, severity, name."""
    from tamamo.kernel.database import single
    from tamamo.rules.editing import RuleEntry, listing

    async def work(broker: "Broker") -> list[RuleEntry]:
        async with single(broker.pool) as connection:
            return await listing(connection, tenant)

    for one in _run(home, work):
        name = f"{one.document['name']['ja']} / {one.document['name']['en']}"
        switched = "on " if one.enabled else "off"
        click.echo(f"{one.id}  {one.origin}  {switched}  {one.document['severity']}  {name}")


@rules.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def check(files: tuple[Path, ...]) -> None:
    """Check rules.toml files, the installed ones without FILES; one line a fault, exit code 1."""
    from tamamo.rules.shipped import declared_files, documents, faults_of_files

    paths = files or tuple(declared_files())
    faults = faults_of_files(paths)
    for fault in faults:
        click.echo(fault.line(), err=True)
    if faults:
        sys.exit(1)
    click.echo(f"{sum(1 for _ in documents(paths))} rules: no fault.")


@rules.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--rule", "chosen", multiple=True, help="Only these rules.")
@click.option("--rules", "own", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="A rules.toml to try instead of the shipped ones.")  # fmt: skip
def report(file: Path, chosen: tuple[str, ...], own: Path | None) -> None:
    """Say what rules make of a recording of river levels (CSV): each episode once, as tables.

    Nothing is stored, and nothing has to run.
    """
    from tamamo.rules import report as reports
    from tamamo.rules.rule import iri_of

    found = _file_rules(own)
    about = [rule for rule in found.values() if rule.subject.type == iri_of("FloodMonitoring")]
    wanted = [rule for rule in about if not chosen or rule.id in chosen]
    for line in reports.markdown(reports.make(wanted, reports.read(file)), wanted):
        click.echo(line)


def _file_rules(own: Path | None) -> "Mapping[str, Rule]":
    from tamamo.rules.check import parse
    from tamamo.rules.shipped import documents, shipped

    if own is None:
        return shipped()
    made = [parse(document) for _, document in documents([own])]
    return {rule.id: rule for rule in made}


def _run(home: Path | None, work: "Callable[[Broker], Awaitable[T]]") -> T:
    """Do something with the installation, running or not."""
    from tamamo.context.broker import open_broker
    from tamamo.kernel import settings as kernel_settings
    from tamamo.kernel.installation import opened

    with opened(kernel_settings.load({"home": home})) as settings:

        async def main() -> T:
            async with open_broker(settings) as broker:
                return await work(broker)

        return asyncio.run(main())
