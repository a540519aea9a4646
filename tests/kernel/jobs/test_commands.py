"""`tamamo jobs` on an installation."""

import os
import subprocess
import sys
from pathlib import Path

import orjson
import psycopg
import pytest


@pytest.fixture
def tamamo(tmp_path: Path, database_url: str):
    """Run a verb as a user would."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tamamo", "jobs", *arguments, "--home", str(tmp_path)],
            env={**os.environ, "DATABASE_URL": database_url},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_jobs_are_listed_cancelled_and_tried_again(tamamo, database_url: str) -> None:
    assert tamamo("list").stdout == "No jobs.\n"
    with psycopg.connect(database_url, autocommit=True) as connection:
        defer = "select job_defer('default', 'user:1', 'feed.replay', '{}', false, null)"
        number = connection.execute(defer).fetchone()[0]
        assert tamamo("retry", str(number)).returncode == 1
        assert tamamo("cancel", str(number)).returncode == 0
        listed = orjson.loads(tamamo("list", "--json").stdout)
        assert (listed["id"], listed["state"], listed["actor"]) == (number, "cancelled", "user:1")
        number = connection.execute(defer).fetchone()[0]
        connection.execute(
            "update procrastinate_jobs set status = 'failed' where id = %s", [number]
        )
        connection.execute("update job set error = 'no room' where id = %s", [number])
        assert "no room" in tamamo("list", "--failed").stdout
        assert tamamo("retry", str(number)).stdout == "1 put back into the queue.\n"
        said = connection.execute("select actor, action from audit_event order by seq").fetchall()
        assert said == [("system:jobs", "job.cancel"), ("system:jobs", "job.retry")]
    missing = tamamo("retry", "999")
    assert missing.returncode == 1 and "There is no job 999" in missing.stderr
