"""What a file holds: its table, its columns, its key, and everything that is doubtful in it."""

from collections import Counter
from collections.abc import Callable
from typing import Final

import msgspec

from tamamo.registers.intake import (
    doubts,
    errors,
    keys,
    layout,
    naming,
    overall,
    reading,
    recipes,
    source,
)
from tamamo.registers.intake.around import Around
from tamamo.registers.intake.columns import Choice as Chosen
from tamamo.registers.intake.columns import Column, choose
from tamamo.registers.intake.doubts import Gathered
from tamamo.registers.intake.facts import of_sheet
from tamamo.registers.intake.layout import HINT, Layout
from tamamo.registers.intake.lines import Cell, Line, Lines, is_blank, shown
from tamamo.registers.intake.model import (
    Choice,
    ColumnGuess,
    Doubt,
    Inspection,
    Note,
    PlaceGuess,
    Profile,
    Recipe,
    SampleRow,
)
from tamamo.registers.intake.source import Source

#: Of a file all of the first rows are looked at, then each `_EVERY`th.
ALL_OF: Final = 20_000
_EVERY: Final = 50
#: Texts kept for keys of several columns, and rows shown as a sample.
_KEPT_CELLS: Final = 600_000
_SAMPLE: Final = 50
#: A workbook with no more cells is not taken apart a second time.
_HELD_CELLS: Final = 500_000
#: A column without a heading and with values in fewer rows than this share is a stray one.
_STRAY: Final = 0.02

#: What was found in the last files, by their content and how they were read: the pages of a desk
#: ask again with every click. Encoded, so that nobody changes what the next one gets.
_KNOWN: Final[dict[tuple[str, str, bytes], bytes]] = {}
_REMEMBERED: Final = 16

Progress = Callable[[float], None]


def is_looked_at(index: int) -> bool:
    """Say whether a row of data (from 0) is looked at."""
    return index < ALL_OF or index % _EVERY == 0


class _Survey:
    """The first reading of a file: every cell counted."""

    def __init__(self, found: Layout) -> None:
        self.layout = found
        self.columns = [
            Column(place, name, naming.hints(name)) for place, name in enumerate(found.names)
        ]
        self.rows = 0
        self.looked_at = 0
        self.first = self.last = 0
        self.sorts: Counter[str] = Counter()
        self.notes = [Note(number, text) for number, text in found.notes]
        self.kept: list[list[str]] = []
        self.sample: list[SampleRow] = []
        self.totals: list[int] = []
        self.lines: list[Line] | None = []

    def add(self, line: Line) -> None:
        """Count a line below the headings."""
        number, cells = line
        sort = self.layout.sort(cells)
        if sort == "data":
            self._add_row(number, cells)
        elif sort == "note":
            self.notes.append(Note(number, " ".join(shown(cell) for cell in cells if cell)))
        elif sort == "about":
            name, value = (shown(cell) for cell in [*cells, None][:2])
            self.layout.about.setdefault(name.removeprefix("#"), value)
        else:
            # Blank lines below the last row are the sheet's end, not gaps in the table.
            self.sorts[sort if sort != "blank" else "pending"] += 1

    def _add_row(self, number: int, cells: list[Cell]) -> None:
        self.sorts["blank"] += self.sorts.pop("pending", 0)
        self.first = self.first or number
        self.last = number
        self.rows += 1
        if not is_looked_at(self.rows - 1):
            return
        self.looked_at += 1
        for column, cell in zip(self.columns, cells, strict=False):
            if not is_blank(cell):
                column.add(cell, number)
        if len(self.kept) * len(self.columns) < _KEPT_CELLS and self.looked_at < ALL_OF:
            texts = [shown(cell) for cell in cells]
            self.kept.append(texts + [""] * (len(self.columns) - len(texts)))
            if len(self.sample) < _SAMPLE:
                self.sample.append(SampleRow(number, texts))
        if len(self.totals) < doubts.ROWS and self.layout.is_total(cells):
            self.totals.append(number)

    def hold(self, lines: list[Line]) -> None:
        """Keep lines for the second reading, as long as they are not too many."""
        if self.lines is not None:
            self.lines += lines
            if len(self.lines) * len(self.columns) > _HELD_CELLS:
                self.lines = None

    @property
    def blank_tail(self) -> int:
        """How many blank lines stand below the last row."""
        return self.sorts["pending"]


def profile(
    given: Source, name: str, choice: Choice | None = None, progress: Progress | None = None
) -> Profile:
    """Return what a file holds. Raises IntakeRefused when nothing of it can be used.

    progress: called now and then with the part that is done, 0 to 1.
    """
    choice = choice or Choice()
    about = source.inspect(given, name, choice.encoding)
    asked = (about.sha256, about.name, msgspec.json.encode(choice))
    known = _KNOWN.get(asked) if about.sha256 else None
    if known is None:
        known = msgspec.msgpack.encode(_profile(given, about, choice, progress))
        while len(_KNOWN) >= _REMEMBERED:
            _KNOWN.pop(next(iter(_KNOWN), asked), None)
        _KNOWN[asked] = known
    return msgspec.msgpack.decode(known, type=Profile)


def _profile(
    given: Source, about: Inspection, choice: Choice, progress: Progress | None
) -> Profile:
    with Lines(given, about, sheet=choice.sheet, delimiter=choice.delimiter) as lines:
        survey = _read(lines, choice, progress)
        found = _found(about, lines, survey, choice)
    _guess(found, survey)
    if about.kind == "xlsx":
        found.doubts += of_sheet(given, found)
    _second_reading(given, about, found, choice, progress, survey.lines or None)
    found.doubts.sort(key=lambda doubt: (doubt.row or 0, doubt.code))
    return found


