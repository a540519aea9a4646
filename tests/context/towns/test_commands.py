"""`tamamo tenant` and `tamamo agreement` as a person types them."""

import re
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from tamamo.cli import tamamo


class Run:
    """Runs verbs on a home, and grants what people hold."""

    def __init__(self, home: Path, dsn: str) -> None:
        self.home = home
        self.dsn = dsn

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(tamamo, [*arguments, "--home", str(self.home)])

    def person(self, email: str, tenant: str, role: str) -> None:
        with psycopg.connect(self.dsn) as connection:
            connection.execute(
                "insert into role_grant (tenant, subject, role, granted_by)"
                " values (%s, 'user:' || account_create(%s, 'x'), %s, 'system:test')",
                [tenant, email, role],
            )


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DATABASE_URL", database_url)
    return Run(tmp_path / "home", database_url)


@pytest.fixture
def town(run: Run) -> Run:
    titles = ("--title-ja", "綾川町", "--title-en", "Ayagawa")
    made = run("tenant", "create", "ayagawa", *titles, "--code", "373877", "--max-storage", "20G")
    assert made.exit_code == 0, made.output
    return run


def test_a_tenant_is_made_listed_and_changed(town: Run) -> None:
    changed = town(
        "tenant", "set", "ayagawa", "--title-en", "Ayagawa Town", "--max-entities", "5000",
        "--public", "FloodMonitoring", "--map", "133.923,34.25,11.5",
    )  # fmt: skip
    assert changed.exit_code == 0, changed.output
    listed = town("tenant", "list").output
    assert "ayagawa  綾川町 / Ayagawa Town  373877  active" in listed
    assert "public: FloodMonitoring" in listed
    assert "default" in listed
    used = town("tenant", "usage", "ayagawa", "--now").output
    assert re.search(r"entities +0, of 5,000 \(0%\)", used)
    assert re.search(r"storage +[\d,]+ bytes, of 20,000,000,000", used)
    assert town("tenant", "set", "ayagawa", "--max-storage", "none").exit_code == 0
    used = town("tenant", "usage").output
    assert re.search(r"storage +[\d,]+ bytes, no limit", used)
    again = town("tenant", "set", "ayagawa", "--max-storage", "none")
    assert "was so already" in again.output


def test_a_tenant_is_suspended_with_a_reason_and_goes_on(town: Run) -> None:
    assert town("tenant", "suspend", "ayagawa").exit_code == 2
    assert town("tenant", "suspend", "ayagawa", "--reason", "moving").exit_code == 0
    assert "suspended" in town("tenant", "list").output
    assert town("tenant", "resume", "ayagawa").exit_code == 0
    assert "suspended" not in town("tenant", "list").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "x", "--title-ja", "x", "--title-en", "x", "--code", "373878"), "last one"),
        (("create", "x"), "title"),
        (("set", "nowhere", "--code", "none"), "no tenant"),
        (("set", "default", "--map", "here"), "--map"),
        (("set", "default", "--max-entities", "many"), "no number"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    run: Run, arguments: tuple[str, ...], said: str
) -> None:
    failed = run("tenant", *arguments)
    assert failed.exit_code != 0
    assert said in f"{failed.output}{failed.exception}"


def test_an_agreement_from_proposal_to_its_end(town: Run) -> None:
    town.person("a@ayagawa.example", "ayagawa", "approver")
    town.person("t@takamatsu.example", "default", "approver")
    proposed = town(
        "agreement", "propose", "ayagawa", "default", "--type", "FloodMonitoring",
        "--attr", "currentLevel", "--action", "read", "--to", "2099-04-01",
        "--purpose", "防災", "--for", "default",
    )  # fmt: skip
    assert proposed.exit_code == 0, proposed.output
    assert "FloodMonitoring (currentLevel); read" in proposed.output
    assert "to 2099-04-01 00:00 JST" in proposed.output
    number = proposed.output.split()[0]
    wrong = town("agreement", "sign", number, "--for", "ayagawa", "--by", "t@takamatsu.example")
    assert wrong.exit_code != 0
    for side, by in (("ayagawa", "A@ayagawa.example"), ("default", "t@takamatsu.example")):
        assert town("agreement", "sign", number, "--for", side, "--by", by).exit_code == 0
    assert "in_force" in town("agreement", "list", "--tenant", "default").output
    ended = town("agreement", "revoke", number, "--for", "ayagawa", "--reason", "over")
    assert ended.exit_code == 0
    shown = town("agreement", "history", number).output
    assert "revoked by system:agreement for ayagawa" in shown
    assert "over" in shown
    with psycopg.connect(town.dsn) as connection:
        rows = connection.execute(
            "select tenant, actor, after ->> 'signed_by' is not null from audit_event"
            " where action = 'agreement.sign' order by tenant, seq"
        ).fetchall()
    assert rows == [
        (tenant, "system:agreement", True) for tenant in ("ayagawa", "default") for _ in range(2)
    ]


def test_who_cannot_be_found_is_named(town: Run) -> None:
    none = "00000000-0000-0000-0000-000000000000"
    failed = town("agreement", "sign", none, "--for", "ayagawa", "--by", "no@body.example")
    assert "no@body.example" in str(failed.exception)
    assert "There is no agreement" in town("agreement", "list").output
