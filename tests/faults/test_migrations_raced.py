"""Two processes that start at the same moment on an empty database: one migrates, both go on."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tamamo.kernel.migrate import known
from tests.conftest import ROOT
from tests.faults.conftest import Counts

STARTERS = 4


@pytest.fixture
def empty_database(cluster_dsn: str) -> Iterator[str]:
    name = f"raced_{secrets.token_hex(6)}"
    with psycopg.connect(cluster_dsn, autocommit=True) as connection:
        connection.execute(f"create database {name}")
        yield make_conninfo(cluster_dsn, dbname=name)
        connection.execute(f"drop database {name} with (force)")


def test_migrations_are_raced(empty_database: str, tmp_path: Path, counts: Counts) -> None:
    command = [sys.executable, "-m", "tamamo", "migrate", "--home", str(tmp_path / "home")]
    environment = {**os.environ, "DATABASE_URL": empty_database}
    started = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(STARTERS)
    ]
    told = [process.communicate(timeout=120)[1] for process in started]
    assert [process.returncode for process in started] == [0] * STARTERS, told
    applied = [line for text in told for line in text.splitlines()]
    assert sorted(applied) == [f"Migration {name}" for name in known()]
    counts(f"{STARTERS} starts at once: {len(applied)} migrations, each applied by one of them")
