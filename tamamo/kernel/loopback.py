"""`--open` is for one machine: nothing is checked, so nobody else may reach it."""

import ipaddress
import socket
from contextlib import suppress

from tamamo.kernel.errors import SetupError
from tamamo.kernel.settings import Settings


def require_loopback_when_open(settings: Settings) -> None:
    """Refuse to let everybody in the network write without a key. Raises SetupError."""
    if not settings.open or _is_loopback(settings.host):
        return
    raise SetupError(
        f"--open lets anyone who reaches {settings.host!r} write without a key, so it works"
        " only on this machine: leave out --host, or leave out --open (TAMAMO_OPEN)."
    )


def _is_loopback(host: str) -> bool:
    """Whether a server that listens on this host is reached from this machine alone.

    Of all names only localhost counts, and only where it means what it says (RFC 6761, 6.3).
    """
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    if host != "localhost":
        return False
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(ipaddress.ip_address(where[4][0]).is_loopback for where in found)
