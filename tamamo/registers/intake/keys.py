"""Which columns tell the rows of a file apart."""

from collections.abc import Sequence
from itertools import combinations
from typing import Final

from tamamo.registers.intake import naming
from tamamo.registers.intake.columns import Column
from tamamo.registers.intake.model import ColumnGuess, KeyGuess, Kind

#: Kinds of columns that may be a part of a key, and how many parts a key has at most.
_PARTS: Final[frozenset[Kind]] = frozenset({"text", "code", "date", "year", "month", "moment"})
_MOST_PARTS: Final = 4
_CANDIDATES: Final = 10
#: A text longer than this describes something; it names nothing.
_LONGEST: Final = 60


def guess(
    guesses: Sequence[ColumnGuess],
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    looked_at: int,
) -> KeyGuess | None:
    """Return the likeliest key; rows: texts of the first rows by position, for keys of two parts.

    A code comes first, then a running number with gaps (which lives on when a row goes), a name,
    several columns together, and last a number that only counts the rows.
    """
    if looked_at < 2:
        return _single(guesses, columns, looked_at)
    unique = [
        (one, column)
        for one, column in zip(guesses, columns, strict=True)
        if one.use and column.filled == looked_at == one.distinct
    ]
    serial = next((one for one, column in unique if naming.is_serial(column.source)), None)
    plain = [(one, column) for one, column in unique if one is not serial]
    for one, column in plain:
        if one.kind == "code" or ("code" in column.hints and one.kind in ("integer", "text")):
            return _of([one], 0.95)
    if serial is not None and not _counts(serial, rows):
        return _of([serial], 0.75)
    named = _named(plain)
    if named is not None:
        return _of([named], 0.7)
    parts = _together(guesses, columns, rows, looked_at)
    if parts:
        return _of(parts, 0.6)
    return _of([serial], 0.4) if serial is not None else None


def _single(
    guesses: Sequence[ColumnGuess], columns: Sequence[Column], looked_at: int
) -> KeyGuess | None:
    """Return the key of a file with one row: what its heading says."""
    for one, column in zip(guesses, columns, strict=True):
        if looked_at and one.use and column.filled and one.name in ("id", "no", "name"):
            return _of([one], 0.3)
    return None


def _of(parts: list[ColumnGuess], confidence: float) -> KeyGuess:
    labels = "・".join(one.label for one in parts)
    names = " + ".join(one.name for one in parts)
    if confidence <= 0.4:
        ja = f"「{labels}」は行の通し番号です。並べ替えると別の記録に見えます"
        en = f"{names} only counts the rows: in another order they look like other records"
    elif len(parts) > 1:
        ja = f"「{labels}」の組み合わせで、すべての行を区別できます"
        en = f"{names} together tell all rows apart"
    else:
        ja = f"「{labels}」はすべての行にあり、重複がありません"
        en = f"{names} is there in every row and never twice"
    return KeyGuess([one.name for one in parts], confidence, ja, en)


def _counts(serial: ColumnGuess, rows: Sequence[Sequence[str]]) -> bool:
    """Say whether a column is nothing but 1, 2, 3, ….

    With gaps it is a number that somebody gave, and that stays when rows go.
    """
    texts = [row[serial.position] for row in rows if serial.position < len(row)]
    return texts == [str(number) for number in range(1, len(texts) + 1)]


def _named(plain: Sequence[tuple[ColumnGuess, Column]]) -> ColumnGuess | None:
    def usable(one: ColumnGuess) -> bool:
        return all(len(sample) <= _LONGEST for sample in one.samples)

    texts = [one for one, _ in plain if one.kind == "text" and usable(one)]
    for one in texts:
        if one.name in ("name", "id") or one.name.casefold().endswith("name"):
            return one
    if texts:
        return texts[0]
    # A table of months or years has a row for each.
    for one, column in plain:
        if one.kind in ("date", "month", "year") or column.hints & {"month", "year"}:
            return one
    return None


def _together(
    guesses: Sequence[ColumnGuess],
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    looked_at: int,
) -> list[ColumnGuess]:
    """Return the fewest columns, leftmost first, that together tell all rows apart."""
    if not 2 <= looked_at == len(rows):
        return []
    candidates = [
        one
        for one, column in zip(guesses, columns, strict=True)
        if one.use
        and one.kind in _PARTS
        and column.filled == looked_at
        and not naming.is_serial(column.source)
        and all(len(sample) <= _LONGEST for sample in one.samples)
    ][:_CANDIDATES]
    for size in range(2, _MOST_PARTS + 1):
        for parts in combinations(candidates, size):
            most = 1
            for one in parts:
                most *= one.distinct
            if most < looked_at:
                continue
            places = [one.position for one in parts]
            seen = {tuple(row[place] for place in places) for row in rows}
            if len(seen) == looked_at:
                return list(parts)
    return []
