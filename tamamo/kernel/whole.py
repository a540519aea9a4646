"""Whole numbers that an address or a form says."""

from typing import Final

#: The greatest that PostgreSQL's bigint and every count of rows take, with room to multiply.
MOST: Final = 999_999_999


def whole(text: str, usual: int = 0, *, least: int = 0, most: int = MOST) -> int:
    """Return the number a text is, at least and at most so; `usual` where it is none.

    ASCII digits only. A text of very many digits is none: Python refuses to read it.
    """
    found = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else usual
    return min(max(found, least), most)
