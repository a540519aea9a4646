"""A `tamamo serve` of its own, whose processes a test can find and kill by what they are."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from tamamo.kernel import embedded
from tests.conftest import ROOT, free_port

API = "/ngsi-ld/v1"


class Installation:
    """All processes of one `tamamo serve --open`; they may reach receivers on this machine."""

    def __init__(self, home: Path, dsn: str | None = None, **environment: str) -> None:
        """dsn: an external PostgreSQL; None: the embedded one of `home`."""
        self.home = home
        self.dsn = dsn
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.log = home.parent / f"{home.name}.log"
        self._environment = environment
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def api(self) -> str:
        return self.base + API

    @property
    def told(self) -> str:
        return self.log.read_text("utf-8")

    def start(self) -> None:
        """Start it, and return when it is ready."""
        environment = {
            **os.environ,
            "TAMAMO_OUTGOING_ALLOW": "127.0.0.1",
            "TAMAMO_LOG_LEVEL": "warning",
            **self._environment,
        }
        if self.dsn is not None:
            environment["DATABASE_URL"] = self.dsn
        command = [sys.executable, "-m", "tamamo", "serve", "--open", "--home", str(self.home)]
        with self.log.open("ab") as file:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port)],
                cwd=ROOT,
                env=environment,
                stdout=file,
                stderr=file,
            )
        self.wait_ready()

    def wait_ready(self, seconds: float = 60) -> None:
        process = self.process
        assert process is not None
        wait(lambda: self.answers() or process.poll() is not None, seconds, self.tell)
        assert process.poll() is None, self.told

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.base}/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def tell(self) -> str:
        return f"not in time; the server says:\n{self.told[-2000:]}"

    def stop(self) -> None:
        """Ask it to end and see that it does."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.process = None

    def kill(self) -> None:
        """Kill the supervisor; return when every process it had has ended."""
        assert self.process is not None
        left = [self.process.pid, *_below(self.process.pid)]
        self.process.kill()
        self.process.wait()
        wait(lambda: not any(map(alive, left)), 30, self.tell)
        self.process = None

    def kill_all(self) -> None:
        """Kill every process at once, those of its own PostgreSQL too, as when the power goes."""
        assert self.process is not None
        postmaster = self.postmaster()
        left = [self.process.pid, *_below(self.process.pid), *postmaster, *_below(postmaster[0])]
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        wait(lambda: not any(map(alive, left)), 30, self.tell)
        self.process = None

    def workers(self) -> list[int]:
        """The processes that answer requests."""
        return [pid for master in self._verb("web") for pid in children(master)]

    def web_master(self) -> list[int]:
        return self._verb("web")

    def work(self) -> list[int]:
        return self._verb("work")

    def postmaster(self) -> list[int]:
        file = embedded.locate(self.home).data / "postmaster.pid"
        return [int(file.read_text().splitlines()[0])]

    def backends(self) -> list[int]:
        """The database processes that serve a connection."""
        return [
            pid
            for pid in children(self.postmaster()[0])
            if command_of(pid).startswith("postgres: tamamo tamamo")
        ]

    def database_helpers(self) -> list[int]:
        """The database processes that serve no connection: checkpointer, WAL writer, I/O, …"""
        backends = set(self.backends())
        return [pid for pid in children(self.postmaster()[0]) if pid not in backends]

    def memory(self) -> int:
        """Bytes of memory the workers hold now."""
        return sum(_status(pid, "VmRSS") for pid in self.workers())

    def forget_peak(self) -> None:
        """Measure `peak_memory` from now on (proc_pid_clear_refs(5))."""
        for pid in self.workers():
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def peak_memory(self) -> int:
        """Bytes of memory the workers held at most."""
        return sum(_status(pid, "VmHWM") for pid in self.workers())

    def processor_seconds(self) -> float:
        """Processor time the workers have taken: other work on the machine does not change it."""
        ticks = 0
        for pid in self.workers():
            with contextlib.suppress(OSError):
                # utime and stime: fields 14 and 15 of proc_pid_stat(5).
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += sum(map(int, fields[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def _verb(self, verb: str) -> list[int]:
        assert self.process is not None
        return [
            pid
            for pid in children(self.process.pid)
            if command_of(pid).split("\0")[-2:-1] == [verb]
        ]


def wait(
    condition: Callable[[], bool], seconds: float, tell: Callable[[], str] = lambda: "not in time"
) -> None:
    """Return when the condition holds; fail with what `tell` says when it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, tell()
        time.sleep(0.05)


def children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += map(int, (thread / "children").read_text().split())
    return found


def command_of(pid: int) -> str:
    """Return the command line; its parts end in zeros."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def alive(pid: int) -> bool:
    """Say whether the process runs; one that ended but was not waited for does not."""
    return command_of(pid) != ""


def _below(pid: int) -> list[int]:
    found = children(pid)
    return found + [deeper for child in found for deeper in _below(child)]


def _status(pid: int, name: str) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    return 0
