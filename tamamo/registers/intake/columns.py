"""What a column is, from all of its values that were looked at."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from tamamo.registers.intake import naming
from tamamo.registers.intake.classify import Class, classify, kind_fits
from tamamo.registers.intake.lines import Cell, shown
from tamamo.registers.intake.model import KINDS, Kind

#: A kind that fits this share of the values is the column's; what is left over is doubtful.
ENOUGH: Final = 0.9
#: A column that is mostly of a kind is a text, and said.
MOSTLY: Final = 0.5
_SAMPLES: Final = 5
#: Rows that are remembered of each class of values.
_ROWS: Final = 20
_DISTINCT: Final = 200_000
_FORMS: Final = frozenset({"date", "month", "year"})
#: Hints of a heading that says everything.
_ALL: Final = frozenset([*KINDS, "serial"])
#: Codes whose values are a form of their own, by the heading that names them.
_CODES: Final = ("municipality", "corporate", "postal")


@dataclass(slots=True)
class Column:
    """The values of a column, counted."""

    position: int
    source: str
    hints: frozenset[str] = frozenset()
    filled: int = 0
    classes: Counter[Class] = field(default_factory=Counter)
    #: Of each class the first rows.
    rows: dict[Class, list[int]] = field(default_factory=dict)
    distinct: set[int] = field(default_factory=set)
    samples: dict[str, None] = field(default_factory=dict)
    lengths: Counter[int] = field(default_factory=Counter)
    #: How many cells are dates before 1930: numbers that somebody formatted as dates.
    early: int = 0

    def add(self, cell: Cell, row: int) -> None:
        """Count a cell that is not blank; row: its number in the file."""
        self.filled += 1
        found = classify(cell)
        self.classes[found] += 1
        rows = self.rows.setdefault(found, [])
        if len(rows) < _ROWS:
            rows.append(row)
        text = shown(cell)
        if len(self.distinct) < _DISTINCT:
            self.distinct.add(hash(text))
        if len(self.samples) < _SAMPLES and len(text) < 200:
            self.samples[text] = None
        if len(self.lengths) < 50:
            self.lengths[len(text)] += 1
        if not isinstance(cell, str) and getattr(cell, "year", 1930) < 1930:
            self.early += 1

    @property
    def real(self) -> int:
        """How many values are more than a mark for "no value"."""
        return sum(count for found, count in self.classes.items() if not found.empty)

    def fitting(self, kind: Kind, hints: frozenset[str] | None = None) -> int:
        """Return how many values could be of a kind, under these hints or those of the heading."""
        known = self.hints if hints is None else hints
        return sum(
            count
            for found, count in self.classes.items()
            if not found.empty and kind_fits(found, kind, known)
        )

    def misfits(self, kind: Kind) -> list[int]:
        """Return the first rows whose values are not of a kind."""
        found = [
            row
            for one, rows in self.rows.items()
            if not one.empty and not kind_fits(one, kind, frozenset())
            for row in rows
        ]
        return sorted(found)[:_ROWS]

    def weakly(self, what: str) -> int:
        """Return how many values have something in their weak kinds."""
        return sum(count for found, count in self.classes.items() if what in found.weak)

    def forms(self) -> Counter[str]:
        """Return how dates, months or years of the column are written."""
        found: Counter[str] = Counter()
        for one, count in self.classes.items():
            if one.form:
                found[one.form] += count
        return found

    def units(self) -> Counter[str]:
        """Return the units behind the numbers of the column."""
        found: Counter[str] = Counter()
        for one, count in self.classes.items():
            if "number" in one.sure:
                found[one.unit] += count
        return found

    def fits(self) -> dict[str, int]:
        """Return {kind: how many values it could take}, whatever the heading says."""
        marks = self.filled - self.real
        counted = {kind: self.fitting(kind, _ALL) for kind in KINDS}
        return {kind: count + marks for kind, count in counted.items() if count or kind == "text"}


@dataclass(frozen=True, slots=True)
class Choice:
    """The kind chosen for a column: how sure, in which form."""

    kind: Kind
    confidence: float
    format: str = ""
    unit: str = ""


def choose(column: Column) -> Choice:
    """Return what a column seems to be."""
    if not column.real:
        return Choice("text", 0.5 if column.filled else 0.3)
    for chooser in (_place, _link, _boolean, _dated, _timed, _code, _number):
        found = chooser(column)
        if found is not None:
            few = 0.9 if column.real < 5 else 1.0
            return Choice(found.kind, round(found.confidence * few, 2), found.format, found.unit)
    best = max(column.fitting(kind) for kind in KINDS if kind != "text") / column.real
    return Choice("text", 0.95 if best < MOSTLY else 0.6)


def _share(column: Column, kind: Kind) -> float:
    return column.fitting(kind) / column.real


def _place(column: Column) -> Choice | None:
    swapped = _swapped(column)
    if swapped is not None:
        return Choice(swapped, 0.6)
    kinds: tuple[Kind, ...] = ("latitude", "longitude", "point")
    for kind in kinds:
        if kind in column.hints and (share := _share(column, kind)) >= MOSTLY:
            return Choice(kind, 0.98 * share)
    if (share := _share(column, "point")) >= ENOUGH:
        return Choice("point", 0.9 * share)
    for kind, side in (("latitude", "north"), ("longitude", "east")):
        if min(column.weakly(side), column.weakly("exact")) >= column.real * ENOUGH:
            return Choice(kind, 0.75)
    return None


def _swapped(column: Column) -> Kind | None:
    """Return what a column is whose values are those of the other coordinate, all of them.

    Then the headings have changed places, not the values.
    """
    enough = column.real * ENOUGH
    if "latitude" in column.hints and column.weakly("east") >= enough:
        return "longitude"
    if "longitude" in column.hints and column.weakly("north") >= enough:
        return "latitude"
    return None


def _link(column: Column) -> Choice | None:
    if (share := _share(column, "url")) >= (0.7 if "url" in column.hints else ENOUGH):
        return Choice("url", 0.98 * share)
    if (share := _share(column, "phone")) >= (MOSTLY if "phone" in column.hints else ENOUGH):
        return Choice("phone", 0.97 * share)
    return None


def _boolean(column: Column) -> Choice | None:
    # A list of marks is closed: one △ among them, and the column is no yes or no.
    if column.fitting("boolean") < column.real or len(column.distinct) > 4:
        return None
    return Choice("boolean", 0.85 if len(column.distinct) > 1 else 0.7)


def _dated(column: Column) -> Choice | None:
    if column.weakly("serial") >= column.real * ENOUGH and "date" in column.hints:
        numbers = column.fitting("integer")
        if numbers >= column.real * ENOUGH:
            return Choice("date", 0.7, "serial")
    kinds: tuple[Kind, ...] = ("date", "moment", "month", "year")
    for kind in kinds:
        share = _share(column, kind)
        if kind == "moment" and share:
            # Dates among moments are those at midnight.
            share = min(share + _share(column, "date"), 1.0)
        if share < ENOUGH:
            continue
        form = _form(column)
        sure = 0.97 if "either" not in form else 0.6
        if column.early * 2 > column.real and kind not in column.hints:
            sure = 0.4
        return Choice(kind, sure * share, form if kind in _FORMS else "")
    return None


def _form(column: Column) -> str:
    forms = column.forms()
    if not forms:
        return ""
    # One date that can only be m/d says how all the others are meant.
    short = "2" if any(form.endswith("2") for form in forms) else ""
    plain = {form.rstrip("2") for form in forms} & {"mdy", "dmy", "either"}
    if plain:
        if "mdy" in plain:
            return f"mdy{short}"
        return f"dmy{short}" if "dmy" in plain else f"either{short}"
    return forms.most_common(1)[0][0]


def _timed(column: Column) -> Choice | None:
    hints = column.hints
    if column.fitting("time", frozenset()) >= column.real * MOSTLY:
        # 1700 among 8:30 and 9:00 is a time too.
        hints = hints | {"time"}
    kinds: tuple[Kind, ...] = ("time", "service_time")
    for kind in kinds:
        fitting = column.fitting(kind, hints)
        sure = column.fitting(kind, frozenset())
        if fitting >= column.real * ENOUGH and (sure or "time" in column.hints):
            return Choice(kind, (0.97 if sure * 2 > fitting else 0.7) * fitting / column.real)
    return None


def _code(column: Column) -> Choice | None:
    for name in _CODES:
        if name in column.hints:
            fitting = sum(
                count
                for found, count in column.classes.items()
                if name in found.weak or name in found.sure
            )
            if fitting >= column.real * ENOUGH:
                return Choice("code", 0.95, name)
    if column.weakly("zeros") and _share(column, "integer") >= ENOUGH:
        return Choice("code", 0.85)
    share = _share(column, "code")
    if "code" in column.hints and share >= ENOUGH and not naming.is_serial(column.source):
        lengths = len(column.lengths)
        whole = _share(column, "integer") >= ENOUGH
        # Numbers of many lengths count something: 番号 1 to 345 may be added up to nothing.
        return Choice("code", 0.9 if not whole or lengths <= 2 else 0.6)
    return None


def _number(column: Column) -> Choice | None:
    units = column.units()
    unit = units.most_common(1)[0][0] if units else ""
    kinds: tuple[Kind, ...] = ("integer", "number")
    for kind in kinds:
        if (share := _share(column, kind)) >= ENOUGH:
            sure = 0.97 if len([one for one in units if one]) <= 1 else 0.6
            return Choice(kind, sure * share, unit=unit)
    return None
