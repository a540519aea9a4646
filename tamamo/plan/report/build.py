"""The progress report of a fiscal year, put together from the project folders and the desk.

In the order of the city's own report: what the plan is, the featured projects, then the chapters
with their sections and projects. Behind it stands the list of all indicators. A year that was
published stands in the folders; what owners reported and heads approved since takes its place, and
makes the report of the years that no folder holds.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from tamamo.kernel.errors import SetupError
from tamamo.plan.catalog import CIRCLED, Plan, fiscal_year
from tamamo.plan.figures import column_sum
from tamamo.plan.loading import Folder
from tamamo.plan.model import Column, Passage, Table, Text
from tamamo.plan.present import amount
from tamamo.plan.report import desk, lines, series, summary
from tamamo.plan.report.document import (
    Block,
    Cell,
    Document,
    FigureLine,
    Grid,
    Heading,
    Paragraph,
)
from tamamo.plan.report.inputs import Inputs, indicators


def years(plan: Plan, reported: Collection[int] = ()) -> list[int]:
    """Return the fiscal years there is a report of. reported: those approved at the desk."""
    recorded = {report.year for folder in plan.folders for report in folder.record.report}
    return sorted(recorded | set(reported))


def build(inputs: Inputs) -> Document:
    """Return the report. Raises SetupError for a year that nothing is recorded of."""
    _require(inputs)
    plan, language = inputs.plan, inputs.language
    blocks: list[Block] = [Heading(1, plan.outline.title.pick(language)), *_preface(inputs)]
    for folder in plan.folders:
        blocks += _feature(inputs, folder)
    for chapter, number, section, place, folders in plan.sections():
        if place == 1:
            blocks.append(Heading(2, f"{number} {chapter.name.pick(language)}", f"{number}"))
        blocks.append(Heading(3, _section(place, section.name, language), f"{number}-{place}"))
        heading = f"{fiscal_year(inputs.year).pick(language)} {inputs.word('progress')}"
        blocks.append(Paragraph(heading, note=True))
        for index, folder in enumerate(folders):
            blocks += _project(inputs, folder, index)
    blocks += summary.blocks(plan, rows(inputs), language)
    blocks.append(Paragraph(_basis(inputs), note=True))
    title = f"{plan.outline.title.pick(language)} {fiscal_year(inputs.year).pick(language)}"
    return Document(title, language, blocks, _publisher(inputs))


def one_page(inputs: Inputs) -> Document:
    """Return the indicators of the year on one page. Raises SetupError as build does."""
    _require(inputs)
    plan, language = inputs.plan, inputs.language
    title = f"{plan.outline.title.pick(language)} {fiscal_year(inputs.year).pick(language)}"
    blocks: list[Block] = [
        Heading(1, title),
        *summary.blocks(plan, rows(inputs), language, level=2),
        Paragraph(_basis(inputs), note=True),
    ]
    return Document(title, language, blocks, _publisher(inputs), dense=True)


def rows(inputs: Inputs) -> list[summary.Row]:
    """Return every indicator as the year holds it, judged."""
    return [
        summary.Row(
            folder, *inputs.held(folder, one), inputs.year, desk.state_word(inputs, folder, one)
        )
        for folder in inputs.plan.folders
        for one in indicators(folder)
    ]


def _require(inputs: Inputs) -> None:
    known = years(inputs.plan)
    if inputs.year in known or inputs.desk.any:
        return
    if waiting := len(inputs.desk.waiting):
        raise SetupError(
            f"Nothing of {inputs.year} is approved yet; entries that wait for approval: {waiting}."
        )
    shown = ", ".join(map(str, known))
    raise SetupError(f"No project has a report of {inputs.year}; there are: {shown}.")


def _preface(inputs: Inputs) -> Iterator[Block]:
    source, language = inputs.source, inputs.language
    if source is not None:
        yield from (Paragraph(text.pick(language)) for text in source.preface)
        return
    yield Paragraph(inputs.plan.outline.aim.pick(language))
    yield from desk.completeness(inputs)


def _section(place: int, name: Text, language: str) -> str:
    return f"（{place}）{name.ja}" if language == "ja" else f"({place}) {name.en}"


def _feature(inputs: Inputs, folder: Folder) -> Iterator[Block]:
    report = inputs.report(folder)
    passages = [p for p in report.passage if p.part == "feature"] if report else []
    if passages:
        name = folder.manifest.name.pick(inputs.language)
        title = inputs.word("featured").format(name=name)
        yield Heading(2, title, f"featured-{folder.manifest.id}")
    for passage in passages:
        yield from _passage(inputs, folder, passage)


def _project(inputs: Inputs, folder: Folder, index: int) -> Iterator[Block]:
    manifest, report = folder.manifest, inputs.report(folder)
    yield Heading(4, f"{CIRCLED[index]} {manifest.name.pick(inputs.language)}", manifest.id)
    passages = [p for p in report.passage if p.part == "row"] if report else []
    printed = [block for passage in passages for block in _passage(inputs, folder, passage)]
    if told := desk.narrative(inputs, folder):
        yield from told
        printed = [block for block in printed if isinstance(block, FigureLine)]
    elif not passages:
        yield Paragraph(desk.silence(inputs, folder))
    yield from printed
    lined = {block.indicator for block in printed if isinstance(block, FigureLine)}
    yield from desk.figures(inputs, folder, lined)
    for one in indicators(folder):
        name = f"{manifest.id}/{one.id}"
        if one.series and not report and inputs.courses.get(name):
            picture = _picture(inputs, folder, one.name.pick(inputs.language), one.id)
            yield from (block for block in picture if not isinstance(block, Heading))
    yield from desk.decision(inputs, folder)
    yield from desk.notes(inputs, folder)


def _passage(inputs: Inputs, folder: Folder, passage: Passage) -> Iterator[Block]:
    language = inputs.language
    if passage.heading:
        yield Heading(3, passage.heading.pick(language))
    text = passage.ja if language == "ja" else passage.en
    yield from lines.blocks(text, _held(inputs, folder))
    for table in folder.figures.table if folder.figures else []:
        if table.id == passage.table:
            yield _grid(inputs, table)
            if table.note:
                yield Paragraph(table.note.pick(language), note=True)
    if passage.picture:
        yield from _picture(inputs, folder, passage.picture.pick(language), passage.chart)


def _held(inputs: Inputs, folder: Folder) -> list[lines.Held]:
    found = []
    for indicator in indicators(folder):
        printed = inputs.printed(indicator)
        if printed is None:
            continue
        current, verdict = inputs.held(folder, indicator)
        value = next(r.value for r in current.recorded if r.year == inputs.year)
        judged = desk.judged_text(inputs, verdict)
        name = f"{folder.manifest.id}/{indicator.id}"
        asked = inputs.asked(folder, indicator)
        found.append(lines.Held(indicator, printed, value, verdict, judged, name, asked))
    return found


def _picture(inputs: Inputs, folder: Folder, title: str, indicator: str | None) -> Iterator[Block]:
    data = inputs.courses.get(f"{folder.manifest.id}/{indicator}")
    start, end = date(inputs.year, 4, 1), date(inputs.year + 1, 4, 1)
    chart = series.chart(title, data, start, end, inputs.language) if data else None
    yield Heading(3, title)
    if chart and data:
        yield replace(chart, about=f"{folder.manifest.id}/{indicator}")
        source = data.source.pick(inputs.language)
        yield Paragraph(inputs.word("chart_basis").format(source=source), note=True)
    else:
        yield Paragraph(inputs.word("no_series" if indicator else "no_picture"), note=True)


def _grid(inputs: Inputs, table: Table) -> Grid:
    """The table as the report prints it: units in the cells, marks before what they mark."""
    language = inputs.language
    marks = {column.marks: column for column in table.columns if column.marks}
    columns = [column for column in table.columns if not column.marks]
    totals = [_total(table, column, language) for column in columns]
    if any(cell.text for cell in totals):
        totals[0] = Cell(inputs.plan.word("doc", "total").pick(language))
    else:
        totals = []
    return Grid(
        table.name.pick(language),
        [_head(column, marks.get(column.id), language) for column in columns],
        [[_cell(row, c, marks.get(c.id), language) for c in columns] for row in table.rows],
        totals,
        table.id,
    )


def _head(column: Column, mark: Column | None, language: str) -> Cell:
    name = column.name.pick(language)
    legend = f" {mark.legend.pick(language)}" if mark and mark.legend else ""
    return Cell(name + legend, numeric=column.kind == "number")


def _cell(row: Mapping[str, object], column: Column, mark: Column | None, language: str) -> Cell:
    content = row.get(column.id)
    if isinstance(content, Text):
        before = mark.mark.pick(language) if mark and mark.mark and row.get(mark.id) else ""
        return Cell(before + content.pick(language))
    if isinstance(content, bool):
        return Cell(column.name.pick(language) if content else "")
    if isinstance(content, int | Decimal):
        return _number(Decimal(content), column, language)
    return Cell("—")


def _number(value: Decimal, column: Column, language: str) -> Cell:
    text = amount(value, column.unit, language) if column.unit else f"{value:,}"
    return Cell(text, value, numeric=True)


def _total(table: Table, column: Column, language: str) -> Cell:
    if not column.total:
        return Cell("", numeric=column.kind == "number")
    total = column_sum(table, column.id)
    whole = total.to_integral_value()
    return _number(whole if whole == total else total, column, language)


def _publisher(inputs: Inputs) -> str:
    return (inputs.source or inputs.plan.outline.source[-1]).publisher.pick(inputs.language)


def _basis(inputs: Inputs) -> str:
    source = inputs.source
    if source is None:
        return inputs.word("basis_desk")
    title, publisher = source.title.pick(inputs.language), source.publisher.pick(inputs.language)
    text = inputs.word("basis").format(source=title, publisher=publisher)
    return f"{text} {inputs.word('basis_since')}" if inputs.desk.any else text
