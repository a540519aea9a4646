"""`tamamo rules`, as an operator uses it."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from psycopg.conninfo import make_conninfo

from tamamo.context.broker import open_broker
from tamamo.kernel.settings import Settings
from tamamo.rules.commands import rules
from tamamo.rules.service import Evaluation
from tests.rules.conftest import caught_up, gauge

HEADER = (
    "hour_path,generated_at,code,name,obs_time,level_m,start_level,warn_level,flood_level,"
    "over,is_warning,is_flood,city,town_code,lat,lon"
)
OWN = """
[[rule]]
id = "level"
name = { ja = "水位", en = "Level" }
severity = "high"
unit = "m"
subject = { type = "FloodMonitoring" }
condition = { threshold = { attribute = "currentLevel", at_least = 1.0, clear_by = 0.2 } }
text = { ja = "{name}", en = "{name}" }
"""


def run(*words: str, env: dict[str, str] | None = None, code: int = 0) -> Result:
    result = CliRunner().invoke(rules, words, env=env, catch_exceptions=code != 0)
    assert result.exit_code == code, result.output
    return result


def test_the_shipped_rules_have_no_fault() -> None:
    assert "no fault" in run("check").output


def test_every_fault_of_a_file_is_named_in_both_languages(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(OWN.replace('"high"', '"loud"').replace("0.2", "-1") + OWN, "utf-8")
    lines = run("check", str(file), code=1).stderr.splitlines()
    assert [line.split(": ", 2)[2] for line in lines] == [
        "condition.threshold.clear_by: At least 0. / 0以上にしてください。",
        "severity: One of: informational, low, medium, high, critical / 次のどれかです："
        "informational、low、medium、high、critical",
        f"id: This id stands in {file} too. / この id は {file} にもあります。",
    ]


def test_a_report_counts_each_crossing_once(tmp_path: Path) -> None:
    """Invented readings in the publisher's format."""
    rows = [
        f"x,2026-06-01T12:00:00Z,1,試験橋,2026-06-01T0{n}:00:00+09:00,{level},0.5,0.8,1.0,1,"
        "False,False,香川県高松市,37201,34.3,134.0"
        for n, level in enumerate((0.7, 1.1, 1.2, 0.95, 1.0, 0.6, 1.1))
    ]
    file, own = tmp_path / "june.csv", tmp_path / "rules.toml"
    file.write_text("\n".join([HEADER, *rows]), "utf-8")
    own.write_text(OWN, "utf-8")
    output = run("report", str(file), "--rules", str(own)).output
    assert "2 episodes at 1 gauges (4 readings at the threshold, 3 crossings)" in output
    assert "| 試験橋 | 1 | 06-01 01:00 | 06-01 06:00 | 1.2 | 4 | 3 | 2 |" in output


def test_a_report_counts_no_readings_of_a_combination(tmp_path: Path) -> None:
    """At one of its thresholds, a reading is not yet at the rule's."""
    rows = [
        f"x,2026-06-01T12:00:00Z,1,試験橋,2026-06-01T0{n}:00:00+09:00,{level},0.5,0.8,1.0,1,"
        "False,False,香川県高松市,37201,34.3,134.0"
        for n, level in enumerate((0.7, 1.1, 1.7))
    ]
    file, own = tmp_path / "june.csv", tmp_path / "rules.toml"
    file.write_text("\n".join([HEADER, *rows]), "utf-8")
    leaf = '{ threshold = { attribute = "currentLevel", at_least = %s, clear_by = 0.2 } }'
    both = f"condition = {{ all = [{leaf % 1.0}, {leaf % 1.5}] }}"
    own.write_text(re.sub("condition = .*", both, OWN), "utf-8")
    output = run("report", str(file), "--rules", str(own)).output
    assert "1 episodes at 1 gauges\n" in output
    assert "| 1.7 | — | — | 1 |" in output


@pytest.fixture
async def home(settings: Settings, tmp_path: Path) -> dict[str, str]:
    """The environment of an installation in which one gauge has risen."""
    assert settings.database_url is not None
    async with open_broker(settings) as broker:
        river = gauge("a", 1.5, 0, category="river")
        await broker.observations.record("default", [river])
        await caught_up(Evaluation(broker))
    return {
        "DATABASE_URL": make_conninfo(settings.database_url),
        "TAMAMO_HOME": str(settings.home),
    }


def test_alerts_are_listed_acknowledged_and_silenced(home: dict[str, str]) -> None:
    alert = "urn:ngsi-ld:Alert:river-alert-level:a"
    assert "river-alert-level  shipped  on   high" in run("list", env=home).output
    assert f"橋 a  {alert}" in run("alerts", env=home).output
    assert "is firing" in run("acknowledge", alert, "--note", "巡視", env=home).output
    run("silence", "--rule", "river-alert-level", "--for", "60", "--reason", "点検", env=home)
    listed = run("alerts", env=home).output
    assert "seen by system:rules-command" in listed
    assert "silenced until" in listed
    assert "点検" in run("silence", env=home).output
    assert "is over" in run("silence", "--end", "1", env=home).output
    assert run("silence", env=home).output == ""
    output = run("preview", "river-alert-level", env=home).output
    assert "would have fired 1 times" in output
    run("alerts", "--tenant", "nowhere", env=home, code=1)
