"""The key Django signs forms with."""

import secrets
from pathlib import Path

from tamamo.kernel.errors import SetupError
from tamamo.kernel.home import secret


def signing_key(home: Path) -> str:
    """Return the installation's signing key, the same in all its processes.

    Where there is no home that can be written (a command that only reads, a test) the key lives as
    long as this process.
    """
    try:
        return secret(home, "django-key")
    except SetupError:
        return secrets.token_urlsafe(32)
