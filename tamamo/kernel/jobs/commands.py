"""`tamamo jobs`: what is to be done, is being done and was done."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from tamamo.kernel import settings as kernel_settings
from tamamo.kernel.errors import SetupError

if TYPE_CHECKING:
    from tamamo.kernel.database import Connection
    from tamamo.kernel.jobs import Job

T = TypeVar("T")

home_option = click.option(
    "--home", type=click.Path(path_type=Path), help="Directory of everything kept [.tamamo]."
)
#: As whom these verbs act.
ACTOR = "system:jobs"


@click.group()
def jobs() -> None:
    """Work that goes on behind the pages."""


@jobs.command("list")
@home_option
@click.option("--tenant", help="Only of this tenant.")
@click.option("--failed", is_flag=True, help="Only those that failed.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_(
    *, home: Path | None, tenant: str | None, failed: bool, limit: int, as_json: bool
) -> None:
    """List jobs, newest first: number, state, tenant, name, progress, error."""
    from tamamo.kernel.jobs import listed

    async def work(connection: "Connection") -> "list[Job]":
        return await listed(
            connection,
            tenants=None if tenant is None else [tenant],
            states=["failed"] if failed else None,
            limit=limit,
        )

    found = _run(home, work)
    for job in found:
        click.echo(_json(job) if as_json else _line(job))
    if not found and not as_json:
        click.echo("No jobs.")


@jobs.command()
@home_option
@click.argument("numbers", type=int, nargs=-1, required=True)
def retry(home: Path | None, numbers: tuple[int, ...]) -> None:
    """Put failed jobs back into the queue."""
    _each(home, numbers, "retry")
    click.echo(f"{len(numbers)} put back into the queue.")


@jobs.command()
@home_option
@click.argument("numbers", type=int, nargs=-1, required=True)
def cancel(home: Path | None, numbers: tuple[int, ...]) -> None:
    """Cancel jobs: those that wait at once, those that run as soon as they can stop."""
    _each(home, numbers, "cancel")
    click.echo(f"{len(numbers)} cancelled or asked to stop.")


def _each(home: Path | None, numbers: tuple[int, ...], act: str) -> None:
    from tamamo.kernel.jobs import find, queue

    async def work(connection: "Connection") -> None:
        for number in numbers:
            job = await find(connection, None, number)
            if job is None:
                raise SetupError(f"There is no job {number}")
            await getattr(queue, act)(connection, job.tenant, number, actor=ACTOR)

    _run(home, work)


def _run(home: Path | None, work: "Callable[[Connection], Awaitable[T]]") -> T:
    from tamamo.kernel.database import open_pool, transaction
    from tamamo.kernel.installation import opened

    async def main(dsn: str) -> T:
        async with open_pool(dsn, size=1) as pool, transaction(pool) as connection:
            return await work(connection)

    with opened(kernel_settings.load({"home": home})) as settings:
        assert settings.database_url is not None
        return asyncio.run(main(settings.database_url))


def _line(job: "Job") -> str:
    far = f"{job.done}/{job.total}" if job.total is not None else str(job.done or "")
    what = job.error if job.error and job.state in ("failed", "waiting") else job.note
    return (
        f"{job.id:>8}  {job.created_at:%Y-%m-%dT%H:%M:%SZ}  {job.state:<9}  {job.tenant}  "
        f"{job.name}  {far}  {what}"
    ).rstrip()


def _json(job: "Job") -> str:
    import orjson

    return orjson.dumps(job).decode()
