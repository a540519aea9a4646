"""The rows of a file by a recipe: values, what is said of them, and what cannot be used."""

from collections.abc import Iterator
from types import TracebackType
from typing import Final, cast

from tamamo.feeds.quality import Reason
from tamamo.feeds.readers.table import normal
from tamamo.registers.intake import layout, source
from tamamo.registers.intake.converting import Converter, Keys
from tamamo.registers.intake.errors import IntakeRefused
from tamamo.registers.intake.layout import Layout
from tamamo.registers.intake.lines import Cell, Line, Lines, is_blank, shown
from tamamo.registers.intake.model import Finding, Inspection, Recipe, RecipeColumn, Row, Tally
from tamamo.registers.intake.source import Source

#: Lines read before the headings are looked for.
HEAD: Final = 200

TOO_MANY: Final = Reason(
    "too_many_columns", "見出しより列が多い行です", "the row has more cells than there are headings"
)
TOO_FEW: Final = Reason(
    "too_few_columns",
    "見出しより列が少ない行です",
    "the row has fewer cells than there are headings",
)
BESIDE: Final = Reason(
    "beside_table",
    "表から離れた列に値があります（使いません）",
    "a value stands apart from the table, beyond a blank column: not used",
)
UNSAVED: Final = Reason(
    "formula_without_value",
    "計算結果のない数式があります（Excelで開いて保存し直してください）",
    "a formula has no saved value: open the file in Excel and save it",
)


class Rows:
    """The rows of a file, one by one; `tally` says what became of those read so far."""

    def __init__(
        self,
        given: Source,
        name: str,
        recipe: Recipe,
        *,
        about: Inspection | None = None,
        kept: list[Line] | None = None,
    ) -> None:
        """Open a file. kept: the lines of a workbook that was read before.

        Raises IntakeRefused when the file, its sheet or its headings are not as the recipe needs.
        """
        about = about or source.inspect(given, name, recipe.encoding)
        self.recipe = recipe
        self.tally = Tally()
        self._lines = Lines(
            given,
            about,
            sheet=recipe.sheet,
            delimiter=recipe.delimiter,
            kept=kept,
        )
        self._unsaved = _unsaved(given, self._lines)
        self._stream = iter(self._lines)
        self.head = take(self._stream, HEAD)
        self.layout = self._find()
        self._columns = places(recipe, self.layout)
        # The cells of a CSV are texts; those of a workbook are shown as such.
        self._shown = _as_texts if self._lines.kind == "xlsx" else _same
        self._converter = Converter(recipe, self._columns)
        self._keys = Keys(recipe)
        self._rows = self._read()

    def _find(self) -> Layout:
        used = [column.source for column in self.recipe.columns if column.use]
        if self.recipe.header_rows is not None:
            return layout.find(self.head, self.recipe.header_rows)
        found = layout.locate(self.head, used)
        if found is None:
            raise header_lost(used)
        return found

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        return next(self._rows)

    def __enter__(self) -> "Rows":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._lines.close()

    @property
    def headings(self) -> list[str]:
        """The headings of this file, in its order."""
        return self.layout.names

    @property
    def fraction(self) -> float:
        """How much of the file is read, 0 to 1."""
        if self._lines.kind == "xlsx":
            return min(self.tally.rows_in / max(self.recipe.rows, 1), 1.0)
        return self._lines.fraction

    def _read(self) -> Iterator[Row]:
        last = self.layout.header_rows[-1] if self.layout.header_rows else 0
        for number, cells in self._all():
            if number > last and self._is_data(cells):
                yield self._row(number, cells)
        self.tally.keys_checked = self._keys.all_checked
        self.close()

    def _all(self) -> Iterator[Line]:
        yield from self.head
        self.head = []
        yield from self._stream

    def _is_data(self, cells: list[Cell]) -> bool:
        tally, sort = self.tally, self.layout.sort(cells)
        if sort == "data":
            if self.recipe.totals == "leave_out" and self.layout.is_total(cells):
                tally.totals += 1
                return False
            return True
        if sort == "blank":
            tally.blank += 1
        elif sort == "template":
            tally.template += 1
        else:
            tally.notes += 1
        return False

    def _row(self, number: int, cells: list[Cell]) -> Row:
        tally = self.tally
        tally.rows_in += 1
        findings: list[Finding] = []
        width = len(self.layout.names)
        if len(cells) != width:
            cells = self._fitted(cells, width, findings)
        if self._unsaved:
            self._name_unsaved(number, findings)
        values = self._converter.convert(cells, findings)
        if (known := self._keys.seen(values)) is not None:
            findings.append(known)
        row = Row(number, values, findings, self._shown(cells))
        if not findings:
            tally.rows_out += 1
            return row
        self._count(row)
        return row

    def _count(self, row: Row) -> None:
        tally = self.tally
        if row.rejected:
            tally.rejected += 1
        else:
            tally.rows_out += 1
            tally.changed += 1
        for code in {finding.code for finding in row.findings}:
            tally.reasons[code] = tally.reasons.get(code, 0) + 1
        for code in {one.code for one in row.findings if one.effect == "rejected"}:
            tally.rejects[code] = tally.rejects.get(code, 0) + 1

    def _fitted(self, cells: list[Cell], width: int, findings: list[Finding]) -> list[Cell]:
        if len(cells) > width:
            if any(not is_blank(cell) for cell in cells[width:]):
                is_apart = self._lines.kind == "xlsx" and _has_gap(cells, width)
                findings.append(_apart() if is_apart else about_row(TOO_MANY))
            return cells
        # A workbook does not store empty cells at the end of a row; in a CSV one is missing.
        if self._lines.kind == "csv" and any(
            position >= len(cells) for position in self._columns.values()
        ):
            findings.append(about_row(TOO_FEW))
        return cells + [None] * (width - len(cells))

    def _name_unsaved(self, number: int, findings: list[Finding]) -> None:
        for name, position in self._columns.items():
            if (number, position + 1) in self._unsaved:
                findings.append(Finding(UNSAVED.code, name, UNSAVED.ja, UNSAVED.en))


