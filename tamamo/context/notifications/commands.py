"""`tamamo notifications`: what could not be delivered, for an operator to see, replay or drop."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tamamo.kernel import settings as kernel_settings
from tamamo.kernel.errors import SetupError

if TYPE_CHECKING:
    from tamamo.context.notifications.records import Records

T = TypeVar("T")

home_option = click.option(
    "--home", type=click.Path(path_type=Path), help="Directory of everything kept [.tamamo]."
)
tenant_option = click.option("--tenant", help="Only of this tenant.")
subscription_option = click.option("--subscription", help="Only of this subscription (its id).")

#: Tenant, subscription, numbers of dead letters; None: any.
Choice = tuple[str | None, str | None, list[int] | None]


def choice_of_dead_letters(command: Callable[[Path | None, Choice], None]) -> Callable[..., None]:
    """Give a command the options that say which dead letters it is about."""

    @home_option
    @tenant_option
    @subscription_option
    @click.option("--all", "everything", is_flag=True, help="All dead letters.")
    @click.argument("numbers", type=int, nargs=-1)
    @wraps(command)
    def chosen(
        home: Path | None,
        tenant: str | None,
        subscription: str | None,
        everything: bool,
        numbers: tuple[int, ...],
    ) -> None:
        if not (numbers or tenant or subscription or everything):
            raise SetupError("Say which: numbers, --subscription, --tenant or --all")
        command(home, (tenant, subscription, list(numbers) or None))

    return chosen


@click.group()
def notifications() -> None:
    """Notifications that wait for their receiver, and those given up (dead letters)."""


@notifications.command("list")
@home_option
@tenant_option
@subscription_option
@click.option("--waiting", is_flag=True, help="Also those still being tried.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_(
    *,
    home: Path | None,
    tenant: str | None,
    subscription: str | None,
    waiting: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List dead letters: number, subscription, entity, attempts, last error."""

    async def work(records: "Records") -> list[dict[str, Any]]:
        return await records.listed(tenant, subscription, dead=not waiting, limit=limit)

    rows = _run(home, work)
    for row in rows:
        click.echo(_json(row) if as_json else _line(row))
    if not rows and not as_json:
        click.echo("No notifications wait." if waiting else "No dead letters.")


@notifications.command()
@home_option
@click.argument("number", type=int)
def show(home: Path | None, number: int) -> None:
    """Show one notification with its body."""
    row = _run(home, lambda records: records.shown(number))
    if row is None:
        raise SetupError(f"There is no notification {number}")
    click.echo(_json(row))


@notifications.command()
@choice_of_dead_letters
def replay(home: Path | None, choice: Choice) -> None:
    """Try dead letters again: those of these numbers, of a tenant or subscription, or all."""
    count = _run(home, lambda records: records.replay(*choice))
    click.echo(f"{count} put back into the queue.")


@notifications.command()
@choice_of_dead_letters
def drop(home: Path | None, choice: Choice) -> None:
    """Delete dead letters: those of these numbers, of a tenant or subscription, or all."""
    count = _run(home, lambda records: records.drop(*choice))
    click.echo(f"{count} deleted.")


def _run(home: Path | None, work: "Callable[[Records], Awaitable[T]]") -> T:
    """Do something with the queue of the installation, running or not."""
    from tamamo.context.notifications.policy import RealClock
    from tamamo.context.notifications.records import Records
    from tamamo.kernel.database import open_pool
    from tamamo.kernel.installation import opened

    async def main(dsn: str) -> T:
        async with open_pool(dsn, size=1) as pool:
            return await work(Records(pool, RealClock()))

    with opened(kernel_settings.load({"home": home})) as settings:
        assert settings.database_url is not None
        return asyncio.run(main(settings.database_url))


def _line(row: dict[str, Any]) -> str:
    state = "dead" if row["dead"] else "waiting"
    about = row["entity"] or "(no single entity)"
    return (
        f"{row['number']:>8}  {row['created'][:19]}  {state}  {row['tenant']}  "
        f"{row['subscription']}  {about}  tried {row['attempts']}x  {row['error'] or ''}"
    ).rstrip()


def _json(row: dict[str, Any]) -> str:
    import orjson

    return orjson.dumps(row).decode()
