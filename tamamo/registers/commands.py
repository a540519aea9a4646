"""`tamamo register`: list the declared registers, check declarations, make their rows anew."""

import asyncio
import sys
from pathlib import Path

import click

home_option = click.option(
    "--home", type=click.Path(path_type=Path), help="Directory of everything kept [.tamamo]."
)


@click.group()
def register() -> None:
    """Typed lists of entities that departments keep."""


@register.command(name="list")
def list_() -> None:
    """List the registers: id, type, columns, fields that can be edited, department."""
    from tamamo.registers.catalogue import declared

    for one in declared().values():
        name = f"{one.title.ja} / {one.title.en}"
        size = f"{len(one.columns)} columns, {len(one.form)} fields"
        click.echo(f"{one.id}  {name}  {one.type_name}  {size}  {one.unit}")


@register.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def check(files: tuple[Path, ...]) -> None:
    """Check declarations, the installed ones without FILES; one line a fault, then exit code 1."""
    from tamamo.registers.catalogue import declared_files, read_all

    registers, faults = read_all(files or declared_files())
    for fault in faults:
        click.echo(fault.line(), err=True)
    if faults:
        sys.exit(1)
    click.echo(f"{len(registers)} registers: no fault.")


@register.command()
@home_option
def sync(home: Path | None) -> None:
    """Make the rows of all lists anew from the entities, beside a running server."""
    from tamamo.kernel import settings as kernel_settings
    from tamamo.kernel.database import open_pool
    from tamamo.kernel.installation import opened
    from tamamo.registers.catalogue import declared
    from tamamo.registers.projection import remake

    async def main(dsn: str) -> int:
        async with open_pool(dsn, 2) as pool:
            return await remake(pool, declared())

    with opened(kernel_settings.load({"home": home})) as settings:
        assert settings.database_url is not None
        click.echo(f"{asyncio.run(main(settings.database_url))} rows made.")
