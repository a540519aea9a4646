"""An installation of the bench's own: a home that is removed at the end, and its processes."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from tamamo.kernel import embedded

ROOT = Path(__file__).resolve().parent.parent


@dataclass(slots=True)
class Server:
    """A running `tamamo serve`. database: the home in which its database stands."""

    home: Path
    port: int
    process: subprocess.Popen[bytes]
    database: Path

    @property
    def base(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def dsn(self) -> str:
        """Its database (libpq keywords)."""
        return embedded.locate(self.database).dsn

    def resident(self) -> dict[str, float]:
        """Return the memory of each of its processes in MB (proportional set size, PSS).

        PSS counts a page that n processes share as 1/n in each, so the sum is what all of them
        take from the machine. PostgreSQL's processes are found by its own pid file.
        """
        found: dict[str, float] = {}
        for name, pids in self._processes().items():
            found[f"{name} ({len(pids)} processes)"] = sum(map(_pss, pids))
        return found

    def processor_seconds(self) -> float:
        """Return the processor time that its living processes have used, the database's included.

        Unlike the clock it hardly depends on what else the machine does.
        """
        return self.own_seconds() + self.database_seconds()

    def own_seconds(self) -> float:
        """Return the processor time that its living processes but the database's have used."""
        return sum(map(_processor, _with_descendants(self.process.pid)))

    def database_seconds(self) -> float:
        """Return the processor time that the living processes of its database have used."""
        return sum(map(_processor, self._processes()["postgres"]))

    def _processes(self) -> dict[str, list[int]]:
        cluster = embedded.locate(self.database)
        postmaster = int((cluster.data / "postmaster.pid").read_text().split()[0])
        roots = {"tamamo": self.process.pid, "postgres": postmaster}
        return {name: _with_descendants(root) for name, root in roots.items()}


@contextlib.contextmanager
def home() -> Iterator[Path]:
    """Yield an empty home; afterwards nothing of it is left, the database included."""
    folder = Path(tempfile.mkdtemp(prefix="tamamo-bench-"))
    try:
        yield folder
    finally:
        with contextlib.suppress(Exception):
            embedded.destroy(folder)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def server(beside: Server | None = None, verb: str = "serve") -> Iterator[Server]:
    """Run a server on a free port and an empty home: open, without any check of rights.

    beside: one whose database it shares; then it is not open. verb: "demo" for the living city.
    """
    with home() as folder:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        command = [verb, "--port", str(port), "--home", str(folder)]
        variables = environment()
        if beside is None:
            command.append("--open")
        else:
            variables["DATABASE_URL"] = beside.dsn
        process = subprocess.Popen(
            [sys.executable, "-m", "tamamo", *command],
            cwd=ROOT,
            env=variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        running = Server(folder, port, process, beside.database if beside else folder)
        try:
            _wait(running)
            yield running
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)


def verb(folder: Path, *arguments: str) -> str:
    """Run a verb of the command line on a home and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "tamamo", *arguments, "--home", str(folder)],
        cwd=ROOT,
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def environment() -> dict[str, str]:
    """Return the environment without anything that would change what is measured."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TAMAMO_")}
    kept.pop("DATABASE_URL", None)
    # The receiver of notifications stands on this machine.
    rates = {"TAMAMO_ACTOR_RATE": "0", "TAMAMO_ADDRESS_RATE": "0"}  # what is measured is more
    return {
        **kept, **rates, "TAMAMO_LOG_LEVEL": "error", "TAMAMO_OUTGOING_ALLOW": "127.0.0.1"
    }  # fmt: skip


def _wait(running: Server) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if running.process.poll() is not None:
            raise SystemExit("The server to measure does not start; try `tamamo serve`.")
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{running.base}/readyz", timeout=5).status_code == 200:
                return
        time.sleep(0.05)
    raise SystemExit("The server to measure was not ready within 60 s.")


def _with_descendants(root: int) -> list[int]:
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                # The name of a process may hold blanks and brackets: the fields follow the last.
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                parents[int(folder.name)] = int(fields[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _processor(pid: int) -> float:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _pss(pid: int) -> float:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0
