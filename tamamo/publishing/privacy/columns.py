"""One column: what its name and its values say about people."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Final

from tamamo.publishing.privacy import values, words
from tamamo.publishing.privacy.model import Flag, FlagKind, Level, SmallCells
from tamamo.publishing.standard.cells import number_of, text_of
from tamamo.publishing.standard.model import Column, Row, Scalar

__all__ = ["Watch", "quasi_identifiers", "text_of"]

_SEXES: Final = frozenset(
    (
        "男",
        "女",
        "男性",
        "女性",
        "m",
        "f",
        "male",
        "female",
        "その他",
        "other",
        "回答しない",
        "1",
        "2",
        "9",
    )
)
#: Cells that decide: fewer than this share of odd ones are strays, said all the same if serious.
_SOME: Final = 0.2
#: Mean length of a cell from which a text is free text, in characters.
_LONG: Final = 30
#: …where the heading says that somebody wrote it, or wrote it about somebody.
_SHORT: Final = 6
_FIRST: Final = 10
_OLDEST: Final = 120
#: A quasi-identifier has fewer values than this share of the rows (or it is a key), but for ages.
_MOST_DISTINCT: Final = 0.9

#: Kind → what is said of the column.
_SAID: Final[dict[str, dict[str, str]]] = tomllib.loads(
    files("tamamo.publishing.privacy").joinpath("flags.toml").read_text("utf-8")
)


@dataclass(slots=True)
class _Seen:
    """Cells of one sort: how many, and the first of them."""

    count: int = 0
    rows: list[int] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)

    def add(self, row: int, text: str, kept: int) -> None:
        self.count += 1
        if len(self.rows) < _FIRST:
            self.rows.append(row)
            if kept and len(self.samples) < 3:
                self.samples.append(values.masked(text, kept))


class Watch:
    """Looks at the cells of one column as they pass."""

    __slots__ = ("_filled", "_length", "_named", "_small", "_threshold", "column", "seen")

    def __init__(self, column: Column, threshold: int) -> None:
        self.column = column
        self.seen: dict[str, _Seen] = {}
        self._threshold = threshold
        self._filled = self._length = 0
        self._small = _Seen()
        self._named = words.says(words.NAME, column) and not words.says(words.NOT_A_NAME, column)

    @property
    def of_people(self) -> bool:
        """Whether the rows are of people, whose names stand here."""
        return words.says(words.SELF, self.column) and self._count("name") > self._filled * _SOME

    def see(self, row: int, value: Scalar) -> None:
        """Look at a cell."""
        if value is None or value == "":
            return
        self._filled += 1
        text = text_of(value)
        if isinstance(value, int | float):
            self._number(row, value, text)
            return
        if values.prose(text):
            self._length += len(text)
        if text.isascii():
            self._plain(row, text)
        else:
            self._japanese(row, text)

    def flags(self, *, persons: bool) -> Iterator[Flag]:
        """Yield what the column is flagged for. persons: the rows are of people."""
        if not self._filled:
            return
        if words.says(words.BIRTHDAY, self.column):
            yield self._flag("birthday", "serious", _Seen(self._filled))
        if words.says(words.NUMBER, self.column):
            yield self._flag("id", "serious", _Seen(self._filled))
        elif self._count("id") >= max(3, self._filled * 0.8):
            yield self._flag("id", "serious", self.seen["id"])
        yield from self._names(persons)
        yield from self._reach(persons)
        if self._length / self._filled >= self._long(persons):
            # The rows shown are those that call somebody by name, if any do.
            named = self.seen.get("named", _Seen())
            seen = _Seen(self._filled, named.rows)
            yield self._flag("free_text", "look", seen)

    def _long(self, persons: bool) -> int:
        """Return the mean length of a cell from which the column is free text."""
        if words.says(words.OPINION, self.column):
            return _SHORT
        return _SHORT if persons and words.says(words.REMARK, self.column) else _LONG

    def small(self) -> SmallCells | None:
        """Return the cells that count few people; None where the column counts none."""
        if not self._small.count or not words.says(words.PEOPLE, self.column):
            return None
        if words.says(words.NOT_PEOPLE, self.column):
            return None
        return SmallCells(self.column.name, self._small.count, tuple(self._small.rows))

    def _names(self, persons: bool) -> Iterator[Flag]:
        seen = self.seen.get("name")
        if seen is None:
            return
        # Beside names of companies, a single person is the very one to be found.
        sure = self._named or seen.count >= self._filled * _SOME or persons
        yield self._flag("name", "serious" if sure else "look", seen)

    def _reach(self, persons: bool) -> Iterator[Flag]:
        """Yield how somebody can be reached: telephone, home, mail."""
        mobile = self.seen.get("mobile")
        if mobile:
            yield self._flag("phone", "serious", mobile)
        elif (persons or words.says(words.CONTACT, self.column)) and "phone" in self.seen:
            yield self._flag("phone", "serious", self.seen["phone"])
        room = self.seen.get("room")
        at_home = persons and words.says(words.ADDRESS, self.column)
        if at_home or words.says(words.HOME, self.column):
            yield self._flag("address", "serious", _Seen(self._filled))
        elif room and (persons or room.count >= self._filled * _SOME):
            yield self._flag("address", "serious" if persons else "look", room)
        mail = self.seen.get("mail")
        if mail:
            yield self._flag("mail", "serious" if persons else "look", mail)

    def _flag(self, kind: FlagKind, level: Level, seen: _Seen) -> Flag:
        ja, en = (_SAID[kind][language].format(count=seen.count) for language in ("ja", "en"))
        share = round(seen.count / self._filled, 4)
        return Flag(
            self.column.name, kind, level, seen.count, share, ja, en,
            tuple(seen.rows), tuple(seen.samples),
        )  # fmt: skip

    def _number(self, row: int, value: float, text: str) -> None:
        if 0 < value < self._threshold:
            self._small.add(row, text, 1)
        elif value >= 10**11 and values.individual_number(text):
            self._note("id", row, text, 2)

    def _plain(self, row: int, text: str) -> None:
        """Look at a text of ASCII: numbers, telephones, mail."""
        number = number_of(text)
        if number is not None and 0 < number < self._threshold:
            self._small.add(row, text, 1)
        if len(text) < 9:
            return
        if values.mobile(text):
            self._note("mobile", row, text, 3)
        elif values.phone(text):
            self._note("phone", row, text, 3)
        elif values.individual_number(text):
            self._note("id", row, text, 2)
        elif "@" in text and values.mail(text):
            self._note("mail", row, text, 2)

    def _japanese(self, row: int, text: str) -> None:
        if words.is_person(text, told=self._named):
            self._note("name", row, text, 1)
        if len(text) < 4:
            return
        if values.room(text):
            self._note("room", row, text, 4)
        if values.mobile(text):
            self._note("mobile", row, text, 0)
        if "@" in text and values.mail(text):
            self._note("mail", row, text, 0)
        if len(text) >= _LONG and words.names_somebody(text):
            self._note("named", row, text, 0)

    def _note(self, kind: str, row: int, text: str, kept: int) -> None:
        self.seen.setdefault(kind, _Seen()).add(row, text, kept)

    def _count(self, kind: str) -> int:
        seen = self.seen.get(kind)
        return seen.count if seen else 0


def quasi_identifiers(columns: Sequence[Column], sample: Sequence[Row]) -> tuple[str, ...]:
    """Return the columns that together may tell somebody: none where rows are not of people.

    Rows are of people where a column has ages or sexes of single ones; of groups, where another
    counts them (men in their thirties: 120). Those are looked at as small cells.
    """
    people = [column for column in columns if _is_age(column, sample) or _is_sex(column, sample)]
    rest = [column for column in columns if column not in people]
    if not people or any(_counts_people(column, sample) for column in rest):
        return ()
    others = [
        column
        for column in columns
        if column not in people and words.says(words.QUASI, column) and _tells(column, sample)
    ]
    return tuple(column.name for column in (*people, *others))


def _cells(column: Column, sample: Sequence[Row]) -> list[str]:
    found = (text_of(row.get(column.name)).strip() for _, row in sample)
    return [text for text in found if text]


def _is_age(column: Column, sample: Sequence[Row]) -> bool:
    """Whether a column has ages or bands of ages (35, 30代, 30～39歳) of single people."""
    texts = _cells(column, sample)
    if not texts or not (words.says(words.AGE, column) or words.says(words.BIRTHDAY, column)):
        return False
    numbers = [number_of(text) for text in texts]
    ages = [one for one in numbers if one is not None]
    if len(ages) < len(texts):
        return len(set(texts)) <= max(20, len(texts) * _MOST_DISTINCT) or bool(
            words.says(words.BIRTHDAY, column)
        )
    return all(0 <= age <= _OLDEST for age in ages)


def _counts_people(column: Column, sample: Sequence[Row]) -> bool:
    texts = _cells(column, sample)
    return (
        bool(texts)
        and words.says(words.PEOPLE, column)
        and not words.says(words.NOT_PEOPLE, column)
        and not words.says(words.QUASI, column)
        and all(number_of(text) is not None for text in texts)
    )


def _is_sex(column: Column, sample: Sequence[Row]) -> bool:
    texts = _cells(column, sample)
    return (
        bool(texts)
        and words.says(words.SEX, column)
        and all(text.casefold() in _SEXES for text in texts)
    )


def _tells(column: Column, sample: Sequence[Row]) -> bool:
    texts = _cells(column, sample)
    return len(set(texts)) > 1 and len(set(texts)) <= max(20, len(texts) * _MOST_DISTINCT)
