"""Who made which backup when, the daily schedule, the job of the console, and the verbs."""

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from pathlib import Path

import msgspec
import psycopg
import pytest
from click.testing import CliRunner, Result

from tamamo.cli import tamamo
from tamamo.kernel import jobs
from tamamo.kernel.backup import service
from tamamo.kernel.backup import state as states
from tamamo.kernel.database import Pool, transaction
from tamamo.kernel.errors import SetupError
from tamamo.kernel.settings import Settings
from tamamo.server.jobs import JOBS


async def test_without_any_backup_there_is_no_age(pool: Pool, settings: Settings) -> None:
    found = await states.state(pool, settings)
    assert (found.newest, found.age, found.attempts, found.daily_at) == (None, None, [], None)


async def test_a_backup_is_noted_with_its_size_and_audited(
    installation: Settings, pool: Pool
) -> None:
    made = await asyncio.to_thread(states.perform, installation, trigger="command", actor="user:1")
    found = await states.state(pool, installation)
    assert found.newest is not None and found.newest.there
    assert found.attempts == [found.newest]
    assert (found.newest.file, found.newest.size) == (str(made.file), made.file.stat().st_size)
    assert (found.newest.rows, found.newest.error) == (made.manifest.rows, None)
    assert found.age is not None and timedelta() < found.age < timedelta(minutes=1)
    async with transaction(pool) as connection:
        cursor = await connection.execute(
            "select actor, after->>'sha256' from audit_event where action = 'backup.make'"
        )
        assert await cursor.fetchall() == [("user:1", made.sha256)]


async def test_one_that_failed_is_noted_with_its_reason(
    installation: Settings, pool: Pool, tmp_path: Path
) -> None:
    (tmp_path / "a.tar").write_text("precious")
    with pytest.raises(SetupError):
        states.perform(installation, trigger="command", actor="user:1", file=tmp_path / "a.tar")
    found = await states.state(pool, installation)
    assert found.newest is None
    [attempt] = found.attempts
    assert attempt.error is not None and "never overwritten" in attempt.error


async def test_two_at_once_are_one(installation: Settings, pool: Pool, tmp_path: Path) -> None:
    async with transaction(pool) as connection:
        await connection.execute("select pg_advisory_xact_lock(%s)", [states._LOCK])
        with pytest.raises(SetupError, match="Another backup"):
            await asyncio.to_thread(states.perform, installation, trigger="command", actor="user:1")
    assert (await states.state(pool, installation)).attempts == []


async def test_one_that_was_broken_off_is_not_under_way_for_ever(
    installation: Settings, pool: Pool
) -> None:
    async with transaction(pool) as connection:
        await connection.execute(
            "insert into backup (file, trigger, actor) values ('x', 'schedule', 'system:backup')"
        )
    states.perform(installation, trigger="command", actor="user:1")
    found = await states.state(pool, installation)
    assert [one.error for one in found.attempts] == [None, "broken off"]


async def test_only_the_newest_of_those_made_by_themselves_are_kept(
    installation: Settings, pool: Pool, tmp_path: Path
) -> None:
    keeping = msgspec.structs.replace(installation, backup_keep=2)
    named = tmp_path / "mine.tar"
    states.perform(keeping, trigger="command", actor="user:1", file=named)
    files = []
    for number in range(4):
        made = states.perform(keeping, trigger="schedule", actor="system:backup")
        files.append(made.file.rename(made.file.with_name(f"{number}.tar")))
        async with transaction(pool) as connection:
            await connection.execute(
                "update backup set file = %s where file = %s", [str(files[-1]), str(made.file)]
            )
    assert named.exists()
    # The one that was renamed after it was made is looked for again when the next one is.
    states.perform(keeping, trigger="schedule", actor="system:backup")
    assert [file.exists() for file in files] == [False, False, False, True]
    gone = [one for one in (await states.state(pool, keeping)).attempts if one.removed_at]
    assert len(gone) == 3 and not any(one.there for one in gone)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-04-01T18:29:59+00:00", "2026-03-31T18:30:00+00:00"),
        ("2026-04-01T18:30:00+00:00", "2026-04-01T18:30:00+00:00"),
        ("2026-04-01T15:00:00+00:00", "2026-03-31T18:30:00+00:00"),
    ],
)
def test_the_daily_time_is_that_of_japan(moment: str, expected: str) -> None:
    found = service.due(clock(3, 30), datetime.fromisoformat(moment))
    assert found.astimezone(UTC) == datetime.fromisoformat(expected)


