"""What a verb gets: a running, migrated database, on an empty home or beside a server."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tamamo.kernel import embedded
from tamamo.kernel.errors import SetupError
from tamamo.kernel.installation import opened
from tamamo.kernel.settings import Settings
from tests.conftest import ROOT

WAITING = """
import sys, time
from pathlib import Path
from tamamo.kernel.installation import opened
from tamamo.kernel.settings import Settings
with opened(Settings(home=Path(sys.argv[1]))):
    print("open", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "home"
    yield path
    embedded.destroy(path)


def test_an_empty_home_is_migrated(home: Path) -> None:
    with opened(Settings(home=home)) as settings:
        assert settings.home == home
        assert settings.database_url is not None
        with psycopg.connect(settings.database_url) as connection:
            assert connection.execute("select name from tenant").fetchall() == [("default",)]
    assert not embedded.locate(home).running()


def test_a_database_of_ones_own_is_used_and_not_stopped(tmp_path: Path, database_url: str) -> None:
    with opened(Settings(home=tmp_path, database_url=database_url)) as settings:
        assert settings.database_url == database_url
    assert not (tmp_path / "postgres").exists()
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_an_unreachable_database_is_one_sentence(tmp_path: Path) -> None:
    dsn = "host=/nonexistent dbname=none connect_timeout=1"
    with (
        pytest.raises(SetupError, match="The database cannot be reached"),
        opened(Settings(home=tmp_path, database_url=dsn)),
    ):
        pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_verb_stops_the_server_it_started(home: Path, number: int) -> None:
    command = [sys.executable, "-c", WAITING, str(home)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as verb:
        assert verb.stdout is not None
        assert verb.stdout.readline() == b"open\n"
        assert embedded.locate(home).running()
        verb.send_signal(number)
        verb.wait(30)
    assert not embedded.locate(home).running()
