"""`tamamo demo`: a living city at once, simulated or replayed; and the processes it needs."""

import contextlib
import os
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tamamo.kernel import settings as kernel_settings
from tamamo.kernel.errors import SetupError
from tamamo.kernel.time import JST

if TYPE_CHECKING:
    from tamamo.context.broker import Broker

    Service = Callable[[Broker], Awaitable[None]]

#: Where the recording lies in a directory of recorded data, and when its demonstration begins:
#: the morning of the rain of 26 June, with everything before it already in the history.
RECORDING = Path("river", "kagawa_crisis_waterlevel_2026-06.csv")
SHOW_FROM = datetime(2026, 6, 26, 4, 0, tzinfo=JST)
#: Seconds of the recording that pass in one second of its demonstration.
SHOW_SPEED = 60.0
_PAUSE_SECONDS = 2.0
DEMO_HOME, RECORDING_HOME = Path(".tamamo"), Path(".tamamo-recording")


@click.command()
@click.option("--data", type=click.Path(path_type=Path), help="Replay recorded data from here.")
@click.option("--host", help="Address to listen on [127.0.0.1].")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on [8080].")
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    help="Directory of everything kept [.tamamo, with --data .tamamo-recording].",
)
@click.option("--workers", type=click.IntRange(1, 64), help="Web worker processes [1].")
@click.option("--open", "open_", is_flag=True, default=None, help="Broker without keys; loopback.")
def demo(
    *,
    data: Path | None,
    host: str | None,
    port: int | None,
    home: Path | None,
    workers: int | None,
    open_: bool | None,
) -> None:
    """Serve a living city until Ctrl-C: simulated rivers, or with --data a real recording."""
    from tamamo.kernel.supervise import Child, address, run_server
    from tamamo.simulator import people

    chosen = {"host": host, "port": port, "workers": workers, "open": open_}
    settings = kernel_settings.load({**chosen, "home": home})
    if home is None and settings.home == DEMO_HOME and data is not None:
        # Simulated and recorded gauges do not belong on one map.
        settings = kernel_settings.load({**chosen, "home": RECORDING_HOME})
    if data is None:
        child, welcome = Child("simulator", ["simulate"]), _WELCOME
        known = people.are_known(settings.home)
    else:
        recording = find_recording(data)
        child = Child("recording", ["play", str(recording)])
        welcome = _WELCOME_RECORDING.replace("{file}", str(recording))

    def say(line: str) -> None:
        click.echo(line, err=True)
        if line.startswith("Tamamo is ready"):
            click.echo(welcome.replace("{address}", address(settings)), err=True)
            if data is None:
                click.echo(_logins(settings.home, known=known), err=True)

    run_server(settings, [child], say)


def _logins(home: Path, *, known: bool) -> str:
    """Return who can sign in: with passwords the first time, later only where they are kept."""
    from tamamo.simulator import people

    file = home / "secrets" / "demo-logins.txt"
    if not known or not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as kept:
            kept.write(people.table(home) + "\n")
    told = _LOGINS if not known else _LOGINS_KNOWN
    return told.replace("{file}", str(file)).replace("{table}", people.table(home))


def find_recording(data: Path) -> Path:
    """Return the river recording in a directory of recorded data, or the file itself.

    Raises SetupError when there is none.
    """
    found = data if data.is_file() else data / RECORDING
    if not found.is_file():
        raise SetupError(f"There is no recording {found}: give --data the directory that has it.")
    return found.resolve()


@click.command(hidden=True)
@click.option("--home", type=click.Path(path_type=Path))
def simulate(home: Path | None) -> None:
    """Simulate the towns (started by `tamamo demo`)."""
    from tamamo.simulator import service

    _live("simulator", service.demo, home)


@click.command(hidden=True)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--home", type=click.Path(path_type=Path))
def play(file: Path, home: Path | None) -> None:
    """Play a recording of river levels on its own clock (started by `tamamo demo`)."""
    from tamamo.simulator import recording

    _live("recording", recording.player(file, SHOW_FROM, SHOW_SPEED), home)


def _live(name: str, service: "Service", home: Path | None) -> None:
    """Run one service on the installation until SIGTERM or Ctrl-C, again after an error."""
    import asyncio
    import signal

    import uvloop

    from tamamo.context.broker import open_broker
    from tamamo.kernel import log
    from tamamo.kernel.installation import opened
    from tamamo.kernel.lifeline import follow_supervisor

    follow_supervisor()

    async def main() -> None:
        async with open_broker(settings) as broker:
            task = asyncio.create_task(_again(name, service, broker))
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, task.cancel)
            with contextlib.suppress(asyncio.CancelledError):
                await task

    with opened(kernel_settings.load({"home": home})) as settings:
        log.configure(settings)
        uvloop.run(main())


async def _again(name: str, service: "Service", broker: "Broker") -> None:
    """Run a service; while the database is away try again, every other error ends the process
    and the supervisor starts it anew.
    """
    import asyncio

    import structlog

    from tamamo.kernel.errors import Unavailable
    from tamamo.kernel.tasks import wanted

    while wanted():
        try:
            await service(broker)
        except Unavailable as error:
            structlog.get_logger().warning("waiting_for_database", service=name, error=str(error))
            await asyncio.sleep(_PAUSE_SECONDS)


_WELCOME = """\
模擬データの街を動かします（観測ではありません） / A simulated city; nothing is observed.
  {address} and {address}en/ : levels, map, list, charts. Start a storm from the page: it
  passes 60 times faster than a real one. Stations report every 30 s (real ones every 10 min).
  {address}t/ayagawa/ and {address}t/kanonji/ : two more towns, which share their gauges.
  curl '{address}ngsi-ld/v1/entities?type=FloodMonitoring&options=simplified'
"""
_LOGINS = """\
模擬の利用者（パスワードの表示は今回だけ。控え：{file}）
  Invented people who can sign in; shown this once, kept in that file:
{table}
"""
_LOGINS_KNOWN = """\
模擬の利用者のパスワード / passwords of the invented people: {file}
"""
_WELCOME_RECORDING = """\
記録を再生します：{file}
出典：国土交通省「川の水位情報」 / A recording of June 2026, played 60 times faster.
  {address} and {address}en/ : the city as of the recording's clock, from 26 June on.
  {address}?at=2026-06-26T08:00%2B09:00 shows any other moment.
"""
