"""The verbs that run and check an installation. Imports happen when a verb is called."""

import sys
from pathlib import Path

import click

from tamamo.kernel import settings as kernel_settings
from tamamo.kernel.settings import Settings

home_option = click.option(
    "--home", type=click.Path(path_type=Path), help="Directory of everything kept [.tamamo]."
)


@click.command()
@click.option("--host", help="Address to listen on [127.0.0.1].")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on [8080].")
@home_option
@click.option("--workers", type=click.IntRange(1, 64), help="Web worker processes [1].")
@click.option("--open", "open_", is_flag=True, default=None, help="Broker without keys; loopback.")
def serve(
    host: str | None, port: int | None, home: Path | None, workers: int | None, open_: bool | None
) -> None:
    """Run the platform until Ctrl-C: database, web workers, feeds."""
    from tamamo.kernel.supervise import run_server

    chosen = {"host": host, "port": port, "home": home, "workers": workers, "open": open_}
    run_server(kernel_settings.load(chosen))


@click.command(hidden=True)
def web() -> None:
    """Run the web workers (started by `tamamo serve`)."""
    from tamamo.kernel.lifeline import follow_supervisor
    from tamamo.server.web import run

    follow_supervisor()
    run(kernel_settings.load())


@click.command()
@home_option
def work(home: Path | None) -> None:
    """Run the feeds and the housekeeping (started by `tamamo serve`, or beside it)."""
    from tamamo.kernel.installation import opened
    from tamamo.kernel.lifeline import follow_supervisor
    from tamamo.server.work import run

    follow_supervisor()
    with opened(kernel_settings.load({"home": home})) as settings:
        run(settings)


@click.command()
@home_option
def migrate(home: Path | None) -> None:
    """Bring the database to this version."""
    from tamamo.kernel.installation import attached
    from tamamo.kernel.migrate import migrate as apply

    with attached(kernel_settings.load({"home": home})) as settings:
        assert settings.database_url is not None
        apply(settings.database_url, lambda name: click.echo(f"Migration {name}", err=True))


@click.command()
@click.option("--host", help="Address that `serve` would use [127.0.0.1].")
@click.option("--port", type=click.IntRange(1, 65535), help="Port that `serve` would use [8080].")
@home_option
def doctor(host: str | None, port: int | None, home: Path | None) -> None:
    """Say what is there and what is missing; exit code 1 when something needed is missing."""
    from tamamo.server.doctor import examine

    settings: Settings = kernel_settings.load({"host": host, "port": port, "home": home})
    results = examine(settings)
    for result in results:
        click.echo(f"{result.mark:<8} {result.subject:<16} {result.text}")
    missing = [result.subject for result in results if result.mark == "missing"]
    click.echo(f"Missing: {', '.join(missing)}." if missing else "Nothing needed is missing.")
    sys.exit(1 if missing else 0)
