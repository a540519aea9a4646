"""The progress report of a fiscal year, put together from the project folders and the values kept.

In the order of the city's own report: what the plan is, the featured projects, then the chapters
with their sections and projects. Behind it stands the list of all indicators.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from tamamo.kernel.errors import SetupError
from tamamo.plan.catalog import CIRCLED, Plan, fiscal_year
from tamamo.plan.figures import Verdict, column_sum, judge_in
from tamamo.plan.loading import Folder
from tamamo.plan.model import Column, Indicator, Passage, Report, Source, Table, Text
from tamamo.plan.present import amount
from tamamo.plan.report import lines, series, summary
from tamamo.plan.report.document import (
    Block,
    Cell,
    Document,
    Grid,
    Heading,
    Paragraph,
)

Language = Literal["ja", "en"]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a report is made from: the plan, the year, and what the installation keeps beside it.

    values: (project, indicator) → its value of the year where it was corrected or entered since.
    courses: indicator → what is known of it over time.
    """

    plan: Plan
    year: int
    language: Language
    values: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    courses: Mapping[str, series.SeriesData] = field(default_factory=dict)

    def word(self, name: str) -> str:
        """Return a word of the report."""
        return self.plan.word("report", name).pick(self.language)


def years(plan: Plan) -> list[int]:
    """Return the fiscal years that some project has a report of."""
    return sorted({report.year for folder in plan.folders for report in folder.record.report})


def build(inputs: Inputs) -> Document:
    """Return the report. Raises SetupError for a year that nothing is recorded of."""
    plan, language = inputs.plan, inputs.language
    if inputs.year not in (known := years(plan)):
        shown = ", ".join(map(str, known))
        raise SetupError(f"No project has a report of {inputs.year}; there are: {shown}.")
    source = _source(inputs)
    blocks: list[Block] = [Heading(1, plan.outline.title.pick(language))]
    blocks += [Paragraph(text.pick(language)) for text in source.preface]
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
    blocks.append(Paragraph(_basis(inputs, source), note=True))
    title = f"{plan.outline.title.pick(language)} {fiscal_year(inputs.year).pick(language)}"
    return Document(title, language, blocks, source.publisher.pick(language))


def one_page(inputs: Inputs) -> Document:
    """Return the indicators of the year on one page."""
    plan, language = inputs.plan, inputs.language
    title = f"{plan.outline.title.pick(language)} {fiscal_year(inputs.year).pick(language)}"
    source = _source(inputs)
    blocks: list[Block] = [
        Heading(1, title),
        *summary.blocks(plan, rows(inputs), language, level=2),
        Paragraph(_basis(inputs, source), note=True),
    ]
    return Document(title, language, blocks, source.publisher.pick(language), dense=True)


def rows(inputs: Inputs) -> list[summary.Row]:
    """Return every indicator as the records hold it in the year, judged."""
    found = []
    for folder in inputs.plan.folders:
        for indicator in folder.figures.indicator if folder.figures else []:
            current, verdict = held(inputs, folder, indicator)
            found.append(summary.Row(folder, current, verdict, inputs.year))
    return found


def held(inputs: Inputs, folder: Folder, indicator: Indicator) -> tuple[Indicator, Verdict]:
    """Return the indicator with the value kept for the year instead of the printed one."""
    value = inputs.values.get((folder.manifest.id, indicator.id))
    current = indicator if value is None else replaced(indicator, inputs.year, value)
    return current, judge_in(current, inputs.year)


def replaced(indicator: Indicator, year: int, value: Decimal) -> Indicator:
    """Return the indicator with another value in a year that has one."""
    import msgspec  # noqa: PLC0415 - only where a value was corrected

    recorded = [
        msgspec.structs.replace(one, value=value) if one.year == year else one
        for one in indicator.recorded
    ]
    return msgspec.structs.replace(indicator, recorded=recorded)


def _source(inputs: Inputs) -> Source:
    ids = {
        report.source
        for folder in inputs.plan.folders
        for report in folder.record.report
        if report.year == inputs.year
    }
    return next(source for source in inputs.plan.outline.source if source.id in ids)


def _section(place: int, name: Text, language: str) -> str:
    return f"（{place}）{name.ja}" if language == "ja" else f"({place}) {name.en}"


def _report(inputs: Inputs, folder: Folder) -> Report | None:
    return next((r for r in folder.record.report if r.year == inputs.year), None)


def _feature(inputs: Inputs, folder: Folder) -> Iterator[Block]:
    report = _report(inputs, folder)
    passages = [p for p in report.passage if p.part == "feature"] if report else []
    if passages:
        name = folder.manifest.name.pick(inputs.language)
        title = inputs.word("featured").format(name=name)
        yield Heading(2, title, f"featured-{folder.manifest.id}")
    for passage in passages:
        yield from _passage(inputs, folder, passage)


def _project(inputs: Inputs, folder: Folder, index: int) -> Iterator[Block]:
    manifest, report = folder.manifest, _report(inputs, folder)
    yield Heading(4, f"{CIRCLED[index]} {manifest.name.pick(inputs.language)}", manifest.id)
    passages = [p for p in report.passage if p.part == "row"] if report else []
    for passage in passages:
        yield from _passage(inputs, folder, passage)
    if not passages:
        yield Paragraph(inputs.word("none"))


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
    for indicator in folder.figures.indicator if folder.figures else []:
        printed = next((r for r in indicator.recorded if r.year == inputs.year), None)
        if printed is None:
            continue
        current, verdict = held(inputs, folder, indicator)
        value = next(r.value for r in current.recorded if r.year == inputs.year)
        judged = inputs.plan.word("outcome", verdict.outcome).pick(inputs.language)
        if verdict.ratio is not None:
            judged = f"{judged} {verdict.ratio}%"
        name = f"{folder.manifest.id}/{indicator.id}"
        found.append(lines.Held(indicator, printed, value, verdict, judged, name))
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


def _basis(inputs: Inputs, source: Source) -> str:
    title, publisher = source.title.pick(inputs.language), source.publisher.pick(inputs.language)
    return inputs.word("basis").format(source=title, publisher=publisher)
