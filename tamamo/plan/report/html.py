"""A report as one HTML file that needs nothing beside it, and is what the PDF is made from."""

from base64 import b64encode
from collections.abc import Iterator
from html import escape
from importlib.resources import files

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
from tamamo.plan.report.drawing import svg

_STYLE = files("tamamo.plan.report").joinpath("report.css")
#: Characters of a number with its unit, at most.
_SHORT = 12


def write(document: Document) -> bytes:
    """Return the report as UTF-8."""
    return page(document).encode()


def page(document: Document) -> str:
    """Return the report as HTML 5 with its style inside."""
    body = "\n".join(_blocks(document))
    kind = ' class="dense"' if document.dense else ""
    return f"""<!doctype html>
<html lang="{document.language}"{kind}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="author" content="{escape(document.publisher)}">
<meta name="generator" content="Tamamo">
<title>{escape(document.title)}</title>
<style>
{_STYLE.read_text("utf-8")}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def _blocks(document: Document) -> Iterator[str]:
    for block in document.blocks:
        yield from _block(block, document.language)


def _block(block: Block, language: str) -> Iterator[str]:
    match block:
        case Heading():
            name = f' id="{escape(block.name)}"' if block.name else ""
            yield f"<h{block.level}{name}>{escape(block.text)}</h{block.level}>"
        case Paragraph():
            kind = ' class="note"' if block.note else ""
            yield f"<p{_lang(block.lang)}{kind}>{_lines(block.text)}</p>"
        case Bullets():
            items = "".join(f"<li>{_lines(item)}</li>" for item in block.items)
            yield f"<ul{_lang(block.lang)}>{items}</ul>"
        case FigureLine():
            judged = (
                f'<span class="judged {block.outcome}">{block.mark} {escape(block.judged)}</span>'
            )
            yield f'<p class="figure">{escape(block.text)} {judged}</p>'
        case Grid():
            yield _grid(block)
        case Chart():
            image = b64encode(svg(block, language).encode()).decode()
            yield f"<p>{escape(block.sentence)}</p>"
            alt = escape(f"{block.title}. {block.sentence}")
            yield f'<p class="chart"><img alt="{alt}" src="data:image/svg+xml;base64,{image}"></p>'
            yield _grid(block.grid)


def _lang(language: str) -> str:
    return f' lang="{escape(language)}"' if language else ""


def _lines(text: str) -> str:
    return "<br>".join(escape(line) for line in text.splitlines())


def _grid(grid: Grid) -> str:
    heads = "".join(_cell(head, "th", ' scope="col"') for head in grid.heads)
    rows = "\n".join(_row(row) for row in grid.rows)
    foot = f"\n<tfoot>{_row(grid.totals)}</tfoot>" if grid.totals else ""
    return (
        f'<table class="{escape(grid.name)}"><caption>{escape(grid.caption)}</caption>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>{rows}</tbody>{foot}\n</table>"
    )


def _row(cells: list[Cell]) -> str:
    first, *rest = cells
    named = _cell(first, "th", ' scope="row"')
    return f"<tr>{named}{''.join(_cell(cell, 'td') for cell in rest)}</tr>"


def _cell(cell: Cell, tag: str, more: str = "") -> str:
    # A number and its unit stay in one line; words in a column of numbers may be long.
    short = " number" if cell.value is not None and len(cell.text) <= _SHORT else ""
    kind = f' class="numeric{short}"' if cell.numeric else ""
    return f"<{tag}{more}{kind}>{escape(cell.text)}</{tag}>"
