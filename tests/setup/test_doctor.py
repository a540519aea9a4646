"""`tamamo doctor` says what is there and what is missing."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tamamo.kernel import embedded
from tamamo.kernel.settings import Settings
from tamamo.server import doctor
from tamamo.server.commands import doctor as command
from tests.conftest import free_port


def marks(settings: Settings) -> dict[str, str]:
    return {result.subject: result.mark for result in doctor.examine(settings)}


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "build"
    folder.mkdir()
    (folder / "manifest.json").write_text("{}")
    monkeypatch.setattr(doctor, "_BUILD", folder)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "home"
    yield path
    if path.exists():
        embedded.destroy(path)


def test_it_makes_nothing_on_a_fresh_machine(home: Path, built: Path) -> None:
    port = str(free_port())
    answer = CliRunner().invoke(command, ["--home", str(home), "--port", port])
    assert answer.exit_code == 0, answer.output
    assert "is made at the first start" in answer.output
    assert "Nothing needed is missing." in answer.output
    assert not home.exists()


def test_a_missing_front_end_is_told_and_changes_the_exit_code(home: Path, built: Path) -> None:
    (built / "manifest.json").unlink()
    answer = CliRunner().invoke(command, ["--home", str(home), "--port", str(free_port())])
    assert answer.exit_code == 1
    assert "run `make build`" in answer.output
    assert answer.output.rstrip().endswith("Missing: front end.")


def test_it_looks_into_the_database(settings: Settings, built: Path) -> None:
    found = marks(settings)
    assert found["PostgreSQL"] == "ok"
    assert found["migrations"] == "ok"


def test_waiting_migrations_are_told_and_not_applied(home: Path, built: Path) -> None:
    with embedded.database(home, say=lambda _: None):
        pass
    for _ in range(2):
        found = marks(Settings(home=home, port=free_port()))
        assert (found["PostgreSQL"], found["migrations"]) == ("ok", "note")
    assert not embedded.locate(home).running()


def test_a_database_that_does_not_answer_is_missing(tmp_path: Path, built: Path) -> None:
    dsn = "host=/nonexistent dbname=none connect_timeout=1"
    assert marks(Settings(home=tmp_path, database_url=dsn))["PostgreSQL"] == "missing"


def test_a_busy_port_is_missing(home: Path, built: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert marks(Settings(home=home, port=port))["port"] == "missing"


def test_a_home_that_cannot_be_written_is_missing(built: Path) -> None:
    found = marks(Settings(home=Path("/proc/tamamo"), port=free_port()))
    assert found["home"] == "missing" or found["disk"] == "missing"
