"""Secrets of programs: made here, shown once, stored as a salted hash. No Django."""

import hashlib
import secrets
from typing import Final

ALGORITHM: Final = "random_secret"


def make() -> str:
    """Return a new secret of 256 random bits."""
    return secrets.token_urlsafe(32)


def stored(secret: str, salt: str | None = None) -> str:
    """Return how a secret is stored."""
    salt = salt or secrets.token_hex(11)
    return f"{ALGORITHM}${salt}${digest_of(secret, salt)}"


def digest_of(secret: str, salt: str) -> str:
    """Return the hash of a secret with its salt."""
    return hashlib.sha256(f"{salt}${secret}".encode()).hexdigest()
