"""The embedded PostgreSQL: shared by its users, stopped by the last, safe against kill -9."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tamamo.kernel import embedded
from tamamo.kernel import home as homes
from tamamo.kernel.embedded import binaries
from tamamo.kernel.errors import SetupError

QUIET = {"say": lambda _: None}


@pytest.fixture(scope="module")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home whose database exists, so that tests need not make one each."""
    home = tmp_path_factory.mktemp("embedded") / "home"
    with embedded.database(home, **QUIET):
        pass
    yield home
    embedded.destroy(home)


def postmaster(home: Path) -> int:
    lines = (embedded.locate(home).data / "postmaster.pid").read_text().splitlines()
    return int(lines[0])


def alive(pid: int) -> bool:
    # One that has ended but was not yet collected by init has no working directory any more.
    return Path(f"/proc/{pid}/cwd").exists()


def value(dsn: str, query: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]


def test_it_is_durable_utf8_and_listens_on_no_port(made_home: Path) -> None:
    with embedded.database(made_home, **QUIET) as dsn:
        for setting, expected in [
            ("fsync", "on"),
            ("synchronous_commit", "on"),
            ("full_page_writes", "on"),
            ("server_encoding", "UTF8"),
            ("listen_addresses", ""),
            ("TimeZone", "UTC"),
        ]:
            assert value(dsn, f"select current_setting('{setting}')") == expected
        locale = "select datlocale from pg_database where datname = current_database()"
        assert value(dsn, locale) == "C.UTF-8"


def test_the_last_user_out_stops_it(made_home: Path) -> None:
    with embedded.database(made_home, **QUIET) as first:
        server = postmaster(made_home)
        with embedded.database(made_home, **QUIET) as second:
            assert second == first
        assert value(first, "select 1") == 1
    assert not alive(server)


