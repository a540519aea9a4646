"""One PostgreSQL cluster on disk and its server: made, started, recovered, stopped."""

import hashlib
import os
import pwd
import shlex
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tamamo.kernel import home as homes
from tamamo.kernel.embedded import binaries
from tamamo.kernel.errors import SetupError

DATABASE = "tamamo"
#: Only part of the socket's file name: nothing listens on a TCP port.
_PORT = 5432
_SOCKET = f".s.PGSQL.{_PORT}"
#: The kernel's limit for a unix socket's path is 108 bytes with the closing zero.
_LONGEST_SOCKET = 107
_START_SECONDS = 300
_STOP_SECONDS = 60
_LET_GO_SECONDS = 30
_LARGEST_LOG = 10 * homes.MEBIBYTE

#: Small where idle memory is at stake, durable where data is. Handed over at every start, so that
#: a new version's values reach an old cluster.
OPTIONS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "wal_buffers": "16MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # Reads by the backend itself: the three helper processes of the default cost memory at rest.
    "io_method": "sync",
    "max_logical_replication_workers": "0",
    "max_worker_processes": "4",
    "jit": "off",
    # Solid-state disks, and most pages in memory: an index costs little more than a scan.
    "random_page_cost": "1.1",
    # A page's first change after a checkpoint is logged whole: fewer checkpoints, smaller log. Its
    # files are kept to be used again: making new ones took a fifth of a long import's time.
    "max_wal_size": "2GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    # After a large import the planner must soon know what is there.
    "autovacuum_naptime": "10s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}


