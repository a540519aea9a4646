"""`tamamo warnings`: what a town told the public, and its templates as a file."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from tamamo.kernel.database import Connection

T = TypeVar("T")

home_option = click.option(
    "--home", type=click.Path(path_type=Path), help="Directory of everything kept [.tamamo]."
)
tenant_option = click.option("--tenant", default="default", show_default=True, help="Which town.")


@click.group()
def warnings() -> None:
    """Warnings to the public: what was published, and templates as a file."""


@warnings.command("list")
@tenant_option
@home_option
def list_(tenant: str, home: Path | None) -> None:
    """Show published messages, the newest first: number, time, what, status, level, headline."""
    from tamamo.kernel.time import JST
    from tamamo.publishing.warnings import store

    async def work(connection: "Connection") -> Any:
        return await store.messages(connection, tenant)

    for one in _run(home, work):
        moment = f"{one.sent.astimezone(JST):%Y-%m-%d %H:%M}"
        level = str(one.content.level or "-")
        newest = "" if one.newest else " (replaced)"
        click.echo(
            f"{one.number:>5}  {moment}  {one.type:6}  {one.status:8}  {level}  "
            f"{one.content.headline.ja}{newest}"
        )


@warnings.command()
@click.argument("message")
@tenant_option
@home_option
def cap(message: str, tenant: str, home: Path | None) -> None:
    """Write the CAP document of a message (its number or id) to standard output."""
    from uuid import UUID

    from tamamo.kernel.errors import SetupError
    from tamamo.publishing.warnings import NoSuchWarning, store

    async def work(connection: "Connection") -> str:
        wanted = message
        for one in await store.messages(connection, tenant):
            if str(one.number) == message:
                wanted = str(one.id)
        try:
            return (await store.document(connection, tenant, UUID(wanted)))[0]
        except (ValueError, NoSuchWarning) as unknown:
            raise SetupError(f"{tenant} has published no message {message!r}.") from unknown

    click.echo(_run(home, work), nl=False)


@warnings.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True))
@tenant_option
@home_option
def setup(file: Path | None, tenant: str, home: Path | None) -> None:
    """Show a town's templates and places (TOML), or put those of FILE in their place."""
    from tamamo.kernel.errors import Problem, SetupError
    from tamamo.kernel.identity import system
    from tamamo.publishing.warnings import setup as setups

    body = "" if file is None else file.read_bytes().decode("utf-8", "replace")

    async def show(connection: "Connection") -> str:
        return (await setups.read(connection, tenant)).body

    async def put(connection: "Connection") -> str:
        kept = await setups.read(connection, tenant)
        try:
            made = await setups.write(connection, system("warnings"), tenant, body, kept.version)
        except Problem as problem:
            raise SetupError(f"{file}: {problem}") from problem
        return f"Version {made.version} of the setup of {tenant} is kept.\n"

    click.echo(_run(home, show if file is None else put), nl=False)


def _run(home: Path | None, work: "Callable[[Connection], Awaitable[T]]") -> T:
    """Do something in a transaction, beside a running server or without one."""
    from tamamo.kernel import settings as kernel_settings
    from tamamo.kernel.database import open_pool, transaction
    from tamamo.kernel.installation import opened

    async def main() -> T:
        assert settings.database_url is not None
        async with (
            open_pool(settings.database_url, 1) as pool,
            transaction(pool) as connection,
        ):
            return await work(connection)

    with opened(kernel_settings.load({"home": home})) as settings:
        return asyncio.run(main())