@dataclasses.dataclass
class Host:
    pool: Pool
    settings: Settings


async def test_the_schedule_makes_one_a_day(installation: Settings, pool: Pool) -> None:
    daily = msgspec.structs.replace(installation, backup_at="03:30")
    for _ in range(2):
        running = asyncio.create_task(service.run(Host(pool, daily)))
        async with asyncio.timeout(30):
            while (await states.state(pool, daily)).newest is None:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await asyncio.sleep(0.3)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    found = await states.state(pool, daily)
    assert [one.trigger for one in found.attempts] == ["schedule"]
    assert found.daily_at == "03:30"


async def test_a_time_that_is_none_is_named(installation: Settings, pool: Pool) -> None:
    wrong = msgspec.structs.replace(installation, backup_at="half past three")
    with pytest.raises(SetupError, match="TAMAMO_BACKUP_AT"):
        await service.run(Host(pool, wrong))


async def test_the_console_makes_one_by_a_job(installation: Settings, pool: Pool) -> None:
    async with transaction(pool) as connection:
        number = await jobs.defer(
            connection, "backup.make", tenant="default", actor="user:7", args={}, once=True
        )
    host = Host(pool, installation)
    job = jobs.Run(pool, host, "default", "user:7", number, "backup.make", {})
    result = await service.handle(job)
    found = await states.state(pool, installation)
    assert found.newest is not None
    assert (found.newest.trigger, found.newest.actor) == ("console", "user:7")
    assert (result["sha256"], result["file"]) == (found.newest.sha256, found.newest.file)
    assert JOBS["backup.make"].where == "tamamo.kernel.backup.service:handle"


@pytest.fixture
def run(installation: Settings, monkeypatch: pytest.MonkeyPatch) -> "Run":
    assert installation.database_url is not None
    monkeypatch.setenv("DATABASE_URL", installation.database_url)
    return Run(installation)


class Run:
    """Runs a verb with the installation's home."""

    def __init__(self, installation: Settings) -> None:
        self.home = installation.home
        self.dsn = installation.database_url

    def __call__(self, verb: str, *arguments: str) -> Result:
        return CliRunner().invoke(tamamo, [verb, "--home", str(self.home), *arguments])


def test_the_verbs_make_prove_and_restore(
    run: Run, tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "b.tar"
    made = run("backup", str(file))
    assert made.exit_code == 0, made.output
    assert "ayagawa: 3 entities of 1 types" in made.output
    assert "Without secrets" in made.output
    proved = run("backup", "--check", str(file))
    assert proved.exit_code == 0, proved.output
    assert "is good: restored" in proved.output
    assert run.dsn is not None
    with psycopg.connect(run.dsn) as connection:
        row = connection.execute(
            "select checked_at is not null, check_error from backup"
        ).fetchone()
    assert row == (True, None)
    monkeypatch.delenv("DATABASE_URL")
    run.home = elsewhere
    done = run("restore", str(file))
    assert done.exit_code == 0, done.output
    assert "Restored: every table has the rows and the content of the backup." in done.output
    assert "default: 7 entities of 1 types, 73 instances in the history" in done.output


def test_secrets_are_spoken_of(run: Run) -> None:
    made = run("backup", "--with-secrets")
    assert "HOLDS SECRETS" in made.output
    [file] = (run.home / "backups").glob("tamamo-*.tar")
    assert file.stat().st_mode & 0o077 == 0


def test_a_proof_that_fails_exits_with_1(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "b.tar"
    run("backup", str(file))
    content = bytearray(file.read_bytes())
    content[3000] ^= 1
    file.write_bytes(content)
    proved = run("backup", "--check", str(file))
    assert proved.exit_code == 1
    assert "is NOT good" in proved.output


def test_what_cannot_be_meant_is_refused(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_text("x")
    assert run("backup", "--check", str(file), str(tmp_path / "y")).exit_code == 2
    assert run("restore").exit_code == 2
    assert "is not a" in str(run("restore", str(file)).exception)
