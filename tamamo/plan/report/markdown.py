"""A report as Markdown (CommonMark with the usual tables)."""

import re
from collections.abc import Iterator

from tamamo.plan.report.document import (
    Block,
    Bullets,
    Cell,
    Chart,
    Document,
    FigureLine,
    Grid,
    Heading,
    Paragraph,
)

#: What Markdown would take for its own; a full stop only where it makes a list.
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")


def write(document: Document) -> bytes:
    """Return the report as UTF-8."""
    return ("\n\n".join(_blocks(document)) + "\n").encode()


def _blocks(document: Document) -> Iterator[str]:
    for block in document.blocks:
        yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading():
            yield f"{'#' * block.level} {_escaped(block.text)}"
        case Paragraph():
            text = _lines(block.text)
            yield f"<small>{text}</small>" if block.note else text
        case Bullets():
            yield "\n".join(f"- {_lines(item, '  ')}" for item in block.items)
        case FigureLine():
            yield f"{_escaped(block.text)}  \n{block.mark} {_escaped(block.judged)}"
        case Grid():
            yield f"**{_escaped(block.caption)}**"
            yield _grid(block)
        case Chart():
            yield _escaped(block.sentence)
            yield _grid(block.grid)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _lines(text: str, indent: str = "") -> str:
    return f"  \n{indent}".join(_escaped(line) for line in text.splitlines())


def _grid(grid: Grid) -> str:
    rule = ["--:" if head.numeric else "---" for head in grid.heads]
    lines = [_row(grid.heads), f"|{'|'.join(rule)}|", *map(_row, grid.lines)]
    return "\n".join(lines)


def _row(cells: list[Cell]) -> str:
    return f"| {' | '.join(_escaped(cell.text) for cell in cells)} |"
