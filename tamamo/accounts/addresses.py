"""Addresses in mail and for programs: of this installation as it calls itself.

A link built from the Host header would let anybody have a reset link sent that leads to them.
"""

from tamamo.kernel.settings import installation_url

__all__ = ["absolute", "installation_url"]


def absolute(path: str) -> str:
    """Return the whole address of a path of this installation."""
    from django.conf import settings  # noqa: PLC0415 - the settings import this module

    return installation_url(settings.INSTALLATION) + path
