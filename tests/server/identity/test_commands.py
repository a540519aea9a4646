"""`tamamo user`, `tamamo key`, `tamamo org` on a real database, as somebody types them."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from tamamo.cli import tamamo
from tamamo.kernel.errors import Problem, SetupError
from tamamo.kernel.identity import EVERY_TENANT
from tamamo.web import asgi  # noqa: F401 - Django is set up for all tests of a process, or for none
from tests.conftest import ROOT

Run = Callable[..., Result]
LIST = "部,課,所属名称\n総務部,,総務部\n総務部,税務課,総務部税務課\n建設部,,建設部\n"


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run one command line; what a person would read as an error is raised."""
    monkeypatch.setenv("DATABASE_URL", database_url)

    def command(*arguments: str) -> Result:
        home = ("--home", str(tmp_path / "home"))
        given = [*arguments[:2], *home, *arguments[2:]]
        result = CliRunner().invoke(tamamo, given)
        if isinstance(result.exception, SetupError | Problem):
            raise result.exception
        return result

    return command


def one(url: str, statement: str) -> tuple[object, ...]:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement.encode()).fetchone()
        assert row is not None
        return row


def test_the_first_operator_gets_a_password_that_is_shown_once(
    run: Run, database_url: str, tmp_path: Path
) -> None:
    # As a process of its own: there Django is not set up for pages.
    result = subprocess.run(
        [sys.executable, "-m", "tamamo", "user", "create-admin", "--home", str(tmp_path / "home")],
        env={**os.environ, "DATABASE_URL": database_url},
        input="It@City.example\n",
        capture_output=True, text=True, check=False, timeout=60, cwd=ROOT,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    password = result.stdout.splitlines()[-1].removeprefix("E-mail: ")
    assert re.fullmatch(r"[\w-]{16}", password)
    stored, email, name = one(database_url, "select password, email, name from accounts_user")
    assert str(stored).startswith("argon2$argon2id$") and password not in str(stored)
    assert (email, name) == ("it@city.example", "It")
    assert one(database_url, "select tenant, role, subject from role_grant") == (
        EVERY_TENANT, "operator", "user:1",
    )  # fmt: skip
    log = one(database_url, "select string_agg(action || object, ' ' order by seq),"
              " string_agg(e::text, '') from audit_event e")  # fmt: skip
    assert log[0] == "user.createuser:1 grant.giveuser:1"
    assert password not in str(log[1]) and "argon2" not in str(log[1])
    shown = run("user", "list").output
    assert "it@city.example" in shown and "operator everywhere" in shown and password not in shown
    from django.contrib.auth.hashers import check_password

    assert check_password(password, str(stored)) and not check_password("wrong", str(stored))
    with pytest.raises(Problem, match=r"account with it@city\.example"):
        run("user", "create-admin", "--email", "IT@city.example", "--generate")


def test_a_weak_password_is_refused(tmp_path: Path) -> None:
    from tamamo.kernel.settings import Settings
    from tamamo.server.identity import passwords

    settings = Settings(home=tmp_path)
    for weak in ("short", "1234567890123", "password123"):
        with pytest.raises(SetupError):
            passwords.check(weak, settings)
    for _ in range(20):
        passwords.check(passwords.generate(), settings)
    assert passwords.generate() != passwords.generate()


@pytest.mark.parametrize("email", ["", "nobody", "@city.example", "it@", "a b@c", "a@b\n" + "c"])
def test_what_is_no_address_is_refused(run: Run, email: str) -> None:
    with pytest.raises(Problem, match="e-mail"):
        run("user", "create-admin", "--email", email, "--generate")


def test_roles_are_given_and_taken_away(run: Run, database_url: str) -> None:
    run("user", "create-admin", "--email", "a@city.example", "--generate")
    run("user", "grant", "a@city.example", "editor", "--tenant", "default", "--type", "Gauge")
    types = one(database_url, "select types from role_grant where role = 'editor'")
    assert types == (["https://uri.etsi.org/ngsi-ld/default-context/Gauge"],)
    run("user", "grant", "user:1", "developer", "--tenant", "default", "--until", "2099-01-01")
    with pytest.raises(Problem, match="no client:firm"):
        run("user", "grant", "client:firm", "developer", "--tenant", "default")
    assert "editor default (https" in run("user", "list").output
    with pytest.raises(SetupError, match="what to take away"):
        run("user", "revoke", "a@city.example")
    assert "Taken away: 1" in run("user", "revoke", "a@city.example", "--role", "editor").output
    assert "Taken away: 2" in run("user", "revoke", "user:1", "--all").output
    with pytest.raises(SetupError, match="holds nothing"):
        run("user", "revoke", "user:1", "--all")
    with pytest.raises(SetupError, match="no account"):
        run("user", "grant", "b@city.example", "editor", "--tenant", "default")
    with pytest.raises(Problem, match="no tenant"):
        run("user", "grant", "user:1", "editor", "--tenant", "nowhere")


def test_a_key_is_made_rotated_and_ended(run: Run, database_url: str) -> None:
    made = run("key", "create", "水位計 7", "--type", "FloodMonitoring")
    first = made.stdout.strip()
    assert first.startswith("tmk_")
    device = re.search(r"Device (\S+)\.", made.stderr)
    assert device is not None
    second = run("key", "rotate", device[1], "--overlap", "0").stdout.strip()
    assert second.startswith("tmk_") and second != first
    shown = run("key", "list").output
    assert f"…{second[-4:]}" in shown and first not in shown and "active" in shown
    run("key", "revoke", device[1])
    assert "revoked" in run("key", "list").output
    with pytest.raises(Problem, match="one topic"):
        run("key", "create", "nothing")
    with pytest.raises(Problem, match="no device"):
        run("key", "revoke", device[1], "--tenant", "elsewhere")


def test_a_list_is_tried_then_installed(run: Run, tmp_path: Path, database_url: str) -> None:
    file = tmp_path / "list.csv"
    file.write_text(LIST, "utf-8")
    tried = run("org", "import", str(file), "--from", "2026-04-01", "--dry-run")
    assert "would be added: 3" in tried.output
    assert one(database_url, "select count(*) from org_unit") == (0,)
    assert "added: 3" in run("org", "import", str(file), "--from", "2026-04-01").output
    assert run("org", "list").output == "総務部\n  税務課\n建設部\n"
    file.write_text(LIST.replace("税務課", "納税課") + "総務部,,総務部\n", "utf-8")
    changed = run("org", "import", str(file), "--moved", "総務部/税務課=総務部/納税課")
    assert "added: 1; ended: 1; kept: 2" in changed.output
    assert "Line 5: 総務部 stands in line 2 already." in changed.output
    assert "税務課" in run("org", "list", "--on", "2026-04-01").output
    with pytest.raises(SetupError, match="OLD=NEW"):
        run("org", "import", str(file), "--moved", "x")
