"""Workbooks: rows of cells, read as a stream and within limits, merged cells filled.

A workbook is a ZIP of XML written by a stranger, so its unpacked size is checked before anything
is unpacked, and a document type declaration (where XML bombs live) refuses it.
"""

import io
import posixpath
import zipfile
from collections.abc import Iterator
from struct import error as StructError  # noqa: N812 - exception classes by any other name
from zlib import error as DeflateError  # noqa: N812

import openpyxl
from lxml import etree
from openpyxl.utils import coordinate_to_tuple, range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from tamamo.feeds.quality import Reason, UnreadableFile
from tamamo.kernel.home import MEBIBYTE

LARGEST_UNPACKED = 200 * MEBIBYTE
MOST_PARTS = 10_000
#: A merged block larger than this is a decoration, not a value meant for each of its cells.
LARGEST_MERGE = 10_000
#: Merged cells of a sheet altogether; more than this no table has.
MOST_MERGED = 500_000
#: The last place of a sheet (Excel's own), and cells that are not there but have to be passed over:
#: a few cells far apart make a small file endless.
LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
MOST_EMPTY = 20_000_000
MOST_EMPTY_SHARE = 20
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"

Merges = dict[tuple[int, int], tuple[int, int]]


def rows(file: str, content: bytes, sheet: str | None = None) -> Iterator[tuple[int, list[object]]]:
    """Yield (row number from 1, cells) of a sheet, default the first visible one.

    Raises UnreadableFile for a broken, encrypted or oversized workbook or an unknown sheet.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check(file, archive)
            yield from _rows(file, archive, content, sheet)
    except UnreadableFile:
        raise
    except (
        zipfile.BadZipFile, InvalidFileException, etree.XMLSyntaxError, DeflateError,
        StructError, SyntaxError, KeyError, ValueError, TypeError, AttributeError, EOFError,
        IndexError, OverflowError, NotImplementedError, RuntimeError,
    ) as error:  # fmt: skip
        # openpyxl raises whatever the broken part made it stumble over.
        ja = f"Excelのファイルとして壊れています（{type(error).__name__}）"
        en = f"the workbook is broken ({type(error).__name__}: {str(error)[:120]})"
        raise UnreadableFile(file, Reason("broken_workbook", ja, en)) from error


def _check(file: str, archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        limit = LARGEST_UNPACKED // MEBIBYTE
        ja = f"展開すると大きすぎます（{limit} MiBまで）"
        en = f"it unpacks to more than {limit} MiB"
        raise UnreadableFile(file, Reason("unpacks_too_large", ja, en))
    if "[Content_Types].xml" not in archive.namelist():
        ja, en = "Excelのファイルではない圧縮ファイルです", "it is a ZIP file but not a workbook"
        raise UnreadableFile(file, Reason("broken_workbook", ja, en))
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            with archive.open(part) as stream:
                if b"<!DOCTYPE" in stream.read(4096).upper():
                    ja = f"{part.filename} に文書型宣言（DOCTYPE）があります"
                    en = f"{part.filename} has a document type declaration"
                    raise UnreadableFile(file, Reason("unsafe_xml", ja, en))


def _rows(
    file: str, archive: zipfile.ZipFile, content: bytes, sheet: str | None
) -> Iterator[tuple[int, list[object]]]:
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    try:
        if sheet is not None and sheet not in book.sheetnames:
            names = "、".join(book.sheetnames)
            ja = f"シート「{sheet}」がありません（あるシート：{names}）"
            en = f"there is no sheet {sheet!r}; the sheets are: {names}"
            raise UnreadableFile(file, Reason("no_sheet", ja, en))
        visible = [s for s in book.worksheets if s.sheet_state == "visible"] or book.worksheets
        if not visible:
            ja, en = "シートがありません", "the workbook has no sheet"
            raise UnreadableFile(file, Reason("no_sheet", ja, en))
        page = book[sheet] if sheet is not None else visible[0]
        # Some programs write a wrong size into the sheet; without it all cells are read.
        page.reset_dimensions()
        merges = _merges(file, archive, page.title)
        held: dict[tuple[int, int], object] = {}
        origins = set(merges.values())
        for number, cells in enumerate(page.iter_rows(values_only=True), start=1):
            filled = list(cells)
            if merges:
                _fill(number, filled, merges, origins, held)
            yield number, filled
    finally:
        book.close()


def _fill(
    number: int,
    cells: list[object],
    merges: Merges,
    origins: set[tuple[int, int]],
    held: dict[tuple[int, int], object],
) -> None:
    """Give every cell of a merged block the value of its first cell."""
    for index in range(len(cells)):
        place = (number, index + 1)
        if place in origins:
            held[place] = cells[index]
        origin = merges.get(place)
        if origin is not None and cells[index] is None:
            cells[index] = held.get(origin)


class _Held:
    """How far the cells of a sheet lie apart; each row is added."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._row = self._cells = self._places = 0

    def add(self, row: etree._Element) -> None:
        """Count a row. Raises UnreadableFile for one that no sheet has, or too many empty cells."""
        number = int(row.get("r") or self._row + 1)
        last = row[-1].get("r") if len(row) else None
        width = coordinate_to_tuple(last)[1] if last else len(row)
        self._row = number
        self._cells += len(row)
        self._places += width
        wide = self._places > MOST_EMPTY + MOST_EMPTY_SHARE * self._cells
        if number > LAST_ROW or width > LAST_COLUMN or wide:
            ja = f"{number}行目のセルが離れすぎています（空のセルが多すぎるシートです）"
            en = f"the cells of row {number} lie too far apart: too many empty cells"
            raise UnreadableFile(self._file, Reason("too_sparse", ja, en))


