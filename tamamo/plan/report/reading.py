"""The text of a report in any of its formats, in the order of reading: for comparing it."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

from tamamo.kernel.errors import SetupError

_ESCAPE = re.compile(r"\\([\\`*_\[\]<>|#])")
#: The numbers that WeasyPrint prints at the bottom of the pages.
_PAGE_NUMBER = re.compile(r"^\s*[0-9]+ / [0-9]+\s*$", re.MULTILINE)


def text_of(file: Path) -> str:
    """Return the text of .md, .txt, .html, .docx, .xlsx or .pdf. Raises SetupError for others."""
    body = file.read_bytes()
    readers: dict[str, Callable[[bytes], str]] = {
        ".md": markdown,
        ".txt": lambda raw: raw.decode("utf-8-sig"),
        ".html": _html,
        ".docx": _docx,
        ".xlsx": _xlsx,
        ".pdf": _pdf,
    }
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise SetupError(f"{file.name}: text can be read from {', '.join(readers)}.")
    return reader(body)


def markdown(body: bytes) -> str:
    """Return the text of our Markdown."""
    return _ESCAPE.sub(r"\1", body.decode())


def _html(body: bytes) -> str:
    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.parts: list[str] = []
            self.hidden = False

        def handle_starttag(self, tag: str, attrs: object) -> None:
            self.hidden = tag in ("style", "title")

        def handle_endtag(self, tag: str) -> None:
            self.hidden = False

        def handle_data(self, data: str) -> None:
            if not self.hidden:
                self.parts.append(data)

    reader = Reader()
    reader.feed(body.decode())
    return "\n".join(reader.parts)


def _docx(body: bytes) -> str:
    from docx import Document  # noqa: PLC0415
    from docx.table import Table  # noqa: PLC0415

    parts: list[str] = []
    for block in Document(BytesIO(body)).iter_inner_content():
        if isinstance(block, Table):
            parts += [cell.text for row in block.rows for cell in row.cells]
        else:
            parts.append(block.text)
    return "\n".join(parts)


def _xlsx(body: bytes) -> str:
    import openpyxl  # noqa: PLC0415

    sheet: Any = openpyxl.load_workbook(BytesIO(body), read_only=True).worksheets[0]
    rows = sheet.iter_rows(values_only=True)
    return "\n".join(str(cell) for row in rows for cell in row if cell is not None)


def _pdf(body: bytes) -> str:
    from pypdf import PdfReader  # noqa: PLC0415  (only where a report is compared)

    pages = [page.extract_text() for page in PdfReader(BytesIO(body)).pages]
    return _PAGE_NUMBER.sub("", "\n".join(pages))
