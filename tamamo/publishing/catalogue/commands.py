"""`tamamo opendata harvest …`: the catalogues of others that a town reads."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from tamamo.publishing.catalogue.harvest.service import Harvested, Harvests

T = TypeVar("T")
_ACTOR = "system:command"
_town = click.option("--tenant", "town", default="default", show_default=True, help="Town.")
_home = click.option("--home", type=click.Path(path_type=Path), help="The installation's folder.")


@click.group()
def harvest() -> None:
    """Catalogues of others (CKAN, DCAT): read once a day, searched beside our own."""


@harvest.command()
@click.argument("name")
@click.argument("url")
@click.option("--kind", type=click.Choice(["ckan", "dcat"]), default="ckan", show_default=True)
@_town
@_home
def add(name: str, url: str, kind: str, town: str, home: Path | None) -> None:
    """Read the catalogue at URL from now on, and now; NAME is what it is called here."""

    async def work(harvests: "Harvests") -> "Harvested":
        await harvests.add(_ACTOR, town, name, "dcat" if kind == "dcat" else "ckan", url)
        return await harvests.read(_ACTOR, town, name)

    _told(_run(home, work))


@harvest.command()
@click.argument("name")
@_town
@_home
def run(name: str, town: str, home: Path | None) -> None:
    """Read a catalogue now."""

    async def work(harvests: "Harvests") -> "Harvested":
        return await harvests.read(_ACTOR, town, name)

    _told(_run(home, work))


@harvest.command("list")
@_town
@_home
def list_(town: str, home: Path | None) -> None:
    """The catalogues a town reads."""

    async def work(harvests: "Harvests") -> str:
        lines = [
            f"{one.id}\t{one.kind}\t{one.entries}\t{one.read_at or '-'}\t{one.url}\t{one.error}"
            for one in await harvests.sources(town)
        ]
        return "\n".join(lines) or f"{town} reads no catalogue."

    click.echo(_run(home, work))


@harvest.command()
@click.argument("name")
@_town
@_home
def remove(name: str, town: str, home: Path | None) -> None:
    """Read a catalogue no more, and forget what it held."""

    async def work(harvests: "Harvests") -> None:
        await harvests.remove(_ACTOR, town, name)

    _run(home, work)
    click.echo(f"{name} is read no more.")


def _told(read: "Harvested") -> None:
    found = read.difference
    click.echo(
        f"{read.total} datasets: {len(found.added)} new, {len(found.changed)} changed, "
        f"{len(found.removed)} gone, {len(read.faults)} not readable"
    )
    for fault in read.faults[:20]:
        click.echo(f"  {fault}", err=True)


def _run(home: Path | None, work: "Callable[[Harvests], Awaitable[T]]") -> T:
    """Do something beside a running server or without one."""
    from tamamo.context.broker import open_broker
    from tamamo.kernel import settings as kernel_settings
    from tamamo.kernel.errors import Problem, SetupError
    from tamamo.kernel.installation import opened
    from tamamo.publishing.catalogue.harvest.service import Harvests

    async def main() -> T:
        async with open_broker(settings) as broker:
            return await work(Harvests(broker))

    with opened(kernel_settings.load({"home": home})) as settings:
        try:
            return asyncio.run(main())
        except Problem as problem:
            raise SetupError(problem.detail) from problem
