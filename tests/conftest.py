"""Fixtures of all tests: a real PostgreSQL, a real server, the recorded data, a browser.

Each test process has an embedded PostgreSQL of its own: in a shared one, a transaction of another
process holds back the horizon by which changes are read, and with it what a test waits for. Every
test that asks for a database gets a fresh one, copied from a migrated template.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tamamo.kernel import embedded
from tamamo.kernel.database import Pool, open_pool
from tamamo.kernel.embedded import binaries
from tamamo.kernel.migrate import migrate
from tamamo.kernel.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

TEMPLATE = "tamamo_template"
#: The tablespace of the tests' databases, and the bytes that must be free for it.
MEMORY, LEAST_MEMORY = "memory", 2 * 1024**3
#: The second, without windows, takes a tenth of the time for a new page.
CHROMIUM, HEADLESS_SHELL = "/usr/bin/chromium", "/usr/bin/chromium-headless-shell"
CHROMIUM_FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    # Only maps are drawn by what imitates a graphics card: pages are faster without.
    "--disable-gpu-rasterization",
    "--disable-gpu-compositing",
]
#: Files and folders that take longest, as scripts/check.py names them at its end.
LONGEST = (
    "access/test_faces.py",
    "kernel/backup/test_restore.py",
    "journeys/test_wall.py",
    "journeys/test_staff_access.py",
    "faults/test_several_processes.py",
    "journeys/test_drill.py",
    "faults/test_kill.py",
    "journeys/",
    "kernel/test_supervise.py",
    "feeds/test_import.py",
    "faults/",
    "safety/",
    "kernel/backup/",
    "simulator/",
    "registers/features/",
    "access/",
    "accounts/",
    "web/",
    "plan/",
)
#: Nothing here has to survive a crash of the machine.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
ROOT = Path(__file__).resolve().parent.parent


def _run_home(factory: pytest.TempPathFactory) -> Path:
    return factory.getbasetemp() / "cluster-home"


def pytest_sessionstart(session: pytest.Session) -> None:
    # A test must not reach the developer's own installation.
    for name in [*os.environ]:
        if name.startswith(("TAMAMO_", "PG")) or name == "DATABASE_URL":
            del os.environ[name]
    # A run in the background is started with Ctrl-C ignored, and what it starts would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove the process's PostgreSQL data: as root it stands outside pytest's own directory."""
    factory = getattr(session.config, "_tmp_path_factory", None)
    if factory is None:
        return
    home = _run_home(factory)
    if home.exists():
        embedded.destroy(home)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        _sweep()


def _sweep() -> None:
    """Remove what earlier runs left that were killed, once pytest has removed their homes."""
    for folder in Path("/dev/shm").glob("tamamo-tests-*"):
        if not Path("/proc", folder.name.split("-")[2]).exists():
            shutil.rmtree(folder, ignore_errors=True)
    if os.geteuid() != 0:
        return  # what stands there is root's; a user's data were in the homes themselves
    for base in binaries.STATE_ROOT.glob("clusters/*"):
        home = base / "home"
        if not home.exists() or "/pytest-of-" not in home.read_text("utf-8"):
            continue
        if not embedded.belongs_to_a_home(base):
            embedded.Cluster(home, base, binaries.system_user(), say=lambda _: None).stop()
            shutil.rmtree(base, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: one of them last would leave the other core idle."""

    def place(item: pytest.Item) -> int:
        file = item.nodeid.removeprefix("tests/")
        found = (at for at, start in enumerate(LONGEST) if file.startswith(start))
        return next(found, len(LONGEST))

    items.sort(key=place)


@contextmanager
def _tablespace() -> Iterator[str]:
    """Yield "tablespace …" in memory for the tests' databases, or nothing where there is no room.

    ext4 takes no inode again that was freed in the last minute, and looks at each of them to find
    one: among thousands of dropped databases making the next one takes half a second, in memory
    0.04 s.
    """
    memory = Path("/dev/shm")
    if not memory.is_dir() or shutil.disk_usage(memory).free < LEAST_MEMORY:
        yield ""
        return
    folder = Path(tempfile.mkdtemp(prefix=f"tamamo-tests-{os.getpid()}-", dir=memory))
    if os.geteuid() == 0:
        shutil.chown(folder, binaries.system_user().pw_name)
    try:
        yield str(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """This process's PostgreSQL, with the migrated template database in it."""
    home = _run_home(tmp_path_factory)
    with _tablespace() as folder, embedded.database(home, say=lambda _: None, options=FAST) as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(f"create database {TEMPLATE}")
            if folder:
                connection.execute(f"create tablespace {MEMORY} location '{folder}'")
                connection.execute(f"alter database {TEMPLATE} set tablespace {MEMORY}")
        migrate(make_conninfo(dsn, dbname=TEMPLATE))
        yield dsn


@contextmanager
def _fresh_database(dsn: str) -> Iterator[str]:
    name = f"t_{secrets.token_hex(6)}"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"create database {name} template {TEMPLATE}")
    yield make_conninfo(dsn, dbname=name)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def database_url(cluster_dsn: str) -> Iterator[str]:
    """A fresh, migrated database for one test."""
    with _fresh_database(cluster_dsn) as dsn:
        yield dsn


