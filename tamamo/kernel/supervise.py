"""The supervising process of `tamamo serve`: starts the others, watches them, stops them in order.

It is a small single-threaded loop and imports little, because it lives as long as the server does.
Every other process is `tamamo <verb>` in a session of its own, so that Ctrl-C in the terminal
reaches only the supervisor. Each holds the reading end of a pipe whose writing end the supervisor
keeps; when the supervisor is killed, the pipe closes and the children end by themselves.
"""

import contextlib
import errno
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

import tamamo
from tamamo.kernel import embedded
from tamamo.kernel import home as homes
from tamamo.kernel.errors import SetupError
from tamamo.kernel.loopback import require_loopback_when_open
from tamamo.kernel.settings import ENV_PREFIX, Settings

#: Tells a child that its standard input is the pipe from the supervisor.
LIFELINE = "TAMAMO_LIFELINE"
#: Tells a web worker to end its event streams, because it will be asked to stop next.
ANNOUNCEMENT = signal.SIGUSR1
#: The working directory may hold something named tamamo; only this installation counts.
_TAMAMO = (sys.executable, "-P", "-m", "tamamo")
_STOP_SECONDS = 15
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0
#: A child that lived this long counts as healthy again.
_HEALTHY_SECONDS = 10
#: So often may the web process end without ever having answered.
_WEB_TRIES = 3
_TICK_SECONDS = 1.0


def _to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


