"""How passwords and the secrets of programs are stored."""

import hmac
from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher, BasePasswordHasher
from django.utils.crypto import get_random_string

from tamamo.accounts.randomsecret import ALGORITHM, digest_of, stored


class Argon2(Argon2PasswordHasher):
    """Argon2id with 19 MiB: OWASP's least memory (Password Storage Cheat Sheet), one pass more.

    Django's own 100 MiB for each sign-in would be a third of what an installation may take.
    """

    time_cost = 3
    memory_cost = 19 * 1024
    parallelism = 1


class RandomSecret(BasePasswordHasher):
    """Salted SHA-256, for secrets that nobody chose: 256 random bits need no slow hash.

    Programs ask for tokens all day, and each time the secret is compared.
    """

    algorithm = ALGORITHM

    def encode(self, password: str, salt: str) -> str:
        """Return what is stored."""
        return stored(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Say whether a secret is the stored one."""
        _, salt, digest = encoded.split("$", 2)
        return hmac.compare_digest(digest, digest_of(password, salt))

    def salt(self) -> str:
        """Return a new salt."""
        return get_random_string(22)

    def decode(self, encoded: str) -> dict[str, str]:
        """Return the parts, for Django's comparison of settings."""
        algorithm, salt, digest = encoded.split("$", 2)
        return {"algorithm": algorithm, "salt": salt, "hash": digest}

    def safe_summary(self, encoded: str) -> dict[Any, Any]:
        """Return what may be shown: nothing."""
        return {}

    def must_update(self, encoded: str) -> bool:
        """Nothing to renew."""
        return False

    def harden_runtime(self, password: str, encoded: str) -> None:
        """No slow hash, no difference in time to hide."""
