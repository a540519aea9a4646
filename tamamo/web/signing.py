"""The key Django signs with: made once, kept in HOME/secrets, readable by its owner only."""

import os
from pathlib import Path

from django.core.management.utils import get_random_secret_key


def secret_key(home: Path) -> str:
    """Return the installation's signing key, making it at the first start.

    Several workers may start at once: the file appears whole or not at all, and the first wins.
    Where the home cannot be written the key lives as long as this process.
    """
    path = home / "secrets" / "django-key"
    try:
        return path.read_text()
    except OSError:
        pass
    key = get_random_secret_key()
    draft = path.with_name(f"django-key.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(key)
        try:
            os.link(draft, path)
        finally:
            draft.unlink()
        return key
    except FileExistsError:
        return path.read_text()
    except OSError:
        return key
