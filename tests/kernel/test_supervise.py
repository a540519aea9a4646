"""`tamamo serve` as a person meets it: starts, refuses, survives, stops in order."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from tamamo.kernel import embedded, supervise
from tamamo.kernel.errors import SetupError
from tamamo.kernel.settings import Settings, load
from tests.conftest import ROOT, free_port


class Serving:
    """A `tamamo serve` of its own home; `told` is what it has said."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.log = home.parent / f"serve-{self.port}.log"
        command = [sys.executable, "-m", "tamamo", "serve", "--home", str(home), "--open"]
        with self.log.open("wb") as file:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), *options], cwd=ROOT, stderr=file, stdout=file
            )

    @property
    def told(self) -> str:
        return self.log.read_text("utf-8")

    def wait_ready(self, seconds: float = 60) -> None:
        ended = embedded.wait_until(
            lambda: self.answers() or self.process.poll() is not None, seconds
        )
        assert ended and self.process.poll() is None, self.told

    def answers(self, path: str = "/readyz") -> bool:
        try:
            return httpx.get(self.base + path, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def descendants(self) -> list[int]:
        found, waiting = [], [self.process.pid]
        while waiting:
            pid = waiting.pop()
            try:
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            except FileNotFoundError:
                continue
            waiting += map(int, children)
            found += map(int, children)
        return found

    def processor_seconds(self) -> float:
        """Processor time of the supervisor and all it started, the ended ones included."""
        ticks = 0
        for pid in [self.process.pid, *self.descendants()]:
            # utime, stime, cutime, cstime: fields 14 to 17 of proc_pid_stat(5).
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self, number: int = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/cwd").exists()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("supervise") / "home"
    yield path
    embedded.destroy(path)


@pytest.fixture
def serving(home: Path) -> Iterator[Serving]:
    server = Serving(home)
    server.wait_ready()
    yield server
    server.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_everything_in_order(home: Path, number: int) -> None:
    server = Serving(home)
    server.wait_ready()
    assert embedded.wait_until(lambda: len(server.descendants()) >= 3, 10)
    pids = server.descendants()
    assert server.stop(number) == 0
    assert not any(map(alive, pids))
    assert not embedded.locate(home).running()
    assert server.told.rstrip().endswith("Stopped; everything accepted is kept.")


def test_a_second_start_costs_less_than_five_seconds(home: Path) -> None:
    """Counted in processor time, which other work on this machine does not lengthen."""
    first = Serving(home)
    first.wait_ready()
    first.stop()
    server = Serving(home)
    try:
        server.wait_ready()
        assert server.processor_seconds() < 5
    finally:
        server.stop()


def test_a_busy_port_is_one_sentence(home: Path, serving: Serving) -> None:
    command = [sys.executable, "-m", "tamamo", "serve", "--port", str(serving.port)]
    answer = subprocess.run(
        [*command, "--home", str(home)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 1
    assert len(answer.stderr.splitlines()) == 1
    assert f"Port {serving.port} is busy" in answer.stderr
    assert serving.answers()


def test_an_open_event_stream_does_not_hold_up_the_stop(home: Path) -> None:
    server = Serving(home)
    server.wait_ready()
    with httpx.stream("GET", f"{server.base}/sse", timeout=30) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry:")
        assert server.stop() == 0
        assert "event: end" in list(lines)
    assert "refused to gracefully stop" not in server.told


def test_killed_children_come_back(serving: Serving) -> None:
    assert embedded.wait_until(lambda: len(serving.descendants()) >= 3, 10)
    before = set(serving.descendants())
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert embedded.wait_until(
        lambda: serving.answers() and not before & set(serving.descendants()), 20
    ), serving.told


def test_a_killed_database_comes_back_with_what_was_accepted(serving: Serving) -> None:
    cluster = embedded.locate(serving.home)
    with psycopg.connect(cluster.dsn, autocommit=True) as connection:
        connection.execute("insert into tenant (name) values ('accepted')")
    postmaster = int((cluster.data / "postmaster.pid").read_text().splitlines()[0])
    os.kill(postmaster, signal.SIGKILL)
    assert embedded.wait_until(lambda: not alive(postmaster), 5)
    assert embedded.wait_until(lambda: serving.answers() and cluster.running(), 30), serving.told
    with psycopg.connect(cluster.dsn) as connection:
        row = connection.execute("select count(*) from tenant where name = 'accepted'").fetchone()
    assert row == (1,)


def test_the_children_of_a_killed_supervisor_end_and_the_next_start_works(home: Path) -> None:
    server = Serving(home)
    server.wait_ready()
    assert embedded.wait_until(lambda: len(server.descendants()) >= 3, 10)
    pids = server.descendants()
    server.stop(signal.SIGKILL)
    assert embedded.wait_until(lambda: not any(map(alive, pids)), 20)
    again = Serving(home)
    again.wait_ready()
    assert again.stop() == 0
    assert not embedded.locate(home).running()


def test_an_address_of_another_machine_is_one_sentence() -> None:
    with pytest.raises(SetupError, match="cannot be listened on"):
        supervise.require_free_port("192.0.2.1", free_port())


def test_a_port_without_listener_is_free() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(SetupError, match="is busy"):
            supervise.require_free_port("127.0.0.1", port)
    supervise.require_free_port("127.0.0.1", port)


def test_the_children_get_the_settings_of_their_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = Settings(
        home=Path("/somewhere/水位"),
        port=1234,
        open=True,
        workers=3,
        database_url="host=/x dbname=y",
        outgoing_allow=("10.0.0.0/8", "example.org"),
    )
    for name, value in supervise.child_environment(chosen).items():
        monkeypatch.setenv(name, value)
    assert load() == chosen
