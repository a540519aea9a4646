"""What a sheet of a workbook has beside its values: merged cells, notes, formulas, hidden parts.

Nothing is evaluated: a formula is seen as the value that was saved with it, and named where it has
none or reaches outside the workbook.
"""

import io
import posixpath
import re
import zipfile
from dataclasses import dataclass, field
from typing import Any, Final

from lxml import etree
from openpyxl.utils import coordinate_to_tuple, range_boundaries

from tamamo.feeds.quality import UnreadableFile
from tamamo.feeds.readers import xlsx
from tamamo.registers.intake.errors import IntakeRefused, of_unreadable
from tamamo.registers.intake.model import Sheet

_SPACES: Final = (
    "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}",
    "{http://purl.oclc.org/ooxml/spreadsheetml/main}",
)
_RELATIONS: Final = (
    "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id",
    "{http://purl.oclc.org/ooxml/officeDocument/relationships}id",
)
#: Functions that fetch something, or start a program, when a spreadsheet works them out.
_OUTWARD: Final = re.compile(
    r"(?i)\b(?:HYPERLINK|WEBSERVICE|FILTERXML|IMAGE|IMPORT\w+|RTD|DDE|CALL|REGISTER(?:\.ID)?)\s*\("
    r"|\[\d+\]|\|\s*'"
)
#: Rows whose number formats are looked at, formulas and notes that are named.
_STYLED_ROWS: Final = 200
_NAMED: Final = 200
_LAST_COLUMN: Final = 16_384
#: Formats of ISO/IEC 29500-1 18.8.30 that show 0.5 as 50%.
_PERCENT: Final = frozenset({9, 10})
_SAFE: Final[dict[str, Any]] = {"resolve_entities": False, "no_network": True}
_PARSE: Final = {"resolve_entities": False, "no_network": True, "huge_tree": False}

Place = tuple[int, int]


@dataclass(slots=True)
class Facts:
    """What a sheet has; places are (row, column) from 1.

    merged: blocks that span rows or columns. outward: formulas that reach outside. unsaved:
    formulas whose value was not saved. percent: columns (from 0) shown as percentages.
    """

    merged: list[str] = field(default_factory=list)
    notes: dict[Place, str] = field(default_factory=dict)
    formulas: int = 0
    outward: dict[Place, str] = field(default_factory=dict)
    unsaved: set[Place] = field(default_factory=set)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    percent: set[int] = field(default_factory=set)


def sheets(name: str, content: bytes) -> list[Sheet]:
    """Return the sheets of a workbook that have cells: no charts. Raises UnreadableFile."""
    shown = set(xlsx.sheets(name, content))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parser = etree.XMLParser(**_SAFE)
        book = etree.fromstring(archive.read("xl/workbook.xml"), parser)
        links = etree.fromstring(archive.read("xl/_rels/workbook.xml.rels"), parser)
    charts = {link.get("Id") for link in links if str(link.get("Type")).endswith("/chartsheet")}
    found = [sheet for space in _SPACES for sheet in book.iter(f"{space}sheet")]
    names = [
        str(sheet.get("name"))
        for sheet in found
        if not charts.intersection(sheet.get(relation) for relation in _RELATIONS)
    ]
    return [Sheet(one, one not in shown) for one in names]


def facts(content: bytes, sheet: str) -> Facts:
    """Return what a sheet has beside its values. Raises IntakeRefused for a broken workbook."""
    found = Facts()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            part = xlsx.part_of(archive, sheet)
            if part is None:
                return found
            percent = _percent_styles(archive)
            with archive.open(part) as stream:
                _read(stream, found, percent)
            found.notes = _notes(archive, part)
    except UnreadableFile as error:
        raise of_unreadable(error) from error
    except (zipfile.BadZipFile, etree.XMLSyntaxError, KeyError, ValueError, EOFError) as error:
        raise IntakeRefused(
            "broken",
            "Excelのファイルとして壊れています。",
            f"The workbook is broken ({type(error).__name__}).",
        ) from error
    return found


