"""The year's values as a workbook that goes out, is filled in and comes back.

A row names its indicator by id, name, unit and the value before: where these do not agree, rows
were moved against each other and the row is refused, whatever is typed in it. Texts are written so
that no spreadsheet carries them out (kernel.cells), formulas are read as what they showed.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from tamamo.feeds.quality import Reason
from tamamo.kernel.cells import as_text, as_typed
from tamamo.plan.catalog import Plan, plan_number
from tamamo.plan.loading import Folder
from tamamo.plan.model import Indicator
from tamamo.plan.year import overview
from tamamo.plan.year.desk import judge, number_of, same_answers
from tamamo.plan.year.model import Item, TypedValue

#: Headings in both languages; the order is that of the columns.
HEADS: Final = (
    ("id（変更不可） / id (keep)", "key"),
    ("番号 / Number", "number"),
    ("事業 / Project", "project"),
    ("指標 / Indicator", "indicator"),
    ("前の値 / Before", "before"),
    ("値 / Value", "value"),
    ("単位 / Unit", "unit"),
    ("出典 / Source", "source"),
    ("頁・行・日 / Page, row or day", "detail"),
    ("数え方の変更 / Counted differently", "counted_otherwise"),
    ("訂正の理由 / Reason of a correction", "reason"),
    ("回答数 n / n (number of answers)", "answers"),
)
_COLUMNS: Final = [name for _, name in HEADS]
#: Rows looked at; the plan has a few dozen indicators.
_MOST: Final = 2_000
_SHEET: Final = "values"

MOVED: Final = Reason(
    "moved",
    "指標名・事業名・前の値がidと一致しません（行がずれています）",
    "the name or the value before does not belong to the id: rows were moved",
)
UNKNOWN: Final = Reason("unknown", "この計画にない指標です", "the plan has no such indicator")
NOT_YOURS: Final = Reason("not_yours", "ほかの課の事業です", "it is another division's project")
NO_HEADS: Final = Reason(
    "no_heads",
    "見出し行がありません。この画面から取り出したブックを使ってください",
    "the heading row is missing: use the workbook taken from this page",
)


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a cell. cell: its address in the workbook that came back, such as F12."""

    cell: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Row:
    """A row with a value to be entered. old: what holds or was printed for the year."""

    number: int
    folder: Folder
    indicator: Indicator
    typed: TypedValue
    old: Decimal | None


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that cannot be, as it stood, and why."""

    number: int
    cells: tuple[str, ...]
    reasons: tuple[Wrong, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What came back. unchanged: rows that say nothing new."""

    rows: Sequence[Row]
    rejects: Sequence[Reject]
    unchanged: int


def write(plan: Plan, year: int, items: Sequence[Item]) -> bytes:
    """Return the workbook of a year, a row an indicator, in the plan's order."""
    lines = [
        _line(folder, one, year, items) for folder in plan.folders
        for one in overview.indicators(folder)
    ]  # fmt: skip
    return _workbook([head for head, _ in HEADS], lines, widths=_WIDTHS)


def read(
    content: bytes, plan: Plan, year: int, items: Sequence[Item], mine: Mapping[str, bool]
) -> Reading:
    """Return what a workbook that came back would enter. mine: projects somebody may enter for.

    Raises ValueError with a Reason where it is no such workbook.
    """
    rows = _cells(content)
    head = next(rows, None)
    if head is None or [_text(cell) for cell in head[: len(HEADS)]] != [h for h, _ in HEADS]:
        raise ValueError(NO_HEADS)
    known = {
        f"{folder.manifest.id}/{one.id}": (folder, one)
        for folder in plan.folders
        for one in overview.indicators(folder)
    }
    found: list[Row] = []
    rejects: list[Reject] = []
    unchanged = 0
    lines = [line for number, raw in enumerate(rows, 2) if any((line := _cut(number, raw)).cells)]
    twice = _twice(lines)
    for line in lines:
        if line.said["key"] in twice:
            rejects.append(line.rejected({"key": twice[line.said["key"]]}))
            continue
        row, faults = _read_row(line, known, (year, items))
        if row is not None and not mine.get(row.folder.manifest.id, False):
            faults = {"key": NOT_YOURS}
        if faults:
            rejects.append(line.rejected(faults))
        elif row is None:
            unchanged += 1
        else:
            found.append(row)
    return Reading(found, rejects, unchanged)


@dataclass(frozen=True, slots=True)
class _Line:
    """A row as it stands. cells: as somebody would have typed them."""

    number: int
    cells: tuple[str, ...]

    @property
    def said(self) -> dict[str, str]:
        return dict(zip(_COLUMNS, self.cells, strict=True))

    def rejected(self, faults: Mapping[str, Reason]) -> Reject:
        """Return the row as refused. faults: by column; a unit's stands with its value."""
        wrong = []
        for name, why in faults.items():
            column = "unit" if why.code == "other_unit" else name
            letter = "ABCDEFGHIJKL"[_COLUMNS.index(column)]
            wrong.append(Wrong(f"{letter}{self.number}", why))
        return Reject(self.number, self.cells, tuple(wrong))


def _cut(number: int, raw: Sequence[object]) -> _Line:
    cells = [_text(cell) for cell in [*raw, *[None] * len(HEADS)][: len(HEADS)]]
    return _Line(number, tuple(cells))


def _twice(lines: Iterable[_Line]) -> dict[str, Reason]:
    """Return the ids that stand in more than one row: which of them counts is nobody's guess."""
    places: dict[str, list[str]] = {}
    for line in lines:
        if key := line.said["key"]:
            places.setdefault(key, []).append(f"A{line.number}")
    return {
        key: Reason(
            "twice",
            f"同じ指標の行が二つ以上あり、どの値か決められません（{'、'.join(cells)}）",
            f"the indicator stands in several rows ({', '.join(cells)}): which value counts?",
        )
        for key, cells in places.items()
        if len(cells) > 1
    }


