"""`tamamo drill` on a real database, as somebody types it."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from tamamo.cli import tamamo
from tamamo.kernel.drills.errors import DrillRefused, InvalidDrill
from tamamo.kernel.errors import Problem, SetupError
from tests.accounts.signing import make_user

Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run one verb; what a person would read as an error is raised."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    make_user(database_url, "duty@example.jp", ("default", "editor"), ("default", "approver"))

    def command(verb: str, *arguments: str) -> Result:
        home = () if verb == "scripts" else ("--home", str(tmp_path / "home"))
        result = CliRunner().invoke(tamamo, ["drill", verb, *home, *arguments])
        if isinstance(result.exception, SetupError | Problem):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result

    return command


def test_a_drill_from_the_terminal(run: Run, database_url: str) -> None:
    assert "typhoon-16-2004" in run("scripts").output
    name = run(
        "new", "夜の訓練", "--script", "typhoon-16-2004", "--person", "DUTY@example.jp",
        "--reach", "duty@example.jp",
    ).output.strip()  # fmt: skip
    assert name.startswith("default-drill-")
    assert f"{name}\tready\t2004-08-30 15:00\t夜の訓練" in run("list").output
    assert run("play", name, "--speed", "600").output == "running ×600\n"
    run("pause", name)
    with pytest.raises(DrillRefused):
        run("pause", name)
    assert "drill.create" in run("log", name).output
    csv = run("log", name, "--csv").output
    assert csv.startswith("訓練 DRILL: 夜の訓練")
    assert "災害対策本部" in csv
    with pytest.raises(DrillRefused):
        run("delete", name, "--yes")
    run("end", name, "--yes")
    run("delete", name, "--yes")
    assert name not in run("list").output
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("select count(*) from drill").fetchone()
    assert rows == (0,)


def test_what_cannot_be_is_said(run: Run) -> None:
    with pytest.raises(SetupError, match="no script"):
        run("new", "x", "--script", "nothing", "--person", "duty@example.jp")
    with pytest.raises(InvalidDrill, match="nobody"):
        run("new", "x", "--person", "nobody@example.jp")
    with pytest.raises(SetupError, match="date and time"):
        run("new", "x", "--person", "duty@example.jp", "--begins", "soon")