def _read(stream: Any, found: Facts, percent: frozenset[str]) -> None:
    names = ("mergeCell", "row", "col")
    tags = tuple(space + name for space in _SPACES for name in names)
    number = 0
    for _, element in etree.iterparse(stream, tag=tags, **_PARSE):
        kind = etree.QName(element).localname
        if kind == "mergeCell":
            found.merged.append(str(element.get("ref")))
        elif kind == "col":
            if element.get("hidden") in ("1", "true") and len(found.hidden_columns) < _LAST_COLUMN:
                last = min(int(element.get("max")), int(element.get("min")) + 100)
                found.hidden_columns.extend(range(int(element.get("min")), last + 1))
        else:
            number = int(element.get("r") or number + 1)
            if element.get("hidden") in ("1", "true"):
                found.hidden_rows.append(number)
            _row(element, number, found, percent)
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


def _row(element: Any, number: int, found: Facts, percent: frozenset[str]) -> None:
    space = element.tag.removesuffix("row")
    if percent and number <= _STYLED_ROWS:
        for cell in element.iter(f"{space}c"):
            if cell.get("s") in percent and cell.get("r") and len(cell):
                found.percent.add(coordinate_to_tuple(cell.get("r"))[1] - 1)
    for formula in element.iter(f"{space}f"):
        cell = formula.getparent()
        found.formulas += 1
        if cell.get("r") is None or len(found.outward) + len(found.unsaved) > _NAMED:
            continue
        place = coordinate_to_tuple(cell.get("r"))
        value = cell.find(f"{space}v")
        if cell.get("t") != "str" and not (value is not None and value.text):
            found.unsaved.add(place)
        if formula.text and _OUTWARD.search(formula.text):
            found.outward[place] = formula.text


def _percent_styles(archive: zipfile.ZipFile) -> frozenset[str]:
    """Return the numbers of the cell styles that show percentages."""
    if "xl/styles.xml" not in archive.namelist():
        return frozenset()
    styles = etree.fromstring(archive.read("xl/styles.xml"), etree.XMLParser(**_SAFE))
    shown = set(_PERCENT)
    found: set[str] = set()
    for space in _SPACES:
        for one in styles.iter(f"{space}numFmt"):
            if "%" in (one.get("formatCode") or ""):
                shown.add(int(one.get("numFmtId")))
        for group in styles.iter(f"{space}cellXfs"):
            for index, style in enumerate(group.iter(f"{space}xf")):
                if int(style.get("numFmtId") or 0) in shown:
                    found.add(str(index))
    return frozenset(found)


def _notes(archive: zipfile.ZipFile, part: str) -> dict[Place, str]:
    """Return the notes (comments) of a sheet: of each cell its text."""
    folder, _, file = part.rpartition("/")
    links = f"{folder}/_rels/{file}.rels"
    found: dict[Place, str] = {}
    if links not in archive.namelist():
        return found
    parser = etree.XMLParser(**_SAFE)
    for link in etree.fromstring(archive.read(links), parser):
        if not str(link.get("Type")).endswith("/comments"):
            continue
        target = posixpath.normpath(posixpath.join(folder, str(link.get("Target")))).lstrip("/")
        if target not in archive.namelist():
            continue
        page = etree.fromstring(archive.read(target), parser)
        for space in _SPACES:
            for note in page.iter(f"{space}comment"):
                text = "".join(one.text or "" for one in note.iter(f"{space}t")).strip()
                if text and len(found) < _NAMED:
                    found[coordinate_to_tuple(note.get("ref"))] = text
    return found


def spans(merged: str) -> tuple[int, int]:
    """Return how many rows and columns a merged block such as A1:B3 has."""
    left, top, right, bottom = range_boundaries(merged)
    return bottom - top + 1, right - left + 1
