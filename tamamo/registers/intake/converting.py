"""A row's cells into values: each column by its kind, places together, keys once."""

from array import array
from collections.abc import Callable
from typing import Any, Final

from tamamo.feeds.quality import REQUIRED, Invalid, Reason
from tamamo.registers.intake.kinds import PARSERS, TEXTUAL
from tamamo.registers.intake.lines import Cell, shown
from tamamo.registers.intake.model import (
    Effect,
    Finding,
    Recipe,
    RecipeColumn,
    Value,
    point_names,
)
from tamamo.registers.intake.parse import places
from tamamo.registers.intake.parse.marked import Marked
from tamamo.registers.intake.parse.texts import folded

#: Values of a column that are remembered with what they became: most columns repeat themselves.
_REMEMBERED: Final = 2_000
#: Keys that are compared within a file, 8 bytes each; beyond, the database's index is the judge.
MOST_KEYS: Final = 1_000_000
_SAMPLE: Final = 80
#: No value of a row, and not None.
_UNKNOWN: Final[Any] = object()
_EFFECTS: Final[dict[str, Effect]] = {"reject": "rejected", "blank": "blanked", "keep": "kept"}

_Store = Callable[[Cell, dict[str, Value], list[Finding]], None]


class Converter:
    """Makes the values of rows; made once for a file."""

    def __init__(self, recipe: Recipe, positions: dict[str, int]) -> None:
        """Take where each used column stands."""
        taken = {column.name for column in recipe.columns if column.use and column.kind != "point"}
        self._steps: list[tuple[int, _Store]] = []
        self._places: list[tuple[str, str]] = []
        self._area = recipe.area
        latitude = longitude = None
        for column in recipe.columns:
            if not column.use:
                continue
            if column.kind == "point":
                names = point_names(column.name, taken)
                taken |= set(names)
                self._places.append(names)
                self._steps.append((positions[column.name], _point(column, names)))
                continue
            if column.kind == "latitude":
                latitude = latitude or column.name
            elif column.kind == "longitude":
                longitude = longitude or column.name
            self._steps.append((positions[column.name], _column(column, recipe.key)))
        if latitude and longitude:
            self._places.append((latitude, longitude))

    def convert(self, cells: list[Cell], findings: list[Finding]) -> dict[str, Value]:
        """Return the values of a row; what must be said of them goes into `findings`."""
        values: dict[str, Value] = {}
        for position, step in self._steps:
            step(cells[position], values, findings)
        for latitude, longitude in self._places:
            self._judge(values, latitude, longitude, findings)
        return values

    def _judge(
        self, values: dict[str, Value], latitude: str, longitude: str, findings: list[Finding]
    ) -> None:
        first, second = values[latitude], values[longitude]
        if first is None and second is None:
            return
        north, east, reason = places.judge(_degrees(first), _degrees(second), self._area)
        if reason is None:
            return
        values[latitude], values[longitude] = north, east
        effect: Effect = "blanked" if north is None else "changed"
        if reason is places.OUTSIDE_AREA:
            effect = "kept"
        sample = f"{'' if first is None else first}, {'' if second is None else second}"
        findings.append(Finding(reason.code, latitude, reason.ja, reason.en, sample, effect))


def _degrees(value: Value) -> float | None:
    return value if isinstance(value, float) else None


def _finding(column: RecipeColumn, reason: Reason, cell: Cell, effect: Effect) -> Finding:
    return Finding(reason.code, column.name, reason.ja, reason.en, shown(cell)[:_SAMPLE], effect)


def _column(column: RecipeColumn, key: list[str]) -> _Store:
    """Return what puts the value of one column into a row."""
    parse, name, how = PARSERS[column.kind], column.name, column.format
    required = column.required or name in key
    remembered: dict[Cell, Value] = {}
    bad = column.bad if column.bad != "keep" or column.kind in TEXTUAL else "blank"

    def store(cell: Cell, values: dict[str, Value], findings: list[Finding]) -> None:
        # 1, 1.0 and True are one key of a dict, so only texts are remembered.
        if type(cell) is str and (known := remembered.get(cell, _UNKNOWN)) is not _UNKNOWN:
            values[name] = known
            return
        try:
            value = parse(cell, how)
        except Invalid as error:
            values[name] = folded(cell) or None if bad == "keep" else None
            findings.append(_finding(column, error.reason, cell, _EFFECTS[bad]))
            return
        if isinstance(value, Marked):
            values[name] = value.value
            findings.append(_finding(column, value.reason, cell, value.effect))
            return
        values[name] = value
        if value is None and required:
            findings.append(_finding(column, REQUIRED, cell, "rejected"))
        elif isinstance(cell, str) and len(remembered) < _REMEMBERED and len(cell) < _SAMPLE:
            remembered[cell] = value

    return store


def _point(column: RecipeColumn, names: tuple[str, str]) -> _Store:
    """Return what puts both coordinates of one cell into a row."""
    latitude, longitude = names

    def store(cell: Cell, values: dict[str, Value], findings: list[Finding]) -> None:
        values[latitude] = values[longitude] = None
        try:
            found = places.pair(cell)
        except Invalid as error:
            effect = _EFFECTS["reject" if column.bad == "reject" else "blank"]
            findings.append(_finding(column, error.reason, cell, effect))
            return
        if found is not None:
            values[latitude], values[longitude] = found

    return store


class Keys:
    """Finds the second row with the same key: 64 bits of each are kept in a table that doubles.

    Two different keys of a million share them once in 37 million files.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._names = list(recipe.key)
        self._bits = 12
        self._table = array("q", bytes(8 << self._bits))
        self._count = 0
        self.all_checked = True

    def seen(self, values: dict[str, Value]) -> Finding | None:
        """Return what is said of a row whose key was there before."""
        if not self._names:
            return None
        key = tuple(values.get(name) for name in self._names)
        if None in key:
            return None
        if self._add(hash(key) or 1):
            return None
        shown_ = "／".join(map(str, key))[:_SAMPLE]
        return Finding(
            "double_key",
            self._names[0],
            f"同じキー「{shown_}」の行がすでにあります",
            f"the key {shown_!r} was there before",
            shown_,
        )

    def _add(self, number: int) -> bool:
        """Take a number; False where it was there."""
        mask = (1 << self._bits) - 1
        table, place = self._table, number & mask
        while held := table[place]:
            if held == number:
                return False
            place = (place + 1) & mask
        if self._count >= MOST_KEYS:
            self.all_checked = False
            return True
        table[place] = number
        self._count += 1
        if self._count * 2 > mask:
            self._grow()
        return True

    def _grow(self) -> None:
        held = self._table
        self._bits += 1
        self._table = array("q", bytes(8 << self._bits))
        mask = (1 << self._bits) - 1
        for number in held:
            if number:
                place = number & mask
                while self._table[place]:
                    place = (place + 1) & mask
                self._table[place] = number
