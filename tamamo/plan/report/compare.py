"""A report against the text it must agree with, piece by piece and figure by figure.

The published text is taken apart without any knowledge of our records: lines, the cells of its
tables, and in them every number with the sign behind it. Each piece is then looked for in ours, in
the order of the original. Blanks do not count (a PDF breaks its lines where it likes), nor do full
and half width of digits and signs (NFKC).
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

#: Where a cell falls into pieces: at its tags, and before the mark of a figure.
_PARTS = re.compile(r"<[^>]*>|(?=○)")
_NUMBER = re.compile(r"(?!\([0-9]\))[A-Za-z(]?[0-9][0-9,]*(?:\.[0-9]+)?.?")
#: What stands in the original for its look only: the head of its tables of projects.
_LAYOUT = frozenset({"事業名"})
#: A piece that is not there is shown beside what looks most like it, if that is this like.
_ALIKE = 0.6
#: The next piece stands at most this many signs further on: more is another place of the text.
_NEAR = 3000


@dataclass(frozen=True, slots=True)
class Piece:
    """A line or cell of the original, and the figures in it."""

    line: int
    text: str
    figures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """A piece that ours does not hold: which of its figures are not there, and what is instead."""

    piece: Piece
    figures: tuple[str, ...]
    instead: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much of the original ours holds."""

    pieces: int
    figures: int
    missing: tuple[Missing, ...]

    @property
    def pieces_found(self) -> int:
        """Pieces that stand in ours word for word."""
        return self.pieces - len(self.missing)

    @property
    def figures_found(self) -> int:
        """Figures that stand in ours in their place."""
        return self.figures - sum(len(one.figures) for one in self.missing)


def squeezed(text: str) -> str:
    """Return the text as it is compared."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def figures_in(text: str) -> tuple[str, ...]:
    """Return the numbers of a squeezed text, each with the sign behind it: 5,967人."""
    return tuple(_NUMBER.findall(text))


def pieces(original: str) -> Iterator[Piece]:
    """Yield what a published text holds, in its order.

    The head of a table of projects is repeated on each page of a section: it counts once.
    """
    heads: set[str] = set()
    for number, line in enumerate(original.splitlines(), 1):
        cells = line.split("\t")
        if len(cells) == 1 and line.strip():
            heads.clear()
        for cell in cells:
            for part in _PARTS.split(cell):
                text = squeezed(part).removeprefix("-・")
                if not text or text in _LAYOUT or text in heads:
                    continue
                if cells[0] == "事業名":
                    heads.add(text)
                yield Piece(number, text, figures_in(text))


def compare(original: str, ours: str) -> Comparison:
    """Look for every piece of the original in ours, one after the other."""
    found = list(pieces(original))
    text, at = squeezed(ours), 0
    missing: list[Missing] = []
    for piece in found:
        place = text.find(piece.text, at, at + _NEAR)
        if place >= 0:
            at = place + len(piece.text)
        else:
            missing.append(_missing(piece, text[at : at + _NEAR]))
    return Comparison(len(found), sum(len(p.figures) for p in found), tuple(missing))


def _missing(piece: Piece, rest: str) -> Missing:
    """Say what stands nearest instead: the piece may differ in a word, or not be there at all."""
    size = len(piece.text)
    start = SequenceMatcher(None, piece.text, rest, autojunk=False)
    match = start.find_longest_match()
    begin = max(match.b - match.a, 0)
    near = rest[begin : begin + size]
    if SequenceMatcher(None, piece.text, near, autojunk=False).ratio() < _ALIKE:
        return Missing(piece, piece.figures, "")
    there = list(figures_in(near))
    gone = []
    for figure in piece.figures:
        if figure in there:
            there.remove(figure)
        else:
            gone.append(figure)
    return Missing(piece, tuple(gone), near)