def take(stream: Iterator[Line], count: int) -> list[Line]:
    """Return the next lines of a stream, at most `count`."""
    found = []
    for line in stream:
        found.append(line)
        if len(found) >= count:
            break
    return found


def _as_texts(cells: list[Cell]) -> list[str]:
    return list(map(shown, cells))


def _same(cells: list[Cell]) -> list[str]:
    return cast("list[str]", cells)


def about_row(reason: Reason) -> Finding:
    """Return what is said of a row as a whole: it is not used."""
    return Finding(reason.code, "", reason.ja, reason.en)


def _has_gap(cells: list[Cell], width: int) -> bool:
    """Whether what stands beyond a row is apart from it: no sign that the row was shifted."""
    return is_blank(cells[width]) and any(not is_blank(cell) for cell in cells[:width])


def _apart() -> Finding:
    return Finding(BESIDE.code, "", BESIDE.ja, BESIDE.en, effect="kept")


def header_lost(wanted: list[str]) -> IntakeRefused:
    """Return the error for a file in which the headings of its recipe are not found."""
    some = "、".join(wanted[:5])
    return IntakeRefused(
        "header_lost",
        f"前回の見出し（{some} など）が見つかりません。",
        f"The headings of before ({', '.join(wanted[:5])} …) are not found.",
    )


def _unsaved(given: Source, lines: Lines) -> set[tuple[int, int]]:
    if lines.kind != "xlsx":
        return set()
    from tamamo.registers.intake import workbook  # noqa: PLC0415 - 23 MB for workbooks alone

    return workbook.facts(source.content_of(given), lines.sheet).unsaved


def places(recipe: Recipe, found: Layout) -> dict[str, int]:
    """Return {name of a used column: its position}. Raises IntakeRefused: column_missing."""
    missing: list[RecipeColumn] = []
    taken: dict[str, int] = {}
    for column in recipe.columns:
        if not column.use:
            continue
        position = place_of(column, found)
        if position is None:
            missing.append(column)
        else:
            taken[column.name] = position
    if missing:
        names = [column.source or column.label for column in missing]
        raise IntakeRefused(
            "column_missing",
            f"列「{'」「'.join(names[:5])}」がありません。",
            f"The column {', '.join(map(repr, names[:5]))} is missing.",
        )
    return taken


def place_of(column: RecipeColumn, found: Layout) -> int | None:
    """Return the position of a column in a layout; one without a heading keeps its place."""
    wanted = normal(column.source)
    if not wanted or not found.header_rows:
        return column.position if column.position < len(found.names) else None
    at = [place for place, name in enumerate(found.names) if normal(name) == wanted]
    return at[column.occurrence - 1] if len(at) >= column.occurrence else None