def _merges(file: str, archive: zipfile.ZipFile, title: str) -> Merges:
    """Return {cell: first cell of its merged block} of a sheet; openpyxl's stream has none."""
    part = part_of(archive, title)
    merges: Merges = {}
    held = _Held(file)
    if part is None:
        return merges
    parser_options = {"resolve_entities": False, "no_network": True, "huge_tree": False}
    with archive.open(part) as stream:
        tags = tuple(space + name for space in (_MAIN, _STRICT) for name in ("mergeCell", "row"))
        for _, element in etree.iterparse(stream, tag=tags, **parser_options):
            if element.tag.endswith("mergeCell"):
                left, top, right, bottom = range_boundaries(element.get("ref"))
                size = (right - left + 1) * (bottom - top + 1)
                if len(merges) + size > MOST_MERGED and size <= LARGEST_MERGE:
                    ja, en = "結合されたセルが多すぎます", "too many merged cells"
                    raise UnreadableFile(file, Reason("too_many_merged", ja, en))
                if size <= LARGEST_MERGE:
                    for row in range(top, bottom + 1):
                        for column in range(left, right + 1):
                            merges[row, column] = (top, left)
            else:
                held.add(element)
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    return merges


def part_of(archive: zipfile.ZipFile, title: str) -> str | None:
    """Return the archive's part that holds the sheet of this title."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    book = etree.fromstring(archive.read("xl/workbook.xml"), parser)
    relation = next(
        (
            sheet.get(_RELATION) or sheet.get(_STRICT_RELATION)
            for space in (_MAIN, _STRICT)
            for sheet in book.iter(f"{space}sheet")
            if sheet.get("name") == title
        ),
        None,
    )
    links = etree.fromstring(archive.read("xl/_rels/workbook.xml.rels"), parser)
    for link in links:
        if link.get("Id") == relation:
            return posixpath.normpath(posixpath.join("xl", link.get("Target"))).lstrip("/")
    return None


def sheets(file: str, content: bytes) -> list[str]:
    """Return the names of a workbook's visible sheets, of all when none is. Raises UnreadableFile.

    Only the list of sheets is read.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check(file, archive)
            parser = etree.XMLParser(resolve_entities=False, no_network=True)
            book = etree.fromstring(archive.read("xl/workbook.xml"), parser)
    except (zipfile.BadZipFile, etree.XMLSyntaxError, KeyError, DeflateError) as error:
        ja, en = "Excelのファイルとして壊れています", "the workbook is broken"
        raise UnreadableFile(file, Reason("broken_workbook", ja, en)) from error
    found = [sheet for space in (_MAIN, _STRICT) for sheet in book.iter(f"{space}sheet")]
    shown = [sheet for sheet in found if sheet.get("state", "visible") == "visible"] or found
    return [str(sheet.get("name")) for sheet in shown]


def empty_formulas(content: bytes, sheet: str) -> list[str]:
    """Return the cells of a sheet whose formula has no saved value: they would read as empty.

    A program that writes formulas without ever working them out leaves such cells; a spreadsheet
    saves the values beside them. At most ten are named.
    """
    cells: list[str] = []
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        part = part_of(archive, sheet)
        if part is None:
            return cells
        with archive.open(part) as stream:
            tags = (f"{_MAIN}c", f"{_STRICT}c")
            parse = etree.iterparse(
                stream, tag=tags, resolve_entities=False, no_network=True, huge_tree=False
            )
            for _, cell in parse:
                space = cell.tag.removesuffix("c")
                value = cell.find(f"{space}v")
                saved = cell.get("t") == "str" or (value is not None and value.text)
                if cell.find(f"{space}f") is not None and not saved:
                    cells.append(str(cell.get("r")))
                cell.clear()
                if len(cells) == 10:
                    break
    return cells
