"""Rows that were not used, as a workbook: what stood there, and why it cannot be used."""

from collections.abc import Iterable, Sequence
from typing import BinaryIO, Final

from tamamo.kernel.cells import in_sheet
from tamamo.registers.intake.model import Recipe, Row

#: More rows than this nobody mends by hand.
MOST: Final = 100_000
#: Characters of a cell (Excel's own limit).
_LONGEST: Final = 32_767
_HEADINGS: Final = {
    "ja": ("行", "列", "理由", "値"),
    "en": ("Row", "Column", "Reason", "Value"),
}


def write_rejects(
    target: BinaryIO,
    recipe: Recipe,
    rejected: Iterable[Row],
    language: str = "ja",
    headings: Sequence[str] | None = None,
) -> int:
    """Write a workbook of the rows that are rejected; return how many, at most MOST.

    Each has its row in the file, the columns, the reasons and values, then its cells as they came:
    mended, the file can be handed in again. headings: of the file itself (`Rows.headings`), where
    its columns may stand elsewhere than in the recipe's.
    """
    from openpyxl import Workbook  # noqa: PLC0415 - 23 MB for workbooks alone

    ja = language.startswith("ja")
    book = Workbook(write_only=True)
    page = book.create_sheet("rejects")
    page.freeze_panes = "A2"
    if headings is None:
        headings = _headings(recipe)
    page.append([*_HEADINGS["ja" if ja else "en"], *map(_safe, headings)])
    labels = {column.name: column.label for column in recipe.columns}
    written = 0
    for row in rejected:
        if not row.rejected:
            continue
        reasons = [finding for finding in row.findings if finding.effect == "rejected"]
        page.append(
            [
                row.number,
                _safe("\n".join(labels.get(one.column, one.column) for one in reasons)),
                _safe("\n".join(one.ja if ja else one.en for one in reasons)),
                _safe("\n".join(one.sample for one in reasons)),
                *map(_safe, row.cells),
            ]
        )
        written += 1
        if written >= MOST:
            break
    book.save(target)
    return written


def _headings(recipe: Recipe) -> list[str]:
    width = max((column.position for column in recipe.columns), default=-1) + 1
    found = [""] * width
    for column in recipe.columns:
        found[column.position] = column.source
    return found


def _safe(text: str) -> str:
    return str(in_sheet(text))[:_LONGEST]
