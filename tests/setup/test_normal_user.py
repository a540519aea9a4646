"""The embedded PostgreSQL for a user without rights (run by root, which can become one)."""

import os
import shutil
import site
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

NOBODY = 65534
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
SCRIPT = """
import os, sys
from pathlib import Path
import psycopg
from tamamo.kernel import embedded
home = Path(sys.argv[1])
with embedded.database(home, say=lambda _: None) as dsn:
    with psycopg.connect(dsn) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    data = embedded.locate(home).data
    print(data.relative_to(home), data.stat().st_uid, embedded.locate(home).dsn.split("'")[1])
assert not embedded.locate(home).running()
"""

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A directory of the user's own."""
    path = Path(tempfile.mkdtemp(dir="/tmp"))
    os.chown(path, NOBODY, NOBODY)
    yield path
    shutil.rmtree(path)


def run_as_nobody(home: Path) -> list[str]:
    """Run SCRIPT with a Python that this user can reach, and return what it printed."""
    packages = site.getsitepackages()[0]
    for python in (sys.executable, f"/usr/bin/python{VERSION}"):
        try:
            answer = subprocess.run(
                [python, "-c", SCRIPT, str(home)],
                env={"PYTHONPATH": f"{ROOT}:{packages}", "PATH": os.defpath},
                cwd="/tmp",
                user=NOBODY,
                group=NOBODY,
                extra_groups=[],
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError:
            continue
        if "ModuleNotFoundError" in answer.stderr or "PermissionError" in answer.stderr:
            pytest.skip("the checkout stands where other users cannot read it")
        assert answer.returncode == 0, answer.stderr
        return answer.stdout.split()
    pytest.skip(f"no Python {VERSION} that another user can run")


def test_everything_stands_in_the_home(folder: Path) -> None:
    data, owner, sockets = run_as_nobody(folder / "home")
    assert (data, owner) == ("postgres/data", str(NOBODY))
    assert sockets == str(folder / "home" / "postgres" / "run")


def test_a_long_path_gets_a_short_private_socket(folder: Path) -> None:
    home = folder / ("deep" * 25) / "home"
    _, _, sockets = run_as_nobody(home)
    assert len(sockets) < 80
    assert Path(sockets).stat().st_mode & 0o777 == 0o700
    shutil.rmtree(sockets)