def _read(lines: Lines, choice: Choice, progress: Progress | None) -> _Survey:
    stream = iter(lines)
    head = reading.take(stream, reading.HEAD)
    if not head:
        raise errors.refused(errors.NO_ROWS)
    survey = _Survey(layout.find(head, choice.header_rows))
    if lines.kind == "xlsx":
        survey.hold(head)
    last = survey.layout.header_rows[-1] if survey.layout.header_rows else 0
    for line in head:
        if line[0] > last:
            survey.add(line)
    for count, line in enumerate(stream):
        survey.add(line)
        if survey.lines:
            survey.hold([line])
        if progress is not None and count % 20_000 == 0:
            progress(lines.fraction / 2)
    if not survey.rows:
        raise errors.refused(errors.NO_ROWS)
    return survey


def _found(about: Inspection, lines: Lines, survey: _Survey, choice: Choice) -> Profile:
    return Profile(
        name=about.name,
        kind=about.kind,
        encoding=lines.encoding,
        delimiter=lines.delimiter,
        sheet=lines.sheet,
        sheets=list(about.sheets),
        header_rows=survey.layout.header_rows,
        first_row=survey.first,
        last_row=survey.last,
        rows=survey.rows,
        looked_at=survey.looked_at,
        blank_rows=survey.sorts["blank"],
        template_rows=survey.sorts["template"],
        notes=survey.notes,
        about=survey.layout.about,
        sample=survey.sample,
        area=choice.area,
    )


def _guess(found: Profile, survey: _Survey) -> None:
    taken: set[str] = set()
    times: Counter[str] = Counter()
    for column in survey.columns:
        choice = choose(column)
        guess = _column(column, choice, survey.looked_at, taken)
        guess.doubts = doubts.of_column(guess, column, choice)
        times[column.source] += 1
        if column.source and times[column.source] > 1:
            ja = f"見出し「{column.source}」が重複しています（{guess.name} としました）"
            en = f"the heading {column.source!r} is there before: called {guess.name}"
            guess.doubts.append(Doubt("repeated_name", ja, en, guess.name))
        found.columns.append(guess)
    found.key = keys.guess(found.columns, survey.columns, survey.kept, survey.looked_at)
    found.place = _place(found.columns)
    found.doubts += overall.of_file(found, survey.columns, survey.totals, survey.blank_tail)


def _column(column: Column, choice: Chosen, rows: int, taken: set[str]) -> ColumnGuess:
    heading, unit = naming.split_unit(column.source)
    unit = unit or choice.unit
    name = naming.identifier(
        column.source or f"column{column.position + 1}", column.position, taken
    )
    return ColumnGuess(
        position=column.position,
        source=column.source,
        name=name,
        label=naming.label_of(heading) or f"列{column.position + 1}",
        kind=choice.kind,
        unit=unit,
        unit_code=naming.unit_code(unit) if unit else "",
        format=choice.format,
        confidence=choice.confidence,
        filled=column.filled,
        distinct=len(column.distinct),
        samples=list(column.samples),
        fits=column.fits(),
        use=_is_used(column, rows),
    )


def _is_used(column: Column, rows: int) -> bool:
    """Say whether a column holds data: not a hint for whoever fills the form, no stray cells."""
    if column.source.startswith(HINT):
        return False
    if column.source:
        return True
    if column.filled <= max(rows * _STRAY, 0):
        return False
    return not all(sample.startswith(HINT) for sample in column.samples)


def _place(columns: list[ColumnGuess]) -> PlaceGuess | None:
    def first(kind: str) -> ColumnGuess | None:
        return next((one for one in columns if one.use and one.kind == kind), None)

    latitude, longitude, point = first("latitude"), first("longitude"), first("point")
    if latitude and longitude:
        sure = min(latitude.confidence, longitude.confidence)
        return PlaceGuess(latitude.name, longitude.name, None, sure)
    if point:
        return PlaceGuess(None, None, point.name, point.confidence)
    return None


def _second_reading(  # noqa: PLR0917 - what the first reading had, and its lines
    given: Source,
    about: Inspection,
    found: Profile,
    choice: Choice,
    progress: Progress | None,
    kept: list[Line] | None,
) -> None:
    """Read the first rows as an unattended import would; what is said of them are doubts too."""
    recipe = recipes.settle(found)
    recipe.sheet, recipe.encoding, recipe.delimiter = found.sheet, choice.encoding, choice.delimiter
    if about.kind == "csv":
        recipe.sheet = None
    recipe.header_rows = found.header_rows
    gathered, around = Gathered(), _around(recipe)
    with reading.Rows(given, found.name, recipe, about=about, kept=kept) as rows:
        for count, row in enumerate(rows):
            if count >= ALL_OF:
                break
            around.add(row)
            if row.findings:
                gathered.add(row)
            if progress is not None and count % 10_000 == 0:
                progress(0.5 + rows.fraction / 2)
    by_column = gathered.doubts()
    points = {f"{one.name}_latitude": one for one in found.columns if one.kind == "point"}
    for far in around.doubts():
        by_column.setdefault(far.column or "", []).append(far)
    for name, told in by_column.items():
        column = found.column(name) or points.get(name)
        if column is None and name == "latitude":
            column = next((one for one in found.columns if one.kind == "point"), None)
        (column.doubts if column is not None else found.doubts).extend(told)


def _around(recipe: Recipe) -> Around:
    names = {field.kind: field.name for field in reversed(recipe.fields())}
    return Around(names.get("latitude", ""), names.get("longitude", ""))
