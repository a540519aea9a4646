"""The home: the one directory that holds everything an installation keeps.

Only the standard library is imported: the supervising process lives as long as the server does
and should cost little memory.
"""

import errno
import os
import secrets
import shutil
import tempfile
from pathlib import Path

from tamamo.kernel.errors import SetupError

MEBIBYTE = 1024 * 1024
#: A new database takes about 60 MB, and PostgreSQL wants room for its log of changes.
SPACE_FOR_NEW = 300 * MEBIBYTE
#: Below this an existing installation does not start: it would stop in the middle of a write.
SPACE_FOR_START = 100 * MEBIBYTE


def prepare(home: Path) -> Path:
    """Make the home if it is not there, see that it can be written, and return it absolute.

    Raises SetupError with one sentence when it cannot be used.
    """
    home = Path(os.path.abspath(home.expanduser()))  # noqa: PTH100 - keeps symbolic links as given
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home) as probe:
            probe.write(b"writable")
    except OSError as error:
        raise explain(error, home) from error
    return home


def explain(error: OSError, path: Path) -> SetupError:
    """Return the sentence for an operating system's refusal to write at `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return no_space(path, 0)
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return SetupError(
            f"{path} cannot be written ({error.strerror}): give this user the right to write"
            " there, or choose another directory with --home."
        )
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return SetupError(f"{path} is not a directory: choose another one with --home.")
    return SetupError(f"{path} cannot be used: {error.strerror or error}.")


def require_space(path: Path, needed: int) -> None:
    """Raise SetupError when fewer than `needed` bytes are free on the disk of `path`."""
    if shutil.disk_usage(path).free < needed:
        raise no_space(path, needed)


def no_space(path: Path, needed: int) -> SetupError:
    """Return the sentence for a disk that is full, or nearly."""
    wish = f" (at least {needed // MEBIBYTE} MB are needed)" if needed else ""
    return SetupError(
        f"The disk that holds {path} has no space left{wish}:"
        " free some, or choose another directory with --home."
    )


def api_key(home: Path) -> str:
    """Return the installation's API key, made at the first call and readable by its owner only."""
    return secret(home, "api-key")


def secret(home: Path, name: str) -> str:
    """Return one of the installation's secrets, made at the first call, readable by its owner only.

    Raises SetupError when the home cannot be written.
    """
    path = home / "secrets" / name
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if not path.exists():
            # Linked into place, so that a second process starting now never reads half a key.
            draft = path.with_name(f".{path.name}.{os.getpid()}")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(32) + "\n")
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text("ascii").strip()
    except OSError as error:
        raise explain(error, path) from error
