"""Rows of any table of a kind as rows of the standard."""

from collections.abc import Callable, Mapping, Sequence

from tamamo.publishing.standard.model import Column, Scalar, Town
from tamamo.publishing.standard.reading import Reader

Values = Mapping[str, Scalar]


def convert(
    name: str,
    columns: Sequence[Column],
    values: Values,
    town: Town | None = None,
    mapping: Mapping[str, str] | None = None,
) -> dict[str, Scalar]:
    """Return one row with all items of the standard, in its order.

    What cannot be converted stays as it came. Raises KeyError for a kind there is not.
    """
    return converter(name, columns, town, mapping)(values)


def converter(
    name: str,
    columns: Sequence[Column],
    town: Town | None = None,
    mapping: Mapping[str, str] | None = None,
) -> Callable[[Values], dict[str, Scalar]]:
    """Return what converts the rows of one table; columns are matched once."""
    reader = Reader.of(name, columns, town, mapping)

    def one(values: Values) -> dict[str, Scalar]:
        return reader.read(values)[0]

    return one