def shared_buffers() -> int:
    """Return the bytes PostgreSQL may keep pages in: a sixteenth of the machine, 64 to 512 MiB.

    A page takes memory once it is read. When what is being changed does not fit, each change
    waits for a page to be written out and another to be read.
    """
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(max(machine // 16, 64 * homes.MEBIBYTE), 512 * homes.MEBIBYTE)


@dataclass(slots=True)
class Cluster:
    """The embedded server of one home. Use `embedded.database` unless you supervise it."""

    home: Path
    #: Holds data/, run/ (the socket), log/ and the two locks.
    base: Path
    #: Who runs the server; None: this user.
    user: pwd.struct_passwd | None
    say: Callable[[str], None]
    options: Mapping[str, str] = field(default_factory=dict)
    _programs: Path | None = None

    @property
    def data(self) -> Path:
        """The data directory proper."""
        return self.base / "data"

    @property
    def log(self) -> Path:
        """PostgreSQL's own log."""
        return self.base / "log" / "postgresql.log"

    @property
    def programs(self) -> Path:
        """The directory of initdb, pg_ctl and postgres."""
        if self._programs is None:
            self._programs = binaries.find(self.user, self.say)
        return self._programs

    @property
    def dsn(self) -> str:
        """The connection string (libpq keywords) of the running server."""
        state = self._postmaster()
        folder = state[4] if len(state) > 4 else str(self.socket_directory())
        quoted = folder.replace("\\", "\\\\").replace("'", "\\'")
        return f"host='{quoted}' port={_PORT} user={DATABASE} dbname={DATABASE}"

    def start(self) -> None:
        """Start the server unless it runs: make the data at the first time, recover after a crash.

        Call it with the control lock held. Raises SetupError with one sentence.
        """
        # One that was left starting or stopping by a killed process becomes ready or is gone soon.
        wait_until(lambda: self.running() or not self._alive(), _START_SECONDS)
        if self.running():
            return
        new = not self.data.exists()
        homes.require_space(self.base, homes.SPACE_FOR_NEW if new else homes.SPACE_FOR_START)
        try:
            if new:
                self._create()
            self._check_version()
            if self._postmaster():
                self.say("The database was not stopped in order; it recovers what was accepted.")
                self._remove_stale_pid()
            self._launch()
        except OSError as error:
            raise homes.explain(error, self.base) from error

    def stop(self) -> None:
        """Stop the server in order: transactions under way are rolled back, nothing is lost."""
        for mode in ("fast", "immediate"):
            if not self._postmaster():
                return
            self._pg_ctl("stop", "-m", mode, "-w", "-t", str(_STOP_SECONDS))

    def running(self) -> bool:
        """Say whether the server of this cluster is alive and ready."""
        state = self._postmaster()
        return len(state) > 7 and state[7].strip() == "ready" and self._alive()

    def _alive(self) -> bool:
        state = self._postmaster()
        return bool(state) and self._is_ours(int(state[0]))

    def _postmaster(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text("utf-8").splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _is_ours(self, pid: int) -> bool:
        """Say whether `pid` is this cluster's server, not a later process with its number."""
        try:
            os.kill(pid, 0)
            working_directory = Path(f"/proc/{pid}/cwd")
            return not Path("/proc/self/cwd").exists() or working_directory.samefile(self.data)
        except (ProcessLookupError, FileNotFoundError, PermissionError):
            return False

    def _remove_stale_pid(self) -> None:
        # PostgreSQL clears these itself unless the number now belongs to another living process
        # of this user, which is common in containers, where numbers start anew.
        state = self._postmaster()
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        if len(state) > 4 and state[4]:
            Path(state[4], f"{_SOCKET}.lock").unlink(missing_ok=True)

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text("ascii").strip()
        ours = binaries.major(self.programs)
        if found != ours:
            raise SetupError(
                f"The data in {self.data} was written by PostgreSQL {found} and this Tamamo"
                f" brings PostgreSQL {ours}: move it with the old version's pg_dump, or use another"
                " --home."
            )

    def _create(self) -> None:
        """Make the data beside its place and move it there whole, so that no half remains."""
        draft = self.base / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        private_directory(draft, self.user)
        self.say("Creating the database (once).")
        initdb: list[str | Path] = [self.programs / "initdb", "-D", draft, "-U", DATABASE]
        initdb += ["--auth=trust", "--no-instructions", "--encoding=UTF8", "--locale=C"]
        initdb += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        single: list[str | Path] = [self.programs / "postgres", "--single", "-D", draft]
        single += ["-c", "io_method=sync", "postgres"]
        steps = [(initdb, ""), (single, f"create database {DATABASE};\n")]
        for command, text in steps:
            answer = binaries.run(command, self.user, self.base, text)
            if answer.returncode != 0:
                shutil.rmtree(draft, ignore_errors=True)
                raise self._failure("PostgreSQL could not create its data", answer.stderr)
        draft.rename(self.data)

    def _launch(self) -> None:
        folder = self.socket_directory()
        private_directory(folder, self.user)
        private_directory(self.log.parent, self.user)
        if self.log.exists() and self.log.stat().st_size > _LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        buffers = f"{shared_buffers() // homes.MEBIBYTE}MB"
        options = {
            **OPTIONS,
            "shared_buffers": buffers,
            "unix_socket_directories": str(folder),
            **self.options,
        }
        text = " ".join(f"-c {shlex.quote(f'{key}={value}')}" for key, value in options.items())
        told = ""

        def started() -> bool:
            nonlocal told
            before = self.log.stat().st_size if self.log.exists() else 0
            # With -l the server writes to its log alone; without, it would inherit our pipes and
            # the reading side wait for the server's end.
            wait = ("-w", "-s", "-t", str(_START_SECONDS))
            log = str(self.log.relative_to(self.base))
            answer = self._pg_ctl("start", *wait, "-l", log, "-o", text)
            told = "" if answer.returncode == 0 else self._log_after(before) + answer.stderr
            # The server of a killed postmaster needs a moment to notice and let go of its memory.
            return "still in use" not in told

        wait_until(started, _LET_GO_SECONDS)
        if told:
            raise self._failure("PostgreSQL did not start", told)

    def _log_after(self, position: int) -> str:
        if not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(position)
            return file.read().decode("utf-8", "replace")

    def _pg_ctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        # pg_ctl hands paths to a shell in double quotes: from within the base they are plain words
        # whatever the home is called.
        command: list[str | Path] = [self.programs / "pg_ctl", "-D", self.data.name, *arguments]
        return binaries.run(command, self.user, self.base)

    def socket_directory(self) -> Path:
        """Return where the socket goes: beside the data, or a short path when that is too long."""
        beside = self.base / "run"
        if len(os.fsencode(beside / _SOCKET)) <= _LONGEST_SOCKET:
            return beside
        name = hashlib.sha256(os.fsencode(self.base)).hexdigest()[:12]
        runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or "/tmp")  # noqa: S108 - made private
        if not runtime.is_dir() or not os.access(runtime, os.W_OK):
            runtime = Path("/tmp")  # noqa: S108
        return runtime / f"tamamo-{os.geteuid()}-{name}"

    def _failure(self, what: str, text: str) -> SetupError:
        if "No space left on device" in text or "Disk quota exceeded" in text:
            return homes.no_space(self.base, homes.SPACE_FOR_NEW)
        told = [line for line in text.splitlines() if "FATAL" in line or "PANIC" in line]
        told = told or [line for line in text.splitlines() if "error" in line.lower()]
        reason = told[0].strip() if told else "it gave no reason"
        return SetupError(f"{what}: {reason} (its log: {self.log}).")


def private_directory(path: Path, user: pwd.struct_passwd | None) -> None:
    """Make a directory for one user only; refuse one that somebody else put there."""
    try:
        path.mkdir(mode=0o700)
        if user is not None:
            os.chown(path, user.pw_uid, user.pw_gid)
    except FileExistsError:
        found = path.lstat()
        owner = os.geteuid() if user is None else user.pw_uid
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
            raise SetupError(
                f"{path} should be a directory that only its owner (number {owner}) can use, and"
                " is not: remove it, or use another --home."
            ) from None


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Return True as soon as the condition holds, False when the time is over."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
