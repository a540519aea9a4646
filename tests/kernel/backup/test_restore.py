"""A backup put into another home and cluster: the same counts, all or nothing."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tamamo.kernel import embedded
from tamamo.kernel.audit import Event, append_sync, chain, heads
from tamamo.kernel.backup import counting
from tamamo.kernel.backup import restore as restoring
from tamamo.kernel.backup.make import make
from tamamo.kernel.backup.restore import NUMBERED, drop_former, restore
from tamamo.kernel.errors import SetupError
from tamamo.kernel.settings import Settings
from tests.conftest import ROOT


@pytest.fixture
def backup(installation: Settings, tmp_path: Path) -> Path:
    return make(installation, tmp_path / "a.tar").file


@contextmanager
def opened(home: Path) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with embedded.database(home) as dsn, psycopg.connect(dsn) as connection:
        yield connection


def databases(home: Path) -> list[str]:
    with opened(home) as connection:
        rows = connection.execute("select datname from pg_database where not datistemplate")
        return sorted(str(name) for (name,) in rows)


def test_another_home_gets_the_same_counts_and_files(backup: Path, elsewhere: Path) -> None:
    told: list[float] = []
    done = restore(Settings(home=elsewhere), backup, progress=lambda share, _: told.append(share))
    said = done.proof.manifest
    assert done.former is None and done.proof.audit_faults == []
    assert told == sorted(told) and told[-1] == 1.0
    with opened(elsewhere) as connection:
        found = counting.tables(connection)
        # The restore itself is an event, the audit log goes on where it stopped.
        assert found["audit_event"].rows == said.tables["audit_event"].rows + 1
        numbered = {column.partition(".")[0] for column in NUMBERED} - {"audit_pending"}
        changed = {"audit_event", "audit_head", *numbered}
        same = said.tables.keys() - changed - {"backup"}
        assert {name: found[name] for name in same} == {name: said.tables[name] for name in same}
        assert {name: found[name].rows for name in changed - {"audit_event"}} == {
            name: said.tables[name].rows for name in changed - {"audit_event"}
        }
        tenants = counting.tenants(connection)
        assert tenants["ayagawa"] == said.tenants["ayagawa"]
        assert tenants["default"].entities == said.tenants["default"].entities
        assert tenants["default"].history == said.tenants["default"].history
        report = chain.verify_database(connection, heads.read(heads.path(elsewhere)))
        assert report.faults == []
    assert databases(elsewhere) == ["postgres", "tamamo"]
    assert (elsewhere / "rejects" / "2026-水位.csv").read_text("utf-8") == "行,理由\n"
    assert not (elsewhere / "secrets").exists()
    assert not [path for path in elsewhere.iterdir() if path.name.startswith(".restore")]


def test_changes_after_a_restore_are_news(backup: Path, elsewhere: Path) -> None:
    """The new cluster counts transactions from the start, far below those of the old one."""
    restore(Settings(home=elsewhere), backup)
    with opened(elsewhere) as connection:
        connection.execute(
            "insert into outbox (tenant, entity_id, operation, types, changed, entity)"
            " values ('default', 'urn:x:2', 'update', '{Gauge}', '{level}', '{}')"
        )
        rows = connection.execute(
            "select o.entity_id, pg_visible_in_snapshot(o.xid, s.since)"
            " from outbox o, notification_state n, subscription s where (o.xid, o.seq) >"
            " (n.xid, n.seq)"
        ).fetchall()
    # The old change had been matched; only the new one waits, and no subscription takes it for old.
    assert rows == [("urn:x:2", False)]


def test_what_had_still_to_be_matched_is_matched_after_a_restore(
    installation: Settings, elsewhere: Path, tmp_path: Path
) -> None:
    assert installation.database_url is not None
    with psycopg.connect(installation.database_url) as connection:
        for number in (3, 4):
            connection.execute(
                "insert into outbox (tenant, entity_id, operation, types, changed, entity)"
                " values ('default', %s, 'update', '{Gauge}', '{level}', '{}')",
                [f"urn:x:{number}"],
            )
            connection.commit()
    restore(Settings(home=elsewhere), make(installation, tmp_path / "b.tar").file)
    with opened(elsewhere) as connection:
        rows = connection.execute(
            "select o.entity_id from outbox o, notification_state n"
            " where (o.xid, o.seq) > (n.xid, n.seq) order by o.xid, o.seq"
        ).fetchall()
    assert rows == [("urn:x:3",), ("urn:x:4",)]


def test_every_column_with_numbers_of_transactions_is_seen_to(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(restoring._SQL["numbered"]).fetchall()
    assert {name for (name,) in rows} == NUMBERED


def test_a_home_with_data_is_not_overwritten(backup: Path, elsewhere: Path) -> None:
    restore(Settings(home=elsewhere), backup)
    before = (elsewhere / "rejects" / "2026-水位.csv").stat().st_mtime_ns
    with pytest.raises(SetupError, match="holds files already"):
        restore(Settings(home=elsewhere), backup)
    (elsewhere / "rejects" / "2026-水位.csv").rename(elsewhere / "kept.csv")
    for path in (elsewhere / "rejects", elsewhere / "basemap", elsewhere / "audit"):
        path.rename(path.with_name(f"x{path.name}"))
    with pytest.raises(SetupError, match="holds data already"):
        restore(Settings(home=elsewhere), backup)
    assert (elsewhere / "kept.csv").stat().st_mtime_ns == before
    assert databases(elsewhere) == ["postgres", "tamamo"]


@pytest.fixture
def own(cluster_dsn: str, tmp_path: Path) -> Iterator[str]:
    """An empty database on the tests' server."""
    name = f"r_{secrets.token_hex(6)}"
    with psycopg.connect(cluster_dsn, autocommit=True) as server:
        server.execute(f"create database {name}")
    dsn = make_conninfo(cluster_dsn, dbname=name)
    yield dsn
    drop_former(Settings(home=tmp_path / "last", database_url=dsn))
    with psycopg.connect(cluster_dsn, autocommit=True) as server:
        server.execute(f"drop database {name} with (force)")


