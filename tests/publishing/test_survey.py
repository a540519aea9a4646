"""`tamamo opendata survey`: what would come of files, of ours and of all that are recorded."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tamamo.publishing.commands import opendata
from tamamo.publishing.survey import Surveyed, files_in, survey
from tests.registers.intake import files
from tests.registers.intake.files import POOLS

#: Where the recorded files' places should be.
AREA = (133.8, 34.1, 134.3, 34.5)


def test_the_command_looks_over_a_folder(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "pools.csv").write_bytes(files.text(POOLS, "cp932"))
    (tmp_path / "inner" / "pools.xlsx").write_bytes(files.sheet([*POOLS, *POOLS[1:2]]))
    (tmp_path / "notes.pdf").write_bytes(b"%PDF")
    (tmp_path / "empty.xlsx").write_bytes(b"")
    run = CliRunner().invoke(opendata, ["survey", str(tmp_path), "--format", "json"])
    assert run.exit_code == 0, run.output
    found = {Path(one["file"]).name: one for one in json.loads(run.stdout)}
    assert sorted(found) == ["empty.xlsx", "pools.csv", "pools.xlsx"]
    assert found["empty.xlsx"]["refused"] == "The file is empty (0 bytes)."
    assert (found["pools.csv"]["encoding"], found["pools.csv"]["rows_out"]) == ("cp932", 3)
    assert "[1/3] empty.xlsx: refused" in run.stderr
    table = CliRunner().invoke(opendata, ["survey", str(tmp_path), "--lang", "ja"]).stdout
    assert "| empty.xlsx | ファイルが空です（0バイト）。 |" in table
    assert table.splitlines()[-1].startswith("| 計 |  | 7 | 7 | 0 |")


@pytest.mark.parametrize("area", ["1,2,3", "a,b,c,d", "135,34,134,35"])
def test_an_area_that_is_none(area: str, tmp_path: Path) -> None:
    run = CliRunner().invoke(opendata, ["survey", str(tmp_path), "--area", area])
    assert run.exit_code == 2


@pytest.fixture(scope="module")
def recorded(shared_data: Path) -> dict[str, Surveyed]:
    """What comes of the 25 recorded files: 15 of a city, and ten of the worst."""
    return {one.file: one for one in survey(files_in(shared_data / "opendata"), AREA)}


def test_all_recorded_files_are_read(recorded: dict[str, Surveyed]) -> None:
    assert len(recorded) == 25
    assert [name for name, one in recorded.items() if one.refused] == ["root_0097_zero_bytes.xlsx"]
    for one in recorded.values():
        assert one.rows_in == one.rows_out + one.rejected
        assert sum(one.rejects.values()) >= one.rejected
    assert sum(one.rows_in for one in recorded.values()) == 5336
    assert sum(one.rejected for one in recorded.values()) == 3


def test_the_page_about_them_is_true(recorded: dict[str, Surveyed]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "survey.md").read_text("utf-8")
    for one in recorded.values():
        line = next(line for line in page.splitlines() if line.startswith(f"| {one.file} |"))
        if not one.refused:
            rows, used, rejected = (cell.strip().split(" ")[0] for cell in line.split("|")[3:6])
            counted = (str(one.rows_in), str(one.rows_out), str(one.rejected))
            assert (rows, used, rejected) == counted, one.file


@pytest.mark.parametrize(
    ("name", "encoding", "header_rows", "rows", "skipped", "key", "standard"),
    [
        ("0002_aed_location.xlsx", "xlsx", [1], 450, 0, ["rowNumber"], "aed"),
        ("0002_cp932_history.csv", "cp932", [7], 514, 2, ["rowNumber"], "aed"),
        ("0060_evacuation_space.xlsx", "xlsx", [1], 195, 0, ["name"], "evacuation_sites"),
        ("0066_202602.xlsx", "xlsx", [1], 235, 0, ["regionName"], "population"),
        ("0073_shopping_street_2021-2025.csv", "utf-8", [1], 75, 0, ["name", "surveyDate"], ""),
        ("0074.xlsx", "xlsx", [1], 606, 7, ["rowNumber"], ""),
        ("0081.csv", "utf-8-sig", [7], 943, 2, ["no"], "events"),
        ("0112.xlsx", "xlsx", [1, 2], 100, 0, ["respondentId"], ""),
        ("0111_template_rows.xlsx", "xlsx", [1], 1, 9, ["name"], "facilities"),
    ],
)
def test_where_their_tables_stand(
    recorded: dict[str, Surveyed],
    name: str,
    encoding: str,
    header_rows: list[int],
    rows: int,
    skipped: int,
    key: list[str],
    standard: str,
) -> None:
    one = recorded[name]
    assert (one.encoding or one.kind, one.header_rows) == (encoding, header_rows)
    assert (one.rows_in, one.skipped, one.key, one.standard) == (rows, skipped, key, standard)
    assert (one.score is not None) == bool(standard)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("0002_aed_location.xlsx", "time_without_colon"),
        ("0060_evacuation_space.xlsx", "mostly_boolean"),
        ("0066_202602.xlsx", "outside_area"),
        ("0074.xlsx", "template_rows"),
        ("0081.csv", "time_dropped"),
        ("0081_events.xlsx", "not_a_phone"),
        ("0083_202604.xlsx", "no_key"),
        ("0112.xlsx", "blank_tail"),
        ("0112.xlsx", "two_headers"),
        ("0063_cultural_zero_coords.xlsx", "zero_coordinates"),
        ("0079_S47_wareki.xlsx", "impossible_time"),
        ("0092_2025 .xlsx", "formula_outward"),
        ("0097_wareki_year.xlsx", "fiscal_year"),
        ("0109_blank_header.csv", "blank_columns"),
        ("0109_blank_header.csv", "template_hint"),
        ("0111_template_rows.xlsx", "several_sheets"),
    ],
)
def test_what_is_doubtful_in_them(recorded: dict[str, Surveyed], name: str, code: str) -> None:
    assert code in recorded[name].doubts


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("0079_S47_wareki.xlsx", "fiscalYearStartDay", "1972-04-01"),
        ("0097_wareki_year.xlsx", "year", 2024),
        ("0097_wareki_year.xlsx", "taxItemContents", "個人"),
        ("0063_cultural_zero_coords.xlsx", "latitude", None),
        ("0081.csv", "startDate", "2020-05-16"),
        ("0092_2025 .xlsx", "month", 1),
        ("0066_202602.xlsx", "surveyDate", "2026-02-01"),
        ("0066_202602.xlsx", "latitude", 34.342286),
        ("0073_shopping_street_2021-2025.csv", "surveyDate", 2021),
        ("0112.xlsx", "respondentId", "10001"),
    ],
)
def test_values_of_their_first_rows(
    recorded: dict[str, Surveyed], name: str, field: str, value: str | int | float | None
) -> None:
    assert recorded[name].first[field] == value