def write_rejects(rejects: Iterable[tuple[int, Sequence[str], str]]) -> bytes:
    """Return the refused rows as a workbook: number, why, and the cells as they stood."""
    heads = ["行 / Row", "理由 / Reason", *(head for head, _ in HEADS)]
    lines = [[number, as_text(why), *map(as_text, cells)] for number, cells, why in rejects]
    return _workbook(heads, lines, widths=(8, 60, *_WIDTHS))


_WIDTHS: Final = (38, 8, 36, 40, 14, 14, 10, 36, 24, 30, 36, 14)


def _line(folder: Folder, one: Indicator, year: int, items: Sequence[Item]) -> list[Any]:
    manifest = folder.manifest
    mine = [i for i in items if i.project == manifest.id and i.year == year and i.name == one.id]
    kept = next((i for i in mine if i.waits), None) or next(
        (i for i in mine if i.state == "approved"), None
    )
    value = kept.value if kept else overview.printed(folder, year).get(one.id)
    texts = (kept.source, kept.detail, kept.counted_otherwise) if kept else ("", "", "")
    return [
        f"{manifest.id}/{one.id}", plan_number(manifest.plan), as_text(manifest.name.ja),
        as_text(one.name.ja), _number(_before(folder, one, year, items)), _number(value),
        one.unit.ja, *map(as_text, texts), "", _number(kept.whole if kept else None),
    ]  # fmt: skip


def _before(folder: Folder, one: Indicator, year: int, items: Sequence[Item]) -> Decimal | None:
    found = overview.before(folder, year, items).get(one.id)
    return found[1] if found else None


def _read_row(
    line: _Line,
    known: Mapping[str, tuple[Folder, Indicator]],
    when: tuple[int, Sequence[Item]],
) -> tuple[Row | None, dict[str, Reason]]:
    """Return the value a row would enter (None: nothing new), and what is wrong by column."""
    (year, items), said = when, line.said
    if said["key"] not in known:
        return None, {"key": UNKNOWN if said["key"] else MOVED}
    folder, one = known[said["key"]]
    before = _before(folder, one, year, items)
    agree = {
        "project": said["project"] == folder.manifest.name.ja,
        "indicator": said["indicator"] == one.name.ja,
        "before": number_of(said["before"]) == before,
    }
    if not all(agree.values()):
        return None, {name: MOVED for name, same in agree.items() if not same}
    if not said["value"] and not said["answers"]:
        return None, {}
    mine = [i for i in items if (i.project, i.year, i.name)
            == (folder.manifest.id, year, one.id)]  # fmt: skip
    kept = next((i for i in mine if i.waits), None) or next(
        (i for i in mine if i.state == "approved"), None
    )
    held = next((i.value for i in mine if i.state == "approved"), None)
    old = held if held is not None else overview.printed(folder, year).get(one.id)
    asks_same = same_answers(said["answers"], kept.whole if kept else None)
    if one.unit.ja == "%":
        said["value"] = said["value"].removesuffix("%")
    number_said, same = number_of(said["value"]), kept.value if kept else old
    stands = number_said is not None and number_said == same
    if stands and said["unit"] == one.unit.ja and asks_same:
        return None, {}
    typed = TypedValue(
        said["value"], said["unit"], said["source"], said["detail"], said["reason"],
        said["counted_otherwise"], said["answers"],
    )  # fmt: skip
    earlier = overview.before(folder, year, items)
    _value, faults = judge(one, typed, overview.comparable(folder, year, earlier).get(one.id))
    adds = held is None and number_said == old  # to what a report printed, its number of answers
    if old is not None and not adds and not typed.reason.strip():
        from tamamo.plan.values.working import NO_REASON  # noqa: PLC0415

        faults["reason"] = NO_REASON
    return Row(line.number, folder, one, typed, old), faults


def _cells(content: bytes) -> Any:
    from openpyxl import load_workbook  # noqa: PLC0415 - some MiB, only while a book is read

    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    try:
        sheet = book[_SHEET] if _SHEET in book.sheetnames else book.worksheets[0]
        for row in sheet.iter_rows(max_row=_MOST):
            yield [_shown(cell) for cell in row]
    finally:
        book.close()


def _shown(cell: Any) -> object:
    """Return a cell's value; 98% typed into a spreadsheet is 0.98 in a format of its own."""
    value = cell.value
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and "%" in (cell.number_format or "")
    ):
        return f"{(Decimal(repr(value)) * 100).normalize():f}%"
    return value


def _text(cell: object) -> str:
    """Return a cell as somebody would have typed it."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float):
        return f"{Decimal(repr(cell)).normalize():f}"
    return as_typed(str(cell)).strip()


def _number(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _workbook(heads: Sequence[str], lines: Iterable[Sequence[Any]], widths: Sequence[int]) -> bytes:
    from openpyxl import Workbook  # noqa: PLC0415 - some MiB, only while a book is written
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.styles import Font  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    made = Workbook(write_only=True)
    sheet = made.create_sheet(_SHEET)
    sheet.freeze_panes = "A2"
    for place, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(place)].width = width

    def cell(value: Any, *, bold: bool = False) -> Any:
        one = WriteOnlyCell(sheet, value)
        if isinstance(value, str):
            one.data_type = "s"  # never a formula, whatever it begins with
        if bold:
            one.font = Font(bold=True)
        return one

    sheet.append([cell(head, bold=True) for head in heads])
    for line in lines:
        sheet.append([cell(value) for value in line])
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()
