"""Rows as the statement that writes changes takes them: a column of all rows is one text.

The server splits it (`string_to_array`), several times cheaper than an array. What is the same in
all rows travels once, beside an empty column.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from os import urandom
from typing import Any, Final

from tamamo.context.errors import BadRequestData
from tamamo.kernel.database import Utf8

#: A row as the statement takes it: every value as text, JSON in UTF-8.
Row = tuple[Any, ...]

#: Between two rows of a column, and for null. No JSON, URI or name contains them.
_SEPARATOR: Final = "\x1f"
_NULL: Final = "\x1e"
#: Before the name of what is the same in all rows of a column.
_ONE: Final = "one_"
#: Bytes of a UUID, by what random ones become in it: version 4, and its variant (RFC 9562).
_VERSION: Final = bytes(0x40 | byte & 0x0F for byte in range(256))
_VARIANT: Final = bytes(0x80 | byte & 0x3F for byte in range(256))


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one kind of rows.

    own: those whose values are hardly ever the same. json: those of JSON, as bytes; a str with one
    letter beyond Latin-1 takes two or four bytes for each of its letters.
    """

    names: tuple[str, ...]
    own: frozenset[str]
    json: frozenset[str] = frozenset()

    def of(self, rows: Sequence[Row]) -> dict[str, str | Utf8 | None]:
        """Return the parameters for some rows, one a column, and one more for what is the same.

        Raises BadRequestData on a text with a control character.
        """
        columns: dict[str, str | Utf8 | None] = dict.fromkeys(self.names, "")
        columns |= dict.fromkeys(_ONE + name for name in self.names if name not in self.own)
        for name, column in zip(self.names, zip(*rows, strict=True), strict=False):
            first = column[0]
            joined = _joined_json if name in self.json else _joined
            if column[-1] == first and column.count(first) == len(column):
                if first is None:
                    continue
                if name not in self.own:
                    columns[_ONE + name] = joined(column[:1])
                    continue
            columns[name] = joined(column)
        return columns


def _joined_json(column: Row) -> Utf8:
    # orjson writes no control character as it is.
    try:
        return Utf8(_SEPARATOR.encode().join(column))
    except TypeError:  # a null among them
        null = _NULL.encode()
        return Utf8(_SEPARATOR.encode().join([null if one is None else one for one in column]))


def _joined(column: Row) -> str:
    try:
        text = _SEPARATOR.join(column)
    except TypeError:  # a null among them
        text = _SEPARATOR.join([_NULL if part is None else part for part in column])
    return _whole(text, len(column))


def _whole(text: str, rows: int) -> str:
    if text.count(_SEPARATOR) != rows - 1:
        raise BadRequestData("A name contains a control character")
    return text


def random_uuids(count: int) -> str:
    """Return a column of random UUIDs, many times cheaper than the database makes them."""
    digits = bytearray(urandom(16 * count))
    digits[6::16] = digits[6::16].translate(_VERSION)
    digits[8::16] = digits[8::16].translate(_VARIANT)
    return digits.hex(_SEPARATOR, -16) if digits else ""
