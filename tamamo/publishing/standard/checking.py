"""How far a table is what its kind asks for, and the exact fixes."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from tamamo.publishing.standard.codes import CODES, words
from tamamo.publishing.standard.kinds import kind
from tamamo.publishing.standard.matching import unmatched
from tamamo.publishing.standard.model import Column, Fix, Item, Parts, Report, Row, Town
from tamamo.publishing.standard.reading import Found, Reader

__all__ = ["CODES", "MOST_FIXES", "MOST_ROWS", "check"]

#: Fixes a report lists; its counts have all of them.
MOST_FIXES: Final = 1_000
#: Rows a check looks at: the rest of a longer table is alike, and nobody reads its fixes.
MOST_ROWS: Final = 100_000
#: What the parts of the score weigh, of 100.
WEIGHTS: Final = {"required": 40, "names": 10, "values": 50}
_LONGEST: Final = 200


def check(
    name: str,
    columns: Sequence[Column],
    rows: Iterable[Row],
    town: Town | None = None,
    mapping: Mapping[str, str] | None = None,
) -> Report:
    """Return how far a table is what its kind asks for.

    rows: consumed once, the first `MOST_ROWS`. mapping: item → column, what a person settled.
    Raises KeyError for a kind there is not.
    """
    reader = Reader.of(name, columns, town, mapping)
    tally = _Tally(name)
    tally.columns(columns, reader)
    required = [
        (item, one.column)
        for item, one in zip(kind(name).items, reader.matches, strict=True)
        if item.required and one.column and item.kind != "mark"
    ]
    count = 0
    for number, values in islice(rows, MOST_ROWS):
        count += 1
        row, found = reader.read(values)
        tally.cells += sum(1 for one in reader.matches if _filled(values.get(one.column or "")))
        wrong = {one.item.name for one in found}
        for one in found:
            tally.add(number, reader, one)
        for item, column in required:
            if not _filled(values.get(column or "")):
                tally.cells += 1
                wrong.add(item.name)
                tally.add(number, reader, Found(item, "empty_required", "", None))
        tally.wrong += len(wrong)
        tally.key(number, reader, row.get("NO"))
    return tally.report(count, columns, reader, mapping)


@dataclass(slots=True)
class _Tally:
    name: str
    cells: int = 0
    wrong: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    fixes: list[Fix] = field(default_factory=list)
    keys: set[int] = field(default_factory=set)

    def columns(self, columns: Sequence[Column], reader: Reader) -> None:
        """Note required items without a column, and headers that are not the standard's."""
        by_name = {one.name: one for one in columns}
        for item, one in zip(kind(self.name).items, reader.matches, strict=True):
            if one.column is None and item.required:
                self._whole("", item, "column_missing", "")
            elif one.column is not None and not one.exact:
                header = by_name[one.column].header or one.column
                self._whole(one.column, item, "column_name", header)

    def add(self, number: int, reader: Reader, found: Found) -> None:
        """Note what is wrong with a cell."""
        self.counts[found.code] += 1
        if len(self.fixes) < MOST_FIXES:
            column = next(
                (one.column for one in reader.matches if one.item == found.item.name), None
            )
            self._append(number, column or "", found)

    def key(self, number: int, reader: Reader, value: object) -> None:
        """Note a number that another row has."""
        if value is None:
            return
        if hash(value) in self.keys:
            item = next(item for item in kind(self.name).items if item.name == "NO")
            self.add(number, reader, Found(item, "key_repeated", str(value), None))
            self.wrong += 1
        self.keys.add(hash(value))

    def report(
        self,
        count: int,
        columns: Sequence[Column],
        reader: Reader,
        mapping: Mapping[str, str] | None,
    ) -> Report:
        """Return what was found, with its score."""
        needed = [
            one.column is not None
            for item, one in zip(kind(self.name).items, reader.matches, strict=True)
            if item.required
        ]
        held = [one.exact for one in reader.matches if one.column is not None]
        right = max(0, self.cells - self.wrong)
        parts = Parts(
            sum(needed) / len(needed) if needed else 1.0,
            sum(held) / len(held) if held else 0.0,
            right / self.cells if self.cells else 0.0,
        )
        score = sum(weight * getattr(parts, part) for part, weight in WEIGHTS.items())
        # 100 is only what has nothing to mend.
        whole = 99 if self.counts and score > 99 else round(score)
        left = tuple(one.name for one in unmatched(self.name, columns, mapping))
        return Report(
            self.name, whole, parts, count, self.cells, right, reader.matches, left,
            dict(self.counts.most_common()), tuple(self.fixes),
        )  # fmt: skip

    def _whole(self, column: str, item: Item, code: str, now: str) -> None:
        """Note what is wrong with a column as a whole."""
        self.counts[code] += 1
        self._append(None, column, Found(item, code, now, item.name))

    def _append(self, row: int | None, column: str, found: Found) -> None:
        ja, en = words(found.code, found.item.name, found.item.en)
        now = found.now[:_LONGEST]
        self.fixes.append(Fix(row, column, found.item.name, found.code, ja, en, now, found.should))


def _filled(value: object) -> bool:
    return value is not None and (not isinstance(value, str) or bool(value.strip()))