@pytest.mark.parametrize("at", ["prove", "_make_ready", "_swap"])
def test_a_restore_that_fails_half_way_has_changed_nothing(
    backup: Path, own: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    settings = Settings(home=tmp_path / "other", database_url=own)
    restore(settings, backup)
    with psycopg.connect(own) as connection:
        connection.execute("insert into tenant (name) values ('mine')")
        connection.commit()
        before = counting.tables(connection)
    files = sorted(settings.home.rglob("*"))

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(restoring, at, fail)
        with pytest.raises(KeyboardInterrupt):
            restore(settings, backup, force=True)
    with psycopg.connect(own) as connection:
        assert counting.tables(connection) == before
    assert drop_former(settings) == []
    assert sorted(settings.home.rglob("*")) == files


def test_force_puts_aside_what_was_there(backup: Path, own: str, tmp_path: Path) -> None:
    home = tmp_path / "other"
    settings = Settings(home=home, database_url=own)
    restore(settings, backup)
    with psycopg.connect(own) as connection:
        append_sync(connection, Event("default", "user:1", "lost.soon", "x"))
        connection.execute("delete from entity")
        connection.commit()
        heads.note(home, chain.database_heads(connection), "test")
    (home / "rejects" / "2026-水位.csv").write_text("newer")
    done = restore(settings, backup, force=True)
    assert done.former is not None
    with psycopg.connect(make_conninfo(own, dbname=done.former)) as connection:
        assert counting.tables(connection)["entity"].rows == 0
    with psycopg.connect(own) as connection:
        assert counting.tables(connection)["entity"].rows == 10
        report = chain.verify_database(connection, heads.read(heads.path(home)))
        assert report.faults == []
        # The heads put aside still know what went.
        [aside] = home.glob("former/*/audit/heads.jsonl")
        report = chain.verify_database(connection, heads.read(aside))
        assert {fault.kind for fault in report.faults} <= {"tail cut", "rewritten"}
        assert report.faults
    assert (home / "rejects" / "2026-水位.csv").read_text("utf-8") == "行,理由\n"
    [kept] = home.glob("former/*/rejects/2026-水位.csv")
    assert kept.read_text() == "newer"
    assert drop_former(settings) == [done.former]
    assert not (home / "former").exists()


def test_a_running_installation_is_left_alone(backup: Path, own: str, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "other", database_url=own)
    restore(settings, backup)
    with psycopg.connect(own), pytest.raises(SetupError, match="is running: stop"):
        restore(settings, backup, force=True)
    assert drop_former(settings) == []


def test_into_a_database_of_ones_own(backup: Path, own: str, tmp_path: Path) -> None:
    """DATABASE_URL: an empty one is filled, one with data needs --force."""
    restore(Settings(home=tmp_path / "other", database_url=own), backup)
    with psycopg.connect(own) as connection:
        assert counting.tables(connection)["entity"].rows == 10
    with pytest.raises(SetupError, match="holds data already"):
        restore(Settings(home=tmp_path / "third", database_url=own), backup)


def test_a_restore_that_is_killed_leaves_what_was_there(
    backup: Path, own: str, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path / "other", database_url=own)
    restore(settings, backup)
    with psycopg.connect(own) as connection:
        connection.execute("insert into tenant (name) values ('mine')")
        connection.commit()
        before = counting.tables(connection)
    command = [sys.executable, "-m", "tamamo", "restore", "--force", str(backup)]
    environment = {**os.environ, "DATABASE_URL": own, "TAMAMO_HOME": str(settings.home)}
    with (
        subprocess.Popen(command, env=environment, cwd=ROOT) as process,
        psycopg.connect(own, autocommit=True) as connection,
    ):
        # The connection that watches must not be in its way.
        server = make_conninfo(own, dbname="postgres")
        connection.close()
        with psycopg.connect(server, autocommit=True) as watching:
            like = f"{conninfo_to_dict(own)['dbname']}_restore_%"
            while process.poll() is None:
                found = watching.execute(
                    "select 1 from pg_database where datname like %s", [like]
                ).fetchone()
                if found:
                    break
                time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    with psycopg.connect(own) as connection:
        assert counting.tables(connection) == before
    [left] = drop_former(settings)
    assert "_restore_" in left
    assert restore(settings, backup, force=True).former is not None
