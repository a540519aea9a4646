"""TOTP codes of clocks that are a little off (RFC 6238, 5.2), each good for once.

allauth takes codes of the neighbouring periods when told to, but remembers a used one for a single
period only: within the others it would count again.
"""

from allauth.mfa import app_settings
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache


def remember_longer() -> None:
    """Have a used code remembered for as long as it would count."""
    TOTP._mark_code_used = _mark_code_used


def _mark_code_used(self: TOTP, code: str) -> bool:
    periods = 2 * app_settings.TOTP_TOLERANCE + 2
    key = self._get_used_cache_key(code)
    return bool(cache.add(key, "y", timeout=periods * app_settings.TOTP_PERIOD))
