"""The folders against the report itself, read independently of the package."""

import re
from decimal import Decimal

import pytest

from tamamo.plan.catalog import load_plan
from tamamo.plan.figures import judge, latest
from tamamo.plan.loading import Folder
from tamamo.plan.model import Indicator, Text

PLAN = load_plan()


def _rows(report: str) -> list[tuple[str, str]]:
    """Return the report's rows: project name, text as printed, tags turned to spaces."""
    found = []
    for line in report.splitlines():
        cells = line.split("\t")
        if len(cells) == 2 and cells[0] != "事業名":
            found.append((cells[0].replace(" ", ""), re.sub(r"<[^>]*>", " ", cells[1])))
    return found


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _printed_figures(text: str) -> list[tuple[str, Decimal, Decimal | None, int | None]]:
    """Return name, value, target and target year of each figure marked with ○."""
    found = []
    for item in text.split("○")[1:]:
        said = re.match(r"(.+?)\s*：\s*(.+?)(?:（R(\d+)目標値：(.+?)）)?\s*$", item.strip())
        assert said, item
        target = _numbers(said[4] or "")
        year = 2018 + int(said[3]) if said[3] else None
        found.append((said[1], _numbers(said[2])[-1], target[-1] if target else None, year))
    return found


def _numbers(text: str) -> list[Decimal]:
    return [Decimal(number) for number in re.findall(r"\d+(?:\.\d+)?", text.replace(",", ""))]


def _indicators() -> list[tuple[Folder, Indicator]]:
    return [(f, i) for f in PLAN.folders if f.figures for i in f.figures.indicator]


def test_the_36_projects_stand_in_the_reports_order(report_text: str) -> None:
    printed = [name for name, _ in _rows(report_text)]
    assert len(printed) == 36
    assert [_squeezed(folder.manifest.name.ja) for folder in PLAN.folders] == printed


def test_every_row_is_kept_word_for_word(report_text: str) -> None:
    for folder, (name, text) in zip(PLAN.folders, _rows(report_text), strict=True):
        rows = [p.ja for p in folder.record.report[0].passage if p.part == "row"]
        assert [_squeezed(row) for row in rows] == [_squeezed(text)], name


def test_every_line_of_the_featured_pages_is_in_the_report(report_text: str) -> None:
    lines = {_squeezed(line) for line in report_text.splitlines()}
    features = {
        folder.manifest.id: passage.ja.splitlines()
        for folder in PLAN.folders
        for passage in folder.record.report[0].passage
        if passage.part == "feature"
    }
    assert set(features) == {"mynumber_card", "ai_rpa"}
    for name, kept in features.items():
        assert {_squeezed(line) for line in kept} <= lines, name


def test_every_figure_marked_in_the_report_is_held_with_its_target(report_text: str) -> None:
    count = 0
    for folder, (name, text) in zip(PLAN.folders, _rows(report_text), strict=True):
        held = {
            (
                latest(i).value,
                i.target.value if i.target else None,
                i.target.year if i.target else None,
            )
            for i in (folder.figures.indicator if folder.figures else [])
        }
        for label, value, target, year in _printed_figures(text):
            count += 1
            matching = {h for h in held if h[0] == value}
            assert matching, f"{name}: {label} {value}"
            if target is not None:
                assert (value, target, year) in matching, f"{name}: {label} target {target}"
    assert count == 21


