"""What the page of rules says of June 2026 is what the shipped rules say of the recording."""

import re
from pathlib import Path
from typing import Any

import pytest

from tamamo.rules import parse
from tamamo.rules.report import Line, Report, make, markdown, read
from tamamo.rules.shipped import shipped
from tamamo.rules.state import Reading
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "subsystems" / "rules.md"
TIDAL = "木太大橋"


@pytest.fixture(scope="module")
def month(request: pytest.FixtureRequest) -> dict[str, list[Reading]]:
    folder: Path = request.getfixturevalue("shared_data")
    return read(folder / "river" / "kagawa_crisis_waterlevel_2026-06.csv")


@pytest.fixture(scope="module")
def report(month: dict[str, list[Reading]]) -> Report:
    return make(shipped().values(), month)


def rows(lines: Any) -> set[str]:
    """The rows of tables of gauges: eight cells, the first a name."""
    found = {line for line in lines if line.count("|") == 9 and not line.startswith("|---")}
    return {line for line in found if not line.startswith("| gauge")}


def test_every_alert_of_the_month_stands_in_the_tables(report: Report) -> None:
    said = rows(markdown(report, shipped().values()))
    assert len(said) == 19
    assert rows(PAGE.read_text().splitlines()) == said


@pytest.mark.parametrize(
    ("row", "clear_by", "recover"),
    [
        ("band of 10 or 20 cm alone", 0.1, "PT0S"),
        ("band of 10 or 20 cm alone", 0.2, "PT0S"),
        ("band of 20 cm, 13 hours to recover", 0.2, "PT13H"),
        ("band of 20 cm, 26 hours to recover", 0.2, "PT26H"),
    ],
)
def test_what_the_hysteresis_calms(
    month: dict[str, list[Reading]], row: str, clear_by: float, recover: str
) -> None:
    document = dict(shipped()["river-alert-level"].document)
    threshold = document["condition"]["threshold"] | {"clear_by": clear_by}
    changed = {"subject": {"type": "FloodMonitoring"}, "condition": {"threshold": threshold},
               "timing": {"recover": recover, "no_data": "PT36H"}}  # fmt: skip
    lines = make([parse(document | changed)], month).lines
    assert _told(row) == _counts(lines)


def test_what_a_rule_without_memory_would_tell(report: Report) -> None:
    lines = [*report.of("river-alert-level"), *report.of("river-alert-level-tidal")]
    tidal = [line for line in lines if line.name == TIDAL]
    for row, member in (("every reading at the level", "at"), ("every crossing", "crossings")):
        found = [sum(getattr(one, member) for one in some) for some in (lines, tidal)]
        assert _told(row) == tuple(found)
    assert _told("as shipped: 30 minutes, and 26 hours at 木太大橋") == _counts(lines)


def _told(row: str) -> tuple[int, int]:
    """The numbers of a row of the page: all gauges, and the tidal one."""
    (line,) = [one for one in PAGE.read_text().splitlines() if one.startswith(f"| {row} |")]
    everywhere, tidal = re.findall(r"\d+", line.removeprefix(f"| {row} |"))
    return int(everywhere), int(tidal)


def _counts(lines: Any) -> tuple[int, int]:
    def episodes(some: list[Line]) -> int:
        return sum(len(line.episodes) for line in some)

    return episodes(list(lines)), episodes([line for line in lines if line.name == TIDAL])
