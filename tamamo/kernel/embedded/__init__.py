"""The embedded PostgreSQL: a real server with nothing to install, for one home.

`with database(home) as dsn:` starts it, or joins it when another process of this home runs it
already. Everyone inside holds a shared lock; whoever leaves last stops the server. The lock is the
operating system's, so a killed process gives up its share, and a server left behind by one is
adopted by the next. Only a unix socket in a private directory is listened on.

As root the server runs as the system user `tamamo` under /var/lib/tamamo; as a normal user it runs
as that user in the home. See docs/adr/ on the embedded server.
"""

import contextlib
import fcntl
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tamamo.kernel import home as homes
from tamamo.kernel.embedded import binaries
from tamamo.kernel.embedded.cluster import Cluster, private_directory, wait_until
from tamamo.kernel.errors import SetupError

__all__ = [
    "Cluster",
    "belongs_to_a_home",
    "control",
    "database",
    "destroy",
    "locate",
    "use",
    "wait_until",
]


def _to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")


@contextlib.contextmanager
def database(
    home: Path,
    say: Callable[[str], None] = _to_stderr,
    options: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Yield the connection string of the home's database; stop the server when nobody is left.

    say: gets a line when something takes time. options: PostgreSQL settings beside OPTIONS, for
    tests; they only count for the one who starts the server. Raises SetupError.
    """
    with use(home, say, options) as cluster:
        yield cluster.dsn


@contextlib.contextmanager
def use(
    home: Path,
    say: Callable[[str], None] = _to_stderr,
    options: Mapping[str, str] | None = None,
) -> Iterator[Cluster]:
    """Like `database`, but yield the Cluster, for the supervisor that has to revive it."""
    cluster = locate(home, say, options)
    users = _open_lock(cluster.base / "users.lock")
    try:
        with control(cluster):
            cluster.start()
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield cluster
        finally:
            with control(cluster):
                try:
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    fcntl.flock(users, fcntl.LOCK_UN)
                else:
                    cluster.stop()
    finally:
        os.close(users)


@contextlib.contextmanager
def control(cluster: Cluster) -> Iterator[None]:
    """Hold the lock under which the server is started and stopped."""
    descriptor = _open_lock(cluster.base / "control.lock")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def locate(
    home: Path,
    say: Callable[[str], None] = _to_stderr,
    options: Mapping[str, str] | None = None,
) -> Cluster:
    """Return the cluster of a home, its directories made. Raises SetupError."""
    home = homes.prepare(home)
    user = binaries.system_user() if binaries.is_root() else None
    here, pointer = home / "postgres", home / "cluster"
    try:
        if user is None:
            if pointer.exists() and not here.exists():
                raise SetupError(
                    f"{home} was set up by root: run this as root, or use another --home."
                )
            private_directory(here, None)
            base = here
        else:
            if here.exists():
                owner = here.stat().st_uid
                raise SetupError(
                    f"{home} was set up by a normal user (number {owner}):"
                    " run this as that user, or use another --home."
                )
            base = _root_base(home, pointer)
    except OSError as error:
        raise homes.explain(error, home) from error
    return Cluster(home, base, user, say, options or {})


def destroy(home: Path) -> None:
    """Remove the database of a home, wherever it stands. For tests and for starting over."""
    cluster = locate(home)
    with control(cluster):
        cluster.stop()
        shutil.rmtree(cluster.socket_directory(), ignore_errors=True)
        shutil.rmtree(cluster.base, ignore_errors=True)
    (home / "cluster").unlink(missing_ok=True)


def belongs_to_a_home(base: Path) -> bool:
    """Say whether a cluster under STATE_ROOT is still pointed to by the home that made it."""
    try:
        pointer = Path((base / "home").read_text("utf-8").strip()) / "cluster"
        return pointer.read_text("ascii").strip() == base.name
    except OSError:
        return False


def _root_base(home: Path, pointer: Path) -> Path:
    """Return the cluster that a root-run home points to.

    The home keeps a random name, so that a home deleted and made again starts empty.
    """
    for folder in (binaries.STATE_ROOT, binaries.STATE_ROOT / "clusters"):
        folder.mkdir(mode=0o755, exist_ok=True)
    if not pointer.exists():
        pointer.write_text(secrets.token_hex(6) + "\n", "ascii")
    base = binaries.STATE_ROOT / "clusters" / pointer.read_text("ascii").strip()
    base.mkdir(mode=0o711, exist_ok=True)
    owner = base / "home"
    if owner.exists():
        before = Path(owner.read_text("utf-8").strip())
        other = before / "cluster"
        if before != home and other.exists() and not other.samefile(pointer):
            raise SetupError(
                f"{home} is a copy of {before} and would share its database:"
                f" remove {pointer} to give it an empty one of its own."
            )
    owner.write_text(f"{home}\n", "utf-8")
    return base


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
