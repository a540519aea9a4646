"""A report as a workbook: its text line by line, each table on a sheet with real numbers."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from tamamo.kernel.cells import as_text
from tamamo.plan.report.document import (
    Bullets,
    Chart,
    Document,
    FigureLine,
    Grid,
    Heading,
    Paragraph,
)

_COLOURS = ("0017C1", "1A1A1A", "00715C", "8B1D0F", "6B2FA0", "6E4600")
_DASHES = ("solid", "dash", "sysDot")
_SIZE = (16.0, 8.0)  # cm
_LONGEST_NAME = 31
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
#: What the first sheet is called, and the heads of its columns.
_TEXT = {"ja": ("報告書", "見出し", "文", "判定"), "en": ("Report", "Heading", "Text", "Judged")}


def write(document: Document) -> bytes:
    """Return the report as XLSX."""
    import openpyxl  # noqa: PLC0415 - 10 MB that only this format needs

    book = openpyxl.Workbook()
    book.properties.title, book.properties.creator = document.title, document.publisher
    name, *heads = _TEXT[document.language]
    text = book.active
    text.title = name
    text.append(heads)
    for row in _text_rows(document):
        text.append([as_text(cell) for cell in row])
    _look(text, (34, 100, 26))
    for grid, chart in _grids(document):
        sheet = book.create_sheet(_sheet_name(book, grid.caption))
        _fill(sheet, grid)
        if chart:
            sheet.add_chart(_drawn(chart, sheet), f"{_letter(len(grid.heads) + 2)}2")
    body = BytesIO()
    book.save(body)
    return body.getvalue()


def _text_rows(document: Document) -> Iterator[tuple[str, str, str]]:
    for block in document.blocks:
        match block:
            case Heading():
                yield block.text, "", ""
            case Paragraph():
                yield "", block.text, ""
            case Bullets():
                yield from (("", item, "") for item in block.items)
            case FigureLine():
                yield "", block.text, f"{block.mark} {block.judged}"
            case Grid():
                yield from _grid_lines(block)
            case Chart():
                yield "", block.sentence, ""


def _grid_lines(grid: Grid) -> Iterator[tuple[str, str, str]]:
    """The table in words too, so that the first sheet reads as the report does."""
    yield grid.caption, "　".join(head.text for head in grid.heads), ""
    for row in grid.lines:
        yield "", "　".join(cell.text for cell in row), ""


def _grids(document: Document) -> Iterator[tuple[Grid, Chart | None]]:
    for block in document.blocks:
        if isinstance(block, Grid):
            yield block, None
        elif isinstance(block, Chart):
            yield block.grid, block


def _sheet_name(book: Any, wanted: str) -> str:
    name = wanted.translate(_FORBIDDEN)[:_LONGEST_NAME].strip()
    taken = {one.casefold() for one in book.sheetnames}
    return name if name.casefold() not in taken else f"{name[: _LONGEST_NAME - 3]} {len(taken)}"


def _fill(sheet: Any, grid: Grid) -> None:
    sheet.append([as_text(head.text) for head in grid.heads])
    for row in grid.lines:
        sheet.append([as_text(c.text) if c.value is None else c.value for c in row])
    # The unit of a number stands in its own text: 42時間 is the number 42 and the format 0.#"時間".
    for place, row in enumerate(grid.lines, 2):
        for index, cell in enumerate(row, 1):
            if cell.numeric and cell.value is not None:
                sheet.cell(place, index).number_format = _format(cell.text)
    _look(sheet, tuple(14 if head.numeric else 30 for head in grid.heads))


def _format(text: str) -> str:
    """Return the number format that shows a value the way the report writes it."""
    number = "".join(sign for sign in text if sign in "0123456789.,")
    decimals = len(number.partition(".")[2])
    head, _, tail = text.partition(number)
    shown = "#,##0" + (f".{'0' * decimals}" if decimals else "")
    return f"{_quoted(head)}{shown}{_quoted(tail)}"


def _quoted(text: str) -> str:
    plain = text.replace('"', "")
    return f'"{plain}"' if plain else ""


def _look(sheet: Any, widths: tuple[int, ...]) -> None:
    from openpyxl.styles import Alignment, Font  # noqa: PLC0415

    sheet.freeze_panes = "A2"
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for index, width in enumerate(widths, 1):
        sheet.column_dimensions[_letter(index)].width = width
    for row in sheet.iter_rows(min_row=1):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")


def _letter(column: int) -> str:
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    return str(get_column_letter(column))


def _drawn(chart: Chart, sheet: Any) -> Any:
    """Return the chart over the sheet's own cells."""
    from openpyxl.chart import Reference  # noqa: PLC0415

    last = len(chart.grid.rows) + 1
    drawn = _frame(chart)
    data = Reference(sheet, min_col=2, max_col=len(chart.lines) + 1, min_row=1, max_row=last)
    drawn.add_data(data, titles_from_data=True)
    drawn.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=last))
    _style(drawn)
    return drawn


def literal_chart(chart: Chart) -> bytes:
    """Return the chart as DrawingML with its values inside, for a document without cells."""
    from openpyxl.chart.data_source import (  # noqa: PLC0415
        AxDataSource,
        NumData,
        NumDataSource,
        NumVal,
        StrData,
        StrVal,
    )
    from openpyxl.chart.series import Series, SeriesLabel  # noqa: PLC0415
    from openpyxl.xml.functions import tostring  # noqa: PLC0415

    drawn = _frame(chart)
    names = [StrVal(idx=i, v=row[0].text) for i, row in enumerate(chart.grid.rows)]
    categories = AxDataSource(strLit=StrData(ptCount=len(names), pt=names))
    for index, line in enumerate(chart.lines):
        cells = [row[index + 1] for row in chart.grid.rows]
        points = [NumVal(idx=i, v=c.text) for i, c in enumerate(cells) if c.value is not None]
        values = NumDataSource(numLit=NumData(ptCount=len(cells), pt=points))
        series = Series(idx=index, order=index, tx=SeriesLabel(v=line.name))
        series.cat, series.val = categories, values
        drawn.series.append(series)
    _style(drawn)
    body: bytes = tostring(drawn._write())
    return body


def _frame(chart: Chart) -> Any:
    from openpyxl.chart import LineChart  # noqa: PLC0415

    drawn = LineChart()
    drawn.title, drawn.height, drawn.width = chart.title, _SIZE[1], _SIZE[0]
    drawn.y_axis.title, drawn.y_axis.scaling.min = chart.unit, 0
    drawn.legend.position = "b"
    # Without this, newer versions of Excel leave the axes out.
    drawn.x_axis.delete = drawn.y_axis.delete = False
    return drawn


def _style(drawn: Any) -> None:
    for index, series in enumerate(drawn.series):
        series.smooth = False
        series.graphicalProperties.line.solidFill = _COLOURS[index % len(_COLOURS)]
        series.graphicalProperties.line.dashStyle = _DASHES[index % len(_DASHES)]
        series.graphicalProperties.line.width = 28575 if index == 0 else 19050
