"""`tamamo calls` on an installation."""

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from tamamo.calling.commands import calls

Run = Callable[..., Result]


@pytest.fixture
def tamamo(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DATABASE_URL", database_url)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(calls, [*arguments, "--home", str(tmp_path)])

    return run


def test_a_test_call_is_made_and_listed_without_names(tamamo: Run, database_url: str) -> None:
    assert tamamo("list").stdout == "No calls.\n"
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "insert into contact (tenant, name, addresses) values ('default', '香川花子', %s)"
            " returning id::text",
            [json.dumps([{"channel": "mail", "to": "hanako@example.jp"}])],
        ).fetchone()
        assert row
    assert tamamo("test", row[0]).exit_code == 0
    listed = tamamo("list")
    assert "running" in listed.stdout and "1 called, 0 reached  test" in listed.stdout
    assert "香川" not in listed.stdout and "hanako" not in listed.stdout
    gone = tamamo("test", "00000000-0000-0000-0000-000000000000")
    assert gone.exit_code == 1 and "There is no contact" in str(gone.exception)
    assert tamamo("list", "--tenant", "nowhere").exit_code == 1
    with psycopg.connect(database_url) as connection:
        [(body,)] = connection.execute("select body from message")
        assert "試験" in body


def test_who_keeps_contacts_and_who_mails_come_from(tamamo: Run, database_url: str) -> None:
    assert "has no unit" in str(tamamo("unit", "総務局").exception)
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "insert into org_unit (tenant, id, name, kind, position, valid_from)"
            " values ('default', '総務局', '総務局', '局', 1, '2026-04-01')"
        )
    assert tamamo("unit", "総務局").exit_code == 0
    assert "is no mail address" in str(tamamo("sender", "--from", "nobody").exception)
    assert tamamo("sender", "--from", "bosai@t.example", "--ja", "高松市 防災").exit_code == 0
    with psycopg.connect(database_url) as connection:
        [(type_, unit, personal)] = connection.execute(
            "select type, unit, personal from owned_type"
        )
        [(address, names)] = connection.execute("select mail_from, mail_name from message_sender")
    assert type_.endswith("CallContact") and (unit, personal) == ("総務局", True)
    assert (address, names) == ("bosai@t.example", {"ja": "高松市 防災"})
