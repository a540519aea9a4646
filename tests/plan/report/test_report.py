"""The report of FY2020 in all formats against the published text, which it must hold wholly."""

import re
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tamamo.kernel.errors import SetupError
from tamamo.plan.catalog import load_plan, year_named
from tamamo.plan.check_figures import numbers_in
from tamamo.plan.report import pdf, reading, sheet, word
from tamamo.plan.report.build import build, one_page
from tamamo.plan.report.commands import FORMATS, plan, write
from tamamo.plan.report.compare import compare, pieces
from tamamo.plan.report.document import FigureLine, Grid, Heading
from tamamo.plan.report.inputs import Inputs
from tamamo.plan.year.public import YearValue
from tamamo.plan.year.reported import Reported
from tests.plan.report.course import COURSE

PLAN = load_plan()
WITH_CHART = Inputs(PLAN, 2020, "ja", courses={"mynumber_card/issue_rate": COURSE})


def _ignore(_: str) -> None:
    return


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The report in each format, with a chart."""
    folder, document = tmp_path_factory.mktemp("report"), build(WITH_CHART)
    files = {name: folder / f"report.{name}" for name in FORMATS}
    for name, file in files.items():
        file.write_bytes(write(document, name, _ignore))
    return files


@pytest.mark.parametrize("name", FORMATS)
def test_no_line_and_no_figure_of_the_published_report_is_missing(
    made: dict[str, Path], report_text: str, name: str
) -> None:
    found = compare(report_text, reading.text_of(made[name]))
    assert found.missing == ()
    assert (found.figures_found, found.pieces_found) == (found.figures, found.pieces)
    # Counted by hand in the published text: figures in prose, tables and ○ lines.
    assert found.figures > 150


def test_the_comparison_says_what_is_wrong_and_what_stands_instead(report_text: str) -> None:
    ours = reading.markdown(write(build(WITH_CHART), "md", _ignore))
    wrong = ours.replace("5,967人", "5,976人").replace("コミュニティセンターでの出張受付", "")
    found = compare(report_text, wrong)
    assert [(m.piece.figures, m.figures) for m in found.missing] == [
        ((), ()),
        (("5,967人", "R3目", "5,600人"), ("5,967人",)),
    ]
    assert "5,976人" in found.missing[1].instead
    assert found.figures_found == found.figures - 1
    assert compare(report_text, "").figures_found == 0


def test_a_heading_of_a_table_that_a_page_break_repeats_counts_once() -> None:
    head = "事業名\t取組 2020年度"
    text = f"（1）節\n{head}\nA\t1件\n\n{head}\nB\t2件\n（2）節\n{head}"
    assert [piece.text for piece in pieces(text)].count("取組2020年度") == 2


def test_chapters_sections_and_projects_stand_in_the_plans_order() -> None:
    headings = [b for b in build(WITH_CHART).blocks if isinstance(b, Heading)]
    names = [h.name for h in headings if h.level == 4]
    assert names == [folder.manifest.id for folder in PLAN.folders]
    assert [h.text[0] for h in headings if h.level == 2][2:5] == ["1", "2", "3"]


def test_each_marked_figure_is_written_from_its_indicator() -> None:
    lines = [b for b in build(WITH_CHART).blocks if isinstance(b, FigureLine)]
    assert len(lines) == 22  # 21 in the rows, the robots' hours once more on their page
    judged = {line.indicator: (line.mark, line.judged) for line in lines}
    assert judged["universal_design_map/map_entries"] == ("△", "目標未達 86.2%")
    assert judged["pedestrian_flow/pedestrians_15_points"] == ("〇", "目標達成 109.0%")
    assert judged["security_training/mail_drill_targets"][0] == "－"


def test_the_translated_lines_hold_the_same_figures() -> None:
    both = [
        [b for b in build(Inputs(PLAN, 2020, language)).blocks if isinstance(b, FigureLine)]
        for language in ("ja", "en")
    ]
    for japanese, english in zip(*both, strict=True):
        assert japanese.indicator == english.indicator
        # R3 and R6 are FY2021 and FY2024 in English.
        text = re.sub(r"（R([0-9]+)", lambda era: f" {int(era[1]) + 2018} ", japanese.text)
        assert sorted(numbers_in(text)) == sorted(numbers_in(english.text)), english.text


def test_a_corrected_value_is_printed_and_judged_instead() -> None:
    names = {("universal_design_map", "map_entries"): 951, ("facility_management", "data_kinds"): 3}
    values = Reported({
        name: YearValue(2020, Decimal(number), date(2021, 3, 31), "entered", "x", reason="数え直し")
        for name, number in names.items()
    })  # fmt: skip
    lines = {
        b.indicator: b
        for b in build(Inputs(PLAN, 2020, "ja", values)).blocks
        if isinstance(b, FigureLine)
    }
    line = lines["universal_design_map/map_entries"]
    assert line.text == "○ユニバーサルデザインマップの登録件数：951件（R3目標値：950件）"
    assert (line.mark, line.judged) == ("〇", "目標達成 100.1%")
    english = build(Inputs(PLAN, 2020, "en", values)).blocks
    assert any(
        isinstance(b, FigureLine) and b.text.endswith("951 (FY2021 target: 950)") for b in english
    )


def test_the_tables_of_the_featured_pages_add_up() -> None:
    grids = {b.name: b for b in build(WITH_CHART).blocks if isinstance(b, Grid)}
    outreach = [[cell.text for cell in row[2:]] for row in grids["outreach_channels"].lines]
    assert outreach == [
        ["32日", "1,501人"],
        ["10日", "216人"],
        ["8日", "159人"],
        ["50日", "1,876人"],
    ]
    robots = [[cell.text for cell in row[2:]] for row in grids["rpa_tasks"].lines]
    assert robots[-1] == ["382時間", "238時間", ""]
    assert [row[2] for row in robots[:-1]] == ["88.1%", "58.6%", "45.0%", "95.8%", "93.8%"]


def test_the_pdf_is_tagged_titled_and_speaks_japanese(made: dict[str, Path]) -> None:
    from pypdf import PdfReader

    reader = PdfReader(made["pdf"])
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "ja"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert (
        reader.metadata
        and reader.metadata.title == "スマートシティたかまつ推進プラン 令和2年度(2020年度)"
    )
    tags = _tags(root["/StructTreeRoot"])
    assert tags.count("/H4") == 36
    assert {"/Table", "/TH", "/TD", "/L", "/LI", "/Figure"} <= set(tags)
    assert b"pdfuaid:part" in root["/Metadata"].get_data()


def _tags(element: Any) -> list[str]:
    children = element.get("/K", [])
    found = [element["/S"]] if "/S" in element else []
    for child in children if isinstance(children, list) else [children]:
        inside = child.get_object()
        if isinstance(inside, dict):
            found += _tags(inside)
    return found


def test_the_summary_is_one_page() -> None:
    from pypdf import PdfReader

    body = pdf.write(one_page(Inputs(PLAN, 2020, "en")))  # the longer language
    (page,) = PdfReader(BytesIO(body)).pages
    text = page.extract_text()
    assert text.count("〇") == 10  # nine met, and what the sign means
    assert text.count("△") == 10


def test_the_workbook_holds_numbers_and_a_chart(made: dict[str, Path]) -> None:
    import openpyxl

    book = openpyxl.load_workbook(made["xlsx"])
    robots = book["RPA導入業務一覧"]
    assert [robots.cell(row, 4).value for row in range(2, 8)] == [37, 164, 18, 11.5, 7.5, 238]
    assert robots["C2"].number_format == '#,##0"時間"'
    rates = book["令和2年度（2020年度）マイナンバーカード交付率推移"[:31]]
    assert len(rates._charts) == 1
    formulas = [c for s in book for r in s.iter_rows() for c in r if c.data_type == "f"]
    assert formulas == []


def test_the_word_document_has_headings_repeated_heads_and_a_chart(made: dict[str, Path]) -> None:
    import docx

    document = docx.Document(str(made["docx"]))
    styles = [p.style.name for p in document.paragraphs if p.style]
    assert styles.count("Heading 3") == 36
    assert all(t.rows[0]._tr.trPr.xpath("w:tblHeader") for t in document.tables)
    charts = [p for p in document.part.package.iter_parts() if "drawingml.chart" in p.content_type]
    assert len(charts) == 1
    assert document.element.xpath("//wp:docPr/@descr")[0].startswith(
        "2020年6月1日、町は18.3%となり"
    )


def test_without_series_the_chart_is_said_to_be_missing_and_nothing_is_drawn() -> None:
    text = reading.markdown(write(build(Inputs(PLAN, 2020, "ja")), "md", _ignore))
    assert "（この図を描くデータは取り込まれていません。）" in text
    assert sheet.write(build(Inputs(PLAN, 2020, "en")))
    assert word.write(build(Inputs(PLAN, 2020, "en")))


@pytest.mark.parametrize(
    ("text", "year"),
    [("2020", 2020), ("R2", 2020), ("令和２年度", 2020), ("令和元年度", 2019), ("H30", 2018)],
)
def test_fiscal_years_by_their_names(text: str, year: int) -> None:
    assert year_named(text) == year


def test_a_year_without_records_is_refused_with_those_there_are() -> None:
    with pytest.raises(SetupError, match=r"No project has a report of 2019; there are: 2020\."):
        build(Inputs(PLAN, 2019, "ja"))
    assert year_named("令和2年3月") is None
    result = CliRunner().invoke(plan, ["report", "--year", "R"])
    assert result.exit_code == 2
    assert "no fiscal year such as 2020" in result.output


def test_the_command_writes_a_file_and_compares(tmp_path: Path, report_text: str) -> None:
    published, ours = tmp_path / "published.txt", tmp_path / "ours.md"
    published.write_text(report_text, "utf-8")
    run = CliRunner().invoke
    made = run(plan, ["report", "--year", "2020", "--out", str(ours), "--records"])
    assert made.exit_code == 0, made.output
    good = run(plan, ["compare", str(published), "--year", "R2", "--with", str(ours)])
    assert good.exit_code == 0
    assert "Figures: 180 of 180 found." in good.output
    ours.write_text(ours.read_text("utf-8").replace("1,501人", "1,510人"), "utf-8")
    bad = run(plan, ["compare", str(published), "--year", "R2", "--with", str(ours)])
    assert bad.exit_code == 1
    assert "Figures: 179 of 180 found." in bad.output