@dataclass(slots=True)
class Child:
    """One supervised process: `tamamo <arguments>`. Children stop in the order they are listed."""

    name: str
    arguments: Sequence[str]
    #: Whether its whole process group hears the announcement of a stop.
    announce: bool = False
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    started: float = 0.0
    #: Moment (monotonic) before which it is not started again.
    not_before: float = 0.0

    def start(self, environment: Mapping[str, str]) -> None:
        """Start the process in a session of its own."""
        self.process = subprocess.Popen(
            [*_TAMAMO, *self.arguments],
            env={**environment, LIFELINE: "1"},
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self.started = time.monotonic()

    def ended(self) -> int | None:
        """Return the exit code when the process has just ended, and plan its next start."""
        if self.process is None or self.process.poll() is None:
            return None
        code = self.process.returncode
        self._forget()
        now = time.monotonic()
        self.failures = 1 if now - self.started > _HEALTHY_SECONDS else self.failures + 1
        self.not_before = now + min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (self.failures - 1))
        return code

    def due(self) -> bool:
        """Say whether the process should be started now."""
        return self.process is None and time.monotonic() >= self.not_before

    def stop(self, hurry: Callable[[], bool]) -> None:
        """Ask the process to end, wait for it, and kill it when it does not."""
        if self.process is None:
            return
        if self.announce:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, ANNOUNCEMENT)
        self.process.terminate()
        end = time.monotonic() + _STOP_SECONDS
        while self.process.poll() is None:
            if hurry() or time.monotonic() > end:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
            time.sleep(0.02)
        self._forget()

    def _forget(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
        self.process = None


@dataclass(slots=True)
class _Signals:
    """Counts the requests to stop and wakes the loop at them and at the end of a child."""

    stops: int = 0
    _wake: tuple[int, int] = field(default_factory=os.pipe)

    def install(self) -> None:
        for end in self._wake:
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._wake[1], warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _stop(self, *_: object) -> None:
        self.stops += 1

    def wait(self, seconds: float) -> None:
        """Return after `seconds`, or at the next signal."""
        if self.stops == 0 and select.select([self._wake[0]], [], [], seconds)[0]:
            os.read(self._wake[0], 4096)


def run_server(
    settings: Settings,
    extra_children: Sequence[Child] = (),
    say: Callable[[str], None] = _to_stderr,
) -> None:
    """Serve until a signal asks to stop: database, migrations, web workers, `tamamo work`.

    extra_children: further processes, stopped before the others (the demo's simulator).
    Raises SetupError with one sentence when the server cannot start.
    """
    signals = _Signals()
    signals.install()
    require_loopback_when_open(settings)
    require_free_port(settings.host, settings.port)
    home = homes.prepare(settings.home)
    homes.require_space(home, homes.SPACE_FOR_START)
    homes.api_key(home)
    with _metrics_directory() as counters, _database(settings, say) as (dsn, cluster):
        environment = child_environment(
            msgspec.structs.replace(settings, home=home, database_url=dsn)
        )
        environment["PROMETHEUS_MULTIPROC_DIR"] = counters
        migration = subprocess.run(
            [*_TAMAMO, "migrate"],
            env=environment,
            check=False,
            start_new_session=True,
        )
        if migration.returncode != 0:
            raise SetupError("The database could not be brought to this version: see above.")
        children = [*extra_children, Child("work", ["work"]), Child("web", ["web"], announce=True)]
        supervisor = _Supervisor(settings, children, environment, cluster, signals, say)
        try:
            supervisor.watch()
        finally:
            say("Stopping.")
            for child in children:
                child.stop(lambda: signals.stops > 1)
    say("Stopped; everything accepted is kept.")


@dataclass(slots=True)
class _Supervisor:
    settings: Settings
    #: The last one is the web process.
    children: Sequence[Child]
    environment: Mapping[str, str]
    cluster: embedded.Cluster | None
    signals: _Signals
    say: Callable[[str], None]
    ready: bool = False

    def watch(self) -> None:
        """Keep everything running until a signal asks to stop."""
        while not self.signals.stops:
            for child in self.children:
                self._tend(child)
            if not self.ready and answers(self.settings.host, self.settings.port):
                self.ready = True
                self.say(f"Tamamo is ready: {address(self.settings)} (Ctrl-C stops it)")
                continue
            if self.cluster is not None and not self.cluster.running():
                self.say("PostgreSQL has ended; starting it again.")
                with embedded.control(self.cluster):
                    self.cluster.start()
            self.signals.wait(_TICK_SECONDS if self.ready else 0.05)

    def _tend(self, child: Child) -> None:
        code = child.ended()
        web = child is self.children[-1]
        if code is not None:
            self.say(f"The process '{child.name}' ended with exit code {code}; starting it again.")
            if web and not self.ready and child.failures >= _WEB_TRIES:
                raise SetupError("The web server does not start: the reason stands above.")
        # What needs the web server waits for it, and leaves it the machine until then.
        if child.due() and (self.ready or web):
            child.start(self.environment)


@contextlib.contextmanager
def _database(
    settings: Settings, say: Callable[[str], None]
) -> Iterator[tuple[str, embedded.Cluster | None]]:
    if settings.database_url is not None:
        yield settings.database_url, None
        return
    with embedded.use(settings.home, say) as cluster:
        yield cluster.dsn, cluster


@contextlib.contextmanager
def _metrics_directory() -> Iterator[str]:
    """Yield an empty directory in which all processes of this server count together.

    It lies in memory where there is such a place: the counters are memory-mapped files, and a
    full disk would end every process that writes to one.
    """
    memory = Path("/dev/shm")  # noqa: S108 - the directory in it is private
    parent = memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())
    for left in parent.glob(f"tamamo-{os.geteuid()}-*"):
        # A killed supervisor could not remove its own.
        if not Path(f"/proc/{left.name.split('-')[2]}").exists():
            shutil.rmtree(left, ignore_errors=True)
    path = tempfile.mkdtemp(prefix=f"tamamo-{os.geteuid()}-{os.getpid()}-", dir=parent)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def child_environment(settings: Settings) -> dict[str, str]:
    """Return the environment in which `settings.load()` gives these settings again."""
    environment = dict(os.environ)
    # The children run the code that runs here, from wherever it was started.
    here = str(Path(tamamo.__file__).parent.parent)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
    default = Settings()
    for name in Settings.__struct_fields__:
        variable = "DATABASE_URL" if name == "database_url" else ENV_PREFIX + name.upper()
        value = getattr(settings, name)
        if value == getattr(default, name):
            environment.pop(variable, None)
        else:
            environment[variable] = ",".join(value) if isinstance(value, tuple) else str(value)
    return environment


def require_free_port(host: str, port: int) -> None:
    """Raise SetupError when the address cannot be listened on."""
    try:
        family, *_, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except socket.gaierror as error:
        raise SetupError(f"{host} is not an address of this machine: {error.strerror}.") from error
    except PermissionError as error:
        raise SetupError(
            f"Port {port} needs more rights than this user has: choose one above 1023 with --port."
        ) from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SetupError(
                f"Port {port} is busy: another program listens on {host}:{port}, perhaps Tamamo"
                f" itself. Stop it, or choose another port: --port {port + 1}."
            ) from error
        raise SetupError(f"{host}:{port} cannot be listened on: {error.strerror}.") from error


def address(settings: Settings) -> str:
    """Return the URL to open in a browser on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://[{host}]:{settings.port}/" if ":" in host else f"http://{host}:{settings.port}/"


def answers(host: str, port: int) -> bool:
    """Say whether /readyz answers 200. An HTTP library would cost megabytes for this one line."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            connection.sendall(b"GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return connection.recv(64).split(b" ", 2)[1:2] == [b"200"]
    except OSError:
        return False
