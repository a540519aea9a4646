"""Files written by the tests in the forms in which departments publish; all values are invented."""

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

Rows = Sequence[Sequence[Any]]

#: A list of places as a department keeps it.
POOLS: Rows = (
    ("番号", "名称", "住所", "緯度", "経度", "電話番号", "開始時間", "収容人数（人）"),
    (1, "東プール", "玉藻市東町1-1", "34.341", "134.052", "087-000-0001", "9：00", "１２０"),
    (2, "西プール", "玉藻市西町2-2", "34.342", "134.041", "087-000-0002", "10:00", "80"),
    (4, "南プール", "玉藻市南町3-3", "34.301", "134.043", "087-000-0003", "8:30", "1,200"),
)


def sheet(rows: Rows, change: Callable[[Worksheet], None] | None = None) -> bytes:
    """Return a workbook with one sheet; change: what is done to the sheet before it is saved."""
    book = openpyxl.Workbook()
    page = book.active
    for row in rows:
        page.append(list(row))
    if change is not None:
        change(page)
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    """Return the bytes of a workbook."""
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def text(rows: Rows, encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    """Return a CSV."""
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=delimiter).writerows(rows)
    return target.getvalue().encode(encoding)


def with_parts(content: bytes, parts: dict[str, bytes]) -> bytes:
    """Return a workbook with further, or other, parts in its archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, part in parts.items():
            new.writestr(name, part, zipfile.ZIP_DEFLATED)
    return target.getvalue()