@pytest.mark.parametrize(
    ("project", "value", "target", "outcome"),
    [
        ("school_ict", "96", "90", "met"),
        ("school_ict", "75", "60", "met"),
        ("maternal_handbook", "5967", "5600", "met"),
        ("universal_design_map", "819", "950", "not_met"),
        ("pedestrian_flow", "106543", "97721", "met"),
        ("facility_management", "1", "2", "not_met"),
        ("disaster_watch", "10", "10", "met"),
        ("farm_ict", "20", "16", "met"),
        ("business_support", "55", None, "stated"),
        ("mynumber_card", "28.8", "28.3", "met"),
        ("one_stop_counter", "98.0", "100", "not_met"),
        ("online_procedures", "23", "30", "not_met"),
        ("ai_rpa", "238", None, "no_target"),
        ("ai_rpa", "414", None, "no_target"),
        ("ai_rpa", None, None, "no_target"),
        ("care_assessment", "0", "30", "not_met"),
        ("data_literacy", "0", "1", "not_met"),
        ("security_training", "5648", "120", "not_comparable"),
        ("security_training", "984", "120", "not_comparable"),
        ("council", "6", "12", "not_met"),
        ("council", "111", None, "no_target"),
        ("iot_platform", "9", "9", "met"),
        ("open_data", "118", "150", "not_met"),
        ("public_outreach", "1", "1", "met"),
        ("city_links", "1", "2", "not_met"),
    ],
)
def test_the_plans_table_of_figures(
    project: str, value: str | None, target: str | None, outcome: str
) -> None:
    wanted = (
        Decimal(value) if value else None,
        Decimal(target) if target else None,
        outcome,
    )
    held = []
    for folder, indicator in _indicators():
        if folder.manifest.id == project:
            verdict = judge(indicator)
            held.append((latest(indicator).value, verdict.goal, verdict.outcome))
    assert wanted in held


def test_no_figure_is_held_beyond_the_plans_table() -> None:
    assert len(_indicators()) == 25


@pytest.mark.parametrize(
    ("project", "ratio"), [("universal_design_map", "86.2"), ("pedestrian_flow", "109.0")]
)
def test_percent_of_target(project: str, ratio: str) -> None:
    verdicts = [judge(i) for f, i in _indicators() if f.manifest.id == project]
    assert [verdict.ratio for verdict in verdicts] == [Decimal(ratio)]


def test_the_approximate_figure_and_the_survey_claim_are_marked() -> None:
    held = {
        i.id: (latest(i).approximate, i.shape)
        for f, i in _indicators()
        if f.manifest.id == "ai_rpa"
    }
    assert held["ai_ocr_hours_saved"] == (True, "estimate")
    assert held["ai_minutes_cut"] == (False, "survey_claim")


def _table(project: str, name: str) -> list[dict[str, object]]:
    folder = PLAN.find(project)
    assert folder and folder.figures
    return [
        {key: cell.ja if isinstance(cell, Text) else cell for key, cell in row.items()}
        for table in folder.figures.table
        if table.id == name
        for row in table.rows
    ]


def test_the_five_rpa_rows_are_the_reports(report_text: str) -> None:
    printed = []
    for line in report_text.splitlines():
        cells = line.split("\t")
        if len(cells) == 5 and cells[2].endswith("時間") and cells[4].endswith("%"):
            numbers = [Decimal(cell.rstrip("時間%")) for cell in cells[2:]]
            printed.append([_squeezed(cells[0] + cells[1].replace("【新】", "")), *numbers])
    rows = _table("ai_rpa", "rpa_tasks")
    held = [
        [
            f"{row['division']}{row['task']}",
            row["annual_hours"],
            row["saved_hours"],
            row["reduction"],
        ]
        for row in rows
    ]
    assert len(printed) == 5
    assert held == printed
    assert sum(Decimal(str(row["saved_hours"])) for row in rows if row["new"]) == 19


def test_the_outreach_rows_are_the_reports(report_text: str) -> None:
    printed = re.findall(r"計(\d+)日間実施、計([\d,]+)人申請受付", report_text)
    rows = _table("mynumber_card", "outreach_channels")
    held = [(f"{row['days']}", f"{row['applications']:,}") for row in rows]
    assert held == printed
    assert len(held) == 3


@pytest.mark.parametrize(
    ("project", "state", "words"),
    [
        ("elder_watch", "shelved", "見送"),
        ("road_ledger", "studied", "検討"),
        ("sharing_economy", "studied", "調査・研究"),
        ("traffic_safety", "problems_found", "課題があることが判明"),
        ("municipal_cloud", "agreed", "締結"),
    ],
)
def test_states_in_words_are_kept(project: str, state: str, words: str) -> None:
    folder = PLAN.find(project)
    assert folder
    report = folder.record.report[0]
    assert report.state == state
    assert words in report.words.ja
