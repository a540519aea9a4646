"""`tamamo audit` as a person types it, on a real installation's database."""

import json
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from tamamo.cli import tamamo
from tamamo.kernel.audit import Event, append_sync, heads


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Run":
    monkeypatch.setenv("DATABASE_URL", database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        for number in range(3):
            append_sync(connection, Event("default", "user:1", "a.b", f"urn:x:{number}"))
        append_sync(connection, Event("ayagawa", "user:2", "c.d", "urn:y:1", after={"名": "綾"}))
    return Run(tmp_path / "home")


class Run:
    """Runs `tamamo audit` with a home."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, verb: str, *arguments: str) -> Result:
        return CliRunner().invoke(tamamo, ["audit", verb, "--home", str(self.home), *arguments])


def test_verify_says_that_all_is_whole_and_notes_the_heads(run: Run) -> None:
    result = run("verify")
    assert result.exit_code == 0, result.output
    assert "The log is whole: 4 events, 2 noted heads met." in result.output
    assert {(one.tenant, one.seq) for one in heads.read(heads.path(run.home))} == {
        ("default", 3),
        ("ayagawa", 1),
    }
    assert "4 noted heads met" in run("verify").output


def test_verify_names_what_was_touched_and_exits_with_1(run: Run, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("alter table audit_event disable trigger user")
        connection.execute("update audit_event set actor = 'user:3' where seq = 2")
    result = run("verify")
    assert result.exit_code == 1
    assert "default 2: changed: its content does not give its hash" in result.output
    assert not heads.path(run.home).exists()
    assert run("verify", "--tenant", "ayagawa").exit_code == 0


def test_list_filters_by_tenant_and_time(run: Run) -> None:
    assert len(run("list").output.splitlines()) == 4
    [line] = run("list", "--tenant", "ayagawa", "--since", "2020-01-01").output.splitlines()
    assert line.endswith('ayagawa 1  user:2  c.d  urn:y:1   → {"名": "綾"}')
    assert run("list", "--until", "2020-01-01").output == ""
    assert run("list", "--since", "gestern").exit_code == 2


def test_an_export_is_an_event_and_can_be_proved(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    assert run("export", "--tenant", "default", str(file)).exit_code == 0
    lines = [json.loads(line) for line in file.read_bytes().splitlines()]
    assert [line["seq"] for line in lines] == [1, 2, 3]
    assert run("verify", "--export", str(file)).exit_code == 0
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[::2]))
    assert run("verify", "--export", str(file)).exit_code == 1
    [line] = run("list", "--action", "audit.export").output.splitlines()
    assert 'system:audit  audit.export  audit   → {"tenant": "default"}' in line
    table = run("export", "--format", "csv").stdout
    assert len(table.splitlines()) == 6


def test_a_file_that_is_no_export_is_named(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text("{}\n")
    result = run("verify", "--export", str(file))
    assert "line 1" in str(result.exception)
