"""Secrets that must be read again, encrypted with a key that stands outside the database."""

from pathlib import Path

from tamamo.kernel.home import secret


class SecretBox:
    """Seals texts with HOME/secrets/second-factor-key (Fernet: AES-128-CBC with HMAC-SHA-256)."""

    def __init__(self, home: Path) -> None:
        from cryptography.fernet import Fernet  # noqa: PLC0415 - heavy, and seldom needed

        # The secret is 32 random bytes in URL-safe base64 without its padding: a Fernet key.
        self._fernet = Fernet(secret(home, "second-factor-key") + "=")

    def seal(self, text: str) -> str:
        """Return a text nobody can read without the key."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """Return the text. Raises cryptography.fernet.InvalidToken."""
        return self._fernet.decrypt(sealed.encode("ascii")).decode()
