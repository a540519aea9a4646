"""Addresses in mail and for programs: of this installation as it calls itself.

A link built from the Host header would let anybody have a reset link sent that leads to them.
"""

from tamamo.kernel.settings import Settings


def installation_url(settings: Settings) -> str:
    """Return where others reach this installation, without a slash at the end."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def absolute(path: str) -> str:
    """Return the whole address of a path of this installation."""
    from django.conf import settings  # noqa: PLC0415 - the settings import this module

    return installation_url(settings.INSTALLATION) + path