def test_another_process_joins_the_running_server(made_home: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tamamo.kernel import embedded\n"
        "with embedded.database(Path(sys.argv[1])) as dsn: print(dsn)"
    )
    with embedded.database(made_home, **QUIET) as dsn:
        server = postmaster(made_home)
        command = [sys.executable, "-c", code, str(made_home)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
        assert answer.stdout.strip() == dsn
        assert postmaster(made_home) == server
        assert value(dsn, "select 1") == 1


def test_a_committed_row_survives_kill_9_of_the_server(made_home: Path) -> None:
    with embedded.use(made_home, **QUIET) as cluster:
        with psycopg.connect(cluster.dsn, autocommit=True) as connection:
            connection.execute("drop table if exists kept")
            connection.execute("create table kept (x int)")
            connection.execute("insert into kept values (1)")
        os.kill(postmaster(made_home), signal.SIGKILL)
        assert embedded.wait_until(lambda: not cluster.running(), 10)
        with embedded.control(cluster):
            cluster.start()
        assert value(cluster.dsn, "select count(*) from kept") == 1


def test_a_server_left_by_a_killed_user_is_adopted(made_home: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from tamamo.kernel import embedded\n"
        "with embedded.database(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(made_home)], check=False)
    left = postmaster(made_home)
    with embedded.database(made_home, **QUIET) as dsn:
        assert postmaster(made_home) == left
        assert value(dsn, "select 1") == 1
    # It removes its pid file a moment before it is gone.
    assert embedded.wait_until(lambda: not alive(left), 5)


def test_a_stale_pid_that_now_belongs_to_someone_else_does_not_block(made_home: Path) -> None:
    cluster = embedded.locate(made_home)
    pid_file = cluster.data / "postmaster.pid"
    with subprocess.Popen(["sleep", "60"]) as other:
        try:
            pid_file.write_text(f"{other.pid}\n{cluster.data}\n1\n5432\n\n\n1 1\nready   \n")
            with embedded.database(made_home, **QUIET) as dsn:
                assert value(dsn, "select 1") == 1
            assert other.poll() is None
        finally:
            other.kill()


def test_half_made_data_of_an_interrupted_start_is_made_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    draft = embedded.locate(home).base / "data.new"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")
    try:
        with embedded.database(home, **QUIET) as dsn:
            assert value(dsn, "select 1") == 1
    finally:
        embedded.destroy(home)


def test_data_of_another_version_is_refused_in_one_sentence(made_home: Path) -> None:
    version = embedded.locate(made_home).data / "PG_VERSION"
    before = version.read_text()
    version.write_text("15\n")
    try:
        with (
            pytest.raises(SetupError, match=r"written by PostgreSQL 15 .* brings PostgreSQL 18"),
            embedded.database(made_home, **QUIET),
        ):
            pass
    finally:
        version.write_text(before)


def test_a_full_disk_is_one_sentence(made_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        free = 5 * homes.MEBIBYTE

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Full)
    with (
        pytest.raises(SetupError, match="has no space left"),
        embedded.database(made_home, **QUIET),
    ):
        pass


def test_a_home_path_of_any_length_and_spelling_works(tmp_path: Path) -> None:
    home = tmp_path / "水位 'and' \\ $HOME" / ("long" * 30)
    try:
        with embedded.database(home, **QUIET) as dsn:
            assert value(dsn, "select 1") == 1
    finally:
        embedded.destroy(home)


def test_only_its_owner_reaches_data_and_socket(made_home: Path) -> None:
    cluster = embedded.locate(made_home)
    with embedded.database(made_home, **QUIET):
        for folder in (cluster.data, cluster.base / "run", cluster.base / "log"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_no_permission_above_the_data_changes(tmp_path: Path) -> None:
    home = tmp_path / "closed" / "home"
    home.parent.mkdir(mode=0o700)
    watched = [home.parent, *home.parent.parents, Path(sys.prefix), Path("/root")]
    modes = {path: path.stat().st_mode for path in watched if path.exists()}
    try:
        with embedded.database(home, **QUIET) as dsn:
            assert value(dsn, "select 1") == 1
    finally:
        embedded.destroy(home)
    assert {path: path.stat().st_mode for path in modes} == modes


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@needs_root
def test_as_root_the_server_runs_as_the_system_user(made_home: Path) -> None:
    with embedded.database(made_home, **QUIET):
        owner = Path(f"/proc/{postmaster(made_home)}").stat().st_uid
        assert owner == binaries.system_user().pw_uid != 0


@needs_root
def test_as_root_a_home_deleted_and_made_again_starts_empty(tmp_path: Path) -> None:
    home = tmp_path / "home"
    bases = []
    for _ in range(2):
        bases.append(embedded.locate(home).base)
        shutil.rmtree(home)
    try:
        assert bases[0] != bases[1]
        assert not embedded.belongs_to_a_home(bases[0])
    finally:
        for base in bases:
            shutil.rmtree(base)


@needs_root
def test_as_root_a_copied_home_does_not_share_the_database(made_home: Path, tmp_path: Path) -> None:
    shutil.copytree(made_home, tmp_path / "copy")
    with pytest.raises(SetupError, match="is a copy of"):
        embedded.locate(tmp_path / "copy")


@needs_root
def test_binaries_that_the_system_user_cannot_reach_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory(dir="/var/lib") as root:
        Path(root).chmod(0o755)
        monkeypatch.setattr(binaries, "STATE_ROOT", Path(root))
        real = binaries._reachable
        monkeypatch.setattr(
            binaries,
            "_reachable",
            lambda path, user: str(path).startswith(root) and real(path, user),
        )
        said: list[str] = []
        home = tmp_path / "home"
        with embedded.database(home, say=said.append) as dsn:
            running = Path(f"/proc/{postmaster(home)}/exe").resolve()
            assert running.is_relative_to(root)
            assert value(dsn, "select 1") == 1
        assert sum("Copying PostgreSQL" in line for line in said) == 1
        with embedded.database(home, say=said.append):
            assert sum("Copying" in line for line in said) == 1
        embedded.destroy(home)
