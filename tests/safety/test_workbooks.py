"""Formulas of a workbook are never carried out: what counts is the value saved with them."""

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from tamamo.feeds.readers import table
from tamamo.kernel.uploads import TABLE, inspect


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    """Names beside formulas: one with a saved value, one without, one that would reach out."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["名称", "水位"],
        ["木太", "=1+1"],
        ["鍛冶", "=1+2"],
        ["港", '=WEBSERVICE("http://127.0.0.1:1/")'],
    ):
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    path = tmp_path / "levels.xlsx"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(path, "w") as new:
        for part in old.infolist():
            content = old.read(part)
            if part.filename == "xl/worksheets/sheet1.xml":
                saved = content.replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>7.5</v>")
                saved = saved.replace(b"<f>1+1</f><v />", b"<f>1+1</f><v>7.5</v>")
                assert saved != content
                content = saved
            new.writestr(part.filename, content)
    return path


def test_the_value_saved_with_a_formula_is_what_is_read(workbook: Path) -> None:
    with workbook.open("rb") as file:
        assert inspect(file, workbook.name, TABLE).format == "xlsx"
    found = table.read(workbook, wanted=[["名称"], ["水位"]])
    assert [(row.cells["名称"], row.cells["水位"]) for row in found.rows] == [
        ("木太", "7.5"),
        ("鍛冶", ""),
        ("港", ""),
    ]
