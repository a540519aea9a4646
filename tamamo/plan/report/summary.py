"""All indicators of a year in one table: met 〇, not met △, everything else －, with its word."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tamamo.plan.catalog import Plan, fiscal_year, plan_number
from tamamo.plan.figures import Verdict
from tamamo.plan.loading import Folder
from tamamo.plan.model import Indicator, Recorded
from tamamo.plan.present import recorded_text, target_text
from tamamo.plan.report.document import (
    MARKS,
    OTHER_MARK,
    Block,
    Cell,
    Grid,
    Heading,
    Paragraph,
)


@dataclass(frozen=True, slots=True)
class Row:
    """An indicator of a project in a year. silent: what stands where it has no value."""

    folder: Folder
    indicator: Indicator
    verdict: Verdict
    year: int
    silent: str = "—"

    @property
    def recorded(self) -> Recorded | None:
        """The figure of the year, if there is one."""
        return next((r for r in self.indicator.recorded if r.year == self.year), None)


def blocks(
    plan: Plan, rows: Sequence[Row], language: str, level: Literal[2, 3] = 2
) -> Iterator[Block]:
    """Yield heading, counts, table and what the signs mean."""
    outcomes = [row.verdict.outcome for row in rows]
    met, missed = outcomes.count("met"), outcomes.count("not_met")
    word = {name: text.pick(language) for name, text in plan.words["report"].items()}
    yield Heading(level, word["summary"], "indicators")
    yield Paragraph(
        word["summary_counts"].format(
            met=met, not_met=missed, other=len(rows) - met - missed, all=len(rows)
        )
    )
    yield grid(plan, rows, language)
    yield Paragraph(word["summary_other"], note=True)


def grid(plan: Plan, rows: Sequence[Row], language: str) -> Grid:
    """Return the table."""
    names = ("number", "project", "indicator", "result", "target", "mark", "ratio")
    numeric = {"result", "target", "ratio"}
    words = {**plan.words["doc"], **plan.words["report"]}
    return Grid(
        words["summary"].pick(language),
        [Cell(words[name].pick(language), numeric=name in numeric) for name in names],
        [_cells(plan, row, language) for row in rows],
        name="indicators",
    )


def _cells(plan: Plan, row: Row, language: str) -> list[Cell]:
    indicator, recorded, verdict = row.indicator, row.recorded, row.verdict
    outcome = plan.word("outcome", verdict.outcome).pick(language)
    mark = MARKS.get(verdict.outcome)
    return [
        Cell(plan_number(row.folder.manifest.plan)),
        Cell(row.folder.manifest.name.pick(language)),
        Cell(indicator.name.pick(language)),
        Cell(
            recorded_text(recorded, indicator.unit, language) if recorded else row.silent,
            recorded.value if recorded else None,
            numeric=True,
        ),
        Cell(_target(row, language), verdict.goal, numeric=True),
        Cell(f"{mark or OTHER_MARK} {outcome}"),
        Cell(f"{verdict.ratio}%" if verdict.ratio is not None else "—", verdict.ratio, True),
    ]


def _target(row: Row, language: str) -> str:
    target = row.indicator.target
    if target is None:
        return "—"
    text = target_text(target, row.indicator.unit, row.year, language)
    if target.year is None:
        return text
    year = f"R{target.year - 2018}" if language == "ja" else fiscal_year(target.year).en
    return f"{text} [{year}]"
