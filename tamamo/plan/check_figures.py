"""Checks of kpi.toml: every figure stands in the report, every table adds up."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from tamamo.plan.figures import column_sum, number, share
from tamamo.plan.loading import Fault, Folder
from tamamo.plan.model import Column, Indicator, Outline, Recorded, Table, Target, Text
from tamamo.plan.values.judging import judge_value

#: "R3目標値" is the target for 令和3年度, FY2021.
_TARGET_YEAR = re.compile(r"R([0-9]+)目標値")


def check_figures(folder: Folder, outline: Outline) -> Iterator[Fault]:
    """Return the faults of the folder's figures; none when the report gives no figure."""
    if folder.figures is None:
        return
    file = folder.path / "kpi.toml"
    sources = {source.id for source in outline.source}
    ids = [indicator.id for indicator in folder.figures.indicator]
    for index, indicator in enumerate(folder.figures.indicator):
        at = f"indicator[{index}]"
        if ids.index(indicator.id) != index:
            yield Fault(file, f"{at}.id", f'"{indicator.id}" is there twice')
        yield from _check_indicator(folder, file, at, indicator, sources)
    for index, table in enumerate(folder.figures.table):
        yield from _check_table(file, f"table[{index}]", table, folder.figures.indicator)
        if table.source not in sources:
            yield Fault(file, f"table[{index}].source", f'"{table.source}" is not in outline.toml')


def _check_indicator(
    folder: Folder, file: Path, at: str, indicator: Indicator, sources: set[str]
) -> Iterator[Fault]:
    years = [recorded.year for recorded in indicator.recorded]
    for place, recorded in enumerate(indicator.recorded):
        here = f"{at}.recorded[{place}]"
        if years.index(recorded.year) != place:
            yield Fault(file, f"{here}.year", f"{recorded.year} has a value already")
        yield from _check_range(file, here, indicator, recorded.value)
        if recorded.source not in sources:
            yield Fault(file, f"{here}.source", f'"{recorded.source}" is not in outline.toml')
        yield from _check_printed(file, here, recorded, _report_text(folder, recorded.year))
    if target := indicator.target:
        yield from _check_range(file, f"{at}.target", indicator, target.value)
        if target.value is not None and target.year is None:
            yield Fault(file, f"{at}.target.year", "is missing: by when is the target to be met?")
        yield from _check_target(file, f"{at}.target", target, _report_text(folder, None))


def _check_range(
    file: Path, at: str, indicator: Indicator, value: Decimal | None
) -> Iterator[Fault]:
    reason = judge_value(indicator, value, indicator.unit.ja) if value is not None else None
    if reason:
        yield Fault(file, f"{at}.value", reason.en)


def _check_printed(file: Path, at: str, recorded: Recorded, text: str) -> Iterator[Fault]:
    if recorded.printed not in text:
        yield Fault(
            file, f"{at}.printed", f'"{recorded.printed}" does not stand in the report of the year'
        )
    if recorded.value is None and recorded.words is None:
        yield Fault(file, f"{at}.value", "needs a value, or words where the report gives no number")
    yield from _check_value(file, at, recorded.value, recorded.printed)


def _check_target(file: Path, at: str, target: Target, text: str) -> Iterator[Fault]:
    if target.printed not in text:
        yield Fault(file, f"{at}.printed", f'"{target.printed}" does not stand in the report')
    if target.value is None and target.words is None:
        yield Fault(file, f"{at}.value", "needs a value, or words for a target without a number")
    if not target.comparable and target.counts is None:
        yield Fault(file, f"{at}.counts", "must say what the target counts instead")
    if (era := _TARGET_YEAR.search(target.printed)) and int(era[1]) + 2018 != target.year:
        yield Fault(file, f"{at}.year", f'{target.year} is not the year of "{era[0]}"')
    yield from _check_value(file, at, target.value, target.printed)
    for index, benchmark in enumerate(target.benchmark):
        here = f"{at}.benchmark[{index}]"
        if benchmark.printed not in text:
            yield Fault(file, f"{here}.printed", f'"{benchmark.printed}" is not in the report')
        yield from _check_value(file, here, benchmark.value, benchmark.printed)


def _check_value(file: Path, at: str, value: Decimal | None, printed: str) -> Iterator[Fault]:
    """The value must be one of the numbers printed; commas do not count."""
    if value is not None and not any(value == found for found in numbers_in(printed)):
        yield Fault(file, f"{at}.value", f'{value} does not stand in "{printed}"')


def numbers_in(printed: str) -> list[Decimal]:
    """Return the numbers of a printed line: `5,967人（R3目標値：5,600人）` holds 5967, 3, 5600."""
    found, digits = [], ""
    for sign in printed.replace(",", "") + " ":
        if sign.isascii() and (sign.isdigit() or (sign == "." and digits)):
            digits += sign
        elif digits:
            found.append(Decimal(digits.rstrip(".")))
            digits = ""
    return found


def _report_text(folder: Folder, year: int | None) -> str:
    reports = [report for report in folder.record.report if year in (None, report.year)]
    return "\n".join(passage.ja for report in reports for passage in report.passage)


def _check_table(file: Path, at: str, table: Table, indicators: list[Indicator]) -> Iterator[Fault]:
    known = {column.id for column in table.columns}
    optional = {column.id for column in table.columns if column.optional}
    faulty = False
    for index, row in enumerate(table.rows):
        for name in sorted((row.keys() ^ known) - (optional - row.keys())):
            faulty = True
            what = "is missing" if name in known else "is not a column"
            yield Fault(file, f"{at}.rows[{index}].{name}", what)
        for column in table.columns:
            if column.id in row and not _fits(column, row[column.id]):
                faulty = True
                here = f"{at}.rows[{index}].{column.id}"
                yield Fault(file, here, f"must be a {column.kind} ({{ ja, en }} for text)")
    for column in table.columns:
        for name in column.share_of or ():
            if name not in {c.id for c in table.columns if c.kind == "number"} - optional:
                faulty = True
                yield Fault(file, f"{at}.{column.id}", f"share_of: {name} is no number column")
        if (column.sum_is or column.total) and column.kind != "number":
            faulty = True
            yield Fault(file, f"{at}.{column.id}", "only a column of numbers has a sum")
    if faulty:
        return
    for column in table.columns:
        yield from _check_column(file, at, table, column, indicators)


def _fits(column: Column, cell: object) -> bool:
    if column.kind == "text":
        return isinstance(cell, Text)
    if column.kind == "flag":
        return isinstance(cell, bool)
    return isinstance(cell, int | Decimal) and not isinstance(cell, bool)


def _check_column(
    file: Path, at: str, table: Table, column: Column, indicators: list[Indicator]
) -> Iterator[Fault]:
    if column.share_of:
        part, whole = column.share_of
        for index, row in enumerate(table.rows):
            here = f"{at}.rows[{index}].{column.id}"
            if not number(row[whole]):
                yield Fault(file, here, f"no share: {whole} is 0")
                continue
            computed = share(number(row[part]), number(row[whole]), column.decimals)
            if computed != row[column.id]:
                said = f"{row[column.id]} is recorded, but {part} / {whole} is {computed}"
                yield Fault(file, here, said)
    if column.sum_is:
        total = column_sum(table, column.id)
        figures = [i for i in indicators if i.id == column.sum_is]
        values = [r.value for i in figures for r in i.recorded if r.year == table.year]
        if values != [total]:
            recorded = ", ".join(str(value) for value in values) or "nothing"
            said = f"the rows add up to {total}, but {column.sum_is} is {recorded}"
            yield Fault(file, f"{at}.{column.id}", said)
