"""What the standard says, and what a check answers; all of it goes into JSON and back (msgspec)."""

from collections.abc import Mapping
from typing import Literal

import msgspec

#: A cell: what JSON can say of one.
Scalar = str | int | float | bool | None
#: A row: its number in the file, and its cells by `Column.name`.
Row = tuple[int, Mapping[str, Scalar]]
ItemKind = Literal[
    "text", "key", "kana", "municipality", "prefecture", "city", "address", "latitude",
    "longitude", "phone", "extension", "corporate", "code10", "days", "time", "date", "yes",
    "mark", "choice", "count", "measure", "amount", "url", "list",
]  # fmt: skip


class Column(msgspec.Struct, frozen=True):
    """A column of a table. name: its key in rows. header: as it stood in the file."""

    name: str
    header: str = ""
    label: str = ""
    kind: str = "text"


class Town(msgspec.Struct, frozen=True):
    """Who publishes. code: 全国地方公共団体コード, five digits or six with the check digit."""

    code: str = ""
    prefecture: str = ""
    city: str = ""


class Item(msgspec.Struct, frozen=True):
    """An item of a kind (データ項目). kind list: several values, a `;` between."""

    name: str
    en: str
    kind: ItemKind
    required: bool = False
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    attribute: str = ""
    unit: str = ""


class Kind(msgspec.Struct, frozen=True):
    """A kind of the standard. model: the Smart Data Model its rows follow; None without a place."""

    id: str
    number: int
    ja: str
    en: str
    items: tuple[Item, ...]
    model: str | None = None
    category: str = ""
    hints: tuple[str, ...] = ()

    @property
    def geographic(self) -> bool:
        """Whether its rows have a place."""
        return self.model is not None


class Guess(msgspec.Struct, frozen=True):
    """A kind that a table may be, and how sure that is: 0 to 1."""

    kind: str
    confidence: float


class Match(msgspec.Struct, frozen=True):
    """Which column holds an item; None: none does. exact: it already has the standard's name."""

    item: str
    column: str | None = None
    exact: bool = False


class Fix(msgspec.Struct, frozen=True):
    """One thing to mend. row None: the column as a whole. should None: a person must decide."""

    row: int | None
    column: str
    item: str
    code: str
    ja: str
    en: str
    now: str = ""
    should: str | None = None


class Parts(msgspec.Struct, frozen=True):
    """What the score is made of, shares from 0 to 1.

    required: of the required items that have a column. names: of the matched columns that have
    the standard's name. values: of the cells that are as the standard wants them.
    """

    required: float
    names: float
    values: float


class Report(msgspec.Struct, frozen=True):
    """How far a table is what its kind asks for. score: 0 to 100 (docs/subsystems/standard.md).

    counts: how often each code was found; `fixes` has the first thousand.
    """

    kind: str
    score: int
    parts: Parts
    rows: int
    cells: int
    right: int
    matches: tuple[Match, ...]
    unmatched: tuple[str, ...]
    counts: dict[str, int]
    fixes: tuple[Fix, ...]
