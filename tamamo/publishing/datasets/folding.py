"""What a text is searched by: without width, case and kind of kana, as the registers' lists do.

The same as register_fold in the database (migration 0032), so that rows are folded while they are
copied in; a test holds the two against each other.
"""

import unicodedata
from typing import Final

_KATAKANA: Final = "".join(map(chr, range(0x30A1, 0x30F7))) + "ヽヾ"
_KANA: Final = {ord(sign): ord(sign) - 0x60 for sign in _KATAKANA}


def fold(text: str) -> str:
    """Return what to compare of a text."""
    if text.isascii():
        return text.lower()
    # Python alone makes two characters of a capital İ.
    return unicodedata.normalize("NFKC", text).replace("İ", "i").lower().translate(_KANA)


def patterns(q: str) -> list[str]:
    """Return a LIKE pattern for each word of a search."""
    return [f"%{_escaped(word)}%" for word in fold(q).split()]


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
