"""The web process: Granian's master, which forks the workers that run tamamo.asgi:app."""

import resource
import socket
from typing import Final

from granian import Granian
from granian._granian import ListenerSpec
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from tamamo.kernel.lifeline import ignore_announcement
from tamamo.kernel.loopback import require_loopback_when_open
from tamamo.kernel.process import finish_first
from tamamo.kernel.settings import Settings

#: Seconds after which a worker that still holds connections (server-sent events) is killed.
_KILL_SECONDS = 5
#: Milliseconds in which the head of a request must have come, and between two requests.
_HEAD_MILLISECONDS = 30_000
#: Seconds for which a client may leave an answer unread: the kernel then ends the connection.
_UNREAD_SECONDS = 60
#: Connections of a worker at the same time. More wait until one ends, so that idle ones, event
#: streams above all, must never be so many.
_MOST_CONNECTIONS: Final = 16_384
#: Files a worker has open besides: database, logs, counters, what it asks of others.
_OTHER_FILES = 512


def run(settings: Settings) -> None:
    """Serve until SIGTERM; a worker that dies is replaced. Raises SetupError."""
    require_loopback_when_open(settings)
    ignore_announcement()
    finish_first()
    _Server(
        "tamamo.asgi:app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        websockets=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=_KILL_SECONDS,
        backlog=4096,
        backpressure=connections(),
        http1_settings=HTTP1Settings(header_read_timeout=_HEAD_MILLISECONDS),
    ).serve()


def connections() -> int:
    """Raise this process's limit of open files as far as it may, return what it leaves to clients.

    A worker without a file left would refuse everybody.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_CONNECTIONS + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    return max(128, min(_MOST_CONNECTIONS, soft - _OTHER_FILES))


class _Server(Granian):  # type: ignore[misc, valid-type]
    """Granian with one listening socket for all workers.

    The master keeps it, so that connections wait in it while a killed worker is replaced; each
    worker's own (SO_REUSEPORT) would take them along. And they end when a client is gone or reads
    nothing.
    """

    def _init_shared_socket(self) -> None:
        self._ssp = None
        self._shd = ListenerSpec(self.bind_addr, self.bind_port, self.backlog).build()
        self._sfd = self._shd.get_fd()
        self._sso = socket.socket(fileno=self._sfd)
        self._sso.set_inheritable(True)
        self._sso.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        # Accepted connections inherit both (tcp(7)).
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            milliseconds = _UNREAD_SECONDS * 1000
            self._sso.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
