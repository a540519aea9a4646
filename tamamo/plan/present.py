"""Recorded figures as people read them, in one language: used by pages, READMEs and exports."""

from dataclasses import dataclass
from decimal import Decimal

from tamamo.plan.catalog import Plan, fiscal_year
from tamamo.plan.figures import Outcome, column_sum, judge, latest
from tamamo.plan.loading import Folder
from tamamo.plan.model import Column, Indicator, Recorded, Table, Target, Text, Unit


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One indicator's newest recorded figure beside its target, all as text but the outcome."""

    id: str
    name: str
    value: str
    year: str
    target: str
    target_year: str
    outcome: Outcome
    outcome_word: str
    ratio: str
    shape: str
    printed: str
    note: str


@dataclass(frozen=True, slots=True)
class TableView:
    """A recorded table: heads and cells as text; numeric tells which columns are numbers."""

    name: str
    year: str
    heads: list[str]
    numeric: list[bool]
    rows: list[list[str]]
    totals: list[str]
    note: str

    @property
    def columns(self) -> list[tuple[str, bool]]:
        """Heads with their kind, for templates."""
        return list(zip(self.heads, self.numeric, strict=True))

    @property
    def marked_rows(self) -> list[list[tuple[str, bool]]]:
        """Cells with the kind of their column, for templates."""
        return [list(zip(row, self.numeric, strict=True)) for row in self.rows]

    @property
    def marked_totals(self) -> list[tuple[str, bool]]:
        """Totals with the kind of their column, for templates."""
        return list(zip(self.totals, self.numeric, strict=True))


def amount(value: Decimal, unit: Unit, language: str) -> str:
    """Return a number with its unit: 5,967人, 5,967 people, 28.8%."""
    number = f"{value:,}"
    if unit.en == "%" or language.startswith("ja"):
        return f"{number}{unit.pick(language)}"
    return f"{number} {unit.one if value == 1 and unit.one else unit.en}"


def asked(one: Indicator, whole: Decimal | None, language: str) -> str:
    """Return how many answered, to stand behind a value; "" unless it is of a survey and kept."""
    if not one.surveyed or not whole:
        return ""
    return f"（n={whole:,.0f}）" if language.startswith("ja") else f" (n={whole:,.0f})"


def step_text(step: Decimal, unit: Unit, language: str) -> str:
    """Return by how much two years differ, without a sign: shares differ by points, not percent."""
    if unit.en == "%":
        return f"{abs(step):,}ポイント" if language.startswith("ja") else f"{abs(step):,} points"
    return amount(abs(step), unit, language)


def recorded_text(recorded: Recorded, unit: Unit, language: str) -> str:
    """Return a recorded figure; a rounded one says about, one without a number its words."""
    if recorded.value is None:
        return recorded.words.pick(language) if recorded.words else recorded.printed
    about = Text(ja="約", en="about ").pick(language) if recorded.approximate else ""
    return about + amount(recorded.value, unit, language)


def target_text(target: Target, unit: Unit, year: int, language: str) -> str:
    """Return a target; a moving one shows its value in the year, another count what it counts."""
    if target.value is not None:
        number = amount(target.value, unit, language)
        return f"{number} ({target.counts.pick(language)})" if target.counts else number
    words = target.words.pick(language) if target.words else target.printed
    moving = next((b.value for b in target.benchmark if b.year == year), None)
    if moving is None:
        return words
    return f"{words} ({fiscal_year(year).pick(language)}: {amount(moving, unit, language)})"


def figure_row(plan: Plan, indicator: Indicator, language: str) -> FigureRow:
    """Return an indicator's newest figure in a language."""
    recorded, target, verdict = latest(indicator), indicator.target, judge(indicator)
    target_year = fiscal_year(target.year).pick(language) if target and target.year else ""
    return FigureRow(
        id=indicator.id,
        name=indicator.name.pick(language),
        value=recorded_text(recorded, indicator.unit, language),
        year=fiscal_year(recorded.year).pick(language),
        target=target_text(target, indicator.unit, recorded.year, language) if target else "",
        target_year=target_year,
        outcome=verdict.outcome,
        outcome_word=plan.word("outcome", verdict.outcome).pick(language),
        ratio=f"{verdict.ratio}%" if verdict.ratio is not None else "",
        shape=plan.word("shape", indicator.shape).pick(language),
        printed=recorded.printed,
        note=indicator.note.pick(language) if indicator.note else "",
    )


def figure_rows(plan: Plan, folder: Folder, language: str) -> list[FigureRow]:
    """Return the folder's figures, none where the report gives none."""
    indicators = folder.figures.indicator if folder.figures else []
    return [figure_row(plan, indicator, language) for indicator in indicators]


def table_view(plan: Plan, table: Table, language: str) -> TableView:
    """Return a recorded table in a language, with the sums of the columns that want one."""
    word = plan.word("doc", "total").pick(language)
    totals = [_total(table, column) for column in table.columns]
    if any(totals):
        totals[0] = word
    return TableView(
        name=table.name.pick(language),
        year=fiscal_year(table.year).pick(language),
        heads=[_head(column, language) for column in table.columns],
        numeric=[column.kind == "number" for column in table.columns],
        rows=[
            [_cell(row.get(column.id), column, language) for column in table.columns]
            for row in table.rows
        ],
        totals=totals if any(totals) else [],
        note=table.note.pick(language) if table.note else "",
    )


def _head(column: Column, language: str) -> str:
    name = column.name.pick(language)
    return f"{name} ({column.unit.pick(language)})" if column.unit else name


def _total(table: Table, column: Column) -> str:
    return f"{column_sum(table, column.id).normalize():,f}" if column.total else ""


def _cell(cell: object, column: Column, language: str) -> str:
    if isinstance(cell, Text):
        return cell.pick(language)
    if isinstance(cell, bool):
        return column.name.pick(language) if cell else ""
    return f"{cell:,}" if isinstance(cell, Decimal) else "—"
