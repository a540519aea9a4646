"""What people type, made harmless before it is kept or looked for."""

import re
from typing import Final

#: Control characters but tab and line feed, halves of characters, and what is no character.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def tidy(text: str, longest: int) -> str:
    """Return a text without control characters, with the line ends of Unix, cut to a length."""
    return _CONTROL.sub("", text.replace("\r\n", "\n")).strip()[:longest]
