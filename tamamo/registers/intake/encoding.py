"""Which characters and which separator a text file is written in: found out, never guessed softly.

UTF-8 is recognised beyond doubt, and one wrong byte refuses the file instead of spoiling a name.
The whole file is looked at, in pieces: a wrong byte in its last row is found before the first row
is used.
"""

import codecs
import csv
from collections.abc import Iterator
from typing import BinaryIO, Final

from tamamo.registers.intake.errors import IntakeRefused

_PIECE: Final = 1 << 20
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
#: What Japanese files come in, after UTF-8; CP932 is Shift_JIS with the vendors' characters.
_OTHERS: Final = ("cp932", "euc_jp")
#: Characters that stand for bytes which CP932 does not use: another encoding decodes into them.
_UNUSED: Final = frozenset(map(chr, [*range(0x80, 0xA1), *range(0xF8F0, 0xF8F4)]))
_HALF_KANA: Final = frozenset(map(chr, range(0xFF61, 0xFFA0)))
_DELIMITERS: Final = (",", "\t", ";")


class _Wrong(Exception):
    """A piece does not decode: `row` is where, `beyond` how many characters beyond ASCII did."""

    def __init__(self, row: int, beyond: int) -> None:
        super().__init__()
        self.row = row
        self.beyond = beyond


def find(file: BinaryIO, told: str | None = None) -> str:
    """Return the encoding of a text file, which stands at its start again afterwards.

    told: the only one tried. utf-8-sig is UTF-8 with its mark at the start. Raises IntakeRefused
    naming the row where the file is spoilt.
    """
    if told is not None:
        return _told(file, told)
    file.seek(0)
    head = file.read(_PIECE)
    if head.startswith(_UTF16):
        return _told(file, "utf-16")
    if b"\x1b$" in head and head.isascii():
        return _told(file, "iso2022_jp")
    wrong: list[_Wrong] = []
    try:
        _decode(file, "utf-8")
    except _Wrong as error:
        wrong.append(error)
    else:
        return "utf-8-sig" if head.startswith(codecs.BOM_UTF8) else "utf-8"
    # Japanese in CP932 fails as UTF-8 at its first character; what was good UTF-8 until here is
    # spoilt UTF-8, and any other reading would make nonsense of all of it.
    if wrong[0].beyond < 2:
        for candidate in _OTHERS:
            try:
                if _decode(file, candidate):
                    return candidate
            except _Wrong as error:
                wrong.append(error)
    raise _unknown(max(one.row for one in wrong), ("utf-8", *_OTHERS))


def _told(file: BinaryIO, name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError:
        raise IntakeRefused(
            "unknown_encoding",
            f"文字コード「{name}」を知りません。",
            f"The encoding {name!r} is unknown.",
        ) from None
    try:
        _decode(file, name)
    except _Wrong as error:
        raise _unknown(error.row, (name,)) from None
    # With or without its mark at the start.
    return "utf-8-sig" if codecs.lookup(name).name == "utf-8" else name


def _unknown(row: int, tried: tuple[str, ...]) -> IntakeRefused:
    names = ", ".join(tried)
    return IntakeRefused(
        "unknown_encoding",
        f"文字コードが分かりません（{row}行目。{names} のどれでも読めません）。"
        "UTF-8のCSVで保存し直してください。",
        f"Its characters are none of {names} (row {row}): save it as CSV in UTF-8.",
        row,
    )


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(_PIECE):
        yield piece


def _decode(file: BinaryIO, name: str) -> bool:
    """Decode a whole file strictly; say whether what comes out can be Japanese. Raises _Wrong."""
    decoder = codecs.getincrementaldecoder(name)("strict")
    row, beyond, half, unused, characters = 1, 0, 0, 0, 0
    cautious = name in _OTHERS
    try:
        for piece in _pieces(file):
            try:
                text = decoder.decode(piece)
            except UnicodeDecodeError as error:
                good = error.object[: error.start]
                beyond += sum(not sign.isascii() for sign in good.decode(name, "ignore"))
                raise _Wrong(row + good.count(b"\n"), beyond) from None
            row += piece.count(b"\n")
            if not piece.isascii():
                beyond += sum(not character.isascii() for character in text[:1000])
                if cautious:
                    characters += len(text)
                    half += sum(map(text.count, _HALF_KANA))
                    unused += sum(map(text.count, _UNUSED))
        try:
            decoder.decode(b"", True)
        except UnicodeDecodeError:
            raise _Wrong(row, beyond) from None
    finally:
        file.seek(0)
    return not unused and half * 5 <= characters


def delimiter(head: str) -> tuple[str, int]:
    """Return what separates the cells of a text file, and how many of its lines say so (0 or 1).

    head: its first lines. A first line "sep=;" is how Excel is told, and no data.
    """
    first = head.split("\n", 1)[0].strip().strip('"').lower()
    if first.startswith("sep=") and len(first) == 5:
        return first[4], 1
    lines = head.splitlines()[:40]
    best, most = ",", 1
    for sign in _DELIMITERS:
        try:
            widths = [len(cells) for cells in csv.reader(lines, delimiter=sign)]
        except csv.Error:
            continue
        # The separator cuts most lines into the same number of pieces, and into the most.
        usual = max(set(widths), key=widths.count, default=1)
        if usual > 1 and usual * widths.count(usual) > most:
            best, most = sign, usual * widths.count(usual)
    return best, 0
