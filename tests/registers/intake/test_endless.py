"""Small files that would keep a reader busy for hours, or fill its memory: refused or soon read."""

from time import process_time

import pytest

from tamamo.registers import intake
from tamamo.registers.intake import IntakeRefused
from tamamo.registers.intake.lines import MOST_COLUMNS
from tests.registers.intake import files
from tests.registers.intake.files import POOLS

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEAD = "".join(
    f'<c r="{name}1" t="inlineStr"><is><t>{text}</t></is></c>'
    for name, text in (("A", "番号"), ("B", "名称"))
)


def book(rows: str, before: str = "") -> bytes:
    """A workbook whose only sheet holds these rows below its headings."""
    page = (
        f'<worksheet xmlns="{MAIN}">{before}<sheetData>'
        f'<row r="1">{HEAD}</row>{rows}</sheetData></worksheet>'
    )
    return files.with_parts(files.sheet(POOLS), {"xl/worksheets/sheet1.xml": page.encode()})


def lone(row: int, column: str) -> str:
    """A row with one cell."""
    return f'<row r="{row}"><c r="{column}{row}"><v>1</v></c></row>'


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (lone(999_999_999_999, "A"), "too_sparse"),
        (lone(2, "ZZZ"), "too_sparse"),
        ("".join(lone(row, "BXX") for row in range(2, 12_000)), "too_sparse"),
        (lone(2, "XFD"), "too_wide"),
    ],
)
def test_cells_far_apart_are_refused(rows: str, code: str) -> None:
    before = process_time()
    with pytest.raises(IntakeRefused) as caught:
        intake.profile(book(rows), "a.xlsx")
    assert caught.value.code == code
    assert process_time() - before < 5


def test_columns_said_to_be_hidden_without_end_are_not_written_down() -> None:
    hidden = "<cols>" + '<col min="1" max="999999999" hidden="1"/>' * 20_000 + "</cols>"
    data = '<row r="2"><c r="A2"><v>1</v></c><c r="B2"><v>2</v></c></row>'
    assert intake.profile(book(data, hidden), "a.xlsx").rows == 1


@pytest.mark.parametrize("cell", ["x" + " " * 60_000 + "x", " " * 60_000 + "x", "(" * 60_000])
def test_long_texts_are_not_looked_through_as_headings(cell: str) -> None:
    before = process_time()
    found = intake.profile(f"名称,値\n{cell},1\n{cell},2\n".encode(), "a.csv")
    assert found.rows == 2
    found = intake.profile(f"{cell},値\nあ,1\nい,2\n".encode(), "a.csv")
    assert all(len(column.label) <= 300 for column in found.columns)
    assert process_time() - before < 5


def test_a_table_has_so_many_columns_and_empty_ones_do_not_count() -> None:
    wide = ",".join(f"c{n}" for n in range(MOST_COLUMNS + 1))
    with pytest.raises(IntakeRefused, match="too many columns"):
        intake.profile(f"{wide}\n{wide}\n".encode(), "a.csv")
    empty = "," * MOST_COLUMNS
    found = intake.profile(f"番号,名称{empty}\n1,あ{empty}\n2,い{empty}\n".encode(), "a.csv")
    assert [column.source for column in found.columns if column.use] == ["番号", "名称"]
