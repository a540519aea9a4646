"""The web process: Granian's master, which forks the workers that run tamamo.asgi:app."""

from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from tamamo.kernel.lifeline import ignore_announcement
from tamamo.kernel.settings import Settings

#: Seconds after which a worker that still holds connections (server-sent events) is killed.
_KILL_SECONDS = 5


def run(settings: Settings) -> None:
    """Serve until SIGTERM; a worker that dies is replaced."""
    ignore_announcement()
    Granian(
        "tamamo.asgi:app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        websockets=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=_KILL_SECONDS,
        http1_settings=HTTP1Settings(header_read_timeout=30_000),
    ).serve()