@pytest.fixture(scope="module")
def shared_database_url(cluster_dsn: str) -> Iterator[str]:
    """One database for the tests of a module that keep to a tenant or change nothing."""
    with _fresh_database(cluster_dsn) as dsn:
        yield dsn


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """A pool on this test's database."""
    async with open_pool(database_url, size=4) as opened:
        yield opened


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Settings of an open installation on this test's database."""
    return Settings(home=tmp_path / "home", database_url=database_url, open=True, port=free_port())


def free_port() -> int:
    """Return a loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_server(home: Path, *options: str, dsn: str | None = None) -> Iterator[str]:
    """Run `tamamo serve` as a user would, wait until it is ready, yield its base URL, stop it.

    dsn: its database; None: its own embedded PostgreSQL in `home`.
    """
    port = free_port()
    command = [sys.executable, "-m", "tamamo", "serve", "--port", str(port), "--home", str(home)]
    environment = {**os.environ, "TAMAMO_LOG_LEVEL": "warning"}
    if dsn is not None:
        environment["DATABASE_URL"] = dsn
    with subprocess.Popen([*command, *options], env=environment, cwd=ROOT) as process:
        try:
            _wait_ready(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def _wait_ready(base: str, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            pytest.fail(f"`tamamo serve` ended with exit code {process.returncode}")
        try:
            if httpx.get(f"{base}/readyz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    pytest.fail(f"`tamamo serve` was not ready within {seconds} s")


@pytest.fixture(scope="module")
def server(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a real `tamamo serve --open` with a database of this module's own."""
    with (
        _fresh_database(cluster_dsn) as dsn,
        running_server(tmp_path_factory.mktemp("serve"), "--open", dsn=dsn) as base,
    ):
        yield base


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The recorded real data, which lies next to the checkout and is never copied into it."""
    path = ROOT.parent / "shared" / "data"
    if not path.is_dir():
        reason = f"the recorded data is not there ({path})"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="module")
def playwright() -> "Iterator[Playwright]":
    """Playwright's sync API.

    Keep browser tests and async tests in different modules: the sync API occupies the thread's
    event loop while it is open.
    """
    from playwright.sync_api import expect, sync_playwright

    # Four browsers share two cores: what is waited for costs nothing when it comes.
    expect.set_options(timeout=15_000)
    with sync_playwright() as opened:
        yield opened


@pytest.fixture(scope="module")
def browser(playwright: "Playwright") -> "Iterator[Browser]":
    """Debian's Chromium without windows where it is there, else the whole one."""
    with _chromium(playwright, HEADLESS_SHELL, CHROMIUM) as opened:
        yield opened


@pytest.fixture
def whole_browser(playwright: "Playwright") -> "Iterator[Browser]":
    """The whole Chromium: for what the one without windows cannot do (requests kept alive)."""
    with _chromium(playwright, CHROMIUM) as opened:
        yield opened


@contextmanager
def _chromium(playwright: "Playwright", *paths: str) -> "Iterator[Browser]":
    found = next((path for path in paths if Path(path).exists()), None)
    if found is None:
        reason = f"{paths[0]} is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    opened = playwright.chromium.launch(executable_path=found, args=CHROMIUM_FLAGS)
    yield opened
    opened.close()
