"""The reviewed log of a drill as one table: entries, decisions and comments in the drill's time."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from tamamo.drills.events import Note
from tamamo.drills.log import Line, moment_text
from tamamo.drills.review import Judged
from tamamo.kernel import cells
from tamamo.kernel.drills import Drill
from tamamo.kernel.time import JST

CSV: Final = "text/csv; charset=utf-8"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Names of the columns, the same in both languages.
COLUMNS: Final = (
    "drill_time",
    "noted_at",
    "kind",
    "what",
    "text",
    "actor",
    "expected_who",
    "expected_by",
    "verdict",
    "minutes_left",
    "comments",
)
Row = tuple[Any, ...]


def table(
    drill: Drill,
    lines: Sequence[Line],
    judged: Sequence[Judged],
    notes: Sequence[Note],
    *,
    names: Mapping[str, str],
    text_of: Callable[[Line], str],
    kind_of: Callable[[Line], str],
    language: str,
) -> list[Row]:
    """Return the rows, in the order of the drill's clock. names: subject → what one is called."""
    said: dict[str, str] = {}
    for note in notes:
        if note.comment:
            before = f"{said[note.about]} / " if note.about in said else ""
            said[note.about] = f"{before}{note.comment} ({names.get(note.by, note.by)})"
    timed: list[tuple[float, Row]] = []
    for line in lines:
        row: Row = (
            _time(drill, line.position), moment_text(line.noted_at), kind_of(line), line.what,
            text_of(line), names.get(line.actor, line.actor), "", "", "", "",
            said.get(line.key, ""),
        )  # fmt: skip
        timed.append((line.position, row))
    for one in judged:
        expected = one.expected
        left = "" if one.margin is None else round(one.margin / 60, 1)
        row = (
            _time(drill, expected.position if one.done is None else one.done), "", "expected",
            expected.key, expected.text.in_(language), names.get(one.by, one.by),
            expected.who.in_(language), _time(drill, expected.position), one.verdict.value, left,
            said.get(expected.key, ""),
        )  # fmt: skip
        timed.append((expected.position if one.done is None else one.done, row))
    timed.sort(key=lambda item: item[0])
    rows = [row for _, row in timed]
    if "" in said:
        rows.append(("", "", "comment", "", said[""], *[""] * 6))
    return rows


def _time(drill: Drill, position: float) -> str:
    return drill.clock.shows(position).astimezone(JST).isoformat(timespec="seconds")


def to_csv(rows: Sequence[Row]) -> bytes:
    """Return the table as CSV that a spreadsheet opens right."""
    return cells.lines([COLUMNS, *(map(cells.cell, row) for row in rows)]).encode("utf-8-sig")


def to_xlsx(rows: Sequence[Row]) -> bytes:
    """Return the table as a workbook."""
    import openpyxl  # noqa: PLC0415  (only where a workbook is asked for)

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("log")
    sheet.freeze_panes = "A2"
    sheet.append(list(COLUMNS))
    for row in rows:
        sheet.append(list(map(cells.in_sheet, row)))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
