"""What an examination found; all of it goes into JSON and back (msgspec)."""

from typing import Literal

import msgspec

FlagKind = Literal["name", "phone", "address", "mail", "free_text", "birthday", "id"]
Level = Literal["look", "serious"]
Verdict = Literal["clear", "look", "serious"]


class Flag(msgspec.Struct, frozen=True):
    """A column that looks personal. count, share: of its filled cells. rows: the first ten.

    samples: masked; the report never holds a whole personal value.
    """

    column: str
    kind: FlagKind
    level: Level
    count: int
    share: float
    ja: str
    en: str
    rows: tuple[int, ...] = ()
    samples: tuple[str, ...] = ()


class SmallCells(msgspec.Struct, frozen=True):
    """Counts of people so small that somebody may be known by them. rows: the first ten."""

    column: str
    count: int
    rows: tuple[int, ...] = ()


class Rare(msgspec.Struct, frozen=True):
    """Values together that few rows have. row: the first of them. count: how many."""

    row: int
    values: dict[str, str]
    count: int


class Report(msgspec.Struct, frozen=True):
    """What an examination found.

    k: size of the smallest group of rows alike in `quasi_identifiers` (k-anonymity, Sweeney 2002),
    None without any. k_by: who computed it. below: rows in groups smaller than `threshold`.
    """

    rows: int
    verdict: Verdict
    ja: str
    en: str
    flags: tuple[Flag, ...] = ()
    small_cells: tuple[SmallCells, ...] = ()
    quasi_identifiers: tuple[str, ...] = ()
    k: int | None = None
    k_by: Literal["pycanon", "count", ""] = ""
    below: int = 0
    rare: tuple[Rare, ...] = ()
    threshold: int = 5
